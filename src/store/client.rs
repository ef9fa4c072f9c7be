//! Clients that the command line keeps in the store. A change and its line in the
//! numbered log are one transaction; disabling and removing also call back what the
//! client holds, in the same transaction. Secrets come as digests only.

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension as _, Row, params};

use crate::clock::UnixTime;
use crate::oauth::client::{Client, ClientSecret, GrantKind, LIVE_SECRETS, Origin, UrlSecrets};
use crate::oauth::store::StoreError;
use crate::revocation::notice::Notice;
use crate::store::change::{By, Outcome, Topic, note};
use crate::store::column::{damaged, digest, fields, fields_text, refused, scopes, seconds, time};
use crate::store::database::Store;
use crate::store::{application, bot, revocation};
use crate::token::id::{ClientId, IssuerName};
use crate::token::key::ASSERTION_ALGORITHMS;
use crate::token::ring::KeyRing;
use crate::token::secret::SecretDigest;

/// Whether a client or user may act.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    /// He may.
    Enabled,
    /// Refused like an unknown one.
    Disabled,
}

/// What becomes of the older secrets at a rotation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OldSecrets {
    /// The newest of them stays live beside the new one.
    KeepOne,
    /// The new one is the only one.
    Drop,
}

/// A client with what the store knows beyond the rules.
#[derive(Clone, Debug)]
pub struct ClientEntry {
    /// The client.
    pub client: Client,
    /// When it was made.
    pub created: UnixTime,
    /// When each secret was made, in the order of `client.secrets`.
    pub secrets_made: Vec<UnixTime>,
}

/// A client to be kept, with what only the store writes of it.
#[derive(Clone, Debug)]
pub struct NewClient {
    /// The client.
    pub client: Client,
    /// The JWK Set of `client.keys` as a text; a ring of somebody else's keys publishes
    /// nothing.
    pub jwks: Option<String>,
}

impl From<Client> for NewClient {
    fn from(client: Client) -> NewClient {
        NewClient { client, jwks: None }
    }
}

/// What `read` reads, in its order.
const COLUMNS: &str = "id, display_name, grants, scopes, disabled, description, redirect_uris, logout_uris, pkce, \
                       consent, owner, waiting, fields, secrets_in_url, jwks";

/// The column behind those of `COLUMNS`.
const CREATED: usize = 15;

impl Store {
    /// Adds a client with its secrets.
    pub fn add_client(&self, issuer: &IssuerName, client: impl Into<NewClient>, by: By) -> Result<Outcome, StoreError> {
        let (issuer, NewClient { client, jwks }) = (issuer.clone(), client.into());
        self.write_now(move |connection| {
            if !insert(connection, &issuer, &client, by.now)? {
                return Ok(Outcome::Exists);
            }
            let sql = "UPDATE client SET jwks = ?3 WHERE issuer = ?1 AND id = ?2";
            connection.execute(sql, params![issuer.as_str(), client.id.as_str(), jwks]).map_err(refused)?;
            note(connection, Topic::Client, &issuer, client.id.as_str(), "added", &by)?;
            Ok(Outcome::Done)
        })
    }

    /// Puts another name, other grants, scopes, fields and habits in place of those the
    /// client has; `notices` are recorded with it.
    pub fn change_client(
        &self,
        issuer: &IssuerName,
        client: Client,
        notices: Vec<Notice>,
        by: By,
    ) -> Result<Outcome, StoreError> {
        let issuer = issuer.clone();
        self.write_now(move |connection| {
            let sql = "UPDATE client SET display_name = ?3, grants = ?4, scopes = ?5, fields = ?6, secrets_in_url = ?7
                       WHERE issuer = ?1 AND id = ?2";
            let values = params![
                issuer.as_str(),
                client.id.as_str(),
                client.display_name,
                grants_text(&client),
                client.scopes.to_string(),
                fields_text(&client.fields)?,
                client.secrets_in_url.as_str(),
            ];
            if connection.execute(sql, values).map_err(refused)? == 0 {
                return Ok(Outcome::Missing);
            }
            for notice in &notices {
                revocation::record(connection, notice, "operator")?;
            }
            note(connection, Topic::Client, &issuer, client.id.as_str(), "changed", &by)?;
            Ok(Outcome::Done)
        })
    }

    /// Gives the client a new secret.
    pub fn rotate_client_secret(
        &self,
        issuer: &IssuerName,
        id: &ClientId,
        secret: SecretDigest,
        old: OldSecrets,
        by: By,
    ) -> Result<Outcome, StoreError> {
        let (issuer, id) = (issuer.clone(), id.clone());
        self.write_now(move |connection| {
            if find(connection, &issuer, &id).map_err(refused)?.is_none() {
                return Ok(Outcome::Missing);
            }
            replace_secret(connection, &issuer, &id, secret, old, by.now).map_err(refused)?;
            note(connection, Topic::Client, &issuer, id.as_str(), "secret rotated", &by)?;
            Ok(Outcome::Done)
        })
    }

    /// Enables or disables the client; `notices` are recorded with it.
    pub fn set_client_state(
        &self,
        issuer: &IssuerName,
        id: &ClientId,
        state: State,
        notices: Vec<Notice>,
        by: By,
    ) -> Result<Outcome, StoreError> {
        let action = if state == State::Disabled { "disabled" } else { "enabled" };
        let sql: &'static [&'static str] = if state == State::Disabled {
            &["UPDATE client SET disabled = 1 WHERE issuer = ?1 AND id = ?2"]
        } else {
            &["UPDATE client SET disabled = 0 WHERE issuer = ?1 AND id = ?2"]
        };
        self.alter_client(issuer, id, sql, action, notices, by)
    }

    /// Lets an application be used that waits for approval.
    pub fn approve_client(&self, issuer: &IssuerName, id: &ClientId, by: By) -> Result<Outcome, StoreError> {
        let sql = &["UPDATE client SET waiting = 0 WHERE issuer = ?1 AND id = ?2"];
        self.alter_client(issuer, id, sql, "approved", Vec::new(), by)
    }

    /// Removes the client with its secrets and its bots; `notices` are recorded with it.
    pub fn remove_client(
        &self,
        issuer: &IssuerName,
        id: &ClientId,
        notices: Vec<Notice>,
        by: By,
    ) -> Result<Outcome, StoreError> {
        let sql = &["DELETE FROM client WHERE issuer = ?1 AND id = ?2", bot::FORGET_OF];
        self.alter_client(issuer, id, sql, "removed", notices, by)
    }

    /// The client of that id, read from the calling thread.
    pub fn stored_client(&self, issuer: &IssuerName, id: &ClientId) -> Result<Option<Client>, StoreError> {
        find(&self.connection()?, issuer, id).map_err(refused)
    }

    /// The client with that secret, read from the calling thread.
    pub fn stored_client_of_key(&self, issuer: &IssuerName, key: SecretDigest) -> Result<Option<ClientId>, StoreError> {
        of_key(&self.connection()?, issuer, key).map_err(refused)
    }

    /// All clients of the issuer that the store keeps, by id.
    pub fn clients(&self, issuer: &IssuerName) -> Result<Vec<ClientEntry>, StoreError> {
        list(&self.connection()?, issuer).map_err(refused)
    }

    /// Runs the statements for one client; there is none if the first changed nothing.
    fn alter_client(
        &self,
        issuer: &IssuerName,
        id: &ClientId,
        statements: &'static [&'static str],
        action: &'static str,
        notices: Vec<Notice>,
        by: By,
    ) -> Result<Outcome, StoreError> {
        let (issuer, id) = (issuer.clone(), id.clone());
        self.write_now(move |connection| {
            for (at, sql) in statements.iter().enumerate() {
                let changed = connection.execute(sql, params![issuer.as_str(), id.as_str()]).map_err(refused)?;
                if at == 0 && changed == 0 {
                    return Ok(Outcome::Missing);
                }
            }
            for notice in &notices {
                revocation::record(connection, notice, "operator")?;
            }
            note(connection, Topic::Client, &issuer, id.as_str(), action, &by)?;
            Ok(Outcome::Done)
        })
    }
}

/// Reads one client; `None` if the store has none of that id.
pub fn find(connection: &Connection, issuer: &IssuerName, id: &ClientId) -> rusqlite::Result<Option<Client>> {
    let sql = format!("SELECT {COLUMNS} FROM client WHERE issuer = ?1 AND id = ?2");
    let client = connection.prepare_cached(&sql)?.query_row(params![issuer.as_str(), id.as_str()], read).optional()?;
    let Some(mut client) = client else { return Ok(None) };
    let sql = "SELECT slot, digest FROM client_secret WHERE issuer = ?1 AND client = ?2 ORDER BY slot";
    client.secrets = connection
        .prepare_cached(sql)?
        .query_map(params![issuer.as_str(), id.as_str()], |row| {
            Ok(ClientSecret { slot: row.get(0)?, digest: digest(row, 1)? })
        })?
        .collect::<rusqlite::Result<_>>()?;
    Ok(Some(client))
}

/// The client one of whose secrets has this digest; of two, the first by name.
pub fn of_key(connection: &Connection, issuer: &IssuerName, key: SecretDigest) -> rusqlite::Result<Option<ClientId>> {
    let sql = "SELECT client FROM client_secret WHERE issuer = ?1 AND digest = ?2 ORDER BY client";
    let read = |row: &Row<'_>| row.get::<_, String>(0);
    let found = connection.prepare_cached(sql)?.query_row(params![issuer.as_str(), key.0], read).optional()?;
    Ok(found.map(ClientId::new))
}

fn list(connection: &Connection, issuer: &IssuerName) -> rusqlite::Result<Vec<ClientEntry>> {
    let sql = format!("SELECT {COLUMNS}, created FROM client WHERE issuer = ?1 ORDER BY id");
    let mut entries: Vec<ClientEntry> = connection
        .prepare(&sql)?
        .query_map([issuer.as_str()], |row| {
            Ok(ClientEntry { client: read(row)?, created: time(row, CREATED)?, secrets_made: Vec::new() })
        })?
        .collect::<rusqlite::Result<_>>()?;
    let sql = "SELECT slot, digest, created FROM client_secret WHERE issuer = ?1 AND client = ?2 ORDER BY slot";
    let mut statement = connection.prepare(sql)?;
    for entry in &mut entries {
        let mut rows = statement.query(params![issuer.as_str(), entry.client.id.as_str()])?;
        while let Some(row) = rows.next()? {
            entry.client.secrets.push(ClientSecret { slot: row.get(0)?, digest: digest(row, 1)? });
            entry.secrets_made.push(time(row, 2)?);
        }
    }
    Ok(entries)
}

fn read(row: &Row<'_>) -> rusqlite::Result<Client> {
    let grants: String = row.get(2)?;
    let grants = grants.split_ascii_whitespace().map(GrantKind::parse).collect::<Option<Vec<_>>>();
    let url_secrets = UrlSecrets::parse(&row.get::<_, String>(13)?);
    Ok(Client {
        bots: Vec::new(),
        keys: keys(row, 14)?,
        fields: fields(row, 12)?,
        secrets_in_url: url_secrets.ok_or_else(|| damaged(13, "a choice about secrets in URLs"))?,
        application: application::read(row, 5)?,
        id: ClientId::new(row.get::<_, String>(0)?),
        display_name: row.get(1)?,
        secrets: Vec::new(),
        grants: grants.ok_or_else(|| damaged(2, "a list of grants"))?,
        scopes: scopes(row, 3)?,
        disabled: row.get(4)?,
        origin: Origin::Store,
    })
}

/// The keys of a JWK Set that was good when it was written.
fn keys(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Arc<KeyRing>>> {
    let Some(text) = row.get::<_, Option<String>>(column)? else { return Ok(None) };
    let set = serde_json::from_str(&text).map_err(|_| damaged(column, "a JWK Set"))?;
    let ring = KeyRing::of_jwks(&set, &ASSERTION_ALGORITHMS).map_err(|_| damaged(column, "a JWK Set"))?;
    Ok(Some(Arc::new(ring)))
}

fn grants_text(client: &Client) -> String {
    client.grants.iter().map(|grant| grant.as_str()).collect::<Vec<_>>().join(" ")
}

/// Writes a new client; `false` if the id is taken.
pub fn insert(
    connection: &Connection,
    issuer: &IssuerName,
    client: &Client,
    now: UnixTime,
) -> Result<bool, StoreError> {
    let sql = "INSERT INTO client (issuer, id, display_name, grants, scopes, disabled, created, fields, secrets_in_url)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT (issuer, id) DO NOTHING";
    let values = params![
        issuer.as_str(),
        client.id.as_str(),
        client.display_name,
        grants_text(client),
        client.scopes.to_string(),
        client.disabled,
        seconds(now),
        fields_text(&client.fields)?,
        client.secrets_in_url.as_str(),
    ];
    let written = connection.execute(sql, values).map_err(refused)?;
    if written == 1 {
        application::write(connection, issuer, &client.id, &client.application).map_err(refused)?;
        for secret in client.secrets.iter().take(LIVE_SECRETS) {
            put_secret(connection, issuer, &client.id, secret, now).map_err(refused)?;
        }
    }
    Ok(written == 1)
}

/// Puts a new secret beside the newest, or in place of all.
pub fn replace_secret(
    connection: &Connection,
    issuer: &IssuerName,
    id: &ClientId,
    secret: SecretDigest,
    old: OldSecrets,
    now: UnixTime,
) -> rusqlite::Result<()> {
    // The newest secret's slot; of two made in one second the higher slot.
    let newest = "SELECT slot FROM client_secret WHERE issuer = ?1 AND client = ?2 ORDER BY created DESC, slot DESC";
    let newest: Option<u8> =
        connection.query_row(newest, params![issuer.as_str(), id.as_str()], |row| row.get(0)).optional()?;
    if old == OldSecrets::Drop {
        let sql = "DELETE FROM client_secret WHERE issuer = ?1 AND client = ?2";
        connection.execute(sql, params![issuer.as_str(), id.as_str()])?;
    }
    let slot = newest.map_or(0, |newest| 1 - newest.min(1));
    put_secret(connection, issuer, id, &ClientSecret { digest: secret, slot }, now)
}

fn put_secret(
    connection: &Connection,
    issuer: &IssuerName,
    id: &ClientId,
    secret: &ClientSecret,
    now: UnixTime,
) -> rusqlite::Result<()> {
    // The slot's last use belonged to the secret that was there before.
    let sql = "DELETE FROM secret_use WHERE issuer = ?1 AND client = ?2 AND slot = ?3";
    connection.execute(sql, params![issuer.as_str(), id.as_str(), secret.slot])?;
    let sql = "INSERT OR REPLACE INTO client_secret (issuer, client, slot, digest, created)
               VALUES (?1, ?2, ?3, ?4, ?5)";
    connection
        .execute(sql, params![issuer.as_str(), id.as_str(), secret.slot, secret.digest.0, seconds(now)])
        .map(|_| ())
}
