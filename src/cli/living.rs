//! A gateway from its first request to its last: reloads, a new program in its place,
//! signs of life for a supervisor, and the end, which is asked for twice by whoever is
//! in a hurry.

use std::io;
use std::sync::Arc;

use crate::cli::failure::Failure;
use crate::cli::signals::{Asked, Signals};
use crate::cli::supervisor::{Supervisor, Word};
use crate::edge::worker::crew::Drained;
use crate::edge::worker::heartbeat::Heartbeat;
use crate::gateway::Gateway;
use crate::gateway::succession::successor::{Program, Successor};
use crate::reload::Reloader;

/// Everything that runs.
pub struct Living {
    /// What serves.
    pub gateway: Gateway,
    /// What reads the file again.
    pub reloader: Reloader,
    /// What the operator asks for.
    pub signals: Signals,
    /// Who wants to know.
    pub supervisor: Arc<Supervisor>,
    /// What a successor is started from, if that is known.
    pub program: io::Result<Program>,
}

/// Why there is no successor.
enum Unsucceeded {
    /// The end was asked for meanwhile.
    Ending,
    /// It did not come to serve.
    Failed(String),
}

impl Living {
    /// Serves until the end is asked for or a successor serves, then drains.
    pub async fn to_the_end(mut self) -> Result<u8, Failure> {
        tokio::spawn(show_life(self.gateway.heartbeat(), Arc::clone(&self.supervisor)));
        loop {
            match self.signals.next().await {
                Asked::End => {
                    self.supervisor.say(Word::Stopping);
                    break;
                }
                Asked::Reload => {
                    self.supervisor.say(Word::Reloading);
                    self.reloader.asker().ask();
                }
                Asked::Succession => match self.succession().await {
                    Ok(successor) => {
                        tracing::info!(process = successor.id(), "a new program serves in place of this one");
                        self.supervisor.say(Word::Successor(successor.id()));
                        self.gateway.succeeded();
                        successor.serves();
                        break;
                    }
                    Err(Unsucceeded::Ending) => {
                        self.supervisor.say(Word::Stopping);
                        break;
                    }
                    Err(Unsucceeded::Failed(why)) => {
                        tracing::error!(why, "no successor came to serve; this program goes on");
                    }
                },
            }
        }
        self.end().await
    }

    /// Starts a new program and waits until it serves.
    async fn succession(&mut self) -> Result<Successor, Unsucceeded> {
        let failed = |error: io::Error| Unsucceeded::Failed(error.to_string());
        let program = match &self.program {
            Ok(program) => program,
            Err(error) => return Err(Unsucceeded::Failed(format!("its file is not known: {error}"))),
        };
        let estate = self.gateway.estate().map_err(failed)?;
        let (successor, wait) = Successor::start(program).map_err(failed)?;
        tracing::info!(process = successor.id(), "a new program is started");
        let handed = tokio::task::spawn_blocking(move || wait.hand_over(&estate));
        tokio::select! {
            outcome = handed => match outcome {
                Ok(Ok(())) => Ok(successor),
                Ok(Err(error)) => Err(failed(error)),
                Err(error) => Err(Unsucceeded::Failed(error.to_string())),
            },
            () = self.signals.end() => Err(Unsucceeded::Ending),
        }
    }

    /// Drains; a second TERM or INT ends at once.
    async fn end(self) -> Result<u8, Failure> {
        let Living { gateway, reloader, mut signals, .. } = self;
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
}

/// Says that the process is alive as often as the supervisor wants to hear it, but only
/// when every worker has answered.
async fn show_life(heart: Arc<Heartbeat>, supervisor: Arc<Supervisor>) {
    let Some(period) = supervisor.watchdog() else { return };
    loop {
        heart.ask();
        tokio::time::sleep(period / 4).await;
        if heart.is_answered() {
            supervisor.say(Word::Alive);
        }
    }
}
