//! Bots that the command line keeps in the store. A change and its line in the numbered
//! log are one transaction, and with it the notices that call back what a bot holds: its
//! tokens may have no end of their own.

use rusqlite::{Connection, OptionalExtension as _, Row, params};

use crate::clock::UnixTime;
use crate::oauth::bot::KeptBot;
use crate::oauth::store::StoreError;
use crate::revocation::notice::Notice;
use crate::store::change::{By, Outcome, Topic, note};
use crate::store::column::{damaged, fields, fields_text, refused, seconds, time};
use crate::store::database::Store;
use crate::store::revocation;
use crate::token::id::{ClientId, IssuerName, Subject};
use crate::token::scope::Scopes;

/// How many bots the store keeps of one client.
pub const BOTS_OF_ONE: usize = 1_000;

/// A bot with what the store knows beyond the rules.
#[derive(Clone, Debug)]
pub struct BotEntry {
    /// The bot.
    pub bot: KeptBot,
    /// When it was added.
    pub created: UnixTime,
}

/// What became of a new bot.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Added {
    /// It is kept and durable.
    Done,
    /// There is one of that id already.
    Exists,
    /// Its client has `BOTS_OF_ONE`.
    Full,
}

/// What `read` reads, in its order.
const COLUMNS: &str = "id, client, scopes, fields";

/// Removes the bots of a client that is removed.
pub const FORGET_OF: &str = "DELETE FROM bot WHERE issuer = ?1 AND client = ?2";

/// The column behind those of `COLUMNS`.
const CREATED: usize = 4;

impl Store {
    /// Adds a bot.
    pub fn add_bot(&self, issuer: &IssuerName, bot: KeptBot, by: By) -> Result<Added, StoreError> {
        let issuer = issuer.clone();
        self.write_now(move |connection| {
            let sql = "SELECT count(*) FROM bot WHERE issuer = ?1 AND client = ?2";
            let values = params![issuer.as_str(), bot.client.as_str()];
            let held: i64 = connection.query_row(sql, values, |row| row.get(0)).map_err(refused)?;
            if usize::try_from(held).is_ok_and(|held| held >= BOTS_OF_ONE) {
                return Ok(Added::Full);
            }
            let sql = "INSERT INTO bot (issuer, id, client, scopes, fields, created)
                       VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING";
            let values = params![
                issuer.as_str(),
                bot.id.as_str(),
                bot.client.as_str(),
                bot.scopes.as_ref().map(Scopes::to_string),
                fields_text(&bot.fields)?,
                seconds(by.now),
            ];
            if connection.execute(sql, values).map_err(refused)? == 0 {
                return Ok(Added::Exists);
            }
            note(connection, Topic::Bot, &issuer, bot.id.as_str(), "added", &by)?;
            Ok(Added::Done)
        })
    }

    /// Puts other scopes and fields in place of those it has; `notices` are recorded with
    /// it.
    pub fn change_bot(
        &self,
        issuer: &IssuerName,
        bot: KeptBot,
        notices: Vec<Notice>,
        by: By,
    ) -> Result<Outcome, StoreError> {
        let issuer = issuer.clone();
        self.write_now(move |connection| {
            let sql = "UPDATE bot SET scopes = ?4, fields = ?5 WHERE issuer = ?1 AND id = ?2 AND client = ?3";
            let scopes = bot.scopes.as_ref().map(Scopes::to_string);
            let fields = fields_text(&bot.fields)?;
            let values = params![issuer.as_str(), bot.id.as_str(), bot.client.as_str(), scopes, fields];
            if connection.execute(sql, values).map_err(refused)? == 0 {
                return Ok(Outcome::Missing);
            }
            record(connection, &notices)?;
            note(connection, Topic::Bot, &issuer, bot.id.as_str(), "changed", &by)?;
            Ok(Outcome::Done)
        })
    }

    /// Removes a bot; `notices` are recorded with it.
    pub fn remove_bot(
        &self,
        issuer: &IssuerName,
        id: &Subject,
        notices: Vec<Notice>,
        by: By,
    ) -> Result<Outcome, StoreError> {
        let (issuer, id) = (issuer.clone(), id.clone());
        self.write_now(move |connection| {
            let sql = "DELETE FROM bot WHERE issuer = ?1 AND id = ?2";
            if connection.execute(sql, params![issuer.as_str(), id.as_str()]).map_err(refused)? == 0 {
                return Ok(Outcome::Missing);
            }
            record(connection, &notices)?;
            note(connection, Topic::Bot, &issuer, id.as_str(), "removed", &by)?;
            Ok(Outcome::Done)
        })
    }

    /// All bots of the issuer that the store keeps, by id.
    pub fn bots(&self, issuer: &IssuerName) -> Result<Vec<BotEntry>, StoreError> {
        let connection = self.connection()?;
        let sql = format!("SELECT {COLUMNS}, created FROM bot WHERE issuer = ?1 ORDER BY id");
        let mut statement = connection.prepare(&sql).map_err(refused)?;
        let rows = statement
            .query_map([issuer.as_str()], |row| Ok(BotEntry { bot: read(row)?, created: time(row, CREATED)? }))
            .map_err(refused)?;
        rows.collect::<rusqlite::Result<_>>().map_err(refused)
    }

    /// The bot of that id, read from the calling thread.
    pub fn stored_bot(&self, issuer: &IssuerName, id: &Subject) -> Result<Option<KeptBot>, StoreError> {
        find(&self.connection()?, issuer, id).map_err(refused)
    }
}

/// Reads one bot; `None` if the store has none of that id.
pub fn find(connection: &Connection, issuer: &IssuerName, id: &Subject) -> rusqlite::Result<Option<KeptBot>> {
    let sql = format!("SELECT {COLUMNS} FROM bot WHERE issuer = ?1 AND id = ?2");
    connection.prepare_cached(&sql)?.query_row(params![issuer.as_str(), id.as_str()], read).optional()
}

fn record(connection: &Connection, notices: &[Notice]) -> Result<(), StoreError> {
    notices.iter().try_for_each(|notice| revocation::record(connection, notice, "operator").map(|_| ()))
}

fn read(row: &Row<'_>) -> rusqlite::Result<KeptBot> {
    let scopes = match row.get::<_, Option<String>>(2)? {
        None => None,
        Some(text) => Some(Scopes::parse(&text).ok_or_else(|| damaged(2, "scopes"))?),
    };
    Ok(KeptBot {
        id: Subject::new(row.get::<_, String>(0)?),
        client: ClientId::new(row.get::<_, String>(1)?),
        scopes,
        fields: fields(row, 3)?,
    })
}
