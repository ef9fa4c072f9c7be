//! `Authorization: Basic` at a token endpoint (RFC 7617, RFC 6749 §2.3.1): base64 of
//! `id:secret`, each part form-encoded by those who follow the RFC. Anything that is
//! not exactly that is a bad client, told like any other bad client.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::AUTHORIZATION;

use crate::dialect::condition::Condition;
use crate::dialect::knobs::BasicCoding;
use crate::dialect::params::decode;
use crate::token::id::ClientId;
use crate::token::secret::Secret;

/// Bytes of an encoded credential; a longer one is nobody's.
const MAX_ENCODED: usize = 4096;

/// Id and secret of the header; `None` without an `Authorization` line, and for one of
/// another scheme, which says nothing here: old clients send their last token along.
///
/// # Errors
/// `ClientBad` for broken base64, no colon, an empty id or secret; `ClientConflict` for
/// two lines.
pub fn read(headers: &HeaderMap, coding: BasicCoding) -> Result<Option<(ClientId, Secret)>, Condition> {
    let mut lines = headers.get_all(AUTHORIZATION).iter();
    let Some(line) = lines.next() else { return Ok(None) };
    if lines.next().is_some() {
        return Err(Condition::ClientConflict);
    }
    let line = line.to_str().map_err(|_| Condition::ClientBad)?;
    let (scheme, encoded) = line.split_once(' ').unwrap_or((line, ""));
    if !scheme.eq_ignore_ascii_case("Basic") {
        return Ok(None);
    }
    parse(encoded.trim_matches(' '), coding).map(Some).ok_or(Condition::ClientBad)
}

fn parse(encoded: &str, coding: BasicCoding) -> Option<(ClientId, Secret)> {
    if encoded.len() > MAX_ENCODED {
        return None;
    }
    let plain = STANDARD.decode(encoded).ok()?;
    let colon = plain.iter().position(|b| *b == b':')?;
    let part = |bytes: &[u8]| match coding {
        BasicCoding::FormEncoded => decode(bytes).ok(),
        BasicCoding::Plain => String::from_utf8(bytes.to_vec()).ok(),
    };
    let (id, secret) = (part(&plain[..colon])?, part(&plain[colon + 1..])?);
    (!id.is_empty() && !secret.is_empty()).then(|| (ClientId::new(id), Secret::new(secret)))
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use http::{HeaderMap, HeaderValue};

    use super::read;
    use crate::dialect::condition::Condition;
    use crate::dialect::knobs::BasicCoding;

    fn header(line: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert("authorization", HeaderValue::from_str(line).unwrap());
        headers
    }

    fn pair(plain: &str, coding: BasicCoding) -> Option<(String, String)> {
        let line = format!("bAsIc {}", STANDARD.encode(plain));
        let found = read(&header(&line), coding).ok()??;
        Some((found.0.as_str().to_owned(), found.1.expose().to_owned()))
    }

    #[test]
    fn splits_at_the_first_colon_and_decodes_both_sides() {
        let found = pair("a%3Ab:c:d%25+e", BasicCoding::FormEncoded).unwrap();
        assert_eq!(found, ("a:b".into(), "c:d% e".into()));
        let found = pair("a%3Ab:c+d", BasicCoding::Plain).unwrap();
        assert_eq!(found, ("a%3Ab".into(), "c+d".into()));
    }

    #[test]
    fn anything_else_is_a_bad_client() {
        for plain in ["no-colon", ":secret", "id:", "id:%zz", "id:%00"] {
            assert!(pair(plain, BasicCoding::FormEncoded).is_none(), "{plain}");
        }
        for line in ["Basic", "Basic !!!", "Basic YTpi=", "Basic YTpi,Basic YTpi"] {
            assert_eq!(read(&header(line), BasicCoding::FormEncoded).unwrap_err(), Condition::ClientBad, "{line}");
        }
        for line in ["Bearer abc", "Bearer", "Basically YTpi"] {
            assert!(read(&header(line), BasicCoding::FormEncoded).unwrap().is_none(), "{line}");
        }
        assert!(read(&HeaderMap::new(), BasicCoding::FormEncoded).unwrap().is_none());
    }

    #[test]
    fn two_lines_are_a_conflict() {
        let mut headers = header("Basic YTpi");
        headers.append("authorization", HeaderValue::from_static("Basic YTpi"));
        assert_eq!(read(&headers, BasicCoding::FormEncoded).unwrap_err(), Condition::ClientConflict);
    }
}
