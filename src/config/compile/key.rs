//! Signing keys of our issuers, and key sets of foreign ones. The algorithm comes from
//! the file, never from a token. Must never: put any part of a key into a message.

use std::sync::Arc;

use serde_json::Value;

use crate::clock::Seconds;
use crate::config::compile::compiler::Compiler;
use crate::config::document::duration::SpanOrNever;
use crate::config::document::issuer::{JwksDocument, KeysDocument};
use crate::config::document::one_or_many::OneOrMany;
use crate::config::document::secret::SecretText;
use crate::config::problem::code::Code;
use crate::config::problem::fact::Problem;
use crate::config::problem::suggest::closest;
use crate::config::source::at::At;
use crate::config::source::place::Place;
use crate::oauth::issuer::KeySettings;
use crate::token::key::{Algorithm, KeyMaterial};
use crate::token::ring::KeyRing;

/// Largest key file, in bytes.
const MAX_KEY_BYTES: usize = 64 << 10;
/// Largest JWK Set, in bytes.
const MAX_JWKS_BYTES: usize = 1 << 20;
const DAY: u64 = 86_400;

/// Thumbprints (RFC 7638) of keys whose private halves are in a public repository:
/// Comic Clan's, for access and for refresh tokens.
const PUBLISHED: [&str; 2] =
    ["74-TCtE-NGMMZ0EI3OknFA53NvpSLZ8BHuievHuuJbU", "ZchAYJ0m5BSMCAOVrOT4a2ZSz1eUWu_3VIqDTJtUqvM"];

/// Whether everybody has that key.
fn is_published(key: &KeyMaterial) -> bool {
    PUBLISHED.contains(&key.kid.as_str())
}

/// Where the document says which key it is.
fn key_place(document: &KeysDocument) -> Option<Place> {
    let file = document.file.as_ref().map(|at| at.place);
    file.or(document.pem.as_ref().map(|at| at.place)).or(document.secret.as_ref().map(|at| at.place))
}

impl Compiler<'_> {
    /// What an issuer of ours signs with.
    pub fn keys(&mut self, written: Option<&At<KeysDocument>>) -> KeySettings {
        let none = KeysDocument::default();
        let document = written.map_or(&none, |at| &at.value);
        let algorithm = document.algorithm.as_ref().and_then(|name| self.algorithm(name));
        let given = self.given_key(document, algorithm);
        if let (Some(place), Some(true)) = (key_place(document), given.as_ref().map(is_published)) {
            let message = "this private key is published: whoever wants to can sign tokens with it";
            let help = "make a key of your own, and give its public half to the backend";
            self.wrong_with_help(Code::PublishedKey, place, message, "everybody has it", help);
        }
        let said = document.file.is_some() || document.secret.is_some() || document.pem.is_some();
        let rotate = match (&document.rotate, said) {
            (Some(rotate), true) => {
                let message = "a key that is given cannot be rotated by the gateway";
                let label = "has no meaning beside `file`, `pem` or `secret`";
                self.wrong(Code::Combination, rotate.place, message, label);
                None
            }
            (None, true) => None,
            (Some(rotate), false) => never_or(Some(rotate)),
            (None, false) => Some(Seconds(90 * DAY)),
        };
        if let (Some(generate), None, None) = (&document.generate, &document.pem, &document.secret) {
            let help = "without `file`, `pem` and `secret` the gateway makes its keys itself";
            let message = "there is no file to be made";
            self.wrong_with_help(Code::Combination, generate.place, message, "beside `pem` or `secret` only", help);
        }
        KeySettings {
            algorithm: algorithm.unwrap_or(Algorithm::Es256),
            given,
            rotate,
            publish_ahead: document.publish_ahead.as_ref().map_or(Seconds(2 * DAY), |span| span.value.seconds()),
            keep_verifying: document.keep_verifying.as_ref().map_or(Seconds(30 * DAY), |span| span.value.seconds()),
        }
    }

    fn given_key(&mut self, document: &KeysDocument, algorithm: Option<Algorithm>) -> Option<KeyMaterial> {
        let algorithm = match (algorithm, &document.algorithm) {
            (Some(algorithm), _) => algorithm,
            (None, None) => Algorithm::Es256,
            // Unreadable, and reported.
            (None, Some(_)) => return None,
        };
        if let Some(pem) = &document.pem {
            return self.pem_key(document, pem, algorithm);
        }
        match (&document.file, &document.secret) {
            (Some(file), Some(secret)) => {
                let problem = Problem::new(Code::Combination, "both a key file and a secret")
                    .at(self.places(), secret.place, "the secret of HS256")
                    .and(self.places(), file.place, "the key file of the other algorithms");
                self.report(problem);
                None
            }
            (Some(file), None) if algorithm == Algorithm::Hs256 => {
                let help = "write secret: ${file:…}";
                self.wrong_with_help(Code::Combination, file.place, "HS256 has no key file", "not for HS256", help);
                None
            }
            (None, Some(secret)) if algorithm != Algorithm::Hs256 => {
                let message = format!("{} has no secret", algorithm.as_str());
                let help = "set `algorithm: HS256`, or give a key `file`";
                self.wrong_with_help(Code::Combination, secret.place, message, "only for HS256", help);
                None
            }
            (Some(file), None) => {
                let bytes = self.read(file, MAX_KEY_BYTES)?;
                KeyMaterial::from_pem(algorithm, &bytes)
                    .map_err(|error| {
                        let message = format!("the key in `{file}` cannot be used: {error}");
                        self.wrong(Code::BadKey, file.place, message, format!("asked for {}", algorithm.as_str()));
                    })
                    .ok()
            }
            (None, Some(secret)) => KeyMaterial::from_hs_secret(secret.value.0.expose().as_bytes())
                .map_err(|error| {
                    self.wrong(
                        Code::BadKey,
                        secret.place,
                        format!("the secret cannot be used: {error}"),
                        "this secret",
                    );
                })
                .ok(),
            (None, None) => None,
        }
    }

    /// A private key that stands in the configuration, by a reference.
    fn pem_key(&mut self, document: &KeysDocument, pem: &At<SecretText>, algorithm: Algorithm) -> Option<KeyMaterial> {
        let others = [document.file.as_ref().map(|at| at.place), document.secret.as_ref().map(|at| at.place)];
        if let Some(place) = others.into_iter().flatten().next() {
            let problem = Problem::new(Code::Combination, "two keys to sign with")
                .at(self.places(), place, "and here")
                .and(self.places(), pem.place, "once here");
            self.report(problem);
            return None;
        }
        self.plain_secret(pem);
        KeyMaterial::from_pem(algorithm, pem.value.0.expose().as_bytes())
            .map_err(|error| {
                let label = format!("asked for {}", algorithm.as_str());
                self.wrong(Code::BadKey, pem.place, format!("the key cannot be used: {error}"), label);
            })
            .ok()
    }

    fn algorithm(&mut self, name: &At<String>) -> Option<Algorithm> {
        let found = Algorithm::parse(&name.value);
        if found.is_none() {
            let known = Algorithm::ALL.map(Algorithm::as_str);
            let label = format!("expected one of: {}", known.join(", "));
            let help = closest(&name.value, known.into_iter()).map(|meant| format!("did you mean `{meant}`?"));
            let problem = Problem::new(Code::UnknownWord, format!("`{name}` is not an algorithm"));
            let problem = problem.at(self.places(), name.place, label).maybe_help(help);
            self.report(problem);
        }
        found
    }

    /// The ring of a foreign issuer.
    pub fn foreign_ring(&mut self, jwks: &JwksDocument, algorithms: Option<&At<OneOrMany>>) -> Option<Arc<KeyRing>> {
        let allowed: Vec<Algorithm> = match algorithms {
            Some(names) => names.value.iter().filter_map(|name| self.foreign_algorithm(name)).collect(),
            None => vec![Algorithm::Rs256, Algorithm::Es256, Algorithm::Ps256, Algorithm::EdDsa],
        };
        let bytes = self.read(&jwks.file, MAX_JWKS_BYTES)?;
        let file = &jwks.file;
        let Ok(set) = serde_json::from_slice::<Value>(&bytes) else {
            let message = format!("`{file}` is not JSON");
            self.wrong(Code::BadKey, file.place, message, "expected a JWK Set (RFC 7517)");
            return None;
        };
        if allowed.is_empty() {
            return None;
        }
        match KeyRing::of_jwks(&set, &allowed) {
            Ok(ring) => Some(Arc::new(ring)),
            Err(error) => {
                let message = format!("the keys in `{file}` cannot be used: {error}");
                self.wrong(Code::BadKey, file.place, message, "this key set");
                None
            }
        }
    }

    fn foreign_algorithm(&mut self, name: &At<String>) -> Option<Algorithm> {
        let algorithm = self.algorithm(name)?;
        if algorithm == Algorithm::Hs256 {
            let message = "HS256 would need the foreign issuer's secret";
            self.wrong(Code::WrongValue, name.place, message, "public keys only");
            return None;
        }
        Some(algorithm)
    }
}

/// The span in seconds; `None` for `never`.
pub(super) fn never_or(written: Option<&At<SpanOrNever>>) -> Option<Seconds> {
    written.and_then(|at| at.value.0).map(|span| span.seconds())
}

#[cfg(test)]
mod tests {
    use super::is_published;
    use crate::random::SeededRandom;
    use crate::token::id::KeyId;
    use crate::token::key::{Algorithm, KeyMaterial};

    #[test]
    fn keys_of_the_public_repository_are_known() {
        let made = KeyMaterial::generate(Algorithm::EdDsa, &SeededRandom::new(1)).unwrap();
        assert!(!is_published(&made));
        let theirs = KeyMaterial { kid: KeyId::new("74-TCtE-NGMMZ0EI3OknFA53NvpSLZ8BHuievHuuJbU"), ..made };
        assert!(is_published(&theirs));
    }
}
