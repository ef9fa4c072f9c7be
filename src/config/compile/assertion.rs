//! Which JWTs of others an issuer believes, compiled: keys are parsed, asymmetric ones
//! only, and the endpoints learn that assertions are read. Must never: take a key set of
//! which nothing can be used.

use std::sync::Arc;

use serde_json::Value;

use crate::clock::Seconds;
use crate::config::compile::compiler::Compiler;
use crate::config::document::assertion::{AssertionsDocument, KeySetDocument};
use crate::config::document::duration::TimeSpan;
use crate::config::document::shape::ShapeDocument;
use crate::config::problem::code::Code;
use crate::config::source::at::At;
use crate::dialect::Dialect;
use crate::dialect::endpoint::Endpoint;
use crate::dialect::knobs::ClientAuth;
use crate::dialect::request::JWT_BEARER;
use crate::oauth::endpoints::{endpoints, origin};
use crate::oauth::issuer::{AssertionSettings, Issuer, TrustedIssuer};
use crate::token::key::ASSERTION_ALGORITHMS;
use crate::token::ring::KeyRing;

/// Largest key set in a file, in bytes.
const MAX_KEY_SET_BYTES: usize = 1 << 20;
/// The longest that an assertion may live.
const LONGEST: Seconds = Seconds(3_600);
/// Farthest that another clock may be off.
const MAX_LEEWAY: Seconds = Seconds(600);

impl Compiler<'_> {
    /// What is believed; who must be in `aud` is filled in where the issuer is known.
    pub fn assertions(&mut self, written: Option<&At<AssertionsDocument>>) -> Option<AssertionSettings> {
        let document = &written?.value;
        let span = |at: &Option<At<TimeSpan>>, default| at.as_ref().map_or(Seconds(default), |at| at.value.seconds());
        let (max_lifetime, leeway) = (span(&document.max_lifetime, 300), span(&document.leeway, 30));
        if let (Some(at), true) = (&document.max_lifetime, max_lifetime > LONGEST || max_lifetime.0 == 0) {
            let message = "an assertion is made for one request";
            self.wrong(Code::WrongValue, at.place, message, "expected at most 1h, and more than 0s");
        }
        if let (Some(at), true) = (&document.leeway, leeway > MAX_LEEWAY) {
            let message = "a clock that far off would keep ended assertions alive";
            self.wrong(Code::WrongValue, at.place, message, "expected at most 10m");
        }
        let mut trusted: Vec<TrustedIssuer> = Vec::new();
        for one in document.trusted.iter().flat_map(|list| &list.value) {
            let name = &one.value.issuer;
            if trusted.iter().any(|known| *known.name == *name.value) {
                self.wrong(Code::Twice, name.place, format!("`{name}` is trusted twice"), "again here");
            }
            let keys = self.key_set(&one.value.jwks);
            trusted.extend(keys.map(|keys| TrustedIssuer { name: name.value.as_str().into(), keys }));
        }
        let audience = document.audience.iter().flat_map(|list| list.value.iter());
        let audience: Vec<String> = audience.map(|name| name.value.clone()).collect();
        if let (Some(at), true) = (&document.audience, audience.is_empty()) {
            let message = "assertions that are for nobody are for everybody";
            self.wrong(Code::WrongValue, at.place, message, "expected at least one");
        }
        Some(AssertionSettings { trusted, audience, max_lifetime, leeway })
    }

    /// Public keys, from a file or as they stand.
    pub fn key_set(&mut self, written: &At<KeySetDocument>) -> Option<Arc<KeyRing>> {
        let (set, place, shown) = match (&written.value.file, &written.value.keys) {
            (Some(file), None) => {
                let bytes = self.read(file, MAX_KEY_SET_BYTES)?;
                let Ok(set) = serde_json::from_slice::<Value>(&bytes) else {
                    let message = format!("`{file}` is not JSON");
                    self.wrong(Code::BadKey, file.place, message, "expected a JWK Set (RFC 7517)");
                    return None;
                };
                (set, file.place, format!("the keys in `{file}`"))
            }
            (None, Some(keys)) => {
                (serde_json::json!({ "keys": plain(&keys.value) }), keys.place, "these keys".to_owned())
            }
            _ => {
                if !self.damaged(written.place) {
                    let message = "public keys come from one place";
                    self.wrong(Code::Combination, written.place, message, "expected `file` or `keys`");
                }
                return None;
            }
        };
        match KeyRing::of_jwks(&set, &ASSERTION_ALGORITHMS) {
            Ok(ring) => Some(Arc::new(ring)),
            Err(error) => {
                self.wrong(Code::BadKey, place, format!("{shown} cannot be used: {error}"), "this key set");
                None
            }
        }
    }
}

/// Lets the endpoints read what the issuer believes.
pub(super) fn open_to_assertions(dialect: &mut Dialect, settings: Option<&AssertionSettings>) {
    let Some(settings) = settings else { return };
    let readings = dialect.seats.iter_mut().filter_map(|seat| seat.reading.as_mut());
    for reading in readings.chain([&mut dialect.reading]) {
        if !reading.client_auth.contains(&ClientAuth::Assertion) {
            reading.client_auth.push(ClientAuth::Assertion);
        }
    }
    let vouched = !settings.trusted.is_empty();
    for seat in dialect.seats.iter_mut().filter(|seat| vouched && seat.endpoint == Endpoint::Token) {
        if seat.bots.is_none() {
            seat.extensions.push(JWT_BEARER.into());
        }
    }
}

/// Whom assertions must be for, where the file does not say: the issuer, or one of its
/// token endpoints (RFC 7523 §3).
pub(super) fn default_audience(issuer: &mut Issuer) {
    let mut names = vec![issuer.url.clone()];
    let stands = endpoints(issuer).into_iter().filter(|stand| stand.endpoint == Endpoint::Token);
    names.extend(stands.map(|stand| format!("{}{}", origin(&issuer.url), stand.path)));
    if let Some(settings) = issuer.assertions.as_mut().filter(|settings| settings.audience.is_empty()) {
        settings.audience = names;
    }
}

/// The value as JSON.
fn plain(written: &ShapeDocument) -> Value {
    match written {
        ShapeDocument::Null => Value::Null,
        ShapeDocument::Bool(flag) => Value::from(*flag),
        ShapeDocument::Number(number) => Value::from(*number),
        ShapeDocument::Text(text) => Value::from(text.as_str()),
        ShapeDocument::List(items) => items.iter().map(|item| plain(&item.value)).collect(),
        ShapeDocument::Members(members) => {
            Value::Object(members.iter().map(|(name, value)| (name.value.clone(), plain(&value.value))).collect())
        }
    }
}
