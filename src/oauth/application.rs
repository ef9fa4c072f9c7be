//! Applications that somebody else than the operator registers: by the pages, or by
//! themselves (RFC 7591). One set of rules for both. A secret is made here, told once
//! and kept as a digest. Must never: let anybody touch an application that is not his.

use crate::clock::UnixTime;
use crate::oauth::application_store::{Alteration, Altered, KeptApplication};
use crate::oauth::client::{Application, Approval, Client, ClientSecret, ConsentRule, GrantKind, Origin};
use crate::oauth::generate::client_id;
use crate::oauth::issuer::Issuer;
use crate::oauth::notices;
use crate::oauth::people::ApprovalRule;
use crate::oauth::redirect::{Kind, MAX_URIS, RedirectUri};
use crate::oauth::service::Service;
use crate::oauth::store::{Store, StoreError};
use crate::token::id::{ClientId, Subject};
use crate::token::opaque::{CLIENT_SECRET_PREFIX, mint};
use crate::token::scope::{Scope, Scopes};
use crate::token::secret::Secret;

/// Applications of one developer; with more he has to delete one first.
pub const MOST_OWN: usize = 50;

/// Longest name, in characters.
pub const MAX_NAME: usize = 100;

/// Longest description, in characters.
pub const MAX_DESCRIPTION: usize = 500;

/// What somebody wants to register.
#[derive(Clone, Debug)]
pub struct Draft {
    /// What people shall know it by.
    pub name: String,
    /// What it is for; empty: nothing is said.
    pub description: String,
    /// Where people are sent back to, as typed.
    pub redirect_uris: Vec<String>,
    /// The names of the scopes it may ask for.
    pub scopes: Vec<String>,
    /// Whether it can keep a secret.
    pub secrecy: Confidentiality,
}

/// Whether an application can keep a secret (RFC 6749 §2.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Confidentiality {
    /// It runs on a server.
    Confidential,
    /// It runs with its users.
    Public,
}

/// What has to be mended in a draft.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Flaw {
    /// No name, or one that is too long or has control characters.
    Name,
    /// A description that is too long or has control characters.
    Description,
    /// Nowhere to send people back to.
    RedirectMissing,
    /// More than `MAX_URIS`.
    RedirectMany,
    /// One that cannot be, as typed, and why.
    Redirect(String, &'static str),
    /// No scope, or one that the issuer does not have: its name.
    Scope(String),
    /// The developer has as many applications as he may.
    Full,
}

/// What became of a wish.
#[derive(Clone, Debug)]
pub enum Wish<T> {
    /// It is done, and durable.
    Done(T),
    /// It has to be mended first.
    Flawed(Vec<Flaw>),
    /// There is no such application of this owner.
    Missing,
}

/// An application that was just registered, with its secret if it has one.
#[derive(Clone, Debug)]
pub struct Registered {
    /// What is kept of it.
    pub client: Client,
    /// Told once.
    pub secret: Option<Secret>,
}

/// Who acts, and at which issuer.
pub struct Workshop<'a, S, P> {
    /// Where they are kept.
    pub service: &'a Service<S, P>,
    /// Whose clients they become.
    pub issuer: &'a Issuer,
    /// Who acts.
    pub owner: &'a Subject,
    /// The present moment.
    pub now: UnixTime,
}

impl<S: Store, P> Workshop<'_, S, P> {
    /// The owner's applications, the oldest first.
    pub async fn list(&self) -> Result<Vec<KeptApplication>, StoreError> {
        self.service.store.applications_of(&self.issuer.name, self.owner).await
    }

    /// One of his applications.
    pub async fn find(&self, id: &ClientId) -> Result<Option<KeptApplication>, StoreError> {
        let found = self.service.store.application(&self.issuer.name, id).await?;
        Ok(found.filter(|kept| kept.client.application.owner.as_ref() == Some(self.owner)))
    }

    /// Registers an application for him.
    pub async fn register(&self, draft: &Draft) -> Result<Wish<Registered>, StoreError> {
        let mut flaws = Vec::new();
        if self.list().await?.len() >= MOST_OWN {
            flaws.push(Flaw::Full);
        }
        let checked = check(self.issuer, draft, &mut flaws);
        if !flaws.is_empty() {
            return Ok(Wish::Flawed(flaws));
        }
        let rules = self.issuer.people.as_ref().map(|people| people.applications.approval);
        let random = &*self.service.random;
        let secret = (draft.secrecy == Confidentiality::Confidential).then(|| mint(CLIENT_SECRET_PREFIX, random));
        let application = Application {
            owner: Some(self.owner.clone()),
            approval: approval(rules.unwrap_or_default()),
            ..checked.application
        };
        let client = Client {
            id: client_id(random),
            display_name: Some(checked.name),
            secrets: secret.iter().map(|secret| ClientSecret { digest: secret.digest(), slot: 0 }).collect(),
            grants: vec![GrantKind::AuthorizationCode, GrantKind::RefreshToken],
            scopes: checked.scopes,
            bots: Vec::new(),
            keys: None,
            fields: Default::default(),
            secrets_in_url: Default::default(),
            application,
            disabled: false,
            origin: Origin::Store,
        };
        self.service.store.add_application(&self.issuer.name, client.clone(), None, self.now).await?;
        Ok(Wish::Done(Registered { client, secret }))
    }

    /// Changes name, description, redirect URIs and scopes. What it may ask for grows or
    /// shrinks for the next sign-in; what was granted is asked again at each refresh.
    pub async fn edit(&self, id: &ClientId, draft: &Draft) -> Result<Wish<()>, StoreError> {
        let Some(kept) = self.find(id).await? else { return Ok(Wish::Missing) };
        let mut flaws = Vec::new();
        let checked = check(self.issuer, draft, &mut flaws);
        if !flaws.is_empty() {
            return Ok(Wish::Flawed(flaws));
        }
        let before = kept.client.application;
        // Who was approved as one thing does not become another without being asked again.
        let rules = self.issuer.people.as_ref().map_or(ApprovalRule::None, |people| people.applications.approval);
        let same = before.redirect_uris == checked.application.redirect_uris
            && kept.client.display_name.as_ref() == Some(&checked.name)
            && kept.client.scopes.covers(&checked.scopes);
        let approval = if same { before.approval } else { before.approval.max(approval(rules)) };
        let application = Application {
            description: checked.application.description,
            redirect_uris: checked.application.redirect_uris,
            approval,
            ..before
        };
        let change =
            Alteration::Edit { name: checked.name, application: Box::new(application), scopes: checked.scopes };
        self.alter(id, change).await
    }

    /// A second secret beside the newest one; the older of two gives way.
    pub async fn add_secret(&self, id: &ClientId) -> Result<Wish<Secret>, StoreError> {
        self.new_secret(id, Keep::Newest).await
    }

    /// A new secret in place of all.
    pub async fn rotate(&self, id: &ClientId) -> Result<Wish<Secret>, StoreError> {
        self.new_secret(id, Keep::None).await
    }

    async fn new_secret(&self, id: &ClientId, keep: Keep) -> Result<Wish<Secret>, StoreError> {
        let found = self.find(id).await?.filter(|kept| kept.client.is_confidential());
        if found.is_none() {
            return Ok(Wish::Missing);
        }
        let secret = mint(CLIENT_SECRET_PREFIX, &*self.service.random);
        let change = match keep {
            Keep::Newest => Alteration::AddSecret(secret.digest()),
            Keep::None => Alteration::OnlySecret(secret.digest()),
        };
        Ok(match self.alter(id, change).await? {
            Wish::Done(()) => Wish::Done(secret),
            Wish::Flawed(flaws) => Wish::Flawed(flaws),
            Wish::Missing => Wish::Missing,
        })
    }

    /// Ends one of two secrets.
    pub async fn drop_secret(&self, id: &ClientId, slot: u8) -> Result<Wish<()>, StoreError> {
        match self.find(id).await? {
            // The last one stays: without any it would count as a public client.
            Some(kept) if kept.client.secrets.len() > 1 => self.alter(id, Alteration::DropSecret(slot)).await,
            Some(_) | None => Ok(Wish::Missing),
        }
    }

    /// Deletes an application; its tokens die with it.
    pub async fn delete(&self, id: &ClientId) -> Result<Wish<()>, StoreError> {
        match self.find(id).await? {
            Some(_) => delete(self.service, self.issuer, id, self.now).await,
            None => Ok(Wish::Missing),
        }
    }

    async fn alter(&self, id: &ClientId, change: Alteration) -> Result<Wish<()>, StoreError> {
        let altered = self.service.store.alter_application(&self.issuer.name, id, change, self.now).await?;
        Ok(if altered == Altered::Done { Wish::Done(()) } else { Wish::Missing })
    }
}

/// What becomes of the secrets that were there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Keep {
    Newest,
    None,
}

/// Applications that wait for an administrator, the oldest first.
pub async fn waiting<S: Store, P>(
    service: &Service<S, P>,
    issuer: &Issuer,
) -> Result<Vec<KeptApplication>, StoreError> {
    service.store.waiting_applications(&issuer.name).await
}

/// An administrator lets an application be used.
pub async fn approve<S: Store, P>(
    service: &Service<S, P>,
    issuer: &Issuer,
    id: &ClientId,
    now: UnixTime,
) -> Result<Wish<()>, StoreError> {
    let altered = service.store.alter_application(&issuer.name, id, Alteration::Approve, now).await?;
    Ok(if altered == Altered::Done { Wish::Done(()) } else { Wish::Missing })
}

/// An administrator turns an application down that waits: it is deleted.
pub async fn turn_down<S: Store, P>(
    service: &Service<S, P>,
    issuer: &Issuer,
    id: &ClientId,
    now: UnixTime,
) -> Result<Wish<()>, StoreError> {
    let found = service.store.application(&issuer.name, id).await?;
    match found.filter(|kept| kept.client.application.approval == Approval::Waiting) {
        Some(_) => delete(service, issuer, id, now).await,
        None => Ok(Wish::Missing),
    }
}

/// Deletes an application and calls back what it got.
pub async fn delete<S: Store, P>(
    service: &Service<S, P>,
    issuer: &Issuer,
    id: &ClientId,
    now: UnixTime,
) -> Result<Wish<()>, StoreError> {
    let notice = notices::of_client(issuer, id, now);
    let altered = service.store.remove_application(&issuer.name, id, notice.clone(), now).await?;
    if altered == Altered::Missing {
        return Ok(Wish::Missing);
    }
    service.list.add(&notice);
    Ok(Wish::Done(()))
}

/// Whether an application that was just registered can be used.
pub(in crate::oauth) fn approval(rule: ApprovalRule) -> Approval {
    match rule {
        ApprovalRule::None => Approval::Approved,
        ApprovalRule::Admin => Approval::Waiting,
    }
}

struct Checked {
    name: String,
    application: Application,
    scopes: Scopes,
}

fn check(issuer: &Issuer, draft: &Draft, flaws: &mut Vec<Flaw>) -> Checked {
    let name = draft.name.trim();
    if name.is_empty() || !is_plain(name, MAX_NAME) {
        flaws.push(Flaw::Name);
    }
    let description = draft.description.trim();
    if !is_plain(description, MAX_DESCRIPTION) {
        flaws.push(Flaw::Description);
    }
    let redirect_uris = redirect_uris(&draft.redirect_uris, flaws);
    let mut scopes: Vec<Scope> = Vec::new();
    for name in &draft.scopes {
        match issuer.catalogue.iter().find(|(scope, _)| scope.as_str() == name) {
            Some((scope, _)) => scopes.push(scope.clone()),
            None => flaws.push(Flaw::Scope(name.clone())),
        }
    }
    if draft.scopes.is_empty() && !issuer.catalogue.is_empty() {
        flaws.push(Flaw::Scope(String::new()));
    }
    let description = (!description.is_empty()).then(|| description.to_owned());
    let application = Application { description, redirect_uris, consent: ConsentRule::Ask, ..Application::default() };
    Checked { name: name.to_owned(), application, scopes: scopes.into_iter().collect() }
}

/// Redirect URIs that a stranger may register: never in clear text over a network.
pub(in crate::oauth) fn redirect_uris(typed: &[String], flaws: &mut Vec<Flaw>) -> Vec<RedirectUri> {
    let mut out: Vec<RedirectUri> = Vec::new();
    for text in typed.iter().map(|text| text.trim()).filter(|text| !text.is_empty()) {
        match RedirectUri::parse(text) {
            Ok(uri) if uri.kind() == Kind::Http => {
                flaws.push(Flaw::Redirect(text.to_owned(), "it is neither https nor on the person's own machine"));
            }
            Ok(uri) if out.contains(&uri) => {}
            Ok(uri) => out.push(uri),
            Err(why) => flaws.push(Flaw::Redirect(text.to_owned(), why)),
        }
    }
    if out.len() > MAX_URIS {
        flaws.push(Flaw::RedirectMany);
    } else if out.is_empty() && flaws.iter().all(|flaw| !matches!(flaw, Flaw::Redirect(..))) {
        flaws.push(Flaw::RedirectMissing);
    }
    out
}

fn is_plain(text: &str, most: usize) -> bool {
    text.chars().count() <= most && !text.chars().any(char::is_control)
}
