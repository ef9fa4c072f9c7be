//! Whether traffic should come here: the drain has not begun, the revocation list is no
//! older than what admission still trusts, and the state folder is the one it follows.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::clock::UnixTime;
use crate::edge::admin::{Check, CheckState, Readiness};
use crate::edge::shared::Shared;
use crate::store::Mark;
use crate::telemetry::gauges::FEED_STALE;

/// Asked by the admin listener for each probe.
pub struct Ready {
    /// The process as its workers see it.
    pub shared: Arc<Shared>,
    /// The folder of its state.
    pub state: Mark,
}

impl Readiness for Ready {
    fn checks(&self) -> Vec<Check> {
        let Ready { shared, state } = self;
        let generation = shared.worlds.generation();
        let age = shared.clock.now().since(UnixTime(shared.last_sync.load(Ordering::Acquire)));
        let well = |fine: bool| if fine { CheckState::Well } else { CheckState::NotReady };
        let (draining, stands) = (shared.drain.draining(), state.stands());
        vec![
            Check { name: "config", state: CheckState::Well, detail: format!("generation {generation}") },
            Check { name: "revocations", state: well(age <= FEED_STALE), detail: format!("{} s behind", age.0) },
            Check {
                name: "state",
                state: well(stands),
                detail: if stands { "in place" } else { "the folder was removed or replaced" }.to_owned(),
            },
            Check {
                name: "drain",
                state: well(!draining),
                detail: if draining { "begun" } else { "not begun" }.to_owned(),
            },
        ]
    }
}
