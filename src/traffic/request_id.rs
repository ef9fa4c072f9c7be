//! The id of one request, in logs and headers of everybody on its way. That of a trusted
//! proxy is kept, so that one id goes through the whole house; anybody else's is
//! replaced, since it would let callers choose what stands in logs.

use http::{HeaderMap, HeaderName};

/// The header that carries it.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Longest id that is taken over.
const LONGEST: usize = 128;

/// The id that a trusted proxy gave, if it is of a form that cannot hurt a log.
pub fn given(headers: &HeaderMap) -> Option<&str> {
    let mut lines = headers.get_all(REQUEST_ID).iter();
    let (Some(line), None) = (lines.next(), lines.next()) else { return None };
    let text = line.to_str().ok()?;
    let plain =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b':' | b'+' | b'/' | b'=');
    ((1..=LONGEST).contains(&text.len()) && text.bytes().all(plain)).then_some(text)
}

/// An id of these random bytes: 32 hexadecimal digits, as a trace id has.
pub fn made(drawn: [u8; 16]) -> String {
    drawn.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::{REQUEST_ID, given, made};

    #[test]
    fn an_id_is_plain_and_single() {
        let of = |values: &[&str]| {
            let headers: HeaderMap = values.iter().map(|value| (REQUEST_ID, value.parse().unwrap())).collect();
            given(&headers).map(str::to_owned)
        };
        assert_eq!(of(&["Root=1-67891233-abc"]).as_deref(), Some("Root=1-67891233-abc"));
        assert_eq!(of(&[&made([0xF0; 16])]), Some("f0".repeat(16)));
        for bad in [&["a", "a"][..], &[], &[""], &["a b"], &["a\"b"], &["{\"a\":1}"], &[&"a".repeat(129)]] {
            assert_eq!(of(bad), None, "{bad:?}");
        }
    }
}
