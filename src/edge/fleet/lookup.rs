//! Keeps the addresses of names fresh, on the shared runtime: each name is looked up
//! when its time has come, on a thread that may block, and never on the way of a request.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use crate::edge::fleet::Fleet;
use crate::edge::fleet::names::Tally;
use crate::edge::fleet::resolver::Resolver;
use crate::edge::worker::pulse::Tick;

/// The longest sleep where no name is due.
const IDLE: Duration = Duration::from_secs(3600);

impl Fleet {
    /// Looks names up for ever. One such task for a fleet.
    pub async fn look_up(self: Arc<Fleet>, resolver: Arc<dyn Resolver>) {
        let mut running = JoinSet::new();
        loop {
            let (due, next) = {
                let mut roll = self.lock();
                (roll.names.take_due(Tick::now().moment()), roll.names.next_due())
            };
            for host in due {
                let resolver = Arc::clone(&resolver);
                running.spawn_blocking(move || {
                    let answer = resolver.resolve(&host);
                    (host, answer)
                });
            }
            let pause = next.map_or(IDLE, |next| next.since(Tick::now().moment()));
            tokio::select! {
                Some(ended) = running.join_next() => {
                    // A resolver that panicked answers nothing; its name stays as it is.
                    if let Ok((host, answer)) = ended {
                        self.learn(&host, answer);
                    }
                }
                () = self.asked.notified() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Waits until every name has been answered once, at most for `patience`.
    pub async fn settle(&self, patience: Duration) {
        let settled = async {
            loop {
                let mut news = std::pin::pin!(self.learnt.notified());
                news.as_mut().enable();
                if self.lock().names.settled() {
                    return;
                }
                news.await;
            }
        };
        if tokio::time::timeout(patience, settled).await.is_err() {
            tracing::warn!("some servers' names are not looked up yet; requests to them are answered 503 until then");
        }
    }

    /// How the look-ups have gone.
    pub fn lookups(&self) -> Vec<Tally> {
        self.lock().names.tallies()
    }
}
