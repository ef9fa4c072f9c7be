//! Callers with certificates of their own, and callers who come back: to the same
//! gateway or to another that shares its ticket keys.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use rustls::{ClientConfig, ClientConnection, HandshakeKind, StreamOwned};
use rustls_pki_types::ServerName;

use crate::authority::{Authority, Issued, put};
use crate::support::backend::Backend;
use crate::support::gateway::{Folder, Gateway};
use crate::support::http::{curl, until};
use crate::support::yaml::standard;

/// Writes `NAME.crt` and `NAME.key`, and names them for curl.
fn files(folder: &Path, name: &str, issued: &Issued) -> [String; 4] {
    let path = |kind: &str| folder.join(format!("{name}.{kind}")).to_str().expect("UTF-8").to_owned();
    put(Path::new(&path("crt")), &issued.certificate);
    put(Path::new(&path("key")), &issued.key);
    ["--cert".to_owned(), path("crt"), "--key".to_owned(), path("key")]
}

/// A gateway whose `public` listener says this of TLS besides its certificate.
fn start(folder: Folder, upstream: &str, tls: &str) -> Gateway {
    let files = format!("tls: {{ certificates: [{{ cert: tls.crt, key: tls.key }}], {tls} }}");
    let told = "forward: { headers: { X-Partner: \"{certificate.subject}\", X-Names: \"{certificate.san}\", \
                X-Print: \"{certificate.fingerprint}\" } }";
    let yaml = standard(upstream)
        .replace("tls: self-signed", &files)
        .replace("upstream: backend, access: public }", &format!("upstream: backend, access: public, {told} }}"));
    let closed =
        "routes:\n  - { path: /partners/**, upstream: backend, access: public, client_certificate: required }\n";
    let yaml = if tls.contains("client_auth") { yaml.replace("routes:\n", closed) } else { yaml };
    fs::write(folder.path().join("gateway.yaml"), yaml).expect("the configuration");
    Gateway::start_in(folder)
}

#[test]
fn partners_are_known_by_their_certificates_and_strangers_are_not() {
    let backend = Backend::ok();
    let servers = Authority::new("servers");
    let (partners, others) = (Authority::new("partners"), Authority::new("others"));
    let folder = Folder::new("partners");
    servers.issue("localhost", &["localhost"]).write(folder.path());
    put(&folder.path().join("partners.pem"), &partners.pem());
    let shop = partners.issue("shop", &["shop.example"]);
    let stolen = partners.issue("stolen", &["stolen.example"]);
    let foreign = others.issue("shop", &["shop.example"]);
    put(&folder.path().join("partners.crl"), &partners.revoke(&[]));
    let [good, bad, strange] = [("good", &shop), ("bad", &stolen), ("strange", &foreign)]
        .map(|(name, issued)| files(folder.path(), name, issued));
    let auth = "client_auth: { mode: optional, ca: partners.pem, crl: partners.crl }";
    let gateway = start(folder, &backend.url(), auth);
    let url = |path: &str| format!("{}{path}", gateway.https("public"));
    let by = |pair: &[String], path: &str| {
        let url = url(path);
        let mut args: Vec<&str> = pair.iter().map(String::as_str).collect();
        args.extend(["-H", "X-Partner: admin", "-H", "X_Print: 00", "-H", "X-Client-Cert: admin", &url]);
        curl(&args)
    };

    assert_eq!(by(&good, "/open/x").status, 200);
    let seen = backend.seen().pop().expect("a request");
    assert!(seen.header("x-partner").iter().all(|subject| subject.contains("CN=shop")), "{seen:?}");
    assert_eq!(seen.header("x-names"), ["DNS:shop.example"]);
    assert_eq!(seen.header("x-print").len(), 1);
    assert_eq!(seen.header("x-print")[0].len(), 64);
    let spoofed = |name: &str| !seen.header(name).is_empty();
    assert!(!spoofed("x_print") && !spoofed("x-client-cert"), "{seen:?}");

    // Without one: the open route serves, and nothing is told; the other refuses.
    assert_eq!(by(&[], "/open/x").status, 200);
    let seen = backend.seen().pop().expect("a request");
    assert!(seen.header("x-partner").is_empty() && seen.header("x-print").is_empty(), "{seen:?}");
    let refused = by(&[], "/partners/x");
    assert_eq!(refused.status, 403);
    assert!(refused.body.contains("client certificate"), "{refused:?}");
    assert_eq!(by(&good, "/partners/x").status, 200);
    assert_eq!(by(&bad, "/partners/x").status, 200, "not revoked yet");

    let fails = |pair: &[String]| {
        let output = Command::new("curl").args(["-sk", "--max-time", "60"]).args(pair).arg(url("/open/x")).output();
        !output.expect("curl is installed by tests/run").status.success()
    };
    assert!(fails(&strange), "of another authority, under the same name");
    until("why, in the log", || {
        let log = gateway.stderr();
        log.lines().any(|line| line.contains("a TLS handshake failed") && line.contains("UnknownIssuer"))
    });
    put(&gateway.folder.path().join("partners.crl"), &partners.revoke(&[&stolen]));
    until("the revocation", || fails(&bad));
    assert_eq!(by(&good, "/partners/x").status, 200);
    let page = curl(&[&format!("http://{}/metrics", gateway.address("metrics"))]).body;
    assert!(page.contains("tollgate_tls_handshakes_total{listener=\"public\",result=\"failed\""), "counted");
    assert!(page.contains("{result=\"certificate_missing\",route=\"/partners/**\"} 1"), "{page}");
}

#[test]
fn where_a_certificate_is_required_there_is_no_handshake_without() {
    let servers = Authority::new("servers");
    let partners = Authority::new("partners");
    let folder = Folder::new("required");
    servers.issue("localhost", &["localhost"]).write(folder.path());
    put(&folder.path().join("partners.pem"), &partners.pem());
    let pair = files(folder.path(), "shop", &partners.issue("shop", &["shop.example"]));
    let gateway = start(folder, "builtin:echo", "client_auth: { mode: required, ca: partners.pem }");
    let url = format!("{}/open/x", gateway.https("public"));
    let args: Vec<&str> = pair.iter().map(String::as_str).chain([url.as_str()]).collect();
    assert_eq!(curl(&args).status, 200);
    let output = Command::new("curl").args(["-sk", "--max-time", "60", &url]).output();
    assert!(!output.expect("curl is installed by tests/run").status.success());
}

/// One request on a new connection; whether its session was resumed.
fn ask(config: &Arc<ClientConfig>, address: SocketAddr) -> HandshakeKind {
    let stream = TcpStream::connect(address).expect("the door is open");
    stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a deadline");
    let name = ServerName::try_from("localhost").expect("a name");
    let session = ClientConnection::new(Arc::clone(config), name).expect("a session");
    let mut stream = StreamOwned::new(session, stream);
    stream.write_all(b"GET /open/x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").expect("sent");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("an answer");
    assert!(answer.starts_with(b"HTTP/1.1 200"));
    stream.conn.handshake_kind().expect("it shook hands")
}

#[test]
fn sessions_are_resumed_at_any_gateway_that_shares_the_keys() {
    let servers = Authority::new("servers");
    let issued = servers.issue("localhost", &["localhost"]);
    let (old, new, other) = ("11".repeat(32), "22".repeat(32), "33".repeat(32));
    let gateway = |name: &str, keys: &str| {
        let folder = Folder::new(name);
        issued.write(folder.path());
        put(&folder.path().join("tickets"), keys);
        let gateway = start(folder, "builtin:echo", "ticket_keys: tickets");
        let address = gateway.address("public");
        (gateway, address)
    };
    let (one, first) = gateway("tickets-1", &old);
    let (_two, second) = gateway("tickets-2", &format!("# newest first\n{new}\n{old}\n"));
    let (_three, third) = gateway("tickets-3", &other);
    let config = servers.client(None);
    assert_eq!(ask(&config, first), HandshakeKind::Full);
    assert_eq!(ask(&config, first), HandshakeKind::Resumed, "by any worker");
    assert_eq!(ask(&config, second), HandshakeKind::Resumed, "by another gateway");
    assert_eq!(ask(&config, second), HandshakeKind::Resumed, "with a ticket of the new key");
    assert_eq!(ask(&config, third), HandshakeKind::Full, "not by one that shares no key");

    // A reload keeps sessions, and turns the keys.
    let config = servers.client(None);
    assert_eq!(ask(&config, second), HandshakeKind::Full);
    assert_ne!(ask(&config, first), HandshakeKind::Resumed, "the first does not know the new key yet");
    put(&one.folder.path().join("tickets"), &format!("{new}\n{old}\n"));
    until("the new key", || {
        let config = servers.client(None);
        ask(&config, second);
        ask(&config, first) == HandshakeKind::Resumed
    });
}
