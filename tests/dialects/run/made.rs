//! What an issuer and its dialect come to once they are compiled, as a text: two that come
//! to the same text do the same. A table of refusals is what it says about everything that
//! can be wrong, so a row that repeats the standard's words is no difference; words for
//! people that nothing sends are none either.

use http::header::ACCEPT;
use http::{HeaderMap, HeaderValue, StatusCode};
use tollgate::access::profile::TokenProfile;
use tollgate::clock::{Seconds, UnixTime};
use tollgate::dialect::challenge::Told;
use tollgate::dialect::condition::{Badness, Challenge, Condition};
use tollgate::dialect::endpoint::Endpoint;
use tollgate::dialect::fact::Fact;
use tollgate::dialect::fault::Fault;
use tollgate::dialect::issued::{Issued, Making, Party};
use tollgate::dialect::knobs::Seat;
use tollgate::dialect::{Dialect, challenge};
use tollgate::oauth::issuer::{Issuer, TokenReuse};
use tollgate::token::scope::{Scope, Scopes};
use tollgate::token::secret::Secret;

/// A scope with whatever a stack may escape.
const SHARP: &str = "a/b<c>&d";

/// What an issuer comes to.
pub fn issuer(issuer: &Issuer) -> String {
    let Issuer { base, token, refresh, keys, catalogue, default_scopes, scope_rules, dialect, .. } = issuer;
    let names: Vec<&Scope> = catalogue.iter().map(|(scope, _)| scope).collect();
    format!(
        "{base:?}{token:?}{refresh:?}{keys:?}{names:?}{default_scopes:?}{scope_rules:?}{}",
        speech(dialect, token.reuse)
    )
}

/// What the profile of its tokens comes to.
pub fn profile(profile: &TokenProfile) -> String {
    let TokenProfile { name, issuer_url, audience, types, require, claims, implies, leeway, .. } = profile;
    let TokenProfile { opaque, endless, looks, subjects, application_keys, .. } = profile;
    let keys = application_keys.len();
    format!(
        "{name:?}{issuer_url:?}{audience:?}{types:?}{require:?}{claims:?}{implies:?}{leeway:?}\
         {opaque:?}{endless:?}{looks:?}{subjects:?}{keys}"
    )
}

/// How a dialect reads, hands over and refuses.
fn speech(dialect: &Dialect, reuse: TokenReuse) -> String {
    let Dialect { reading, revoked, info, schemes, headers, query, form, answer_headers, .. } = dialect;
    let mut out = format!("{reading:?}{revoked:?}{info:?}{schemes:?}{headers:?}{query:?}{form:?}{answer_headers:?}");
    out += &format!("{:?}{:?}", dialect.bodies, dialect.versions);
    for seat in &dialect.seats {
        out += &format!("{:?}", Seat { refusals: None, success: None, ..seat.clone() });
        let forms = &seat.success.as_ref().unwrap_or(&dialect.success).forms;
        for media in forms.iter().map(|form| &form.media).filter(|_| seat.endpoint == Endpoint::Token) {
            let asked = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_str(media).expect("a type"))]);
            for issued in handed_over(seat, reuse) {
                out += &format!("{:?}", dialect.issued(seat, &asked, &issued));
                out += &format!("{:?}", dialect.issued_several(seat, &asked, &[issued]));
            }
        }
    }
    let seats = dialect.seats.iter().map(Some).chain([None]);
    for seat in seats {
        let table = seat.and_then(|seat| seat.refusals.as_ref()).unwrap_or(&dialect.refusals);
        for media in table.pens.iter().map(|pen| &pen.media) {
            let asked = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_str(media).expect("a type"))]);
            for condition in conditions() {
                out += &format!("{condition:?}: {:?}", dialect.refused(seat, &condition, &asked, "realm"));
            }
        }
    }
    let told = Told { status: StatusCode::BAD_GATEWAY, code: "bad_gateway", text: "no answer", wait: None };
    out += &format!("{:?}", challenge::failed(dialect, Fault::UpstreamDown, told, "realm"));
    for challenge in challenges(dialect) {
        out += &format!("{challenge:?}: {:?}", challenge::write(dialect, &challenge, "realm"));
    }
    out
}

/// Tokens that a seat may hand over: with and without what may be missing. Where only
/// refresh tokens are taken, there is always one to give; only a token that is given again
/// is told later than it was made.
fn handed_over(seat: &Seat, reuse: TokenReuse) -> Vec<Issued> {
    let later = if reuse == TokenReuse::Live { 32 } else { 0 };
    let party = |names: &[&str]| {
        let mut party = Party::default();
        for name in ["client.id", "token_number"].iter().chain(names) {
            party.add(*name, if *name == "token_number" { Fact::Number(77) } else { Fact::Text((*name).to_owned()) });
        }
        party
    };
    let refreshes = seat.grants.iter().any(|grant| &**grant != "refresh_token") || seat.grants.is_empty();
    let mut out = Vec::new();
    for who in [&["user.id", "user.name", "user.email"][..], &["bot.id"], &[]] {
        for (refresh, expires_in) in [(true, true), (true, false), (false, true), (false, false)] {
            if refresh || refreshes {
                out.push(Issued {
                    access: Secret::new("the access token".to_owned()),
                    issued: UnixTime(1_000_000_000),
                    told: UnixTime(1_000_000_000 + later),
                    making: Making::New,
                    expires_in: expires_in.then_some(Seconds(3_600)),
                    refresh: refresh.then(|| Secret::new("the refresh token".to_owned())),
                    id_token: None,
                    scope: Scopes::parse(&format!("one {SHARP}")).expect("scopes"),
                    party: party(who),
                });
            }
        }
    }
    out
}

/// Everything that can be wrong with a request to an endpoint.
fn conditions() -> Vec<Condition> {
    let mut out = vec![
        Condition::MissingGrant,
        Condition::UnsupportedGrant,
        Condition::UnknownGrant,
        Condition::ExtensionGrant,
        Condition::GrantNotAllowed,
        Condition::DuplicateParameter(String::new()),
        Condition::DuplicateParameter("scope".to_owned()),
        Condition::MalformedBody("broken"),
        Condition::MalformedJson,
        Condition::QueryRefused,
        Condition::WrongContentType,
        Condition::WrongMethod("POST".into()),
        Condition::ClientMissing,
        Condition::ClientBad,
        Condition::ClientSecretMissing,
        Condition::ClientConflict,
        Condition::UserBad,
        Condition::UserInactive,
        Condition::CodeBad,
        Condition::CodeExpired,
        Condition::CodeForeign,
        Condition::CodeReplayed,
        Condition::RedirectMismatch,
        Condition::VerifierBad,
        Condition::AssertionBad,
        Condition::RefreshBad,
        Condition::RefreshMalformed,
        Condition::RefreshExpired,
        Condition::RefreshSuperseded,
        Condition::RefreshForeign,
        Condition::RefreshImpossible,
        Condition::RefreshReplayed,
        Condition::ScopeBad,
        Condition::ScopeEmpty,
        Condition::BotUnknown,
        Condition::BotForeign,
        Condition::TooMany(Seconds(7)),
        Condition::TooLarge,
        Condition::Unavailable(Seconds(7)),
        Condition::Internal,
    ];
    for name in ["username", "password", "refresh_token", "token", "bots", "assertion", "code"] {
        out.push(Condition::MissingParameter(name.into()));
        out.push(Condition::BadParameter(name.into()));
    }
    out
}

/// Everything that can be wrong with a request to the API.
fn challenges(dialect: &Dialect) -> Vec<Challenge> {
    let badness = [
        Badness::Malformed,
        Badness::Expired,
        Badness::NotYet,
        Badness::Revoked,
        Badness::UserGone,
        Badness::WrongKind,
        Badness::Invalid,
    ];
    let some = dialect.scope_texts.iter().map(|(scope, _)| scope.clone()).take(2);
    let sharp = Scope::parse(SHARP).expect("a scope");
    let needed: Scopes = some.chain([sharp]).collect();
    let rest = [
        Challenge::NotFound,
        Challenge::VersionBad,
        Challenge::MediaBad,
        Challenge::MethodNotAllowed("GET".to_owned()),
        Challenge::TokenMissing,
        Challenge::RequestBad("two"),
        Challenge::ScopeMissing(needed),
        Challenge::UserRequired,
        Challenge::RateLimited(Seconds(1)),
        Challenge::RateLimited(Seconds(3_000)),
        Challenge::Busy(Seconds(7)),
        Challenge::CannotTell(Seconds(7)),
    ];
    badness.map(Challenge::TokenBad).into_iter().chain(rest).collect()
}
