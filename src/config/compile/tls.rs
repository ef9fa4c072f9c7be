//! From PEM files to a `rustls::ServerConfig`. Everything that would make handshakes
//! fail later is found now: unreadable files, a key of another certificate, a
//! certificate outside its time. Must never: put any part of a key into a message.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use rustls::crypto::aws_lc_rs::{Ticketer, default_provider};
use rustls::server::ProducesTickets;
use rustls::server::danger::ClientCertVerifier;
use rustls::sign::CertifiedKey;
use rustls::{InconsistentKeys, ServerConfig, SupportedProtocolVersion};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use x509_parser::prelude::{FromDer as _, X509Certificate};

use crate::acme::wanted::Wanted;
use crate::clock::{Seconds, UnixTime};
use crate::config::compile::compiler::Compiler;
use crate::config::compile::sni::BySni;
use crate::config::document::listener::{CertificateDocument, TlsDocument, TlsVersion};
use crate::config::problem::code::Code;
use crate::config::problem::fact::Problem;
use crate::config::self_signed::alternative_names;
use crate::config::source::at::At;
use crate::config::source::place::Place;

/// Largest PEM file, in bytes.
pub(super) const MAX_PEM_BYTES: usize = 1 << 20;
/// TLS 1.3 tickets per handshake: one for the next connection is enough, and each
/// costs the handshake a signature's worth of work.
const TICKETS: usize = 1;
/// A certificate that ends within this time gets a warning.
const ENDS_SOON: Seconds = Seconds(14 * 86_400);

/// From TLS 1.2 up.
const SINCE_1_2: &[&SupportedProtocolVersion] = &[&rustls::version::TLS13, &rustls::version::TLS12];
/// From TLS 1.3 up.
const SINCE_1_3: &[&SupportedProtocolVersion] = &[&rustls::version::TLS13];

/// What is asked of callers, and how they come back.
#[derive(Default)]
struct Terms {
    /// Judges their certificates; `None`: they show none.
    verifier: Option<Arc<dyn ClientCertVerifier>>,
    /// Seals their sessions; `None`: by a key of this process, for this configuration.
    tickets: Option<Arc<dyn ProducesTickets>>,
}

/// The versions that are spoken from `oldest` up.
pub(super) fn versions(oldest: Option<TlsVersion>) -> &'static [&'static SupportedProtocolVersion] {
    match oldest {
        Some(TlsVersion::V1_3) => SINCE_1_3,
        Some(TlsVersion::V1_2) | None => SINCE_1_2,
    }
}

/// What a listener needs for TLS.
pub struct TlsSide {
    /// For handshakes.
    pub config: Arc<ServerConfig>,
    /// When the first of the certificates in it ends.
    pub certificate_end: Option<UnixTime>,
    /// Those that are no files: the gateway gets them by itself.
    pub managed: Vec<Wanted>,
}

impl Compiler<'_> {
    /// The TLS side of a listener with certificates from files.
    pub fn tls(&mut self, written: &TlsDocument, place: Place) -> Option<TlsSide> {
        let mut by_sni = BySni::default();
        let listed = written.certificates.as_ref();
        if listed.is_some_and(|listed| listed.value.is_empty() && !self.damaged(listed.place)) {
            self.wrong(Code::WrongValue, place, "`certificates` is empty", "expected at least one");
        }
        if listed.is_none() && written.acme.is_none() && !self.damaged(place) {
            let help = "name files under `certificates`, or names under `acme`, which gets certificates for them";
            self.wrong_with_help(Code::MissingKey, place, "there is no certificate", "expected one", help);
        }
        for certificate in listed.iter().flat_map(|listed| &listed.value) {
            if let Some((names, key)) = self.certificate(certificate) {
                by_sni.add(names.into_iter(), &Arc::new(key));
            }
        }
        let versions = versions(written.min_version.as_ref().map(|version| version.value));
        let terms = self.terms(written);
        let managed = written.acme.as_ref().map(|acme| self.managed(acme)).unwrap_or_default();
        if by_sni.is_empty() && managed.is_empty() {
            return None;
        }
        self.server(by_sni, versions, terms?, place).map(|side| TlsSide { managed, ..side })
    }

    /// The TLS side of a listener that vouches for itself.
    pub fn self_signed(&mut self, state: &Path, names: &[String], place: Place) -> Option<TlsSide> {
        let context = self.outside.context;
        let pair = context.self_signed.pair(state, names, context.now);
        let made = pair.and_then(|pair| {
            CertifiedKey::from_der(pair.chain, pair.key, &default_provider()).map_err(|error| error.to_string())
        });
        match made {
            Ok(key) => {
                let mut by_sni = BySni::default();
                by_sni.add(names.iter().cloned(), &Arc::new(key));
                self.server(by_sni, SINCE_1_2, Terms::default(), place)
            }
            Err(error) => {
                let message = format!("no self-signed certificate: {error}");
                self.wrong(Code::BadCertificate, place, message, "asked for here");
                None
            }
        }
    }

    /// What is asked of callers, and how they come back; `None`: something of it is wrong.
    fn terms(&mut self, written: &TlsDocument) -> Option<Terms> {
        let auth = written.client_auth.as_ref().map(|auth| self.client_auth(auth).ok_or(()));
        let auth = auth.transpose();
        let trust = auth.as_ref().ok().and_then(Option::as_ref).map_or(&[][..], |auth| &auth.trust);
        let tickets = written.ticket_keys.as_ref().map(|file| self.ticket_keys(file, trust).ok_or(())).transpose();
        Some(Terms { verifier: auth.ok()?.map(|auth| auth.verifier), tickets: tickets.ok()? })
    }

    fn server(
        &mut self,
        by_sni: BySni,
        versions: &[&'static SupportedProtocolVersion],
        terms: Terms,
        place: Place,
    ) -> Option<TlsSide> {
        let certificate_end = by_sni.first_end();
        let made = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_protocol_versions(versions)
            .map(|builder| match terms.verifier {
                Some(verifier) => builder.with_client_cert_verifier(verifier),
                None => builder.with_no_client_auth(),
            })
            .map(|builder| builder.with_cert_resolver(Arc::new(by_sni)))
            .and_then(|config| Ok((config, terms.tickets.map_or_else(Ticketer::new, Ok)?)));
        match made {
            Ok((mut config, ticketer)) => {
                // Who offers nothing of these is refused (RFC 7301 §3.2), and callers of HTTP/1.0
                // such as `curl --http1.0` offer that alone.
                config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec(), b"http/1.0".to_vec()];
                config.ticketer = ticketer;
                config.send_tls13_tickets = TICKETS;
                Some(TlsSide { config: Arc::new(config), certificate_end, managed: Vec::new() })
            }
            Err(error) => {
                self.wrong(Code::BadCertificate, place, format!("TLS cannot be set up: {error}"), "asked for here");
                None
            }
        }
    }

    /// A chain and its key, and the names it has.
    pub fn certificate(&mut self, written: &At<CertificateDocument>) -> Option<(BTreeSet<String>, CertifiedKey)> {
        let CertificateDocument { cert, key } = &written.value;
        let (chain, private) = (self.chain(cert), self.private_key(key));
        let (chain, private) = (chain?, private?);
        let first = chain.first()?.clone();
        let Ok((_, parsed)) = X509Certificate::from_der(&first) else {
            let message = format!("the certificate in `{cert}` cannot be read");
            self.wrong(Code::BadCertificate, cert.place, message, "not a valid X.509 certificate");
            return None;
        };
        self.time_of(cert, &parsed);
        let mut names: BTreeSet<String> = alternative_names(&parsed).collect();
        if names.is_empty() {
            names.extend(parsed.subject().iter_common_name().filter_map(|name| name.as_str().ok()).map(str::to_owned));
        }
        match CertifiedKey::from_der(chain, private, &default_provider()) {
            Ok(certified) => Some((names, certified)),
            Err(rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch)) => {
                let problem = Problem::new(Code::BadCertificate, "the key does not belong to the certificate")
                    .at(self.places(), key.place, "this key")
                    .and(self.places(), cert.place, "this certificate")
                    .help("the chain begins with the server's own certificate; give its key");
                self.report(problem);
                None
            }
            Err(error) => {
                let message = format!("certificate `{cert}` and key `{key}` cannot be used: {error}");
                self.wrong(Code::BadCertificate, cert.place, message, "this certificate");
                None
            }
        }
    }

    /// The certificates of a PEM file, at least one.
    pub fn chain(&mut self, file: &At<String>) -> Option<Vec<CertificateDer<'static>>> {
        let bytes = self.read(file, MAX_PEM_BYTES)?;
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
        match chain {
            Ok(chain) if !chain.is_empty() => Some(chain),
            Ok(_) | Err(_) => {
                let message = format!("`{file}` holds no certificate in PEM");
                self.wrong(Code::BadCertificate, file.place, message, "expected `BEGIN CERTIFICATE`");
                None
            }
        }
    }

    fn private_key(&mut self, file: &At<String>) -> Option<PrivateKeyDer<'static>> {
        let bytes = self.read(file, MAX_PEM_BYTES)?;
        match PrivateKeyDer::from_pem_slice(&bytes) {
            Ok(key) => Some(key),
            Err(_) => {
                let encrypted = bytes.windows(9).any(|window| window == b"ENCRYPTED");
                let message = if encrypted {
                    format!("the private key in `{file}` is encrypted")
                } else {
                    format!("`{file}` holds no private key in PEM")
                };
                self.wrong(Code::BadCertificate, file.place, message, "expected `BEGIN PRIVATE KEY`");
                None
            }
        }
    }

    fn time_of(&mut self, cert: &At<String>, certificate: &X509Certificate<'_>) {
        let second = |at: x509_parser::time::ASN1Time| UnixTime(u64::try_from(at.timestamp()).unwrap_or(0));
        let validity = certificate.validity();
        let (begins, ends) = (second(validity.not_before), second(validity.not_after));
        let now = self.outside.context.now;
        if ends < now {
            self.wrong(Code::Expired, cert.place, format!("the certificate in `{cert}` expired"), format!("on {ends}"));
        } else if begins > now {
            let message = format!("the certificate in `{cert}` is not valid yet");
            self.wrong(Code::Expired, cert.place, message, format!("from {begins}"));
        } else if ends < now.after(ENDS_SOON) {
            let message = format!("the certificate in `{cert}` ends soon");
            self.wrong(Code::EndsSoon, cert.place, message, format!("on {ends}"));
        }
    }
}
