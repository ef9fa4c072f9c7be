//! The conditions by name, as the table of errors of a dialect speaks of them. Each has
//! a kin that speaks for it where a dialect says nothing of its own, so a table needs
//! only the rows in which a system differs.

use crate::dialect::condition::{Badness, Challenge, Condition};

/// The longest wait, in seconds, that is told like a moment's.
const MINUTE: u64 = 60;

macro_rules! faults {
    ($($(#[$doc:meta])* $name:ident = $word:literal $(< $kin:ident)?;)*) => {
        /// A condition without its particulars.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
        pub enum Fault {
            $($(#[$doc])* $name,)*
        }

        impl Fault {
            /// All of them.
            pub const ALL: &'static [Fault] = &[$(Fault::$name,)*];

            /// All their words.
            pub const WORDS: &'static [&'static str] = &[$($word,)*];

            /// The word in a dialect's table.
            pub fn as_str(self) -> &'static str {
                match self { $(Fault::$name => $word,)* }
            }

            /// Whose row speaks for it, where it has none.
            pub fn kin(self) -> Option<Fault> {
                match self { $($(Fault::$name => Some(Fault::$kin),)?)* _ => None }
            }
        }
    };
}

faults! {
    /// No `grant_type`.
    MissingGrant = "missing_grant";
    /// A grant of the RFCs that is not served.
    UnsupportedGrant = "unsupported_grant";
    /// A word that is no grant.
    UnknownGrant = "unknown_grant" < UnsupportedGrant;
    /// A grant named by a URI that is not served.
    ExtensionGrant = "extension_grant" < UnsupportedGrant;
    /// The client may not use the grant.
    GrantNotAllowed = "grant_not_allowed";
    /// A parameter is absent.
    MissingParameter = "missing_parameter";
    /// No user name.
    MissingUsername = "missing_username" < MissingParameter;
    /// No password.
    MissingPassword = "missing_password" < MissingParameter;
    /// No refresh token.
    MissingRefreshToken = "missing_refresh_token" < MissingParameter;
    /// No code.
    MissingCode = "missing_code" < MissingParameter;
    /// A value that cannot be.
    BadParameter = "bad_parameter";
    /// Given more than once.
    DuplicateParameter = "duplicate_parameter" < BadParameter;
    /// Not what its type says.
    MalformedBody = "malformed_body";
    /// Not JSON.
    MalformedJson = "malformed_json" < MalformedBody;
    /// Another type than the endpoint reads.
    WrongContentType = "wrong_content_type";
    /// Another method.
    WrongMethod = "wrong_method";
    /// Parameters in the query.
    QueryRefused = "query_refused" < MalformedBody;
    /// No client named itself.
    ClientMissing = "client_missing";
    /// Unknown, wrong or disabled.
    ClientBad = "client_bad";
    /// It named itself without its secret.
    ClientSecretMissing = "client_secret_missing" < ClientBad;
    /// Two credentials.
    ClientConflict = "client_conflict" < ClientBad;
    /// Unknown, wrong or disabled.
    UserBad = "user_bad";
    /// The right password of somebody who is disabled or suspended.
    UserInactive = "user_inactive" < UserBad;
    /// It vouches for nobody here.
    AssertionBad = "assertion_bad" < UserBad;
    /// No such refresh token, or it was called back.
    RefreshBad = "refresh_bad";
    /// Not a refresh token of any spelling.
    RefreshMalformed = "refresh_malformed" < RefreshBad;
    /// It has ended.
    RefreshExpired = "refresh_expired" < RefreshBad;
    /// It was used before, or a newer sign-in took its place.
    RefreshUsed = "refresh_used" < RefreshBad;
    /// It is another client's.
    RefreshForeign = "refresh_foreign" < RefreshBad;
    /// A token that cannot be refreshed at all.
    RefreshImpossible = "refresh_impossible" < RefreshBad;
    /// No such code, or it was called back.
    CodeBad = "code_bad";
    /// It has ended.
    CodeExpired = "code_expired" < CodeBad;
    /// It was used before.
    CodeUsed = "code_used" < CodeBad;
    /// It is another client's.
    CodeForeign = "code_foreign" < CodeBad;
    /// It was sent to another redirect URI.
    RedirectMismatch = "redirect_mismatch" < CodeBad;
    /// The proof that goes with it is wrong.
    VerifierBad = "verifier_bad" < CodeBad;
    /// A scope that cannot be granted.
    ScopeBad = "scope_bad";
    /// No scope is left.
    ScopeEmpty = "scope_empty" < ScopeBad;
    /// No such bot.
    BotUnknown = "bot_unknown" < BadParameter;
    /// Another client's bot.
    BotForeign = "bot_foreign" < BotUnknown;
    /// At the authorization endpoint: the person, or the server, said no.
    AccessDenied = "access_denied";
    /// At the authorization endpoint: a response type that is not served.
    ResponseTypeBad = "response_type_bad";
    /// Too many tries.
    TooMany = "too_many";
    /// Larger than the endpoint reads.
    TooLarge = "too_large";
    /// The store or the hashing pool cannot answer.
    Unavailable = "unavailable";
    /// A fault of ours.
    Internal = "internal";
    /// API: no route.
    NotFound = "not_found";
    /// API: no such version.
    VersionBad = "version_bad" < NotFound;
    /// API: a body of a type that it does not take.
    MediaBad = "unsupported_media";
    /// API: no access line for the method.
    MethodNotAllowed = "method_not_allowed";
    /// API: no credential.
    TokenMissing = "token_missing";
    /// API: two credentials.
    TokenAmbiguous = "token_ambiguous";
    /// API: not a valid token.
    TokenBad = "token_bad";
    /// API: no token of any spelling.
    TokenMalformed = "token_malformed" < TokenBad;
    /// API: past its end.
    TokenExpired = "token_expired" < TokenBad;
    /// API: before its beginning.
    TokenNotYet = "token_not_yet" < TokenBad;
    /// API: called back.
    TokenRevoked = "token_revoked" < TokenBad;
    /// API: called back with everything of its user.
    UserGone = "user_gone" < TokenRevoked;
    /// API: an application's key, and no token.
    TokenKindWrong = "token_kind_wrong" < TokenBad;
    /// API: a scope is missing.
    ScopeMissing = "scope_missing";
    /// API: the token has no user.
    UserRequired = "user_required" < ScopeMissing;
    /// API: too often, and only waiting for more than a minute helps.
    RateHour = "rate_hour" < RateLimited;
    /// API: it cannot be told.
    CannotTell = "cannot_tell";
    /// API: this caller asked too much.
    RateLimited = "rate_limited";
    /// API: all callers together did.
    Busy = "busy" < CannotTell;
    /// API: the service behind the gateway gives no answer; only tables that have this row
    /// speak of it.
    UpstreamDown = "upstream_down";
}

impl Fault {
    /// The fault of that word.
    pub fn parse(word: &str) -> Option<Fault> {
        Fault::ALL.iter().copied().find(|fault| fault.as_str() == word)
    }

    /// True for those of the API.
    pub fn is_of_the_api(self) -> bool {
        self >= Fault::NotFound
    }
}

impl Condition {
    /// Its name in a table.
    pub fn fault(&self) -> Fault {
        match self {
            Condition::MissingGrant => Fault::MissingGrant,
            Condition::UnsupportedGrant => Fault::UnsupportedGrant,
            Condition::UnknownGrant => Fault::UnknownGrant,
            Condition::ExtensionGrant => Fault::ExtensionGrant,
            Condition::GrantNotAllowed => Fault::GrantNotAllowed,
            Condition::MissingParameter(name) => match &**name {
                "username" => Fault::MissingUsername,
                "password" => Fault::MissingPassword,
                "refresh_token" => Fault::MissingRefreshToken,
                "code" => Fault::MissingCode,
                _ => Fault::MissingParameter,
            },
            Condition::BadParameter(_) => Fault::BadParameter,
            Condition::DuplicateParameter(_) => Fault::DuplicateParameter,
            Condition::MalformedBody(_) => Fault::MalformedBody,
            Condition::MalformedJson => Fault::MalformedJson,
            Condition::WrongContentType => Fault::WrongContentType,
            Condition::WrongMethod(_) => Fault::WrongMethod,
            Condition::QueryRefused => Fault::QueryRefused,
            Condition::ClientMissing => Fault::ClientMissing,
            Condition::ClientBad => Fault::ClientBad,
            Condition::ClientSecretMissing => Fault::ClientSecretMissing,
            Condition::ClientConflict => Fault::ClientConflict,
            Condition::UserBad => Fault::UserBad,
            Condition::UserInactive => Fault::UserInactive,
            Condition::AssertionBad => Fault::AssertionBad,
            Condition::RefreshBad => Fault::RefreshBad,
            Condition::RefreshMalformed => Fault::RefreshMalformed,
            Condition::RefreshExpired => Fault::RefreshExpired,
            Condition::RefreshReplayed | Condition::RefreshSuperseded => Fault::RefreshUsed,
            Condition::RefreshForeign => Fault::RefreshForeign,
            Condition::RefreshImpossible => Fault::RefreshImpossible,
            Condition::CodeBad => Fault::CodeBad,
            Condition::CodeExpired => Fault::CodeExpired,
            Condition::CodeForeign => Fault::CodeForeign,
            Condition::CodeReplayed => Fault::CodeUsed,
            Condition::RedirectMismatch => Fault::RedirectMismatch,
            Condition::VerifierBad => Fault::VerifierBad,
            Condition::ScopeBad => Fault::ScopeBad,
            Condition::ScopeEmpty => Fault::ScopeEmpty,
            Condition::BotUnknown => Fault::BotUnknown,
            Condition::BotForeign => Fault::BotForeign,
            Condition::TooMany(_) => Fault::TooMany,
            Condition::TooLarge => Fault::TooLarge,
            Condition::Unavailable(_) => Fault::Unavailable,
            Condition::Internal => Fault::Internal,
        }
    }
}

impl Challenge {
    /// Its name in a table.
    pub fn fault(&self) -> Fault {
        match self {
            Challenge::NotFound => Fault::NotFound,
            Challenge::VersionBad => Fault::VersionBad,
            Challenge::MediaBad => Fault::MediaBad,
            Challenge::MethodNotAllowed(_) => Fault::MethodNotAllowed,
            Challenge::TokenMissing => Fault::TokenMissing,
            Challenge::RequestBad(_) => Fault::TokenAmbiguous,
            Challenge::TokenBad(Badness::Malformed) => Fault::TokenMalformed,
            Challenge::TokenBad(Badness::Expired) => Fault::TokenExpired,
            Challenge::TokenBad(Badness::NotYet) => Fault::TokenNotYet,
            Challenge::TokenBad(Badness::Revoked) => Fault::TokenRevoked,
            Challenge::TokenBad(Badness::UserGone) => Fault::UserGone,
            Challenge::TokenBad(Badness::WrongKind) => Fault::TokenKindWrong,
            Challenge::TokenBad(Badness::Invalid) => Fault::TokenBad,
            Challenge::ScopeMissing(_) => Fault::ScopeMissing,
            Challenge::UserRequired => Fault::UserRequired,
            Challenge::RateLimited(wait) if wait.0 > MINUTE => Fault::RateHour,
            Challenge::CannotTell(_) => Fault::CannotTell,
            Challenge::RateLimited(_) => Fault::RateLimited,
            Challenge::Busy(_) => Fault::Busy,
        }
    }
}
