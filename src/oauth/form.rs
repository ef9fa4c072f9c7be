//! What a browser brought: the query of a `GET`, the form of a `POST`, never both.
//! A name that should be there once and is given twice has two readers who may each
//! take another one, so it counts as twice and not as either (RFC 6749 §3.1).

use http::Method;

use crate::dialect::knobs::BodyType;
use crate::dialect::params::{body_type, decode};
use crate::dialect::wire::RawRequest;

/// Fields of one form: a box for each scope of a large catalogue, and some more.
const MAX_FIELDS: usize = 256;

/// Longest value that is read, in bytes.
pub(in crate::oauth) const MAX_VALUE: usize = 4096;

/// Decoded parameters, in their order.
#[derive(Debug, Default)]
pub(in crate::oauth) struct Form(Vec<(String, String)>);

impl Form {
    /// Reads what the request brought.
    ///
    /// # Errors
    /// What cannot be read, in a few words.
    pub(in crate::oauth) fn read(raw: &RawRequest) -> Result<Form, &'static str> {
        let query = raw.query.as_deref().unwrap_or("");
        if raw.method != Method::POST {
            return Form::parse(query.as_bytes());
        }
        if !query.is_empty() {
            return Err("parameters belong in the query or in the body, not in both");
        }
        match body_type(&raw.headers).0 {
            Some(BodyType::Form) => Form::parse(&raw.body),
            Some(BodyType::Json | BodyType::Multipart) | None if raw.body.is_empty() => Ok(Form::default()),
            Some(BodyType::Json | BodyType::Multipart) | None => {
                Err("the body must be application/x-www-form-urlencoded")
            }
        }
    }

    /// Reads `application/x-www-form-urlencoded`.
    ///
    /// # Errors
    /// As `read`.
    pub(in crate::oauth) fn parse(text: &[u8]) -> Result<Form, &'static str> {
        let mut out = Form::default();
        for pair in text.split(|b| *b == b'&').filter(|pair| !pair.is_empty()) {
            let cut = pair.iter().position(|b| *b == b'=');
            let (name, value) = cut.map_or((pair, &pair[..0]), |at| (&pair[..at], &pair[at + 1..]));
            let read = |bytes| decode(bytes).map_err(|_| "a parameter is not percent-encoded UTF-8");
            let (name, value) = (read(name)?, read(value)?);
            if out.0.len() == MAX_FIELDS || value.len() > MAX_VALUE {
                return Err("more or longer parameters than are read");
            }
            out.0.push((name, value));
        }
        Ok(out)
    }

    /// The value of that name; `None` where it is absent, empty (RFC 6749 §3.1), or
    /// given twice.
    pub(in crate::oauth) fn value(&self, name: &str) -> Option<&str> {
        let mut found = self.values(name);
        let value = found.next().filter(|value| !value.is_empty())?;
        found.next().is_none().then_some(value)
    }

    /// All values of a name that may be repeated, such as that of boxes to tick.
    pub(in crate::oauth) fn values<'a, 'n>(&'a self, name: &'n str) -> impl Iterator<Item = &'a str> + use<'a, 'n> {
        self.0.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Whether the name is given more than once.
    pub(in crate::oauth) fn is_twice(&self, name: &str) -> bool {
        self.values(name).nth(1).is_some()
    }

    /// Whether anything at all is given more than once.
    pub(in crate::oauth) fn repeats(&self) -> bool {
        self.0.iter().any(|(name, _)| self.is_twice(name))
    }
}

#[cfg(test)]
mod tests {
    use super::Form;

    #[test]
    fn each_name_once() {
        let form = Form::parse(b"a=1&b=x+y&c=&d&a%62=%C3%A9").unwrap();
        assert_eq!((form.value("a"), form.value("b"), form.value("ab")), (Some("1"), Some("x y"), Some("\u{e9}")));
        assert_eq!((form.value("c"), form.value("d"), form.repeats()), (None, None, false));
        for twice in ["a=1&a=1", "a=1&%61=2", "a=&a=1", "a&a"] {
            let form = Form::parse(twice.as_bytes()).unwrap();
            assert!(form.is_twice("a") && form.value("a").is_none() && form.repeats(), "{twice}");
        }
        assert_eq!(Form::parse(b"s=1&s=2").unwrap().values("s").collect::<Vec<_>>(), ["1", "2"]);
        for broken in ["a=%", "a=%ff", "a=%00"] {
            assert!(Form::parse(broken.as_bytes()).is_err(), "{broken}");
        }
        assert!(Form::parse("a&".repeat(257).as_bytes()).is_err());
        assert!(Form::parse(format!("a={}", "x".repeat(4097)).as_bytes()).is_err());
    }
}
