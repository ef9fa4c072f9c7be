//! RFC 6749 §4.4: a client for itself, or for identities of its own. Only for clients
//! that have a secret, and with a refresh token only where an old system had one, since
//! the secret already is one (§4.4.3).

use crate::dialect::condition::Condition;
use crate::dialect::issued::Issued;
use crate::oauth::answer::{IssuedCount, Refused};
use crate::oauth::authenticate::Standing;
use crate::oauth::bot::{self, Whose};
use crate::oauth::client::{Bot, GrantKind};
use crate::oauth::grants::open::{Opened, open};
use crate::oauth::grants::scope;
use crate::oauth::issue::Granted;
use crate::oauth::issuer::MachineRefresh;
use crate::oauth::party;
use crate::oauth::service::Case;
use crate::oauth::store::{Directory, GrantStore};
use crate::token::id::{Subject, UserName};

/// An access token whose subject is the client.
pub(in crate::oauth) async fn grant<S: GrantStore, P>(
    case: &Case<'_, S, P>,
    asked: Option<&[String]>,
) -> Result<Granted, Refused> {
    confidential(case)?;
    let issuer = case.desk.issuer;
    let most = scope::ceiling(issuer, case.client, None);
    let scopes = scope::choose(issuer, asked, issuer.default_scopes.as_ref(), &most)?;
    let subject = Subject::new(case.client.id.as_str());
    let party = party::of(case.client, None, None);
    let refresh = refreshes(case);
    let nobody = UserName::new("");
    let opened = Opened { subject: &subject, user: &nobody, scopes: &scopes, party: &party, refresh };
    let (issued, event) = open(case, opened, GrantKind::ClientCredentials).await?;
    Ok(Granted::first(case.desk.dialect.issued(case.seat, &case.raw.headers, &issued), event, &issued))
}

/// A token for each of the client's bots that are named: all of them, or none.
pub(in crate::oauth) async fn bots<S: GrantStore + Directory, P>(
    case: &Case<'_, S, P>,
    ids: &[String],
) -> Result<Granted, Refused> {
    confidential(case)?;
    let mut bots: Vec<Bot> = Vec::new();
    for id in ids {
        if bots.iter().any(|known| known.id.as_str() == id) {
            continue;
        }
        match bot::find(&case.service.store, case.desk.issuer, case.client, id).await? {
            Whose::Own(bot) => bots.push(bot),
            Whose::Foreign => return Err(Condition::BotForeign.into()),
            Whose::Nobodys => return Err(Condition::BotUnknown.into()),
        }
    }
    let (nobody, refresh) = (UserName::new(""), refreshes(case));
    let mut all: Vec<Issued> = Vec::new();
    let mut audit = Vec::new();
    for bot in &bots {
        let party = party::of(case.client, None, Some(bot));
        let opened = Opened { subject: &bot.id, user: &nobody, scopes: &bot.scopes, party: &party, refresh };
        let (issued, event) = open(case, opened, GrantKind::ClientCredentials).await?;
        all.push(issued);
        audit.push(event);
    }
    let count = u32::try_from(all.len()).unwrap_or(u32::MAX);
    let with_refresh = if refresh == MachineRefresh::Issued { count } else { 0 };
    let reply = case.desk.dialect.issued_several(case.seat, &case.raw.headers, &all);
    Ok(Granted { reply, audit, issued: IssuedCount { access: count, refresh: with_refresh } })
}

fn confidential<S, P>(case: &Case<'_, S, P>) -> Result<(), Condition> {
    match case.standing {
        Standing::Public if case.client.secrets.is_empty() => Err(Condition::GrantNotAllowed),
        Standing::Public => Err(Condition::ClientSecretMissing),
        Standing::Confidential => Ok(()),
    }
}

/// Whether this client gets a refresh token without a user.
fn refreshes<S, P>(case: &Case<'_, S, P>) -> MachineRefresh {
    let may = case.client.grants.contains(&GrantKind::RefreshToken);
    if may { case.desk.issuer.refresh.machines } else { MachineRefresh::Never }
}
