//! Ten thousand callers over TLS who have asked once and then say nothing: what each of
//! them costs, and that the gateway still serves.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};

use crate::process::resident;
use crate::support::files;
use crate::support::gateway::Gateway;
use crate::support::h2::{ACK, END_HEADERS, END_STREAM, HEADERS, PING, Said, Wire, block, field, frame};
use crate::support::http::{curl, series};
use crate::support::tls::trusting;
use crate::support::yaml::standard;

/// How many, where the system lets this process and the gateway have so many files each.
const CROWD: u64 = 10_000;
/// How long those who are there may be left alone: less than HTTP/2 waits for a word.
const LOOK_AFTER: Duration = Duration::from_secs(8);
/// Threads that make them.
const HANDS: u64 = 16;
/// Files of a process that are not for callers.
const RESERVE: u64 = 512;
/// Bytes of the gateway that one idle connection may cost.
const MOST_EACH: u64 = 40 * 1024;

/// The same of one that speaks HTTP/2: a table of fields (4 KiB by RFC 7541 §4.1, and half
/// of it again for where they are), one place for a stream, and who is remembered.
const MOST_EACH_HTTP2: u64 = MOST_EACH + 12 * 1024;

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

/// The same over HTTP/2, with a token that joins the table of its connection.
fn caller_http2(gateway: &Gateway) -> Wire {
    let mut wire = Wire::greeted(gateway.address("public"), &[]);
    let mut token = field("authorization", &format!("Bearer {}", "t".repeat(700)));
    token[0] = 0x40;
    let own = [(":method", "GET"), (":scheme", "https"), (":path", "/open/x"), (":authority", "localhost")];
    wire.say(&frame(HEADERS, END_HEADERS | END_STREAM, 1, [block(&own), token].concat()));
    loop {
        match wire.hear() {
            Said::Head { fields, .. } => assert_eq!(fields[0].1, "200"),
            Said::Data { last: true, .. } => return wire,
            Said::Closed | Said::Nothing | Said::Goaway { .. } => panic!("no answer"),
            _ => {}
        }
    }
}

fn wide(name: &str) -> Gateway {
    let wide = "address: \"127.0.0.1:0\", limits: { connections: 20000, idle: 10m }, tls: self-signed";
    let yaml = standard("builtin:echo")
        .replace("address: \"127.0.0.1:0\", tls: self-signed", wide)
        .replace("store:", "runtime: { workers: 2 }\nstore:");
    Gateway::start(name, &yaml)
}

/// A caller who stays.
trait Idler: Send {
    /// Answers what he was asked meanwhile.
    fn stay(&mut self) {}
}

impl Idler for Tls {}

/// HTTP/2 asks a silent caller whether he is there, and drops him who does not say so.
impl Idler for Wire {
    fn stay(&mut self) {
        self.be_patient_for(Duration::from_micros(1));
        while let Said::Ping(payload) = self.hear() {
            self.say(&frame(PING, ACK, 0, payload));
        }
    }
}

/// So many callers, who come by several hands: each waits for the gateway several times.
fn crowd<T: Idler>(count: u64, make: &(impl Fn() -> T + Sync)) -> Vec<T> {
    let hand = || {
        let (mut callers, mut seen) = (Vec::new(), Instant::now());
        for _ in 0..count / HANDS {
            callers.push(make());
            if seen.elapsed() > LOOK_AFTER {
                callers.iter_mut().for_each(T::stay);
                seen = Instant::now();
            }
        }
        callers.iter_mut().for_each(T::stay);
        callers
    };
    std::thread::scope(|scope| {
        let hands: Vec<_> = (0..HANDS).map(|_| scope.spawn(hand)).collect();
        hands.into_iter().flat_map(|hand| hand.join().expect("every caller is served")).collect()
    })
}

/// One crowd at a time: together they would want more files than there are.
static TURN: Mutex<()> = Mutex::new(());

/// What each of a crowd costs who are made by `make`, and that one more is served beside them.
fn cost_of_a_crowd<T: Idler>(gateway: &Gateway, most: u64, what: &str, make: impl Fn() -> T + Sync) {
    let _turn = TURN.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let count = CROWD.min(files::most() - RESERVE);
    let warm = crowd(HANDS, &make);
    let before = resident(gateway.pid());
    let callers = crowd(count, &make);
    let each = (resident(gateway.pid()) - before) / callers.len() as u64;
    let open = series(gateway.address("metrics"), "tollgate_connections_open{listener=\"public\"}");
    assert!(open >= callers.len() as u64, "{open} of {} are still there", callers.len());
    println!("{} idle TLS connections, {what}: {each} bytes each", callers.len());
    assert!(each <= most, "{each} bytes for each of {count} idle connections, {what}");
    assert_eq!(curl(&["--http1.1", &format!("{}/open/y", gateway.https("public"))]).status, 200);
    drop((warm, callers));
}

#[test]
fn ten_thousand_idle_callers_over_tls() {
    let gateway = wide("crowd");
    let mut config = trusting(&[]);
    config.resumption = rustls::client::Resumption::disabled();
    let config = Arc::new(config);
    cost_of_a_crowd(&gateway, MOST_EACH, "HTTP/1.1", || caller(&gateway, &config));
}

#[test]
fn ten_thousand_idle_callers_over_http2() {
    let gateway = wide("crowd-2");
    cost_of_a_crowd(&gateway, MOST_EACH_HTTP2, "HTTP/2", || caller_http2(&gateway));
}
