//! What every part of compiling needs at hand: the tree for places, the files, the
//! list of problems, and the few questions that are asked everywhere.

use std::collections::HashSet;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::config::document::duration::TimeSpan;
use crate::config::files::Files;
use crate::config::load::Context;
use crate::config::problem::code::Code;
use crate::config::problem::fact::Problem;
use crate::config::problem::suggest::closest;
use crate::config::source::at::At;
use crate::config::source::interpolate::reason;
use crate::config::source::parse::Tree;
use crate::config::source::place::{Place, Places};

/// Longest name of a listener, issuer, upstream or route, in bytes.
const MAX_NAME: usize = 128;

/// What compiling sees besides the document.
pub struct Outside<'a> {
    /// Certificates and keys come from here.
    pub files: &'a dyn Files,
    /// File names are relative to this folder.
    pub folder: &'a Path,
    /// Time, chance and providers.
    pub context: &'a Context<'a>,
    /// Blocks of which a part could not be read.
    pub damaged: &'a HashSet<Place>,
}

/// The workbench of one compilation.
pub(super) struct Compiler<'a> {
    pub tree: &'a Tree,
    pub outside: &'a Outside<'a>,
    pub problems: &'a mut Vec<Problem>,
}

impl<'a> Compiler<'a> {
    /// Where everything stands.
    pub fn places(&self) -> &'a Places {
        &self.tree.places
    }

    /// True for a block of which a part could not be read: that was reported, and what
    /// is missing because of it is no further mistake.
    pub fn damaged(&self, place: Place) -> bool {
        self.outside.damaged.contains(&place)
    }

    /// Files a problem; one in the defaults is found by every route, and filed once.
    pub fn report(&mut self, problem: Problem) {
        if !self.problems.iter().any(|known| known.is_like(&problem)) {
            self.problems.push(problem);
        }
    }

    /// Files a problem at one place.
    pub fn wrong(&mut self, code: Code, place: Place, message: impl Into<String>, label: impl Into<String>) {
        let problem = Problem::new(code, message).at(self.places(), place, label);
        self.report(problem);
    }

    /// The same with a way out.
    pub fn wrong_with_help(
        &mut self,
        code: Code,
        place: Place,
        message: impl Into<String>,
        label: impl Into<String>,
        help: impl Into<String>,
    ) {
        let problem = Problem::new(code, message).at(self.places(), place, label).help(help);
        self.report(problem);
    }

    /// A file that the configuration names, relative to the configuration's folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.outside.folder.join(name)
    }

    /// The bytes of a file that the configuration names.
    pub fn read(&mut self, name: &At<String>, limit: usize) -> Option<Vec<u8>> {
        match self.outside.files.read(&self.path(&name.value), limit) {
            Ok(bytes) => Some(bytes),
            Err(error) => {
                let message = format!("cannot read `{name}`: {}", reason(&error));
                let help = "file names are relative to the configuration file";
                self.wrong_with_help(Code::MissingFile, name.place, message, "this file", help);
                None
            }
        }
    }

    /// A number inside its bounds, or its default.
    pub fn number(&mut self, written: Option<&At<u64>>, default: u64, bounds: RangeInclusive<u64>) -> u64 {
        let Some(number) = written else { return default };
        if !bounds.contains(&number.value) {
            let label = format!("expected {} to {}", bounds.start(), bounds.end());
            self.wrong(Code::WrongValue, number.place, format!("{number} is out of bounds"), label);
        }
        number.value.clamp(*bounds.start(), *bounds.end())
    }

    /// A span that is not zero, or its default.
    pub fn span(&mut self, written: Option<&At<TimeSpan>>, default: Duration) -> Duration {
        let Some(span) = written else { return default };
        if span.value.0.is_zero() {
            self.wrong(Code::WrongValue, span.place, "a time of zero would refuse everything", "expected more than 0s");
        }
        span.value.0
    }

    /// True when the file defines `name` under `section`, whether or not what it
    /// defines could be read: a mistake there must not make every user of it wrong.
    pub fn declared(&self, section: &str, name: &str) -> bool {
        self.tree.root.child(section).is_some_and(|node| node.child(name).is_some())
    }

    /// Files the problem that `name` is not one of `section`'s, unless it is.
    pub fn undefined(&mut self, section: &str, kind: &str, name: &At<String>) {
        if self.declared(section, &name.value) {
            return;
        }
        let known: Vec<&str> = match self.tree.root.child(section) {
            Some(node) => node.entries().iter().map(|entry| entry.key.as_str()).collect(),
            None => Vec::new(),
        };
        let mut problem = Problem::new(Code::Undefined, format!("{kind} `{name}` is not defined")).at(
            self.places(),
            name.place,
            format!("no such {kind}"),
        );
        problem = match closest(&name.value, known.iter().copied()) {
            Some(meant) => problem.help(format!("did you mean `{meant}`?")),
            None if known.is_empty() => problem.help(format!("define it under `{section}:`")),
            None => problem.note(format!("defined under `{section}`: {}", known.join(", "))),
        };
        self.report(problem);
    }

    /// Files a problem unless `name` can be a name in logs, metrics and commands.
    pub fn name(&mut self, name: &At<String>) {
        let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
        if name.value.is_empty() || name.value.len() > MAX_NAME || !name.value.bytes().all(fits) {
            let label = format!("expected letters, digits, `-`, `_`, `.`; at most {MAX_NAME}");
            self.wrong(Code::WrongValue, name.place, format!("`{name}` cannot be a name"), label);
        }
    }
}
