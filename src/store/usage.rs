//! When each client secret was last used, to the minute. Kept in memory and written
//! now and then: an operator asks whether the old secret may go, not to the second.
//! Losing the last minutes in a crash is fine; making a token request wait is not.

use std::collections::HashMap;
use std::sync::Mutex;

use rusqlite::{Connection, params};

use crate::clock::UnixTime;
use crate::oauth::store::StoreError;
use crate::store::column::{refused, seconds, time};
use crate::store::database::Store;
use crate::token::id::{ClientId, IssuerName};

/// Secrets whose use is noted between two flushes; the use of more is not noted.
const NOTED: usize = 16_384;

type Slot = (IssuerName, ClientId, u8);

/// Uses that are not written yet.
#[derive(Default)]
pub struct Usage(Mutex<HashMap<Slot, UnixTime>>);

impl Usage {
    /// Notes a use.
    pub fn note(&self, issuer: &IssuerName, id: &ClientId, slot: u8, now: UnixTime) {
        let minute = UnixTime(now.0 - now.0 % 60);
        let mut noted = self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let key = (issuer.clone(), id.clone(), slot);
        if noted.len() < NOTED || noted.contains_key(&key) {
            noted.insert(key, minute);
        }
    }

    fn take(&self) -> HashMap<Slot, UnixTime> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner()))
    }
}

impl Store {
    /// When the issuer's secrets were last used, by client and slot.
    pub fn secret_uses(&self, issuer: &IssuerName) -> Result<HashMap<(ClientId, u8), UnixTime>, StoreError> {
        let connection = self.connection()?;
        let sql = "SELECT client, slot, last_used FROM secret_use WHERE issuer = ?1";
        let mut statement = connection.prepare(sql).map_err(refused)?;
        let rows = statement
            .query_map([issuer.as_str()], |row| {
                Ok(((ClientId::new(row.get::<_, String>(0)?), row.get(1)?), time(row, 2)?))
            })
            .map_err(refused)?;
        rows.collect::<rusqlite::Result<_>>().map_err(refused)
    }

    /// Writes down what was noted since the last time. Call it every minute or so and
    /// at shutdown, from a thread that may wait for the disk.
    pub fn flush_usage(&self) -> Result<(), StoreError> {
        let noted = self.inner.usage.take();
        if noted.is_empty() {
            return Ok(());
        }
        self.write_now(move |connection| write(connection, &noted).map_err(refused))
    }
}

fn write(connection: &Connection, noted: &HashMap<Slot, UnixTime>) -> rusqlite::Result<()> {
    let sql = "INSERT INTO secret_use (issuer, client, slot, last_used) VALUES (?1, ?2, ?3, ?4)
               ON CONFLICT (issuer, client, slot) DO UPDATE SET last_used = max(last_used, excluded.last_used)";
    let mut statement = connection.prepare_cached(sql)?;
    for ((issuer, client, slot), minute) in noted {
        statement.execute(params![issuer.as_str(), client.as_str(), slot, seconds(*minute)])?;
    }
    Ok(())
}
