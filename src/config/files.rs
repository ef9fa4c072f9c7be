//! The outside world as the configuration sees it: files, variables, credentials.
//! Behind a trait, so that a test can be the whole world, and so that a reload knows
//! exactly which files mattered. Must never: write anything.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use aws_lc_rs::digest;

/// What a configuration may look at. Law: two reads in a row may differ (somebody
/// writes), so a file that matters is read once per load.
pub trait Files {
    /// The bytes of a file; more than `limit` is an error of kind `FileTooLarge`.
    fn read(&self, path: &Path, limit: usize) -> io::Result<Vec<u8>>;

    /// An environment variable; `None` when it is not set or not UTF-8.
    fn variable(&self, name: &str) -> Option<String>;
}

/// The real disk and environment.
#[derive(Clone, Copy, Debug, Default)]
pub struct DiskFiles;

impl Files for DiskFiles {
    fn read(&self, path: &Path, limit: usize) -> io::Result<Vec<u8>> {
        use std::io::Read as _;
        let file = std::fs::File::open(path)?;
        let mut bytes = Vec::new();
        file.take(limit as u64 + 1).read_to_end(&mut bytes)?;
        bounded(bytes, limit)
    }

    #[expect(clippy::disallowed_methods, reason = "the one adapter of the process's environment")]
    fn variable(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }
}

/// A world in memory.
#[derive(Clone, Debug, Default)]
pub struct MapFiles {
    /// Files by path.
    pub files: HashMap<PathBuf, Vec<u8>>,
    /// Variables by name.
    pub variables: HashMap<String, String>,
}

impl Files for MapFiles {
    fn read(&self, path: &Path, limit: usize) -> io::Result<Vec<u8>> {
        let missing = || io::Error::from(io::ErrorKind::NotFound);
        bounded(self.files.get(path).ok_or_else(missing)?.clone(), limit)
    }

    fn variable(&self, name: &str) -> Option<String> {
        self.variables.get(name).cloned()
    }
}

fn bounded(bytes: Vec<u8>, limit: usize) -> io::Result<Vec<u8>> {
    if bytes.len() > limit { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(bytes) }
}

/// Which files were read, each with the digest of what was in it; `None` for a file
/// that could not be read, so that its appearance is a change too.
pub type Seen = BTreeMap<PathBuf, Option<[u8; 32]>>;

/// Another world, with a note of every file that was looked at.
pub struct Noted<'a> {
    inner: &'a dyn Files,
    seen: Mutex<Seen>,
}

impl<'a> Noted<'a> {
    /// Looks through `inner`.
    pub fn new(inner: &'a dyn Files) -> Noted<'a> {
        Noted { inner, seen: Mutex::default() }
    }

    /// What was looked at.
    pub fn seen(self) -> Seen {
        self.seen.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// The digest by which two contents of a file are told apart.
pub fn content_digest(bytes: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    out
}

impl Files for Noted<'_> {
    fn read(&self, path: &Path, limit: usize) -> io::Result<Vec<u8>> {
        let read = self.inner.read(path, limit);
        let digest = read.as_ref().ok().map(|bytes| content_digest(bytes));
        self.seen.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).insert(path.to_owned(), digest);
        read
    }

    fn variable(&self, name: &str) -> Option<String> {
        self.inner.variable(name)
    }
}
