//! Telemetry as the configuration asks for it: where the logs go, how they look, and
//! which parts of the gateway the gauges ask.

use std::io;
use std::sync::Arc;

use crate::clock::Clock;
use crate::edge::shared::{DoorCount, Shared};
use crate::gateway::start_error::StartError;
use crate::snapshot::{AccessLog as Wanted, AuditTarget, LogFormat, Snapshot};
use crate::telemetry::access_log::{AccessLog, AccessSettings, Path};
use crate::telemetry::audit_log::{AuditLog, Target};
use crate::telemetry::gauges::Source;
use crate::telemetry::log::Shape;
use crate::telemetry::metrics::{Parts, Telemetry};

/// Opens the logs and makes the registry.
pub fn open(snapshot: &Snapshot, clock: &Arc<dyn Clock>) -> Result<Arc<Telemetry>, StartError> {
    let shape = match snapshot.access_log.format {
        LogFormat::Auto => Shape::of_stdout(),
        LogFormat::Json => Shape::Json,
        LogFormat::Human => Shape::Human,
    };
    let out = Box::new(io::stdout());
    let access = AccessLog::start(out, shape, access_settings(&snapshot.access_log), Arc::clone(clock))
        .map_err(StartError::system("thread for the access log"))?;
    let target = match &snapshot.fixed.audit {
        AuditTarget::Stderr => Target::Stderr,
        AuditTarget::File(path) => Target::File(path.clone()),
    };
    let sink = target.open().map_err(StartError::Audit)?;
    let audit = AuditLog::start(sink).map_err(StartError::system("thread for the audit log"))?;
    Ok(Telemetry::new(Parts { workers: snapshot.fixed.workers, clock: Arc::clone(clock), access, audit })?)
}

/// What a reload may change about the access log.
pub fn access_settings(wanted: &Wanted) -> AccessSettings {
    let path = if wanted.path { Path::Written } else { Path::Hidden };
    AccessSettings { sample_ok: wanted.sample_ok, path }
}

/// Says when each listener's certificates end, of the snapshot that is now in force.
pub fn tell_certificates(telemetry: &Telemetry, snapshot: &Snapshot) {
    let ends = snapshot.listeners.iter().filter_map(|listener| Some((&*listener.name, listener.certificate_end?)));
    telemetry.certificates(&ends.collect::<Vec<_>>());
}

/// Names the gauges' sources; once.
pub fn watch(telemetry: &Telemetry, shared: &Arc<Shared>) {
    let list = Arc::clone(&shared.revoked);
    telemetry.watch_revocations(Box::new(move || {
        list.counts_by_kind().iter().map(|(kind, count)| (kind.as_str().to_owned(), *count)).collect()
    }));
    telemetry.watch_feed(Arc::clone(&shared.last_sync));
    let fleet = Arc::clone(&shared.fleet);
    telemetry.watch_servers(Box::new(move || fleet.view()));
    let weak = Arc::downgrade(shared);
    telemetry.watch_memory(Box::new(move || {
        let Some(shared) = weak.upgrade() else { return [0; 3] };
        let (used, limit) = shared.memory.figures();
        [used, limit, shared.memory.pressure() as u64]
    }));
    telemetry.watch_connections(of_doors(shared, DoorCount::open));
    telemetry.watch_handshakes(of_doors(shared, |door| door.half_open.count()));
}

/// What `ask` says of each listener's door.
fn of_doors(shared: &Arc<Shared>, ask: fn(&DoorCount) -> usize) -> Source {
    // The telemetry is part of what is shared: a strong handle would keep both for ever.
    let doors = Arc::downgrade(shared);
    Box::new(move || {
        let Some(shared) = doors.upgrade() else { return Vec::new() };
        let world = shared.worlds.load();
        let names = world.snapshot.listeners.iter().map(|listener| listener.name.to_string());
        names.zip(&shared.doors).map(|(name, door)| (name, ask(door) as u64)).collect()
    })
}
