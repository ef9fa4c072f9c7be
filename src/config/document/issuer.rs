//! `issuers:` as it is written. Ours and foreign ones share the block: `jwks` makes it
//! a foreign one, and `compile` refuses keys that have no meaning for the kind.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, Visitor};

use crate::config::document::assertion::AssertionsDocument;
use crate::config::document::client::ClientDocument;
use crate::config::document::dialect_choice::DialectChoice;
use crate::config::document::duration::{SpanOrNever, TimeSpan};
use crate::config::document::named::Named;
use crate::config::document::one_or_many::OneOrMany;
use crate::config::document::people::{PeopleDocument, RegistrationDocument};
use crate::config::document::secret::SecretText;
use crate::config::document::token::{RefreshDocument, ScopeRulesDocument, TokenDocument};
use crate::config::document::user::UserDocument;
use crate::config::source::at::At;
use crate::oauth::issuer::SecretForm;

/// An authorization server.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Issuer")]
pub struct IssuerDocument {
    /// The `iss` of its tokens; clients compare it byte by byte.
    pub url: At<String>,
    /// Listeners it answers on; default all that serve tokens.
    pub listener: Option<At<OneOrMany>>,
    /// The Host it answers to: a name, or `any`; default the one in the url.
    pub host: Option<At<String>>,
    /// Path below which its endpoints stand; default `/oauth2`. Not part of `iss`.
    pub base: Option<At<String>>,
    /// How requests and answers are spelt; default standard.
    pub dialect: Option<At<DialectChoice>>,
    /// How access tokens are made.
    pub token: Option<At<TokenDocument>>,
    /// How refresh tokens live.
    pub refresh: Option<At<RefreshDocument>>,
    /// What tokens are signed with.
    pub keys: Option<At<KeysDocument>>,
    /// Every scope that can be asked for, with a text for people.
    pub scopes: Option<At<Named<String>>>,
    /// How names of scopes are understood.
    pub scope_rules: Option<At<ScopeRulesDocument>>,
    /// What a request without `scope` gets; default all the client may have.
    pub default_scopes: Option<At<OneOrMany>>,
    /// Applications.
    pub clients: Option<At<Vec<At<ClientDocument>>>>,
    /// People.
    pub users: Option<At<Vec<At<UserDocument>>>>,
    /// How people sign in, consent and register applications.
    pub people: Option<At<PeopleDocument>>,
    /// How applications register themselves; default they do not.
    pub registration: Option<At<RegistrationDocument>>,
    /// Make a client at start when there is none: true, false, or a block.
    pub generate_client: Option<At<GenerateClientDocument>>,
    /// Origins of web pages that may call the endpoints.
    pub cors: Option<At<OneOrMany>>,
    /// Bounds on tries.
    pub throttle: Option<At<ThrottleDocument>>,
    /// Which JWTs of others are believed (RFC 7523); default none.
    pub assertions: Option<At<AssertionsDocument>>,
    /// Makes it a foreign issuer: where its public keys are.
    pub jwks: Option<At<JwksDocument>>,
    /// Foreign: algorithms that are accepted.
    pub algorithms: Option<At<OneOrMany>>,
    /// Foreign: one of these must be in `aud`.
    pub audience: Option<At<OneOrMany>>,
    /// Foreign: claims that must be there; default iss, exp, aud.
    pub require: Option<At<OneOrMany>>,
    /// Foreign: accepted `typ` headers; default at+jwt.
    pub types: Option<At<OneOrMany>>,
    /// Foreign: how far its clock may be off; default 30s.
    pub leeway: Option<At<TimeSpan>>,
}

/// The two spellings of an access token.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FormatName {
    /// A JWS with RFC 9068 claims.
    Jwt,
    /// A random string whose claims stay in the store.
    Opaque,
}

/// What tokens are signed with.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Keys")]
pub struct KeysDocument {
    /// ES256 (default), RS256, PS256, EdDSA or HS256.
    pub algorithm: Option<At<String>>,
    /// A private key in a PEM file; left out: made at first start and kept.
    pub file: Option<At<String>>,
    /// A private key in PEM itself, such as ${file:…}.
    pub pem: Option<At<SecretText>>,
    /// Let the first start make the file that `pem` or `secret` names and that is not
    /// there; default false.
    pub generate: Option<At<bool>>,
    /// The secret of HS256, at least 32 bytes.
    pub secret: Option<At<SecretText>>,
    /// A new key after so long; default 90d, or never.
    pub rotate: Option<At<SpanOrNever>>,
    /// How long a new key is published before it signs; default 2d.
    pub publish_ahead: Option<At<TimeSpan>>,
    /// How long an old key verifies after it stopped signing; default 30d.
    pub keep_verifying: Option<At<TimeSpan>>,
}

/// `true`, `false`, or what the generated client gets.
#[derive(Debug)]
pub enum GenerateClientDocument {
    /// With the defaults, or not at all.
    Plain(bool),
    /// With these settings.
    With(GenerateSettings),
}

/// What a generated client gets.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "GenerateClient")]
pub struct GenerateSettings {
    /// Keep it in the store (default true), or make a new one at every boot.
    pub keep: Option<At<bool>>,
    /// Its grants; default client_credentials and refresh_token.
    pub grants: Option<At<OneOrMany>>,
    /// Its scopes; default all of the issuer.
    pub scopes: Option<At<OneOrMany>>,
    /// What its secret looks like; default standard.
    pub secret: Option<At<SecretForm>>,
}

impl<'de> Deserialize<'de> for GenerateClientDocument {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<GenerateClientDocument, D::Error> {
        struct Either;

        impl<'de> Visitor<'de> for Either {
            type Value = GenerateClientDocument;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("true, false, or a block of keep, grants, scopes, secret")
            }

            fn visit_bool<E: Error>(self, value: bool) -> Result<GenerateClientDocument, E> {
                Ok(GenerateClientDocument::Plain(value))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<GenerateClientDocument, A::Error> {
                Deserialize::deserialize(MapAccessDeserializer::new(map)).map(GenerateClientDocument::With)
            }
        }

        deserializer.deserialize_any(Either)
    }
}

impl JsonSchema for GenerateClientDocument {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "GenerateClientOrNot".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [{ "type": "boolean" }, generator.subschema_for::<GenerateSettings>()] })
    }
}

/// Bounds on tries.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Throttle")]
pub struct ThrottleDocument {
    /// Requests a second to the endpoints, per address; default 100.
    pub per_address: Option<At<u64>>,
    /// Failed sign-ins that cost nothing; default 10 …
    pub free_failures: Option<At<u64>>,
    /// … within this time; default 15m.
    pub within: Option<At<TimeSpan>>,
}

/// Where the keys of a foreign issuer are.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Jwks")]
pub struct JwksDocument {
    /// A JWK Set (RFC 7517) in a file.
    pub file: At<String>,
}
