//! A log that is appended to a file by name: when somebody has moved the file away (as
//! logrotate does), the next line goes to a new one of the same name. No signal is needed.
//! Must never: write to a file that nobody finds under its name any more.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// The file, open.
#[derive(Debug)]
pub struct LogFile {
    path: PathBuf,
    file: File,
}

impl LogFile {
    /// Opens it for appending; made with mode 0600 if it is not there.
    pub fn open(path: &Path) -> io::Result<LogFile> {
        Ok(LogFile { path: path.to_owned(), file: append(path)? })
    }

    /// Whether the name still leads to what is open.
    fn is_in_place(&self) -> bool {
        let (Ok(open), Ok(named)) = (self.file.metadata(), std::fs::metadata(&self.path)) else { return false };
        (open.dev(), open.ino()) == (named.dev(), named.ino())
    }
}

impl Write for LogFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if !self.is_in_place() {
            self.file = append(&self.path)?;
        }
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

fn append(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).mode(0o600).open(path)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write as _;

    use super::LogFile;

    #[test]
    fn a_file_that_was_moved_away_gets_a_successor() -> std::io::Result<()> {
        let folder = std::env::temp_dir().join(format!("tollgate-log-file-{}", std::process::id()));
        fs::create_dir_all(&folder)?;
        let (path, moved) = (folder.join("audit.log"), folder.join("audit.log.1"));
        let mut log = LogFile::open(&path)?;
        log.write_all(b"one\n")?;
        fs::rename(&path, &moved)?;
        log.write_all(b"two\n")?;
        fs::remove_file(&path)?;
        log.write_all(b"three\n")?;
        assert_eq!((fs::read_to_string(&moved)?, fs::read_to_string(&path)?), ("one\n".into(), "three\n".into()));
        fs::remove_dir_all(folder)
    }
}
