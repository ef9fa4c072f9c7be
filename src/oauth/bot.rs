//! Bots of clients, from the file or from the store. The file's word goes before the
//! store's, for a client and for an id: a bot that the file lists is never looked for in
//! the store, whosesoever it is there.

use std::collections::BTreeMap;

use crate::clock::UnixTime;
use crate::dialect::fact::{Fact, Facts};
use crate::dialect::issued::Party;
use crate::dialect::shape::Shape;
use crate::oauth::client::{Bot, Client};
use crate::oauth::issuer::Issuer;
use crate::oauth::party;
use crate::oauth::spelling::Makeup;
use crate::oauth::store::{Directory, StoreError};
use crate::token::claim_names::claim_text;
use crate::token::id::{ClientId, Subject};
use crate::token::scope::{Scope, Scopes};

/// Longest id, in bytes; a longer one is nobody's, and the store is not asked.
pub const MAX_ID: usize = 255;

/// A bot as the store keeps it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeptBot {
    /// Its public id.
    pub id: Subject,
    /// Whose it is: a client of the file or of the store.
    pub client: ClientId,
    /// What its tokens allow; `None`: all that its client may ask for.
    pub scopes: Option<Scopes>,
    /// Further facts that dialects may speak of.
    pub fields: BTreeMap<String, String>,
}

impl KeptBot {
    /// The bot as its client has it now.
    pub fn of(&self, issuer: &Issuer, client: &Client) -> Bot {
        Bot { id: self.id.clone(), scopes: self.allowed(issuer, client), fields: self.fields.clone() }
    }

    /// What its tokens allow while its client is so; never a scope that the issuer no
    /// longer has.
    pub fn allowed(&self, issuer: &Issuer, client: &Client) -> Scopes {
        let offered = |scope: &&Scope| issuer.catalogue.iter().any(|(known, _)| known == *scope);
        self.scopes.as_ref().unwrap_or(&client.scopes).iter().filter(offered).cloned().collect()
    }
}

/// What access tokens of the issuer call a bot, which a dialect may make of its fields;
/// `None` where that comes to nothing, and its tokens would be nobody's.
pub fn named(issuer: &Issuer, client: &Client, bot: &Bot) -> Option<Subject> {
    let Makeup::Jwt(form) = &issuer.token.spelling.access else { return Some(bot.id.clone()) };
    let Shape::Members(claims) = &form.claims else { return None };
    let claim = claims.iter().find(|(name, _)| **name == *issuer.token.claims.subject)?;
    let value = claim.1.value(&Identity(party::of(client, None, Some(bot))), &[]);
    claim_text(&value).map(Subject::new)
}

/// Whom a token would be about.
struct Identity(Party);

impl Facts for Identity {
    fn fact(&self, name: &str) -> Fact {
        self.0.fact(name)
    }

    fn now(&self) -> UnixTime {
        UnixTime(0)
    }
}

/// Whose bot an id names, as one client sees it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Whose {
    /// Its own.
    Own(Bot),
    /// Another client's.
    Foreign,
    /// Nobody's.
    Nobodys,
}

/// Looks an id up for a client.
pub async fn find<S: Directory>(store: &S, issuer: &Issuer, client: &Client, id: &str) -> Result<Whose, StoreError> {
    if let Some(bot) = client.bots.iter().find(|bot| bot.id.as_str() == id) {
        return Ok(Whose::Own(bot.clone()));
    }
    if in_file(issuer, id) {
        return Ok(Whose::Foreign);
    }
    if id.len() > MAX_ID {
        return Ok(Whose::Nobodys);
    }
    Ok(match store.bot(&issuer.name, &Subject::new(id)).await? {
        None => Whose::Nobodys,
        Some(kept) if kept.client != client.id => Whose::Foreign,
        Some(kept) => Whose::Own(kept.of(issuer, client)),
    })
}

/// Whether the file lists a bot of that id.
pub fn in_file(issuer: &Issuer, id: &str) -> bool {
    issuer.clients.values().flat_map(|client| &client.bots).any(|bot| bot.id.as_str() == id)
}
