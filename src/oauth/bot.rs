//! Bots of clients, from the file or from the store. The file's word goes before the
//! store's, for a client and for an id: a bot that the file lists is never looked for in
//! the store, whosesoever it is there.

use std::collections::BTreeMap;

use crate::oauth::client::{Bot, Client};
use crate::oauth::issuer::Issuer;
use crate::oauth::store::{Directory, StoreError};
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
    /// What its tokens allow while its client is so; never a scope that the issuer no
    /// longer has.
    pub fn allowed(&self, issuer: &Issuer, client: &Client) -> Scopes {
        let offered = |scope: &&Scope| issuer.catalogue.iter().any(|(known, _)| known == *scope);
        self.scopes.as_ref().unwrap_or(&client.scopes).iter().filter(offered).cloned().collect()
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
        Some(kept) => {
            Whose::Own(Bot { id: kept.id.clone(), scopes: kept.allowed(issuer, client), fields: kept.fields.clone() })
        }
    })
}

/// Whether the file lists a bot of that id.
pub fn in_file(issuer: &Issuer, id: &str) -> bool {
    issuer.clients.values().flat_map(|client| &client.bots).any(|bot| bot.id.as_str() == id)
}
