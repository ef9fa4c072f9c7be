//! Which certificate a caller gets: the one for the name he asks for, exact before
//! wildcard, and among those the first whose key he understands. Without a name, or
//! with an unknown one, the first of the file, so that a missing SNI is no failure.

use std::collections::HashMap;
use std::sync::Arc;

use rustls::SignatureScheme;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use crate::clock::UnixTime;

/// Certificates by name.
#[derive(Debug, Default)]
pub(super) struct BySni {
    exact: HashMap<String, Vec<Arc<CertifiedKey>>>,
    /// By what follows `*.`.
    wildcard: HashMap<String, Vec<Arc<CertifiedKey>>>,
    all: Vec<Arc<CertifiedKey>>,
}

impl BySni {
    /// Adds a certificate for these names, lower case.
    pub fn add(&mut self, names: impl Iterator<Item = String>, key: &Arc<CertifiedKey>) {
        for name in names {
            let keys = match name.strip_prefix("*.") {
                Some(suffix) => self.wildcard.entry(suffix.to_owned()),
                None => self.exact.entry(name),
            };
            keys.or_default().push(Arc::clone(key));
        }
        self.all.push(Arc::clone(key));
    }

    /// True when there is no certificate at all.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// When the first certificate ends, those of the chains included: from then on
    /// some caller is refused by his own side.
    pub fn first_end(&self) -> Option<UnixTime> {
        let ends = self.all.iter().flat_map(|key| &key.cert).filter_map(|der| {
            let (_, certificate) = X509Certificate::from_der(der).ok()?;
            u64::try_from(certificate.validity().not_after.timestamp()).ok()
        });
        ends.min().map(UnixTime)
    }

    fn find(&self, name: Option<&str>, schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        let fits = |keys: &Vec<Arc<CertifiedKey>>| {
            keys.iter().find(|key| key.key.choose_scheme(schemes).is_some()).map(Arc::clone)
        };
        let name = name.map(str::to_ascii_lowercase);
        let exact = name.as_ref().and_then(|name| self.exact.get(name)).and_then(fits);
        let suffix = name.as_ref().and_then(|name| name.split_once('.')).map(|(_, suffix)| suffix);
        exact
            .or_else(|| suffix.and_then(|suffix| self.wildcard.get(suffix)).and_then(fits))
            .or_else(|| fits(&self.all))
            .or_else(|| self.all.first().map(Arc::clone))
    }
}

impl ResolvesServerCert for BySni {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.find(hello.server_name(), hello.signature_schemes())
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use rustls::SignatureScheme;
    use rustls::crypto::aws_lc_rs::default_provider;
    use rustls::sign::CertifiedKey;

    use super::BySni;
    use crate::clock::UnixTime;
    use crate::config::self_signed::{SelfSigned as _, ThrowAway};

    fn certificate(name: &str) -> Result<Arc<CertifiedKey>, Box<dyn std::error::Error>> {
        let pair = ThrowAway.pair(Path::new(""), &[name.to_owned()], UnixTime(1_700_000_000))?;
        Ok(Arc::new(CertifiedKey::from_der(pair.chain, pair.key, &default_provider())?))
    }

    #[test]
    fn exact_before_wildcard_before_first() -> Result<(), Box<dyn std::error::Error>> {
        let (first, exact, wild) =
            (certificate("first.example")?, certificate("api.example")?, certificate("*.example")?);
        let mut resolver = BySni::default();
        resolver.add(["first.example".to_owned()].into_iter(), &first);
        resolver.add(["*.example".to_owned()].into_iter(), &wild);
        resolver.add(["api.example".to_owned()].into_iter(), &exact);
        let schemes = [SignatureScheme::ECDSA_NISTP256_SHA256];
        let got = |name| resolver.find(name, &schemes).map(|key| key.cert.clone());
        assert_eq!(got(Some("API.example")), Some(exact.cert.clone()));
        assert_eq!(got(Some("other.example")), Some(wild.cert.clone()));
        assert_eq!(got(Some("a.b.example")), Some(first.cert.clone()));
        assert_eq!(got(None), Some(first.cert.clone()));
        Ok(())
    }
}
