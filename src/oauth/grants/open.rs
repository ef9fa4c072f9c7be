//! The end of every grant that begins something: an access token, and a family with
//! its first refresh token where there is one. One call of the store makes both
//! durable before anybody is told.

use crate::dialect::issued::{Issued, Party};
use crate::oauth::answer::Refused;
use crate::oauth::audit::AuditEvent;
use crate::oauth::client::GrantKind;
use crate::oauth::issue::{Bearer, RefreshPart, mint};
use crate::oauth::issuer::{MachineRefresh, Sessions};
use crate::oauth::reuse::Wish;
use crate::oauth::service::Case;
use crate::oauth::store::GrantStore;
use crate::random::bytes;
use crate::token::id::{FamilyId, Subject, UserName};
use crate::token::scope::Scopes;

/// What is granted to whom.
#[derive(Clone, Copy, Debug)]
pub(in crate::oauth) struct Opened<'a> {
    pub(in crate::oauth) subject: &'a Subject,
    /// The name he signed in with; empty for a client or a bot.
    pub(in crate::oauth) user: &'a UserName,
    pub(in crate::oauth) scopes: &'a Scopes,
    pub(in crate::oauth) party: &'a Party,
    pub(in crate::oauth) refresh: MachineRefresh,
}

/// Makes the tokens and stores what has to be stored.
pub(in crate::oauth) async fn open<S: GrantStore, P>(
    case: &Case<'_, S, P>,
    what: Opened<'_>,
    grant: GrantKind,
) -> Result<(Issued, AuditEvent), Refused> {
    let issuer = case.desk.issuer;
    let family = (what.refresh == MachineRefresh::Issued).then(|| {
        // The number is public (it stands in the token), so chance only keeps it unique.
        FamilyId(bytes(&*case.service.random))
    });
    let Opened { subject, scopes, party, .. } = what;
    let bearer = Bearer { subject, client: &case.client.id, scopes, family, party };
    let wish = Wish::of(case, &bearer).filter(|_| family.is_none());
    if let Some(wish) = &wish
        && let Some(issued) = wish.granted(case, party).await?
    {
        return Ok((issued, bearer.event(case, "token_given_again", grant)));
    }
    let mut minted = mint(case, &bearer)?;
    let row = minted.row.take();
    let refresh = match family {
        None => {
            match (row, &wish) {
                (Some(row), Some(wish)) => {
                    case.service.store.put_reusable(wish.keep(case, &minted.token, row)?).await?;
                }
                (Some(row), None) => case.service.store.put_access(row).await?,
                (None, _) => {}
            }
            None
        }
        Some(id) => {
            let family = bearer.opened_family(issuer, id, what.user, minted.issued);
            let first = RefreshPart::mint(case, &bearer, family.expires)?;
            let machine = what.user.as_str().is_empty();
            let sessions = if machine { Sessions::Many } else { issuer.refresh.sessions };
            case.service.store.open_family(family, first.row, row, sessions).await?;
            Some(first.token)
        }
    };
    let event = bearer.issued_event(case, grant);
    Ok((minted.issued(case, &bearer, refresh), event))
}
