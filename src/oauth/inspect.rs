//! Which token of ours a text is: a refresh token, an opaque access token, or a JWT
//! that a key of ours signed. The prefix tells which, so each is one look. Tokens of
//! other issuers, here or elsewhere, are simply not found.

use serde_json::Value;

use crate::clock::UnixTime;
use crate::oauth::issue::{ACCESS_TYPE, opaque_id};
use crate::oauth::service::Desk;
use crate::oauth::spelling::Makeup;
use crate::oauth::store::{Access, GrantStore, Refresh, StoreError};
use crate::token::claim_names::claim_text;
use crate::token::handle::{Handle, Handles};
use crate::token::id::{ClientId, FamilyId, IssuerName, Subject};
use crate::token::jws;
use crate::token::opaque;
use crate::token::scope::Scopes;
use crate::token::secret::Secret;

/// A token of this issuer, whether or not it is still good.
#[derive(Debug)]
pub(in crate::oauth) enum Found {
    /// A refresh token.
    Refresh(Box<Refresh>),
    /// An access token of either format.
    Access(Box<FoundAccess>),
}

/// What an access token says.
#[derive(Debug)]
pub(in crate::oauth) struct FoundAccess {
    pub(in crate::oauth) id: String,
    pub(in crate::oauth) client: ClientId,
    pub(in crate::oauth) subject: Subject,
    pub(in crate::oauth) scopes: Scopes,
    pub(in crate::oauth) audience: Vec<String>,
    pub(in crate::oauth) issued: Option<UnixTime>,
    pub(in crate::oauth) expires: Option<UnixTime>,
    pub(in crate::oauth) handles: Handles,
    pub(in crate::oauth) family: Option<FamilyId>,
}

impl Found {
    /// To whom it was issued.
    pub(in crate::oauth) fn client(&self) -> &ClientId {
        match self {
            Found::Refresh(refresh) => &refresh.family.client,
            Found::Access(access) => &access.client,
        }
    }
}

/// Finds the token; `None` if it is none of this issuer's.
pub(in crate::oauth) async fn find<S: GrantStore>(
    store: &S,
    desk: Desk<'_>,
    token: &Secret,
) -> Result<Option<Found>, StoreError> {
    let (text, name) = (token.expose(), &desk.issuer.name);
    let spelling = &desk.issuer.token.spelling;
    if could_be_refresh(desk, text) {
        let found = store.find_refresh(token.digest()).await?.filter(|found| found.family.issuer == *name);
        if found.is_some() {
            return Ok(found.map(|found| Found::Refresh(Box::new(found))));
        }
    }
    let endless = matches!(spelling.access, Makeup::Jwt(_)) && desk.issuer.token.lifetime.is_none();
    if spelling.access.fits(opaque::ACCESS_PREFIX, text) || (endless && jws::open(desk.ring, text).is_ok()) {
        let found = store.find_access(token.digest()).await?.filter(|found| found.issuer == *name);
        return Ok(found.map(|row| Found::Access(Box::new(of_row(row, &desk.issuer.token.audience)))));
    }
    Ok(match spelling.access {
        Makeup::Jwt(_) => of_dialect_jwt(desk, text),
        Makeup::Standard | Makeup::Opaque(_) => of_jwt(desk, text),
    }
    .map(|access| Found::Access(Box::new(access))))
}

/// Whether a text could be a refresh token of this issuer, as far as its looks and its
/// signature tell.
pub(in crate::oauth) fn could_be_refresh(desk: Desk<'_>, text: &str) -> bool {
    match &desk.issuer.token.spelling.refresh {
        Makeup::Jwt(_) => jws::open(desk.refresh_ring, text).is_ok(),
        makeup => makeup.fits(opaque::REFRESH_PREFIX, text),
    }
}

/// A JWT of a dialect's own claims. What names the client or the subject in it is the
/// dialect's affair, so it is known by its id, and its owner by the profile's names.
fn of_dialect_jwt(desk: Desk<'_>, token: &str) -> Option<FoundAccess> {
    let opened = jws::open(desk.ring, token).ok()?;
    let (issuer, names) = (&desk.issuer.name, &desk.issuer.token.claims);
    let text = |name: &str| claim_text(opened.payload.get(name)?);
    let time = |name: &str| opened.payload.get(name).and_then(Value::as_u64).map(UnixTime);
    let (subject, client) = (Subject::new(text(&names.subject)?), ClientId::new(text(&names.client)?));
    let jti = text("jti");
    let handles = Handles {
        token: Handle::of_token(issuer, jti.as_deref(), &opened.payload_bytes),
        family: None,
        user: Some(Handle::of_user(issuer, &subject)),
        client: Some(Handle::of_client(issuer, &client)),
        key: opened.key.kid().map(|kid| Handle::of_key(issuer, kid)),
        issuer: Handle::of_issuer(issuer),
    };
    Some(FoundAccess {
        id: jti.unwrap_or_default(),
        scopes: names.scopes(&opened.payload),
        audience: audience(opened.payload.get("aud")),
        issued: time("iat"),
        expires: Some(time("exp")?),
        client,
        subject,
        handles,
        family: None,
    })
}

/// An opaque token, by its row; its issuer's `audience` is its own.
pub(in crate::oauth) fn of_row(row: Access, audience: &[String]) -> FoundAccess {
    let handles = Handles {
        token: row.token,
        family: row.family.map(|family| Handle::of_family(&row.issuer, &family)),
        user: Some(Handle::of_user(&row.issuer, &row.subject)),
        client: Some(Handle::of_client(&row.issuer, &row.client)),
        key: None,
        issuer: Handle::of_issuer(&row.issuer),
    };
    FoundAccess {
        id: opaque_id(&row.digest),
        client: row.client,
        subject: row.subject,
        scopes: row.scopes,
        audience: audience.to_vec(),
        issued: Some(row.issued),
        expires: row.expires,
        handles,
        family: row.family,
    }
}

/// Believes a JWT only if a key of this ring signed it, as this issuer's access token.
fn of_jwt(desk: Desk<'_>, token: &str) -> Option<FoundAccess> {
    let opened = jws::open(desk.ring, token).ok()?;
    let typ = opened.header_typ?.to_ascii_lowercase();
    let text = |name: &str| opened.payload.get(name).and_then(Value::as_str);
    if typ.strip_prefix("application/").unwrap_or(&typ) != ACCESS_TYPE || text("iss")? != desk.issuer.url {
        return None;
    }
    let time = |name: &str| opened.payload.get(name).and_then(Value::as_u64).map(UnixTime);
    let issuer: &IssuerName = &desk.issuer.name;
    let (id, client, subject) = (text("jti")?, ClientId::new(text("client_id")?), Subject::new(text("sub")?));
    let family = text("fam").and_then(FamilyId::parse);
    let handles = Handles {
        token: Handle::of_token(issuer, Some(id), &opened.payload_bytes),
        family: family.map(|family| Handle::of_family(issuer, &family)),
        user: Some(Handle::of_user(issuer, &subject)),
        client: Some(Handle::of_client(issuer, &client)),
        key: opened.key.kid().map(|kid| Handle::of_key(issuer, kid)),
        issuer: Handle::of_issuer(issuer),
    };
    Some(FoundAccess {
        id: id.to_owned(),
        scopes: Scopes::parse(text("scope").unwrap_or(""))?,
        audience: audience(opened.payload.get("aud")),
        issued: time("iat"),
        expires: Some(time("exp")?),
        client,
        subject,
        handles,
        family,
    })
}

fn audience(claim: Option<&Value>) -> Vec<String> {
    match claim {
        Some(Value::String(one)) => vec![one.clone()],
        Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}
