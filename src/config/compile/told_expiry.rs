//! A lifetime that a dialect tells as a number of its own: it has to be the real one, or
//! clients keep tokens that have ended. A reference (`{expires_in}`) is never wrong.

use crate::clock::Seconds;
use crate::config::compile::compiler::Compiler;
use crate::config::document::dialect::{AnswerDocument, DialectDocument};
use crate::config::document::shape::ShapeDocument;
use crate::config::problem::code::Code;
use crate::config::source::at::At;

/// The member that tells it (RFC 6749 §5.1).
const MEMBER: &str = "expires_in";

impl Compiler<'_> {
    /// Refuses a told lifetime that is not the tokens' own, in seconds or milliseconds.
    pub fn told_expiry(&mut self, document: Option<&DialectDocument>, lifetime: Option<Seconds>) {
        let Some(document) = document else { return };
        let seats = document.endpoints.iter().flat_map(|list| &list.value);
        let answers = document.success.iter().chain(seats.filter_map(|seat| seat.value.success.as_ref()));
        let mut told: Vec<&At<ShapeDocument>> = Vec::new();
        for answer in answers {
            bodies(&answer.value).for_each(|body| numbers(body, &mut told));
        }
        for at in told {
            let ShapeDocument::Number(number) = at.value else { continue };
            let real = |span: &Seconds| number == span.0 || number == span.0.saturating_mul(1000);
            if !lifetime.as_ref().is_some_and(real) {
                let lives = lifetime.map_or("have no end".to_owned(), |span| format!("live for {}s", span.0));
                let message = format!("clients are told {number}, and the tokens {lives}");
                let help = "write \"{expires_in}\", or \"{expires_in|ms}\" for milliseconds";
                self.wrong_with_help(Code::Combination, at.place, message, "not the tokens' lifetime", help);
            }
        }
    }
}

fn bodies(answer: &AnswerDocument) -> impl Iterator<Item = &At<ShapeDocument>> {
    let forms = answer.forms.iter().flat_map(|forms| &forms.value).map(|form| &form.value.body);
    answer.body.iter().chain(forms)
}

/// Every number under that name, however deep it stands.
fn numbers<'a>(shape: &'a At<ShapeDocument>, out: &mut Vec<&'a At<ShapeDocument>>) {
    match &shape.value {
        ShapeDocument::Members(members) => {
            for (name, value) in members {
                match value.value {
                    ShapeDocument::Number(_) if name.value == MEMBER => out.push(value),
                    _ => numbers(value, out),
                }
            }
        }
        ShapeDocument::List(values) => values.iter().for_each(|value| numbers(value, out)),
        ShapeDocument::Null | ShapeDocument::Bool(_) | ShapeDocument::Number(_) | ShapeDocument::Text(_) => {}
    }
}
