//! TLS on the wire: versions, protocols, certificates by name, and what happens to
//! those who speak something else.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::{CertifiedKey, KeyPair, generate_simple_self_signed};
use rustls::crypto::aws_lc_rs::{default_provider, sign::any_supported_type};
use rustls::server::{ResolvesServerCertUsingSni, ServerConfig};
use rustls::sign::CertifiedKey as Chain;
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned, SupportedProtocolVersion};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::TlsConnector;
use tollgate::edge::worker::crew::Drained;
use tollgate::snapshot::{Door, DoorLimits};

use crate::house::{House, LONG, limits};
use crate::pace::{note, undisturbed};
use crate::wire::{Wire, tcp};

/// A certificate for one name.
fn certificate(name: &str) -> (CertificateDer<'static>, KeyPair) {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed([name.to_owned()]).expect("a certificate");
    (cert.der().clone(), signing_key)
}

/// A door for these names, and who trusts it.
pub fn door(names: &[&str]) -> (Arc<ServerConfig>, RootCertStore) {
    let mut resolver = ResolvesServerCertUsingSni::new();
    let mut roots = RootCertStore::empty();
    for name in names {
        let (cert, key) = certificate(name);
        let key = PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
        let chain = Chain::new(vec![cert.clone()], any_supported_type(&key).expect("a key type"));
        resolver.add(name, chain).expect("the name fits");
        roots.add(cert).expect("a certificate");
    }
    let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_protocol_versions(&[&TLS12, &TLS13])
        .expect("versions")
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(resolver));
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    (Arc::new(config), roots)
}

/// A caller who trusts these.
pub fn client(roots: RootCertStore, version: &'static SupportedProtocolVersion, alpn: &[&str]) -> Arc<ClientConfig> {
    let mut config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_protocol_versions(&[version])
        .expect("a version")
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
    Arc::new(config)
}

/// A blocking TLS connection that speaks HTTP/1.1.
fn secure(
    house: &House,
    config: Arc<ClientConfig>,
    name: &str,
) -> Wire<StreamOwned<ClientConnection, std::net::TcpStream>> {
    let name = ServerName::try_from(name.to_owned()).expect("a name");
    let session = ClientConnection::new(config, name).expect("a session");
    Wire::over(StreamOwned::new(session, tcp(house.address())))
}

#[test]
fn both_versions_and_the_certificate_of_the_name() {
    let (config, roots) = door(&["a.example", "b.example"]);
    let house = House::open(vec![(Door::Tls(config), limits())], 2);
    for version in [&TLS12, &TLS13] {
        for name in ["a.example", "B.example"] {
            // The client's own check fails if it gets the certificate of another name.
            let mut wire = secure(&house, client(roots.clone(), version, &["http/1.1"]), name);
            let facts = wire.get("/facts").body;
            let expected = format!("secure=true sni=Some(\"{}\") version=HTTP/1.1", name.to_lowercase());
            assert!(facts.contains(&expected), "{facts}");
            assert_eq!(wire.get("/again").body, "/again");
        }
    }
    for version in ["1.2", "1.3"] {
        house.eventually_counts(&["tls_handshakes_total", &format!("version=\"{version}\""), " 2"]);
    }
}

#[test]
fn heads_are_guarded_inside_tls_too() {
    let (config, roots) = door(&["a.example"]);
    let house = House::open(vec![(Door::Tls(config), limits())], 1);
    let mut wire = secure(&house, client(roots, &TLS13, &["http/1.1"]), "a.example");
    wire.send(b"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n");
    assert_eq!(wire.answer().body, "head_length_conflict");
    assert!(wire.is_closed());
    assert_eq!(house.served(), 0);
}

#[test]
fn a_reload_turns_the_certificate_of_the_next_handshake() {
    let (old, old_roots) = door(&["a.example"]);
    let (new, new_roots) = door(&["a.example"]);
    let house = House::open(vec![(Door::Tls(old), limits())], 1);
    let mut before = secure(&house, client(old_roots, &TLS13, &[]), "a.example");
    assert_eq!(before.get("/1").body, "/1");
    house.reload(|listener| listener.door = Door::Tls(Arc::clone(&new)));
    let mut after = secure(&house, client(new_roots, &TLS13, &[]), "a.example");
    assert_eq!(after.get("/2").body, "/2");
    assert_eq!(before.get("/3").body, "/3");
}

#[test]
fn clear_text_is_told_so() {
    let (config, _) = door(&["a.example"]);
    let house = House::open(vec![(Door::Tls(config), limits())], 1);
    let mut wire = Wire::sending(house.address(), b"GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    let answer = wire.answer();
    assert_eq!(answer.status, 400);
    assert!(answer.body.contains("https://"), "{}", answer.body);
    assert!(wire.is_closed());
}

#[test]
fn a_handshake_that_stops_is_dropped() {
    let (config, _) = door(&["a.example"]);
    let limits = DoorLimits { handshake_timeout: Duration::from_millis(100), ..limits() };
    let house = House::open(vec![(Door::Tls(config), limits)], 1);
    let mut wire = Wire::sending(house.address(), b"\x16\x03\x01\x02\x00\x01");
    assert!(wire.is_closed());
    assert!(Wire::connect(house.address()).is_closed());
    house.eventually_counts(&["tls_handshakes_total", "timeout", " 2"]);
}

/// An HTTP/2 connection.
async fn h2(house: &House, config: Arc<ClientConfig>) -> http2::SendRequest<Empty<Bytes>> {
    let tcp = tokio::net::TcpStream::connect(house.address()).await.expect("open");
    let name = ServerName::try_from("a.example").expect("a name");
    let tls = TlsConnector::from(config).connect(name, tcp).await.expect("a handshake");
    assert_eq!(tls.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let (sender, connection) =
        http2::handshake(TokioExecutor::new(), TokioIo::new(tls)).await.expect("an HTTP/2 preface");
    tokio::spawn(connection);
    sender
}

fn ask(path: &str) -> http::request::Builder {
    Request::builder().uri(format!("https://a.example{path}"))
}

#[test]
fn http2_by_alpn_with_many_streams_and_the_same_limit_on_fields() {
    let (config, roots) = door(&["a.example"]);
    let house = House::open(vec![(Door::Tls(config), limits())], 1);
    house.block_on(async {
        let mut sender = h2(&house, client(roots, &TLS13, &["h2", "http/1.1"])).await;
        let mut answers = Vec::new();
        for n in 0..12 {
            answers.push(sender.send_request(ask(&format!("/{n}")).body(Empty::new()).expect("a request")));
            sender.ready().await.expect("open");
        }
        for (n, answer) in answers.into_iter().enumerate() {
            let body = answer.await.expect("an answer").into_body().collect().await.expect("a body").to_bytes();
            assert_eq!(body, format!("/{n}"));
        }
        let mut many = ask("/many");
        for n in 0..100 {
            many = many.header(format!("x-{n}"), "v");
        }
        let answer = sender.send_request(many.body(Empty::new()).expect("a request")).await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
        let answer = sender.send_request(ask("/after").body(Empty::new()).expect("a request")).await;
        assert_eq!(answer.expect("an answer").status(), StatusCode::OK);
    });
    assert_eq!(house.served(), 13);
}

#[test]
fn idle_http2_connections_go_away_and_busy_ones_do_not() {
    const IDLE: Duration = Duration::from_millis(300);
    undisturbed(IDLE, || {
        let (config, roots) = door(&["a.example"]);
        let house = House::open(vec![(Door::Tls(config), DoorLimits { idle_timeout: IDLE, ..limits() })], 1);
        house.block_on(async {
            let config = client(roots, &TLS13, &["h2"]);
            let mut begun = Instant::now();
            let mut busy = h2(&house, Arc::clone(&config)).await;
            let held = tokio::spawn(busy.send_request(ask("/hold").body(Empty::new()).expect("a request")));
            house.desk.holding.acquire().await.expect("never closed").forget();
            note(begun.elapsed());
            begun = Instant::now();
            let mut idle = h2(&house, config).await;
            let answer = idle.send_request(ask("/1").body(Empty::new()).expect("a request")).await;
            note(begun.elapsed());
            answer.expect("an answer").into_body().collect().await.expect("a body");
            while idle.ready().await.is_ok() && !idle.is_closed() {
                tokio::task::yield_now().await;
            }
            house.desk.release.add_permits(1);
            assert_eq!(held.await.expect("no panic").expect("not cut").status(), StatusCode::OK);
        });
    });
}

#[test]
fn http2_streams_are_finished_in_a_drain() {
    let (config, roots) = door(&["a.example"]);
    let house = House::open(vec![(Door::Tls(config), limits())], 1);
    let desk = Arc::clone(&house.desk);
    let (sender, held) = house.block_on(async {
        let mut sender = h2(&house, client(roots, &TLS13, &["h2"])).await;
        let held = sender.send_request(ask("/hold").body(Empty::new()).expect("a request"));
        (sender, tokio::spawn(held))
    });
    house.wait_for_held();
    let (tell, told) = std::sync::mpsc::channel();
    house.block_on(async {
        tokio::spawn(async move {
            let answer = held.await.expect("no panic").expect("not cut");
            let body = answer.into_body().collect().await.expect("a body").to_bytes();
            tell.send(body).expect("the test listens");
        });
    });
    let draining = house.drain(LONG, std::future::pending());
    desk.release.add_permits(1);
    assert_eq!(told.recv().expect("an answer"), "held");
    assert_eq!(draining.outcome(), Drained::Graceful);
    drop(sender);
}
