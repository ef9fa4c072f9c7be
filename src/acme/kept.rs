//! What is kept in the state folder: certificates with their keys, accounts, and when
//! orders were placed. Closed to others, and whole or not there at all. A lock lets one
//! process order at a time, whichever has the folder: at a succession two have.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::acme::error::AcmeError;
use crate::acme::timing::HOUR;
use crate::clock::UnixTime;

/// The folder inside the state folder.
const FOLDER: &str = "acme";

/// The lock's file name.
const LOCK: &str = "lock";

/// Bytes of a file that are read at most.
const MAX_BYTES: u64 = 1 << 20;

/// Certificates that are looked at, at most.
const MAX_FILES: usize = 256;

/// The folder of what was got.
#[derive(Clone, Debug)]
pub struct Kept(PathBuf);

/// The right to place orders; ends when it is dropped, or with the process.
#[derive(Debug)]
pub struct OrderLock {
    _file: File,
}

impl Kept {
    /// The part of a state folder that this module has; made when something is written.
    pub fn within(state: &Path) -> Kept {
        Kept(state.join(FOLDER))
    }

    /// Chain and key in PEM; `None`: there are none.
    pub fn certificate(&self, id: &str) -> Option<Zeroizing<Vec<u8>>> {
        self.read(&format!("{id}.pem"))
    }

    /// What is kept of all certificates, or of many, those that are not asked for any more
    /// included.
    pub fn certificates(&self) -> Vec<Zeroizing<Vec<u8>>> {
        let Ok(entries) = std::fs::read_dir(&self.0) else { return Vec::new() };
        let names = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok());
        let certificates = names.filter(|name| name.ends_with(".pem")).take(MAX_FILES);
        certificates.filter_map(|name| self.read(&name)).collect()
    }

    /// Keeps chain and key in place of those before.
    pub fn keep_certificate(&self, id: &str, pem: &str) -> Result<(), AcmeError> {
        self.write(&format!("{id}.pem"), pem)
    }

    /// An account in JSON.
    pub fn account(&self, id: &str) -> Option<Zeroizing<Vec<u8>>> {
        self.read(&format!("{id}.json"))
    }

    /// Keeps an account.
    pub fn keep_account(&self, id: &str, json: &str) -> Result<(), AcmeError> {
        self.write(&format!("{id}.json"), json)
    }

    /// Forgets an account that the authority does not know.
    pub fn forget_account(&self, id: &str) {
        // One that cannot be removed is refused again, and that is said again.
        let _ = std::fs::remove_file(self.0.join(format!("{id}.json")));
    }

    /// When orders for a certificate were placed, in no order.
    pub fn orders(&self, id: &str) -> Vec<UnixTime> {
        let bytes = self.read(&format!("{id}.orders")).unwrap_or_default();
        String::from_utf8_lossy(&bytes).lines().filter_map(|line| line.parse().ok().map(UnixTime)).collect()
    }

    /// Notes an order that is placed now, and forgets those that count no more.
    pub fn note_order(&self, id: &str, now: UnixTime) -> Result<(), AcmeError> {
        let mut placed = self.orders(id);
        placed.retain(|at| now.since(*at).0 < HOUR.0);
        placed.push(now);
        self.write(&format!("{id}.orders"), &placed.iter().map(|at| format!("{}\n", at.0)).collect::<String>())
    }

    /// The right to place orders; `None`: another process is at it.
    pub fn lock(&self) -> Result<Option<OrderLock>, AcmeError> {
        let path = self.0.join(LOCK);
        let failed = |error: &io::Error| AcmeError::Here(format!("cannot lock {}: {error}", path.display()));
        self.make_room().map_err(|error| failed(&error))?;
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(&path);
        let file = file.map_err(|error| failed(&error))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(OrderLock { _file: file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(failed(&error)),
        }
    }

    fn make_room(&self) -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(0o700).create(&self.0)
    }

    fn read(&self, name: &str) -> Option<Zeroizing<Vec<u8>>> {
        use std::io::Read as _;
        let mut bytes = Zeroizing::new(Vec::new());
        File::open(self.0.join(name)).ok()?.take(MAX_BYTES).read_to_end(&mut bytes).ok()?;
        Some(bytes)
    }

    fn write(&self, name: &str, text: &str) -> Result<(), AcmeError> {
        let path = self.0.join(name);
        let fresh = self.0.join(format!("{name}.new"));
        let written = self.make_room().and_then(|()| {
            let mut out = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&fresh)?;
            out.write_all(text.as_bytes())?;
            out.sync_all()?;
            std::fs::rename(&fresh, &path)?;
            // So that the name outlives a loss of power too.
            File::open(&self.0)?.sync_all()
        });
        written.map_err(|error| AcmeError::Here(format!("cannot write {}: {error}", path.display())))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::Kept;
    use crate::clock::UnixTime;

    #[test]
    fn files_are_closed_and_one_may_order() {
        let state = std::env::temp_dir().join(format!("tollgate-acme-kept-{}", std::process::id()));
        let kept = Kept::within(&state);
        assert!(kept.certificate("a").is_none());
        kept.keep_certificate("a", "one").expect("written");
        kept.keep_certificate("a", "two").expect("written");
        assert_eq!(kept.certificate("a").as_deref().map(Vec::as_slice), Some(&b"two"[..]));
        let mode =
            |name: &str| std::fs::metadata(state.join("acme").join(name)).expect("there").permissions().mode() & 0o777;
        assert_eq!((mode("."), mode("a.pem")), (0o700, 0o600));
        kept.keep_account("account", "{}").expect("written");
        assert_eq!(kept.certificates().len(), 1, "accounts are none");

        let first = kept.lock().expect("a lock");
        assert!(first.is_some());
        assert!(kept.lock().expect("a lock").is_none());
        drop(first);
        assert!(kept.lock().expect("a lock").is_some());
        std::fs::remove_dir_all(state).expect("removed");
    }

    #[test]
    fn orders_of_the_last_hour_are_remembered() {
        let state = std::env::temp_dir().join(format!("tollgate-acme-orders-{}", std::process::id()));
        let kept = Kept::within(&state);
        for at in [1_000, 2_000, 5_000] {
            kept.note_order("a", UnixTime(at)).expect("written");
        }
        assert_eq!(kept.orders("a"), [UnixTime(2_000), UnixTime(5_000)]);
        assert_eq!(kept.orders("b"), []);
        std::fs::remove_dir_all(state).expect("removed");
    }
}
