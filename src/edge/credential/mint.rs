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
pub(in crate::edge) struct Caller<'a> {
    pub(in crate::edge) claims: &'a Claims,
    pub(in crate::edge) now: UnixTime,
    /// When what is made for him ends.
    pub(in crate::edge) expires: UnixTime,
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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::bearer;
    use crate::clock::{Seconds, UnixTime};
    use crate::dialect::shape::Shape;
    use crate::dialect::template::Template;
    use crate::dialect::vocabulary::BRIDGE;
    use crate::snapshot::Mint;
    use crate::token::claims::Claims;
    use crate::token::jws;
    use crate::token::key::KeyMaterial;
    use crate::token::ring::{KeyRing, RingKey, SigningKey};

    const SECRET: &[u8] = b"a secret of the backend, forty bytes long";

    fn claims(subject: &str) -> Claims {
        Claims { client: Some("app".into()), scope_text: "read".into(), ..Claims::bare(subject) }
    }

    #[test]
    fn the_backend_gets_a_token_it_believes() {
        let text = |text| Shape::Text(Template::parse(text, BRIDGE).unwrap());
        let material = KeyMaterial::from_hs_secret(SECRET).unwrap();
        let members = [
            ("token_type", text("access")),
            ("exp", text("{expires_at}")),
            ("jti", text("{random|hex(32)}")),
            ("user_id", text("{subject|number}")),
        ];
        let claims_of = Shape::Members(members.map(|(name, value)| (name.into(), value)).to_vec());
        let mint = Mint { key: SigningKey::parse(&material).unwrap(), lifetime: Seconds(300), claims: claims_of };
        let key = RingKey { material, signs_from: UnixTime(0), verify_until: None };
        let ring = KeyRing::of_ours(vec![key], UnixTime(1)).unwrap();
        let read = |subject: &str| -> Value {
            let header = bearer(&mint, &claims(subject), UnixTime(1000)).unwrap();
            assert!(header.is_sensitive());
            let token = header.to_str().unwrap().strip_prefix("Bearer ").unwrap().to_owned();
            Value::Object(jws::open(&ring, &token).unwrap().payload.into())
        };
        let (one, two) = (read("7"), read("7"));
        assert_eq!((&one["exp"], &one["user_id"], &one["token_type"]), (&json!(1300), &json!(7), &json!("access")));
        assert_eq!(one["jti"].as_str().unwrap().len(), 32);
        assert_ne!(one["jti"], two["jti"]);
        assert_eq!(read("no number")["user_id"], Value::Null);
    }
}
