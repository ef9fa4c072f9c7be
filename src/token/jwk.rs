//! Public keys as JSON (RFC 7517) and their thumbprints (RFC 7638), by way of the
//! `jsonwebtoken` types. Must never: write a symmetric key.

use aws_lc_rs::rsa::PublicKey as RsaPublicKey;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::{
    AlgorithmParameters, CommonParameters, EllipticCurve, EllipticCurveKeyParameters, EllipticCurveKeyType, Jwk,
    KeyAlgorithm, OctetKeyPairParameters, OctetKeyPairType, PublicKeyUse, RSAKeyParameters, RSAKeyType, ThumbprintHash,
};

use crate::token::id::KeyId;
use crate::token::key::Algorithm;

/// The JWK of a P-256 point in its uncompressed form (65 bytes).
pub(in crate::token) fn of_p256(point: &[u8]) -> Option<Jwk> {
    let (mark, rest) = point.split_first()?;
    let (x, y) = (*mark == 4 && rest.len() == 64).then(|| rest.split_at(32))?;
    Some(bare(AlgorithmParameters::EllipticCurve(EllipticCurveKeyParameters {
        key_type: EllipticCurveKeyType::EC,
        curve: EllipticCurve::P256,
        x: URL_SAFE_NO_PAD.encode(x),
        y: URL_SAFE_NO_PAD.encode(y),
    })))
}

/// The JWK of an Ed25519 public key (32 bytes).
pub(in crate::token) fn of_ed25519(public: &[u8]) -> Option<Jwk> {
    (public.len() == 32).then(|| {
        bare(AlgorithmParameters::OctetKeyPair(OctetKeyPairParameters {
            key_type: OctetKeyPairType::OctetKeyPair,
            curve: EllipticCurve::Ed25519,
            x: URL_SAFE_NO_PAD.encode(public),
        }))
    })
}

/// The JWK of an RSA public key.
pub(in crate::token) fn of_rsa(public: &RsaPublicKey) -> Option<Jwk> {
    Some(bare(AlgorithmParameters::RSA(RSAKeyParameters {
        key_type: RSAKeyType::RSA,
        n: URL_SAFE_NO_PAD.encode(public.modulus().big_endian_without_leading_zero()),
        e: URL_SAFE_NO_PAD.encode(public.exponent().big_endian_without_leading_zero()),
    })))
}

/// The RFC 7638 thumbprint with SHA-256, as a `kid`.
pub(in crate::token) fn thumbprint(jwk: &Jwk) -> Option<KeyId> {
    jwk.thumbprint(ThumbprintHash::SHA256).ok().map(KeyId::new)
}

/// The key with what a JWKS says beside it: `kid`, `use: sig`, `alg`. `None` for a
/// symmetric key, which is never published.
pub(in crate::token) fn published(jwk: &Jwk, kid: &KeyId, algorithm: Algorithm) -> Option<serde_json::Value> {
    let mut jwk = jwk.clone();
    jwk.common.key_id = Some(kid.as_str().to_owned());
    jwk.common.public_key_use = Some(PublicKeyUse::Signature);
    jwk.common.key_algorithm = Some(match algorithm {
        Algorithm::Es256 => KeyAlgorithm::ES256,
        Algorithm::Rs256 => KeyAlgorithm::RS256,
        Algorithm::Ps256 => KeyAlgorithm::PS256,
        Algorithm::EdDsa => KeyAlgorithm::EdDSA,
        Algorithm::Hs256 => return None,
    });
    serde_json::to_value(&jwk).ok()
}

fn bare(algorithm: AlgorithmParameters) -> Jwk {
    Jwk { common: CommonParameters::default(), algorithm }
}
