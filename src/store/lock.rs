//! One running gateway per state folder. The lock is the system's and dies with the
//! process, so a crash never leaves a stale one; the number in the file is only for
//! the message. The command line works beside a gateway and takes no lock.

use std::fs::{File, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::Path;

use crate::store::folder::open_private;
use crate::store::open_error::OpenError;

/// The lock's file name.
const LOCK: &str = "lock";

/// Held for as long as the gateway runs on the folder.
#[derive(Debug)]
pub struct StateLock {
    /// Closing the file gives the lock back.
    _file: File,
}

impl StateLock {
    /// Takes the folder, which must exist, or says who has it.
    pub fn acquire(folder: &Path) -> Result<StateLock, OpenError> {
        let path = folder.join(LOCK);
        let failed = |source| OpenError::Io { what: "cannot lock", path: path.clone(), source };
        let mut file = open_private(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut text = String::new();
                // Without a readable number the message just has none.
                let pid = file.read_to_string(&mut text).ok().and_then(|_| text.trim().parse().ok());
                return Err(OpenError::Locked { folder: folder.to_owned(), pid });
            }
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        file.set_len(0).and_then(|()| file.rewind()).map_err(failed)?;
        writeln!(file, "{}", std::process::id()).map_err(failed)?;
        Ok(StateLock { _file: file })
    }
}
