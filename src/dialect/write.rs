//! From an outcome to bytes: token answers, introspection, revocation. Everything
//! written here may hold a secret or tell about one, so nothing of it may be kept by
//! a cache (RFC 6749 §5.1).

use bytes::Bytes;
use http::header::{ALLOW, LOCATION};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::{Map, Value};

use crate::clock::UnixTime;
use crate::dialect::answer::{Answer, secret_headers};
use crate::dialect::condition::Condition;
use crate::dialect::fact::{Fact, Facts};
use crate::dialect::issued::{ActiveToken, Issued, TokenKind};
use crate::dialect::knobs::{Dialect, Seat, Slash};
use crate::dialect::standard::JSON;
use crate::dialect::wire::{RawRequest, Reply};

impl Dialect {
    /// Writes a token answer (RFC 6749 §5.1).
    pub fn issued(&self, seat: &Seat, asked: &HeaderMap, issued: &Issued) -> Reply {
        self.success(seat).write(asked, issued, &[])
    }

    /// Writes the answer of a bulk request: a token for each.
    pub fn issued_several(&self, seat: &Seat, asked: &HeaderMap, issued: &[Issued]) -> Reply {
        let items: Vec<&dyn Facts> = issued.iter().map(|one| one as &dyn Facts).collect();
        match issued.first() {
            Some(first) => self.success(seat).write(asked, first, &items),
            None => self.refused(Some(seat), &Condition::Internal, asked, ""),
        }
    }

    /// Writes a token answer whose body was written before, byte for byte.
    pub fn issued_again(&self, seat: &Seat, asked: &HeaderMap, issued: &Issued, body: Bytes) -> Reply {
        self.success(seat).again(asked, issued, body)
    }

    fn success<'a>(&'a self, seat: &'a Seat) -> &'a Answer {
        seat.success.as_ref().unwrap_or(&self.success)
    }

    /// Writes the answer of the revocation endpoint, the same for every token (RFC
    /// 7009 §2.2).
    pub fn revoked(&self, asked: &HeaderMap) -> Reply {
        self.revoked.write(asked, &Silence, &[])
    }

    /// Writes what the bearer of a token may know of it.
    pub fn informed(&self, asked: &HeaderMap, token: &dyn Facts) -> Reply {
        self.info.write(asked, token, &[])
    }

    /// Writes the answer of the introspection endpoint; `None` is a token that is not
    /// live, or not the asker's business, and says nothing else (RFC 7662 §2.2).
    pub fn introspected(&self, token: Option<&ActiveToken>) -> Reply {
        let Some(token) = token else {
            return json(StatusCode::OK, &serde_json::json!({ "active": false }));
        };
        let mut body = Map::new();
        let mut put = |name: &str, value: Option<Value>| {
            value.map(|value| body.insert(name.into(), value));
        };
        put("active", Some(true.into()));
        put("scope", Some(token.scope.to_string().into()));
        put("client_id", Some(token.client.as_str().into()));
        put("username", token.username.as_ref().map(|name| name.as_str().into()));
        put("token_type", (token.kind == TokenKind::Access).then(|| "Bearer".into()));
        put("exp", token.expires.map(|time| time.0.into()));
        put("iat", token.issued.map(|time| time.0.into()));
        put("sub", Some(token.subject.as_str().into()));
        put("aud", audience(&token.audience));
        put("iss", Some(token.issuer.as_str().into()));
        put("jti", token.id.as_deref().map(Value::from));
        json(StatusCode::OK, &Value::Object(body))
    }
}

impl Seat {
    /// Where a request belongs that came to its path with the other ending; `own` is the
    /// whole path (RFC 9110 §15.4.9).
    pub fn moved(&self, own: &str, raw: &RawRequest) -> Option<Reply> {
        let elsewhere = self.slash == Slash::Redirect && raw.path != own;
        let query = raw.query.as_ref().map_or_else(String::new, |query| format!("?{query}"));
        let location = HeaderValue::from_str(&format!("{own}{query}")).ok().filter(|_| elsewhere)?;
        let mut headers = secret_headers("");
        headers.insert(LOCATION, location);
        Some(Reply { status: StatusCode::PERMANENT_REDIRECT, headers, body: Bytes::new() })
    }

    /// What a question about its methods is answered with (RFC 9110 §9.3.7).
    pub fn options(&self) -> Reply {
        let mut headers = HeaderMap::with_capacity(1);
        if let Ok(allow) = HeaderValue::from_str(&self.allow()) {
            headers.insert(ALLOW, allow);
        }
        Reply { status: StatusCode::OK, headers, body: Bytes::new() }
    }
}

/// Nothing to tell.
pub(in crate::dialect) struct Silence;

impl Facts for Silence {
    fn fact(&self, _name: &str) -> Fact {
        Fact::Nothing
    }

    fn now(&self) -> UnixTime {
        UnixTime(0)
    }
}

/// One audience is a string, several are a list (RFC 7519 §4.1.3).
fn audience(names: &[String]) -> Option<Value> {
    match names {
        [] => None,
        [one] => Some(one.as_str().into()),
        several => Some(several.to_vec().into()),
    }
}

/// A JSON answer that no cache may keep.
fn json(status: StatusCode, body: &Value) -> Reply {
    Reply { status, headers: secret_headers(JSON), body: Bytes::from(body.to_string()) }
}
