//! Why connections come to nothing, for whoever has to find out: a line of the process's log
//! with the caller and the reason. Metrics count all of them; of lines there is one a second
//! for each listener, with the number of those that were left out since the one before, so
//! that a flood of bad connections is no flood of lines.
//! Must never: be told what a caller has sent.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::clock::UnixTime;

/// How many complaints about one listener's callers were said, and how many not.
#[derive(Debug, Default)]
pub struct Complaints {
    /// The second of the last line.
    said: AtomicU64,
    unsaid: AtomicU64,
}

impl Complaints {
    /// The number of complaints that were left out before this one, if it is its turn.
    fn turn(&self, now: UnixTime) -> Option<u64> {
        let last = self.said.load(Ordering::Relaxed);
        let mine =
            now.0 > last && self.said.compare_exchange(last, now.0, Ordering::Relaxed, Ordering::Relaxed).is_ok();
        if mine {
            return Some(self.unsaid.swap(0, Ordering::Relaxed));
        }
        self.unsaid.fetch_add(1, Ordering::Relaxed);
        None
    }

    /// A TLS handshake has failed.
    pub fn handshake(&self, now: UnixTime, listener: &str, peer: SocketAddr, why: &str) {
        if let Some(unsaid) = self.turn(now) {
            tracing::info!(listener, peer = %peer.ip(), why, unsaid, "a TLS handshake failed");
        }
    }

    /// A proxy did not say whose connection it is.
    pub fn proxy_header(&self, now: UnixTime, listener: &str, peer: SocketAddr) {
        if let Some(unsaid) = self.turn(now) {
            let why = "no PROXY header, or a broken one";
            tracing::warn!(listener, peer = %peer.ip(), why, unsaid, "a trusted proxy's connection was closed");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Complaints;
    use crate::clock::UnixTime;

    #[test]
    fn one_line_a_second_says_how_many_were_left_out() {
        let complaints = Complaints::default();
        let turns = [7, 7, 7, 8, 8, 20].map(|second| complaints.turn(UnixTime(second)));
        assert_eq!(turns, [Some(0), None, None, Some(2), None, Some(1)]);
    }
}
