//! Path and query on their way to a backend: the judged path without the prefix that
//! the route takes off, the query as it came but for a token in it. Pure.

use std::borrow::Cow;

/// `path` without `prefix`, which ends at a segment; a path that does not begin with
/// it stays as it is.
pub fn strip<'a>(path: &'a str, prefix: Option<&str>) -> &'a str {
    let Some(prefix) = prefix.map(|p| p.trim_end_matches('/')) else { return path };
    match path.strip_prefix(prefix) {
        Some("") => "/",
        Some(rest) if rest.starts_with('/') => rest,
        _ => path,
    }
}

/// `query` without every parameter of one of these names, however the name is encoded.
pub fn without<'a>(query: Option<&'a str>, names: &[Box<str>]) -> Option<Cow<'a, str>> {
    let query = query?;
    let named = |pair: &str| names.iter().any(|name| is_named(pair, name));
    if !query.split('&').any(named) {
        return Some(Cow::Borrowed(query));
    }
    let kept: Vec<&str> = query.split('&').filter(|pair| !named(pair)).collect();
    (!kept.is_empty()).then(|| Cow::Owned(kept.join("&")))
}

/// Whether a `name=value` pair has this name once it is decoded as a form is.
fn is_named(pair: &str, name: &str) -> bool {
    let written = pair.split('=').next().unwrap_or_default();
    written == name || (written.contains(['%', '+']) && decoded(written) == name.as_bytes())
}

fn decoded(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let hex = |at: usize| bytes.get(at).and_then(|b| char::from(*b).to_digit(16));
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let escape = if *byte == b'%' { hex(at + 1).zip(hex(at + 2)) } else { None };
        match (byte, escape) {
            (_, Some((high, low))) => {
                out.push((high * 16 + low) as u8);
                at += 2;
            }
            (b'+', None) => out.push(b' '),
            (other, None) => out.push(*other),
        }
        at += 1;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{strip, without};

    #[test]
    fn a_prefix_ends_at_a_segment() {
        for (path, prefix, left) in [
            ("/api/v1/x", Some("/api"), "/v1/x"),
            ("/api/v1/x", Some("/api/"), "/v1/x"),
            ("/api", Some("/api"), "/"),
            ("/api/", Some("/api"), "/"),
            ("/apix", Some("/api"), "/apix"),
            ("/other", Some("/api"), "/other"),
            ("/a", Some("/"), "/a"),
            ("/a", None, "/a"),
        ] {
            assert_eq!(strip(path, prefix), left, "{path} {prefix:?}");
        }
    }

    #[test]
    fn a_token_leaves_the_query_in_every_spelling() {
        for (query, left) in [
            (None, None),
            (Some("a=1&b=2"), Some("a=1&b=2")),
            (Some("access_token=x"), None),
            (Some("a=1&access_token=x&b=2"), Some("a=1&b=2")),
            (Some("a=1&access%5Ftoken=x&%61ccess_token=y&access_token"), Some("a=1")),
            (Some("xaccess_token=1&access_tokens=2"), Some("xaccess_token=1&access_tokens=2")),
            (Some("a=%zz&access_token=x"), Some("a=%zz")),
            (Some("a+b=1&&access_token=x"), Some("a+b=1&")),
        ] {
            assert_eq!(without(query, &["access_token".into()]).as_deref(), left, "{query:?}");
        }
    }
}
