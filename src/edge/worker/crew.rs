//! The worker threads: each runs a single-threaded runtime with its own sockets, and a
//! request never leaves the thread it arrived on. Starts them, drains them, and tells
//! how it ended.
//! Must never: cut a request before the time it was promised.

use std::future::pending;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::edge::drain::Phase;
use crate::edge::listen::accept;
use crate::edge::listen::ear::{Ear, Listening};
use crate::edge::listen::listener::Bound;
use crate::edge::memory::Pressure;
use crate::edge::serve::Serve;
use crate::edge::shared::Shared;
use crate::edge::worker::Worker;
use crate::edge::worker::heartbeat::Heartbeat;

/// All workers of the process.
pub struct Crew {
    shared: Arc<Shared>,
    /// A worker says here, when it ends, how many connections it had to cut.
    ended: mpsc::UnboundedReceiver<usize>,
    heartbeat: Arc<Heartbeat>,
    running: usize,
}

/// How a drain ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Drained {
    /// Everything in flight was finished.
    Graceful,
    /// So many connections were cut, at the end of the time or because of hurry.
    Cut(usize),
}

impl Crew {
    /// Starts the snapshot's number of threads; `bound` is in the order of its
    /// listeners, and their sockets go round. `serve` answers requests.
    pub fn start<S: Serve>(shared: &Arc<Shared>, bound: Vec<Bound>, serve: S) -> io::Result<Crew> {
        let workers = shared.worlds.load().snapshot.fixed.workers.max(1);
        let (says, ended) = mpsc::unbounded_channel();
        let heartbeat = Heartbeat::of(workers);
        for (index, sockets) in deal(bound, workers).into_iter().enumerate() {
            let worker = Worker::new(Arc::clone(shared), index);
            let runtime = Builder::new_current_thread().enable_all().build()?;
            let (serve, says, heart) = (serve.clone(), says.clone(), Arc::clone(&heartbeat));
            let thread = move || {
                // The crew may be gone by then, and with it whoever wanted to know.
                let _ = says.send(live(&runtime, &worker, heart, sockets, &serve));
                runtime.shutdown_background();
            };
            std::thread::Builder::new().name(format!("worker-{index}")).spawn(thread)?;
        }
        Ok(Crew { shared: Arc::clone(shared), ended, heartbeat, running: workers })
    }

    /// Whether all workers take their turns can be asked here.
    pub fn heartbeat(&self) -> Arc<Heartbeat> {
        Arc::clone(&self.heartbeat)
    }

    /// Takes nothing new, lets requests in flight finish for `limit`, and returns when
    /// all workers have ended. `hurry` (a second signal) ends them at once.
    pub async fn drain(mut self, limit: Duration, hurry: impl Future<Output = ()>) -> Drained {
        self.shared.drain.begin();
        let mut cut = 0;
        let mut enough = std::pin::pin!(async {
            tokio::select! {
                () = hurry => {}
                () = tokio::time::sleep(limit) => {}
            }
            self.shared.drain.end();
            pending::<()>().await;
        });
        while self.running > 0 {
            let left = tokio::select! {
                left = self.ended.recv() => left,
                () = &mut enough => None,
            };
            // A worker that panicked says nothing; its channel end is gone all the same.
            let Some(left) = left else { break };
            cut += left;
            self.running -= 1;
        }
        if cut == 0 { Drained::Graceful } else { Drained::Cut(cut) }
    }
}

/// Each worker's sockets, with the index of their listeners. Every socket goes to
/// somebody: one that were closed would take waiting callers with it.
fn deal(bound: Vec<Bound>, workers: usize) -> Vec<Vec<(usize, Ear)>> {
    let mut hands: Vec<Vec<(usize, Ear)>> = (0..workers).map(|_| Vec::new()).collect();
    for (index, bound) in bound.into_iter().enumerate() {
        for (turn, socket) in bound.sockets.into_iter().enumerate() {
            hands[turn % workers].push((index, socket));
        }
    }
    hands
}

/// Lets every connection look whether it has been idle for too long, each time that what is
/// too long changes.
async fn hurry_the_idle(worker: Arc<Worker>) {
    let mut told = worker.shared.memory.watch();
    while told.changed().await.is_ok() {
        if told.borrow_and_update().pressure == Pressure::Full {
            worker.pulses.wake_all();
        }
    }
}

/// A worker's life; returns the number of connections open at its end.
fn live<S: Serve>(
    runtime: &Runtime,
    worker: &Arc<Worker>,
    heart: Arc<Heartbeat>,
    sockets: Vec<(usize, Ear)>,
    serve: &S,
) -> usize {
    runtime.block_on(async {
        let pulses = Arc::clone(worker);
        tokio::spawn(async move { pulses.pulses.run().await });
        let lasting = Arc::clone(worker);
        tokio::spawn(async move { lasting.lifelines.run(&lasting.shared.revoked, &*lasting.shared.clock).await });
        tokio::spawn(heart.answer(worker.index));
        tokio::spawn(hurry_the_idle(Arc::clone(worker)));
        let mut accepting = JoinSet::new();
        for (index, socket) in sockets {
            let holder = socket.holder;
            match Listening::watch(socket) {
                Ok(socket) => {
                    accepting.spawn(accept::run(Arc::clone(worker), index, (socket, holder), serve.clone()));
                }
                Err(error) => tracing::error!(%error, "a listening socket could not be watched"),
            }
        }
        worker.shared.drain.reached(Phase::Draining).await;
        while accepting.join_next().await.is_some() {}
        worker.pulses.wake_all();
        tokio::select! {
            () = worker.emptied() => {}
            () = worker.shared.drain.reached(Phase::Ended) => {}
        }
        worker.connections()
    })
}
