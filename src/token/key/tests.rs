//! Keys made, given and refused.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Algorithm, KeyMaterial};
use crate::random::SeededRandom;

fn pem(label: &str, der: &[u8]) -> Vec<u8> {
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(der)).into_bytes()
}

fn generate(algorithm: Algorithm) -> KeyMaterial {
    KeyMaterial::generate(algorithm, &SeededRandom::new(5)).unwrap()
}

#[test]
fn a_key_given_in_pem_is_the_same_key() {
    for algorithm in [Algorithm::Es256, Algorithm::EdDsa, Algorithm::Rs256] {
        let made = generate(algorithm);
        let given = KeyMaterial::from_pem(algorithm, &pem("PRIVATE KEY", &made.secret)).unwrap();
        assert_eq!((given.kid, given.algorithm), (made.kid, algorithm));
    }
}

#[test]
fn the_older_pem_forms_are_read_too() {
    use aws_lc_rs::encoding::AsDer as _;
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
    let made = generate(Algorithm::Es256);
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &made.secret).unwrap();
    let private = pair.private_key();
    let sec1: aws_lc_rs::encoding::EcPrivateKeyRfc5915Der<'_> = private.as_der().unwrap();
    let given = KeyMaterial::from_pem(Algorithm::Es256, &pem("EC PRIVATE KEY", sec1.as_ref())).unwrap();
    assert_eq!(given.kid, made.kid);

    // The PKCS#1 form is what PKCS#8 wraps behind its 26 bytes of head.
    let made = generate(Algorithm::Ps256);
    let given = KeyMaterial::from_pem(Algorithm::Ps256, &pem("RSA PRIVATE KEY", &made.secret[26..])).unwrap();
    assert_eq!(given.kid, made.kid);
}

#[test]
fn what_does_not_fit_is_named() {
    let p256 = generate(Algorithm::Es256);
    let cases = [
        (Algorithm::Rs256, pem("PRIVATE KEY", &p256.secret), "not one that RS256 can use"),
        (Algorithm::EdDsa, pem("PRIVATE KEY", &p256.secret), "not one that EdDSA can use"),
        (Algorithm::Hs256, pem("PRIVATE KEY", &p256.secret), "takes a secret"),
        (Algorithm::Es256, pem("RSA PRIVATE KEY", b"x"), "another type than ES256"),
        (Algorithm::Es256, pem("EC PRIVATE KEY", b"x"), "not a P-256 key"),
        (Algorithm::Rs256, pem("RSA PRIVATE KEY", b"x"), "cannot be read"),
        (Algorithm::Es256, pem("PUBLIC KEY", b"x"), "holds a public key"),
        (Algorithm::Es256, pem("CERTIFICATE", b"x"), "holds a certificate"),
        (Algorithm::Es256, pem("ENCRYPTED PRIVATE KEY", b"x"), "is encrypted"),
        (Algorithm::Es256, b"hello".to_vec(), "holds no private key"),
        (Algorithm::Es256, b"-----BEGIN PRIVATE KEY-----\n%%%\n-----END PRIVATE KEY-----\n".to_vec(), "broken"),
        (Algorithm::Es256, pem("PRIVATE KEY", &p256.secret[..60]), "not one that ES256 can use"),
    ];
    for (algorithm, text, words) in cases {
        let error = KeyMaterial::from_pem(algorithm, &text).unwrap_err();
        assert!(error.detail.contains(words), "{error}");
    }
}

#[test]
fn shared_secrets_are_long_and_hidden() {
    assert!(KeyMaterial::from_hs_secret(&[1; 31]).unwrap_err().detail.contains("32 bytes"));
    let (one, two) = (KeyMaterial::from_hs_secret(&[1; 32]).unwrap(), KeyMaterial::from_hs_secret(&[2; 32]).unwrap());
    assert_ne!(one.kid, two.kid);
    assert_eq!(one.kid, KeyMaterial::from_hs_secret(&[1; 32]).unwrap().kid);
    assert_eq!(format!("{one:?}"), format!("KeyMaterial(HS256 {}, ***)", one.kid));
}
