//! Where the endpoints of an issuer stand. Configuration builds route tables from
//! this list and metadata publishes it, so that what is announced is what is served.

use crate::dialect::endpoint::Endpoint;
use crate::dialect::knobs::{Seat, Slash};
use crate::oauth::issuer::Issuer;

/// RFC 8414 §3: the first half of the metadata path.
const WELL_KNOWN: &str = "/.well-known/oauth-authorization-server";

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
        let mut stand = |path: String| out.push(Stand { endpoint, seat, path });
        let whole = path(issuer, said);
        match (endpoint, said.slash) {
            (Endpoint::Metadata, _) => {
                stand(whole);
                if !url_path.is_empty() {
                    stand(format!("{url_path}{WELL_KNOWN}"));
                }
            }
            (_, Slash::Exact) => stand(whole),
            (_, Slash::Both) => {
                let bare = whole.trim_end_matches('/').to_owned();
                stand(format!("{bare}/"));
                stand(bare);
            }
        }
    }
    out
}

/// The path of one seat; of metadata, the first of its places.
pub fn path(issuer: &Issuer, seat: &Seat) -> String {
    match seat.endpoint {
        Endpoint::Metadata => format!("{WELL_KNOWN}{}", url_path(&issuer.url)),
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
