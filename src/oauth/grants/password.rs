//! RFC 6749 §4.3: a person's password, handed over by a client that is trusted with
//! it. RFC 9700 §2.4 forbids it, so it works only for clients that name it. How the
//! password is judged is the same as at the sign-in page.

use crate::oauth::answer::Refused;
use crate::oauth::audit::AuditEvent;
use crate::oauth::client::GrantKind;
use crate::oauth::grants::open::{Opened, open};
use crate::oauth::grants::scope;
use crate::oauth::issue::Granted;
use crate::oauth::issuer::MachineRefresh;
use crate::oauth::party;
use crate::oauth::service::Case;
use crate::oauth::sign_in::{Attempt, sign_in};
use crate::oauth::store::{Directory, GrantStore};
use crate::oauth::user::PasswordCheck;
use crate::token::secret::Secret;

/// Tokens for the person, and a family if the client may refresh.
pub(in crate::oauth) async fn grant<S: GrantStore + Directory, P: PasswordCheck>(
    case: &Case<'_, S, P>,
    username: &str,
    password: &Secret,
    asked: Option<&[String]>,
) -> Result<Granted, Refused> {
    let issuer = case.desk.issuer;
    let event = AuditEvent::new(Attempt::EVENT, &issuer.name).client(&case.client.id).grant(GrantKind::Password);
    let attempt = Attempt { username, password, peer: case.raw.peer, now: case.now, event };
    let user = sign_in(case.service, issuer, &attempt).await?;
    let most = scope::ceiling(issuer, case.client, Some(&user));
    let scopes = scope::choose(issuer, asked, issuer.default_scopes.as_ref(), &most)?;
    let party = party::of(case.client, Some(&user), None);
    let may = case.client.grants.contains(&GrantKind::RefreshToken);
    let refresh = if may { MachineRefresh::Issued } else { MachineRefresh::Never };
    let opened = Opened { subject: &user.subject, user: &user.name, scopes: &scopes, party: &party, refresh };
    let (issued, event) = open(case, opened, GrantKind::Password).await?;
    Ok(Granted::first(case.desk.dialect.issued(case.seat, &case.raw.headers, &issued), event, &issued))
}
