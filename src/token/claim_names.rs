//! Under which names a token says what is asked of it. The standard's are those of RFC
//! 9068; old systems have their own, and some put numbers where others put text.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use crate::token::members::Members;
use crate::token::scope::{Scope, Scopes};

/// The claims that admission reads.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ClaimNames {
    /// Whose token.
    pub subject: Box<str>,
    /// To which client.
    pub client: Box<str>,
    /// What it allows: a list, or a text.
    pub scope: Box<str>,
    /// What stands between two scopes of a text.
    pub scope_separators: Vec<char>,
    /// What `iss` may be.
    pub issuer: IssuerClaim,
}

/// What `iss` may be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum IssuerClaim {
    /// The issuer's url, byte by byte.
    Url,
    /// One of these.
    OneOf(Vec<Box<str>>),
    /// Anything, since something else stands there: the key alone says whose it is.
    Unchecked,
}

impl Default for ClaimNames {
    fn default() -> ClaimNames {
        ClaimNames {
            subject: "sub".into(),
            client: "client_id".into(),
            scope: "scope".into(),
            scope_separators: vec![' '],
            issuer: IssuerClaim::Url,
        }
    }
}

/// What a subject is that is not the client.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Subjects {
    /// A person.
    #[default]
    People,
    /// A program that belongs to the client.
    Bots,
}

impl ClaimNames {
    /// The scopes of a token: a text with separators, or a list of names. What is
    /// neither, or is no scope name, grants nothing.
    pub fn scopes(&self, payload: &Members) -> Scopes {
        let standard = &*self.scope == "scope";
        match payload.get(&self.scope).or_else(|| payload.get("scp").filter(|_| standard)) {
            Some(Value::String(text)) => text.split(&self.scope_separators[..]).filter_map(Scope::parse).collect(),
            Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).filter_map(Scope::parse).collect(),
            _ => Scopes::default(),
        }
    }
}

/// A claim that names something: a text, or a whole number in digits.
pub fn claim_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) if number.is_u64() => Some(number.to_string()),
        _ => None,
    }
}
