//! Answers that a route gives by itself, without a backend: a fixed one, or a redirect.
//! They come after admission like any other answer of the route.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, LOCATION};
use http::{HeaderMap, HeaderValue, StatusCode};

use crate::dialect::wire::Reply;
use crate::traffic::template::{Facts, Template};

/// What a route answers by itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum OwnAnswer {
    /// Always the same.
    Fixed {
        /// The status.
        status: StatusCode,
        /// The type of the body; `None` where there is none.
        media: Option<HeaderValue>,
        /// The body.
        body: Bytes,
    },
    /// Somewhere else, the caller's query behind it.
    Redirect {
        /// The status.
        status: StatusCode,
        /// Where to.
        to: Template,
    },
}

impl OwnAnswer {
    /// The answer to one request; `None` if it lacks what the target is made of.
    pub fn reply(&self, facts: &Facts<'_>, query: Option<&str>) -> Option<Reply> {
        let mut headers = HeaderMap::new();
        match self {
            OwnAnswer::Fixed { status, media, body } => {
                headers.extend(media.clone().map(|media| (CONTENT_TYPE, media)));
                Some(Reply { status: *status, headers, body: body.clone() })
            }
            OwnAnswer::Redirect { status, to } => {
                let mut target = to.header(facts)?.to_str().ok()?.to_owned();
                if let (Some(query), false) = (query, target.contains('?')) {
                    target = format!("{target}?{query}");
                }
                headers.insert(LOCATION, HeaderValue::from_str(&target).ok()?);
                Some(Reply { status: *status, headers, body: Bytes::new() })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use http::StatusCode;

    use super::OwnAnswer;
    use crate::traffic::template::{Facts, Part, Template};

    #[test]
    fn a_redirect_takes_path_and_query_along() {
        let address = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let facts = Facts {
            claims: None,
            path: "/old/a",
            host: "a.test",
            method: "GET",
            address,
            request_id: None,
            certificate: None,
        };
        let to = |text: &str| Template(vec![Part::Text(text.into()), Part::Path]);
        let location = |text: &str, query| {
            let answer = OwnAnswer::Redirect { status: StatusCode::PERMANENT_REDIRECT, to: to(text) };
            answer.reply(&facts, query).map(|reply| reply.headers["location"].to_str().unwrap().to_owned())
        };
        assert_eq!(location("https://new.test", None).as_deref(), Some("https://new.test/old/a"));
        assert_eq!(location("https://new.test", Some("q=1")).as_deref(), Some("https://new.test/old/a?q=1"));
        assert_eq!(location("https://new.test/?from=", Some("q=1")).as_deref(), Some("https://new.test/?from=/old/a"));
    }
}
