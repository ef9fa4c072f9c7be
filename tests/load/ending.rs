//! TERM in the middle of work: whoever had sent a request gets his answer, whole, and
//! nobody new is let in.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::time::Duration;

use crate::support::backend::Backend;
use crate::support::gateway::Gateway;
use crate::support::yaml::standard;

const CALLERS: usize = 24;
/// Exchanges of each caller before the signal.
const BEFORE: usize = 50;

/// How one caller fared.
#[derive(Default)]
struct Tally {
    answered: AtomicUsize,
    failed: AtomicUsize,
    late: AtomicUsize,
}

/// Asks over and over, on a new connection whenever the last one was ended properly,
/// until nobody lets him in any more.
fn ask(address: SocketAddr, tally: &Tally, begun: &Barrier, told: &AtomicBool) {
    let mut asked = 0;
    while let Ok(mut socket) = TcpStream::connect(address) {
        socket.set_read_timeout(Some(Duration::from_secs(20))).expect("a deadline");
        for exchanges in 0.. {
            if asked == BEFORE {
                begun.wait();
            }
            asked += 1;
            match exchange(&mut socket) {
                Some(last) => {
                    tally.answered.fetch_add(1, Ordering::SeqCst);
                    if last {
                        break;
                    }
                }
                None => {
                    // A connection that the kernel completed in the instant between the last
                    // look at the queue and the closing of the door was promised nothing.
                    let late = exchanges == 0 && told.load(Ordering::SeqCst);
                    let count = if late { &tally.late } else { &tally.failed };
                    count.fetch_add(1, Ordering::SeqCst);
                    return;
                }
            }
        }
    }
}

/// One exchange: whether it was the connection's last; `None`: it failed.
fn exchange(socket: &mut TcpStream) -> Option<bool> {
    socket.write_all(b"GET /open/x HTTP/1.1\r\nhost: a\r\n\r\n").ok()?;
    let (mut seen, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        match socket.read(&mut buffer) {
            Ok(count @ 1..) => seen.extend_from_slice(&buffer[..count]),
            _ => return None,
        }
        if seen.ends_with(b"\r\n\r\nok") {
            let head = String::from_utf8_lossy(&seen).to_ascii_lowercase();
            assert!(head.starts_with("http/1.1 200 "), "{head}");
            return Some(head.contains("\r\nconnection: close\r\n"));
        }
    }
}

#[test]
fn term_under_load_fails_no_request() {
    let backend = Backend::ok();
    let gateway = Gateway::start("ending", &standard(&backend.url()));
    let address = gateway.address("clear");
    let (tally, begun, told) = (Arc::new(Tally::default()), Arc::new(Barrier::new(CALLERS + 1)), Arc::default());
    let callers: Vec<_> = (0..CALLERS)
        .map(|_| {
            let (tally, begun, told) = (Arc::clone(&tally), Arc::clone(&begun), Arc::<AtomicBool>::clone(&told));
            std::thread::spawn(move || ask(address, &tally, &begun, &told))
        })
        .collect();
    begun.wait();
    told.store(true, Ordering::SeqCst);
    let (code, _folder) = gateway.stop();
    for caller in callers {
        caller.join().expect("no caller panics");
    }
    let (answered, failed) = (tally.answered.load(Ordering::SeqCst), tally.failed.load(Ordering::SeqCst));
    println!("{answered} answered, {failed} failed, {} came too late", tally.late.load(Ordering::SeqCst));
    assert_eq!((code, failed), (Some(0), 0));
    assert!(answered >= CALLERS * BEFORE, "{answered}");
}
