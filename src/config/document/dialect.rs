//! A dialect as it is written: only where it differs from the standard. The same
//! language serves the dialects that come with the gateway and those that operators
//! write; `issuer` holds what an issuer of such a system commonly has, and the gateway's
//! own file wins over it.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::config::document::named::Named;
use crate::config::document::one_or_many::OneOrMany;
use crate::config::document::shape::ShapeDocument;
use crate::config::source::at::At;
use crate::dialect::endpoint::Endpoint;
use crate::dialect::knobs::{
    BasicCoding, BodyType, ClientAuth, NamedBy, QueryRule, Repeats, ScopeLists, Slash, Step, Strangers, TwiceAlike,
    TwiceUnlike, Untyped,
};
use crate::dialect::spelling::{Escapes, Format, Spacing};
use crate::dialect::token_header::HeaderUsage;

/// How one system speaks.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Dialect")]
pub struct DialectDocument {
    /// Its name.
    pub name: Option<At<String>>,
    /// For people.
    pub about: Option<String>,
    /// The endpoints it serves; default those of the standard.
    pub endpoints: Option<At<Vec<At<SeatDocument>>>>,
    /// How requests are read.
    pub request: Option<At<ReadingDocument>>,
    /// How tokens are handed over.
    pub success: Option<At<AnswerDocument>>,
    /// What a revocation is answered with.
    pub revoked: Option<At<AnswerDocument>>,
    /// What the token information endpoint tells.
    pub info: Option<At<AnswerDocument>>,
    /// How requests to the endpoints are refused.
    pub errors: Option<At<RefusalsDocument>>,
    /// How tokens are presented to the API, and how it refuses.
    pub api: Option<At<ApiDocument>>,
}

/// One endpoint.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Endpoint")]
pub struct SeatDocument {
    /// What it answers.
    pub kind: At<Endpoint>,
    /// Its path below the issuer's base.
    pub path: Option<At<String>>,
    /// Whether a slash at the end matters; default exact.
    pub slash: Option<At<Slash>>,
    /// Default those of the standard.
    pub methods: Option<At<OneOrMany>>,
    /// The grants it serves; default all.
    pub grants: Option<At<OneOrMany>>,
    /// Grants that are known by name and that no client has.
    pub unheld: Option<At<OneOrMany>>,
    /// What a request without `grant_type` means.
    pub default_grant: Option<At<String>>,
    /// Parameters that a grant needs here beyond those it always needs.
    #[serde(default)]
    pub required: Named<At<OneOrMany>>,
    /// The parameter that lists the bots of a bulk request.
    pub bots: Option<At<String>>,
    /// Where it reads otherwise than the dialect.
    pub request: Option<At<ReadingDocument>>,
    /// Where it answers otherwise.
    pub success: Option<At<AnswerDocument>>,
    /// Where it refuses otherwise.
    pub errors: Option<At<RefusalsDocument>>,
    /// Revocation: what those hear who may not call a token back; default refused.
    pub strangers: Option<At<Strangers>>,
    /// Revocation: what may name what is called back: token (default), username (a
    /// person's sessions with the client that asks), or both.
    pub named_by: Option<At<Vec<At<NamedBy>>>>,
}

/// How requests are read.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Reading")]
pub struct ReadingDocument {
    /// Other names of the parameters.
    #[serde(default)]
    pub names: Named<At<OneOrMany>>,
    /// Where a client may say who it is.
    pub client: Option<At<Vec<At<ClientAuth>>>>,
    /// The header that holds an application's key whole; default Authorization, behind Bearer.
    pub key_header: Option<At<String>>,
    /// How id and secret are written inside the Basic header.
    pub basic: Option<At<BasicCoding>>,
    /// What two equal credentials mean.
    pub twice_alike: Option<At<TwiceAlike>>,
    /// What two different ones mean; default refuse.
    pub twice_unlike: Option<At<TwiceUnlike>>,
    /// Body types that are read.
    pub bodies: Option<At<Vec<At<BodyType>>>>,
    /// What a body of another type may still be.
    pub untyped: Option<At<Untyped>>,
    /// What a query string means.
    pub query: Option<At<QueryRule>>,
    /// What the second of two equal names means.
    pub repeats: Option<At<Repeats>>,
    /// The characters that may stand between two scopes.
    pub scope_separators: Option<At<String>>,
    /// Whether scopes may come as a list; default unread.
    pub scope_lists: Option<At<ScopeLists>>,
    /// In which order a request is judged.
    pub order: Option<At<Vec<At<Step>>>>,
}

/// How something granted is written.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Answer")]
pub struct AnswerDocument {
    /// Default 200.
    pub status: Option<At<u64>>,
    /// Further headers.
    #[serde(default)]
    pub headers: Named<At<String>>,
    /// The habits of its JSON.
    pub json: Option<At<JsonDocument>>,
    /// `Content-Type`; default application/json.
    #[serde(rename = "type")]
    pub media: Option<At<String>>,
    /// What is in it.
    pub body: Option<At<ShapeDocument>>,
    /// Several bodies, chosen by `Accept`, in place of `type` and `body`.
    pub forms: Option<At<Vec<At<FormDocument>>>>,
}

/// One of several bodies.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Form")]
pub struct FormDocument {
    /// `Content-Type`.
    #[serde(rename = "type")]
    pub media: At<String>,
    /// How it is written; default json.
    pub format: Option<At<Format>>,
    /// The outermost element of XML.
    pub root: Option<At<String>>,
    /// What is in it.
    pub body: At<ShapeDocument>,
}

/// The habits of a stack that writes JSON.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "JsonHabits")]
pub struct JsonDocument {
    /// Between two members; default compact.
    pub spacing: Option<At<Spacing>>,
    /// What is escaped beyond need; default none.
    pub escapes: Option<At<Escapes>>,
}

/// A table of refusals.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Refusals")]
pub struct RefusalsDocument {
    /// `Content-Type`; default application/json.
    #[serde(rename = "type")]
    pub media: Option<At<String>>,
    /// The habits of its JSON.
    pub json: Option<At<JsonDocument>>,
    /// Several ways to write it, chosen by `Accept`, in place of `type`.
    pub forms: Option<At<Vec<At<PenDocument>>>>,
    /// The body of every refusal.
    pub body: Option<At<ShapeDocument>>,
    /// Headers of every refusal.
    #[serde(default)]
    pub headers: Named<At<String>>,
    /// What differs, by condition.
    #[serde(default)]
    pub table: Named<At<RowDocument>>,
}

/// One way to write refusals.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "RefusalForm")]
pub struct PenDocument {
    /// `Content-Type`.
    #[serde(rename = "type")]
    pub media: At<String>,
    /// How it is written; default json.
    pub format: Option<At<Format>>,
    /// The outermost element of XML.
    pub root: Option<At<String>>,
}

/// One row.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Row")]
pub struct RowDocument {
    /// The status.
    pub status: Option<At<u64>>,
    /// A word or a number.
    pub code: Option<At<ShapeDocument>>,
    /// The words.
    pub text: Option<At<String>>,
    /// In place of the table's headers.
    pub headers: Option<Named<At<String>>>,
    /// In place of the table's body.
    pub body: Option<At<ShapeDocument>>,
    /// A plain text in place of the body.
    pub plain: Option<At<String>>,
    /// `Content-Type`.
    #[serde(rename = "type")]
    pub media: Option<At<String>>,
}

/// A header that may hold a token.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "TokenHeader")]
pub struct TokenHeaderDocument {
    /// Its name.
    pub name: At<String>,
    /// What stands before the token, such as Bearer; default nothing: the whole value is
    /// the token.
    pub scheme: Option<At<String>>,
    /// ordinary (default), or deprecated: taken, with a warning about each client that uses it.
    #[serde(rename = "use")]
    pub usage: Option<At<HeaderUsage>>,
}

/// Tokens at the API.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Api")]
pub struct ApiDocument {
    /// The schemes of `Authorization`; default Bearer.
    pub schemes: Option<At<OneOrMany>>,
    /// Further headers that may hold a token; default none. At most one token per request.
    pub headers: Option<At<Vec<At<TokenHeaderDocument>>>>,
    /// The query parameters that may hold a token; default none.
    pub query: Option<At<OneOrMany>>,
    /// The form fields that may hold a token; default none.
    pub form: Option<At<OneOrMany>>,
    /// Headers of answers to whoever passed with a token, in place of the backend's.
    #[serde(default)]
    pub answer_headers: Named<At<String>>,
    /// The types of body that requests with one may have; default any.
    pub bodies: Option<At<Vec<At<BodyType>>>>,
    /// The versions that there are, as paths begin with them, such as v1; default any.
    pub versions: Option<At<OneOrMany>>,
    /// How callers are refused.
    pub errors: Option<At<RefusalsDocument>>,
}
