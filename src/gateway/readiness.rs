//! Whether traffic should come here: the drain has not begun, the revocation list is no
//! older than what admission still trusts, the state folder is the one it follows, and there
//! is memory for more callers.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::acme::shelf::Standing;
use crate::acme::wanted::Wanted;
use crate::clock::UnixTime;
use crate::edge::admin::{Check, CheckState, Readiness};
use crate::edge::memory::Pressure;
use crate::edge::shared::Shared;
use crate::gateway::certificates::Certificates;
use crate::store::Mark;
use crate::telemetry::gauges::FEED_STALE;

/// Asked by the admin listener for each probe.
pub struct Ready {
    /// The process as its workers see it.
    pub shared: Arc<Shared>,
    /// The folder of its state.
    pub state: Mark,
    /// Its own certificates.
    pub certificates: Arc<Certificates>,
}

impl Readiness for Ready {
    fn checks(&self) -> Vec<Check> {
        let shared = &self.shared;
        let generation = shared.worlds.generation();
        let age = shared.clock.now().since(UnixTime(shared.last_sync.load(Ordering::Acquire)));
        let well = |fine: bool| if fine { CheckState::Well } else { CheckState::NotReady };
        let (draining, stands) = (shared.drain.draining(), self.state.stands());
        let mut checks = vec![
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
        ];
        let pressure = shared.memory.pressure();
        let (used, limit) = shared.memory.figures();
        let word = match pressure {
            Pressure::Calm => "calm",
            Pressure::Tight => "tight, new connections wait",
            Pressure::Full => "full, new requests are refused",
        };
        let bounded = if limit == 0 { "no limit".to_owned() } else { format!("{word}: {used} of {limit} bytes") };
        checks.push(Check { name: "memory", state: well(pressure == Pressure::Calm), detail: bounded });
        checks.extend(self.managed());
        checks
    }
}

impl Ready {
    /// How the certificates stand that the gateway gets by itself. That one is missing is
    /// no reason to send nothing here: the authority that is to prove its names would not
    /// get here either.
    fn managed(&self) -> Vec<Check> {
        let snapshot = Arc::clone(&self.shared.worlds.load().snapshot);
        let check = |(wanted, standing): (&Wanted, Standing)| Check {
            name: "certificate",
            state: CheckState::Well,
            detail: format!("{} {}", wanted.name(), words(&standing)),
        };
        self.certificates.standings(&snapshot).map(check).collect()
    }
}

/// How one stands, in a few words.
fn words(standing: &Standing) -> String {
    let holds = match standing.life {
        Some(life) => format!("ends {}", life.until),
        None => "is a stand-in".to_owned(),
    };
    match &standing.problem {
        Some(problem) => {
            format!("{holds}, next order {}, failures so far {}: {problem}", standing.next, standing.failures)
        }
        None => format!("{holds}, next order {}", standing.next),
    }
}
