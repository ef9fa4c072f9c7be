//! `${file:…}`, `${env:NAME}`, `${env:NAME:-default}` and `${cred:NAME}` inside scalar
//! values, never in keys and never as structure. What was filled in is secret from
//! then on: no message shows it. `$${` stands for the two characters themselves.
//! Must never: fill in the output of another interpolation's source again.

use std::collections::HashSet;
use std::io::ErrorKind;
use std::path::Path;

use zeroize::Zeroizing;

use crate::config::files::Files;
use crate::config::problem::code::Code;
use crate::config::problem::fact::Problem;
use crate::config::source::parse::Tree;
use crate::config::source::place::{Origin, Place, Places, Secrecy};
use crate::config::source::tree::{Entry, Node, Style, Value};
use crate::token::key::Algorithm;

/// The largest file that may be filled in, in bytes; a larger one is a problem.
pub const MAX_FILLED_BYTES: usize = 64 * 1024;
/// How many defaults may stand inside one another; more are a problem.
pub const MAX_NESTED: usize = 8;

/// The variable that names the folder of credentials (systemd sets it).
const CREDENTIALS: &str = "CREDENTIALS_DIRECTORY";

/// Fills in every scalar of the tree. File names are relative to `folder`. Returns the
/// scalars that could not be filled in: nothing further can be said about them.
pub fn interpolate(
    tree: &mut Tree,
    files: &dyn Files,
    folder: &Path,
    keys: &dyn MissingKeys,
    problems: &mut Vec<Problem>,
) -> HashSet<Place> {
    let sources = Sources { files, folder, keys, make: None };
    let mut walk = Walk { sources, places: &mut tree.places, problems, failed: HashSet::new() };
    walk.node(&mut tree.root);
    walk.failed
}

/// Who makes key files that are not there yet.
pub trait MissingKeys {
    /// The text of such a file; the error is for the operator.
    fn make(&self, path: &Path, algorithm: Algorithm) -> Result<Zeroizing<String>, String>;
}

/// Nobody: what is missing is a mistake.
pub struct NoKeys;

impl MissingKeys for NoKeys {
    fn make(&self, _: &Path, _: Algorithm) -> Result<Zeroizing<String>, String> {
        Err("no such file".to_owned())
    }
}

struct Walk<'a, 'p> {
    sources: Sources<'a>,
    places: &'p mut Places,
    problems: &'p mut Vec<Problem>,
    failed: HashSet<Place>,
}

impl Walk<'_, '_> {
    fn node(&mut self, node: &mut Node) {
        let (places, problems) = (&mut *self.places, &mut *self.problems);
        match &mut node.value {
            Value::List(items) => items.iter_mut().for_each(|item| self.node(item)),
            Value::Map(entries) => {
                let made = to_make(entries);
                for entry in entries {
                    if entry.key.contains("${") {
                        let problem = Problem::new(Code::Interpolation, "`${…}` in a key");
                        self.problems.push(problem.at(self.places, entry.key_place, "values only"));
                    }
                    self.sources.make = made.filter(|_| matches!(entry.node.value, Value::Scalar(_)));
                    self.node(&mut entry.node);
                }
                self.sources.make = None;
            }
            Value::Scalar(scalar) if scalar.text.contains("${") => match self.sources.fill(&scalar.text, 0) {
                Ok(Filled { text, touched: Touched::No }) => scalar.text = text,
                Ok(Filled { text, touched: Touched::Yes }) => {
                    scalar.text = text;
                    scalar.style = Style::Filled;
                    if let Some(spot) = places.spot_mut(node.place) {
                        spot.origin = Origin::Filled;
                        spot.secrecy = Secrecy::Hidden;
                    }
                }
                Err(Failure { message, help }) => {
                    self.failed.insert(node.place);
                    let problem = Problem::new(Code::Interpolation, message);
                    problems.push(problem.at(places, node.place, "cannot be filled in").maybe_help(help));
                }
            },
            Value::Scalar(_) => {}
        }
    }
}

struct Filled {
    text: String,
    touched: Touched,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Touched {
    No,
    Yes,
}

struct Failure {
    message: String,
    help: Option<String>,
}

impl Failure {
    fn new(message: impl Into<String>) -> Failure {
        Failure { message: message.into(), help: None }
    }

    fn help(self, help: impl Into<String>) -> Failure {
        Failure { help: Some(help.into()), ..self }
    }
}

/// The kind of key that a block of `keys` lets a first start make.
fn to_make(entries: &[Entry]) -> Option<Algorithm> {
    let word = |name: &str| match entries.iter().find(|entry| entry.key == name).map(|entry| &entry.node.value) {
        Some(Value::Scalar(scalar)) => Some(scalar.text.as_str()),
        _ => None,
    };
    let generate = word("generate") == Some("true");
    word("algorithm").filter(|_| generate).and_then(Algorithm::parse)
}

struct Sources<'a> {
    files: &'a dyn Files,
    folder: &'a Path,
    keys: &'a dyn MissingKeys,
    make: Option<Algorithm>,
}

impl Sources<'_> {
    fn fill(&self, text: &str, depth: usize) -> Result<Filled, Failure> {
        if depth > MAX_NESTED {
            return Err(Failure::new(format!("more than {MAX_NESTED} defaults inside one another")));
        }
        let mut filled = Filled { text: String::new(), touched: Touched::No };
        let mut rest = text;
        while let Some(at) = rest.find("${") {
            let (before, from) = rest.split_at(at);
            if let Some(before) = before.strip_suffix('$') {
                filled.text.push_str(before);
                filled.text.push_str("${");
                rest = &from[2..];
                continue;
            }
            filled.text.push_str(before);
            let length = closing(from).ok_or_else(|| Failure::new("`${` without its `}`"))?;
            filled.text.push_str(&self.reference(&from[2..length - 1], depth)?);
            filled.touched = Touched::Yes;
            rest = &from[length..];
        }
        filled.text.push_str(rest);
        Ok(filled)
    }

    fn reference(&self, inside: &str, depth: usize) -> Result<String, Failure> {
        match inside.split_once(':') {
            Some(("env", name)) => self.variable(name, depth),
            Some(("file", path)) => {
                let path = self.fill(path, depth + 1)?.text;
                self.file(&self.folder.join(&path), &path)
            }
            Some(("cred", name)) => self.credential(name),
            _ => Err(Failure::new("unknown kind of reference").help("write ${file:…}, ${env:…} or ${cred:…}")),
        }
    }

    fn variable(&self, inside: &str, depth: usize) -> Result<String, Failure> {
        let (name, default) = match inside.split_once(":-") {
            Some((name, default)) => (name, Some(default)),
            None => (inside, None),
        };
        let fits = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
        if name.is_empty() || !name.bytes().all(fits) {
            return Err(Failure::new("not the name of a variable").help("letters, digits and _"));
        }
        match (self.files.variable(name).filter(|value| !value.is_empty()), default) {
            (Some(value), _) => Ok(value),
            (None, Some(default)) => Ok(self.fill(default, depth + 1)?.text),
            (None, None) => {
                let help = format!("set it, or give a default: ${{env:{name}:-…}}");
                Err(Failure::new(format!("the variable `{name}` is not set")).help(help))
            }
        }
    }

    fn credential(&self, name: &str) -> Result<String, Failure> {
        if name.is_empty() || name.contains(['/', '\\']) || name == "." || name == ".." {
            return Err(Failure::new("not the name of a credential").help("a file name without folders"));
        }
        let folder = self.files.variable(CREDENTIALS).ok_or_else(|| {
            Failure::new(format!("there are no credentials: ${CREDENTIALS} is not set"))
                .help("start by systemd with LoadCredential=, or use ${file:…}")
        })?;
        self.file(&Path::new(&folder).join(name), name)
    }

    fn file(&self, path: &Path, shown: &str) -> Result<String, Failure> {
        let failed = |why: String| {
            Failure::new(format!("cannot read `{shown}`: {why}"))
                .help("file names are relative to the configuration file")
        };
        let bytes = match (self.files.read(path, MAX_FILLED_BYTES), self.make) {
            (Err(error), Some(algorithm)) if error.kind() == ErrorKind::NotFound => {
                let made = self.keys.make(path, algorithm).map_err(failed)?;
                // Read where it was kept, so that a reload knows what was in it.
                self.files.read(path, MAX_FILLED_BYTES).unwrap_or_else(|_| made.as_bytes().to_vec())
            }
            (read, _) => read.map_err(|error| failed(reason(&error)))?,
        };
        let text = String::from_utf8(bytes).map_err(|_| Failure::new(format!("`{shown}` is not UTF-8")))?;
        // Editors and `echo` end files with a line end that is not part of the secret.
        let text = text.strip_suffix('\n').unwrap_or(&text);
        Ok(text.strip_suffix('\r').unwrap_or(text).to_owned())
    }
}

/// The length of a reference that begins with `${`, its `}` included; references
/// inside it are skipped.
fn closing(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let (mut at, mut open) = (0, 0);
    while at < bytes.len() {
        match (bytes[at], bytes.get(at + 1)) {
            (b'$', Some(b'{')) => {
                open += 1;
                at += 1;
            }
            (b'}', _) => {
                open -= 1;
                if open == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
        at += 1;
    }
    None
}

/// Why a file cannot be read, in a few stable words.
pub fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        ErrorKind::NotFound => "no such file".to_owned(),
        ErrorKind::PermissionDenied => "permission denied".to_owned(),
        ErrorKind::FileTooLarge => "too large".to_owned(),
        ErrorKind::IsADirectory => "it is a folder".to_owned(),
        _ => error.to_string(),
    }
}
