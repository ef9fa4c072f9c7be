//! One running gateway per state folder. The lock is the system's and dies with the
//! process, so a crash never leaves a stale one; the number in the file is only for
//! the message. The command line works beside a gateway and takes no lock.

use std::fs::{File, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use crate::store::folder::open_private;
use crate::store::open_error::OpenError;

/// The lock's file name.
const LOCK: &str = "lock";

/// Held for as long as the gateway runs on the folder.
#[derive(Debug)]
pub struct StateLock {
    /// Closing its last handle gives the lock back.
    file: File,
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
        sign(&mut file).map_err(failed)?;
        Ok(StateLock { file })
    }

    /// Goes on with a lock that the process before this one hands over: both hold it
    /// until that one ends. A handle to another folder's lock is no help, and dropped.
    pub fn take_over(folder: &Path, handle: OwnedFd) -> Result<StateLock, OpenError> {
        let path = folder.join(LOCK);
        let mut file = File::from(handle);
        let same = std::fs::metadata(&path).and_then(|wanted| {
            let given = file.metadata()?;
            Ok((given.dev(), given.ino()) == (wanted.dev(), wanted.ino()))
        });
        // Locking anew through the same handle only says whether it is still held.
        if !same.unwrap_or(false) || file.try_lock().is_err() {
            return StateLock::acquire(folder);
        }
        sign(&mut file).map_err(|source| OpenError::Io { what: "cannot lock", path, source })?;
        Ok(StateLock { file })
    }

    /// What tells later whether the folder is still the one that is locked.
    pub fn mark(&self, folder: &Path) -> io::Result<Mark> {
        let file = self.file.metadata()?;
        Ok(Mark { path: folder.join(LOCK), identity: (file.dev(), file.ino()) })
    }

    /// Another handle to it, for a successor.
    pub fn handle(&self) -> io::Result<OwnedFd> {
        self.file.try_clone().map(OwnedFd::from)
    }
}

/// A folder as it was locked.
#[derive(Debug)]
pub struct Mark {
    path: PathBuf,
    identity: (u64, u64),
}

impl Mark {
    /// Whether it is still there. One that was removed or replaced goes on working for the
    /// process that has its files open, and for nobody else: what the command line revokes
    /// is then written where the gateway never looks.
    pub fn stands(&self) -> bool {
        std::fs::metadata(&self.path).is_ok_and(|file| (file.dev(), file.ino()) == self.identity)
    }
}

/// Writes down who has it.
fn sign(file: &mut File) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{}", std::process::id())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{LOCK, StateLock};

    #[test]
    fn a_lock_that_is_handed_over_is_held_without_a_gap() -> Result<(), Box<dyn std::error::Error>> {
        let folder = std::env::temp_dir().join(format!("tollgate-lock-{}", std::process::id()));
        let other = folder.join("other");
        fs::create_dir_all(&other)?;
        let first = StateLock::acquire(&folder)?;
        let handle = first.handle()?;
        let strange = first.handle()?;
        let second = StateLock::take_over(&folder, handle)?;
        let mark = first.mark(&folder)?;
        assert!(mark.stands());
        drop(first);
        assert!(StateLock::acquire(&folder).is_err(), "the second holds it alone");
        let elsewhere = StateLock::take_over(&other, strange)?;
        assert!(other.join(LOCK).exists(), "another folder has a lock of its own");
        drop((second, elsewhere));
        StateLock::acquire(&folder)?;
        fs::remove_dir_all(&folder)?;
        assert!(!mark.stands(), "removed");
        fs::create_dir_all(&folder)?;
        StateLock::acquire(&folder)?;
        assert!(!mark.stands(), "another one of the same name");
        fs::remove_dir_all(folder)?;
        Ok(())
    }
}
