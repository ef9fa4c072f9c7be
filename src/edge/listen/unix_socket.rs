//! A listening socket in the file system: made with its permissions before anybody can
//! connect, in place of one that a dead process has left, and removed at the end if it
//! is still the same. Must never: take the place of a socket that somebody listens on,
//! or remove a file that is no socket.

use std::fs;
use std::io;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use socket2::{Domain, SockAddr, Socket, Type};

use crate::snapshot::UnixPlace;

/// Makes the socket.
pub(in crate::edge) fn bind(place: &UnixPlace, backlog: i32) -> io::Result<UnixListener> {
    make_room(&place.path)?;
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.bind(&SockAddr::unix(&place.path)?)?;
    // Nobody can connect before `listen`, so nobody slips in under other permissions.
    fs::set_permissions(&place.path, fs::Permissions::from_mode(place.mode))?;
    if place.owner.is_some() || place.group.is_some() {
        chown(&place.path, place.owner, place.group)?;
    }
    socket.listen(backlog)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

/// Removes what a process that was killed has left behind.
fn make_room(path: &Path) -> io::Result<()> {
    let found = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        found => found?,
    };
    if !found.file_type().is_socket() {
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, "there is a file of this name that is no socket"));
    }
    match UnixStream::connect(path) {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => fs::remove_file(path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
        Ok(_) => Err(io::ErrorKind::AddrInUse.into()),
    }
}

/// A path that is removed at the end.
#[derive(Debug)]
pub struct Left {
    path: PathBuf,
    /// Device and number of the file when it was made: a successor's is another.
    file: (u64, u64),
}

impl Left {
    /// Remembers the socket at `path`; `None`: there is none.
    pub fn at(path: &Path) -> Option<Left> {
        let found = fs::symlink_metadata(path).ok().filter(|found| found.file_type().is_socket())?;
        Some(Left { path: path.to_owned(), file: (found.dev(), found.ino()) })
    }

    /// Removes it, if it is still there.
    pub fn remove(self) {
        let same = |found: &fs::Metadata| (found.dev(), found.ino()) == self.file;
        if fs::symlink_metadata(&self.path).is_ok_and(|found| same(&found))
            && let Err(error) = fs::remove_file(&self.path)
        {
            tracing::warn!(path = %self.path.display(), %error, "a socket could not be removed");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::ErrorKind;
    use std::os::unix::fs::PermissionsExt as _;
    use std::os::unix::net::{UnixListener, UnixStream};
    use std::path::PathBuf;

    use super::{Left, bind};
    use crate::snapshot::UnixPlace;

    /// A place of the test's own, in the system's temporary folder.
    fn place(name: &str, mode: u32) -> UnixPlace {
        let path: PathBuf = std::env::temp_dir().join(format!("tollgate-{name}-{}.sock", std::process::id()));
        let _ = fs::remove_file(&path);
        UnixPlace { path, mode, owner: None, group: None }
    }

    #[test]
    fn it_listens_with_its_mode_and_leaves_nothing() {
        let place = place("mode", 0o620);
        let _socket = bind(&place, 8).expect("a socket");
        let mode = fs::metadata(&place.path).expect("it is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o620);
        UnixStream::connect(&place.path).expect("it listens");
        Left::at(&place.path).expect("a socket").remove();
        assert!(!place.path.exists());
    }

    #[test]
    fn a_stale_one_is_replaced_and_a_living_one_is_not() {
        let place = place("stale", 0o600);
        drop(UnixListener::bind(&place.path).expect("a socket"));
        assert!(place.path.exists(), "a dead process leaves it");
        let living = bind(&place, 8).expect("in its place");
        assert_eq!(bind(&place, 8).expect_err("taken").kind(), ErrorKind::AddrInUse);
        drop(living);
        fs::remove_file(&place.path).expect("removed");
    }

    #[test]
    fn another_file_is_left_alone() {
        let place = place("file", 0o600);
        fs::write(&place.path, "dear diary").expect("a file");
        assert_eq!(bind(&place, 8).expect_err("a file").kind(), ErrorKind::AlreadyExists);
        assert_eq!(fs::read_to_string(&place.path).expect("still there"), "dear diary");
        fs::remove_file(&place.path).expect("removed");
    }

    #[test]
    fn a_successors_socket_is_left_alone() {
        let place = place("successor", 0o600);
        let old = bind(&place, 8).expect("a socket");
        let left = Left::at(&place.path).expect("a socket");
        drop(old);
        // Kept by another name, so that the number of the file is not given anew.
        fs::rename(&place.path, place.path.with_extension("old")).expect("moved");
        let _new = bind(&place, 8).expect("the successor's");
        left.remove();
        assert!(place.path.exists());
        for path in [place.path.clone(), place.path.with_extension("old")] {
            fs::remove_file(path).expect("removed");
        }
    }
}
