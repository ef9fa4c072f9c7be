//! RFC 6749 §4.4: a client for itself. Only for clients that have a secret, and never
//! with a refresh token, since the secret already is one (§4.4.3).

use crate::dialect::condition::Condition;
use crate::dialect::issued::Issued;
use crate::oauth::answer::Refused;
use crate::oauth::authenticate::Standing;
use crate::oauth::client::GrantKind;
use crate::oauth::grants::scope;
use crate::oauth::issue::{Bearer, Granted, mint};
use crate::oauth::service::Case;
use crate::oauth::store::GrantStore;
use crate::token::id::Subject;

/// An access token whose subject is the client.
pub(in crate::oauth) async fn grant<S: GrantStore, P>(
    case: &Case<'_, S, P>,
    asked: Option<&[String]>,
) -> Result<Granted, Refused> {
    if case.standing == Standing::Public {
        return Err(Condition::GrantNotAllowed.into());
    }
    let issuer = case.desk.issuer;
    let most = scope::ceiling(issuer, case.client, None);
    let scopes = scope::choose(asked, issuer.default_scopes.as_ref(), &most)?;
    let subject = Subject::new(case.client.id.as_str());
    let bearer = Bearer { subject: &subject, client: &case.client.id, scopes: &scopes, family: None };
    let minted = mint(case, &bearer)?;
    if let Some(row) = minted.row {
        case.service.store.put_access(row).await?;
    }
    let event = bearer.issued_event(case, GrantKind::ClientCredentials);
    let issued =
        Issued { access: minted.token, expires_in: issuer.token.lifetime, refresh: None, scope: scopes.clone() };
    Ok(Granted::first(case.desk.dialect.issued(&issued), event, &issued))
}
