//! The stream an auditor reads: one JSON line for each grant, refusal, revocation
//! and change, apart from all other logs. Lines are never lost in silence: those that
//! are (a full queue, a full disk) are counted in a metric and named in the next line.

use std::io::{self, Write};
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde::Serialize;

use crate::clock::UnixTime;
use crate::telemetry::log_file::LogFile;
use crate::telemetry::spool::{Bounds, Spool};

/// Lines may wait, at most: minutes of a busy issuer. One is written at once; under load
/// those of two milliseconds go together, since a wake-up and a write for each would cost
/// a tenth of what a token does.
const BOUNDS: Bounds = Bounds { lines: 65_536, gather: Duration::ZERO, rest: Duration::from_millis(2) };

/// Where the audit log goes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Target {
    /// Beside the process's own log, told apart by `"log":"audit"`.
    Stderr,
    /// Appended to a file, made with mode 0600 if it is not there.
    File(PathBuf),
}

impl Target {
    /// Opens it. The error is the system's, the caller names the file.
    pub fn open(&self) -> io::Result<Box<dyn Write + Send>> {
        match self {
            Target::Stderr => Ok(Box::new(io::stderr())),
            Target::File(path) => LogFile::open(path).map(|file| Box::new(file) as Box<dyn Write + Send>),
        }
    }
}

/// The audit log.
#[derive(Debug)]
pub struct AuditLog(Spool<(UnixTime, Vec<u8>)>);

#[derive(Serialize)]
struct Line<'a, E: Serialize> {
    time: String,
    log: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    peer: Option<IpAddr>,
    #[serde(flatten)]
    event: &'a E,
}

#[derive(Serialize)]
struct Lost {
    event: &'static str,
    lines: u64,
}

impl AuditLog {
    /// Writes to `sink`.
    pub fn start(sink: Box<dyn Write + Send>) -> io::Result<AuditLog> {
        // The queue's own counter, once there is one: the thread starts before it is known.
        let counter = Arc::new(std::sync::OnceLock::<Arc<AtomicU64>>::new());
        let lost = Arc::clone(&counter);
        let mut told = 0;
        let spool = Spool::start("audit-log", BOUNDS, sink, move |(time, line): &(UnixTime, Vec<u8>), out| {
            let now = lost.get().map_or(0, |lost| lost.load(Ordering::Relaxed));
            if now > told {
                let event = Lost { event: "audit_lines_lost", lines: now - told };
                let missing = Line { time: time.to_string(), log: "audit", peer: None, event: &event };
                let _ = serde_json::to_writer(&mut *out, &missing);
                out.push(b'\n');
                told = now;
            }
            out.extend_from_slice(line);
        })?;
        let _ = counter.set(spool.lost());
        Ok(AuditLog(spool))
    }

    /// A log that writes nothing: for tests and tools.
    pub fn discarded() -> AuditLog {
        AuditLog(Spool::discarded())
    }

    /// Writes `{time, log, peer, ..event}`. An event that is no flat record is counted
    /// as lost.
    pub fn write(&self, time: UnixTime, peer: Option<IpAddr>, event: &impl Serialize) {
        match serde_json::to_vec(&Line { time: time.to_string(), log: "audit", peer, event }) {
            Ok(mut line) => {
                line.push(b'\n');
                self.0.push((time, line));
            }
            Err(_) => drop(self.0.lost().fetch_add(1, Ordering::Relaxed)),
        }
    }

    /// Lines that were lost so far.
    pub fn dropped(&self) -> Arc<AtomicU64> {
        self.0.lost()
    }

    /// Writes what waits and ends the thread.
    pub fn close(&self) {
        self.0.close();
    }
}

#[cfg(test)]
mod tests;
