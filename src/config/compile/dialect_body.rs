//! Bodies, headers and tables of a dialect, each template checked against what may be
//! named where it stands.

use std::collections::BTreeMap;

use http::HeaderName;
use serde_json::Value;

use crate::config::compile::compiler::Compiler;
use crate::config::document::dialect::{AnswerDocument, JsonDocument, PenDocument, RefusalsDocument, RowDocument};
use crate::config::document::named::Named;
use crate::config::document::shape::ShapeDocument;
use crate::config::problem::code::Code;
use crate::config::problem::fact::Problem;
use crate::config::problem::suggest::closest;
use crate::config::source::at::At;
use crate::dialect::answer::{Answer, Form};
use crate::dialect::fault::Fault;
use crate::dialect::refusals::{Code as ErrorCode, Pen, Refusals, Row, RowBody};
use crate::dialect::shape::Shape;
use crate::dialect::spelling::{Format, JsonHabits};
use crate::dialect::standard::JSON;
use crate::dialect::template::Template;
use crate::dialect::vocabulary::{REFUSAL, Vocabulary};

/// The keys of a block that is repeated for every token.
const EACH: &str = "$each";
const VALUE: &str = "$value";

impl Compiler<'_> {
    /// An answer: what is written, in place of `base`.
    pub fn answer(&mut self, written: &AnswerDocument, base: Answer, words: Vocabulary) -> Answer {
        let status = written.status.as_ref().and_then(|status| self.status(status));
        let media = written.media.as_ref().map(|media| Box::from(media.value.as_str()));
        let mut out = Answer {
            status: status.unwrap_or(base.status),
            headers: self.spoken_headers(&written.headers, words),
            habits: habits(written.json.as_ref()),
            ..base
        };
        match (&written.forms, &written.body) {
            (Some(forms), _) => {
                if let Some(body) = &written.body {
                    self.wrong(Code::Combination, body.place, "both `forms` and `body`", "keep one of the two");
                }
                out.forms.clear();
                for form in &forms.value {
                    out.forms.push(Form {
                        media: form.value.media.value.as_str().into(),
                        format: form.value.format.as_ref().map_or(Format::Json, |format| format.value),
                        root: form.value.root.as_ref().map_or("", |root| root.value.as_str()).into(),
                        body: self.shape(&form.value.body, words),
                    });
                }
            }
            (None, Some(body)) => {
                let body = self.shape(body, words);
                out.forms = vec![Form { media: media.unwrap_or_else(|| JSON.into()), ..Form::json(body) }];
            }
            (None, None) => {
                // The type of the body there is, or of an answer without one.
                match (media, out.forms.first_mut()) {
                    (Some(media), Some(first)) => first.media = media,
                    (Some(media), None) => out.empty_type = media,
                    (None, _) => {}
                }
            }
        }
        out
    }

    /// A table of refusals.
    pub fn refusals(&mut self, written: &RefusalsDocument) -> Refusals {
        let mut plain = Refusals::plain();
        if let (Some(media), Some(_)) = (&written.media, &written.forms) {
            self.wrong(Code::Combination, media.place, "both `forms` and `type`", "keep one of the two");
        }
        let mut rows = BTreeMap::new();
        for (word, row) in written.table.iter() {
            match Fault::parse(&word.value) {
                Some(fault) => drop(rows.insert(fault, self.row(&row.value))),
                None => {
                    let help = closest(&word.value, Fault::WORDS.iter().copied());
                    let help = help.map(|meant| format!("did you mean `{meant}`?"));
                    let problem = Problem::new(Code::UnknownKey, format!("`{word}` is not a condition"));
                    let label = format!("expected one of: {}", Fault::WORDS.join(", "));
                    let problem = problem.at(self.places(), word.place, label).maybe_help(help);
                    self.report(problem);
                }
            }
        }
        Refusals {
            pens: pens(written).unwrap_or_else(|| std::mem::take(&mut plain.pens)),
            habits: habits(written.json.as_ref()),
            body: written.body.as_ref().map_or(plain.body, |body| self.shape(body, REFUSAL)),
            headers: self.spoken_headers(&written.headers, REFUSAL),
            rows,
        }
    }

    fn row(&mut self, written: &RowDocument) -> Row {
        let code = match written.code.as_ref().map(|code| (&code.value, code.place)) {
            None => None,
            Some((ShapeDocument::Text(word), _)) => Some(ErrorCode::Word(word.as_str().into())),
            Some((ShapeDocument::Number(number), _)) => Some(ErrorCode::Number(*number)),
            Some((_, place)) => {
                self.wrong(Code::WrongValue, place, "this is not a code", "expected a word or a whole number");
                None
            }
        };
        let plain = written.plain.as_ref().map(|text| RowBody::Plain(self.line(text, REFUSAL)));
        let shape = written.body.as_ref().map(|body| RowBody::Shape(self.shape(body, REFUSAL)));
        Row {
            status: written.status.as_ref().and_then(|status| self.status(status)),
            code,
            text: written.text.as_ref().map(|text| self.line(text, REFUSAL)),
            headers: written.headers.as_ref().map(|headers| self.spoken_headers(headers, REFUSAL)),
            body: plain.or(shape),
            media: written.media.as_ref().map(|media| media.value.as_str().into()),
        }
    }

    /// Headers of an answer.
    pub fn spoken_headers(&mut self, written: &Named<At<String>>, words: Vocabulary) -> Vec<(HeaderName, Template)> {
        let mut out = Vec::new();
        for (name, text) in written.iter() {
            let template = self.line(text, words);
            out.extend(self.header_name(name).map(|name| (name, template)));
        }
        out
    }

    /// One text with references.
    pub fn line(&mut self, text: &At<String>, words: Vocabulary) -> Template {
        match Template::parse(&text.value, words) {
            Ok(template) => template,
            Err(why) => {
                self.wrong(Code::WrongValue, text.place, why, "not a template");
                Template::default()
            }
        }
    }

    /// A body.
    pub fn shape(&mut self, written: &At<ShapeDocument>, words: Vocabulary) -> Shape {
        match &written.value {
            ShapeDocument::Null => Shape::Literal(Value::Null),
            ShapeDocument::Bool(flag) => Shape::Literal(Value::from(*flag)),
            ShapeDocument::Number(number) => Shape::Literal(Value::from(*number)),
            ShapeDocument::Text(text) => match Template::parse(text, words) {
                Ok(template) => Shape::Text(template),
                Err(why) => {
                    self.wrong(Code::WrongValue, written.place, why, "not a template");
                    Shape::Literal(Value::Null)
                }
            },
            ShapeDocument::List(items) => Shape::List(items.iter().map(|item| self.shape(item, words)).collect()),
            ShapeDocument::Members(members) => {
                let of = |key: &str| members.iter().find(|(name, _)| name.value == key).map(|(_, value)| value);
                if let (Some(key), Some(value), 2) = (of(EACH), of(VALUE), members.len()) {
                    let key = match &key.value {
                        ShapeDocument::Text(text) => {
                            self.line(&At { value: text.clone(), place: key.place, secrecy: key.secrecy }, words)
                        }
                        _ => {
                            self.wrong(Code::WrongValue, key.place, "`$each` names the members", "expected text");
                            Template::default()
                        }
                    };
                    return Shape::Each { key, value: Box::new(self.shape(value, words)) };
                }
                Shape::Members(
                    members
                        .iter()
                        .map(|(name, value)| (name.value.as_str().into(), self.shape(value, words)))
                        .collect(),
                )
            }
        }
    }
}

/// How refusals are written, where the document says it.
fn pens(written: &RefusalsDocument) -> Option<Vec<Pen>> {
    let pen = |form: &PenDocument| Pen {
        media: form.media.value.as_str().into(),
        format: form.format.as_ref().map_or(Format::Json, |format| format.value),
        root: form.root.as_ref().map_or("", |root| root.value.as_str()).into(),
    };
    let forms = written.forms.as_ref().map(|forms| forms.value.iter().map(|form| pen(&form.value)).collect::<Vec<_>>());
    let alone =
        |media: &At<String>| vec![Pen { media: media.value.as_str().into(), format: Format::Json, root: "".into() }];
    forms.filter(|forms| !forms.is_empty()).or(written.media.as_ref().map(alone))
}

fn habits(written: Option<&At<JsonDocument>>) -> JsonHabits {
    let Some(json) = written else { return JsonHabits::default() };
    JsonHabits {
        spacing: json.value.spacing.as_ref().map_or_else(Default::default, |word| word.value),
        escapes: json.value.escapes.as_ref().map_or_else(Default::default, |word| word.value),
    }
}
