//! Callers who ask for much and take nothing of it: what one connection can make the
//! gateway hold, and that many of them cost so many times that and no more. What they may
//! cost is the table of `deploy/docs/running.md`, which is made of the bounds.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::process::resident;
use crate::support::gateway::Gateway;
use crate::support::h2::{DATA, END_HEADERS, END_STREAM, HEADERS, Said, WINDOW_UPDATE, Wire, block, frame};
use crate::support::http::{series, until};
use crate::support::yaml::standard;

/// When nothing has moved for so long, nothing will.
const STALL: Duration = Duration::from_millis(1500);
const LARGEST_WINDOW: u32 = (1 << 31) - 1;
/// Streams of each hostile connection; the gateway allows 128.
const STREAMS: u32 = 100;
/// Bytes that the backend gets rid of for each of them at least.
const ENOUGH: u64 = 7 << 20;
/// What the process needs besides, whatever its callers do.
const OTHERS: u64 = 2 << 20;

/// What the page says that a connection may cost.
pub fn ceiling(row: &str) -> u64 {
    let page = include_str!("../../deploy/docs/running.md");
    let row = page.lines().find_map(|line| line.strip_prefix(&format!("| {row} | "))).expect("a row of the table");
    row.split(' ').next().and_then(|number| number.parse::<u64>().ok()).expect("a number of KiB") * 1024
}

/// A backend that answers without end, and how many bytes it got rid of.
fn endless() -> (SocketAddr, Arc<AtomicU64>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let (address, given) = (listener.local_addr().expect("an address"), Arc::<AtomicU64>::default());
    let count = Arc::clone(&given);
    std::thread::spawn(move || {
        for mut socket in listener.incoming().flatten() {
            let count = Arc::clone(&count);
            let life = move || {
                let mut buffer = [b'x'; 16 * 1024];
                let _ = socket.read(&mut buffer);
                let _ = socket.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000000000\r\n\r\n");
                while let Ok(given) = socket.write(&buffer) {
                    count.fetch_add(given as u64, Ordering::SeqCst);
                }
            };
            std::thread::Builder::new().stack_size(128 * 1024).spawn(life).expect("a thread");
        }
    });
    (address, given)
}

/// Waits until the backend gets rid of nothing more.
fn settled(given: &AtomicU64) {
    let (mut seen, mut moved) = (given.load(Ordering::SeqCst), Instant::now());
    while moved.elapsed() < STALL {
        let now = given.load(Ordering::SeqCst);
        if now != seen {
            (seen, moved) = (now, Instant::now());
        }
        std::thread::park_timeout(Duration::from_millis(1));
    }
}

/// A gateway with room for many connections to that backend, whose one upstream has `more`.
fn before(name: &str, backend: SocketAddr, more: &str) -> Gateway {
    let upstream = format!("\"http://{backend}\"], pool: {{ max_connections: 2000 }}{more} }}\nroutes");
    // Nothing is given up, however long it takes to measure it.
    let yaml = standard("SERVER")
        .replace("\"SERVER\"] }\nroutes", &upstream)
        .replace("address: \"127.0.0.1:0\" }\n", "address: \"127.0.0.1:0\", limits: { body: 10m } }\n")
        .replace("tls: self-signed }", "tls: self-signed, limits: { body: 10m } }");
    // What it holds depends on how many workers there are, and so on the machine.
    Gateway::start(name, &yaml.replace("store:", "runtime: { workers: 2 }\nstore:"))
}

fn in_flight(gateway: &Gateway) -> u64 {
    series(gateway.address("metrics"), "tollgate_requests_in_flight{listener=\"public\"}")
}

fn head(method: &str, more: &[(&str, &str)]) -> Vec<u8> {
    let own = [(":method", method), (":scheme", "https"), (":path", "/open/x"), (":authority", "localhost")];
    [block(&own), block(more)].concat()
}

/// A connection whose answers may come without bound, and are not read.
fn deaf(gateway: &Gateway) -> Wire {
    let mut wire = Wire::greeted(gateway.address("public"), &[(4, LARGEST_WINDOW)]);
    wire.send(&frame(WINDOW_UPDATE, 0, 0, (LARGEST_WINDOW - 65_535).to_be_bytes()));
    for n in 0..STREAMS {
        wire.send(&frame(HEADERS, END_HEADERS | END_STREAM, 2 * n + 1, head("GET", &[])));
    }
    wire
}

/// Has connections made, and measures what each of `count` more costs.
fn cost(gateway: &Gateway, what: &str, count: u64, mut make: impl FnMut(u64) -> Wire) -> u64 {
    let warm = make(1);
    let start = resident(gateway.pid());
    let all: Vec<Wire> = (2..count + 2).map(&mut make).collect();
    let each = resident(gateway.pid()).saturating_sub(start) / count;
    println!("{what}: {} KiB each for {count} connections", each / 1024);
    drop((warm, all));
    each
}

#[test]
fn answers_that_nobody_reads_are_held_within_the_ceiling() {
    let (backend, given) = endless();
    let gateway = before("hostile", backend, "");
    let each = cost(&gateway, "100 answers unread", 8, |number| {
        let wire = deaf(&gateway);
        until("all are under way", || in_flight(&gateway) == number * u64::from(STREAMS));
        until("answers come", || given.load(Ordering::SeqCst) > number * ENOUGH);
        settled(&given);
        wire
    });
    assert!(each < ceiling("HTTP/2, all streams under way") + OTHERS / 8, "{each} bytes for each connection");
}

/// A gateway whose only connection to its backend is somebody else's, so that heads and
/// bodies wait in the gateway.
fn occupied(name: &str) -> (Gateway, TcpListener, TcpStream) {
    let deaf = TcpListener::bind("127.0.0.1:0").expect("a port");
    let more = ", limits: { connections: 1, pending: 100000 }, timeouts: { connect: 10m }";
    let gateway = before(name, deaf.local_addr().expect("an address"), more);
    let mut first = TcpStream::connect(gateway.address("clear")).expect("a connection");
    first.write_all(b"GET /open/x HTTP/1.1\r\nhost: a\r\n\r\n").expect("written");
    let (held, _) = deaf.accept().expect("the only connection");
    drop(held.set_nonblocking(true));
    (gateway, deaf, first)
}

#[test]
fn heads_of_the_largest_size_are_held_within_the_ceiling() {
    let (gateway, _deaf, _first) = occupied("heads");
    let line = "v".repeat(400);
    let names: Vec<String> = (0..70).map(|n| format!("x-large-{n}")).collect();
    let more: Vec<(&str, &str)> = names.iter().map(|name| (&**name, &*line)).collect();
    let block = head("POST", &more);
    let each = cost(&gateway, "100 heads of 30 KiB", 4, |number| {
        let mut wire = Wire::greeted(gateway.address("public"), &[]);
        for n in 0..STREAMS {
            let (first, rest) = block.split_at(16_000);
            wire.send(&frame(HEADERS, 0, 2 * n + 1, first));
            wire.send(&frame(9, 0, 2 * n + 1, &rest[..rest.len() / 2]));
            wire.send(&frame(9, END_HEADERS, 2 * n + 1, &rest[rest.len() / 2..]));
        }
        until("all are under way", || in_flight(&gateway) == number * u64::from(STREAMS));
        wire
    });
    assert!(each > u64::from(STREAMS) * 28 * 1024, "{each} bytes: the heads are not there");
    assert!(each < ceiling("HTTP/2, all streams under way") + OTHERS / 4, "{each} bytes for each connection");
}

#[test]
fn bodies_in_crumbs_that_nobody_takes_end_their_connection() {
    let (gateway, _deaf, _first) = occupied("crumbs");
    let start = resident(gateway.pid());
    let mut wire = Wire::greeted(gateway.address("public"), &[]);
    wire.send(&frame(HEADERS, END_HEADERS, 1, head("POST", &[])));
    let crumbs: Vec<u8> = (0..1000).flat_map(|_| frame(DATA, 0, 1, [b'x'])).collect();
    // As many as the stream's window has room for.
    let sent = (0..250).take_while(|_| wire.send(&crumbs)).count();
    let grown = resident(gateway.pid()).saturating_sub(start);
    while !matches!(wire.hear(), Said::Closed | Said::Goaway { .. } | Said::Nothing) {}
    let ended = "tollgate_http2_connections_ended_total{listener=\"public\",reason=\"enhance_your_calm\"}";
    until("the end is counted", || series(gateway.address("metrics"), ended) == 1);
    println!("{sent} thousand crumbs: {} KiB more resident", grown / 1024);
    assert!(grown < ceiling("HTTP/2, all streams under way") + OTHERS, "{grown} bytes");
}

#[test]
fn answers_over_http1_are_held_within_the_ceiling() {
    const CALLERS: u64 = 64;
    let (backend, given) = endless();
    let gateway = before("hostile-1", backend, "");
    let start = resident(gateway.pid());
    let callers: Vec<_> = (0..CALLERS)
        .map(|_| {
            let mut caller = TcpStream::connect(gateway.address("clear")).expect("a connection");
            caller.write_all(b"GET /open/x HTTP/1.1\r\nhost: a\r\n\r\n").expect("written");
            caller
        })
        .collect();
    until("answers come", || given.load(Ordering::SeqCst) > CALLERS * (128 << 10));
    settled(&given);
    let each = resident(gateway.pid()).saturating_sub(start) / CALLERS;
    println!("an answer unread over HTTP/1.1: {} KiB each for {CALLERS} connections", each / 1024);
    assert!(each < ceiling("HTTP/1.1, an exchange under way"), "{each} bytes for each connection");
    drop(callers);
}
