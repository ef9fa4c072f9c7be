//! Notices about what this issuer gave out, and whether one already covers a family.
//! `until` is when the last access token it can name has ended by itself, on every
//! clock that is allowed to be off: after that the notice may be forgotten.

use crate::clock::{Seconds, UnixTime};
use crate::oauth::issuer::Issuer;
use crate::oauth::store::Family;
use crate::revocation::list::List;
use crate::revocation::notice::Notice;
use crate::token::handle::{Handle, HandleKind, Handles};
use crate::token::id::{ClientId, FamilyId};

/// The most that another clock may be off before a token is refused anyway.
const SKEW_MOST: Seconds = Seconds(60);

/// How long what is remembered of a token without end is believed elsewhere before
/// the store is asked again, with room to spare.
const ENDLESS: Seconds = Seconds(600);

/// How long an access token issued now can be presented.
fn life(issuer: &Issuer) -> Seconds {
    issuer.token.lifetime.unwrap_or(ENDLESS)
}

/// Calls back one token.
pub(in crate::oauth) fn of_token(issuer: &Issuer, token: Handle, expires: Option<UnixTime>, now: UnixTime) -> Notice {
    // A token without end is a row, and the store deletes it; the notice covers those
    // who may have seen the row before.
    let end = expires.unwrap_or_else(|| now.after(life(issuer)));
    notice(issuer, HandleKind::Token, token, end)
}

/// Calls back every token of a grant.
pub(in crate::oauth) fn of_family(issuer: &Issuer, family: FamilyId, now: UnixTime) -> Notice {
    let handle = Handle::of_family(&issuer.name, &family);
    notice(issuer, HandleKind::Family, handle, now.after(life(issuer)))
}

/// Calls back every token that a client has got so far.
pub(in crate::oauth) fn of_client(issuer: &Issuer, client: &ClientId, now: UnixTime) -> Notice {
    let handle = Handle::of_client(&issuer.name, client);
    Notice { issued_before: Some(now), ..notice(issuer, HandleKind::Client, handle, now.after(life(issuer))) }
}

/// When the last access token that is out now has ended, on every clock.
pub(in crate::oauth) fn last_end(issuer: &Issuer, now: UnixTime) -> UnixTime {
    now.after(life(issuer)).after(SKEW_MOST)
}

/// Whether a notice covers the family.
pub(in crate::oauth) fn covered(list: &List, family: &Family) -> bool {
    // A family is asked for like a token that was issued when the family began.
    let handles = Handles {
        token: family.handles.family,
        family: Some(family.handles.family),
        user: Some(family.handles.user),
        client: Some(family.handles.client),
        key: None,
        issuer: family.handles.issuer,
    };
    list.revoked(&handles, Some(family.opened))
}

fn notice(issuer: &Issuer, kind: HandleKind, handle: Handle, end: UnixTime) -> Notice {
    Notice { kind, issuer: issuer.name.clone(), handle, issued_before: None, until: end.after(SKEW_MOST) }
}
