//! From an outcome to bytes: token answers, introspection, revocation. Everything
//! written here may hold a secret or tell about one, so nothing of it may be kept by
//! a cache (RFC 6749 §5.1).

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, PRAGMA};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::{Map, Value};

use crate::clock::Seconds;
use crate::dialect::issued::{ActiveToken, Issued, TokenKind};
use crate::dialect::knobs::{Dialect, LifetimeUnit};
use crate::dialect::wire::Reply;

impl Dialect {
    /// Writes a token answer (RFC 6749 §5.1).
    pub fn issued(&self, issued: &Issued) -> Reply {
        let mut body = Map::new();
        body.insert("access_token".into(), issued.access.expose().into());
        body.insert("token_type".into(), self.token_type.into());
        body.insert("expires_in".into(), self.lifetime(issued.expires_in).into());
        if let Some(refresh) = &issued.refresh {
            body.insert("refresh_token".into(), refresh.expose().into());
        }
        body.insert("scope".into(), issued.scope.to_string().into());
        json(self.success, &Value::Object(body))
    }

    /// Writes a token answer whose body was written before, byte for byte.
    pub fn issued_again(&self, body: Bytes) -> Reply {
        Reply { status: self.success, headers: secret_headers(), body }
    }

    /// Writes the answer of the revocation endpoint, the same for every token (RFC
    /// 7009 §2.2).
    pub fn revoked(&self) -> Reply {
        let mut headers = secret_headers();
        headers.remove(CONTENT_TYPE);
        Reply { status: StatusCode::OK, headers, body: Bytes::new() }
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
        put("token_type", (token.kind == TokenKind::Access).then(|| self.token_type.into()));
        put("exp", token.expires.map(|time| time.0.into()));
        put("iat", token.issued.map(|time| time.0.into()));
        put("sub", Some(token.subject.as_str().into()));
        put("aud", audience(&token.audience));
        put("iss", Some(token.issuer.as_str().into()));
        put("jti", token.id.as_deref().map(Value::from));
        json(StatusCode::OK, &Value::Object(body))
    }

    fn lifetime(&self, span: Seconds) -> u64 {
        match self.expires_in {
            LifetimeUnit::Seconds => span.0,
            LifetimeUnit::Milliseconds => span.0.saturating_mul(1000),
        }
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
pub(in crate::dialect) fn json(status: StatusCode, body: &Value) -> Reply {
    Reply { status, headers: secret_headers(), body: Bytes::from(body.to_string()) }
}

fn secret_headers() -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(4);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(PRAGMA, HeaderValue::from_static("no-cache"));
    headers
}
