//! A route that is closed for a while: 503 with `Retry-After` for everybody but those
//! who work on it. It comes before admission, so a caller learns nothing about his token
//! from it; only where scopes open the door is a token looked at first.

use std::net::IpAddr;

use bytes::Bytes;
use http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, StatusCode};
use ipnet::IpNet;
use serde_json::json;

use crate::clock::Seconds;
use crate::dialect::wire::Reply;
use crate::token::claims::Claims;
use crate::token::scope::ScopeSet;

/// A route that is closed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Maintenance {
    /// One sentence for people.
    pub message: Box<str>,
    /// When to come back.
    pub retry_after: Seconds,
    /// From where it is open all the same.
    pub addresses: Vec<IpNet>,
    /// For whose tokens it is open: those with all scopes of one of these.
    pub scopes: Vec<ScopeSet>,
}

impl Maintenance {
    /// Whether it is open from this address.
    pub fn lets_address(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.addresses.iter().any(|network| network.contains(&address))
    }

    /// Whether it is open for this token.
    pub fn lets_token(&self, claims: &Claims) -> bool {
        self.scopes.iter().any(|needed| claims.scopes.covers(needed))
    }

    /// The answer to everybody else: a line of text where that is all a caller takes,
    /// JSON otherwise.
    pub fn answer(&self, asked: &HeaderMap) -> Reply {
        let (media, body) = if takes_text_alone(asked) {
            ("text/plain; charset=utf-8", format!("{}\n", self.message))
        } else {
            let body = json!({ "error": "temporarily_unavailable", "reason": "maintenance", "message": self.message });
            ("application/json", body.to_string())
        };
        let mut headers = HeaderMap::with_capacity(3);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(media));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(RETRY_AFTER, HeaderValue::from(self.retry_after.0));
        Reply { status: StatusCode::SERVICE_UNAVAILABLE, headers, body: Bytes::from(body) }
    }
}

/// A browser, or whoever names text and no JSON.
fn takes_text_alone(asked: &HeaderMap) -> bool {
    let lines = asked.get_all(ACCEPT).iter().filter_map(|line| line.to_str().ok());
    let (mut text, mut json) = (false, false);
    for member in lines.flat_map(|line| line.split(',')) {
        let media = member.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        text |= media.starts_with("text/");
        json |= media.starts_with("application/") && media.ends_with("json");
    }
    text && !json
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;
    use http::header::ACCEPT;

    use super::Maintenance;
    use crate::clock::Seconds;

    fn closed() -> Maintenance {
        let addresses = vec!["10.0.0.0/8".parse().unwrap()];
        Maintenance { message: "back \"soon\"".into(), retry_after: Seconds(600), addresses, scopes: Vec::new() }
    }

    #[test]
    fn the_answer_is_in_a_form_the_caller_reads() {
        for (accept, media, body) in [
            (None, "application/json", r#""message":"back \"soon\"""#),
            (Some("*/*"), "application/json", r#""reason":"maintenance""#),
            (Some("application/problem+json"), "application/json", "maintenance"),
            (Some("text/html,application/xhtml+xml,*/*;q=0.8"), "text/plain; charset=utf-8", "back \"soon\"\n"),
            (Some("text/plain, application/json"), "application/json", "maintenance"),
        ] {
            let asked: HeaderMap = accept.iter().map(|accept| (ACCEPT, accept.parse().unwrap())).collect();
            let reply = closed().answer(&asked);
            assert_eq!((reply.status.as_u16(), &reply.headers["retry-after"]), (503, &"600".parse().unwrap()));
            assert_eq!(reply.headers["content-type"], media, "{accept:?}");
            assert!(std::str::from_utf8(&reply.body).unwrap().contains(body), "{accept:?} {:?}", reply.body);
        }
    }

    #[test]
    fn who_works_on_it_gets_in() {
        let closed = closed();
        assert!(
            closed.lets_address("10.1.2.3".parse().unwrap()) && closed.lets_address("::ffff:10.1.2.3".parse().unwrap())
        );
        assert!(!closed.lets_address("11.0.0.1".parse().unwrap()));
    }
}
