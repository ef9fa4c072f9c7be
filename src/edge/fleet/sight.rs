//! The fleet as metrics show it, asked for when somebody scrapes. Only reads, so that
//! looking at a server changes nothing about it.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::balance::vital::Standing;
use crate::edge::fleet::Fleet;
use crate::edge::fleet::group::Group;
use crate::edge::fleet::member::Member;
use crate::edge::worker::pulse::Tick;
use crate::telemetry::servers::{Lookups, ServerFacts, UpstreamFacts, View};

impl Fleet {
    /// What is known of every server now.
    pub fn view(&self) -> View {
        let lookups = self.lookups().into_iter().map(|tally| Lookups {
            name: tally.host,
            ok: tally.successes,
            error: tally.failures,
        });
        View { upstreams: self.groups().iter().map(|group| facts(group)).collect(), lookups: lookups.collect() }
    }
}

fn facts(group: &Group) -> UpstreamFacts {
    let overflows = &group.overflows;
    UpstreamFacts {
        name: group.name.clone(),
        servers: group.members().iter().map(|member| server(member)).collect(),
        pending: group.pending.inside() as u64,
        budget_exhausted: read(&group.budget_exhausted),
        overflows: [
            ("requests", read(&overflows.requests)),
            ("pending", read(&overflows.pending)),
            ("connections", read(&overflows.connections)),
        ],
    }
}

fn server(member: &Member) -> ServerFacts {
    let up = match member.vital().standing(Tick::now().moment()) {
        Standing::In | Standing::Warming(_) => 1,
        Standing::Ejected | Standing::Down => 0,
    };
    let state = &member.state;
    ServerFacts {
        name: member.label.clone(),
        up,
        ejections: read(&state.ejections),
        checks_good: read(&state.checks_good),
        checks_bad: read(&state.checks_bad),
    }
}

fn read(cell: &AtomicU64) -> u64 {
    cell.load(Ordering::Relaxed)
}
