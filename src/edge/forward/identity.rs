//! Identity headers: who passed, as a backend may trust it. What a template makes of a
//! token is never raw (`traffic::template`), so no value can end a header line.

use http::header::{HeaderMap, HeaderValue};

use crate::snapshot::Plan;
use crate::traffic::template::Facts;

/// Sets the plan's headers: first those that name the caller, then the fixed ones.
/// A template that speaks of something the permit does not have (no token on a
/// public line, an absent claim) sets nothing.
pub fn set(plan: &Plan, facts: &Facts<'_>, out: &mut HeaderMap) {
    for (name, template) in &plan.identity {
        match template.header(facts) {
            Some(value) => drop(out.insert(name.clone(), value)),
            // An ordinary header that the plan sets may have been copied from the caller.
            None => drop(out.remove(name)),
        }
    }
    for (name, value) in &plan.set {
        out.insert(name.clone(), value.clone());
    }
}

/// Sets the backend's own token of who passes, if he has one.
pub fn set_user_token(plan: &Plan, token: Option<&HeaderValue>, out: &mut HeaderMap) {
    if let (Some(tokens), Some(token)) = (&plan.user_tokens, token) {
        out.insert(tokens.header.clone(), token.clone());
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use http::header::HeaderMap;

    use crate::snapshot::{Part, Plan, Template};
    use crate::traffic::template::Facts;

    #[test]
    fn what_is_not_there_leaves_nothing_of_the_caller() {
        let name = http::header::COOKIE;
        let plan = Plan {
            upstream: 0,
            strip_prefix: None,
            identity: vec![(name.clone(), Template(vec![Part::Subject]))],
            set: Vec::new(),
            keep_authorization: false,
            mint: None,
            user_tokens: None,
            rules: None,
            max_body: 0,
            first_byte_timeout: std::time::Duration::ZERO,
            idle_timeout: std::time::Duration::ZERO,
            total_timeout: None,
            on_expiry: Default::default(),
            websocket: Default::default(),
        };
        let mut out = HeaderMap::from_iter([(name, "evil".parse().expect("a value"))]);
        let address = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let facts =
            Facts { claims: None, path: "/", host: "a", method: "GET", address, request_id: None, certificate: None };
        super::set(&plan, &facts, &mut out);
        assert!(out.is_empty());
    }
}
