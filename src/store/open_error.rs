//! Why the state folder cannot be used, in words for the operator: which path, what
//! is wrong, what to do. Whatever the reason, nothing in the folder was changed.
//! Must never: suggest to delete state as the first way out.

use std::io;
use std::path::PathBuf;

/// The store was not opened; nothing was written over.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder or a file in it cannot be made, read or written.
    #[error("{what} `{}`: {source}; the process needs to read and write it", path.display())]
    Io {
        /// What was tried, such as "cannot write to state folder".
        what: &'static str,
        /// On which path.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Without a store key the folder protects private keys, so it must be closed.
    #[error(
        "`{}` has mode {mode:04o}, so others on this machine could read private keys; run `chmod {want:o} {}` or set `store.key`",
        path.display(), path.display()
    )]
    Modes {
        /// The folder or file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
        /// What they must be.
        want: u32,
    },
    /// Another gateway runs on this folder.
    #[error("state folder `{}` is in use by another running gateway{}; stop it, or give this one its own `store.folder`",
        folder.display(), pid.map(|p| format!(" (process {p})")).unwrap_or_default())]
    Locked {
        /// The folder.
        folder: PathBuf,
        /// Who holds it, if he said.
        pid: Option<u32>,
    },
    /// The file is something else.
    #[error("`{}` is not a tollgate database ({found}); it was left as it is, move it away or choose another `store.folder`", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What it seems to be.
        found: &'static str,
    },
    /// The file was a database and is damaged.
    #[error(
        "database `{}` is damaged: {detail}; it was left as it is, restore a backup or recover it with `sqlite3 {} .recover`",
        path.display(), path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What the check found.
        detail: String,
    },
    /// A newer program wrote it.
    #[error("database `{}` has schema {found}, this program knows up to {known}; run the newer tollgate that wrote it", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its schema.
        found: u32,
        /// The last one known here.
        known: u32,
    },
    /// Keys are sealed and no store key was given.
    #[error("private keys in `{}` are sealed, but `store.key` is not set; set the key they were sealed under", path.display())]
    KeyMissing {
        /// The file.
        path: PathBuf,
    },
    /// Keys are sealed under another store key.
    #[error("`store.key` is not the key that private keys in `{}` were sealed under", path.display())]
    KeyWrong {
        /// The file.
        path: PathBuf,
    },
    /// Anything else SQLite objects to.
    #[error("cannot open database `{}`: {detail}", path.display())]
    Database {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        detail: String,
    },
}
