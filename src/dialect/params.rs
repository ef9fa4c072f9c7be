//! The parameters of a form body, read strictly: what is not exactly one meaning is
//! refused, because a proxy, a log and a second reader might have read it otherwise.
//! Must never: put a value, or a name the caller made up, into an error.

use bytes::Bytes;
use http::HeaderMap;
use http::header::CONTENT_TYPE;

use crate::dialect::condition::Condition;
use crate::dialect::knobs::ParameterNames;
use crate::token::secret::Secret;

/// Parameters in one request; more are refused as malformed.
pub const MAX_PARAMETERS: usize = 64;

/// Bytes of a request body at these endpoints; more is 413.
pub const MAX_BODY: usize = 64 * 1024;

/// The one body type these endpoints read (RFC 6749 appendix B).
const FORM: &str = "application/x-www-form-urlencoded";

/// Decoded parameters, each name once.
#[derive(Debug)]
pub struct Params(Vec<(String, Secret)>);

impl Params {
    /// Reads a form body. A body of no bytes needs no content type.
    pub fn read(headers: &HeaderMap, body: &Bytes, names: &ParameterNames) -> Result<Params, Condition> {
        if body.len() > MAX_BODY {
            return Err(Condition::TooLarge);
        }
        if !is_form(headers) && !body.is_empty() {
            return Err(Condition::WrongContentType);
        }
        let mut out: Vec<(String, Secret)> = Vec::new();
        for pair in body.split(|b| *b == b'&').filter(|pair| !pair.is_empty()) {
            let cut = pair.iter().position(|b| *b == b'=');
            let (name, value) = cut.map_or((pair, &pair[..0]), |at| (&pair[..at], &pair[at + 1..]));
            let (name, value) = (decode(name)?, decode(value)?);
            if out.len() == MAX_PARAMETERS {
                return Err(Condition::MalformedBody("too many parameters"));
            }
            if out.iter().any(|(known, _)| *known == name) {
                // Only names of the protocol are told back.
                let told = if names.all().contains(&name.as_str()) { name } else { String::new() };
                return Err(Condition::DuplicateParameter(told));
            }
            out.push((name, Secret::new(value)));
        }
        Ok(Params(out))
    }

    /// The value of `name`; an empty one counts as absent (RFC 6749 §3.2).
    pub fn value(&self, name: &str) -> Option<&Secret> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value).filter(|v| !v.expose().is_empty())
    }

    /// The value of `name`, or the condition that says it is missing.
    pub fn need(&self, name: &'static str) -> Result<&Secret, Condition> {
        self.value(name).ok_or(Condition::MissingParameter(name))
    }
}

/// One line, of that media type; parameters such as `charset` do not matter.
fn is_form(headers: &HeaderMap) -> bool {
    let mut lines = headers.get_all(CONTENT_TYPE).iter();
    let (Some(line), None) = (lines.next(), lines.next()) else { return false };
    let media_type = line.to_str().unwrap_or("").split(';').next().unwrap_or("");
    media_type.trim().eq_ignore_ascii_case(FORM)
}

/// Undoes `application/x-www-form-urlencoded` for one name or value.
///
/// # Errors
/// A `%` without two hexadecimal digits, a result that is not UTF-8, a NUL.
pub fn decode(encoded: &[u8]) -> Result<String, Condition> {
    let mut out = Vec::with_capacity(encoded.len());
    let mut rest = encoded.iter();
    while let Some(byte) = rest.next() {
        out.push(match byte {
            b'+' => b' ',
            b'%' => {
                let (high, low) = (rest.next().copied().and_then(hex), rest.next().copied().and_then(hex));
                let (Some(high), Some(low)) = (high, low) else {
                    return Err(Condition::MalformedBody("broken percent-encoding"));
                };
                high << 4 | low
            }
            other => *other,
        });
    }
    if out.contains(&0) {
        return Err(Condition::MalformedBody("a value holds a NUL byte"));
    }
    String::from_utf8(out).map_err(|_| Condition::MalformedBody("a value is not UTF-8"))
}

fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::{HeaderMap, HeaderValue};

    use super::{MAX_BODY, MAX_PARAMETERS, Params};
    use crate::dialect::condition::Condition;
    use crate::dialect::knobs::Dialect;

    fn read_as(media_type: &'static str, body: impl Into<Bytes>) -> Result<Params, Condition> {
        let mut headers = HeaderMap::new();
        headers.insert("content-type", HeaderValue::from_static(media_type));
        Params::read(&headers, &body.into(), &Dialect::standard().names)
    }

    fn read(body: impl Into<Bytes>) -> Result<Params, Condition> {
        read_as("application/x-www-form-urlencoded", body)
    }

    #[test]
    fn decodes_plus_percent_and_raw_utf8() {
        let params = read("a=x+y&b=%2B%c3%A9&c=\u{e9}&d&&=e").unwrap();
        assert_eq!(params.value("a").unwrap().expose(), "x y");
        assert_eq!(params.value("b").unwrap().expose(), "+\u{e9}");
        assert_eq!(params.value("c").unwrap().expose(), "\u{e9}");
        assert!(params.value("d").is_none(), "empty is absent");
    }

    #[test]
    fn refuses_what_is_not_a_form() {
        for broken in ["a=%", "a=%2", "a=%zz", "%=b", "a=%+1"] {
            assert_eq!(read(broken).unwrap_err(), Condition::MalformedBody("broken percent-encoding"), "{broken}");
        }
        assert_eq!(read("a=%ff").unwrap_err(), Condition::MalformedBody("a value is not UTF-8"));
        assert_eq!(read(Bytes::from_static(b"a=\xff")).unwrap_err(), Condition::MalformedBody("a value is not UTF-8"));
        assert_eq!(read("a=%00").unwrap_err(), Condition::MalformedBody("a value holds a NUL byte"));
        for other in ["application/json", "text/plain", "multipart/form-data; boundary=x", ""] {
            assert_eq!(read_as(other, "a=b").unwrap_err(), Condition::WrongContentType, "{other}");
        }
        assert!(read_as("Application/X-WWW-Form-Urlencoded ; charset=UTF-8", "a=b").is_ok());
    }

    #[test]
    fn one_content_type_line_only() {
        let mut headers = HeaderMap::new();
        headers.append("content-type", HeaderValue::from_static("application/x-www-form-urlencoded"));
        headers.append("content-type", HeaderValue::from_static("application/json"));
        let names = Dialect::standard().names;
        let read = Params::read(&headers, &Bytes::from_static(b"a=b"), &names);
        assert_eq!(read.unwrap_err(), Condition::WrongContentType);
        assert!(Params::read(&HeaderMap::new(), &Bytes::new(), &names).is_ok());
    }

    #[test]
    fn tells_back_known_names_only() {
        assert_eq!(read("scope=a&scope=").unwrap_err(), Condition::DuplicateParameter("scope".into()));
        assert_eq!(read("sc%6fpe=a&scope=a").unwrap_err(), Condition::DuplicateParameter("scope".into()));
        assert_eq!(read("evil=1&evil=2").unwrap_err(), Condition::DuplicateParameter(String::new()));
    }

    #[test]
    fn is_bounded() {
        let many: String = (0..=MAX_PARAMETERS).map(|i| format!("p{i}=1&")).collect();
        assert_eq!(read(many).unwrap_err(), Condition::MalformedBody("too many parameters"));
        assert_eq!(read(format!("a={}", "b".repeat(MAX_BODY))).unwrap_err(), Condition::TooLarge);
    }
}
