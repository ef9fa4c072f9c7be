//! Addresses at which nobody listens, or not yet. A port that the kernel gave and that is
//! free again may be the next one it gives, to any test beside; these lie below the range
//! it gives from.

use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicU16, Ordering};

/// The first port that may be taken.
const FIRST: u16 = 11_000;
/// Where the kernel's range begins, unless it says otherwise.
const USUAL: u16 = 32_768;

/// An address of this machine that is the caller's own: no other call in this process gives
/// it, and the kernel gives it to nobody who asks for any.
pub fn own() -> SocketAddr {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let range = std::fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").unwrap_or_default();
    let end = range.split_whitespace().next().and_then(|low| low.parse().ok()).unwrap_or(USUAL);
    // A kernel that gives nearly all ports leaves none to choose from.
    let end = if end > FIRST + 1_000 { end } else { u16::MAX };
    let size = u32::from(end - FIRST);
    // Other processes begin elsewhere.
    let begin = std::process::id().wrapping_mul(101) % size;
    loop {
        let step = u32::from(NEXT.fetch_add(1, Ordering::Relaxed));
        let port = FIRST + u16::try_from((begin + step) % size).expect("within the range");
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        if TcpListener::bind(address).is_ok() {
            return address;
        }
    }
}
