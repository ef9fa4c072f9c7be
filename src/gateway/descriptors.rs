//! File descriptors: asks the system for as many as it may have, and says how many
//! callers those are enough for. A caller needs one, the backend that answers him
//! another; store, logs and sockets need a few that nobody else may take.
//! Must never: let callers use up what store and backends need.

use rustix::process::{Resource, getrlimit, setrlimit};

use crate::snapshot::Snapshot;

/// Descriptors kept for the store, the logs, the listeners, metrics and reloads.
const RESERVED: u64 = 64;

/// Raises the process's soft limit to the hard one; returns how many callers may be
/// connected at once, and warns if the listeners promise more.
pub fn provide(snapshot: &Snapshot) -> usize {
    let mut limits = getrlimit(Resource::Nofile);
    if limits.current != limits.maximum {
        let hard = limits.maximum;
        limits.current = hard;
        if let Err(error) = setrlimit(Resource::Nofile, limits) {
            tracing::warn!(%error, "the limit of open files could not be raised");
            limits = getrlimit(Resource::Nofile);
        }
    }
    let Some(files) = limits.current else { return usize::MAX };
    let callers = callers(files);
    let promised: usize = snapshot.listeners.iter().map(|listener| listener.limits.connections).sum();
    // Promises are upper bounds that one listener seldom reaches; a tenth of them is a need.
    if callers < promised / 10 {
        tracing::warn!(files, callers, promised, "the system allows few open files; connections beyond are closed");
    }
    callers
}

/// Half of what is left goes to callers, since each may need a backend.
fn callers(files: u64) -> usize {
    usize::try_from(files.saturating_sub(RESERVED) / 2).unwrap_or(usize::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use super::callers;

    #[test]
    fn callers_leave_room_for_backends_and_the_store() {
        assert_eq!((callers(256), callers(1_024), callers(20_000)), (96, 480, 9_968));
        // Too few for anything: one caller is still served.
        assert_eq!((callers(10), callers(0)), (1, 1));
    }
}
