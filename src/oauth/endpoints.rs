//! Where the endpoints of an issuer stand. Configuration builds route tables from
//! this list and metadata publishes it, so that what is announced is what is served.

use crate::dialect::endpoint::{Endpoint, Need, Reach};
use crate::dialect::knobs::{Seat, Slash};
use crate::oauth::issuer::Issuer;

/// RFC 8414 §3: the first half of the metadata path.
const WELL_KNOWN: &str = "/.well-known/oauth-authorization-server";

/// OpenID Connect Discovery §4: what stands behind the path of the url.
const OPENID_CONFIGURATION: &str = "/.well-known/openid-configuration";

/// One place where an issuer answers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Stand {
    /// What it answers there.
    pub endpoint: Endpoint,
    /// Number of the seat in its dialect.
    pub seat: usize,
    /// The whole path.
    pub path: String,
}

/// Every place where the issuer answers. Metadata stands at the host's root with the
/// path of `url` behind it (RFC 8414 §3.1), and if there is such a path, also below it,
/// where older clients look.
pub fn endpoints(issuer: &Issuer) -> Vec<Stand> {
    let url_path = url_path(&issuer.url);
    let mut out = Vec::new();
    for (seat, said) in issuer.dialect.seats.iter().enumerate() {
        let endpoint = said.endpoint;
        if !serves(issuer, endpoint) {
            continue;
        }
        let mut stand = |path: String| out.push(Stand { endpoint, seat, path });
        let whole = path(issuer, said);
        match (endpoint.reach(), said.slash) {
            _ if endpoint == Endpoint::Metadata => {
                stand(whole);
                if !url_path.is_empty() {
                    stand(format!("{url_path}{WELL_KNOWN}"));
                }
            }
            _ if endpoint == Endpoint::OpenidConfiguration => {
                stand(whole);
                if !url_path.is_empty() {
                    stand(format!("{OPENID_CONFIGURATION}{url_path}"));
                }
            }
            (Reach::Child, _) => stand(format!("{}/*", whole.trim_end_matches('/'))),
            (Reach::Below, _) => stand(format!("{}/**", whole.trim_end_matches('/'))),
            (Reach::Path, Slash::Exact) => stand(whole),
            (Reach::Path, Slash::Both | Slash::Redirect) => {
                let bare = whole.trim_end_matches('/').to_owned();
                stand(format!("{bare}/"));
                stand(bare);
            }
        }
    }
    out
}

/// Whether the issuer has what the endpoint is for.
pub(in crate::oauth) fn serves(issuer: &Issuer, endpoint: Endpoint) -> bool {
    match endpoint.need() {
        Need::Always => true,
        Need::People => issuer.people.is_some(),
        Need::Openid => issuer.people.is_some() && issuer.serves_openid(),
        Need::Registration => issuer.registration.is_some(),
    }
}

/// The path of the first seat of that kind, if the dialect has one.
pub fn path_of(issuer: &Issuer, endpoint: Endpoint) -> Option<String> {
    let seat = issuer.dialect.seats.iter().find(|seat| seat.endpoint == endpoint)?;
    Some(path(issuer, seat))
}

/// The path of one seat; of metadata, the first of its places.
pub fn path(issuer: &Issuer, seat: &Seat) -> String {
    match seat.endpoint {
        Endpoint::Metadata => format!("{WELL_KNOWN}{}", url_path(&issuer.url)),
        Endpoint::OpenidConfiguration => format!("{}{OPENID_CONFIGURATION}", url_path(&issuer.url)),
        _ => format!("{}{}", issuer.base.trim_end_matches('/'), seat.path),
    }
}

/// Scheme and authority of `iss`: what endpoint URLs begin with.
pub fn origin(url: &str) -> &str {
    &url[..url.len() - path_and_rest(url).len()]
}

fn url_path(url: &str) -> &str {
    let rest = path_and_rest(url);
    rest.split(['?', '#']).next().unwrap_or("").trim_end_matches('/')
}

fn path_and_rest(url: &str) -> &str {
    let authority = url.find("://").map_or(0, |at| at + 3);
    url[authority..].find('/').map_or("", |slash| &url[authority + slash..])
}

#[cfg(test)]
mod tests {
    use super::{origin, path_and_rest, url_path};

    #[test]
    fn takes_an_issuer_url_apart() {
        assert_eq!(url_path("https://127.0.0.1:8443"), "");
        assert_eq!(url_path("https://a.example/"), "");
        assert_eq!(url_path("https://a.example/one/two/"), "/one/two");
        assert_eq!(origin("https://a.example/one"), "https://a.example");
        assert_eq!(origin("https://a.example"), "https://a.example");
        assert_eq!(path_and_rest("https://a.example/one"), "/one");
    }
}
