//! The client that a start makes where the issuer says `generate_client` and there is
//! none, neither in the file nor in the store. Its secret is handed to whoever prints
//! the banner, once, and to nobody else.

use std::sync::Arc;

use crate::clock::UnixTime;
use crate::oauth::client::Client;
use crate::oauth::generate::generate_client;
use crate::oauth::issuer::Issuer;
use crate::oauth::store::StoreError;
use crate::random::Random;
use crate::snapshot::Snapshot;
use crate::store::Store;
use crate::store::change::By;
use crate::token::id::IssuerName;
use crate::token::secret::Secret;

/// A client of this very start.
#[derive(Debug)]
pub struct BootClient {
    /// Whose.
    pub issuer: IssuerName,
    /// What is kept of it.
    pub client: Arc<Client>,
    /// What is printed once.
    pub secret: Secret,
    /// Where it lives on.
    pub life: Life,
}

/// How long a generated client lives.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Life {
    /// In the store, as a digest.
    Stored,
    /// In memory, until the process ends (`keep: false`).
    Process,
}

/// Makes the clients that are missing.
pub fn generate(
    snapshot: &Snapshot,
    store: &Store,
    random: &dyn Random,
    now: UnixTime,
) -> Result<Vec<BootClient>, StoreError> {
    let mut made = Vec::new();
    for issuer in &snapshot.issuers {
        made.extend(of_issuer(issuer, store, random, now)?);
    }
    Ok(made)
}

/// Puts clients that live in memory into a snapshot that does not know them yet.
pub fn carry_over(snapshot: &mut Snapshot, clients: &[(IssuerName, Arc<Client>)]) {
    for (name, client) in clients {
        if let Some(issuer) = snapshot.issuers.iter_mut().find(|issuer| issuer.name == *name) {
            issuer.clients.entry(client.id.clone()).or_insert_with(|| Arc::clone(client));
        }
    }
}

fn of_issuer(
    issuer: &Issuer,
    store: &Store,
    random: &dyn Random,
    now: UnixTime,
) -> Result<Option<BootClient>, StoreError> {
    let Some(settings) = &issuer.generate_client else { return Ok(None) };
    if !issuer.clients.is_empty() || !store.clients(&issuer.name)?.is_empty() {
        return Ok(None);
    }
    let (client, secret) = generate_client(settings, random);
    let life = if settings.keep { Life::Stored } else { Life::Process };
    if life == Life::Stored {
        store.add_client(&issuer.name, client.clone(), By { actor: "start".to_owned(), now })?;
    }
    Ok(Some(BootClient { issuer: issuer.name.clone(), client: Arc::new(client), secret, life }))
}
