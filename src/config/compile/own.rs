//! Routes that answer by themselves: exactly one of an upstream, a redirect and a fixed
//! answer, and a redirect that leads where the file says, not where a caller says.

use bytes::Bytes;
use http::{HeaderValue, StatusCode};

use crate::config::compile::compiler::Compiler;
use crate::config::compile::template::{KeptClaims, Words};
use crate::config::document::route::RouteDocument;
use crate::config::document::traffic::{AnswerDocument, RedirectDocument};
use crate::config::problem::code::Code;
use crate::config::source::at::At;
use crate::traffic::own::OwnAnswer;
use crate::traffic::template::{Part, Template};

/// Bytes of a fixed body.
const MAX_BODY: usize = 64 << 10;
/// What a body is unless it is said.
const PLAIN: &str = "text/plain; charset=utf-8";

impl Compiler<'_> {
    /// Sees to it that a route names exactly one way to be answered.
    pub fn has_one_answer(&mut self, written: &RouteDocument) {
        let (redirect, answer) =
            (written.redirect.as_ref().map(|at| at.place), written.answer.as_ref().map(|at| at.place));
        let upstream = written.upstream.as_ref().map(|name| name.place);
        let named: Vec<_> = [upstream, redirect, answer].into_iter().flatten().collect();
        match named.as_slice() {
            [_] => {}
            [] => {
                let message = "this route leads nowhere";
                self.wrong(Code::MissingKey, written.path.place, message, "add `upstream`, `redirect` or `answer`");
            }
            [.., last] => {
                let message = "a route has one of `upstream`, `redirect` and `answer`";
                self.wrong(Code::Combination, *last, message, "choose one");
            }
        }
    }

    /// What a route answers by itself.
    pub fn own_answer(&mut self, written: &RouteDocument, words: &Words, kept: &mut KeptClaims) -> Option<OwnAnswer> {
        match (&written.redirect, &written.answer) {
            (Some(redirect), _) => self.redirect(&redirect.value, words, kept),
            (None, Some(answer)) => self.fixed_answer(&answer.value),
            (None, None) => None,
        }
    }

    fn redirect(&mut self, written: &RedirectDocument, words: &Words, kept: &mut KeptClaims) -> Option<OwnAnswer> {
        let number = written.status.as_ref().map_or(308, |status| status.value);
        let status = StatusCode::from_u16(u16::try_from(number).unwrap_or(0)).ok();
        let status = status.filter(|status| matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308));
        if let (None, Some(at)) = (status, &written.status) {
            let message = format!("{at} is no redirect");
            self.wrong(Code::WrongValue, at.place, message, "expected 301, 302, 303, 307 or 308");
        }
        let to = self.template(&written.to, words, kept)?;
        self.is_target(&written.to, &to).then_some(OwnAnswer::Redirect { status: status?, to })
    }

    /// Whether host and front of the target are the file's own words.
    fn is_target(&mut self, written: &At<String>, to: &Template) -> bool {
        let of_path =
            |part: &Part| matches!(part, Part::Text(_) | Part::Path | Part::Segment(_) | Part::Rest(_) | Part::Host);
        let front = match to.0.first() {
            Some(Part::Text(text)) => text,
            _ => "",
        };
        let absolute = front.strip_prefix("https://").or(front.strip_prefix("http://"));
        let good = match absolute {
            Some("") => matches!(to.0.get(1), Some(Part::Host)),
            Some(host) => host.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '['),
            None => front.starts_with('/') && front.len() > 1 && !front.starts_with("//"),
        };
        // A host that runs into what the caller wrote would be the caller's.
        let ends = match absolute {
            Some(host) if !host.is_empty() && !host.contains('/') => matches!(to.0.get(1), None | Some(Part::Path)),
            _ => true,
        };
        let good = good && ends && to.0.iter().all(of_path);
        if !good {
            let message = format!("`{written}` is not where a redirect may lead");
            let label = "expected such as https://new.example.com{path} or /new/{path.rest}";
            self.wrong(Code::WrongValue, written.place, message, label);
        }
        good
    }

    fn fixed_answer(&mut self, written: &AnswerDocument) -> Option<OwnAnswer> {
        let number = self.number(written.status.as_ref(), 200, 200..=599);
        let status = StatusCode::from_u16(u16::try_from(number).unwrap_or(200)).ok()?;
        let body = written.body.as_ref().map_or("", |body| body.value.as_str());
        if let Some(at) = written.body.as_ref().filter(|body| body.value.len() > MAX_BODY) {
            self.wrong(Code::WrongValue, at.place, "the body is larger than 64KiB", "too large");
        }
        let media = written.media.as_ref().map_or(PLAIN, |media| media.value.as_str());
        let media = HeaderValue::from_str(media);
        if let (Err(_), Some(at)) = (&media, &written.media) {
            self.wrong(Code::WrongValue, at.place, format!("`{at}` is not a type"), "expected such as text/html");
        }
        let media = media.ok().filter(|_| !body.is_empty());
        Some(OwnAnswer::Fixed { status, media, body: Bytes::copy_from_slice(body.as_bytes()) })
    }
}
