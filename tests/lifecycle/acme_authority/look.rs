//! How a name is looked at: by a request for a text (RFC 8555 §8.3), and by a handshake
//! of its own kind (RFC 8737 §3) whose certificate is read to the last bit.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::UnixTime;
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, SignatureScheme, StreamOwned};
use rustls_pki_types::{CertificateDer, ServerName};
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer as _, X509Certificate};

/// How long the other side may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// The dots of id-pe-acmeIdentifier.
const ACME_IDENTIFIER: &str = "1.3.6.1.5.5.7.1.31";

/// What a handshake has shown.
#[derive(Debug)]
pub struct Seen {
    /// The first certificate.
    pub certificate: CertificateDer<'static>,
    /// The protocol that was agreed on.
    pub protocol: Option<String>,
}

impl Seen {
    /// The digest in the certificate, if it is a proof.
    pub fn proof(&self) -> Option<Vec<u8>> {
        let (_, parsed) = X509Certificate::from_der(&self.certificate).expect("X.509");
        let found = parsed.extensions().iter().find(|extension| extension.oid.to_id_string() == ACME_IDENTIFIER)?;
        // Critical, and an octet string of 32 bytes.
        (found.critical && found.value.len() == 34 && found.value[..2] == [4, 32]).then(|| found.value[2..].to_vec())
    }

    /// Every name in the certificate.
    pub fn names(&self) -> Vec<String> {
        let (_, parsed) = X509Certificate::from_der(&self.certificate).expect("X.509");
        let listed = parsed.subject_alternative_name().ok().flatten();
        let all = listed.iter().flat_map(|listed| &listed.value.general_names);
        all.map(|name| match name {
            GeneralName::DNSName(name) => (*name).to_owned(),
            other => format!("{other:?}"),
        })
        .collect()
    }
}

/// A connection that believes everybody.
pub fn connect(
    at: SocketAddr,
    name: &str,
    protocols: &[&str],
) -> Result<StreamOwned<ClientConnection, TcpStream>, String> {
    let mut config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Credulous))
        .with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
    let server = ServerName::try_from(name.to_owned()).expect("a name");
    let session = ClientConnection::new(Arc::new(config), server).expect("a session");
    let stream = TcpStream::connect(at).map_err(|error| error.to_string())?;
    stream.set_read_timeout(Some(PATIENCE)).expect("a limit");
    let mut stream = StreamOwned::new(session, stream);
    while stream.conn.is_handshaking() {
        stream.conn.complete_io(&mut stream.sock).map_err(|error| error.to_string())?;
    }
    Ok(stream)
}

/// What callers with these protocols are shown for a name.
pub fn handshake(at: SocketAddr, name: &str, protocols: &[&str]) -> Result<Seen, String> {
    let stream = connect(at, name, protocols)?;
    let certificate = stream.conn.peer_certificates().and_then(<[_]>::first).expect("one is always shown");
    let protocol = stream.conn.alpn_protocol().map(|name| String::from_utf8_lossy(name).into_owned());
    Ok(Seen { certificate: certificate.clone().into_owned(), protocol })
}

/// Whether a text proves the name.
pub fn by_text(at: SocketAddr, name: &str, token: &str, expected: &str) -> Result<(), String> {
    let failed = |error: std::io::Error| error.to_string();
    let mut stream = TcpStream::connect(at).map_err(failed)?;
    stream.set_read_timeout(Some(PATIENCE)).map_err(failed)?;
    let path = format!("/.well-known/acme-challenge/{token}");
    let request = format!("GET {path} HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).map_err(failed)?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).map_err(failed)?;
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    let well = answer.starts_with("HTTP/1.1 200") && body == expected;
    if well { Ok(()) } else { Err(format!("no proof in {answer:?}")) }
}

/// Whether a handshake proves the name, after which the connection has to end.
pub fn by_handshake(at: SocketAddr, name: &str, expected: &str) -> Result<(), String> {
    let seen = handshake(at, name, &["acme-tls/1"])?;
    if seen.protocol.as_deref() != Some("acme-tls/1") {
        return Err(format!("another protocol: {:?}", seen.protocol));
    }
    if seen.names() != [name] {
        return Err(format!("for other names: {:?}", seen.names()));
    }
    if seen.proof().as_deref() != Some(digest(&SHA256, expected.as_bytes()).as_ref()) {
        return Err("no proof in the certificate".to_owned());
    }
    let mut stream = connect(at, name, &["acme-tls/1"])?;
    match stream.read(&mut [0; 1]) {
        Ok(0) => Ok(()),
        other => Err(format!("the connection goes on: {other:?}")),
    }
}

/// Believes everybody: the critical extension of a proof is strange to the package's own
/// checks.
#[derive(Debug)]
struct Credulous;

impl ServerCertVerifier for Credulous {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        default_provider().signature_verification_algorithms.supported_schemes()
    }
}
