//! Bytes on their way out of a connection: the written part of a message, one piece of
//! a body that is not copied, and what closes it. Small ones are joined and leave in
//! one `send`; large ones leave as they are. Must never: hold more than one piece.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, Bytes};
use tokio::io::AsyncWrite as _;

use crate::edge::stream::Stream;

/// Up to so many bytes a piece is copied behind the written part: a longer `send` of one
/// buffer costs less than gathering two.
const JOINED: usize = 16 * 1024;

/// The end of a chunk, and of a chunked body without trailers.
const CHUNK_END: &[u8] = b"\r\n";
const LAST_CHUNK: &[u8] = b"0\r\n\r\n";

/// What is on its way out.
#[derive(Debug, Default)]
pub struct Outflow {
    written: Vec<u8>,
    /// Bytes of `written` that are gone.
    at: usize,
    piece: Bytes,
    tail: &'static [u8],
    /// Bytes of this message that the socket has taken.
    gone: u64,
    /// The stream took bytes that it may still hold back.
    unflushed: bool,
}

impl Outflow {
    /// Begins a message: where its head is written. Nothing of the one before is left.
    pub fn begin(&mut self) -> &mut Vec<u8> {
        self.gone = 0;
        &mut self.written
    }

    /// Whether another piece can be put behind what is here.
    pub fn has_room(&self) -> bool {
        self.piece.is_empty() && self.tail.is_empty() && self.written.len() < JOINED
    }

    /// True when nothing waits.
    pub fn is_empty(&self) -> bool {
        self.written.is_empty() && self.piece.is_empty() && self.tail.is_empty() && !self.unflushed
    }

    /// How many bytes wait.
    pub fn waiting(&self) -> usize {
        self.written.len() - self.at + self.piece.len() + self.tail.len()
    }

    /// How many bytes of this message the socket has taken.
    pub fn sent(&self) -> u64 {
        self.gone
    }

    /// Adds a piece as it is. Only while there is room.
    pub fn push(&mut self, piece: Bytes) {
        if self.written.len() + piece.len() <= JOINED {
            self.written.extend_from_slice(&piece);
        } else {
            self.piece = piece;
        }
    }

    /// Adds a piece as a chunk (RFC 9112 §7.1). Only while there is room.
    pub fn push_chunk(&mut self, piece: Bytes) {
        if piece.is_empty() {
            return;
        }
        write_hex(piece.len(), &mut self.written);
        self.written.extend_from_slice(CHUNK_END);
        if self.written.len() + piece.len() <= JOINED {
            self.written.extend_from_slice(&piece);
            self.written.extend_from_slice(CHUNK_END);
        } else {
            self.piece = piece;
            self.tail = CHUNK_END;
        }
    }

    /// Ends a chunked body. Only while there is room.
    pub fn push_end(&mut self) {
        self.written.extend_from_slice(LAST_CHUNK);
    }

    /// Where further bytes of the message are written. Only while there is room.
    pub fn text(&mut self) -> &mut Vec<u8> {
        &mut self.written
    }

    /// Writes until nothing waits.
    pub fn poll_flush(&mut self, stream: &mut Stream, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.at < self.written.len() || !self.piece.is_empty() || !self.tail.is_empty() {
            let count = ready!(self.poll_write(stream, cx))?;
            if count == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.gone += count as u64;
            self.advance(count);
            self.unflushed = stream.holds_back();
        }
        if self.unflushed {
            ready!(Pin::new(stream).poll_flush(cx))?;
            self.unflushed = false;
        }
        Poll::Ready(Ok(()))
    }

    fn poll_write(&self, stream: &mut Stream, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let written = &self.written[self.at..];
        if self.tail.is_empty() && (self.piece.is_empty() || written.is_empty()) {
            let only = if written.is_empty() { &self.piece } else { written };
            return Pin::new(stream).poll_write(cx, only);
        }
        let slices = [IoSlice::new(written), IoSlice::new(&self.piece), IoSlice::new(self.tail)];
        let first = usize::from(written.is_empty());
        Pin::new(stream).poll_write_vectored(cx, &slices[first..])
    }

    fn advance(&mut self, count: usize) {
        let of_written = count.min(self.written.len() - self.at);
        self.at += of_written;
        let of_piece = (count - of_written).min(self.piece.len());
        self.piece.advance(of_piece);
        self.tail = &self.tail[count - of_written - of_piece..];
        if self.at == self.written.len() {
            // An idle connection keeps nothing.
            self.written = Vec::new();
            self.at = 0;
            if self.piece.is_empty() {
                self.piece = Bytes::new();
            }
        }
    }
}

/// Writes a number as a chunk size says it.
fn write_hex(mut number: usize, out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = [0; 16];
    let mut at = text.len();
    loop {
        at -= 1;
        text[at] = DIGITS[number % 16];
        number /= 16;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(&text[at..]);
}

/// Writes a number as `Content-Length` says it.
pub fn write_decimal(mut number: u64, out: &mut Vec<u8>) {
    let mut text = [b'0'; 20];
    let mut at = text.len();
    loop {
        at -= 1;
        text[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(&text[at..]);
}

#[cfg(test)]
mod tests {
    use super::{write_decimal, write_hex};

    #[test]
    fn numbers() {
        for (number, decimal, hex) in [(0, "0", "0"), (9, "9", "9"), (255, "255", "ff"), (65_536, "65536", "10000")] {
            let (mut one, mut other) = (Vec::new(), Vec::new());
            write_decimal(number, &mut one);
            write_hex(number as usize, &mut other);
            assert_eq!((one.as_slice(), other.as_slice()), (decimal.as_bytes(), hex.as_bytes()));
        }
        let mut largest = Vec::new();
        write_decimal(u64::MAX, &mut largest);
        assert_eq!(largest, b"18446744073709551615");
    }
}
