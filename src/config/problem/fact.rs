//! One problem, and all of them together with the text they speak of. Made with a
//! code and a message, then given places, labels, notes and help.
//! Must never: hold a secret; whoever words a problem uses `At`'s `Display`.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::config::problem::code::{Code, Severity};
use crate::config::source::mask::Masked;
use crate::config::source::place::{Place, Places};
use crate::config::source::text::SourceText;

/// One mistake or warning.
#[derive(Clone, Debug)]
pub struct Problem {
    /// What kind.
    pub code: Code,
    /// What is wrong: lower case, no full stop.
    pub message: String,
    /// Where, if it is about a place in the file.
    pub mark: Option<Mark>,
    /// Further places that belong to it.
    pub related: Vec<Mark>,
    /// The way out.
    pub help: Option<String>,
    /// What else is good to know.
    pub notes: Vec<String>,
    /// The file and text it is about, where that is another one than the configuration.
    pub source: Option<Arc<Source>>,
}

/// Another file than the configuration, such as a dialect.
#[derive(Clone, Debug)]
pub struct Source {
    /// As the operator named it.
    pub file: PathBuf,
    /// Its text, if it could be read.
    pub shown: Option<Box<Shown>>,
}

/// A marked place of the file.
#[derive(Clone, Debug)]
pub struct Mark {
    /// The bytes under the caret.
    pub span: Range<usize>,
    /// The way there: `routes[3].upstream`.
    pub path: String,
    /// What stands beside the caret.
    pub label: String,
}

impl Problem {
    /// A problem without a place.
    pub fn new(code: Code, message: impl Into<String>) -> Problem {
        let message = message.into();
        Problem { code, message, mark: None, related: Vec::new(), help: None, notes: Vec::new(), source: None }
    }

    /// The same, at a place.
    pub fn at(self, places: &Places, place: Place, label: impl Into<String>) -> Problem {
        Problem { mark: Some(Mark::of(places, place, label)), ..self }
    }

    /// The same, with a span that is no node of a tree.
    pub fn at_span(self, span: Range<usize>, label: impl Into<String>) -> Problem {
        Problem { mark: Some(Mark { span, path: String::new(), label: label.into() }), ..self }
    }

    /// The same, with one more place.
    pub fn and(mut self, places: &Places, place: Place, label: impl Into<String>) -> Problem {
        self.related.push(Mark::of(places, place, label));
        self
    }

    /// The same, with a way out.
    pub fn help(self, help: impl Into<String>) -> Problem {
        Problem { help: Some(help.into()), ..self }
    }

    /// The same, with a way out if there is one.
    pub fn maybe_help(self, help: Option<String>) -> Problem {
        Problem { help: help.or(self.help), ..self }
    }

    /// The same, with one more note.
    pub fn note(mut self, note: impl Into<String>) -> Problem {
        self.notes.push(note.into());
        self
    }

    /// Whether the other says the same of the same place.
    pub fn is_like(&self, other: &Problem) -> bool {
        let span = |problem: &Problem| problem.mark.as_ref().map(|mark| mark.span.clone());
        self.mark.is_some() && span(self) == span(other) && self.code == other.code && self.message == other.message
    }

    /// Error or warning.
    pub fn severity(&self) -> Severity {
        self.code.severity()
    }
}

impl Mark {
    fn of(places: &Places, place: Place, label: impl Into<String>) -> Mark {
        Mark { span: places.span(place), path: places.path(place), label: label.into() }
    }
}

/// Everything that was found, with the text it speaks of.
#[derive(Clone, Debug)]
pub struct Problems {
    /// The file as the operator named it.
    pub file: PathBuf,
    /// In the order of the file, errors before warnings at one place.
    pub list: Vec<Problem>,
    /// The text as it may be shown, if it could be read at all.
    pub shown: Option<Box<Shown>>,
}

/// A text whose secrets are stars, and the original to count positions in.
#[derive(Clone, Debug)]
pub struct Shown {
    /// Positions are counted here.
    pub source: SourceText,
    /// Lines are shown from here.
    pub masked: Masked,
}

impl Problems {
    /// How many errors.
    pub fn errors(&self) -> usize {
        self.list.iter().filter(|problem| problem.severity() == Severity::Error).count()
    }

    /// How many warnings.
    pub fn warnings(&self) -> usize {
        self.list.len() - self.errors()
    }

    /// Sorts by place: a reader goes through his file once.
    pub fn sort(&mut self) {
        let start = |problem: &Problem| problem.mark.as_ref().map(|mark| mark.span.start);
        self.list.sort_by_key(|problem| (start(problem), problem.severity()));
    }

    /// Each as one line, for logs: `FILE:LINE:COLUMN: error[TG1002]: …`.
    pub fn lines(&self) -> impl Iterator<Item = String> + '_ {
        self.list.iter().map(|problem| {
            let (severity, code) = (problem.severity().as_str(), problem.code.as_str());
            format!("{}: {severity}[{code}]: {}", self.place_of(problem), problem.message)
        })
    }

    fn place_of(&self, problem: &Problem) -> String {
        let (file, shown) = self.source(problem);
        match (&problem.mark, shown) {
            (Some(mark), Some(shown)) => {
                let position = shown.source.position(mark.span.start);
                format!("{}:{}:{}", file.display(), position.line, position.column)
            }
            (_, _) => file.display().to_string(),
        }
    }

    /// The file a problem is about, and its text.
    pub fn source<'a>(&'a self, problem: &'a Problem) -> (&'a Path, Option<&'a Shown>) {
        match &problem.source {
            Some(source) => (&source.file, source.shown.as_deref()),
            None => (&self.file, self.shown.as_deref()),
        }
    }

    /// The same problems as part of another file's, each with its own file.
    pub fn elsewhere(self) -> Vec<Problem> {
        let source = Arc::new(Source { file: self.file, shown: self.shown });
        let with = |problem: Problem| Problem { source: Some(Arc::clone(&source)), ..problem };
        self.list.into_iter().map(with).collect()
    }
}

impl std::error::Error for Problems {}
