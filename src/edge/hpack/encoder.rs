//! Blocks towards a caller (RFC 7541 §6): lines of the static table where there are any,
//! literals elsewhere. Neither is packed and no dynamic table is kept: an answer's head is
//! short, and looking lines up would cost more than the bytes that it saves.
//! Must never: refer to a line that the other side may have forgotten.

use crate::edge::hpack::{fixed, integer};

/// What the other side allows at least, until it says something else.
const TABLE: u32 = 4096;

/// A line that does not join the table, and one that nobody on the way may put into his
/// either (§7.1.3).
const PLAIN: u8 = 0x00;
const SECRET: u8 = 0x10;

/// `set-cookie`, which is a secret.
const SET_COOKIE: u8 = 55;

/// `:status` by itself.
const STATUS: u8 = 8;

/// One connection's encoder.
#[derive(Debug)]
pub struct Encoder {
    /// What we use of the other side's table: all of it, without an entry, or nothing.
    table: u32,
    /// Whether it has to be told (§4.2).
    tell: bool,
}

impl Default for Encoder {
    fn default() -> Encoder {
        Encoder { table: TABLE, tell: false }
    }
}

impl Encoder {
    /// The other side's table may have so many bytes from now on.
    pub fn limit(&mut self, size: u32) {
        if size < self.table {
            (self.table, self.tell) = (0, true);
        }
    }

    /// Begins a block.
    pub fn begin(&mut self, out: &mut Vec<u8>) {
        if std::mem::take(&mut self.tell) {
            out.push(0x20);
        }
    }
}

/// Writes `:status`.
pub fn status(code: u16, out: &mut Vec<u8>) {
    let known = match code {
        200 => 8,
        204 => 9,
        206 => 10,
        304 => 11,
        400 => 12,
        404 => 13,
        500 => 14,
        _ => {
            let digits = [code / 100 % 10, code / 10 % 10, code % 10].map(|digit| b'0' + digit as u8);
            out.extend_from_slice(&[PLAIN | STATUS, 3]);
            return out.extend_from_slice(&digits);
        }
    };
    out.push(0x80 | known);
}

/// Writes a line; its name is in lower case.
pub fn line(name: &str, value: &[u8], out: &mut Vec<u8>) {
    out.reserve(name.len() + value.len() + 8);
    match fixed::index_of(name) {
        Some(SET_COOKIE) => integer::write(SECRET, 4, usize::from(SET_COOKIE), out),
        Some(index) => integer::write(PLAIN, 4, usize::from(index), out),
        None => {
            out.push(PLAIN);
            string(name.as_bytes(), out);
        }
    }
    string(value, out);
}

fn string(text: &[u8], out: &mut Vec<u8>) {
    integer::write(0, 7, text.len(), out);
    out.extend_from_slice(text);
}
