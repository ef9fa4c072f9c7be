//! Active checks, on the shared runtime: one task for each server that is checked, begun
//! when it comes and ended when it goes. What they find out is published by one atomic
//! of the server's; a request reads it and asks nobody.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;

use crate::balance::streak::{Finding, Streak};
use crate::edge::fleet::Fleet;
use crate::edge::fleet::member::{Member, count};
use crate::edge::fleet::probe::{Failure, probe};
use crate::edge::worker::dice::Dice;
use crate::edge::worker::pulse::Tick;
use crate::snapshot::upstream::HealthCheck;

/// A server under checks.
struct Patient {
    member: Arc<Member>,
    check: HealthCheck,
    task: JoinHandle<()>,
}

impl Drop for Patient {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Fleet {
    /// Checks servers for ever. One such task for a fleet.
    pub async fn check_up(self: Arc<Fleet>) {
        let mut patients: Vec<Patient> = Vec::new();
        loop {
            patients = self.admit(patients);
            self.changed.notified().await;
        }
    }

    /// Those who are to be checked now: whoever was before goes on where he was.
    fn admit(&self, mut before: Vec<Patient>) -> Vec<Patient> {
        let mut patients = Vec::new();
        for group in self.groups() {
            let Some(check) = group.spec().and_then(|spec| spec.health.clone()) else { continue };
            for member in group.members().iter() {
                let same = |known: &Patient| {
                    Arc::ptr_eq(&known.member.state, &member.state)
                        && known.member.server == member.server
                        && known.check == check
                };
                if let Some(at) = before.iter().position(same) {
                    patients.push(before.swap_remove(at));
                    continue;
                }
                let watched = watch(Arc::clone(&group.name), Arc::clone(member), check.clone());
                let task = tokio::spawn(watched);
                patients.push(Patient { member: Arc::clone(member), check: check.clone(), task });
            }
        }
        patients
    }
}

/// Checks one server for ever.
async fn watch(upstream: Arc<str>, member: Arc<Member>, check: HealthCheck) {
    let (dice, mut streak) = (Dice::default(), Streak::default());
    loop {
        let found = probe(&member, &check).await;
        let finding = match found {
            Ok(()) => Finding::Good,
            Err(_) => Finding::Bad,
        };
        count(match finding {
            Finding::Good => &member.state.checks_good,
            Finding::Bad => &member.state.checks_bad,
        });
        if let Some(verdict) = streak.take(finding, check.thresholds) {
            member.vital().checked(verdict, Tick::now().moment());
            tell(&upstream, &member, found.err());
        }
        tokio::time::sleep(pause(&check, dice.throw())).await;
    }
}

fn tell(upstream: &str, member: &Member, failure: Option<Failure>) {
    let server = &*member.label;
    match failure {
        None => tracing::info!(upstream, server, "a server is up"),
        Some(why) => tracing::warn!(upstream, server, %why, "a server is down"),
    }
}

/// The time to the next check, within the jitter around `every`.
fn pause(check: &HealthCheck, random: u64) -> Duration {
    let spread = u64::from(check.jitter_percent) * 10;
    let thousandths = 1_000 - spread + random % (2 * spread + 1);
    check.every.mul_f64(thousandths as f64 / 1_000.0)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::pause;
    use crate::balance::streak::Thresholds;
    use crate::snapshot::upstream::{AllDown, HealthCheck, Probe};

    #[test]
    fn pauses_stay_within_their_jitter() {
        let every = Duration::from_secs(10);
        let check = |jitter_percent| HealthCheck {
            probe: Probe::Connect,
            every,
            timeout: every,
            jitter_percent,
            thresholds: Thresholds { rise: 1, fall: 1 },
            all_down: AllDown::Try,
        };
        let pauses: Vec<_> = (0..1_000_u64).map(|n| pause(&check(20), n.wrapping_mul(0x9E37_79B9_7F4A_7C15))).collect();
        assert!(pauses.iter().all(|pause| (8..=12).contains(&pause.as_secs())), "{pauses:?}");
        assert!(pauses.iter().any(|pause| *pause < every) && pauses.iter().any(|pause| *pause > every));
        assert_eq!(pause(&check(0), 77), every);
        assert!(pause(&check(100), 0) <= Duration::from_millis(1));
    }
}
