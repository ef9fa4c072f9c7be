//! How an answer speaks of a limit. The three `RateLimit-*` fields are what peers send
//! and client libraries read (Kong, express, drafts 03 to 07 of
//! draft-ietf-httpapi-ratelimit-headers); `X-RateLimit-*` is the older spelling of Envoy,
//! APISIX and GitHub; the structured fields are the present draft's. Of several limits
//! the answer speaks of the one with the least left.

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::clock::Seconds;

/// Which headers tell of a limit.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Telling {
    /// `RateLimit-Limit`, `-Remaining`, `-Reset`.
    #[default]
    Fields,
    /// The same with `X-` in front.
    XFields,
    /// `RateLimit-Policy: "name";q=100;w=10` and `RateLimit: "name";r=7;t=3`.
    Structured,
    /// None; a refusal still has its `Retry-After`.
    Silent,
}

/// What is left of one limit.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Quota {
    /// The limit's name.
    pub name: std::sync::Arc<str>,
    /// Requests that a full bucket holds.
    pub limit: u32,
    /// The time in which an empty one becomes full.
    pub window: Seconds,
    /// Requests that may follow at once.
    pub remaining: u32,
    /// Until the bucket is full.
    pub reset: Seconds,
    /// How to tell.
    pub telling: Telling,
}

const FIELDS: [HeaderName; 3] = [
    HeaderName::from_static("ratelimit-limit"),
    HeaderName::from_static("ratelimit-remaining"),
    HeaderName::from_static("ratelimit-reset"),
];
const X_FIELDS: [HeaderName; 3] = [
    HeaderName::from_static("x-ratelimit-limit"),
    HeaderName::from_static("x-ratelimit-remaining"),
    HeaderName::from_static("x-ratelimit-reset"),
];
const STATE: HeaderName = HeaderName::from_static("ratelimit");
const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

impl Quota {
    /// Writes what is left into an answer, in place of what a backend says of its own.
    pub fn tell(&self, headers: &mut HeaderMap) {
        let fields = match self.telling {
            Telling::Silent => return,
            Telling::Fields => FIELDS,
            Telling::XFields => X_FIELDS,
            Telling::Structured => {
                let Quota { name, limit, window, remaining, reset, .. } = self;
                insert(headers, POLICY, &format!("\"{name}\";q={limit};w={}", window.0));
                return insert(headers, STATE, &format!("\"{name}\";r={remaining};t={}", reset.0));
            }
        };
        let values = [u64::from(self.limit), u64::from(self.remaining), self.reset.0];
        for (name, value) in fields.into_iter().zip(values) {
            headers.insert(name, HeaderValue::from(value));
        }
    }

    /// The one with less left.
    pub fn tighter(one: Option<Quota>, other: Option<Quota>) -> Option<Quota> {
        match (one, other) {
            (Some(one), Some(other)) => Some(if other.remaining < one.remaining { other } else { one }),
            (one, other) => one.or(other),
        }
    }
}

fn insert(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    // Names of limits are letters, digits and `-_.`, so this is always a value.
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

/// Nanoseconds as whole seconds, begun ones counted whole.
pub fn seconds(nanoseconds: u64) -> Seconds {
    Seconds(nanoseconds.div_ceil(1_000_000_000))
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::{Quota, Telling};
    use crate::clock::Seconds;

    fn told(telling: Telling) -> Vec<String> {
        let quota = Quota {
            name: "per-client".into(),
            limit: 200,
            window: Seconds(2),
            remaining: 7,
            reset: Seconds(1),
            telling,
        };
        let mut headers = HeaderMap::new();
        quota.tell(&mut headers);
        headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect()
    }

    #[test]
    fn each_spelling() {
        assert_eq!(told(Telling::Fields), ["ratelimit-limit: 200", "ratelimit-remaining: 7", "ratelimit-reset: 1"]);
        assert_eq!(told(Telling::XFields)[0], "x-ratelimit-limit: 200");
        assert_eq!(told(Telling::Silent), Vec::<String>::new());
        let structured = ["ratelimit-policy: \"per-client\";q=200;w=2", "ratelimit: \"per-client\";r=7;t=1"];
        assert_eq!(told(Telling::Structured), structured);
    }
}
