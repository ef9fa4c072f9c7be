//! RFC 7523 §2.1: somebody whom the operator trusts vouches for a person, who is known
//! here by the name in `sub`. No refresh token comes of it (RFC 7521 §4.1): whoever
//! vouched may do so again. Every refusal is one answer.

use crate::dialect::condition::Condition;
use crate::oauth::answer::Refused;
use crate::oauth::assertion::{look, spend};
use crate::oauth::audit::AuditEvent;
use crate::oauth::client::GrantKind;
use crate::oauth::grants::open::{Opened, open};
use crate::oauth::grants::scope;
use crate::oauth::issue::Granted;
use crate::oauth::issuer::MachineRefresh;
use crate::oauth::service::Case;
use crate::oauth::store::{Directory, GrantStore, Spent};
use crate::oauth::{party, sign_in};
use crate::token::id::UserName;
use crate::token::jws::Compact;
use crate::token::secret::Secret;

/// An access token for the person.
pub(in crate::oauth) async fn grant<S: GrantStore + Directory, P>(
    case: &Case<'_, S, P>,
    assertion: &Secret,
    asked: Option<&[String]>,
) -> Result<Granted, Refused> {
    let issuer = case.desk.issuer;
    let refuse = |why: &str| {
        let event = AuditEvent::new("token_refused", &issuer.name).client(&case.client.id);
        Refused::audited(Condition::AssertionBad, event.grant(GrantKind::JwtBearer).detail(why))
    };
    let Some(settings) = &issuer.assertions else { return Err(Condition::UnsupportedGrant.into()) };
    let claimed = Compact::parse(assertion.expose()).ok().and_then(|compact| compact.claimed_issuer());
    let trusted = settings.trusted.iter().find(|trusted| Some(&*trusted.name) == claimed.as_deref());
    let trusted = trusted.ok_or_else(|| refuse("assertion_issuer"))?;
    let vouched = look(assertion.expose(), &trusted.name, &trusted.keys, settings, case.now).map_err(refuse)?;
    if spend(&case.service.store, &vouched).await? == Spent::Before {
        return Err(refuse("assertion_replayed"));
    }
    let found = sign_in::find(&case.service.store, issuer, &UserName::new(vouched.subject)).await?;
    let user = found.filter(|user| !user.disabled).ok_or_else(|| refuse("unknown_user"))?;
    let most = scope::ceiling(issuer, case.client, Some(&user));
    let scopes = scope::choose(issuer, asked, issuer.default_scopes.as_ref(), &most)?;
    let party = party::of(case.client, Some(&user), None);
    let refresh = MachineRefresh::Never;
    let opened = Opened { subject: &user.subject, user: &user.name, scopes: &scopes, party: &party, refresh };
    let (issued, event) = open(case, opened, GrantKind::JwtBearer).await?;
    Ok(Granted::first(case.desk.dialect.issued(case.seat, &case.raw.headers, &issued), event, &issued))
}
