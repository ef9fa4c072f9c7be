//! The chunked coding (RFC 9112 §7.1), read once: sizes, extensions and ends must have
//! one meaning only, and the data between them is left where it stands.
//! Must never: take a bare line feed, or a size that another parser reads differently.

use crate::edge::head::field;
use crate::edge::head::refusal::Refusal;
use crate::edge::head::scanner::HeadLimits;

/// Bytes of chunk extensions in one body. Nobody uses them; more is refused.
const MAX_EXTENSION_BYTES: usize = 4 * 1024;

/// Digits of a chunk size: 60 bits, which no sum of ours can overflow.
const MAX_SIZE_DIGITS: u8 = 15;

/// Fields a trailer section must not hold: they would change where a message ends,
/// whom it is for, or who sends it (RFC 9110 §6.5.1).
pub const FORBIDDEN: [&str; 8] =
    ["content-length", "transfer-encoding", "host", "trailer", "authorization", "connection", "te", "upgrade"];

/// How far the chunks have been read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Progress {
    /// All bytes belong to the coding, and more will.
    More,
    /// What comes next is data, so many bytes of it.
    Data(u64),
    /// The last chunk's line is complete; the trailer section comes next.
    Last,
    /// It must not go on.
    Refused(Refusal),
}

/// The state of one chunked body up to its last chunk.
#[derive(Clone, Debug, Default)]
pub struct Chunks {
    state: State,
    size: u64,
    digits: u8,
    extension: usize,
    padding: Padding,
}

/// Whether blanks may stand behind a size. Some old servers pad them there, which moves
/// no boundary; a caller who does is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Padding {
    /// It ends the body.
    #[default]
    Refused,
    /// It is passed over.
    Taken,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum State {
    #[default]
    Size,
    Padding,
    Extension,
    SizeEnd,
    Data,
    DataCr,
    DataLf,
}

impl Chunks {
    /// The chunks of a backend's answer.
    pub fn of_answer() -> Chunks {
        Chunks { padding: Padding::Taken, ..Chunks::default() }
    }

    /// Reads on up to the next data; says how many bytes from the front are good.
    pub fn advance(&mut self, bytes: &[u8]) -> (usize, Progress) {
        let mut at = 0;
        loop {
            if self.state == State::Data {
                if self.size > 0 {
                    return (at, Progress::Data(self.size));
                }
                self.state = State::DataCr;
            }
            let Some(byte) = bytes.get(at) else { return (at, Progress::More) };
            match self.step(*byte) {
                Progress::Last => return (at + 1, Progress::Last),
                Progress::Refused(refusal) => return (at, Progress::Refused(refusal)),
                Progress::More | Progress::Data(_) => at += 1,
            }
        }
    }

    /// So many bytes of the data were taken.
    pub fn taken(&mut self, count: u64) {
        self.size -= count;
    }

    fn step(&mut self, byte: u8) -> Progress {
        let next = match (self.state, byte) {
            (State::Size, b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') if self.digits < MAX_SIZE_DIGITS => {
                self.digits += 1;
                self.size = self.size * 16 + u64::from(char::from(byte).to_digit(16).unwrap_or(0));
                State::Size
            }
            (State::Size, b';') if self.digits > 0 => State::Extension,
            (State::Size | State::Padding, b'\r') if self.digits > 0 => State::SizeEnd,
            (State::Size | State::Padding, b' ' | b'\t') if self.padding == Padding::Taken && self.pads() => {
                State::Padding
            }
            (State::Padding, b';') => State::Extension,
            (State::Extension, b'\r') => State::SizeEnd,
            (State::Extension, b'\t' | 0x20..=0x7e) if self.lengthens() => State::Extension,
            (State::SizeEnd, b'\n') if self.size == 0 => return Progress::Last,
            (State::SizeEnd, b'\n') => {
                self.digits = 0;
                State::Data
            }
            (State::DataCr, b'\r') => State::DataLf,
            (State::DataLf, b'\n') => State::Size,
            _ => return Progress::Refused(Refusal::Chunk),
        };
        self.state = next;
        Progress::More
    }

    /// Whether a size may have a blank behind it here.
    fn pads(&mut self) -> bool {
        self.digits > 0 && self.lengthens()
    }

    /// Counts a byte that says nothing; `false`: there were too many.
    fn lengthens(&mut self) -> bool {
        self.extension += 1;
        self.extension <= MAX_EXTENSION_BYTES
    }
}

/// The state of one trailer section. Its bytes are judged as a whole, like a head's.
#[derive(Clone, Debug, Default)]
pub struct Trailers {
    line: usize,
    searched: usize,
    fields: usize,
}

impl Trailers {
    /// Reads on. `bytes` begins where the section begins, at every call. The length of
    /// the section once its end has come.
    pub fn scan(&mut self, bytes: &[u8], limits: HeadLimits) -> Result<Option<usize>, Refusal> {
        loop {
            let found = memchr::memchr(b'\n', &bytes[self.searched..]);
            let end = found.map_or(bytes.len(), |found| self.searched + found);
            if end > limits.bytes {
                return Err(Refusal::Trailer);
            }
            if found.is_none() {
                self.searched = end;
                return Ok(None);
            }
            let line = bytes[self.line..end].strip_suffix(b"\r").ok_or(Refusal::Trailer)?;
            if line.is_empty() {
                return Ok(Some(end + 1));
            }
            let (name, _) = field::parse(line).map_err(|_| Refusal::Trailer)?;
            self.fields += 1;
            if self.fields > limits.fields || FORBIDDEN.iter().any(|no| name.eq_ignore_ascii_case(no.as_bytes())) {
                return Err(Refusal::Trailer);
            }
            self.line = end + 1;
            self.searched = end + 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Chunks, MAX_EXTENSION_BYTES, Progress, Trailers};
    use crate::edge::head::refusal::Refusal;
    use crate::edge::head::scanner::HeadLimits;

    const LIMITS: HeadLimits = HeadLimits { bytes: 100, fields: 2 };

    /// Reads `bytes` at once and byte by byte; both must agree.
    fn read(bytes: &[u8]) -> (usize, Progress) {
        let whole = pass(Chunks::default(), bytes, bytes.len());
        assert_eq!(pass(Chunks::default(), bytes, 1), whole);
        whole
    }

    /// Shows `bytes` in pieces of `size` and takes the data away; how far it came.
    fn pass(mut chunks: Chunks, bytes: &[u8], size: usize) -> (usize, Progress) {
        let mut at = 0;
        for shown in (1..=bytes.len()).filter(|shown| shown.is_multiple_of(size) || *shown == bytes.len()) {
            while at < shown {
                let (good, progress) = chunks.advance(&bytes[at..shown]);
                at += good;
                match progress {
                    Progress::More => {}
                    Progress::Data(left) => {
                        let here = left.min((shown - at) as u64);
                        chunks.taken(here);
                        at += here as usize;
                    }
                    Progress::Last | Progress::Refused(_) => return (at, progress),
                }
            }
        }
        (at, Progress::More)
    }

    #[test]
    fn old_servers_may_pad_their_sizes() {
        assert_eq!(pass(Chunks::of_answer(), b"5  \r\nhello\r\n0 \t\r\n", 1), (17, Progress::Last));
        assert_eq!(pass(Chunks::of_answer(), b" 5\r\n", 1), (0, Progress::Refused(Refusal::Chunk)));
    }

    #[test]
    fn good_bodies_end_where_they_should() {
        assert_eq!(read(b"0\r\n\r\n"), (3, Progress::Last));
        assert_eq!(read(b"5\r\nhello\r\n0\r\nX"), (13, Progress::Last));
        assert_eq!(read(b"00a;x=\"y z\"\r\n0123456789\r\n000\r\n"), (30, Progress::Last));
        assert_eq!(read(b"fF\r\nabc"), (7, Progress::More));
    }

    #[test]
    fn bad_framing_is_refused_at_the_byte() {
        let refused = |at| (at, Progress::Refused(Refusal::Chunk));
        assert_eq!(read(b"\r\n"), refused(0));
        assert_eq!(read(b"x\r\n"), refused(0));
        assert_eq!(read(b"+5\r\n"), refused(0));
        assert_eq!(read(b" 5\r\n"), refused(0));
        assert_eq!(read(b"0x5\r\n"), refused(1));
        assert_eq!(read(b"5 \r\n"), refused(1));
        assert_eq!(read(b"5\nhello"), refused(1));
        assert_eq!(read(b"5;a\nhello"), refused(3));
        assert_eq!(read(b"5;\0\r\n"), refused(2));
        assert_eq!(read(b"5\rhello"), refused(2));
        assert_eq!(read(b"5\r\nhello\n0\r\n"), refused(8));
        assert_eq!(read(b"5\r\nhello!\r\n"), refused(8));
        assert_eq!(read(b"5\r\nhello\r0"), refused(9));
        assert_eq!(read(b"1000000000000000\r\n"), refused(15));
        let long = format!("1;{}", "a".repeat(MAX_EXTENSION_BYTES + 1));
        assert_eq!(read(long.as_bytes()), refused(2 + MAX_EXTENSION_BYTES));
    }

    #[test]
    fn trailer_sections() {
        let scan = |text: &str| Trailers::default().scan(text.as_bytes(), LIMITS);
        assert_eq!(scan("\r\nGET"), Ok(Some(2)));
        assert_eq!(scan("x: y\r\n\r\nGET"), Ok(Some(8)));
        assert_eq!(scan("x: y\r\n\r"), Ok(None));
        for bad in
            ["\n", "x: y\n\n", "Content-Length: 5\r\n\r\n", "HOST: a\r\n\r\n", "x y\r\n", "a:\r\nb:\r\nc:\r\n\r\n"]
        {
            assert_eq!(scan(bad), Err(Refusal::Trailer), "{bad:?}");
        }
        assert_eq!(scan(&format!("x: {}", "a".repeat(100))), Err(Refusal::Trailer));
    }

    #[test]
    fn a_trailer_section_in_pieces() {
        let text = b"x: y\r\nz: 1\r\n\r\n";
        let mut trailers = Trailers::default();
        for end in 0..text.len() {
            assert_eq!(trailers.scan(&text[..end], LIMITS), Ok(None), "{end}");
        }
        assert_eq!(trailers.scan(text, LIMITS), Ok(Some(text.len())));
    }
}
