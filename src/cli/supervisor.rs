//! Words to the process that supervises this one (sd_notify(3)): that it serves, that
//! it reloads, that it ends, that it is alive, and who takes its place. Without a
//! supervisor every word is said to nobody. Must never: hold anything up.

use std::ffi::OsStr;
use std::io;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

use crate::config::files::{DiskFiles, Files as _};

/// What can be said.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Word<'a> {
    /// Traffic is served; also the end of a reload.
    Ready,
    /// The configuration is being read again.
    Reloading,
    /// Nothing new is taken.
    Stopping,
    /// Every worker takes its turns.
    Alive,
    /// The process of this number takes our place.
    Successor(u32),
    /// A line for people.
    Status(&'a str),
}

/// The supervisor's ear.
#[derive(Debug, Default)]
pub struct Supervisor {
    ear: Option<(UnixDatagram, SocketAddr)>,
    /// How often it wants to hear that we are alive, at least.
    watchdog: Option<Duration>,
}

impl Supervisor {
    /// Whoever the environment names.
    pub fn of_this_process() -> Supervisor {
        let ear = DiskFiles.variable("NOTIFY_SOCKET").and_then(|name| {
            let address = address(OsStr::new(&name)).ok()?;
            let socket = UnixDatagram::unbound().ok()?;
            socket.set_nonblocking(true).ok()?;
            Some((socket, address))
        });
        let meant = |pid: String| pid.parse() == Ok(std::process::id());
        let for_us = DiskFiles.variable("WATCHDOG_PID").is_none_or(meant);
        let micros = DiskFiles.variable("WATCHDOG_USEC").and_then(|text| text.parse().ok());
        let watchdog = micros.filter(|micros| for_us && *micros > 0).map(Duration::from_micros);
        Supervisor { watchdog: watchdog.filter(|_| ear.is_some()), ear }
    }

    /// How often `Alive` has to be said, at least.
    pub fn watchdog(&self) -> Option<Duration> {
        self.watchdog
    }

    /// Says it. A supervisor that does not listen misses it.
    pub fn say(&self, word: Word<'_>) {
        let Some((socket, address)) = &self.ear else { return };
        let _ = socket.send_to_addr(text(word).as_bytes(), address);
    }
}

fn text(word: Word<'_>) -> String {
    match word {
        Word::Ready => "READY=1".to_owned(),
        Word::Reloading => format!("RELOADING=1\nMONOTONIC_USEC={}", monotonic()),
        Word::Stopping => "STOPPING=1".to_owned(),
        Word::Alive => "WATCHDOG=1".to_owned(),
        Word::Successor(pid) => format!("MAINPID={pid}"),
        Word::Status(line) => format!("STATUS={}", line.replace('\n', " ")),
    }
}

/// A path, or `@` and a name that is in no file system.
fn address(name: &OsStr) -> io::Result<SocketAddr> {
    match name.as_bytes().strip_prefix(b"@") {
        Some(abstract_name) => SocketAddr::from_abstract_name(abstract_name),
        None => SocketAddr::from_pathname(name),
    }
}

/// Microseconds of the clock that systemd compares with.
fn monotonic() -> u64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    let part = |number: i64| u64::try_from(number).unwrap_or_default();
    part(now.tv_sec).saturating_mul(1_000_000) + part(now.tv_nsec) / 1_000
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::os::unix::net::UnixDatagram;
    use std::time::Duration;

    use super::{Supervisor, Word, address, text};

    #[test]
    fn words_reach_a_path_and_an_abstract_name() {
        let path = std::env::temp_dir().join(format!("tollgate-notify-{}", std::process::id()));
        let _ = std::fs::remove_file(&path);
        let abstract_name = format!("@tollgate-notify-{}", std::process::id());
        for name in [path.as_os_str(), OsStr::new(&abstract_name)] {
            let at = address(name).expect("an address");
            let ear = UnixDatagram::bind_addr(&at).expect("bound");
            ear.set_read_timeout(Some(Duration::from_secs(5))).expect("a deadline");
            let socket = UnixDatagram::unbound().expect("a socket");
            Supervisor { ear: Some((socket, at)), watchdog: None }.say(Word::Successor(7));
            let mut heard = [0; 64];
            let count = ear.recv(&mut heard).expect("a word");
            assert_eq!(&heard[..count], b"MAINPID=7");
        }
        std::fs::remove_file(path).expect("removed");
    }

    #[test]
    fn every_word_is_one_a_supervisor_knows() {
        assert_eq!(text(Word::Status("one\ntwo")), "STATUS=one two");
        assert!(text(Word::Reloading).starts_with("RELOADING=1\nMONOTONIC_USEC="));
        for (word, said) in [(Word::Ready, "READY=1"), (Word::Stopping, "STOPPING=1"), (Word::Alive, "WATCHDOG=1")] {
            assert_eq!(text(word), said);
        }
        Supervisor::default().say(Word::Ready);
    }
}
