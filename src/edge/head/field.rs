//! One header or trailer line (RFC 9112 §5), without its end: a token, a colon with
//! nothing before it, a value without control bytes.

use crate::edge::head::refusal::Refusal;

/// Splits a line at its colon; the value comes without the white space around it.
pub fn parse(line: &[u8]) -> Result<(&[u8], &[u8]), Refusal> {
    if let Some(refusal) = unclean(line) {
        return Err(refusal);
    }
    let (name, value) = split(line)?;
    if !is_token(name) {
        return Err(Refusal::HeaderSyntax);
    }
    Ok((name, value))
}

/// As `parse`, for whoever makes a `HeaderName` and a `HeaderValue` of the parts: those
/// look at every byte themselves, and refuse the same ones.
pub fn split(line: &[u8]) -> Result<(&[u8], &[u8]), Refusal> {
    if matches!(line.first(), Some(b' ' | b'\t')) {
        return Err(Refusal::Fold);
    }
    let Some(colon) = memchr::memchr(b':', line) else { return Err(Refusal::HeaderSyntax) };
    Ok((&line[..colon], trim(&line[colon + 1..])))
}

/// A `Content-Length`: digits and nothing else, below 2^63, as every parser behind us
/// can hold it.
pub fn content_length(value: &[u8]) -> Result<u64, Refusal> {
    if value.is_empty() || !value.iter().all(u8::is_ascii_digit) {
        return Err(Refusal::ContentLength);
    }
    let text = std::str::from_utf8(value).map_err(|_| Refusal::ContentLength)?;
    text.parse::<i64>().ok().and_then(|length| u64::try_from(length).ok()).ok_or(Refusal::ContentLength)
}

/// Whether `text` is a token (RFC 9110 §5.6.2).
pub fn is_token(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(|byte| TOKEN[usize::from(*byte)])
}

/// What is wrong with a line that holds control bytes. The tab is white space, and
/// bytes above ASCII are opaque (RFC 9110 §5.5).
pub fn unclean(line: &[u8]) -> Option<Refusal> {
    // Without an early end the loop compiles to vector instructions.
    let controls = line.iter().fold(false, |found, byte| found | ((*byte < 0x20) & (*byte != b'\t')) | (*byte == 0x7f));
    if !controls {
        return None;
    }
    Some(if line.contains(&b'\r') { Refusal::BareCr } else { Refusal::ControlByte })
}

/// A value without the white space around it.
pub fn trim(mut value: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = value {
        value = rest;
    }
    while let [rest @ .., b' ' | b'\t'] = value {
        value = rest;
    }
    value
}

const TOKEN: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 128 {
        let c = byte as u8;
        table[byte] = c.is_ascii_alphanumeric()
            || matches!(
                c,
                b'!' | b'#' | b'$' | b'%' | b'&' | b'\'' | b'*' | b'+' | b'-' | b'.' | b'^' | b'_' | b'`' | b'|' | b'~'
            );
        byte += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::{content_length, parse};
    use crate::edge::head::refusal::Refusal;

    #[test]
    fn lines() {
        assert_eq!(parse(b"Host: a"), Ok((&b"Host"[..], &b"a"[..])));
        assert_eq!(parse(b"x-a:"), Ok((&b"x-a"[..], &b""[..])));
        assert_eq!(parse(b"x-a: \t b c \t"), Ok((&b"x-a"[..], &b"b c"[..])));
        assert_eq!(parse(b"x: \xff"), Ok((&b"x"[..], &b"\xff"[..])));
        let cases: &[(&[u8], Refusal)] = &[
            (b" x: y", Refusal::Fold),
            (b"\tx: y", Refusal::Fold),
            (b"x : y", Refusal::HeaderSyntax),
            (b"x\t: y", Refusal::HeaderSyntax),
            (b": y", Refusal::HeaderSyntax),
            (b"x", Refusal::HeaderSyntax),
            (b"x y: z", Refusal::HeaderSyntax),
            (b"x\xc3\xa9: y", Refusal::HeaderSyntax),
            (b"x: a\rb", Refusal::BareCr),
            (b"x: a\0b", Refusal::ControlByte),
            (b"x\x0b: a", Refusal::ControlByte),
        ];
        for (line, refusal) in cases {
            assert_eq!(parse(line), Err(*refusal), "{}", String::from_utf8_lossy(line));
        }
    }

    #[test]
    fn names_and_values_refuse_what_a_line_may_not_hold() {
        use http::{HeaderName, HeaderValue};
        for byte in 0..=255_u8 {
            let (name, value) = ([b'a', byte, b'z'], [b'a', byte, b'z']);
            assert_eq!(HeaderName::from_bytes(&name).is_ok(), super::is_token(&name), "{byte:#x} in a name");
            assert_eq!(
                HeaderValue::from_bytes(&value).is_ok(),
                super::unclean(&value).is_none(),
                "{byte:#x} in a value"
            );
        }
        assert!(HeaderName::from_bytes(b"").is_err());
    }

    #[test]
    fn lengths() {
        assert_eq!(content_length(b"0"), Ok(0));
        assert_eq!(content_length(b"0042"), Ok(42));
        assert_eq!(content_length(b"9223372036854775807"), Ok(9_223_372_036_854_775_807));
        for bad in
            ["", "+5", "-5", "5 5", "5,5", "0x5", "5.0", "5a", "9223372036854775808", "99999999999999999999", "٣"]
        {
            assert_eq!(content_length(bad.as_bytes()), Err(Refusal::ContentLength), "{bad:?}");
        }
    }
}
