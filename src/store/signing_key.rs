//! Signing keys of our issuers with their times. A rotation is one transaction: the
//! new key comes and the old ones get their end together, so no gateway ever sees a
//! ring in which nothing signs or an old key lives for ever.

use rusqlite::{Connection, OptionalExtension as _, params};

use crate::clock::{Seconds, UnixTime};
use crate::oauth::issuer::KeySettings;
use crate::oauth::store::StoreError;
use crate::random::Random;
use crate::store::change::{By, Outcome, Topic, note};
use crate::store::column::{damaged, maybe_time, refused, seconds, time};
use crate::store::database::Store;
use crate::store::vault::Vault;
use crate::token::id::{IssuerName, KeyId};
use crate::token::key::{Algorithm, KeyMaterial};

/// A key with its times.
#[derive(Clone, Debug)]
pub struct KeyEntry {
    /// The key.
    pub material: KeyMaterial,
    /// When it was made.
    pub created: UnixTime,
    /// From when it signs; it is published before that.
    pub signs_from: UnixTime,
    /// Until when it verifies; `None`: until a newer one takes over.
    pub verify_until: Option<UnixTime>,
}

/// Whether the ring has to be made again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Keys {
    /// A key was added.
    Changed,
    /// All is as it was.
    Unchanged,
}

/// A new key's place among the others.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Turn {
    /// From when it signs.
    pub signs_from: UnixTime,
    /// How long after that the older ones still verify.
    pub keep_verifying: Seconds,
}

impl Store {
    /// The issuer's keys in the order in which they sign; of two that begin in one
    /// second the one that was made later comes last, and signs.
    pub fn keys(&self, issuer: &IssuerName) -> Result<Vec<KeyEntry>, StoreError> {
        read(&self.connection()?, &self.inner.vault, issuer)
    }

    /// Brings in a new key and ends the older ones: those that have signed verify for
    /// `keep_verifying` more, those that would only have signed later are dropped.
    pub fn rotate_keys(
        &self,
        issuer: &IssuerName,
        new: &KeyMaterial,
        turn: Turn,
        by: By,
    ) -> Result<Outcome, StoreError> {
        let row = self.row(issuer, new)?;
        self.write_now(move |connection| rotate(connection, &row, turn, &by))
    }

    /// Drops a key at once: what it signed is refused from now on.
    pub fn retire_key(&self, issuer: &IssuerName, kid: &KeyId, by: By) -> Result<Outcome, StoreError> {
        let (issuer, kid) = (issuer.clone(), kid.clone());
        self.write_now(move |connection| {
            let sql = "DELETE FROM signing_key WHERE issuer = ?1 AND kid = ?2";
            if connection.execute(sql, params![issuer.as_str(), kid.as_str()]).map_err(refused)? == 0 {
                return Ok(Outcome::Missing);
            }
            note(connection, Topic::Keys, &issuer, kid.as_str(), "retired", &by)?;
            Ok(Outcome::Done)
        })
    }

    /// Sees to it that the issuer has a key of its algorithm that signs, and the next
    /// one in time when keys are rotated by age. Call it at start and every minute;
    /// several gateways may, one of them wins. Given keys are never stored.
    pub fn ensure_keys(
        &self,
        issuer: &IssuerName,
        settings: &KeySettings,
        random: &dyn Random,
        by: By,
    ) -> Result<Keys, StoreError> {
        if settings.given.is_some() {
            return Ok(Keys::Unchanged);
        }
        let keys = self.keys(issuer)?;
        let Some(signs_from) = due(&keys, settings, by.now) else { return Ok(Keys::Unchanged) };
        let new = KeyMaterial::generate(settings.algorithm, random).map_err(|e| StoreError { detail: e.detail })?;
        let row = self.row(issuer, &new)?;
        let turn = Turn { signs_from, keep_verifying: settings.keep_verifying };
        let known = keys.into_iter().next_back().map(|key| key.material.kid);
        self.write_now(move |connection| {
            // Another process may have been here since the keys were read.
            if newest_kid(connection, &row.issuer).map_err(refused)? != known {
                return Ok(Keys::Changed);
            }
            rotate(connection, &row, turn, &by).map(|_| Keys::Changed)
        })
    }

    fn row(&self, issuer: &IssuerName, key: &KeyMaterial) -> Result<Row, StoreError> {
        let secret = self.inner.vault.close(&key.secret)?;
        Ok(Row { issuer: issuer.clone(), kid: key.kid.clone(), algorithm: key.algorithm, secret })
    }
}

/// A key as it is stored.
struct Row {
    issuer: IssuerName,
    kid: KeyId,
    algorithm: Algorithm,
    secret: Vec<u8>,
}

/// The key that signs now: of those that may, the one that came last.
pub fn signer(keys: &[KeyEntry], now: UnixTime) -> Option<&KeyEntry> {
    keys.iter().rfind(|key| key.signs_from <= now && key.verify_until.is_none_or(|end| end > now))
}

/// When the next key is to sign; `None`: none is needed yet. An issuer whose keys all
/// sign later could answer nobody until then: it gets one that signs now.
fn due(keys: &[KeyEntry], settings: &KeySettings, now: UnixTime) -> Option<UnixTime> {
    let Some(newest) = keys.last() else { return Some(now) };
    if newest.material.algorithm != settings.algorithm || signer(keys, now).is_none() {
        return Some(now);
    }
    let turn = newest.signs_from.after(settings.rotate?);
    let published = now.after(settings.publish_ahead);
    (turn <= published).then_some(turn.max(published))
}

fn rotate(connection: &Connection, row: &Row, turn: Turn, by: &By) -> Result<Outcome, StoreError> {
    let issuer = row.issuer.as_str();
    let sql = "INSERT INTO signing_key (issuer, kid, algorithm, secret, created, signs_from)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING";
    let values = params![
        issuer,
        row.kid.as_str(),
        row.algorithm.as_str(),
        row.secret,
        seconds(by.now),
        seconds(turn.signs_from)
    ];
    if connection.execute(sql, values).map_err(refused)? == 0 {
        return Ok(Outcome::Exists);
    }
    let others = "DELETE FROM signing_key WHERE issuer = ?1 AND kid <> ?2 AND signs_from > ?3";
    let later = turn.signs_from.max(by.now);
    connection.execute(others, params![issuer, row.kid.as_str(), seconds(later)]).map_err(refused)?;
    let others = "UPDATE signing_key SET verify_until = ?3 WHERE issuer = ?1 AND kid <> ?2 AND verify_until IS NULL";
    let end = seconds(turn.signs_from.after(turn.keep_verifying));
    connection.execute(others, params![issuer, row.kid.as_str(), end]).map_err(refused)?;
    note(connection, Topic::Keys, &row.issuer, row.kid.as_str(), "rotated", by)?;
    Ok(Outcome::Done)
}

fn newest_kid(connection: &Connection, issuer: &IssuerName) -> rusqlite::Result<Option<KeyId>> {
    let sql = "SELECT kid FROM signing_key WHERE issuer = ?1 ORDER BY signs_from DESC, seq DESC LIMIT 1";
    connection.query_row(sql, [issuer.as_str()], |row| row.get::<_, String>(0).map(KeyId::new)).optional()
}

fn read(connection: &Connection, vault: &Vault, issuer: &IssuerName) -> Result<Vec<KeyEntry>, StoreError> {
    let sql = "SELECT kid, algorithm, secret, created, signs_from, verify_until
               FROM signing_key WHERE issuer = ?1 ORDER BY signs_from, seq";
    let mut statement = connection.prepare(sql).map_err(refused)?;
    let mut rows = statement.query([issuer.as_str()]).map_err(refused)?;
    let mut keys = Vec::new();
    while let Some(row) = rows.next().map_err(refused)? {
        let stored: Vec<u8> = row.get(2).map_err(refused)?;
        let secret = vault.reveal(stored)?;
        let entry = || {
            let algorithm: String = row.get(1)?;
            let algorithm = Algorithm::parse(&algorithm).ok_or_else(|| damaged(1, "an algorithm"))?;
            let material = KeyMaterial { kid: KeyId::new(row.get::<_, String>(0)?), algorithm, secret };
            let (created, signs_from) = (time(row, 3)?, time(row, 4)?);
            Ok(KeyEntry { material, created, signs_from, verify_until: maybe_time(row, 5)? })
        };
        keys.push(entry().map_err(refused)?);
    }
    Ok(keys)
}
