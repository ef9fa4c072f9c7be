//! The parameters of a request, read strictly: what is not exactly one meaning is
//! refused, because a proxy, a log and a second reader might have read it otherwise.
//! Must never: put a value, or a name the caller made up, into an error.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Method};
use serde_json::Value;

use crate::dialect::condition::Condition;
use crate::dialect::knobs::{BodyType, QueryRule, Reading, Repeats, ScopeLists, Untyped};
use crate::dialect::multipart;
use crate::dialect::wire::RawRequest;
use crate::token::json;
use crate::token::secret::Secret;

/// Parameters in one request; more are refused as malformed.
pub const MAX_PARAMETERS: usize = 64;

/// Bytes of a request body at these endpoints; more is 413.
pub const MAX_BODY: usize = 64 * 1024;

/// Members of one list, such as the bots of a bulk request; more are refused.
pub const MAX_LIST: usize = 64;

/// Decoded parameters.
#[derive(Debug, Default)]
pub struct Params {
    pairs: Vec<(String, Secret)>,
    lists: Vec<(String, Vec<String>)>,
}

/// Whether a request brought secrets in its URL, where logs of others have seen them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SecretsInUrl {
    /// None.
    Absent,
    /// A client secret, a password or a token.
    Present,
}

impl Params {
    /// Reads what the reading looks at: the body, the query, or both. `list` may be
    /// given several times, under its own name or with `[]` behind it.
    ///
    /// # Errors
    /// `TooLarge`, `WrongContentType`, `QueryRefused`, `MalformedBody`,
    /// `MalformedJson`, `BadParameter`, `DuplicateParameter`.
    pub fn read(raw: &RawRequest, reading: &Reading, list: Option<&str>) -> Result<Params, Condition> {
        let mut out = Params::default();
        let query = raw.query.as_deref().filter(|query| !query.is_empty());
        if reading.query == QueryRule::Refuse && query.is_some() {
            return Err(Condition::QueryRefused);
        }
        let by_get = raw.method == Method::GET && reading.query == QueryRule::OnGet;
        if reading.query != QueryRule::Only && !by_get {
            out.body(&raw.headers, &raw.body, reading, list)?;
        }
        if matches!(reading.query, QueryRule::Only | QueryRule::Merge) || by_get {
            out.form(query.unwrap_or("").as_bytes(), reading, list)?;
        }
        Ok(out)
    }

    fn body(
        &mut self,
        headers: &HeaderMap,
        body: &Bytes,
        reading: &Reading,
        list: Option<&str>,
    ) -> Result<(), Condition> {
        if body.len() > MAX_BODY {
            return Err(Condition::TooLarge);
        }
        if body.is_empty() {
            return Ok(());
        }
        let (kind, media) = body_type(headers);
        match kind.filter(|kind| reading.bodies.contains(kind)) {
            Some(BodyType::Form) => self.form(body, reading, list),
            Some(BodyType::Json) => self.json(body, reading, list),
            Some(BodyType::Multipart) => {
                for (name, value) in multipart::fields(media, body)? {
                    self.add(name, value, reading, list)?;
                }
                Ok(())
            }
            None => match reading.untyped {
                Untyped::Refuse => Err(Condition::WrongContentType),
                Untyped::Sniff if body.trim_ascii_start().first() == Some(&b'{') => self.json(body, reading, list),
                Untyped::Sniff | Untyped::Empty => Ok(()),
            },
        }
    }

    fn form(&mut self, body: &[u8], reading: &Reading, list: Option<&str>) -> Result<(), Condition> {
        for pair in body.split(|b| *b == b'&').filter(|pair| !pair.is_empty()) {
            let cut = pair.iter().position(|b| *b == b'=');
            let (name, value) = cut.map_or((pair, &pair[..0]), |at| (&pair[..at], &pair[at + 1..]));
            self.add(decode(name)?, decode(value)?, reading, list)?;
        }
        Ok(())
    }

    fn json(&mut self, body: &[u8], reading: &Reading, list: Option<&str>) -> Result<(), Condition> {
        let members = json::object(body).map_err(|_| Condition::MalformedJson)?;
        for (name, value) in members {
            let told = if list == Some(name.as_str()) { name.as_str() } else { reading.canonical(&name) };
            let bad = || Condition::BadParameter(told.into());
            match value {
                Value::Null => {}
                Value::String(text) => self.add(name, text, reading, list)?,
                Value::Number(number) => self.add(name, number.to_string(), reading, list)?,
                Value::Bool(flag) => self.add(name, flag.to_string(), reading, list)?,
                Value::Array(members) => {
                    let texts: Option<Vec<&str>> = members.iter().map(Value::as_str).collect();
                    let texts = texts.filter(|texts| texts.len() <= MAX_LIST).ok_or_else(bad)?;
                    if list == Some(name.as_str()) {
                        self.lists.push((name, texts.into_iter().map(str::to_owned).collect()));
                    } else if reading.canonical(&name) == "scope" {
                        let between = reading.scope_separators.first().copied().unwrap_or(' ').to_string();
                        self.add(name, texts.join(&between), reading, list)?;
                    } else {
                        return Err(bad());
                    }
                }
                Value::Object(_) => return Err(bad()),
            }
        }
        Ok(())
    }

    fn add(&mut self, name: String, value: String, reading: &Reading, list: Option<&str>) -> Result<(), Condition> {
        if value.contains('\0') {
            return Err(Condition::MalformedBody("a value holds a NUL byte"));
        }
        if self.pairs.len() + self.lists.len() == MAX_PARAMETERS {
            return Err(Condition::MalformedBody("too many parameters"));
        }
        let plain = name.strip_suffix("[]").unwrap_or(&name);
        if list == Some(plain) {
            return self.member(plain, value);
        }
        if reading.scope_lists == ScopeLists::Joined && reading.canonical(plain) == "scope" {
            return self.scope(plain, value, reading);
        }
        let first = self.pairs.iter_mut().find(|(known, _)| *known == name);
        match (first, reading.repeats) {
            (None, _) => self.pairs.push((name, Secret::new(value))),
            (Some(_), Repeats::First) => {}
            (Some(first), Repeats::Last) => first.1 = Secret::new(value),
            // Only names of the protocol are told back.
            (Some(_), Repeats::Refuse) => {
                let told = if reading.canonical(&name).is_empty() { "" } else { &name };
                return Err(Condition::DuplicateParameter(told.to_owned()));
            }
        }
        Ok(())
    }

    /// More scopes of one wish.
    fn scope(&mut self, name: &str, value: String, reading: &Reading) -> Result<(), Condition> {
        let between = reading.scope_separators.first().copied().unwrap_or(' ');
        match self.pairs.iter_mut().find(|(known, _)| known == name) {
            Some((_, wish)) => *wish = Secret::new(format!("{}{between}{value}", wish.expose())),
            None => self.pairs.push((name.to_owned(), Secret::new(value))),
        }
        Ok(())
    }

    /// One more member of a list, or a whole one as JSON text.
    fn member(&mut self, name: &str, value: String) -> Result<(), Condition> {
        let bad = || Condition::BadParameter(name.into());
        let members = match value.starts_with('[') {
            true => serde_json::from_str::<Vec<String>>(&value).map_err(|_| bad())?,
            false if value.is_empty() => Vec::new(),
            false => vec![value],
        };
        let place = match self.lists.iter().position(|(known, _)| known == name) {
            Some(place) => place,
            None => {
                self.lists.push((name.to_owned(), Vec::new()));
                self.lists.len() - 1
            }
        };
        self.lists[place].1.extend(members);
        if self.lists[place].1.len() > MAX_LIST { Err(bad()) } else { Ok(()) }
    }

    /// The value of the first of `names` that has one; an empty one counts as absent
    /// (RFC 6749 §3.2).
    pub fn value(&self, names: &[Box<str>]) -> Option<&Secret> {
        let of = |name: &str| self.pairs.iter().find(|(known, _)| known == name);
        names.iter().filter_map(|name| of(name)).map(|(_, value)| value).find(|value| !value.expose().is_empty())
    }

    /// The value under `names`, or the condition that says it is missing.
    pub fn need(&self, names: &[Box<str>]) -> Result<&Secret, Condition> {
        let name = || names.first().cloned().unwrap_or_default();
        self.value(names).ok_or_else(|| Condition::MissingParameter(name()))
    }

    /// The members of a list; empty if it is not there.
    pub fn list(&self, name: &str) -> &[String] {
        self.lists.iter().find(|(known, _)| known == name).map_or(&[], |(_, members)| members)
    }
}

/// Whether the query of a request holds a secret.
pub fn secrets_in_url(raw: &RawRequest, reading: &Reading) -> SecretsInUrl {
    let secret = |name: &[u8]| {
        let name = decode(name).unwrap_or_default();
        matches!(
            reading.canonical(&name),
            "client_secret"
                | "password"
                | "refresh_token"
                | "code"
                | "code_verifier"
                | "token"
                | "assertion"
                | "client_assertion"
        )
    };
    let query = raw.query.as_deref().unwrap_or("").as_bytes();
    let mut names = query.split(|b| *b == b'&').filter_map(|pair| pair.split(|b| *b == b'=').next());
    if names.any(secret) { SecretsInUrl::Present } else { SecretsInUrl::Absent }
}

/// The kind of body that one `Content-Type` line says, with the line; parameters such
/// as `charset` do not matter.
pub fn body_type(headers: &HeaderMap) -> (Option<BodyType>, &str) {
    let mut lines = headers.get_all(CONTENT_TYPE).iter();
    let (Some(line), None) = (lines.next(), lines.next()) else { return (None, "") };
    let line = line.to_str().unwrap_or("");
    let kind = match line.split(';').next().unwrap_or("").trim().to_ascii_lowercase().as_str() {
        "application/x-www-form-urlencoded" => Some(BodyType::Form),
        "multipart/form-data" => Some(BodyType::Multipart),
        "application/json" => Some(BodyType::Json),
        _ => None,
    };
    (kind, line)
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
mod tests;
