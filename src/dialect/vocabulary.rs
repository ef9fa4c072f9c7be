//! Which references a template may use, by the place it stands in. Closed lists: a
//! reference that is not here is a mistake of the dialect, found when it is read. Names
//! with a dot and a star stand for the fields that the operator gives a user or client.

use crate::dialect::fact::Kind;

/// Names with their kinds.
pub type Vocabulary = &'static [(&'static str, Kind)];

/// Of a token answer.
pub const ANSWER: Vocabulary = &[
    ("access_token", Kind::Text),
    ("refresh_token", Kind::Text),
    ("id_token", Kind::Text),
    ("expires_in", Kind::Number),
    ("issued_at", Kind::Time),
    ("expires_at", Kind::Time),
    ("scopes", Kind::List),
    ("scope", Kind::Text),
    ("token_number", Kind::Number),
    ("client.id", Kind::Text),
    ("client.*", Kind::Text),
    ("user.id", Kind::Text),
    ("user.name", Kind::Text),
    ("user.*", Kind::Text),
    ("bot.id", Kind::Text),
    ("bot.*", Kind::Text),
];

/// Of a token's claims and its id.
pub const CLAIMS: Vocabulary = &[
    ("token_id", Kind::Text),
    ("random", Kind::Text),
    ("issuer", Kind::Text),
    ("audience", Kind::List),
    ("family", Kind::Text),
    ("issued_at", Kind::Time),
    ("expires_at", Kind::Time),
    ("scopes", Kind::List),
    ("scope", Kind::Text),
    ("token_number", Kind::Number),
    ("subject", Kind::Text),
    ("client.id", Kind::Text),
    ("client.*", Kind::Text),
    ("user.id", Kind::Text),
    ("user.name", Kind::Text),
    ("user.*", Kind::Text),
    ("bot.id", Kind::Text),
    ("bot.*", Kind::Text),
];

/// Of a token that is made for a backend.
pub const BRIDGE: Vocabulary = &[
    ("subject", Kind::Text),
    ("client.id", Kind::Text),
    ("scope", Kind::Text),
    ("random", Kind::Text),
    ("issued_at", Kind::Time),
    ("expires_at", Kind::Time),
];

/// Of a refusal, at our endpoints and at the API.
pub const REFUSAL: Vocabulary = &[
    ("status", Kind::Number),
    ("code", Kind::Either),
    ("text", Kind::Text),
    ("parameter", Kind::Text),
    ("parameters", Kind::List),
    ("methods", Kind::List),
    ("scopes", Kind::List),
    ("scope_texts", Kind::List),
    ("realm", Kind::Text),
    ("wait", Kind::Number),
];

/// Of the public key that signs now (RFC 7517 §4).
pub const KEY: Vocabulary = &[
    ("kty", Kind::Text),
    ("kid", Kind::Text),
    ("alg", Kind::Text),
    ("use", Kind::Text),
    ("n", Kind::Text),
    ("e", Kind::Text),
    ("crv", Kind::Text),
    ("x", Kind::Text),
    ("y", Kind::Text),
];

/// Of a token that is told about.
pub const ABOUT: Vocabulary = &[
    ("scopes", Kind::List),
    ("scope", Kind::Text),
    ("client.id", Kind::Text),
    ("user.name", Kind::Text),
    ("user.id", Kind::Text),
    ("user.*", Kind::Text),
    ("issued_at", Kind::Time),
    ("expires_at", Kind::Time),
    ("issuer", Kind::Text),
    ("token_id", Kind::Text),
];

/// The kind of `name` in that vocabulary.
pub fn kind(vocabulary: Vocabulary, name: &str) -> Option<Kind> {
    let exact = vocabulary.iter().find(|(known, _)| *known == name);
    let open = || {
        let (group, field) = name.split_once('.')?;
        let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
        let fits = !field.is_empty() && field.bytes().all(plain);
        vocabulary.iter().filter(|_| fits).find(|(known, _)| known.strip_suffix(".*") == Some(group))
    };
    exact.or_else(open).map(|(_, kind)| *kind)
}
