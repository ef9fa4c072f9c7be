//! `tollgate run`: load, start, say so, wait for the end. The banner goes to standard
//! output, terminal or not; a bad configuration is shown exactly as `check` shows it.

use std::io;
use std::path::Path;

use tokio::runtime::Builder;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::cli::banner;
use crate::cli::compiling::running_context;
use crate::cli::failure::Failure;
use crate::cli::reloading;
use crate::config::files::{DiskFiles, Noted};
use crate::config::load::load;
use crate::edge::crew::Drained;
use crate::gateway::{Gateway, Parts, start};
use crate::reload::{Asker, Reloader};
use crate::snapshot::{LogFormat, Snapshot};
use crate::telemetry::log::{self, Shape};

/// Serves until TERM or INT; the exit code says whether the end was graceful.
pub fn run(config: &Path, parts: &Parts) -> Result<u8, Failure> {
    let files = Noted::new(&DiskFiles);
    let snapshot = load(config, &files, &running_context(&*parts.random))?;
    start_log(&snapshot)?;
    for warning in &snapshot.warnings {
        tracing::warn!("{warning}");
    }
    // Before anything is served or said: a signal that comes early must not kill.
    let no_runtime = |error: io::Error| Failure::new(format!("the system gave no runtime: {error}"));
    let runtime = Builder::new_current_thread().enable_all().build().map_err(no_runtime)?;
    let signals = {
        let _inside = runtime.enter();
        Signals::listen().map_err(no_runtime)?
    };
    let gateway = start(snapshot, parts).map_err(|error| Failure::new(error.to_string()))?;
    // Without standard output nobody reads the banner; the gateway serves all the same.
    let _ = banner::write(&gateway, config, &mut io::stdout().lock());
    let reloader = reloading::start(&gateway, config, files.seen(), &parts.random)
        .map_err(|error| Failure::new(format!("the system gave no thread for reloading: {error}")))?;
    runtime.block_on(wait_and_end(gateway, reloader, signals))
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
async fn wait_and_end(gateway: Gateway, reloader: Reloader, mut signals: Signals) -> Result<u8, Failure> {
    signals.reload_until_end(&reloader.asker()).await;
    drop(reloader);
    let limit = gateway.snapshot().drain;
    tracing::info!(seconds = limit.as_secs(), "ending: nothing new is taken, requests in flight may finish");
    match gateway.end(limit, signals.end()).await {
        Drained::Graceful => Ok(0),
        Drained::Cut(connections) => {
            tracing::warn!(connections, "connections were cut at the end of the drain time");
            Ok(1)
        }
    }
}

/// The signals that mean something here.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
}

impl Signals {
    fn listen() -> io::Result<Signals> {
        Ok(Signals {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    /// Asks for a reload at each HUP, until the end is asked for.
    async fn reload_until_end(&mut self, asker: &Asker) {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return,
                _ = self.interrupt.recv() => return,
                _ = self.hang_up.recv() => asker.ask(),
            }
        }
    }

    /// TERM or INT.
    async fn end(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
