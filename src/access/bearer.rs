//! Where the token stands in a request (RFC 6750 §2). One place, one token: a caller
//! who presents two makes it unclear who he is, and is refused rather than chosen
//! for. Nothing is copied when the token stands in the header.

use std::borrow::Cow;

use http::HeaderMap;
use http::header::{AUTHORIZATION, SEC_WEBSOCKET_PROTOCOL};

use crate::access::denial::Denial;
use crate::access::route::Presentation;
use crate::dialect::token_header::TokenHeader;

/// The query parameter that RFC 6750 §2.3 names: beside a header it is a second token,
/// whether the route takes tokens there or not.
pub const STANDARD_PARAMETER: &str = "access_token";

/// The bytes of a `b64token` but for its padding (RFC 6750 §2.1).
fn is_b64token(byte: u8) -> bool {
    let within = |low: u8, high: u8| (byte >= low) & (byte <= high);
    let letter = within(b'a', b'z') | within(b'A', b'Z');
    // `-` to `9`: the signs `-`, `.` and `/`, then the digits.
    letter | within(b'-', b'9') | (byte == b'_') | (byte == b'~') | (byte == b'+')
}

/// What was presented as a token. Its alphabet is not looked at before its text is
/// asked for: bytes that were a token at an earlier request are one at this one.
#[derive(Clone, PartialEq, Eq)]
pub struct Credential<'a> {
    /// The bytes.
    pub token: Cow<'a, [u8]>,
    /// Where it stood.
    pub place: Place,
}

/// The places a token may stand in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// `Authorization: Bearer`, or another header that the dialect names.
    Header,
    /// The query parameter that the route names.
    Query,
    /// The form field that the route names.
    Form,
    /// Behind the WebSocket subprotocol that the route names.
    Subprotocol,
}

impl Credential<'_> {
    /// The text, if it is a `b64token` (RFC 6750 §2.1).
    pub fn text(&self) -> Result<&str, Denial> {
        let padding = self.token.iter().rev().take_while(|byte| **byte == b'=').count();
        let body = &self.token[..self.token.len() - padding];
        // Without a way out, so that it is done for many bytes at once.
        if body.is_empty() || !body.iter().fold(true, |fits, byte| fits & is_b64token(*byte)) {
            return Err(Denial::Malformed);
        }
        std::str::from_utf8(&self.token).map_err(|_| Denial::Malformed)
    }
}

/// Finds the one token of a request. `form` is the collected body, where the route
/// takes tokens in forms and the request's type is a form.
pub fn find<'a>(
    headers: &'a HeaderMap,
    query: Option<&'a str>,
    form: Option<&'a [u8]>,
    allowed: &Presentation,
) -> Result<Credential<'a>, Denial> {
    let mut lines = headers.get_all(AUTHORIZATION).iter();
    let line = lines.next();
    if lines.next().is_some() {
        return Err(Denial::Ambiguous);
    }
    let bearer = line.and_then(|line| match &allowed.schemes[..] {
        [] => after_scheme(line.as_bytes(), "Bearer"),
        schemes => schemes.iter().find_map(|scheme| after_scheme(line.as_bytes(), scheme)),
    });
    let query = query.map_or(&b""[..], str::as_bytes);
    let asked = only(query, &allowed.query)?;
    // The standard name is a second token even where the route takes none in the query.
    let beside = match allowed.query.iter().any(|name| **name == *STANDARD_PARAMETER) {
        true => None,
        false => only(query, &[STANDARD_PARAMETER])?,
    };
    let filled = form.map_or(Ok(None), |body| only(body, &allowed.form))?;
    let offered = match &allowed.subprotocol {
        Some(name) => behind(headers, name)?,
        None => None,
    };
    let (others, other) = in_headers(headers, &allowed.headers)?;
    let bearer = bearer.or(other);
    let elsewhere = [asked.is_some(), filled.is_some(), offered.is_some()];
    let presented = usize::from(line.is_some()) + others + elsewhere.iter().filter(|there| **there).count();
    if presented > 1 || (beside.is_some() && (bearer.is_some() || elsewhere.contains(&true))) {
        return Err(Denial::Ambiguous);
    }
    match (bearer, asked, filled, offered) {
        (Some(token), _, _, _) => Ok(Credential { token: token.into(), place: Place::Header }),
        (None, Some(raw), _, _) => Ok(Credential { token: decoded(raw)?, place: Place::Query }),
        (None, None, Some(raw), _) => Ok(Credential { token: decoded(raw)?, place: Place::Form }),
        (None, None, None, Some(token)) => Ok(Credential { token: token.into(), place: Place::Subprotocol }),
        (None, None, None, None) => Err(Denial::Missing),
    }
}

/// How many of these headers a request has, and the token in the only one. A header that
/// is there counts as presented even where another scheme stands in it.
fn in_headers<'a>(headers: &'a HeaderMap, named: &[TokenHeader]) -> Result<(usize, Option<&'a [u8]>), Denial> {
    let (mut present, mut token) = (0, None);
    for header in named {
        let mut lines = headers.get_all(&header.name).iter();
        let Some(line) = lines.next() else { continue };
        if lines.next().is_some() {
            return Err(Denial::Ambiguous);
        }
        present += 1;
        token = match &header.scheme {
            Some(scheme) => after_scheme(line.as_bytes(), scheme),
            None => Some(line.as_bytes().trim_ascii()),
        };
    }
    Ok((present, token))
}

/// What follows a scheme such as `Bearer ` (RFC 9110 §11.1: the scheme's case does not matter); `None`
/// for other schemes.
fn after_scheme<'a>(line: &'a [u8], named: &str) -> Option<&'a [u8]> {
    let (scheme, rest) = line.split_at_checked(named.len())?;
    if !scheme.eq_ignore_ascii_case(named.as_bytes()) {
        return None;
    }
    match rest.first() {
        None => Some(rest),
        Some(b' ') => Some(&rest[rest.iter().take_while(|b| **b == b' ').count()..]),
        Some(_) => None,
    }
}

/// What stands behind an item of that name in the list of subprotocols; twice, or with
/// nothing behind it, is ambiguous.
fn behind<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a [u8]>, Denial> {
    let mut items = subprotocols(headers);
    if !items.any(|item| item == name.as_bytes()) {
        return Ok(None);
    }
    let token = items.next().ok_or(Denial::Ambiguous)?;
    if items.any(|item| item == name.as_bytes()) { Err(Denial::Ambiguous) } else { Ok(Some(token)) }
}

/// The subprotocols that a caller offers (RFC 6455 §11.3.4), in order.
pub fn subprotocols(headers: &HeaderMap) -> impl Iterator<Item = &[u8]> {
    let lines = headers.get_all(SEC_WEBSOCKET_PROTOCOL).into_iter();
    lines.flat_map(|line| line.as_bytes().split(|b| *b == b',')).map(<[u8]>::trim_ascii).filter(|item| !item.is_empty())
}

/// The raw value of the only parameter of one of these names; twice is ambiguous.
fn only<'a>(pairs: &'a [u8], names: &[impl AsRef<str>]) -> Result<Option<&'a [u8]>, Denial> {
    if pairs.is_empty() || names.is_empty() {
        return Ok(None);
    }
    let mut found = None;
    for pair in pairs.split(|b| *b == b'&') {
        let cut = pair.iter().position(|b| *b == b'=');
        let (key, value) = cut.map_or((pair, &pair[..0]), |at| (&pair[..at], &pair[at + 1..]));
        if !names.iter().any(|name| unescaped(key).eq(name.as_ref().bytes().map(Some))) {
            continue;
        }
        if found.replace(value).is_some() {
            return Err(Denial::Ambiguous);
        }
    }
    Ok(found)
}

fn decoded(raw: &[u8]) -> Result<Cow<'_, [u8]>, Denial> {
    if !raw.contains(&b'%') && !raw.contains(&b'+') {
        return Ok(Cow::Borrowed(raw));
    }
    unescaped(raw).collect::<Option<Vec<u8>>>().map(Cow::Owned).ok_or(Denial::Malformed)
}

/// The bytes behind `application/x-www-form-urlencoded` text; `None` where an escape
/// is broken.
fn unescaped(raw: &[u8]) -> impl Iterator<Item = Option<u8>> + '_ {
    let mut bytes = raw.iter().copied();
    std::iter::from_fn(move || {
        Some(match bytes.next()? {
            b'+' => Some(b' '),
            b'%' => {
                let mut hex = || bytes.next().and_then(|b| char::from(b).to_digit(16));
                hex().zip(hex()).map(|(high, low)| (high * 16 + low) as u8)
            }
            plain => Some(plain),
        })
    })
}

impl std::fmt::Debug for Credential<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Credential(***, {:?})", self.place)
    }
}

#[cfg(test)]
mod tests;
