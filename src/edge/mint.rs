//! A token of the backend's own kind, for a caller who may pass: what an unmodified
//! backend would have got from its own sign-in. Only claims of a permit go in. Must
//! never: be made for a public line, which knows nobody.

use http::HeaderValue;

use crate::clock::UnixTime;
use crate::dialect::fact::{Fact, Facts};
use crate::random::{OsRandom, Random as _};
use crate::snapshot::Mint;
use crate::token::claims::Claims;

/// The `Authorization` of a request to the backend; `None` if it cannot be signed.
pub fn bearer(mint: &Mint, claims: &Claims, now: UnixTime) -> Option<HeaderValue> {
    let caller = Caller { claims, now, expires: now.after(mint.lifetime) };
    let payload = mint.claims.value(&caller, &[]).to_string();
    let header = serde_json::json!({ "typ": "JWT", "alg": mint.key.algorithm().as_str() });
    let token = mint.key.sign_with(&header, payload.as_bytes()).ok()?;
    let mut value = HeaderValue::from_str(&format!("Bearer {token}")).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// A caller as the templates see him.
struct Caller<'a> {
    claims: &'a Claims,
    now: UnixTime,
    expires: UnixTime,
}

impl Facts for Caller<'_> {
    fn fact(&self, name: &str) -> Fact {
        match name {
            "subject" => Fact::Text(self.claims.subject.to_string()),
            "client.id" => Fact::maybe(self.claims.client.as_deref()),
            "scope" => Fact::Text(self.claims.scope_text.to_string()),
            "issued_at" => Fact::Time(self.now),
            "expires_at" => Fact::Time(self.expires),
            _ => Fact::Nothing,
        }
    }

    fn digits(&self, base: u32, count: usize) -> String {
        let mut drawn = vec![0; count];
        OsRandom::default().fill(&mut drawn);
        // Ten does not divide 256; what is wanted here is a name, not a secret.
        drawn.iter().filter_map(|byte| char::from_digit(u32::from(*byte) % base, base)).collect()
    }

    fn now(&self) -> UnixTime {
        self.now
    }
}
