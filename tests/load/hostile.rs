//! Callers who ask for much and take nothing of it: what one connection can make the
//! gateway hold, and that many of them cost so many times that and no more.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::process::resident;
use crate::support::gateway::Gateway;
use crate::support::h2::{DATA, END_HEADERS, END_STREAM, HEADERS, Said, WINDOW_UPDATE, Wire, block, frame};
use crate::support::yaml::standard;

/// When nothing has moved for so long, nothing will.
const STALL: Duration = Duration::from_millis(1500);
const LARGEST_WINDOW: u32 = (1 << 31) - 1;

/// A backend that answers without end, and how many bytes it got rid of.
fn endless() -> (SocketAddr, Arc<AtomicU64>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let (address, given) = (listener.local_addr().expect("an address"), Arc::<AtomicU64>::default());
    let count = Arc::clone(&given);
    std::thread::spawn(move || {
        for mut socket in listener.incoming().flatten() {
            let count = Arc::clone(&count);
            let life = move || {
                let mut buffer = vec![b'x'; 256 * 1024];
                let _ = socket.read(&mut buffer[..4096]);
                let _ = socket.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000000000\r\n\r\n");
                buffer.fill(b'x');
                while let Ok(given) = socket.write(&buffer) {
                    count.fetch_add(given as u64, Ordering::SeqCst);
                }
            };
            std::thread::Builder::new().stack_size(64 * 1024).spawn(life).expect("a thread");
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
        std::thread::yield_now();
    }
}

/// A connection whose answers may come without bound, and are not read.
fn deaf(gateway: &Gateway, streams: u32) -> Wire {
    let mut wire = Wire::greeted(gateway.address("public"), &[(4, LARGEST_WINDOW)]);
    wire.send(&frame(WINDOW_UPDATE, 0, 0, (LARGEST_WINDOW - 65_535).to_be_bytes()));
    let ask = block(&[(":method", "GET"), (":scheme", "https"), (":path", "/open/x"), (":authority", "localhost")]);
    for n in 0..streams {
        wire.send(&frame(HEADERS, END_HEADERS | END_STREAM, 2 * n + 1, &ask));
    }
    wire
}

#[test]
fn answers_that_nobody_reads_are_held_within_the_ceiling() {
    let (backend, given) = endless();
    let gateway = Gateway::start("hostile", &standard(&format!("http://{backend}")));
    let before = resident(gateway.pid());
    let one = deaf(&gateway, 100);
    settled(&given);
    let grown = resident(gateway.pid()).saturating_sub(before);
    println!("one connection, 100 answers unread: {} KiB more resident", grown / 1024);
    drop(one);
}

#[test]
fn bodies_in_crumbs_that_nobody_takes() {
    let deaf = TcpListener::bind("127.0.0.1:0").expect("a port");
    let backend = deaf.local_addr().expect("an address");
    let gateway = Gateway::start("crumbs", &taken(&standard(&format!("http://{backend}"))));
    let mut first = std::net::TcpStream::connect(gateway.address("clear")).expect("a connection");
    first.write_all(b"GET /open/x HTTP/1.1\r\nhost: a\r\n\r\n").expect("written");
    let _held = deaf.accept().expect("the only connection");
    let before = resident(gateway.pid());
    let mut wire = Wire::greeted(gateway.address("public"), &[]);
    let ask = block(&[(":method", "POST"), (":scheme", "https"), (":path", "/open/x"), (":authority", "localhost")]);
    let mut most = 0;
    'all: for stream in (1..9).step_by(2) {
        wire.send(&frame(HEADERS, END_HEADERS, stream, &ask));
        for _ in 0..64 {
            let crumbs: Vec<u8> = (0..4000).flat_map(|_| frame(DATA, 0, stream, [b'x'])).collect();
            if !wire.send(&crumbs) {
                break 'all;
            }
            most = most.max(resident(gateway.pid()).saturating_sub(before));
        }
    }
    settled(&AtomicU64::default());
    println!("crumbs: {} KiB more resident", most.max(resident(gateway.pid()).saturating_sub(before)) / 1024);
    let page = crate::support::http::raw(gateway.address("metrics"), b"GET /metrics HTTP/1.1\r\nhost: m\r\nconnection: close\r\n\r\n");
    for line in page.lines().filter(|l| (l.contains("http2_ended") || l.contains("http2_connections") || l.contains("requests_total") || l.contains("pending")) && !l.starts_with('#')) { println!("{line}"); }
    println!("{}", gateway.stderr());
    loop { match wire.hear() { Said::Closed | Said::Nothing => break, other => println!("{other:?}") } }
}

/// The only connection to the backend is somebody else's, so bodies are not read.
fn taken(yaml: &str) -> String {
    yaml.replace("\"] }\nroutes", "\"], limits: { connections: 1, pending: 1000 }, timeouts: { connect: 1m } }\nroutes")
}
