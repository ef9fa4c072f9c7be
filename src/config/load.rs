//! From a file name to a snapshot: read, parse, fill in, read into documents,
//! compile. Every step that can go on after a mistake does, so that one run shows
//! them all. Starting, `check` and a reload call exactly this.

use std::path::Path;

use zeroize::Zeroizing;

use crate::clock::UnixTime;
use crate::config::compile;
use crate::config::document::gateway::GatewayDocument;
use crate::config::files::{Files, content_digest};
use crate::config::graft::graft;
use crate::config::problem::code::Code;
use crate::config::problem::fact::{Problem, Problems, Shown};
use crate::config::self_signed::SelfSigned;
use crate::config::source::interpolate::{MissingKeys, interpolate, reason};
use crate::config::source::mask::Masked;
use crate::config::source::parse::parse;
use crate::config::source::read::{Reading, read};
use crate::config::source::text::{MAX_FILE_BYTES, SourceText};
use crate::random::Random;
use crate::snapshot::Snapshot;
use crate::token::key::Algorithm;
use crate::token::secret::Secret;

pub(in crate::config) mod mistakes;

/// What compiling needs besides the file: time, chance, and three providers that live
/// on floors this one may not see.
pub struct Context<'a> {
    /// Certificates and keys are judged at this moment.
    pub now: UnixTime,
    /// Where salts come from.
    pub random: &'a dyn Random,
    /// Processors, for `runtime.workers: auto`.
    pub processors: usize,
    /// Where self-signed certificates come from.
    pub self_signed: &'a dyn SelfSigned,
    /// Argon2id in PHC form of a plain password.
    pub hash_password: &'a dyn Fn(&Secret, &dyn Random) -> String,
}

impl MissingKeys for Context<'_> {
    fn make(&self, path: &Path, algorithm: Algorithm) -> Result<Zeroizing<String>, String> {
        self.self_signed.key(path, algorithm, self.random)
    }
}

/// What one look at a configuration found.
#[derive(Debug)]
pub struct Report {
    /// There exactly when there is no error.
    pub snapshot: Option<Snapshot>,
    /// Errors and warnings.
    pub problems: Problems,
}

/// The snapshot that `path` describes, or everything that is wrong with it. Warnings
/// do not stand in the way; they are in `Snapshot::warnings`.
pub fn load(path: &Path, files: &dyn Files, context: &Context<'_>) -> Result<Snapshot, Problems> {
    let Report { snapshot, problems } = inspect(path, files, context);
    snapshot.ok_or(problems)
}

/// The same with warnings as problems, for whoever shows them with carets.
pub fn inspect(path: &Path, files: &dyn Files, context: &Context<'_>) -> Report {
    let mut problems = Problems { file: path.to_owned(), list: Vec::new(), shown: None };
    let mut snapshot = examine(path, files, context, &mut problems);
    problems.sort();
    if problems.errors() > 0 {
        snapshot = None;
    }
    if let Some(snapshot) = &mut snapshot {
        snapshot.warnings = problems.lines().collect();
    }
    Report { snapshot, problems }
}

fn examine(path: &Path, files: &dyn Files, context: &Context<'_>, problems: &mut Problems) -> Option<Snapshot> {
    let bytes = match files.read(path, MAX_FILE_BYTES) {
        Ok(bytes) => bytes,
        Err(error) => {
            let message = format!("cannot read the configuration: {}", reason(&error));
            let problem = Problem::new(Code::Unreadable, message);
            problems.list.push(problem.help("name the file with `--config FILE`, or set TOLLGATE_CONFIG"));
            return None;
        }
    };
    let revision = content_digest(&bytes);
    let text = match String::from_utf8(bytes) {
        Ok(text) => SourceText::new(&path.display().to_string(), text),
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            let line = error.as_bytes().iter().take(at).filter(|b| **b == b'\n').count() + 1;
            let message = format!("the configuration is not UTF-8 (line {line}, byte {at})");
            problems.list.push(Problem::new(Code::Unreadable, message));
            return None;
        }
    };
    let Some(mut tree) = parse(&text, &mut problems.list) else {
        let masked = Masked::by_looks(&text);
        problems.shown = Some(Box::new(Shown { source: text, masked }));
        return None;
    };
    let folder = path.parent().unwrap_or(Path::new(""));
    // What a reference stands for is not in the text, so the text is masked before it is known.
    let masked = Masked::by_tree(&text, &tree.places);
    let mut unfilled = interpolate(&mut tree, files, folder, context, &mut problems.list);
    unfilled.extend(graft(&mut tree, files, folder, &mut problems.list));
    problems.shown = Some(Box::new(Shown { source: text, masked }));
    let Reading { document, mistakes, damaged } = read::<GatewayDocument>(&tree.root, &tree.places, unfilled);
    problems.list.extend(mistakes.into_iter().map(|mistake| mistakes::explain(mistake, &tree)));
    let outside = compile::Outside { files, folder, context, damaged: &damaged };
    compile::compile(&document?, &tree, &outside, &revision, &mut problems.list)
}
