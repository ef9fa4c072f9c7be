//! The header of the PROXY protocol (HAProxy's specification of 2020-03-05), as a
//! function of bytes. Strict: what is not exactly a header is malformed, since whoever
//! may send one can say who the caller is. Extensions (TLVs) are skipped by length.
//! Must never: read beyond the header, or believe an address of another family.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// The twelve bytes with which a header of version 2 begins.
const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";

/// The word with which a header of version 1 begins.
const WORD: &[u8; 6] = b"PROXY ";

/// Bytes of a line of version 1, its end included.
const LONGEST_LINE: usize = 107;

/// Signature, version, family, length.
const FIXED: usize = 16;

/// Bytes of a whole header that are taken at most: addresses are 36 bytes, and what
/// extensions load balancers add comes to some hundred.
pub const MAX_BYTES: usize = 2048;

/// What bytes from the front of a connection are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reading {
    /// The beginning of a header, of which so many bytes (at least one) are surely
    /// still to come.
    Incomplete(usize),
    /// A header of so many bytes.
    Whole(usize, Source),
    /// No header, and no beginning of one.
    Absent,
    /// Something that begins like a header and is none.
    Malformed,
}

/// Whom a header names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Source {
    /// The caller.
    Caller(SocketAddr),
    /// Nobody: the proxy speaks for itself, such as in a health check, or has no
    /// address to tell.
    Proxy,
}

/// Reads the header that `bytes` begins with.
pub fn read(bytes: &[u8]) -> Reading {
    let common = |whole: &[u8]| bytes.iter().zip(whole).take_while(|(a, b)| a == b).count();
    match (common(SIGNATURE), common(WORD)) {
        (12, _) => version_2(bytes),
        (_, 6) => version_1(bytes),
        (n, _) if n == bytes.len() => Reading::Incomplete(SIGNATURE.len() - n),
        (_, n) if n == bytes.len() => Reading::Incomplete(WORD.len() - n),
        _ => Reading::Absent,
    }
}

/// A line of text: `PROXY TCP4 SOURCE DESTINATION PORT PORT`.
fn version_1(bytes: &[u8]) -> Reading {
    let within = &bytes[..bytes.len().min(LONGEST_LINE)];
    let Some(end) = within.iter().position(|byte| *byte == b'\n') else {
        let unfinished = bytes.len() < LONGEST_LINE && !within[..within.len() - 1].contains(&b'\r');
        return if unfinished { Reading::Incomplete(1) } else { Reading::Malformed };
    };
    let line = within[..end].strip_suffix(b"\r").and_then(|line| std::str::from_utf8(line).ok());
    match line.and_then(source_of_line) {
        Some(source) => Reading::Whole(end + 1, source),
        None => Reading::Malformed,
    }
}

fn source_of_line(line: &str) -> Option<Source> {
    let mut words = line.split(' ').skip(1);
    let family = words.next()?;
    if family == "UNKNOWN" {
        // What follows it is to be ignored.
        return Some(Source::Proxy);
    }
    let (from, to) = (words.next()?, words.next()?);
    // The destination is ours, and only has to be well spelled.
    let (from_port, _) = (port(words.next()?)?, port(words.next()?)?);
    let (from, _): (IpAddr, IpAddr) = match (family, words.next()) {
        ("TCP4", None) => (from.parse::<Ipv4Addr>().ok()?.into(), to.parse::<Ipv4Addr>().ok()?.into()),
        ("TCP6", None) => (from.parse::<Ipv6Addr>().ok()?.into(), to.parse::<Ipv6Addr>().ok()?.into()),
        _ => return None,
    };
    Some(Source::Caller(SocketAddr::new(from, from_port)))
}

/// Decimal without a leading zero, as the specification has it.
fn port(text: &str) -> Option<u16> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    if plain { text.parse().ok() } else { None }
}

/// Binary: version and command, family and transport, length, addresses, extensions.
fn version_2(bytes: &[u8]) -> Reading {
    let Some(fixed) = bytes.get(..FIXED) else { return Reading::Incomplete(FIXED - bytes.len()) };
    let (command, family) = (fixed[12], fixed[13]);
    let length = usize::from(u16::from_be_bytes([fixed[14], fixed[15]]));
    let whole = FIXED + length;
    if command >> 4 != 2 || command & 15 > 1 || family >> 4 > 3 || family & 15 > 2 || whole > MAX_BYTES {
        return Reading::Malformed;
    }
    let Some(block) = bytes.get(FIXED..whole) else { return Reading::Incomplete(whole - bytes.len()) };
    let source = match (command & 15, family) {
        // LOCAL: the addresses, if any, are to be ignored.
        (0, _) => Some(Source::Proxy),
        (_, 0x11) => four(block),
        (_, 0x21) => six(block),
        // No address, a datagram's, or a path: nothing that can be told of a caller.
        _ => Some(Source::Proxy),
    };
    match source {
        Some(source) if extensions_fit(block, family) => Reading::Whole(whole, source),
        _ => Reading::Malformed,
    }
}

fn four(block: &[u8]) -> Option<Source> {
    let (address, rest) = block.get(..12)?.split_first_chunk::<4>()?;
    let port = u16::from_be_bytes([*rest.get(4)?, *rest.get(5)?]);
    Some(Source::Caller(SocketAddr::new(Ipv4Addr::from(*address).into(), port)))
}

fn six(block: &[u8]) -> Option<Source> {
    let (address, rest) = block.get(..36)?.split_first_chunk::<16>()?;
    let port = u16::from_be_bytes([*rest.get(16)?, *rest.get(17)?]);
    Some(Source::Caller(SocketAddr::new(Ipv6Addr::from(*address).into(), port)))
}

/// Whether what follows the addresses is a list of type, length and value that ends
/// where the header does.
fn extensions_fit(block: &[u8], family: u8) -> bool {
    let addresses = match family >> 4 {
        1 => 12,
        2 => 36,
        3 => 216,
        // Without a family the rest has no stated shape.
        _ => return true,
    };
    // A header of a family may be as short as nothing where its addresses are ignored.
    let Some(mut rest) = block.get(addresses..) else { return true };
    while let Some((head, after)) = rest.split_first_chunk::<3>() {
        let Some(next) = after.get(usize::from(u16::from_be_bytes([head[1], head[2]]))..) else { return false };
        rest = next;
    }
    rest.is_empty()
}

#[cfg(test)]
mod tests;
