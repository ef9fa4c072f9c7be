//! What is different between two worlds: the settings that cannot change while the
//! process runs, each as a problem, and the rest as one line for the log.

use std::collections::BTreeSet;

use crate::config::problem::code::Code;
use crate::config::problem::fact::Problem;
use crate::snapshot::{Fixed, Snapshot};

/// A problem for every fixed setting that is not what it was.
pub fn needs_restart(old: &Fixed, new: &Fixed) -> Vec<Problem> {
    let Fixed { state, metrics, workers, store_key, addresses, memory, hashing, audit, log_level } = old;
    let changed = [
        ("store.folder", *state != new.state),
        ("store.key", *store_key != new.store_key),
        ("observability.metrics.listen", *metrics != new.metrics),
        ("observability.audit", *audit != new.audit),
        ("observability.log.level", *log_level != new.log_level),
        ("runtime.memory", *memory != new.memory),
        ("runtime.workers", *workers != new.workers),
        ("the names and addresses of listeners", *addresses != new.addresses),
        ("hashing", *hashing != new.hashing),
    ];
    let problem = |(what, _): (&str, bool)| {
        Problem::new(Code::NeedsRestart, format!("{what} cannot change while the gateway runs"))
            .help("restart it, or put the old value back; until then the old configuration stays whole")
    };
    changed.into_iter().filter(|(_, changed)| *changed).map(problem).collect()
}

/// What was added and removed, by name; what only changed is not counted.
pub fn difference(old: &Snapshot, new: &Snapshot) -> String {
    let routes = |snapshot: &Snapshot| names(snapshot.policy.route_names.iter().map(|name| &**name));
    let issuers = |snapshot: &Snapshot| names(snapshot.policy.profiles.iter().map(|profile| profile.name.as_str()));
    let upstreams = |snapshot: &Snapshot| names(snapshot.upstreams.iter().map(|upstream| &*upstream.name));
    let clients = |snapshot: &Snapshot| {
        names(snapshot.issuers.iter().flat_map(|issuer| issuer.clients.keys()).map(|id| id.as_str()))
    };
    let parts: Vec<String> = [
        compared("routes", &routes(old), &routes(new)),
        compared("issuers", &issuers(old), &issuers(new)),
        compared("upstreams", &upstreams(old), &upstreams(new)),
        compared("clients", &clients(old), &clients(new)),
    ]
    .into_iter()
    .flatten()
    .collect();
    let named = if parts.is_empty() { "no name added or removed".to_owned() } else { parts.join("; ") };
    format!("revision {} after {}: {named}", new.revision, old.revision)
}

fn names<'a>(all: impl Iterator<Item = &'a str>) -> BTreeSet<String> {
    all.map(str::to_owned).collect()
}

/// At most this many names are listed of each kind; the rest is a number.
const LISTED: usize = 8;

fn compared(kind: &str, old: &BTreeSet<String>, new: &BTreeSet<String>) -> Option<String> {
    let listed = |sign: &str, names: Vec<&String>| {
        let mut words: Vec<String> = names.iter().take(LISTED).map(|name| format!("{sign}{name}")).collect();
        if names.len() > LISTED {
            words.push(format!("{sign}{} more", names.len() - LISTED));
        }
        words
    };
    let mut words = listed("+", new.difference(old).collect());
    words.extend(listed("-", old.difference(new).collect()));
    (!words.is_empty()).then(|| format!("{kind} {}", words.join(" ")))
}
