//! How long an admitted exchange may go on. A request is judged when it begins; one that
//! lasts (a WebSocket, a stream, a long download) outlives that judgement, so what it
//! rests on is kept here and asked again: the token's end, the revocation list, and, where
//! its person took scopes back, whether what is left is enough. Routes and rules are not
//! asked again: they are of the world in which the exchange began.

use std::sync::Arc;

use crate::access::permit::Permit;
use crate::access::policy::Policy;
use crate::access::rule::Rule;
use crate::access::verifier;
use crate::clock::{Seconds, UnixTime};
use crate::revocation::list::List;
use crate::token::claims::Claims;
use crate::token::scope::Scopes;

/// Why an exchange may not go on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ending {
    /// Its token's end has come.
    Expired,
    /// Its token was called back.
    Revoked,
    /// The person behind it took back scopes that it needs.
    Narrowed,
}

impl Ending {
    /// Every ending, in the order of `index`.
    pub const ALL: [Ending; 3] = [Ending::Expired, Ending::Revoked, Ending::Narrowed];

    /// Its place in `ALL`.
    pub fn index(self) -> usize {
        match self {
            Ending::Expired => 0,
            Ending::Revoked => 1,
            Ending::Narrowed => 2,
        }
    }

    /// The word in metrics.
    pub fn label(self) -> &'static str {
        match self {
            Ending::Expired => "expired",
            Ending::Revoked => "revoked",
            Ending::Narrowed => "narrowed",
        }
    }

    /// One sentence for the caller.
    pub fn sentence(self) -> &'static str {
        match self {
            Ending::Expired => "the access token has expired",
            Ending::Revoked => "the access token was revoked",
            Ending::Narrowed => "the consent behind the access token no longer covers this",
        }
    }
}

/// What an exchange's right to go on rests on.
#[derive(Clone, Debug)]
pub struct Tenure {
    claims: Arc<Claims>,
    leeway: Seconds,
    /// What its scopes are asked again by; `None`: they are not.
    needs: Option<Needs>,
}

/// What an exchange needs of the scopes that are left.
#[derive(Clone, Debug)]
struct Needs {
    permit: Permit,
    policy: Arc<Policy>,
}

impl Needs {
    /// Whether a token of which so much is left would pass where this one did.
    fn are_met(&self, claims: &Claims, left: &Scopes) -> bool {
        let alternatives = match self.permit.rule() {
            None | Some(Rule::Public) => return true,
            Some(Rule::Bearer(alternatives) | Rule::Person(alternatives) | Rule::Application(alternatives)) => {
                alternatives
            }
        };
        let Some(profile) = self.policy.profiles.get(claims.issuer) else { return false };
        let scopes = verifier::narrowed(claims, left, profile, &self.policy).scopes;
        alternatives.iter().any(|alternative| scopes.covers(&alternative.set))
    }
}

impl Tenure {
    /// That of an admitted request; `None` where it passed without a token.
    pub fn of(permit: &Permit, policy: &Arc<Policy>) -> Option<Tenure> {
        let claims = permit.claims()?;
        // A profile that is gone was this world's all the same, so this never guesses.
        let leeway = policy.profiles.get(claims.issuer).map_or(Seconds(0), |profile| profile.leeway);
        let needs = Needs { permit: permit.clone(), policy: Arc::clone(policy) };
        Some(Tenure { needs: Some(needs), ..Tenure::new(Arc::clone(claims), leeway) })
    }

    /// Rests on these claims, whose end is taken `leeway` later, whatever their scopes.
    pub fn new(claims: Arc<Claims>, leeway: Seconds) -> Tenure {
        Tenure { claims, leeway, needs: None }
    }

    /// The first second in which it has expired; `None`: it never does by itself.
    pub fn end(&self) -> Option<UnixTime> {
        self.claims.expires.map(|end| end.after(self.leeway))
    }

    /// Why it may not go on at `now`; `None`: it may.
    pub fn ended(&self, revoked: &List, now: UnixTime) -> Option<Ending> {
        if self.end().is_some_and(|end| end <= now) {
            return Some(Ending::Expired);
        }
        if revoked.revoked(&self.claims.handles, self.claims.issued_at) {
            return Some(Ending::Revoked);
        }
        let (needs, left) = (self.needs.as_ref()?, revoked.left(&self.claims.handles)?);
        (!needs.are_met(&self.claims, &left)).then_some(Ending::Narrowed)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{Ending, Tenure};
    use crate::clock::{Seconds, UnixTime};
    use crate::revocation::list::List;
    use crate::revocation::notice::Notice;
    use crate::token::claims::Claims;
    use crate::token::handle::{Handle, HandleKind};
    use crate::token::id::IssuerName;

    fn tenure(expires: Option<u64>) -> Tenure {
        let mut claims = Claims::bare("ana");
        claims.issued_at = Some(UnixTime(100));
        claims.expires = expires.map(UnixTime);
        claims.handles.user = Some(Handle(7));
        Tenure::new(Arc::new(claims), Seconds(5))
    }

    #[test]
    fn lasts_to_its_end_and_its_leeway() {
        let list = List::new([1; 32]);
        let tenure = tenure(Some(200));
        assert_eq!(tenure.end(), Some(UnixTime(205)));
        assert_eq!(tenure.ended(&list, UnixTime(204)), None);
        assert_eq!(tenure.ended(&list, UnixTime(205)), Some(Ending::Expired));
    }

    #[test]
    fn a_notice_about_one_of_its_handles_ends_it_and_others_do_not() {
        let list = List::new([1; 32]);
        let tenure = tenure(None);
        let cut = |handle| Notice {
            kind: HandleKind::User,
            issuer: IssuerName::new("main"),
            handle: Handle(handle),
            issued_before: Some(UnixTime(150)),
            until: UnixTime(10_000),
        };
        list.add(&cut(8));
        assert_eq!(tenure.ended(&list, UnixTime(u64::MAX)), None);
        list.add(&cut(7));
        assert_eq!(tenure.ended(&list, UnixTime(160)), Some(Ending::Revoked));
    }
}
