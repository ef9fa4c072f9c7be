//! Ten thousand callers over TLS who have asked once and then say nothing: what each of
//! them costs, and that the gateway still serves.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};

use crate::process::{most_files, resident};
use crate::support::gateway::Gateway;
use crate::support::http::curl;
use crate::support::tls::trusting;
use crate::support::yaml::standard;

/// How many, where the system lets this process and the gateway have so many files each.
const CROWD: u64 = 10_000;
/// Files of a process that are not for callers.
const RESERVE: u64 = 512;
/// Bytes of the gateway that one idle connection may cost.
const MOST_EACH: u64 = 40 * 1024;

type Tls = StreamOwned<ClientConnection, TcpStream>;

/// One exchange over a connection of its own, which stays open.
fn caller(gateway: &Gateway, config: &Arc<ClientConfig>) -> Tls {
    let name = ServerName::try_from("localhost").expect("a name");
    let tls = ClientConnection::new(Arc::clone(config), name).expect("a session");
    let mut tls = StreamOwned::new(tls, TcpStream::connect(gateway.address("public")).expect("a connection"));
    tls.write_all(b"GET /open/x HTTP/1.1\r\nhost: localhost\r\n\r\n").expect("written");
    let (mut seen, mut buffer) = (Vec::new(), [0; 4096]);
    while !seen.windows(4).any(|four| four == b"\r\n\r\n") {
        let count = tls.read(&mut buffer).expect("an answer");
        assert!(count > 0, "closed");
        seen.extend_from_slice(&buffer[..count]);
    }
    assert!(seen.starts_with(b"HTTP/1.1 200 "), "{}", String::from_utf8_lossy(&seen));
    tls
}

#[test]
fn ten_thousand_idle_callers_over_tls() {
    let crowd = CROWD.min(most_files() - RESERVE);
    let wide = "address: \"127.0.0.1:0\", limits: { connections: 20000, idle: 10m }, tls: self-signed";
    let yaml = standard("builtin:echo")
        .replace("address: \"127.0.0.1:0\", tls: self-signed", wide)
        .replace("store:", "runtime: { workers: 2 }\nstore:");
    let gateway = Gateway::start("crowd", &yaml);
    let mut config = trusting(&[]);
    config.resumption = rustls::client::Resumption::disabled();
    let config = Arc::new(config);
    let warm: Vec<_> = (0..20).map(|_| caller(&gateway, &config)).collect();
    let before = resident(gateway.pid());
    let callers: Vec<_> = (0..crowd).map(|_| caller(&gateway, &config)).collect();
    let each = (resident(gateway.pid()) - before) / crowd;
    println!("{crowd} idle TLS connections: {each} bytes each");
    assert!(each <= MOST_EACH, "{each} bytes for each of {crowd} idle connections");
    assert_eq!(curl(&["--http1.1", &format!("{}/open/y", gateway.https("public"))]).status, 200);
    drop((warm, callers));
}
