//! Whose certificates callers may show: authorities and revocation lists from files,
//! and whether one has to be shown. Must never: verify against the system's roots,
//! which vouch for servers all over the world.

use std::sync::Arc;

use rustls::RootCertStore;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer};
use x509_parser::prelude::{CertificateRevocationList, FromDer as _};

use crate::config::compile::compiler::Compiler;
use crate::config::compile::tls::MAX_PEM_BYTES;
use crate::config::document::gateway::GatewayDocument;
use crate::config::document::listener::{ClientAuthDocument, ClientAuthMode, ListenerDocument};
use crate::config::document::route::ClientCertificateName;
use crate::config::document::word::OrBlock;
use crate::config::problem::code::Code;
use crate::config::source::at::At;

/// Largest file of revocation lists, in bytes.
const MAX_CRL_BYTES: usize = 16 << 20;

/// Callers' certificates of one listener.
pub(super) struct ClientAuth {
    /// Judges them.
    pub verifier: Arc<dyn ClientCertVerifier>,
    /// What the judgement depends on: sessions resumed under another are none.
    pub trust: Vec<u8>,
}

impl Compiler<'_> {
    /// What a listener asks of callers' certificates.
    pub fn client_auth(&mut self, written: &At<ClientAuthDocument>) -> Option<ClientAuth> {
        let ClientAuthDocument { mode, ca, crl } = &written.value;
        let (roots, mut trust) = self.authorities(ca)?;
        let mut builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::new(default_provider()));
        if let Some(file) = crl {
            let (lists, bytes) = self.revocation_lists(file)?;
            // An authority without a list among them has nobody accepted.
            builder = builder.with_crls(lists).only_check_end_entity_revocation();
            trust.extend_from_slice(&bytes);
        }
        match mode.value {
            ClientAuthMode::Required => trust.push(1),
            ClientAuthMode::Optional => {
                trust.push(0);
                builder = builder.allow_unauthenticated();
            }
        }
        match builder.build() {
            Ok(verifier) => Some(ClientAuth { verifier, trust }),
            Err(error) => {
                let place = crl.as_ref().map_or(ca.place, |crl| crl.place);
                self.wrong(Code::BadCertificate, place, format!("callers cannot be verified: {error}"), "this file");
                None
            }
        }
    }

    /// A route that needs a certificate stands where somebody asks for one.
    pub fn certificates_are_asked_for(&mut self, document: &GatewayDocument) {
        let asks = |listener: &ListenerDocument| match listener.tls.as_ref().map(|tls| &tls.value) {
            Some(OrBlock::Block(tls)) => tls.client_auth.is_some(),
            Some(OrBlock::Word(_)) | None => false,
        };
        if document.listeners.iter().any(|(_, listener)| asks(&listener.value)) {
            return;
        }
        for rule in document.routes.iter().filter_map(|route| route.value.client_certificate.as_ref()) {
            if rule.value == ClientCertificateName::Required {
                let message = "no listener asks callers for a certificate, so nobody could pass";
                let help = "add `client_auth` to the `tls` of its listener";
                self.wrong_with_help(Code::Combination, rule.place, message, "required here", help);
            }
        }
    }

    /// The authorities of a bundle, and its bytes.
    fn authorities(&mut self, file: &At<String>) -> Option<(RootCertStore, Vec<u8>)> {
        let bytes = self.read(file, MAX_PEM_BYTES)?;
        let mut roots = RootCertStore::empty();
        let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
        let well = all.is_ok_and(|all| !all.is_empty() && all.into_iter().all(|one| roots.add(one).is_ok()));
        if !well {
            let message = format!("`{file}` holds no bundle of certificates in PEM");
            self.wrong(Code::BadCertificate, file.place, message, "expected `BEGIN CERTIFICATE`, once or more");
            return None;
        }
        Some((roots, bytes))
    }

    fn revocation_lists(&mut self, file: &At<String>) -> Option<(Vec<CertificateRevocationListDer<'static>>, Vec<u8>)> {
        let bytes = self.read(file, MAX_CRL_BYTES)?;
        let all: Result<Vec<_>, _> = CertificateRevocationListDer::pem_slice_iter(&bytes).collect();
        let lists = match all {
            Ok(lists) if !lists.is_empty() => lists,
            Ok(_) | Err(_) => {
                let message = format!("`{file}` holds no revocation list in PEM");
                self.wrong(Code::BadCertificate, file.place, message, "expected `BEGIN X509 CRL`");
                return None;
            }
        };
        let now = i64::try_from(self.outside.context.now.0).unwrap_or(i64::MAX);
        let old = |der: &CertificateRevocationListDer<'_>| {
            let parsed = CertificateRevocationList::from_der(der).ok();
            parsed.and_then(|(_, list)| list.next_update()).is_some_and(|next| next.timestamp() < now)
        };
        if lists.iter().any(old) {
            let help = "fetch a newer one; until then certificates that were revoked since still pass";
            let message = format!("a revocation list in `{file}` is out of date");
            self.wrong_with_help(Code::EndsSoon, file.place, message, "its next update is past", help);
        }
        Some((lists, bytes))
    }
}
