//! A dialect as data: what may vary between token endpoints, each variation a closed
//! enum or a word, each with the standard's value. A knob changes spelling only; what
//! would change who gets what is a setting of the issuer, never a knob.

use http::StatusCode;

/// How one issuer speaks at its token endpoints and at the API.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Dialect {
    /// Its name in the file.
    pub name: &'static str,
    /// What the parameters are called.
    pub names: ParameterNames,
    /// Where a client may say who it is; anything else is not looked at.
    pub client_auth: &'static [ClientAuth],
    /// How id and secret are written inside the Basic header.
    pub basic: BasicCoding,
    /// What two equal client credentials in one request mean. Two different ones are
    /// refused by every dialect.
    pub twice_alike: TwiceAlike,
    /// What a query string at a token endpoint means.
    pub query: QueryRule,
    /// What stands between two scopes of a request; any of these.
    pub scope_separators: &'static [char],
    /// Status of a token answer.
    pub success: StatusCode,
    /// Value of `token_type`.
    pub token_type: &'static str,
    /// Unit of `expires_in`.
    pub expires_in: LifetimeUnit,
    /// The scheme in `WWW-Authenticate` of the API.
    pub bearer_scheme: &'static str,
}

/// The wire names of what a request may say.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ParameterNames {
    /// RFC 6749 §4.
    pub grant_type: &'static str,
    /// RFC 6749 §3.3.
    pub scope: &'static str,
    /// RFC 6749 §2.3.1.
    pub client_id: &'static str,
    /// RFC 6749 §2.3.1.
    pub client_secret: &'static str,
    /// RFC 6749 §4.3.2.
    pub username: &'static str,
    /// RFC 6749 §4.3.2.
    pub password: &'static str,
    /// RFC 6749 §6.
    pub refresh_token: &'static str,
    /// RFC 7009 §2.1, RFC 7662 §2.1.
    pub token: &'static str,
    /// RFC 7009 §2.1, RFC 7662 §2.1: read, checked for repetition, needed by nobody.
    pub token_type_hint: &'static str,
}

/// A place for client credentials.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ClientAuth {
    /// `Authorization: Basic` (`client_secret_basic`).
    Basic,
    /// Parameters of the body (`client_secret_post`, and `none` for public clients).
    Body,
}

/// How id and secret are written inside the Basic header.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BasicCoding {
    /// Each form-encoded first, as RFC 6749 §2.3.1 and appendix B say.
    FormEncoded,
    /// As they are, which many old clients do.
    Plain,
}

/// The same id and secret in the header and in the body.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TwiceAlike {
    /// Taken as one.
    Accept,
    /// Refused like two different ones.
    Refuse,
}

/// A query string at a token endpoint.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum QueryRule {
    /// Refused, since a secret in a URL ends up in logs (RFC 6749 §2.3.1).
    Refuse,
    /// Not looked at.
    Ignore,
}

/// In what a lifetime is told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LifetimeUnit {
    /// As RFC 6749 §5.1 says.
    Seconds,
    /// A thousand times as many.
    Milliseconds,
}

impl Dialect {
    /// RFC 6749, 6750, 7009 and 7662 to the letter.
    pub const fn standard() -> Dialect {
        Dialect {
            name: "standard",
            names: ParameterNames {
                grant_type: "grant_type",
                scope: "scope",
                client_id: "client_id",
                client_secret: "client_secret",
                username: "username",
                password: "password",
                refresh_token: "refresh_token",
                token: "token",
                token_type_hint: "token_type_hint",
            },
            client_auth: &[ClientAuth::Basic, ClientAuth::Body],
            basic: BasicCoding::FormEncoded,
            twice_alike: TwiceAlike::Accept,
            query: QueryRule::Refuse,
            scope_separators: &[' '],
            success: StatusCode::OK,
            token_type: "Bearer",
            expires_in: LifetimeUnit::Seconds,
            bearer_scheme: "Bearer",
        }
    }
}

impl ParameterNames {
    /// Every name, for telling a known parameter from one that a caller made up.
    pub fn all(&self) -> [&'static str; 9] {
        [
            self.grant_type,
            self.scope,
            self.client_id,
            self.client_secret,
            self.username,
            self.password,
            self.refresh_token,
            self.token,
            self.token_type_hint,
        ]
    }
}
