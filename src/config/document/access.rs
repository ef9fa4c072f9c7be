//! `access:` of a route: a word for the simple cases, lines for the others. The first
//! line whose methods fit decides; none that fits is 405.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::value::SeqAccessDeserializer;
use serde::de::{Deserializer, Error, SeqAccess, Unexpected, Visitor};

use crate::config::document::one_or_many::OneOrMany;
use crate::config::source::at::At;

/// Who may pass.
#[derive(Debug)]
pub enum AccessDocument {
    /// `public`: anybody.
    Public,
    /// `token`: whoever has a valid token.
    Token,
    /// `scope A B`: whoever has all of these.
    Scopes(Vec<String>),
    /// Line by line.
    Lines(Vec<At<AccessLineDocument>>),
}

/// What some methods ask for.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "AccessLine")]
pub struct AccessLineDocument {
    /// Upper-case methods; left out: every method.
    pub methods: Option<At<OneOrMany>>,
    /// All of these; an empty list asks for a valid token only.
    pub scopes: Option<At<OneOrMany>>,
    /// One of these, each a scope or a list of scopes.
    pub any_of: Option<At<Vec<At<OneOrMany>>>>,
    /// `required`: a token of a person, not that of a client for itself.
    pub user: Option<At<UserWord>>,
    /// An application as itself, without a token: with its key, or with id and secret by
    /// Basic, as its issuer's dialect has it.
    pub application: Option<At<ApplicationWord>>,
    /// Anybody.
    pub public: Option<At<bool>>,
}

/// Whether a line is for applications.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ApplicationWord {
    /// It passes beside tokens with these scopes.
    Allowed,
    /// Nobody else does.
    Required,
}

/// Whether a line is for people.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum UserWord {
    /// A client's own token is refused.
    Required,
}

impl<'de> Deserialize<'de> for AccessDocument {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<AccessDocument, D::Error> {
        deserializer.deserialize_any(AccessVisitor)
    }
}

impl JsonSchema for AccessDocument {
    fn schema_name() -> Cow<'static, str> {
        "Access".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let lines = generator.subschema_for::<Vec<AccessLineDocument>>();
        let words = r"^(public|token|scope( [!#-\[\]-~]+)+)$|\$\{";
        json_schema!({
            "description": "public, token, `scope NAME…`, or lines by method",
            "anyOf": [{ "type": "string", "pattern": words }, lines],
        })
    }
}

struct AccessVisitor;

impl<'de> Visitor<'de> for AccessVisitor {
    type Value = AccessDocument;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("public, token, `scope NAME…`, or a list of lines")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<AccessDocument, E> {
        let mut words = text.split_ascii_whitespace();
        match (words.next(), words.map(str::to_owned).collect::<Vec<_>>()) {
            (Some("public"), rest) if rest.is_empty() => Ok(AccessDocument::Public),
            (Some("token"), rest) if rest.is_empty() => Ok(AccessDocument::Token),
            (Some("scope"), names) if !names.is_empty() => Ok(AccessDocument::Scopes(names)),
            _ => Err(E::invalid_value(Unexpected::Str(text), &self)),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, lines: A) -> Result<AccessDocument, A::Error> {
        Deserialize::deserialize(SeqAccessDeserializer::new(lines)).map(AccessDocument::Lines)
    }
}
