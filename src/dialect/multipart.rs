//! `multipart/form-data` (RFC 7578) as far as `curl -F` and browsers send it for short
//! texts: fields by name, no files. Read strictly, within the bound of the body; what
//! is not exactly that is a malformed body.

use crate::dialect::condition::Condition;

/// Longest boundary (RFC 2046 §5.1.1).
const MAX_BOUNDARY: usize = 70;

/// Names and values in order.
///
/// # Errors
/// `MalformedBody` for no boundary, a part without a name, a file, or text that is not
/// UTF-8.
pub fn fields(media: &str, body: &[u8]) -> Result<Vec<(String, String)>, Condition> {
    let broken = || Condition::MalformedBody("broken multipart body");
    let boundary = parameter(media, "boundary").filter(|b| !b.is_empty() && b.len() <= MAX_BOUNDARY);
    let boundary = boundary.ok_or_else(broken)?;
    let text = std::str::from_utf8(body).map_err(|_| Condition::MalformedBody("a value is not UTF-8"))?;
    let delimiter = format!("--{boundary}");
    let mut rest = text.strip_prefix(delimiter.as_str()).ok_or_else(broken)?;
    let inner = format!("\r\n{delimiter}");
    let mut out = Vec::new();
    loop {
        if rest.starts_with("--") {
            return Ok(out);
        }
        let part = rest.strip_prefix("\r\n").ok_or_else(broken)?;
        let (part, after) = part.split_once(inner.as_str()).ok_or_else(broken)?;
        let (head, value) = part.split_once("\r\n\r\n").ok_or_else(broken)?;
        out.push((name(head).ok_or_else(broken)?, value.to_owned()));
        rest = after;
    }
}

/// The name of a part that is a plain field.
fn name(head: &str) -> Option<String> {
    let mut lines = head.split("\r\n").filter_map(|line| line.split_once(':'));
    let (_, disposition) = lines.find(|(name, _)| name.eq_ignore_ascii_case("content-disposition"))?;
    let plain = disposition.trim_start().starts_with("form-data") && parameter(disposition, "filename").is_none();
    parameter(disposition, "name").filter(|_| plain)
}

/// A parameter of a header line, its quotes removed.
fn parameter(line: &str, name: &str) -> Option<String> {
    let mut parts = line.split(';').skip(1).filter_map(|part| part.trim().split_once('='));
    let (_, value) = parts.find(|(known, _)| known.eq_ignore_ascii_case(name))?;
    Some(value.strip_prefix('"').and_then(|v| v.strip_suffix('"')).unwrap_or(value).to_owned())
}

#[cfg(test)]
mod tests {
    use super::fields;

    const MEDIA: &str = "multipart/form-data; boundary=\"b1\"";

    #[test]
    fn reads_plain_fields() {
        let body = "--b1\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx\r\ny\r\n--b1\r\n\
                    content-disposition: form-data; name=b\r\n\r\n\r\n--b1--\r\n";
        let read = fields(MEDIA, body.as_bytes()).unwrap();
        assert_eq!(read, [("a".to_owned(), "x\r\ny".to_owned()), ("b".to_owned(), String::new())]);
    }

    #[test]
    fn refuses_everything_else() {
        let broken = [
            "",
            "--b1",
            "--b1\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx",
            "--b1\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b1--",
            "--b1\r\nContent-Disposition: form-data; name=\"a\"; filename=\"f\"\r\n\r\nx\r\n--b1--",
            "--other\r\n\r\n",
        ];
        for body in broken {
            assert!(fields(MEDIA, body.as_bytes()).is_err(), "{body}");
        }
        assert!(fields("multipart/form-data", b"--\r\n").is_err());
    }
}
