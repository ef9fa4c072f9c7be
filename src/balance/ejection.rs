//! Passive ejection: whose requests fail several times in a row is passed over, longer
//! each time it happens again soon, and never so many servers at once that the others
//! would drown. A server that takes no connection rests a moment at once: it would take
//! no request either, whatever the share.

use std::time::Duration;

use crate::balance::condition::{Conditions, Fault};
use crate::balance::moment::Moment;
use crate::balance::vital::{Standing, Vital};

/// The first and the longest rest of a server that takes no connection.
const REST: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(10));

/// When a server is passed over.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rule {
    /// What counts.
    pub on: Conditions,
    /// So many in a row; at least 1.
    pub failures: u32,
    /// For how long the first time, and at most.
    pub spans: (Duration, Duration),
    /// The largest share of a group's servers that may be out, in percent.
    pub max_percent: u32,
}

/// What a fault did to a server.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Effect {
    /// Nothing yet.
    Counted,
    /// It is passed over for so long.
    Ejected(Duration),
    /// It takes no connection and rests for so long.
    Resting(Duration),
    /// It would be passed over, but too many others are.
    TooManyOut,
}

/// What `fault` does to the server at `index` of a group. One call at a time for a group.
pub fn judge(group: &[&Vital], index: usize, fault: Fault, rule: Option<Rule>, now: Moment) -> Effect {
    let Some(vital) = group.get(index) else { return Effect::Counted };
    // Others on their way when it was ejected say nothing new.
    if group.len() < 2 || matches!(vital.standing(now), Standing::Ejected) {
        return Effect::Counted;
    }
    let counts = rule.is_some_and(|rule| rule.on.has(fault));
    let row = if counts || fault == Fault::Connect { vital.fault() } else { 0 };
    if let Some(rule) = rule
        && counts
        && row >= rule.failures
    {
        let others = group.iter().filter(|other| matches!(other.standing(now), Standing::Ejected)).count();
        let most = (group.len() * rule.max_percent as usize / 100).max(1);
        if others < most {
            let span = span(vital, rule.spans, now);
            vital.well();
            vital.pass_over(now, span);
            return Effect::Ejected(span);
        }
        if fault != Fault::Connect {
            return Effect::TooManyOut;
        }
    }
    if fault != Fault::Connect {
        return Effect::Counted;
    }
    let rest = span(vital, REST, now);
    vital.pass_over(now, rest);
    Effect::Resting(rest)
}

/// Twice the last absence where it ended no longer ago than it lasted.
fn span(vital: &Vital, (first, longest): (Duration, Duration), now: Moment) -> Duration {
    match vital.last_absence() {
        Some((back, lasted)) if now.since(back) <= lasted.max(first) => lasted.saturating_mul(2).clamp(first, longest),
        Some(_) | None => first,
    }
}

#[cfg(test)]
mod tests;
