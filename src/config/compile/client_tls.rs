//! TLS towards servers. Whom to believe is Mozilla's list unless the file names its own
//! authorities: compiled in, it is the same on every machine, and a gateway does not
//! begin to believe somebody because a package was installed. Who wants the system's
//! list names its file (`ca: /etc/ssl/certs/ca-certificates.crt`), and it is then
//! watched like any other. Must never: check less than everything unless told to.

use std::sync::Arc;

use aws_lc_rs::digest;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ClientConfig, RootCertStore};

use crate::config::compile::compiler::Compiler;
use crate::config::compile::tls::versions;
use crate::config::compile::unverified::Unverified;
use crate::config::document::listener::CertificateDocument;
use crate::config::document::upstream::UpstreamTls;
use crate::config::problem::code::Code;
use crate::config::source::at::At;
use crate::config::source::place::Place;

impl Compiler<'_> {
    /// What handshakes with an upstream's servers need, and its digest.
    pub fn client_tls(&mut self, written: &UpstreamTls, place: Place) -> Option<(Arc<ClientConfig>, [u8; 32])> {
        let mut identity = digest::Context::new(&digest::SHA256);
        let verify = written.verify.as_ref().is_none_or(|verify| verify.value);
        self.unverified(written);
        let roots = self.roots(written, &mut identity);
        let own = self.own_certificate(written);
        let (roots, own) = (roots?, own?);
        let oldest = written.min_version.as_ref().map(|version| version.value);
        identity.update(format!("{verify} {oldest:?}").as_bytes());
        for part in own.iter().flat_map(|key| &key.cert) {
            identity.update(part);
        }
        let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_protocol_versions(versions(oldest))
            .map_err(|error| {
                self.wrong(Code::BadCertificate, place, format!("TLS cannot be set up: {error}"), "asked for here");
            })
            .ok()?;
        let builder = if verify {
            builder.with_root_certificates(roots)
        } else {
            builder.dangerous().with_custom_certificate_verifier(Arc::new(Unverified::default()))
        };
        let config = match own {
            Some(key) => builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(key))),
            None => builder.with_no_client_auth(),
        };
        let mut out = [0; 32];
        out.copy_from_slice(identity.finish().as_ref());
        Some((Arc::new(config), out))
    }

    /// TLS settings where no server speaks TLS are a mistake: somebody thinks it does.
    pub fn tls_for_nobody(&mut self, written: &UpstreamTls) {
        let UpstreamTls { ca, server_name, cert, key, min_version, verify } = written;
        let texts = [ca, server_name, cert, key].into_iter().flatten().map(|at| at.place);
        let others = min_version.iter().map(|at| at.place).chain(verify.iter().map(|at| at.place));
        if let Some(place) = texts.chain(others).next() {
            let message = "`tls` is given, but no server is https://";
            self.wrong(Code::Combination, place, message, "has no meaning");
        }
    }

    fn unverified(&mut self, written: &UpstreamTls) {
        let Some(verify) = written.verify.as_ref().filter(|verify| !verify.value) else { return };
        if let Some(ca) = &written.ca {
            let message = "authorities are named, but nothing is verified";
            self.wrong(Code::Combination, ca.place, message, "has no meaning beside `verify: false`");
            return;
        }
        let message = "the servers' certificates are not verified";
        let help = "anybody on the way can read and change what passes; name the servers' authority with `ca`";
        self.wrong_with_help(Code::Unverified, verify.place, message, "switched off", help);
    }

    fn roots(&mut self, written: &UpstreamTls, identity: &mut digest::Context) -> Option<RootCertStore> {
        let Some(file) = &written.ca else {
            return Some(RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() });
        };
        let mut store = RootCertStore::empty();
        let chain = self.chain(file)?;
        let all = chain.len();
        for authority in chain {
            identity.update(&authority);
            // A bundle of a system may hold one that is too odd to be used; the rest is good.
            let _ = store.add(authority);
        }
        if store.is_empty() {
            let message = format!("none of the {all} certificates in `{file}` can be an authority");
            self.wrong(Code::BadCertificate, file.place, message, "expected CA certificates");
            return None;
        }
        Some(store)
    }

    /// The gateway's own certificate; `None`: a mistake was reported.
    fn own_certificate(&mut self, written: &UpstreamTls) -> Option<Option<CertifiedKey>> {
        let (cert, key) = match (&written.cert, &written.key) {
            (None, None) => return Some(None),
            (Some(cert), Some(key)) => (cert, key),
            (Some(alone), None) | (None, Some(alone)) => {
                let message = "a certificate needs its key, and a key its certificate";
                self.wrong(Code::Combination, alone.place, message, "give both `cert` and `key`");
                return None;
            }
        };
        let pair = CertificateDocument { cert: cert.clone(), key: key.clone() };
        self.certificate(&At { value: pair, place: cert.place, secrecy: cert.secrecy }).map(|(_, key)| Some(key))
    }
}
