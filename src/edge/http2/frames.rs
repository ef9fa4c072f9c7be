//! The frames that a caller sends, seen from outside of the HTTP/2 library: only their
//! nine-byte headers (RFC 9113 §4.1) are read, as they pass. It is how the gateway knows
//! what a connection makes it do, whatever the library makes of it.
//! Must never: change, hold or judge a byte.

/// The client's preface (RFC 9113 §3.4), which stands before the first frame.
const PREFACE: usize = 24;

/// Bytes of a frame's header.
const HEADER: usize = 9;

/// One frame's header, less its stream.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FrameHeader {
    /// What it is (RFC 9113 §6).
    pub kind: u8,
    /// What its kind makes of these.
    pub flags: u8,
    /// Bytes of payload.
    pub length: u32,
}

/// How far a caller's bytes have come.
#[derive(Clone, Debug)]
pub struct Frames {
    /// Bytes that are no header: of the preface, or of the present frame's payload.
    skip: usize,
    header: [u8; HEADER],
    have: usize,
}

impl Default for Frames {
    fn default() -> Frames {
        Frames { skip: PREFACE, header: [0; HEADER], have: 0 }
    }
}

impl Frames {
    /// Looks at bytes that pass, and tells `each` header that became whole.
    pub fn pass(&mut self, mut bytes: &[u8], mut each: impl FnMut(FrameHeader)) {
        while !bytes.is_empty() {
            if self.skip > 0 {
                let skipped = self.skip.min(bytes.len());
                self.skip -= skipped;
                bytes = &bytes[skipped..];
                continue;
            }
            let taken = (HEADER - self.have).min(bytes.len());
            self.header[self.have..self.have + taken].copy_from_slice(&bytes[..taken]);
            self.have += taken;
            bytes = &bytes[taken..];
            if self.have == HEADER {
                let [high, middle, low, kind, flags, ..] = self.header;
                let length = u32::from_be_bytes([0, high, middle, low]);
                self.have = 0;
                self.skip = length as usize;
                each(FrameHeader { kind, flags, length });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{FrameHeader, Frames};

    #[test]
    fn headers_are_found_however_the_bytes_come() {
        let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
        let ping = [&[0, 0, 8, 6, 0, 0, 0, 0, 0][..], &[7; 8]].concat();
        let settings = [0, 0, 0, 4, 1, 0, 0, 0, 0].to_vec();
        let data = [&[0, 1, 2, 0, 9, 0, 0, 0, 1][..], &[0; 258]].concat();
        let all = [preface, ping, settings, data].concat();
        for piece in [1, 2, 9, 10, 33, all.len()] {
            let (mut frames, mut seen) = (Frames::default(), Vec::new());
            all.chunks(piece).for_each(|bytes| frames.pass(bytes, |header| seen.push(header)));
            let expected = [(6, 0, 8), (4, 1, 0), (0, 9, 258)];
            let expected = expected.map(|(kind, flags, length)| FrameHeader { kind, flags, length });
            assert_eq!(seen, expected, "in pieces of {piece}");
        }
    }
}
