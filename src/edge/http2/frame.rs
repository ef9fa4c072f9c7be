//! Frames (RFC 9113 §4.1) as bytes: headers read and judged by their length alone, and the
//! few frames that a server sends written. Must never: believe a payload's insides.

use crate::edge::http2::fault::{Fault, Reason};

/// Bytes of a frame's header.
pub const HEADER: usize = 9;

/// The largest payload that is taken, and the largest that is sent: what everybody takes.
pub const LARGEST: usize = 1 << 14;

/// Flags (§6). ACK is that of SETTINGS and PING, the others those of DATA and HEADERS.
pub const ACK: u8 = 1;
/// Nothing of the stream follows.
pub const END_STREAM: u8 = 1;
/// Nothing of the block follows.
pub const END_HEADERS: u8 = 4;
/// The payload ends with padding.
pub const PADDED: u8 = 8;
/// The payload begins with a priority.
pub const PRIORITIZED: u8 = 32;

/// What a frame is (§6).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// A piece of a body.
    Data,
    /// The beginning of a block.
    Headers,
    /// Of no consequence (§5.3.2).
    Priority,
    /// A stream's early end.
    Reset,
    /// What the sender asks for.
    Settings,
    /// What no client may send.
    PushPromise,
    /// A question whether somebody is there.
    Ping,
    /// The connection's end.
    Goaway,
    /// More room.
    Window,
    /// More of a block.
    Continuation,
    /// Ignored (§5.5).
    Unknown,
}

/// One frame's header.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FrameHeader {
    /// What it is.
    pub kind: Kind,
    /// What its kind makes of these.
    pub flags: u8,
    /// Bytes of payload.
    pub length: usize,
    /// The stream it belongs to; 0: the connection.
    pub stream: u32,
}

impl FrameHeader {
    /// Reads one.
    pub fn of(bytes: &[u8; HEADER]) -> FrameHeader {
        let [high, middle, low, kind, flags, s0, s1, s2, s3] = *bytes;
        let kind = match kind {
            0 => Kind::Data,
            1 => Kind::Headers,
            2 => Kind::Priority,
            3 => Kind::Reset,
            4 => Kind::Settings,
            5 => Kind::PushPromise,
            6 => Kind::Ping,
            7 => Kind::Goaway,
            8 => Kind::Window,
            9 => Kind::Continuation,
            _ => Kind::Unknown,
        };
        let length = u32::from_be_bytes([0, high, middle, low]) as usize;
        FrameHeader { kind, flags, length, stream: u32::from_be_bytes([s0 & 0x7F, s1, s2, s3]) }
    }

    /// Whether a flag is set.
    pub fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    /// Whether its length is one that its kind can have (§4.2). That of PRIORITY is its
    /// stream's business (§6.3).
    pub fn check(&self) -> Result<(), Fault> {
        let fits = match self.kind {
            Kind::Reset | Kind::Window => self.length == 4,
            Kind::Settings if self.has(ACK) => self.length == 0,
            Kind::Settings => self.length.is_multiple_of(6),
            Kind::Ping => self.length == 8,
            Kind::Goaway => self.length >= 8,
            Kind::Data | Kind::Headers | Kind::Priority | Kind::PushPromise | Kind::Continuation | Kind::Unknown => {
                true
            }
        };
        if fits && self.length <= LARGEST { Ok(()) } else { Err(Fault::Size) }
    }
}

/// Takes the padding off a payload (§6.1).
pub fn unpadded(header: &FrameHeader, payload: &[u8]) -> Option<(usize, usize)> {
    if !header.has(PADDED) {
        return Some((0, payload.len()));
    }
    let padding = usize::from(*payload.first()?);
    (padding < payload.len()).then(|| (1, payload.len() - padding))
}

/// Four bytes as a number.
pub fn number(bytes: &[u8]) -> u32 {
    bytes.first_chunk::<4>().map_or(0, |four| u32::from_be_bytes(*four))
}

/// Writes a header.
pub fn put_header(length: usize, kind: u8, flags: u8, stream: u32, out: &mut Vec<u8>) {
    let [_, high, middle, low] = (length as u32).to_be_bytes();
    let [s0, s1, s2, s3] = stream.to_be_bytes();
    out.extend_from_slice(&[high, middle, low, kind, flags, s0, s1, s2, s3]);
}

/// Writes RST_STREAM.
pub fn put_reset(stream: u32, reason: Reason, out: &mut Vec<u8>) {
    put_header(4, 3, 0, stream, out);
    out.extend_from_slice(&reason.0.to_be_bytes());
}

/// Writes SETTINGS with these parameters.
pub fn put_settings(parameters: &[(u16, u32)], out: &mut Vec<u8>) {
    put_header(6 * parameters.len(), 4, 0, 0, out);
    for (id, value) in parameters {
        out.extend_from_slice(&id.to_be_bytes());
        out.extend_from_slice(&value.to_be_bytes());
    }
}

/// Writes PING.
pub fn put_ping(flags: u8, payload: [u8; 8], out: &mut Vec<u8>) {
    put_header(8, 6, flags, 0, out);
    out.extend_from_slice(&payload);
}

/// Writes GOAWAY.
pub fn put_goaway(last: u32, reason: Reason, out: &mut Vec<u8>) {
    put_header(8, 7, 0, 0, out);
    out.extend_from_slice(&last.to_be_bytes());
    out.extend_from_slice(&reason.0.to_be_bytes());
}

/// Writes WINDOW_UPDATE.
pub fn put_window(stream: u32, more: u32, out: &mut Vec<u8>) {
    put_header(4, 8, 0, stream, out);
    out.extend_from_slice(&more.to_be_bytes());
}

/// Makes the block that begins at `start`, behind room for its header, a frame: one or, if
/// it is long, several (§6.10).
pub fn close_block(start: usize, last: bool, stream: u32, out: &mut Vec<u8>) {
    let length = out.len() - start - HEADER;
    let end = if last { END_STREAM } else { 0 };
    let first = length.min(LARGEST);
    let whole = if first == length { END_HEADERS } else { 0 };
    let mut header = Vec::with_capacity(HEADER);
    put_header(first, 1, end | whole, stream, &mut header);
    out[start..start + HEADER].copy_from_slice(&header);
    if first < length {
        let rest = out.split_off(start + HEADER + first);
        let pieces = rest.len().div_ceil(LARGEST);
        for (n, piece) in rest.chunks(LARGEST).enumerate() {
            put_header(piece.len(), 9, if n + 1 == pieces { END_HEADERS } else { 0 }, stream, out);
            out.extend_from_slice(piece);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{ACK, END_HEADERS, END_STREAM, FrameHeader, HEADER, Kind, LARGEST, PADDED, close_block, unpadded};
    use crate::edge::http2::fault::Fault;

    fn header(kind: u8, flags: u8, length: usize) -> FrameHeader {
        let [_, a, b, c] = u32::try_from(length).expect("small").to_be_bytes();
        FrameHeader::of(&[a, b, c, kind, flags, 0xFF, 0xFF, 0xFF, 0xFF])
    }

    #[test]
    fn a_header_is_read_and_its_reserved_bit_is_not() {
        let read = header(9, 5, 0xABCDEF);
        assert_eq!((read.kind, read.flags, read.length, read.stream), (Kind::Continuation, 5, 0xABCDEF, 0x7FFF_FFFF));
        assert_eq!(header(10, 0, 0).kind, Kind::Unknown);
        assert_eq!(header(255, 0, 0).kind, Kind::Unknown);
    }

    /// §6: each kind's lengths, and one octet beside.
    #[test]
    fn lengths_are_judged_by_kind() {
        for (kind, flags, good, bad) in [
            (0, 0, vec![0, LARGEST], vec![LARGEST + 1]),
            (1, 0, vec![0, LARGEST], vec![LARGEST + 1]),
            (2, 0, vec![4, 5, 6], vec![]),
            (3, 0, vec![4], vec![0, 3, 5]),
            (4, 0, vec![0, 6, 12], vec![1, 5, 7]),
            (4, ACK, vec![0], vec![6]),
            (6, 0, vec![8], vec![0, 7, 9]),
            (7, 0, vec![8, 9, LARGEST], vec![0, 7, LARGEST + 1]),
            (8, 0, vec![4], vec![0, 3, 5]),
            (22, 0, vec![0, LARGEST], vec![LARGEST + 1, (1 << 24) - 1]),
        ] {
            assert!(good.iter().all(|length| header(kind, flags, *length).check() == Ok(())), "{kind}");
            assert!(bad.iter().all(|length| header(kind, flags, *length).check() == Err(Fault::Size)), "{kind}");
        }
    }

    /// §6.1: padding as long as the payload that is left, or longer, is an error.
    #[test]
    fn padding_ends_before_the_payload_does() {
        let padded = |payload: &[u8]| unpadded(&header(0, PADDED, payload.len()), payload);
        assert_eq!(padded(&[]), None);
        assert_eq!(padded(&[0]), Some((1, 1)));
        assert_eq!(padded(&[1]), None);
        assert_eq!(padded(&[1, 9]), Some((1, 1)));
        assert_eq!(padded(&[2, 9]), None);
        assert_eq!(padded(&[1, 8, 9]), Some((1, 2)));
        assert_eq!(padded(&[255; 256]), Some((1, 1)));
        assert_eq!(padded(&[255; 255]), None);
        assert_eq!(unpadded(&header(0, 0, 3), &[9; 3]), Some((0, 3)));
    }

    /// §6.10: a block that is too long for a frame goes on in others, and only the last ends it.
    #[test]
    fn a_long_block_becomes_several_frames() {
        for length in [0, 1, LARGEST, LARGEST + 1, 2 * LARGEST, 2 * LARGEST + 1, 5 * LARGEST] {
            let block: Vec<u8> = (0..length).map(|n| n as u8).collect();
            let mut out = b"before".to_vec();
            out.extend_from_slice(&[0; HEADER]);
            out.extend_from_slice(&block);
            close_block(6, true, 7, &mut out);
            let (mut rest, mut joined, mut frames) = (&out[6..], Vec::new(), Vec::new());
            while let Some((bytes, behind)) = rest.split_first_chunk::<HEADER>() {
                let read = FrameHeader::of(bytes);
                assert_eq!((read.check(), read.stream), (Ok(()), 7));
                let (payload, behind) = behind.split_at(read.length);
                joined.extend_from_slice(payload);
                frames.push((read.kind, read.flags));
                rest = behind;
            }
            assert!(joined == block, "{length}");
            let last = frames.len() - 1;
            for (n, (kind, flags)) in frames.into_iter().enumerate() {
                let expected = if n == 0 { (Kind::Headers, END_STREAM) } else { (Kind::Continuation, 0) };
                let ends = if n == last { END_HEADERS } else { 0 };
                assert_eq!((kind, flags), (expected.0, expected.1 | ends), "{length}: {n}");
            }
        }
    }
}
