//! Joins the reloader to a running gateway: how a file is loaded again, and what is
//! done with what came of it. Refusals are logged line by line and change nothing.

use std::io;
use std::path::Path;
use std::sync::Arc;

use crate::cli::compiling::running_context;
use crate::cli::supervisor::{Supervisor, Word};
use crate::config::files::{DiskFiles, Seen};
use crate::config::load::load;
use crate::gateway::Gateway;
use crate::gateway::running::Swapper;
use crate::random::Random;
use crate::reload::{Judge, Load, Outcome, Reloader};

/// Starts the thread that watches and reloads. `seen` is what the running snapshot was
/// made of.
pub fn start(
    gateway: &Gateway,
    config: &Path,
    seen: Seen,
    random: &Arc<dyn Random>,
    supervisor: &Arc<Supervisor>,
) -> io::Result<Reloader> {
    let (swapper, carrier) = (gateway.swapper(), gateway.swapper());
    let random = Arc::clone(random);
    let load: Load = Box::new(move |path, files| {
        let mut snapshot = load(path, files, &running_context(&*random))?;
        carrier.carry_over(&mut snapshot);
        Ok(snapshot)
    });
    let judge = Judge::new(config.to_owned(), Box::new(DiskFiles), (gateway.snapshot(), seen), load);
    let supervisor = Arc::clone(supervisor);
    let heard = move |outcome| {
        hear(&swapper, outcome);
        // The end of a reload, whatever came of it.
        supervisor.say(Word::Ready);
    };
    Reloader::start(judge, Box::new(heard))
}

fn hear(swapper: &Swapper, outcome: Outcome) {
    match outcome {
        Outcome::Unchanged => tracing::info!("asked to reload: nothing has changed"),
        Outcome::Unwatched(why) => {
            tracing::warn!(why, "changes of files are not noticed by themselves; SIGHUP still reloads");
        }
        Outcome::Refused(problems) => {
            swapper.refused();
            for line in problems.lines() {
                // A warning is no reason to refuse, and whoever looks for the reason finds it sooner.
                if line.contains(": warning[") {
                    tracing::warn!("{line}");
                } else {
                    tracing::error!("configuration refused, the old one stays: {line}");
                }
            }
        }
        Outcome::Loaded { snapshot, changes } => match swapper.swap(&snapshot) {
            Ok(()) => tracing::info!(changes, "configuration reloaded"),
            Err(error) => {
                swapper.refused();
                tracing::error!(%error, "configuration refused, the old one stays: the store does not answer");
            }
        },
    }
}
