//! Clients that the command line keeps in the store. A change and its line in the
//! numbered log are one transaction; disabling and removing also call back what the
//! client holds, in the same transaction. Secrets come as digests only.

use rusqlite::{Connection, OptionalExtension as _, Row, params};

use crate::clock::UnixTime;
use crate::oauth::client::{Client, ClientSecret, GrantKind, LIVE_SECRETS, Origin};
use crate::oauth::store::StoreError;
use crate::revocation::notice::Notice;
use crate::store::change::{By, Outcome, Topic, note};
use crate::store::column::{damaged, digest, refused, scopes, seconds, time};
use crate::store::database::Store;
use crate::store::{application, revocation};
use crate::token::id::{ClientId, IssuerName};
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

/// What `read` reads, in its order.
const COLUMNS: &str = "id, display_name, grants, scopes, disabled, description, redirect_uris, logout_uris, pkce, \
                       consent, owner, waiting";

/// The column behind those of `COLUMNS`.
const CREATED: usize = 12;

impl Store {
    /// Adds a client with its secrets.
    pub fn add_client(&self, issuer: &IssuerName, client: Client, by: By) -> Result<Outcome, StoreError> {
        let issuer = issuer.clone();
        self.write_now(move |connection| {
            if !insert(connection, &issuer, &client, by.now).map_err(refused)? {
                return Ok(Outcome::Exists);
            }
            note(connection, Topic::Client, &issuer, client.id.as_str(), "added", &by)?;
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
        let sql = if state == State::Disabled {
            "UPDATE client SET disabled = 1 WHERE issuer = ?1 AND id = ?2"
        } else {
            "UPDATE client SET disabled = 0 WHERE issuer = ?1 AND id = ?2"
        };
        self.change_client(issuer, id, sql, action, notices, by)
    }

    /// Lets an application be used that waits for approval.
    pub fn approve_client(&self, issuer: &IssuerName, id: &ClientId, by: By) -> Result<Outcome, StoreError> {
        let sql = "UPDATE client SET waiting = 0 WHERE issuer = ?1 AND id = ?2";
        self.change_client(issuer, id, sql, "approved", Vec::new(), by)
    }

    /// Removes the client with its secrets; `notices` are recorded with it.
    pub fn remove_client(
        &self,
        issuer: &IssuerName,
        id: &ClientId,
        notices: Vec<Notice>,
        by: By,
    ) -> Result<Outcome, StoreError> {
        self.change_client(issuer, id, "DELETE FROM client WHERE issuer = ?1 AND id = ?2", "removed", notices, by)
    }

    /// All clients of the issuer that the store keeps, by id.
    pub fn clients(&self, issuer: &IssuerName) -> Result<Vec<ClientEntry>, StoreError> {
        list(&self.connection()?, issuer).map_err(refused)
    }

    fn change_client(
        &self,
        issuer: &IssuerName,
        id: &ClientId,
        sql: &'static str,
        action: &'static str,
        notices: Vec<Notice>,
        by: By,
    ) -> Result<Outcome, StoreError> {
        let (issuer, id) = (issuer.clone(), id.clone());
        self.write_now(move |connection| {
            let changed = connection.execute(sql, params![issuer.as_str(), id.as_str()]).map_err(refused)?;
            if changed == 0 {
                return Ok(Outcome::Missing);
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
    Ok(Client {
        bots: Vec::new(),
        keys: None,
        fields: Default::default(),
        secrets_in_url: Default::default(),
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

/// Writes a new client; `false` if the id is taken.
pub fn insert(connection: &Connection, issuer: &IssuerName, client: &Client, now: UnixTime) -> rusqlite::Result<bool> {
    let grants: Vec<&str> = client.grants.iter().map(|g| g.as_str()).collect();
    let sql = "INSERT INTO client (issuer, id, display_name, grants, scopes, disabled, created)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (issuer, id) DO NOTHING";
    let written = connection.execute(
        sql,
        params![
            issuer.as_str(),
            client.id.as_str(),
            client.display_name,
            grants.join(" "),
            client.scopes.to_string(),
            client.disabled,
            seconds(now),
        ],
    )?;
    if written == 1 {
        application::write(connection, issuer, &client.id, &client.application)?;
        for secret in client.secrets.iter().take(LIVE_SECRETS) {
            put_secret(connection, issuer, &client.id, secret, now)?;
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
