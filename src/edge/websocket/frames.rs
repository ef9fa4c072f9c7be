//! Where one frame ends and the next begins, in bytes that pass by (RFC 6455 §5.2). Only
//! headers are looked at. A frame of ours can be put in between two of theirs, so the
//! gateway can say its own last word to a caller in the middle of a conversation.
//! Must never: hold bytes back, or allocate.

/// The largest header: two bytes, a length of eight, a mask of four.
const LONGEST_HEADER: usize = 14;

/// The opcode of a close frame (RFC 6455 §5.5.1).
const CLOSE: u8 = 0x8;

/// How far one direction has come.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Frames {
    header: [u8; LONGEST_HEADER],
    /// Bytes of the present frame's header that are here.
    have: usize,
    /// Bytes of the present frame's payload that are still to come.
    payload: u64,
    /// Whether a close frame has begun.
    closing: bool,
}

impl Frames {
    /// Looks at bytes that pass.
    pub fn pass(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            bytes = &bytes[self.step(bytes)..];
        }
    }

    /// Passes the bytes up to the end of the present frame, and tells how many they are:
    /// none when a frame has just ended.
    pub fn finish(&mut self, bytes: &[u8]) -> usize {
        let mut passed = 0;
        while passed < bytes.len() && !self.at_boundary() {
            passed += self.step(&bytes[passed..]);
        }
        passed
    }

    /// True between two frames.
    pub fn at_boundary(&self) -> bool {
        self.have == 0 && self.payload == 0
    }

    /// True when this side has said its last word, or is saying it.
    pub fn closing(&self) -> bool {
        self.closing
    }

    /// One step within a frame; at least one byte, and never beyond the frame's end.
    fn step(&mut self, bytes: &[u8]) -> usize {
        if self.payload > 0 {
            let taken = usize::try_from(self.payload).unwrap_or(usize::MAX).min(bytes.len());
            self.payload -= taken as u64;
            return taken;
        }
        self.header[self.have] = bytes[0];
        self.have += 1;
        if self.have >= 2 && self.have == self.header_length() {
            self.closing |= self.header[0] & 0x0F == CLOSE;
            self.payload = self.payload_length();
            self.have = 0;
        }
        1
    }

    fn header_length(&self) -> usize {
        let length = match self.header[1] & 0x7F {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        let mask = if self.header[1] & 0x80 == 0 { 0 } else { 4 };
        2 + length + mask
    }

    fn payload_length(&self) -> u64 {
        let long = |bytes: &[u8]| bytes.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte));
        match self.header[1] & 0x7F {
            126 => long(&self.header[2..4]),
            127 => long(&self.header[2..10]),
            short => u64::from(short),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Frames;

    fn frame(opcode: u8, masked: bool, length: usize) -> Vec<u8> {
        let mask = if masked { 0x80 } else { 0 };
        let mut out = vec![0x80 | opcode];
        match length {
            0..=125 => out.push(mask | length as u8),
            126..=65_535 => {
                out.push(mask | 126);
                out.extend_from_slice(&(length as u16).to_be_bytes());
            }
            _ => {
                out.push(mask | 127);
                out.extend_from_slice(&(length as u64).to_be_bytes());
            }
        }
        out.extend(std::iter::repeat_n(0x88, if masked { 4 } else { 0 } + length));
        out
    }

    #[test]
    fn every_boundary_is_found_however_the_bytes_come() {
        for masked in [false, true] {
            let sizes = [0, 1, 125, 126, 127, 65_535, 65_536, 70_000];
            let frames: Vec<Vec<u8>> = sizes.iter().map(|size| frame(2, masked, *size)).collect();
            for piece in [1, 2, 3, 7, 1000, usize::MAX] {
                let mut tracked = Frames::default();
                for bytes in &frames {
                    for chunk in bytes.chunks(piece.min(bytes.len())) {
                        tracked.pass(&chunk[..chunk.len() - 1]);
                        assert!(bytes.len() == 1 || chunk.len() == 1 || !tracked.at_boundary());
                        tracked.pass(&chunk[chunk.len() - 1..]);
                    }
                    assert!(tracked.at_boundary());
                }
                assert!(!tracked.closing(), "payload that looks like a close frame is none");
            }
            let all = frames.concat();
            let mut tracked = Frames::default();
            tracked.pass(&all);
            assert!(tracked.at_boundary());
        }
    }

    #[test]
    fn the_rest_of_a_frame_is_told_from_the_next_one() {
        let both = [frame(1, false, 300), frame(2, false, 5)].concat();
        let mut tracked = Frames::default();
        assert_eq!(tracked.finish(&both), 0, "nothing has begun");
        tracked.pass(&both[..10]);
        assert_eq!(tracked.finish(&both[10..]), 304 - 10);
        assert!(tracked.at_boundary());
        let mut halved = Frames::default();
        halved.pass(&both[..1]);
        assert_eq!(halved.finish(&both[1..4]), 3);
        assert!(!halved.at_boundary());
    }

    #[test]
    fn a_close_frame_is_noticed() {
        let mut tracked = Frames::default();
        tracked.pass(&frame(1, true, 8));
        assert!(!tracked.closing());
        tracked.pass(&frame(8, true, 2)[..6]);
        assert!(tracked.closing() && !tracked.at_boundary());
    }
}
