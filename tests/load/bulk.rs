//! Bodies far larger than anything may be held of them, in both directions, and with one
//! side that does not take what the other one sends.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use crate::process::resident;
use crate::support::buffers;
use crate::support::gateway::Gateway;
use crate::support::yaml::standard;

const GIBIBYTE: u64 = 1 << 30;
const PIECE: usize = 256 * 1024;
/// By how much the gateway may grow.
const MOST_GROWTH: u64 = 16 << 20;
/// What the gateway may have of one upload that its backend does not take.
const MOST_KEPT: usize = 8 << 20;
/// How long nothing moves where one side has stopped.
const STALL: Duration = Duration::from_millis(1500);

/// A backend that takes a body of one length, then gives one of the other.
fn giant(takes: u64, gives: u64) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for mut socket in listener.incoming().flatten() {
            std::thread::spawn(move || {
                let mut buffer = vec![0; PIECE];
                let mut taken = u64::try_from(after_head(&mut socket)).expect("small");
                while taken < takes {
                    match socket.read(&mut buffer) {
                        Ok(count @ 1..) => taken += count as u64,
                        _ => return,
                    }
                }
                give(&mut socket, gives);
            });
        }
    });
    address
}

/// Reads a head; how many bytes of a body came with it.
fn after_head(socket: &mut TcpStream) -> usize {
    let (mut seen, mut buffer) = (Vec::new(), vec![0; 4096]);
    loop {
        let count = socket.read(&mut buffer).expect("a head");
        assert!(count > 0, "no head");
        seen.extend_from_slice(&buffer[..count]);
        if let Some(end) = seen.windows(4).position(|four| four == b"\r\n\r\n") {
            return seen.len() - end - 4;
        }
    }
}

/// Answers with a body of that length, as far as it is taken.
fn give(socket: &mut TcpStream, length: u64) {
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n");
    let piece = vec![b'y'; PIECE];
    let mut left = if socket.write_all(head.as_bytes()).is_ok() { length } else { 0 };
    while left > 0 && socket.write_all(&piece[..PIECE.min(left as usize)]).is_ok() {
        left = left.saturating_sub(PIECE as u64);
    }
}

fn begin(gateway: &Gateway, length: u64) -> TcpStream {
    let mut socket = TcpStream::connect(gateway.address("clear")).expect("a connection");
    let head = format!("POST /open/x HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n");
    socket.write_all(head.as_bytes()).expect("written");
    socket
}

fn unlimited(backend: SocketAddr) -> String {
    standard(&format!("http://{backend}"))
        .replace("access: public }", "access: public, max_body: 2GiB }")
        .replace("address: \"127.0.0.1:0\" }\n", "address: \"127.0.0.1:0\", limits: { body: 10m } }\n")
        .replace("store:", "runtime: { workers: 2 }\nstore:")
}

#[test]
fn a_gibibyte_each_way_at_bounded_memory() {
    let gateway = Gateway::start("bulk", &unlimited(giant(GIBIBYTE, GIBIBYTE)));
    let before = resident(gateway.pid());
    let mut most = before;
    let mut socket = begin(&gateway, GIBIBYTE);
    let mut buffer = vec![b'x'; PIECE];
    for _ in 0..GIBIBYTE / PIECE as u64 {
        socket.write_all(&buffer).expect("written");
        most = most.max(resident(gateway.pid()));
    }
    let mut got = 0;
    while let Ok(count @ 1..) = socket.read(&mut buffer) {
        got += count as u64;
        most = most.max(resident(gateway.pid()));
    }
    println!("1 GiB up and down: at most {} KiB more resident than before", (most - before) / 1024);
    assert!(got > GIBIBYTE, "{got} bytes came back");
    assert!(most - before < MOST_GROWTH, "{} MiB more than before", (most - before) >> 20);
}

#[test]
fn a_side_that_takes_nothing_holds_the_other_back() {
    let gateway = Gateway::start("stalled", &unlimited(giant(0, GIBIBYTE)));
    let before = resident(gateway.pid());
    // Sixteen callers whose answers nobody reads, sixteen whose backend reads nothing.
    let deaf = TcpListener::bind("127.0.0.1:0").expect("a port");
    let stopped = Gateway::start("deaf", &unlimited(deaf.local_addr().expect("an address")));
    let before_stopped = resident(stopped.pid());
    let callers: Vec<_> = (0..16).map(|_| begin(&gateway, 0)).collect();
    let senders: Vec<_> = (0..16).map(|_| begin(&stopped, GIBIBYTE)).collect();
    let piece = vec![b'x'; PIECE];
    for sender in &senders {
        sender.set_nonblocking(true).expect("an option");
    }
    let (mut sent, mut moved) = (0_usize, Instant::now());
    while moved.elapsed() < STALL {
        for mut sender in &senders {
            if let Ok(count) = sender.write(&piece) {
                sent += count;
                moved = Instant::now();
            }
        }
        std::thread::park_timeout(Duration::from_millis(1));
    }
    let grown =
        [resident(gateway.pid()).saturating_sub(before), resident(stopped.pid()).saturating_sub(before_stopped)];
    println!(
        "16 stalled downloads: {} KiB, 16 stalled uploads: {} KiB more resident",
        grown[0] / 1024,
        grown[1] / 1024
    );
    assert!(sent < 16 * (MOST_KEPT + buffers::of_two_connections()), "{sent} bytes went somewhere");
    assert!(grown.iter().all(|grown| *grown < MOST_GROWTH), "{grown:?}");
    drop((callers, deaf));
}
