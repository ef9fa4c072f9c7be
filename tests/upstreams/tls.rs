//! TLS towards servers: whom the gateway believes, and how it shows who it is. Every
//! certificate is made here, for names and times of the test's own.

use std::fs;
use std::net::{Shutdown, SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use crate::gateway::{Caller, Got, rewrite, start_in, until};
use crate::server::Mood;
use crate::support::gateway::Folder;

/// An authority of the test's own.
struct Authority {
    pem: String,
    der: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate and its key.
struct Pair {
    cert: String,
    key: String,
    chain: Vec<CertificateDer<'static>>,
    private: PrivateKeyDer<'static>,
}

impl Authority {
    fn new() -> Authority {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(Vec::new()).expect("parameters");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).expect("a certificate");
        Authority { pem: certificate.pem(), der: certificate.der().clone(), issuer: Issuer::new(params, key) }
    }

    /// A certificate for these names that ends with that year.
    fn pair(&self, name: &str, last_year: i32) -> Pair {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(vec![name.to_owned()]).expect("parameters");
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(last_year, 12, 31);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        let private = PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
        Pair { cert: certificate.pem(), key: key.serialize_pem(), chain: vec![certificate.der().clone()], private }
    }
}

/// A TLS server; with `clients`, only for those whom that authority signed.
fn serve(
    pair: Pair,
    clients: Option<&Authority>,
    versions: &[&'static rustls::SupportedProtocolVersion],
) -> SocketAddr {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder =
        ServerConfig::builder_with_provider(Arc::clone(&provider)).with_protocol_versions(versions).expect("TLS");
    let builder = match clients {
        None => builder.with_no_client_auth(),
        Some(authority) => {
            let mut roots = RootCertStore::empty();
            roots.add(authority.der.clone()).expect("an authority");
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
            builder.with_client_cert_verifier(verifier.expect("a verifier"))
        }
    };
    let config = Arc::new(builder.with_single_cert(pair.chain, pair.private).expect("a certificate"));
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let mood = Mood::new("secure");
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (config, mood) = (Arc::clone(&config), Arc::clone(&mood));
            std::thread::spawn(move || {
                let mut stream = stream;
                let mut connection = ServerConnection::new(config).expect("a connection");
                while connection.is_handshaking() {
                    if connection.complete_io(&mut stream).is_err() {
                        // What came meanwhile is read, or its loss would take the alert along.
                        let _ = connection.write_tls(&mut stream);
                        let _ = stream.shutdown(Shutdown::Write);
                        let _ = std::io::copy(&mut stream, &mut std::io::sink());
                        return;
                    }
                }
                mood.serve(StreamOwned::new(connection, stream));
            });
        }
    });
    address
}

fn folder(files: &[(&str, &str)]) -> Folder {
    let folder = Folder::new("upstream-tls");
    files.iter().for_each(|(name, text)| write(folder.path(), name, text));
    folder
}

fn write(folder: &Path, name: &str, text: &str) {
    let next = folder.join("next.pem");
    fs::write(&next, text).expect("a file");
    fs::rename(next, folder.join(name)).expect("moved into place");
}

/// The answer through a gateway with these files and this `tls:` block.
fn ask(server: SocketAddr, tls: &str, files: &[(&str, &str)]) -> Got {
    let gateway = start_in(folder(files), &format!("{{ servers: [\"https://{server}\"], tls: {{ {tls} }} }}"));
    let got = Caller::of(&gateway).get("/x");
    if got.status != 200 {
        // The reason stands in the access log too.
        let line = gateway.line().expect("a line of the access log");
        assert!(line.contains(&got.reason()), "{line}");
    }
    got
}

#[test]
fn a_server_is_believed_by_authority_name_and_time_or_refused_with_the_reason() {
    let (ours, foreign) = (Authority::new(), Authority::new());
    let all = rustls::ALL_VERSIONS;
    let good = serve(ours.pair("127.0.0.1", 2090), None, all);
    let named = serve(ours.pair("b.internal", 2090), None, all);
    let expired = serve(ours.pair("127.0.0.1", 2021), None, all);
    let old = serve(ours.pair("127.0.0.1", 2090), None, &[&rustls::version::TLS12]);
    let files = [("ca.pem", ours.pem.as_str()), ("other.pem", foreign.pem.as_str())];
    for (server, tls, status, reason) in [
        (good, "ca: ca.pem", 200, ""),
        (good, "ca: other.pem", 502, "upstream_tls_untrusted"),
        (good, "min_version: \"1.2\"", 502, "upstream_tls_untrusted"),
        (good, "verify: false", 200, ""),
        (good, "ca: ca.pem, server_name: b.internal", 502, "upstream_tls_name"),
        (named, "ca: ca.pem, server_name: b.internal", 200, ""),
        (named, "ca: ca.pem", 502, "upstream_tls_name"),
        (expired, "ca: ca.pem", 502, "upstream_tls_expired"),
        (old, "ca: ca.pem", 200, ""),
        (old, "ca: ca.pem, min_version: \"1.3\"", 502, "upstream_tls_refused"),
    ] {
        let got = ask(server, tls, &files);
        assert_eq!((got.status, got.reason().as_str()), (status, reason), "{tls}");
        assert!(status != 200 || got.body == "secure");
    }
}

#[test]
fn a_server_that_asks_for_a_certificate_gets_ours() {
    let (ours, foreign) = (Authority::new(), Authority::new());
    let own = ours.pair("gateway.internal", 2090);
    let stranger = foreign.pair("gateway.internal", 2090);
    let files = [
        ("ca.pem", ours.pem.as_str()),
        ("own.crt", own.cert.as_str()),
        ("own.key", own.key.as_str()),
        ("strange.crt", stranger.cert.as_str()),
        ("strange.key", stranger.key.as_str()),
    ];
    for versions in [rustls::ALL_VERSIONS, &[&rustls::version::TLS12]] {
        let server = serve(ours.pair("127.0.0.1", 2090), Some(&ours), versions);
        assert_eq!(ask(server, "ca: ca.pem, cert: own.crt, key: own.key", &files).body, "secure");
        for tls in ["ca: ca.pem", "ca: ca.pem, cert: strange.crt, key: strange.key"] {
            let got = ask(server, tls, &files);
            assert_eq!((got.status, got.reason().as_str()), (502, "upstream_tls_refused"), "{tls} {versions:?}");
        }
    }
}

#[test]
fn an_authority_that_changes_is_believed_from_then_on() {
    let (ours, next) = (Authority::new(), Authority::new());
    let server = serve(ours.pair("127.0.0.1", 2090), None, rustls::ALL_VERSIONS);
    let upstream = format!("{{ servers: [\"https://{server}\"], tls: {{ ca: ca.pem }} }}");
    let gateway = start_in(folder(&[("ca.pem", &next.pem)]), &upstream);
    assert_eq!(Caller::of(&gateway).get("/x").reason(), "upstream_tls_untrusted");
    write(gateway.folder.path(), "ca.pem", &ours.pem);
    until("the new authority", || Caller::of(&gateway).get("/x").status == 200);
    // Connections made under the old one end with it.
    write(gateway.folder.path(), "ca.pem", &next.pem);
    until("the old connections are gone", || Caller::of(&gateway).get("/x").reason() == "upstream_tls_untrusted");
    rewrite(&gateway, &upstream.replace("ca: ca.pem", "verify: false"));
    until("no verification", || Caller::of(&gateway).get("/x").status == 200);
}
