//! `ApplicationStore` on SQLite. A change and its line in the numbered log are one
//! transaction, as for the command line's; the caches of this process forget it before
//! the answer.

use rusqlite::{Connection, OptionalExtension as _, params};

use crate::clock::UnixTime;
use crate::oauth::application_store::{Alteration, Altered, ApplicationStore, KeptApplication};
use crate::oauth::client::Client;
use crate::oauth::store::StoreError;
use crate::revocation::notice::Notice;
use crate::store::change::{By, Topic, note};
use crate::store::client::{self, OldSecrets};
use crate::store::column::{maybe_time, refused, time};
use crate::store::database::Store;
use crate::store::{application, bot, revocation};
use crate::token::id::{ClientId, IssuerName, Subject};
use crate::token::secret::SecretDigest;

/// Who changes, for the log, where it was not the command line.
const ACTOR: &str = "owner";

impl ApplicationStore for Store {
    async fn add_application(
        &self,
        issuer: &IssuerName,
        client: Client,
        registration: Option<SecretDigest>,
        now: UnixTime,
    ) -> Result<(), StoreError> {
        let (name, id) = (issuer.clone(), client.id.clone());
        let done = self.write(move |connection| {
            if !client::insert(connection, &name, &client, now)? {
                return Err(StoreError { detail: "the id of a new application is taken".to_owned() });
            }
            let sql = "UPDATE client SET registration = ?3 WHERE issuer = ?1 AND id = ?2";
            let values = params![name.as_str(), client.id.as_str(), registration.map(|digest| digest.0)];
            connection.execute(sql, values).map_err(refused)?;
            note(connection, Topic::Client, &name, client.id.as_str(), "registered", &by(now))
        });
        done.await?;
        self.forget_client(issuer, &id);
        Ok(())
    }

    async fn application(&self, issuer: &IssuerName, id: &ClientId) -> Result<Option<KeptApplication>, StoreError> {
        let (issuer, id) = (issuer.clone(), id.clone());
        self.read(move |connection| kept(connection, &issuer, &id).map_err(refused)).await
    }

    async fn applications_of(&self, issuer: &IssuerName, owner: &Subject) -> Result<Vec<KeptApplication>, StoreError> {
        let (issuer, owner) = (issuer.clone(), owner.clone());
        let sql = "SELECT id FROM client WHERE issuer = ?1 AND owner = ?2 ORDER BY created, id";
        self.read(move |connection| list(connection, sql, &issuer, Some(&owner)).map_err(refused)).await
    }

    async fn waiting_applications(&self, issuer: &IssuerName) -> Result<Vec<KeptApplication>, StoreError> {
        let issuer = issuer.clone();
        let sql = "SELECT id FROM client WHERE issuer = ?1 AND waiting = 1 ORDER BY created, id";
        self.read(move |connection| list(connection, sql, &issuer, None).map_err(refused)).await
    }

    async fn alter_application(
        &self,
        issuer: &IssuerName,
        id: &ClientId,
        change: Alteration,
        now: UnixTime,
    ) -> Result<Altered, StoreError> {
        let (name, client) = (issuer.clone(), id.clone());
        let done = self.write(move |connection| {
            if client::find(connection, &name, &client).map_err(refused)?.is_none() {
                return Ok(Altered::Missing);
            }
            let action = alter(connection, &name, &client, change, now).map_err(refused)?;
            note(connection, Topic::Client, &name, client.as_str(), action, &by(now))?;
            Ok(Altered::Done)
        });
        let altered = done.await?;
        self.forget_client(issuer, id);
        Ok(altered)
    }

    async fn remove_application(
        &self,
        issuer: &IssuerName,
        id: &ClientId,
        notice: Notice,
        now: UnixTime,
    ) -> Result<Altered, StoreError> {
        let (name, client) = (issuer.clone(), id.clone());
        let done = self.write(move |connection| {
            let values = params![name.as_str(), client.as_str()];
            let gone = connection.execute("DELETE FROM client WHERE issuer = ?1 AND id = ?2", values);
            if gone.map_err(refused)? == 0 {
                return Ok(Altered::Missing);
            }
            connection.execute(bot::FORGET_OF, values).map_err(refused)?;
            connection.execute("DELETE FROM consent WHERE issuer = ?1 AND client = ?2", values).map_err(refused)?;
            revocation::record(connection, &notice, "removed")?;
            note(connection, Topic::Client, &name, client.as_str(), "removed", &by(now))?;
            Ok(Altered::Done)
        });
        let altered = done.await?;
        self.forget_client(issuer, id);
        Ok(altered)
    }
}

fn by(now: UnixTime) -> By {
    By { actor: ACTOR.to_owned(), now }
}

fn alter(
    connection: &Connection,
    issuer: &IssuerName,
    id: &ClientId,
    change: Alteration,
    now: UnixTime,
) -> rusqlite::Result<&'static str> {
    match change {
        Alteration::Edit { name, application, scopes } => {
            let sql = "UPDATE client SET display_name = ?3, scopes = ?4 WHERE issuer = ?1 AND id = ?2";
            connection.execute(sql, params![issuer.as_str(), id.as_str(), name, scopes.to_string()])?;
            application::write(connection, issuer, id, &application)?;
            Ok("changed")
        }
        Alteration::AddSecret(secret) => {
            client::replace_secret(connection, issuer, id, secret, OldSecrets::KeepOne, now)?;
            Ok("secret added")
        }
        Alteration::OnlySecret(secret) => {
            client::replace_secret(connection, issuer, id, secret, OldSecrets::Drop, now)?;
            Ok("secret rotated")
        }
        Alteration::DropSecret(slot) => {
            let sql = "DELETE FROM client_secret WHERE issuer = ?1 AND client = ?2 AND slot = ?3";
            connection.execute(sql, params![issuer.as_str(), id.as_str(), slot])?;
            Ok("secret removed")
        }
        Alteration::Approve => {
            let sql = "UPDATE client SET waiting = 0 WHERE issuer = ?1 AND id = ?2";
            connection.execute(sql, params![issuer.as_str(), id.as_str()])?;
            Ok("approved")
        }
    }
}

fn list(
    connection: &Connection,
    sql: &str,
    issuer: &IssuerName,
    owner: Option<&Subject>,
) -> rusqlite::Result<Vec<KeptApplication>> {
    let mut statement = connection.prepare_cached(sql)?;
    let read = |row: &rusqlite::Row<'_>| row.get::<_, String>(0);
    let ids = match owner {
        Some(owner) => statement.query_map(params![issuer.as_str(), owner.as_str()], read)?,
        None => statement.query_map(params![issuer.as_str()], read)?,
    };
    let ids: Vec<String> = ids.collect::<rusqlite::Result<_>>()?;
    let mut out = Vec::new();
    for id in ids {
        out.extend(kept(connection, issuer, &ClientId::new(id))?);
    }
    Ok(out)
}

fn kept(connection: &Connection, issuer: &IssuerName, id: &ClientId) -> rusqlite::Result<Option<KeptApplication>> {
    let Some(client) = client::find(connection, issuer, id)? else { return Ok(None) };
    let values = params![issuer.as_str(), id.as_str()];
    let sql = "SELECT created, registration FROM client WHERE issuer = ?1 AND id = ?2";
    let facts = connection
        .prepare_cached(sql)?
        .query_row(values, |row| Ok((time(row, 0)?, row.get::<_, Option<[u8; 32]>>(1)?)))
        .optional()?;
    let Some((created, registration)) = facts else { return Ok(None) };
    let sql = "SELECT s.slot, s.created, u.last_used FROM client_secret s
               LEFT JOIN secret_use u ON u.issuer = s.issuer AND u.client = s.client AND u.slot = s.slot
               WHERE s.issuer = ?1 AND s.client = ?2 ORDER BY s.slot";
    let secrets = connection
        .prepare_cached(sql)?
        .query_map(values, |row| Ok((row.get(0)?, time(row, 1)?, maybe_time(row, 2)?)))?
        .collect::<rusqlite::Result<_>>()?;
    Ok(Some(KeptApplication { client, created, secrets, registration: registration.map(SecretDigest) }))
}
