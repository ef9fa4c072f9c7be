//! The rules of a route in words: what would become of one request, as far as that can be
//! told without making it.

use std::time::Duration;

use crate::snapshot::Snapshot;
use crate::traffic::caller::Mark;
use crate::traffic::cors::{Credentials, OriginPattern, Origins};
use crate::traffic::limit::{Bound, Limit};
use crate::traffic::own::OwnAnswer;
use crate::traffic::rewrite::Rewrite;
use crate::traffic::rules::Rules;
use crate::traffic::split::{Split, WHOLE};
use crate::traffic::template::Facts;

/// What is said, in its order.
type Said = Vec<(&'static str, String)>;

/// Says what these rules do with a request. `key` is what its split tells it apart by.
pub fn describe(rules: &Rules, snapshot: &Snapshot, facts: &Facts<'_>, key: Option<&str>) -> Said {
    let mut said = Said::new();
    if let Some(closed) = &rules.maintenance {
        let mut open: Vec<String> = closed.addresses.iter().map(ToString::to_string).collect();
        if !closed.scopes.is_empty() {
            open.push("tokens with its scopes".to_owned());
        }
        let whom = if open.is_empty() { "everybody".to_owned() } else { format!("everybody but {}", open.join(", ")) };
        said.push(("closed", format!("503 for {whom}, Retry-After {}", closed.retry_after.0)));
    }
    let limits = rules.limits_before.iter().chain(&rules.limits_after).filter_map(|at| snapshot.limits.get(*at));
    said.extend(limits.map(|limit| ("limit", of_limit(limit, snapshot))));
    if let Some(rewrite) = &rules.rewrite {
        said.push(("path", of_path(rewrite, facts)));
    }
    if let Some(split) = &rules.split {
        said.push(("split", of_split(split, snapshot, key)));
    }
    if let Some(mirror) = &rules.mirror {
        let share = percent(mirror.share);
        let text =
            format!("{share} to {}, bodies up to {} bytes", upstream(snapshot, mirror.upstream), mirror.max_body);
        said.push(("mirror", text));
    }
    if let Some(cors) = &rules.cors {
        let origins = match &cors.origins {
            Origins::Any => "every origin".to_owned(),
            Origins::Listed(listed) => listed.iter().map(of_origin).collect::<Vec<_>>().join(" "),
        };
        let with = if cors.credentials == Credentials::Allowed { "with" } else { "without" };
        said.push(("cors", format!("{origins}, {with} credentials")));
    }
    if let Some(compress) = &rules.compress {
        let codings: Vec<&str> = compress.codings.iter().map(|coding| coding.as_str()).collect();
        said.push(("compress", format!("{}, from {} bytes on", codings.join(", "), compress.min)));
    }
    let names = rules.response.set.iter().chain(&rules.response.add).map(|(name, _)| name.as_str());
    let changed: Vec<&str> = names.chain(rules.response.remove.iter().map(|name| name.as_str())).collect();
    if !changed.is_empty() {
        said.push(("response", format!("changes {}", changed.join(" "))));
    }
    said
}

/// Says what a route answers by itself.
pub fn of_own(own: &OwnAnswer) -> String {
    match own {
        OwnAnswer::Fixed { status, body, .. } => format!("nowhere: answers {status} with {} bytes", body.len()),
        OwnAnswer::Redirect { status, .. } => format!("nowhere: redirects with {status}"),
    }
}

fn of_limit(limit: &Limit, snapshot: &Snapshot) -> String {
    let bound = match limit.bound {
        Bound::Rate(rate) => {
            format!("{} at once, then one every {:?}", rate.burst, Duration::from_nanos(rate.interval))
        }
        Bound::AtOnce(most) => format!("{most} under way"),
    };
    let key: Vec<String> = limit.key.iter().map(|mark| of_mark(mark, snapshot)).collect();
    format!("{}: {bound}, by {}", limit.name, key.join(" and "))
}

fn of_mark(mark: &Mark, snapshot: &Snapshot) -> String {
    match mark {
        Mark::Address => "address".to_owned(),
        Mark::Client => "client_id".to_owned(),
        Mark::Subject => "sub".to_owned(),
        Mark::Claim(index) => format!("claims.{}", snapshot.policy.kept_claims.get(*index).map_or("?", |name| name)),
        Mark::Route => "route".to_owned(),
        Mark::Header(name) => format!("header.{name}"),
        Mark::Cookie => "cookie".to_owned(),
    }
}

fn of_path(rewrite: &Rewrite, facts: &Facts<'_>) -> String {
    match rewrite.apply(facts) {
        Some(path) => format!("{} becomes {path}", facts.path),
        None => "made of what the token says".to_owned(),
    }
}

fn of_split(split: &Split, snapshot: &Snapshot, key: Option<&str>) -> String {
    let shares = split.shares.iter().map(|(at, share)| format!("{} to {}", percent(*share), upstream(snapshot, *at)));
    let text = format!("{}, by {}", shares.collect::<Vec<_>>().join(", "), of_mark(&split.key, snapshot));
    let Some(key) = key else { return format!("{text}; try --key") };
    let way = split.upstream(key.as_bytes()).map_or("the route's own upstream", |at| upstream(snapshot, at));
    format!("{text}; {key} goes to {way}")
}

fn of_origin(origin: &OriginPattern) -> String {
    match origin {
        OriginPattern::Exact(text) => text.to_string(),
        OriginPattern::Label { before, after } => format!("{before}*{after}"),
    }
}

fn upstream(snapshot: &Snapshot, index: usize) -> &str {
    snapshot.upstreams.get(index).map_or("?", |upstream| &upstream.name)
}

fn percent(share: u32) -> String {
    format!("{}%", f64::from(share) * 100.0 / f64::from(WHOLE))
}
