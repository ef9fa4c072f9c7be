//! Reads one request's head, however it is cut into pieces, line by line and each byte
//! about once, and says how long it is, how its body is framed and what it asks of the
//! connection. Keeps offsets instead of copies: `request` makes a request of them, and
//! looks at the bytes of names and values for the first and only time.
//! Must never: accept a head that two parsers could end at different places.

use std::ops::Range;

use crate::edge::head::field::{self, content_length};
use crate::edge::head::host::is_host;
use crate::edge::head::refusal::Refusal;
use crate::edge::head::request_line::{self, MAX_TARGET_BYTES, RequestLine, Version};

/// Bounds of one head; at a bound the head is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct HeadLimits {
    /// Bytes from the request line to the empty line.
    pub bytes: usize,
    /// Header lines.
    pub fields: usize,
}

/// How the body after a head is framed (RFC 9112 §6).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Framing {
    /// That many bytes; 0 for none.
    Length(u64),
    /// Chunks.
    Chunked,
}

/// How far a head has been read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scan {
    /// Its end has not come.
    More,
    /// It is so many bytes long, and that is its body; the rest is in `Scanner::head`.
    Whole(usize, Framing),
    /// It must not go on.
    Refused(Refusal),
}

/// Empty lines before a request line that are passed over (RFC 9112 §2.2).
const LEADING_EMPTY_LINES: usize = 1;

/// Bytes of a request line besides its target: method, version, spaces.
const REQUEST_LINE_REST: usize = 64;

/// Where one header line's name and value stand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Line {
    /// Where the name begins.
    pub at: u32,
    /// How long it is.
    pub name: u32,
    /// Where the value begins and ends, without the blanks around it.
    pub value: (u32, u32),
}

/// What a head asks of its connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Wishes {
    /// `Connection: close`.
    pub close: bool,
    /// `Connection: keep-alive`, which means something in HTTP/1.0 only.
    pub keep_alive: bool,
    /// `Connection: upgrade`.
    pub upgrade: bool,
    /// `Expect: 100-continue`.
    pub expects: bool,
    /// `TE: trailers`.
    pub trailers: bool,
}

/// The state of one head.
#[derive(Clone, Debug, Default)]
pub struct Scanner {
    /// Where the present line begins.
    line: usize,
    /// Up to where no line feed was found.
    searched: usize,
    leading: usize,
    request: Option<RequestLine>,
    /// Where the request line begins.
    start: usize,
    lines: Vec<Line>,
    wishes: Wishes,
    length: Option<u64>,
    encoding: Option<Framing>,
    host: Option<Range<usize>>,
}

impl Scanner {
    /// The request line and where it begins, and the header lines; once the head is whole.
    pub fn head(&self) -> Option<(&RequestLine, usize, &[Line])> {
        Some((self.request.as_ref()?, self.start, &self.lines))
    }

    /// What the head asks of its connection.
    pub fn wishes(&self) -> Wishes {
        self.wishes
    }

    /// Forgets the head, for the next one.
    pub fn reset(&mut self) {
        let mut lines = std::mem::take(&mut self.lines);
        lines.clear();
        *self = Scanner { lines, ..Scanner::default() };
    }

    /// Whether nothing of a head has come.
    pub fn is_fresh(&self) -> bool {
        self.searched == 0
    }

    /// Reads on. `bytes` begins where the head begins, at every call.
    pub fn scan(&mut self, bytes: &[u8], limits: HeadLimits) -> Scan {
        loop {
            let Some(found) = memchr::memchr(b'\n', &bytes[self.searched..]) else {
                self.searched = bytes.len();
                return self.room(bytes.len(), limits).map_or(Scan::More, Scan::Refused);
            };
            let end = self.searched + found;
            if let Some(refusal) = self.room(end + 1, limits) {
                return Scan::Refused(refusal);
            }
            let Some(line) = bytes[self.line..end].strip_suffix(b"\r") else {
                return Scan::Refused(Refusal::BareLf);
            };
            let outcome = if line.is_empty() && self.request.is_some() {
                return match self.finish(bytes) {
                    Ok(framing) => Scan::Whole(end + 1, framing),
                    Err(refusal) => Scan::Refused(refusal),
                };
            } else {
                self.read(line, limits)
            };
            if let Err(refusal) = outcome {
                return Scan::Refused(refusal);
            }
            self.line = end + 1;
            self.searched = end + 1;
        }
    }

    /// What is too long once the head has grown to `length` bytes.
    fn room(&self, length: usize, limits: HeadLimits) -> Option<Refusal> {
        if self.request.is_none() && length - self.line > MAX_TARGET_BYTES + REQUEST_LINE_REST {
            return Some(Refusal::TargetTooLong);
        }
        (length > limits.bytes).then_some(Refusal::HeadTooLarge)
    }

    fn read(&mut self, line: &[u8], limits: HeadLimits) -> Result<(), Refusal> {
        if self.request.is_some() {
            return self.field(line, limits);
        }
        if line.is_empty() {
            self.leading += 1;
            return if self.leading > LEADING_EMPTY_LINES { Err(Refusal::RequestLine) } else { Ok(()) };
        }
        let mut request = request_line::parse(line)?;
        if let Some(authority) = &mut request.authority {
            *authority = self.line + authority.start..self.line + authority.end;
        }
        self.request = Some(request);
        self.start = self.line;
        Ok(())
    }

    fn field(&mut self, line: &[u8], limits: HeadLimits) -> Result<(), Refusal> {
        let (name, value) = field::split(line)?;
        if self.lines.len() >= limits.fields {
            return Err(Refusal::TooManyHeaders);
        }
        let from = self.line + name.len() + 1 + leading_blanks(&line[name.len() + 1..]);
        let number = |at: usize| u32::try_from(at).map_err(|_| Refusal::HeadTooLarge);
        let value_at = (number(from)?, number(from + value.len())?);
        self.lines.push(Line { at: number(self.line)?, name: number(name.len())?, value: value_at });
        match name.len() {
            2 if name.eq_ignore_ascii_case(b"te") => {
                self.wishes.trailers |= words(value).any(|word| word.eq_ignore_ascii_case(b"trailers"));
                Ok(())
            }
            4 if name.eq_ignore_ascii_case(b"host") => self.host(from, value),
            6 if name.eq_ignore_ascii_case(b"expect") => {
                self.wishes.expects |= value.eq_ignore_ascii_case(b"100-continue");
                Ok(())
            }
            10 if name.eq_ignore_ascii_case(b"connection") => {
                for word in words(value) {
                    self.wishes.close |= word.eq_ignore_ascii_case(b"close");
                    self.wishes.keep_alive |= word.eq_ignore_ascii_case(b"keep-alive");
                    self.wishes.upgrade |= word.eq_ignore_ascii_case(b"upgrade");
                }
                Ok(())
            }
            14 if name.eq_ignore_ascii_case(b"content-length") => match self.length {
                // Equal ones too: whoever sends two cannot be asked which is meant.
                Some(_) => Err(Refusal::ContentLength),
                None => {
                    self.length = Some(content_length(value)?);
                    Ok(())
                }
            },
            17 if name.eq_ignore_ascii_case(b"transfer-encoding") => {
                if self.encoding.is_some() || !value.eq_ignore_ascii_case(b"chunked") {
                    return Err(Refusal::TransferEncoding);
                }
                self.encoding = Some(Framing::Chunked);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn host(&mut self, from: usize, value: &[u8]) -> Result<(), Refusal> {
        if self.host.is_some() {
            return Err(Refusal::HostRepeated);
        }
        if !is_host(value) {
            return Err(Refusal::HostSyntax);
        }
        self.host = Some(from..from + value.len());
        Ok(())
    }

    /// Judges what only the whole head shows.
    fn finish(&self, bytes: &[u8]) -> Result<Framing, Refusal> {
        let Some(request) = &self.request else { return Err(Refusal::RequestLine) };
        let framing = match (self.encoding, self.length) {
            (Some(_), Some(_)) => return Err(Refusal::LengthConflict),
            (Some(_), None) if request.version == Version::Http10 => return Err(Refusal::TransferEncoding),
            (Some(encoding), None) => encoding,
            (None, length) => Framing::Length(length.unwrap_or(0)),
        };
        match (&request.authority, &self.host) {
            // HTTP/1.0 knows no `Host`; who names the whole URI says all the same whom he means.
            (Some(_), None) if request.version == Version::Http10 => Ok(framing),
            (_, None) => Err(Refusal::HostMissing),
            (Some(authority), Some(host)) if !bytes[authority.clone()].eq_ignore_ascii_case(&bytes[host.clone()]) => {
                Err(Refusal::HostMismatch)
            }
            (_, Some(_)) => Ok(framing),
        }
    }
}

fn leading_blanks(text: &[u8]) -> usize {
    text.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count()
}

/// The words of a comma-separated line.
pub fn words(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii)
}
