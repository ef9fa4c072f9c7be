//! A dialect compiled by itself, only to see what is wrong with it: no keys, no files,
//! no issuer around it.

use std::collections::HashSet;
use std::path::Path;

use crate::clock::UnixTime;
use crate::config::compile::compiler::{Compiler, Outside};
use crate::config::document::dialect::DialectDocument;
use crate::config::document::issuer::IssuerDocument;
use crate::config::files::MapFiles;
use crate::config::load::Context;
use crate::config::problem::code::Severity;
use crate::config::problem::fact::Problem;
use crate::config::self_signed::ThrowAway;
use crate::config::source::parse::Tree;
use crate::random::SeededRandom;

/// Adds what is wrong with a dialect, and with what it says about the tokens of its
/// issuers. What is only risky is told where the dialect is used.
pub fn check_dialect(
    document: &DialectDocument,
    issuer: Option<&IssuerDocument>,
    tree: &Tree,
    problems: &mut Vec<Problem>,
) {
    let files = MapFiles::default();
    // Nothing that is drawn here is kept.
    let random = SeededRandom::new(0);
    let context = Context {
        now: UnixTime(0),
        random: &random,
        processors: 1,
        self_signed: &ThrowAway,
        hash_password: &|_, _| String::new(),
    };
    let damaged = HashSet::new();
    let outside = Outside { files: &files, folder: Path::new(""), context: &context, damaged: &damaged };
    let mut found = Vec::new();
    let mut compiler = Compiler { tree, outside: &outside, problems: &mut found };
    let _ = compiler.dialect(Some(document));
    if let Some(token) = issuer.and_then(|issuer| issuer.token.as_ref()) {
        let _ = compiler.makeup(token.value.access.as_ref());
        let _ = compiler.makeup(token.value.refresh.as_ref());
    }
    problems.extend(found.into_iter().filter(|problem| problem.severity() == Severity::Error));
}
