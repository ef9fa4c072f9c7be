//! `tollgate run`: load, start, say so, wait for the end. The banner goes to standard
//! output, terminal or not; a bad configuration is shown exactly as `check` shows it.

use std::io::{self, Write as _};
use std::path::Path;

use tokio::runtime::Builder;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::cli::banner;
use crate::cli::failure::Failure;
use crate::cli::program::running_context;
use crate::config::files::DiskFiles;
use crate::config::load::load;
use crate::edge::crew::Drained;
use crate::gateway::{Gateway, Parts, start};
use crate::snapshot::{LogFormat, Snapshot};
use crate::telemetry::log::{self, Shape};

/// Serves until TERM or INT; the exit code says whether the end was graceful.
pub fn run(config: &Path, parts: &Parts) -> Result<u8, Failure> {
    let snapshot = match load(config, &DiskFiles, &running_context(&*parts.random)) {
        Ok(snapshot) => snapshot,
        Err(problems) => {
            // Without standard error nobody reads the carets; the exit code stays.
            let _ = write!(io::stderr(), "{problems}");
            return Ok(1);
        }
    };
    start_log(&snapshot)?;
    for warning in &snapshot.warnings {
        tracing::warn!("{warning}");
    }
    let gateway = start(snapshot, parts).map_err(|error| Failure::new(error.to_string()))?;
    // Without standard output nobody reads the banner; the gateway serves all the same.
    let _ = banner::write(&gateway, config, &mut io::stdout().lock());
    wait_and_end(gateway)
}

fn start_log(snapshot: &Snapshot) -> Result<(), Failure> {
    let shape = match snapshot.access_log.format {
        LogFormat::Auto => Shape::of_stderr(),
        LogFormat::Json => Shape::Json,
        LogFormat::Human => Shape::Human,
    };
    log::init(shape, snapshot.fixed.log_level.as_str()).map_err(|error| Failure::new(error.to_string()))
}

/// Serves until the first TERM or INT, then drains; a second one ends at once.
fn wait_and_end(gateway: Gateway) -> Result<u8, Failure> {
    let no_runtime = |error: io::Error| Failure::new(format!("the system gave no runtime: {error}"));
    let runtime = Builder::new_current_thread().enable_all().build().map_err(no_runtime)?;
    let mut ends = {
        let _inside = runtime.enter();
        Ends::listen().map_err(no_runtime)?
    };
    runtime.block_on(ends.next());
    let limit = gateway.snapshot().drain;
    tracing::info!(seconds = limit.as_secs(), "ending: nothing new is taken, requests in flight may finish");
    match runtime.block_on(gateway.end(limit, ends.next())) {
        Drained::Graceful => Ok(0),
        Drained::Cut(connections) => {
            tracing::warn!(connections, "connections were cut at the end of the drain time");
            Ok(1)
        }
    }
}

/// The signals that ask for the end.
struct Ends {
    terminate: Signal,
    interrupt: Signal,
}

impl Ends {
    fn listen() -> io::Result<Ends> {
        Ok(Ends { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
