//! JWTs that others signed to vouch for a client or a person (RFC 7523 §3): the signature
//! by a key that was named beforehand, who says it, of whom, to whom, for how long, and
//! that it was not said before. Must never: let the token choose its key or algorithm, or
//! believe one twice.

use std::net::IpAddr;
use std::sync::Arc;

use serde_json::Value;

use crate::clock::UnixTime;
use crate::dialect::condition::Condition;
use crate::oauth::answer::Refused;
use crate::oauth::audit::AuditEvent;
use crate::oauth::authenticate::{Standing, find};
use crate::oauth::client::Client;
use crate::oauth::issuer::{AssertionSettings, Issuer};
use crate::oauth::store::{Directory, GrantStore, Spent, StoreError};
use crate::oauth::throttle::{Party, Throttle};
use crate::token::id::ClientId;
use crate::token::jws::Compact;
use crate::token::members::Members;
use crate::token::ring::KeyRing;
use crate::token::secret::{Secret, SecretDigest};

/// Longest `sub` or `jti`, in bytes.
const MAX_TEXT: usize = 255;

/// What an assertion says, once it is believed as far as a look at it can tell.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Vouched {
    /// Whom it is about.
    pub subject: String,
    /// By what it is remembered: issuer and id.
    pub digest: [u8; 32],
    /// When it may be forgotten.
    pub until: UnixTime,
}

/// Looks at an assertion of `issuer`; the error is for the audit log.
///
/// # Errors
/// The first rule of RFC 7523 §3 that it breaks.
pub fn look(
    text: &str,
    issuer: &str,
    keys: &KeyRing,
    settings: &AssertionSettings,
    now: UnixTime,
) -> Result<Vouched, &'static str> {
    let compact = Compact::parse(text).map_err(|_| "assertion_malformed")?;
    let key = compact.verified_by(keys).map_err(|_| "assertion_signature")?;
    let opened = compact.read(key).map_err(|_| "assertion_malformed")?;
    // An access token is no assertion, whoever signed it (RFC 8725 §3.11).
    if opened.header_typ.is_some_and(|typ| !typ.eq_ignore_ascii_case("jwt")) {
        return Err("assertion_type");
    }
    let claims = &opened.payload;
    if claims.get("iss").and_then(Value::as_str) != Some(issuer) {
        return Err("assertion_issuer");
    }
    if !settings.audience.iter().any(|name| is_for(claims, name)) {
        return Err("assertion_audience");
    }
    let until = times(claims, settings, now)?;
    let text = |name: &str| {
        let text = claims.get(name).and_then(Value::as_str);
        text.filter(|text| !text.is_empty() && text.len() <= MAX_TEXT)
    };
    let subject = text("sub").ok_or("assertion_subject")?.to_owned();
    let id = text("jti").ok_or("assertion_id")?;
    let remembered = [&(issuer.len() as u64).to_be_bytes(), issuer.as_bytes(), id.as_bytes()].concat();
    Ok(Vouched { subject, digest: SecretDigest::of(&remembered).0, until })
}

fn is_for(claims: &Members, name: &str) -> bool {
    match claims.get("aud") {
        Some(Value::String(one)) => one == name,
        Some(Value::Array(several)) => several.iter().any(|one| one.as_str() == Some(name)),
        _ => false,
    }
}

/// Its times, if it is good now and for no longer than it may be; when it ends on every
/// clock.
fn times(claims: &Members, settings: &AssertionSettings, now: UnixTime) -> Result<UnixTime, &'static str> {
    let time = |name: &str| match claims.get(name) {
        None => Ok(None),
        Some(value) => value.as_u64().map(|time| Some(UnixTime(time))).ok_or("assertion_time"),
    };
    let soon = now.after(settings.leeway);
    let end = time("exp")?.ok_or("assertion_endless")?.after(settings.leeway);
    if end <= now {
        return Err("assertion_expired");
    }
    if end > now.after(settings.max_lifetime).after(settings.leeway) {
        return Err("assertion_too_long");
    }
    for name in ["nbf", "iat"] {
        if time(name)?.is_some_and(|begin| begin > soon) {
            return Err("assertion_not_yet");
        }
    }
    Ok(end)
}

/// Marks an assertion as used, durably.
pub(in crate::oauth) async fn spend<S: GrantStore>(store: &S, vouched: &Vouched) -> Result<Spent, StoreError> {
    store.spend(vouched.digest, vouched.until).await
}

/// Proves a client by a JWT that it signed: `iss` and `sub` are its id (RFC 7523 §3).
pub(in crate::oauth) async fn authenticate<S: GrantStore + Directory>(
    store: &S,
    throttle: &Throttle,
    issuer: &Issuer,
    (said, text): (Option<&ClientId>, &Secret),
    peer: IpAddr,
    now: UnixTime,
) -> Result<(Arc<Client>, Standing), Refused> {
    let claimed = Compact::parse(text.expose()).ok().and_then(|compact| compact.claimed_issuer());
    let id = ClientId::new(claimed.filter(|id| id.len() <= MAX_TEXT).unwrap_or_default());
    let party = Party::Client(id.as_str());
    let refuse = |condition, why: &str| {
        let event = AuditEvent::new("token_refused", &issuer.name).client(&id).detail(why);
        Refused::audited(condition, event)
    };
    if let Err(wait) = throttle.may_try(issuer, peer, party, now) {
        return Err(refuse(Condition::TooMany(wait), "throttled"));
    }
    let known = find(store, issuer, &id).await?.filter(|client| !client.disabled);
    let proven = match (&known, known.as_ref().and_then(|client| client.keys.as_ref()), &issuer.assertions) {
        (Some(client), Some(keys), Some(settings)) => look(text.expose(), client.id.as_str(), keys, settings, now)
            .and_then(|vouched| {
                let same = vouched.subject == client.id.as_str() && said.is_none_or(|said| *said == client.id);
                if same { Ok((client, vouched)) } else { Err("assertion_subject") }
            }),
        _ => Err("assertion_client"),
    };
    let outcome = match proven {
        Ok((client, vouched)) => match spend(store, &vouched).await? {
            Spent::Now => Ok(client),
            Spent::Before => Err("assertion_replayed"),
        },
        Err(why) => Err(why),
    };
    match outcome {
        Ok(client) => {
            throttle.succeeded(issuer, peer, party, now);
            Ok((client.clone(), Standing::Confidential))
        }
        Err(why) => {
            throttle.failed(issuer, peer, party, now);
            Err(refuse(Condition::ClientBad, why))
        }
    }
}
