//! Bytes between the socket and the parser: first those that may pass and did not fit
//! yet, then those of a head whose end has not come. Empty, and without memory of its
//! own, as long as heads arrive whole.

use tokio::io::ReadBuf;

/// Capacity that is kept for the next partial head; more is given back.
const KEPT_CAPACITY: usize = 4 * 1024;

/// A buffer with a cleared front. Bounded by its user: the head limit plus one read.
#[derive(Debug, Default)]
pub struct Held {
    bytes: Vec<u8>,
    cleared: usize,
    /// Cleared bytes that are already gone.
    delivered: usize,
}

impl Held {
    /// Whether nothing is held.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Everything held. Called only while nothing is cleared.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Adds bytes that may not pass yet.
    pub fn hold(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Lets the first `count` bytes pass.
    pub fn clear(&mut self, count: usize) {
        self.cleared = count;
    }

    /// Forgets what was not cleared.
    pub fn keep_cleared(&mut self) {
        self.bytes.truncate(self.cleared);
    }

    /// Forgets everything.
    pub fn discard(&mut self) {
        *self = Held::default();
    }

    /// Adds bytes that may pass, behind the cleared ones, after `keep_cleared`.
    pub fn append_cleared(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        self.cleared = self.bytes.len();
    }

    /// Moves cleared bytes to `buf`, as many as fit; `false`: there were none.
    pub fn deliver(&mut self, buf: &mut ReadBuf<'_>) -> bool {
        let ready = &self.bytes[self.delivered..self.cleared];
        if ready.is_empty() {
            return false;
        }
        let here = ready.len().min(buf.remaining());
        buf.put_slice(&ready[..here]);
        self.delivered += here;
        if self.delivered == self.cleared {
            self.bytes.drain(..self.cleared);
            self.bytes.shrink_to(KEPT_CAPACITY);
            self.cleared = 0;
            self.delivered = 0;
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::ReadBuf;

    use super::Held;

    #[test]
    fn only_the_cleared_front_passes_in_pieces_of_any_size() {
        let mut held = Held::default();
        held.hold(b"abcdef");
        held.clear(4);
        let mut out = Vec::new();
        loop {
            let mut space = [0; 3];
            let mut buf = ReadBuf::new(&mut space);
            if !held.deliver(&mut buf) {
                break;
            }
            out.extend_from_slice(buf.filled());
        }
        assert_eq!(out, b"abcd");
        assert_eq!(held.bytes(), b"ef");
    }

    #[test]
    fn a_substitute_follows_what_was_cleared() {
        let mut held = Held::default();
        held.hold(b"good-bad");
        held.clear(5);
        held.keep_cleared();
        held.append_cleared(b"SUB");
        let mut space = [0; 32];
        let mut buf = ReadBuf::new(&mut space);
        assert!(held.deliver(&mut buf));
        assert_eq!(buf.filled(), b"good-SUB");
        assert!(held.is_empty());
    }
}
