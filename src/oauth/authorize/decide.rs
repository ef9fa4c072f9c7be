//! What comes next for a request for authorization: a sign-in, a question, a code or a
//! refusal. One pure function, asked again at every step with what is known by then,
//! so that no page decides and no form can skip one.

use crate::clock::UnixTime;
use crate::oauth::authorize::consent;
use crate::oauth::authorize::error::AuthorizeError;
use crate::oauth::authorize::request::Request;
use crate::oauth::authorize::store::Consent;
use crate::oauth::client::Client;
use crate::oauth::issuer::Issuer;
use crate::oauth::user::User;
use crate::oauth::visitor::Person;
use crate::token::scope::Scopes;
use crate::token::secret::SecretDigest;

/// What is known when it is decided.
#[derive(Clone, Copy, Debug)]
pub(in crate::oauth) struct Known<'a> {
    pub(in crate::oauth) issuer: &'a Issuer,
    pub(in crate::oauth) client: &'a Client,
    pub(in crate::oauth) request: &'a Request,
    pub(in crate::oauth) phase: Phase,
    /// Who has signed in, as the issuer knows him now.
    pub(in crate::oauth) person: Option<(&'a Person, &'a User)>,
    /// What he granted before.
    pub(in crate::oauth) before: Option<&'a Consent>,
    pub(in crate::oauth) now: UnixTime,
}

/// Where in its life the request is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::oauth) enum Phase {
    /// It has just come.
    Fresh,
    /// It has waited for a page; a session that was there before and will not do.
    Waited { stale: Option<SecretDigest> },
}

/// What comes next.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::oauth) enum Step {
    /// The person signs in; with `stale`, anew.
    SignIn { stale: Option<SecretDigest> },
    /// The person is asked about these.
    Consent(Scopes),
    /// A code for these is sent.
    Grant(Scopes),
    /// The application is told this.
    Refuse(AuthorizeError),
}

/// Decides.
pub(in crate::oauth) fn decide(known: &Known<'_>) -> Step {
    let Known { issuer, client, request, .. } = *known;
    // A wish that nobody can grant is refused before anybody signs in for it.
    if let Err(error) = consent::wish(issuer, client, request, None) {
        return Step::Refuse(error);
    }
    let silent = request.prompt.silent;
    let stale = match known.phase {
        Phase::Fresh => None,
        Phase::Waited { stale } => stale,
    };
    let user = match known.person {
        Some((person, user)) if is_recent(known, person) => user,
        Some(_) | None if silent => return Step::Refuse(AuthorizeError::LoginRequired),
        Some((person, _)) => return Step::SignIn { stale: Some(person.session) },
        None => return Step::SignIn { stale },
    };
    let wish = match consent::wish(issuer, client, request, Some(user)) {
        Ok(wish) => wish,
        Err(error) => return Step::Refuse(error),
    };
    match consent::remembered(issuer, client, request, &wish, known.before) {
        Some(scopes) => Step::Grant(scopes),
        None if silent => Step::Refuse(AuthorizeError::ConsentRequired),
        None => Step::Consent(wish),
    }
}

/// Whether the sign-in is as recent as the request wants it; none is as recent as
/// `max_age=0`, which asks for a new one (OpenID Connect Core §3.1.2.1). Once the request has
/// waited, every session will do but the one that was there before.
fn is_recent(known: &Known<'_>, person: &Person) -> bool {
    let request = known.request;
    match known.phase {
        Phase::Waited { stale } => stale != Some(person.session),
        Phase::Fresh => {
            let age = known.now.since(person.signed_in);
            !request.prompt.sign_in && request.max_age.is_none_or(|most| most.0 > 0 && age <= most)
        }
    }
}
