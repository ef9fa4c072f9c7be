//! The chunked coding (RFC 9112 §7.1), read along without touching the data: sizes,
//! extensions and ends must have one meaning only. The parser behind decodes again.
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
const FORBIDDEN: [&str; 8] =
    ["content-length", "transfer-encoding", "host", "trailer", "authorization", "connection", "te", "upgrade"];

/// How far the chunks have been read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Progress {
    /// All bytes belong to chunks, and more will.
    More,
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
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum State {
    #[default]
    Size,
    Extension,
    SizeEnd,
    Data,
    DataCr,
    DataLf,
}

impl Chunks {
    /// Reads on; says how many bytes from the front are good.
    pub fn advance(&mut self, bytes: &[u8]) -> (usize, Progress) {
        let mut at = 0;
        while at < bytes.len() {
            if self.state == State::Data {
                let here = usize::try_from(self.size).unwrap_or(usize::MAX).min(bytes.len() - at);
                at += here;
                self.size -= here as u64;
                if self.size == 0 {
                    self.state = State::DataCr;
                }
                continue;
            }
            match self.step(bytes[at]) {
                Progress::More => at += 1,
                Progress::Last => return (at + 1, Progress::Last),
                refused => return (at, refused),
            }
        }
        (at, Progress::More)
    }

    fn step(&mut self, byte: u8) -> Progress {
        let next = match (self.state, byte) {
            (State::Size, b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') if self.digits < MAX_SIZE_DIGITS => {
                self.digits += 1;
                self.size = self.size * 16 + u64::from(char::from(byte).to_digit(16).unwrap_or(0));
                State::Size
            }
            (State::Size, b';') if self.digits > 0 => State::Extension,
            (State::Size, b'\r') if self.digits > 0 => State::SizeEnd,
            (State::Extension, b'\r') => State::SizeEnd,
            (State::Extension, b'\t' | 0x20..=0x7e) if self.extension < MAX_EXTENSION_BYTES => {
                self.extension += 1;
                State::Extension
            }
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
        let whole = Chunks::default().advance(bytes);
        let mut slow = Chunks::default();
        let mut at = 0;
        let mut last = Progress::More;
        while at < bytes.len() && last == Progress::More {
            let (taken, progress) = slow.advance(&bytes[at..=at]);
            at += taken;
            last = progress;
        }
        assert_eq!((at, last), whole);
        whole
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
