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

use crate::edge::accept;
use crate::edge::drain::Phase;
use crate::edge::listener::Bound;
use crate::edge::serve::Serve;
use crate::edge::shared::Shared;
use crate::edge::worker::Worker;

/// All workers of the process.
pub struct Crew {
    shared: Arc<Shared>,
    /// A worker says here, when it ends, how many connections it had to cut.
    ended: mpsc::UnboundedReceiver<usize>,
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
    /// Starts one thread per socket of a listener; `bound` is in the order of the
    /// snapshot's listeners, with equally many sockets each. `serve` answers requests.
    pub fn start<S: Serve>(shared: &Arc<Shared>, bound: Vec<Bound>, serve: S) -> io::Result<Crew> {
        let workers = bound.iter().map(|bound| bound.sockets.len()).max().unwrap_or(0);
        let (says, ended) = mpsc::unbounded_channel();
        let mut doors: Vec<_> = bound.into_iter().map(|bound| bound.sockets.into_iter()).collect();
        for index in 0..workers {
            let sockets: Vec<_> = doors.iter_mut().map(Iterator::next).collect();
            let worker = Worker::new(Arc::clone(shared), index);
            let runtime = Builder::new_current_thread().enable_all().build()?;
            let (serve, says) = (serve.clone(), says.clone());
            let thread = move || {
                // The crew may be gone by then, and with it whoever wanted to know.
                let _ = says.send(live(&runtime, &worker, sockets, &serve));
                runtime.shutdown_background();
            };
            std::thread::Builder::new().name(format!("worker-{index}")).spawn(thread)?;
        }
        Ok(Crew { shared: Arc::clone(shared), ended, running: workers })
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

/// A worker's life; returns the number of connections open at its end.
fn live<S: Serve>(
    runtime: &Runtime,
    worker: &Arc<Worker>,
    sockets: Vec<Option<std::net::TcpListener>>,
    serve: &S,
) -> usize {
    runtime.block_on(async {
        let pulses = Arc::clone(worker);
        tokio::spawn(async move { pulses.pulses.run().await });
        let lasting = Arc::clone(worker);
        tokio::spawn(async move { lasting.lifelines.run(&lasting.shared.revoked, &*lasting.shared.clock).await });
        let mut accepting = JoinSet::new();
        for (index, socket) in sockets.into_iter().enumerate() {
            match socket.map(tokio::net::TcpListener::from_std) {
                Some(Ok(socket)) => {
                    accepting.spawn(accept::run(Arc::clone(worker), index, socket, serve.clone()));
                }
                Some(Err(error)) => tracing::error!(%error, "a listening socket could not be watched"),
                None => {}
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
