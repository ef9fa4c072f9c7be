//! The home page: the way to everything else, for whoever is signed in. Shows only the
//! ways that are open to him.

use crate::dialect::wire::RawRequest;
use crate::oauth::answer::Answer;
use crate::oauth::application::waiting;
use crate::oauth::authorize::endpoint::Visit;
use crate::oauth::authorize::error::Dead;
use crate::oauth::person::guard::{Begin, begin, show};
use crate::oauth::person::next::Next;
use crate::oauth::person::role::Role;
use crate::oauth::store::Store;
use crate::oauth::view::{Freshness, Home, View};

/// Answers one request to the home page, which has no form.
pub(super) async fn answer<S: Store, P>(visit: &Visit<'_, S, P>, raw: &RawRequest) -> Result<Answer, Dead> {
    let signed = match begin(visit, raw, Next::Account).await? {
        Begin::Elsewhere(answer) => return Ok(*answer),
        Begin::Look(signed, _) | Begin::Act(signed, _, _) => signed,
    };
    let role = Role::of(&signed.user, &visit.people.applications);
    let waiting = match role {
        Role::Admin => Some(waiting(visit.service, visit.desk.issuer).await?.len()),
        Role::Developer | Role::User => None,
    };
    let home = Home { develops: role != Role::User, waiting };
    Ok(show(View::Home(home), Freshness::Fresh))
}
