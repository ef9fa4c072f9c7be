//! The smallest client that speaks HTTP/1.1 over TLS: one request a connection, sent as
//! it is written. The certificate is not looked at: it is self-signed, and this is about
//! what comes through.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, Error, SignatureScheme, StreamOwned};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

use crate::run::play::Request;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// Status, headers and body.
pub type Told = (u16, Vec<(String, String)>, String);

/// Sends one request and reads its whole answer.
pub fn ask(address: SocketAddr, request: &Request) -> Told {
    let tcp = TcpStream::connect(address).expect("a connection");
    tcp.set_read_timeout(Some(PATIENCE)).expect("a time limit");
    let name = ServerName::try_from(request.host.clone()).expect("a host");
    let client = ClientConnection::new(Arc::new(trusting()), name).expect("a TLS client");
    let mut stream = StreamOwned::new(client, tcp);
    stream.write_all(written(request).as_bytes()).expect("sent");
    let mut bytes = Vec::new();
    // A server that closes without a word of TLS has still answered.
    let _ = stream.read_to_end(&mut bytes);
    read(&String::from_utf8_lossy(&bytes)).unwrap_or_else(|| panic!("no answer to {request:?}: {bytes:?}"))
}

fn written(request: &Request) -> String {
    let Request { method, host, port, target, headers, body } = request;
    let mut out = format!("{method} {target} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n");
    for (name, value) in headers {
        out += &format!("{name}: {value}\r\n");
    }
    if !body.is_empty() || method == "POST" {
        out += &format!("Content-Length: {}\r\n", body.len());
    }
    out + "\r\n" + body
}

fn read(text: &str) -> Option<Told> {
    let (head, body) = text.split_once("\r\n\r\n")?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let header = |line: &str| line.split_once(':').map(|(name, value)| (name.to_owned(), value.trim().to_owned()));
    Some((status, lines.filter_map(header).collect(), body.to_owned()))
}

fn trusting() -> ClientConfig {
    let provider = Arc::new(default_provider());
    ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Trusting(provider)))
        .with_no_client_auth()
}

/// Takes any certificate.
#[derive(Debug)]
struct Trusting(Arc<rustls::crypto::CryptoProvider>);

impl ServerCertVerifier for Trusting {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
