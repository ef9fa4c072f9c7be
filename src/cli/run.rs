//! `tollgate run`: load, start, say so, wait for the end. The banner goes to standard
//! output, terminal or not; a bad configuration is shown exactly as `check` shows it.

use std::io;
use std::path::Path;
use std::sync::Arc;

use tokio::runtime::Builder;

use crate::cli::banner;
use crate::cli::compiling::running_context;
use crate::cli::failure::Failure;
use crate::cli::living::Living;
use crate::cli::reloading;
use crate::cli::signals::Signals;
use crate::cli::supervisor::{Supervisor, Word};
use crate::config::files::{DiskFiles, Noted};
use crate::config::load::load;
use crate::gateway::succession::estate::Estate;
use crate::gateway::succession::predecessor::Predecessor;
use crate::gateway::succession::successor::Program;
use crate::gateway::{Parts, activation, start_with};
use crate::oauth::deviation::{self, Deviation, Weight};
use crate::snapshot::{LogFormat, Snapshot};
use crate::telemetry::log::{self, Shape};

/// Serves until TERM or INT, or until a successor does; the exit code says whether the
/// end was graceful.
pub fn run(config: &Path, parts: &Parts) -> Result<u8, Failure> {
    // Before the program's file can be replaced.
    let program = Program::of_this_process();
    let supervisor = Arc::new(Supervisor::of_this_process());
    let files = Noted::new(&DiskFiles);
    let snapshot = load(config, &files, &running_context(&*parts.random))?;
    start_log(&snapshot)?;
    for warning in &snapshot.warnings {
        tracing::warn!("{warning}");
    }
    deviations(&snapshot);
    // Before anything is served or said: a signal that comes early must not kill.
    let no_runtime = |error: io::Error| Failure::new(format!("the system gave no runtime: {error}"));
    let runtime = Builder::new_current_thread().enable_all().build().map_err(no_runtime)?;
    let signals = {
        let _inside = runtime.enter();
        Signals::listen().map_err(no_runtime)?
    };
    let (estate, predecessor) = inherit()?;
    let gateway = start_with(snapshot, parts, estate).map_err(|error| Failure::new(error.to_string()))?;
    for made in &gateway.made {
        let (issuer, client) = (made.issuer.as_str(), made.client.id.as_str());
        tracing::warn!(issuer, client, "a client was made; its secret stands on standard output, and nowhere else");
    }
    // Without standard output nobody reads the banner; the gateway serves all the same.
    let _ = banner::write(&gateway, config, &mut io::stdout().lock());
    let reloader = reloading::start(&gateway, config, files.seen(), &parts.random, &supervisor)
        .map_err(|error| Failure::new(format!("the system gave no thread for reloading: {error}")))?;
    if let Some(Err(error)) = predecessor.map(|predecessor| predecessor.tell_ready()) {
        tracing::warn!(%error, "the process before this one does not hear that this one serves");
    }
    supervisor.say(Word::Ready);
    runtime.block_on(Living { gateway, reloader, signals, supervisor, program }.to_the_end())
}

/// Says, a line each, where issuers speak otherwise than the RFCs.
fn deviations(snapshot: &Snapshot) {
    for issuer in &snapshot.issuers {
        let name = issuer.name.as_str();
        for Deviation { weight, what } in deviation::of(issuer) {
            match weight {
                Weight::Odd => tracing::info!(issuer = name, deviation = what, "an issuer is no RFC's"),
                Weight::Risky => tracing::warn!(issuer = name, deviation = what, "an issuer is no RFC's"),
            }
        }
    }
}

/// What was opened for this process, and by whom, if that was one like it.
fn inherit() -> Result<(Estate, Option<Predecessor>), Failure> {
    let failed = |error: io::Error| Failure::new(format!("what was to be taken over did not arrive: {error}"));
    match Predecessor::of_this_process().map_err(failed)? {
        Some(predecessor) => Ok((predecessor.receive().map_err(failed)?, Some(predecessor))),
        None => Ok((activation::sockets().map_err(failed)?, None)),
    }
}

fn start_log(snapshot: &Snapshot) -> Result<(), Failure> {
    let shape = match snapshot.access_log.format {
        LogFormat::Auto => Shape::of_stderr(),
        LogFormat::Json => Shape::Json,
        LogFormat::Human => Shape::Human,
    };
    log::init(shape, snapshot.fixed.log_level.as_str()).map_err(|error| Failure::new(error.to_string()))
}
