//! An answer that grants something, as data: status, headers, and one body for each
//! format a client may ask for. Everything written so may hold a secret, so no cache
//! may keep any of it (RFC 6749 §5.1); no dialect can change that.

use bytes::Bytes;
use http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE, PRAGMA};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use crate::dialect::fact::Facts;
use crate::dialect::shape::Shape;
use crate::dialect::spelling::{Format, JsonHabits, spell};
use crate::dialect::template::Template;
use crate::dialect::wire::Reply;

/// How something granted is written.
#[derive(Clone, PartialEq, Debug)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Further headers.
    pub headers: Vec<(HeaderName, Template)>,
    /// The habits of its JSON.
    pub habits: JsonHabits,
    /// Its bodies: the first one unless the client accepts another one only. None: no
    /// body.
    pub forms: Vec<Form>,
    /// The type of an answer without a body; empty: none.
    pub empty_type: Box<str>,
}

/// One body.
#[derive(Clone, PartialEq, Debug)]
pub struct Form {
    /// Its `Content-Type`.
    pub media: Box<str>,
    /// How it is written.
    pub format: Format,
    /// The outermost element of XML.
    pub root: Box<str>,
    /// What is in it.
    pub body: Shape,
}

impl Answer {
    /// Writes it for these facts; `items` are the tokens of a bulk answer.
    pub fn write(&self, asked: &HeaderMap, facts: &dyn Facts, items: &[&dyn Facts]) -> Reply {
        let mut headers = secret_headers(&self.empty_type);
        for (name, template) in &self.headers {
            if let Ok(value) = HeaderValue::from_str(&template.text(facts)) {
                headers.insert(name.clone(), value);
            }
        }
        let Some(form) = chosen(&self.forms, |form| &form.media, asked) else {
            return Reply { status: self.status, headers, body: Bytes::new() };
        };
        set_type(&mut headers, &form.media);
        let text = spell(&form.body.value(facts, items), form.format, self.habits, &form.root);
        Reply { status: self.status, headers, body: Bytes::from(text) }
    }

    /// Writes it with a body that was written before, byte for byte.
    pub fn again(&self, asked: &HeaderMap, facts: &dyn Facts, body: Bytes) -> Reply {
        Reply { body, ..self.write(asked, facts, &[]) }
    }
}

/// The first of several that has a type the client names, in the client's order; else the
/// first.
pub(in crate::dialect) fn chosen<'a, T>(
    several: &'a [T],
    media: impl Fn(&T) -> &str,
    asked: &HeaderMap,
) -> Option<&'a T> {
    if several.len() < 2 {
        return several.first();
    }
    let lines = asked.get_all(ACCEPT).iter().filter_map(|line| line.to_str().ok());
    let named = lines.flat_map(|line| line.split(',')).map(essence);
    let mut fitting = named.filter_map(|name| several.iter().find(|one| essence(media(one)) == name));
    fitting.next().or(several.first())
}

/// The media type without its parameters.
fn essence(media: &str) -> String {
    media.split(';').next().unwrap_or("").trim().to_ascii_lowercase()
}

fn set_type(headers: &mut HeaderMap, media: &str) {
    if let Ok(value) = HeaderValue::from_str(media) {
        headers.insert(CONTENT_TYPE, value);
    }
}

/// The headers of everything that is said about tokens.
pub fn secret_headers(media: &str) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(4);
    if !media.is_empty() {
        set_type(&mut headers, media);
    }
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(PRAGMA, HeaderValue::from_static("no-cache"));
    headers
}
