//! RFC 6749 §4.1.3: a code becomes tokens. What it was bound to is asked first: the
//! client, the redirect URI, the proof (RFC 7636). In the wrong hands it is burnt. Then
//! tokens are prepared and one atomic call of the store decides: first use, or a replay,
//! which kills what the first use made even while that is still being answered.

use std::sync::Arc;

use crate::clock::UnixTime;
use crate::dialect::condition::Condition;
use crate::dialect::request::CodeRequest;
use crate::oauth::answer::Refused;
use crate::oauth::audit::AuditEvent;
use crate::oauth::authorize::code::Code;
use crate::oauth::authorize::request::Said;
use crate::oauth::authorize::store::{AuthorizationStore, CodeTaken, KeptCode, Redemption};
use crate::oauth::client::GrantKind;
use crate::oauth::grants::scope;
use crate::oauth::issue::{Bearer, Granted, RefreshPart, mint};
use crate::oauth::openid::id_token;
use crate::oauth::pkce::proves;
use crate::oauth::service::Case;
use crate::oauth::store::{Directory, GrantStore};
use crate::oauth::user::User;
use crate::oauth::{notices, party, sign_in};
use crate::token::scope::Scopes;

/// Tokens for what the person agreed to.
pub(in crate::oauth) async fn grant<S: GrantStore + AuthorizationStore + Directory, P>(
    case: &Case<'_, S, P>,
    asked: &CodeRequest,
) -> Result<Granted, Refused> {
    let kept = find(case, asked).await?;
    let code = &kept.code;
    let user = still_there(case, code).await?;
    let issuer = case.desk.issuer;
    let rules = &issuer.scope_rules;
    let most = scope::ceiling(issuer, case.client, Some(&user));
    let held = |scope: &&crate::token::scope::Scope| most.iter().any(|held| rules.holds(held, scope));
    let scopes: Scopes = code.scopes.iter().filter(held).cloned().collect();
    if scopes.is_empty() && !code.scopes.is_empty() {
        return Err(refuse(case, Condition::ScopeBad, code, "nothing is left of the grant"));
    }
    let party = party::of(case.client, Some(&user), None);
    let id = code.family();
    let bearer =
        Bearer { subject: &code.subject, client: &code.client, scopes: &scopes, family: Some(id), party: &party };
    let mut minted = mint(case, &bearer)?;
    let access = minted.row.take();
    let mut family = bearer.opened_family(issuer, id, &code.user, minted.issued);
    let refresh = if case.client.grants.contains(&GrantKind::RefreshToken) {
        Some(RefreshPart::mint(case, &bearer, family.expires)?)
    } else {
        // It ends with its one access token.
        family.expires = issuer.token.lifetime.map(|span| minted.issued.after(span));
        None
    };
    let (token, row) = refresh.map_or((None, None), |part| (Some(part.token), Some(part.row)));
    let mut issued = minted.issued(case, &bearer, token);
    issued.id_token = id_token::of(case, code, &scopes, &issued.access)?;
    let on_replay = notices::of_family(issuer, id, case.now);
    let redemption = Redemption {
        code: code.digest,
        now: case.now,
        family,
        refresh: row,
        access,
        sessions: issuer.refresh.sessions,
        on_replay: on_replay.clone(),
    };
    match case.service.store.take_code(redemption).await? {
        CodeTaken::Fresh => {
            let reply = case.desk.dialect.issued(case.seat, &case.raw.headers, &issued);
            Ok(Granted::first(reply, bearer.issued_event(case, GrantKind::AuthorizationCode), &issued))
        }
        CodeTaken::Replayed => {
            // The store has the notice already; here every worker learns of it.
            case.service.list.add(&on_replay);
            let event = AuditEvent::new("code_reuse", &issuer.name).client(&code.client).family(id);
            let event = event.user(code.subject.as_str()).grant(GrantKind::AuthorizationCode);
            Err(Refused::audited(Condition::CodeReplayed, event))
        }
        CodeTaken::Unknown => Err(refuse(case, Condition::CodeBad, code, "ended meanwhile")),
    }
}

/// The code, if it may be redeemed by this client with these proofs. A used one passes:
/// only the store can tell a replay.
async fn find<S: AuthorizationStore, P>(case: &Case<'_, S, P>, asked: &CodeRequest) -> Result<KeptCode, Refused> {
    let found = case.service.store.find_code(asked.code.digest()).await?;
    let ours = found.filter(|kept| kept.code.issuer == case.desk.issuer.name);
    let Some(kept) = ours else { return Err(Condition::CodeBad.into()) };
    let code = &kept.code;
    let uri_fits = match (code.back.said, &asked.redirect_uri) {
        (_, Some(uri)) => *uri == code.back.uri,
        (Said::No, None) => true,
        // Where requests may leave it out, old systems do not ask for it here either.
        (Said::Yes, None) => case.desk.issuer.redirect_uri_is_optional(),
    };
    let verifier = asked.verifier.as_ref().map(|verifier| verifier.expose());
    let (condition, why) = if code.client != case.client.id {
        (Condition::CodeForeign, "foreign_client")
    } else if !uri_fits {
        (Condition::RedirectMismatch, "redirect_uri")
    } else if !proves(code.challenge.as_ref(), verifier) {
        (Condition::VerifierBad, "code_verifier")
    } else if ended(code, case.now) && !kept.used {
        return Err(refuse(case, Condition::CodeExpired, code, "expired"));
    } else {
        return Ok(kept);
    };
    case.service.store.burn_code(code.digest, case.now).await?;
    Err(refuse(case, condition, code, why))
}

/// The person who agreed, if he may still have tokens.
async fn still_there<S: Directory, P>(case: &Case<'_, S, P>, code: &Code) -> Result<Arc<User>, Refused> {
    let found = sign_in::find(&case.service.store, case.desk.issuer, &code.user).await?;
    let same = found.filter(|user| !user.disabled && user.subject == code.subject);
    same.ok_or_else(|| refuse(case, Condition::CodeBad, code, "user is gone or disabled"))
}

fn ended(code: &Code, now: UnixTime) -> bool {
    code.expires <= now
}

fn refuse<S, P>(case: &Case<'_, S, P>, condition: Condition, code: &Code, why: &str) -> Refused {
    let event = AuditEvent::new("token_refused", &case.desk.issuer.name).client(&case.client.id);
    let event = event.user(code.subject.as_str()).grant(GrantKind::AuthorizationCode);
    Refused::audited(condition, event.detail(why))
}
