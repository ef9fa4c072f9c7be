//! A chain with its key, from PEM to what handshakes need, and how long it lives. What an
//! authority has sent is judged here before anybody is shown it.

use rcgen::{CertificateParams, CustomExtension, KeyPair};
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use crate::acme::error::AcmeError;
use crate::acme::timing::Life;
use crate::clock::UnixTime;

/// A certificate that can be shown.
#[derive(Clone, Debug)]
pub struct Pair {
    /// Chain and key.
    pub certified: CertifiedKey,
    /// The life of the first of the chain.
    pub life: Life,
}

/// Reads chain and key, and sees that they belong together and are for all of these names,
/// lower case.
pub fn read(pem: &[u8], names: &[String]) -> Result<Pair, AcmeError> {
    let bad = |why: &str| AcmeError::Here(format!("the certificate cannot be used: {why}"));
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let chain = chain.map_err(|error| bad(&error.to_string()))?;
    let key = PrivateKeyDer::from_pem_slice(pem).map_err(|_| bad("there is no key"))?;
    let first = chain.first().ok_or_else(|| bad("there is none"))?;
    let (_, parsed) = X509Certificate::from_der(first).map_err(|_| bad("it is not X.509"))?;
    if let Some(missing) = names.iter().find(|name| !is_for(&parsed, name)) {
        return Err(bad(&format!("it is not for {missing}")));
    }
    let second = |at: x509_parser::time::ASN1Time| UnixTime(u64::try_from(at.timestamp()).unwrap_or(0));
    let life = Life { from: second(parsed.validity().not_before), until: second(parsed.validity().not_after) };
    let certified = CertifiedKey::from_der(chain, key, &default_provider()).map_err(|error| bad(&error.to_string()))?;
    Ok(Pair { certified, life })
}

impl Pair {
    /// How many of these names it has.
    pub fn covers(&self, names: &[String]) -> usize {
        let parsed = self.certified.cert.first().and_then(|first| X509Certificate::from_der(first).ok());
        parsed.map_or(0, |(_, parsed)| names.iter().filter(|name| is_for(&parsed, name)).count())
    }
}

fn is_for(certificate: &X509Certificate<'_>, name: &str) -> bool {
    let listed = certificate.subject_alternative_name().ok().flatten();
    let mut names = listed.iter().flat_map(|listed| &listed.value.general_names);
    names.any(|one| matches!(one, GeneralName::DNSName(dns) if dns.eq_ignore_ascii_case(name)))
}

/// What proves a name in a handshake: its own certificate with the digest of the key
/// authorization in it (RFC 8737 §3).
pub fn proof(name: &str, digest: &[u8]) -> Result<CertifiedKey, AcmeError> {
    let failed = |error: &dyn std::fmt::Display| AcmeError::Here(format!("no proof could be made: {error}"));
    let key = KeyPair::generate().map_err(|error| failed(&error))?;
    let mut params = CertificateParams::new(vec![name.to_owned()]).map_err(|error| failed(&error))?;
    params.custom_extensions = vec![CustomExtension::new_acme_identifier(digest)];
    let certificate = params.self_signed(&key).map_err(|error| failed(&error))?;
    let key = PrivateKeyDer::try_from(key.serialize_der()).map_err(|error| failed(&error))?;
    let key = default_provider().key_provider.load_private_key(key).map_err(|error| failed(&error))?;
    // Without a look at whether the two fit: the critical extension is strange to that.
    Ok(CertifiedKey::new(vec![certificate.der().clone()], key))
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair};

    use super::read;

    #[test]
    fn a_chain_is_for_its_names_and_its_key() {
        let made = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            let key = KeyPair::generate().expect("a key");
            let certificate = CertificateParams::new(names).expect("names").self_signed(&key).expect("a certificate");
            (certificate.pem(), key.serialize_pem())
        };
        let names = ["a.example".to_owned(), "b.example".to_owned()];
        let (certificate, key) = made(&["B.example", "a.example"]);
        let pair = read(format!("{certificate}{key}").as_bytes(), &names).expect("a pair");
        assert!(pair.life.from < pair.life.until);
        assert_eq!(pair.covers(&["a.example".to_owned(), "c.example".to_owned()]), 1);
        let why = |pem: String| read(pem.as_bytes(), &names).expect_err("bad").to_string();
        let (other, other_key) = made(&["a.example"]);
        assert!(why(format!("{other}{other_key}")).ends_with("it is not for b.example"));
        assert!(why(format!("{certificate}{other_key}")).contains("cannot be used"));
        assert!(why(certificate).ends_with("there is no key"));
        assert!(why(key).ends_with("there is none"));
    }
}
