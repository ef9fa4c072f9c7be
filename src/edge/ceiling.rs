//! What one caller's connection can make the gateway hold at most, as a sum of the bounds
//! that hold each part. The table of `deploy/docs/running.md` is made of it, and a test
//! measures hostile callers against it. Memory of the kernel's (socket buffers) is not in
//! it. Must never: name a number that is not a bound somewhere.

use crate::edge::body::room;
use crate::edge::body::stall::{IN_HAND, LEAST_SHARE};
use crate::edge::http2::engine::FIRST_WINDOW;
use crate::edge::http2::outgoing::FULL;
use crate::edge::http2::sending::GROWTH;
use crate::edge::upstream::http2::session::STREAM_WINDOW as UPSTREAM_WINDOW;
use crate::edge::websocket::direction::PIECE;
use crate::snapshot::DoorLimits;

/// A TLS session: its keys, one record on its way in, and the records that wait for a
/// socket (64 KiB by the library's own bound).
pub const TLS: usize = 96 * 1024;

/// What a connection, a stream or an exchange is besides the bytes that it carries.
const LIFE: usize = 16 * 1024;

/// A header line as an entry of a map, beside its bytes.
const LINE: usize = 128;

/// A head: as it came, and as it was written anew.
fn heads(limits: &DoorLimits) -> usize {
    2 * limits.header_bytes + 2 * limits.header_count * LINE
}

/// A connection that speaks HTTP/1.1: one exchange, of whose two bodies each side may have
/// a whole read in hand, and the backend's library what its window lets in.
pub fn http1(limits: &DoorLimits) -> usize {
    TLS + LIFE + heads(limits) + 3 * room::SIZE + UPSTREAM_WINDOW as usize
}

/// A connection that speaks HTTP/2: every stream with a head of its own, all of them with
/// what they share.
pub fn http2(limits: &DoorLimits) -> usize {
    let streams = limits.streams as usize;
    let answers = IN_HAND.max(streams * LEAST_SHARE) + 2 * FULL + streams * UPSTREAM_WINDOW as usize;
    // Those that were given more have as much again on its way to their backends.
    let uploads = streams * FIRST_WINDOW as usize + 2 * GROWTH as usize;
    TLS + LIFE + streams * (LIFE + heads(limits)) + answers + uploads
}

/// A connection that has become a WebSocket: a piece for each direction.
pub fn websocket() -> usize {
    TLS + LIFE + 2 * PIECE
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{http1, http2, websocket};
    use crate::snapshot::{DoorLimits, PerAddress};

    /// What the file means where it says nothing.
    fn defaults() -> DoorLimits {
        DoorLimits {
            connections: 10_000,
            handshakes: 1_000,
            per_address: PerAddress::default(),
            header_bytes: 32 * 1024,
            header_count: 100,
            handshake_timeout: Duration::ZERO,
            header_timeout: Duration::ZERO,
            idle_timeout: Duration::ZERO,
            body_timeout: Duration::ZERO,
            body_rate: 240,
            streams: 128,
        }
    }

    #[test]
    fn the_page_says_the_same() {
        let page = include_str!("../../deploy/docs/running.md");
        let of = |what: &str, bytes: usize| {
            let row = format!("| {what} | {} KiB |", bytes.div_ceil(1024));
            assert!(page.contains(&row), "deploy/docs/running.md lacks: {row}");
        };
        of("HTTP/1.1, an exchange under way", http1(&defaults()));
        of("HTTP/2, all streams under way", http2(&defaults()));
        of("WebSocket", websocket());
    }

    #[test]
    fn it_grows_with_the_bounds_that_an_operator_sets() {
        let limits = defaults();
        assert!(http2(&DoorLimits { streams: 16, ..limits.clone() }) < http2(&limits) / 2);
        assert!(http1(&DoorLimits { header_bytes: 64 * 1024, ..limits.clone() }) > http1(&limits));
    }
}
