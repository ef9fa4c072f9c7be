//! One path, one spelling: what is matched is what is judged, logged and forwarded.
//! Whatever two readers could take for two paths is refused (dot segments, encoded
//! slashes, `;` parameters, bytes that are not UTF-8); the rest is brought into one
//! form. A path that is in that form already is not copied. Doing it twice changes
//! nothing. Must never: resolve what it could refuse.

use std::borrow::Cow;

/// Longest path that is looked at.
pub const MAX_PATH_BYTES: usize = 8 * 1024;

/// A path in its one form: absolute, no empty segment but the last, no dot segment,
/// only URI characters, escapes in upper case and only where they must be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CanonicalPath<'a>(Cow<'a, str>);

/// Why a path is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PathRefusal {
    /// It does not begin with a slash.
    NotAbsolute,
    /// Longer than `MAX_PATH_BYTES`.
    TooLong,
    /// A control character or a space, raw, or a control character encoded.
    Control,
    /// A byte beyond ASCII that is not encoded.
    NotAscii,
    /// A percent sign without two hexadecimal digits behind it.
    BrokenEncoding,
    /// The decoded bytes are not UTF-8.
    NotUtf8,
    /// `/` or `\` as an escape.
    EncodedSlash,
    /// A backslash.
    Backslash,
    /// `.` or `..` as a segment, in any spelling.
    DotSegment,
    /// A semicolon, raw or encoded: some servers cut a segment there.
    Semicolon,
    /// An escape that becomes another dangerous one when it is decoded twice.
    DoubleEncoding,
    /// `?` or `#`, which end a path.
    NotAPath,
}

impl PathRefusal {
    /// The word in logs and metrics.
    pub fn label(self) -> &'static str {
        match self {
            PathRefusal::NotAbsolute => "path_not_absolute",
            PathRefusal::TooLong => "path_too_long",
            PathRefusal::Control => "path_control",
            PathRefusal::NotAscii => "path_not_ascii",
            PathRefusal::BrokenEncoding => "path_broken_encoding",
            PathRefusal::NotUtf8 => "path_not_utf8",
            PathRefusal::EncodedSlash => "path_encoded_slash",
            PathRefusal::Backslash => "path_backslash",
            PathRefusal::DotSegment => "path_dot_segment",
            PathRefusal::Semicolon => "path_semicolon",
            PathRefusal::DoubleEncoding => "path_double_encoding",
            PathRefusal::NotAPath => "path_not_a_path",
        }
    }
}

impl<'a> CanonicalPath<'a> {
    /// Brings a raw path (without query) into its one form, or refuses it.
    pub fn parse(raw: &'a str) -> Result<CanonicalPath<'a>, PathRefusal> {
        if raw.len() > MAX_PATH_BYTES {
            return Err(PathRefusal::TooLong);
        }
        if !raw.starts_with('/') {
            return Err(PathRefusal::NotAbsolute);
        }
        if is_canonical(raw) {
            return Ok(CanonicalPath(Cow::Borrowed(raw)));
        }
        rewrite(raw).map(|text| CanonicalPath(Cow::Owned(text)))
    }

    /// The text, as it is logged and forwarded.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The segments between the slashes, still encoded; an empty last one is a slash
    /// at the end.
    pub fn segments(&self) -> std::str::Split<'_, char> {
        self.0[1..].split('/')
    }

    /// The same path, for keeping.
    pub fn into_owned(self) -> CanonicalPath<'static> {
        CanonicalPath(Cow::Owned(self.0.into_owned()))
    }
}

/// What a segment means, escapes decoded: this is what patterns are compared with,
/// so that no spelling slips past a rule.
pub(in crate::access) fn meaning(segment: &str) -> Cow<'_, str> {
    if !segment.contains('%') {
        return Cow::Borrowed(segment);
    }
    let bytes = segment.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escape = (bytes[at] == b'%').then(|| escaped(bytes, at)).flatten();
        out.push(escape.unwrap_or(bytes[at]));
        at += if escape.is_some() { 3 } else { 1 };
    }
    Cow::Owned(String::from_utf8(out).unwrap_or_default())
}

/// The quick look: nothing in it needs a thought, but for dots, which are looked at.
fn is_canonical(raw: &str) -> bool {
    let mut before = b'a';
    for byte in raw.bytes() {
        if CLASS[usize::from(byte)] != Class::Plain || (before == b'/' && matches!(byte, b'/' | b'.')) {
            return false;
        }
        before = byte;
    }
    true
}

fn rewrite(raw: &str) -> Result<String, PathRefusal> {
    let bytes = raw.as_bytes();
    let mut out = String::with_capacity(bytes.len() + 16);
    let mut at = 0;
    while at < bytes.len() {
        let byte = bytes[at];
        at += 1;
        match CLASS[usize::from(byte)] {
            Class::Plain if byte == b'/' && out.ends_with('/') => {}
            Class::Plain => out.push(char::from(byte)),
            Class::Encode => push_escape(&mut out, byte),
            Class::Refuse(why) => return Err(why),
            Class::Escape => {
                let decoded = escaped(bytes, at - 1).ok_or(PathRefusal::BrokenEncoding)?;
                at += 2;
                match decoded {
                    0..0x20 | 0x7F => return Err(PathRefusal::Control),
                    b'/' | b'\\' => return Err(PathRefusal::EncodedSlash),
                    b';' => return Err(PathRefusal::Semicolon),
                    b'-' | b'.' | b'_' | b'~' => out.push(char::from(decoded)),
                    _ if decoded.is_ascii_alphanumeric() => out.push(char::from(decoded)),
                    _ => push_escape(&mut out, decoded),
                }
            }
        }
    }
    inspect(&out)?;
    Ok(out)
}

/// What can only be seen once escapes are in their one form.
fn inspect(path: &str) -> Result<(), PathRefusal> {
    if path[1..].split('/').any(|segment| matches!(segment, "." | "..")) {
        return Err(PathRefusal::DotSegment);
    }
    let bytes = path.as_bytes();
    for at in (0..bytes.len()).filter(|at| bytes[*at..].starts_with(b"%25")) {
        let hex = |i: usize| bytes.get(i).and_then(|b| char::from(*b).to_digit(16));
        let twice = hex(at + 3).zip(hex(at + 4)).map(|(high, low)| (high * 16 + low) as u8);
        if matches!(twice, Some(0..0x20 | 0x7F | b'.' | b'/' | b'\\' | b';' | b'%')) {
            return Err(PathRefusal::DoubleEncoding);
        }
    }
    let mut escapes = (0..bytes.len()).filter(|at| bytes[*at] == b'%');
    let beyond_ascii = escapes.any(|at| escaped(bytes, at).is_some_and(|byte| byte >= 0x80));
    if beyond_ascii && path[1..].split('/').any(|s| s.contains('%') && !decodes(s)) {
        return Err(PathRefusal::NotUtf8);
    }
    Ok(())
}

/// Whether a segment's bytes are UTF-8 without control characters.
fn decodes(segment: &str) -> bool {
    let text = meaning(segment);
    !text.is_empty() && !text.chars().any(char::is_control)
}

/// The byte of the escape that begins at `at`.
fn escaped(bytes: &[u8], at: usize) -> Option<u8> {
    let hex = |i: usize| bytes.get(i).and_then(|b| char::from(*b).to_digit(16));
    Some((hex(at + 1)? * 16 + hex(at + 2)?) as u8)
}

fn push_escape(out: &mut String, byte: u8) {
    const DIGITS: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F'];
    out.extend(['%', DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    /// Stands for itself (RFC 3986 `pchar`, but for `;`, and the slash).
    Plain,
    /// Printable, but not allowed in a URI: encoded.
    Encode,
    /// Begins an escape.
    Escape,
    /// Never allowed raw.
    Refuse(PathRefusal),
}

const CLASS: [Class; 256] = {
    let mut table = [Class::Encode; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = match byte as u8 {
            0..=0x20 | 0x7F => Class::Refuse(PathRefusal::Control),
            0x80.. => Class::Refuse(PathRefusal::NotAscii),
            b'\\' => Class::Refuse(PathRefusal::Backslash),
            b';' => Class::Refuse(PathRefusal::Semicolon),
            b'?' | b'#' => Class::Refuse(PathRefusal::NotAPath),
            b'%' => Class::Escape,
            b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'-' | b'.' | b'_' | b'~' | b'/' => Class::Plain,
            b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b'=' | b':' | b'@' => Class::Plain,
            _ => Class::Encode,
        };
        byte += 1;
    }
    table
};

#[cfg(test)]
mod tests;
