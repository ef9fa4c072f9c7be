//! What the bearer of a live access token may know of it, as some old systems tell. The
//! token itself is the credential; about any other nothing is said but that it is not
//! valid.

use http::header::AUTHORIZATION;

use crate::clock::UnixTime;
use crate::dialect::condition::Condition;
use crate::dialect::fact::{Fact, Facts};
use crate::dialect::issued::{ActiveToken, names};
use crate::dialect::knobs::Seat;
use crate::dialect::params::decode;
use crate::dialect::wire::RawRequest;
use crate::oauth::answer::{Answer, Refused};
use crate::oauth::inspect::{Found, find};
use crate::oauth::introspect::live_access;
use crate::oauth::service::{Desk, Service};
use crate::oauth::store::{Directory, GrantStore};
use crate::oauth::user::PasswordCheck;
use crate::token::secret::Secret;

/// The query parameter that may hold the token (RFC 6750 §2.3).
const PARAMETER: &str = "access_token";

/// Answers one request to the token information endpoint.
pub(in crate::oauth) async fn answer<S: GrantStore + Directory, P: PasswordCheck>(
    service: &Service<S, P>,
    desk: Desk<'_>,
    seat: &Seat,
    raw: &RawRequest,
    now: UnixTime,
) -> Result<Answer, Refused> {
    seat.answers(raw)?;
    // A token that is not good is answered like none: nothing is said about it.
    let nothing = || Refused::from(Condition::MissingParameter(PARAMETER.into()));
    let token = presented(raw, &desk.dialect.schemes)?.ok_or_else(nothing)?;
    let found = match find(&service.store, desk, &token).await? {
        Some(Found::Access(access)) => live_access(service, desk, *access, now),
        Some(Found::Refresh(_)) | None => None,
    };
    let token = found.ok_or_else(nothing)?;
    Ok(Answer::plain(desk.dialect.informed(&raw.headers, &Told { token, now })))
}

/// The one token of the request: in the header, or in the query.
fn presented(raw: &RawRequest, schemes: &[Box<str>]) -> Result<Option<Secret>, Condition> {
    let mut lines = raw.headers.get_all(AUTHORIZATION).iter();
    let line = lines.next().and_then(|line| line.to_str().ok()).and_then(|line| line.split_once(' '));
    let known = |scheme: &str| match schemes {
        [] => scheme.eq_ignore_ascii_case("Bearer"),
        schemes => schemes.iter().any(|known| scheme.eq_ignore_ascii_case(known)),
    };
    let header = line.filter(|(scheme, _)| known(scheme)).map(|(_, token)| token.trim().to_owned());
    let pairs = raw.query.as_deref().unwrap_or("").split('&').filter_map(|pair| pair.split_once('='));
    let mut asked = pairs.filter(|(name, _)| *name == PARAMETER).map(|(_, value)| decode(value.as_bytes()));
    let query = asked.next().transpose()?;
    if lines.next().is_some() || asked.next().is_some() || (header.is_some() && query.is_some()) {
        return Err(Condition::DuplicateParameter(PARAMETER.to_owned()));
    }
    Ok(header.or(query).filter(|token| !token.is_empty()).map(Secret::new))
}

struct Told {
    token: ActiveToken,
    now: UnixTime,
}

impl Facts for Told {
    fn fact(&self, name: &str) -> Fact {
        let token = &self.token;
        let of_user = |text: &str| if token.username.is_some() { Fact::Text(text.to_owned()) } else { Fact::Nothing };
        match name {
            "scope" => Fact::Text(token.scope.to_string()),
            "scopes" => names(&token.scope),
            "client.id" => Fact::Text(token.client.as_str().to_owned()),
            "user.name" => Fact::maybe(token.username.as_ref().map(|name| name.as_str())),
            "user.id" => of_user(token.subject.as_str()),
            "issued_at" => token.issued.map_or(Fact::Nothing, Fact::Time),
            "expires_at" => token.expires.map_or(Fact::Nothing, Fact::Time),
            "issuer" => Fact::Text(token.issuer.clone()),
            "token_id" => Fact::maybe(token.id.as_deref()),
            _ => Fact::Nothing,
        }
    }

    fn now(&self) -> UnixTime {
        self.now
    }
}
