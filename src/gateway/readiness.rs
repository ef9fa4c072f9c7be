//! Whether traffic should come here: the drain has not begun, and the revocation list
//! is no older than what admission still trusts.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::clock::UnixTime;
use crate::edge::admin::{Check, CheckState, Readiness};
use crate::edge::shared::Shared;
use crate::telemetry::gauges::FEED_STALE;

/// Asked by the admin listener for each probe.
pub struct Ready(pub Arc<Shared>);

impl Readiness for Ready {
    fn checks(&self) -> Vec<Check> {
        let shared = &self.0;
        let generation = shared.worlds.generation();
        let age = shared.clock.now().since(UnixTime(shared.last_sync.load(Ordering::Acquire)));
        let well = |fine: bool| if fine { CheckState::Well } else { CheckState::NotReady };
        let draining = shared.drain.draining();
        vec![
            Check { name: "config", state: CheckState::Well, detail: format!("generation {generation}") },
            Check { name: "revocations", state: well(age <= FEED_STALE), detail: format!("{} s behind", age.0) },
            Check {
                name: "drain",
                state: well(!draining),
                detail: if draining { "begun" } else { "not begun" }.to_owned(),
            },
        ]
    }
}
