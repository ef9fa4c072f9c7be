//! A table of refusals as data: for each condition status, code and words, one body for
//! all of them, and headers. What a table does not say is as in the standard. Must
//! never: say which half of a credential was wrong, or repeat what the caller sent.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use crate::clock::UnixTime;
use crate::dialect::answer::{chosen, secret_headers};
use crate::dialect::fact::{Fact, Facts};
use crate::dialect::fault::Fault;
use crate::dialect::shape::Shape;
use crate::dialect::spelling::{Format, JsonHabits, spell};
use crate::dialect::template::Template;
use crate::dialect::wire::Reply;
use crate::dialect::write::Silence;

/// How refusals are written.
#[derive(Clone, PartialEq, Debug)]
pub struct Refusals {
    /// How bodies are written: the first way unless the client accepts another one only;
    /// never none.
    pub pens: Vec<Pen>,
    /// The habits of its JSON.
    pub habits: JsonHabits,
    /// The body of every refusal whose row has none.
    pub body: Shape,
    /// Headers of every refusal whose row has none.
    pub headers: Vec<(HeaderName, Template)>,
    /// The rows.
    pub rows: BTreeMap<Fault, Row>,
}

/// One way to write a body.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pen {
    /// Its `Content-Type`.
    pub media: Box<str>,
    /// How it is written.
    pub format: Format,
    /// The outermost element of XML.
    pub root: Box<str>,
}

/// What a table says of one condition.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Row {
    /// The status.
    pub status: Option<StatusCode>,
    /// The code.
    pub code: Option<Code>,
    /// The words; an empty text is nothing.
    pub text: Option<Template>,
    /// Its headers, in place of those of the table.
    pub headers: Option<Vec<(HeaderName, Template)>>,
    /// Its body, in place of the table's.
    pub body: Option<RowBody>,
    /// The type of its body.
    pub media: Option<Box<str>>,
}

/// A code: a word, or a number of the system's own.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Code {
    /// `invalid_client`.
    Word(Box<str>),
    /// `450`.
    Number(u64),
}

/// The body of one row.
#[derive(Clone, PartialEq, Debug)]
pub enum RowBody {
    /// Members.
    Shape(Shape),
    /// Plain text, perhaps none.
    Plain(Template),
}

/// What is known about one refusal, with the standard's words for it.
pub(in crate::dialect) struct Refusal<'a> {
    pub fault: Fault,
    pub status: StatusCode,
    pub code: &'a str,
    pub text: String,
    pub parameter: &'a str,
    pub methods: &'a str,
    pub scopes: Vec<String>,
    pub scope_texts: Vec<String>,
    pub realm: &'a str,
    pub wait: Option<u64>,
}

impl Refusals {
    /// The table's own words for a fault that is told in another way than by a body.
    pub fn words(&self, fault: Fault) -> Option<String> {
        Some(self.row(fault)?.text.as_ref()?.text(&Silence))
    }

    /// Status and code of a fault, where the table has its own.
    pub fn says(&self, fault: Fault) -> (Option<StatusCode>, Option<String>) {
        let row = self.row(fault);
        let code = row.and_then(|row| row.code.as_ref()).map(|code| match code {
            Code::Word(word) => word.to_string(),
            Code::Number(number) => number.to_string(),
        });
        (row.and_then(|row| row.status), code)
    }

    /// Whether the table itself, or a row of a kin's, speaks of that fault.
    pub fn speaks_of(&self, fault: Fault) -> bool {
        self.row(fault).is_some()
    }

    /// Writes a refusal of a request that came with the headers `asked`.
    pub(in crate::dialect) fn write(&self, refusal: Refusal<'_>, asked: &HeaderMap) -> Reply {
        let none = Row::default();
        let row = self.row(refusal.fault).unwrap_or(&none);
        let mut told = Told { status: row.status.unwrap_or(refusal.status), code: row.code.as_ref(), refusal };
        if let Some(text) = &row.text {
            told.refusal.text = text.text(&told);
        }
        let (body, media) = match &row.body {
            Some(RowBody::Plain(text)) => (text.text(&told), "text/plain; charset=utf-8"),
            Some(RowBody::Shape(shape)) => self.spelt(shape, &told, asked),
            None => self.spelt(&self.body, &told, asked),
        };
        let mut headers = secret_headers("");
        let media = row.media.as_deref().unwrap_or(media);
        if let (Ok(value), false) = (HeaderValue::from_str(media), media.is_empty()) {
            headers.insert(CONTENT_TYPE, value);
        }
        for (name, template) in row.headers.as_ref().unwrap_or(&self.headers) {
            if let Ok(value) = HeaderValue::from_str(&template.text(&InHeader(&told))) {
                headers.insert(name.clone(), value);
            }
        }
        Reply { status: told.status, headers, body: Bytes::from(body) }
    }

    /// A body and its type.
    fn spelt(&self, shape: &Shape, told: &Told<'_>, asked: &HeaderMap) -> (String, &str) {
        let Some(pen) = chosen(&self.pens, |pen| &pen.media, asked) else { return (String::new(), "") };
        (spell(&shape.value(told, &[]), pen.format, self.habits, &pen.root), &pen.media)
    }

    /// The row of a fault, or of the nearest of its kin that has one.
    fn row(&self, fault: Fault) -> Option<&Row> {
        let mut asked = Some(fault);
        while let Some(fault) = asked {
            if let Some(row) = self.rows.get(&fault) {
                return Some(row);
            }
            asked = fault.kin();
        }
        None
    }
}

/// A refusal as its templates see it.
struct Told<'a> {
    status: StatusCode,
    code: Option<&'a Code>,
    refusal: Refusal<'a>,
}

impl Facts for Told<'_> {
    fn fact(&self, name: &str) -> Fact {
        let refusal = &self.refusal;
        let some = |text: &str| if text.is_empty() { Fact::Nothing } else { Fact::Text(text.to_owned()) };
        match name {
            "status" => Fact::Number(u64::from(self.status.as_u16())),
            "code" => match self.code {
                Some(Code::Word(word)) => Fact::Text(word.to_string()),
                Some(Code::Number(number)) => Fact::Number(*number),
                None => some(refusal.code),
            },
            "text" => some(&refusal.text),
            "parameter" => some(refusal.parameter),
            "parameters" if refusal.parameter.is_empty() => Fact::Nothing,
            "parameters" => Fact::List(vec![refusal.parameter.to_owned()]),
            "methods" => Fact::List(refusal.methods.split(", ").map(str::to_owned).collect()),
            "scopes" => Fact::List(refusal.scopes.clone()),
            "scope_texts" => Fact::List(refusal.scope_texts.clone()),
            "realm" => some(refusal.realm),
            "wait" => refusal.wait.map_or(Fact::Nothing, Fact::Number),
            _ => Fact::Nothing,
        }
    }

    fn now(&self) -> UnixTime {
        UnixTime(0)
    }
}

/// The same where it stands between quotes.
struct InHeader<'a>(&'a Told<'a>);

impl Facts for InHeader<'_> {
    fn fact(&self, name: &str) -> Fact {
        match self.0.fact(name) {
            Fact::Text(text) => Fact::Text(in_quotes(&text)),
            other => other,
        }
    }

    fn now(&self) -> UnixTime {
        self.0.now()
    }
}

/// The text as it may stand inside a quoted-string (RFC 9110 §5.6.4); what may not
/// stand in one is left out.
pub(in crate::dialect) fn in_quotes(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars().filter(|c| matches!(c, ' '..='~')) {
        if matches!(c, '"' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::in_quotes;

    #[test]
    fn a_realm_cannot_break_out_of_its_quotes() {
        assert_eq!(in_quotes("a\"b\\c\r\nd\u{e9}"), r#"a\"b\\cd"#);
    }
}
