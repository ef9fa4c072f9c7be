//! The state folder and who may look into it. Made closed (0700, files 0600); where
//! it was made by somebody else and no store key seals the private keys, anything
//! wider is refused, because then the modes are all that protects them.
//! Must never: change the modes of what it did not make.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use crate::store::open_error::OpenError;

/// The database's file name.
pub const DATABASE: &str = "tollgate.db";

/// Permission bits of the folder.
const FOLDER_MODE: u32 = 0o700;

/// Permission bits of a file.
const FILE_MODE: u32 = 0o600;

/// Whether the modes alone protect private keys.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Demand {
    /// No store key: group and others must have no rights at all.
    Closed,
    /// Keys are sealed; modes are the operator's business.
    Any,
}

/// Makes the folder if it is missing, and looks at its modes and those of our files.
pub fn prepare(folder: &Path, demand: Demand) -> Result<PathBuf, OpenError> {
    let failed = |source| OpenError::Io { what: "cannot make state folder", path: folder.to_owned(), source };
    DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(folder).map_err(failed)?;
    if demand == Demand::Closed {
        refuse_open(folder, FOLDER_MODE)?;
        for name in [DATABASE, "tollgate.db-wal", "tollgate.db-shm"] {
            refuse_open(&folder.join(name), FILE_MODE)?;
        }
    }
    let database = folder.join(DATABASE);
    // SQLite gives its side files the modes of the database, so this one decides.
    open_private(&database).map_err(|source| OpenError::Io {
        what: "cannot open database",
        path: database.clone(),
        source,
    })?;
    Ok(database)
}

/// Opens a file for reading and writing, making it with mode 0600 if it is missing;
/// what it holds stays.
pub fn open_private(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(FILE_MODE).open(path)
}

fn refuse_open(path: &Path, want: u32) -> Result<(), OpenError> {
    match std::fs::metadata(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(source) => Err(OpenError::Io { what: "cannot look at", path: path.to_owned(), source }),
        Ok(facts) => match facts.permissions().mode() & 0o7777 {
            mode if mode & 0o077 == 0 => Ok(()),
            mode => Err(OpenError::Modes { path: path.to_owned(), mode, want }),
        },
    }
}
