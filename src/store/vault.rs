//! How private keys and users' backend tokens lie in the database: sealed under the
//! operator's store key, or as they are in a folder that is closed to others. Which of
//! the two is written in the database, so opening it without its key, or with another
//! one, is refused before anything is read. A key that comes later seals what was plain.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, params};
use zeroize::Zeroizing;

use crate::oauth::store::StoreError;
use crate::random::OsRandom;
use crate::store::open_error::OpenError;
use crate::store::schema::explain;
use crate::token::seal::{self, SealKey};
use crate::token::secret::Secret;

/// What the store key is used for here; part of its derivation.
const SIGNING_KEYS: &[u8] = b"signing keys";
/// As above.
const BACKEND_TOKENS: &[u8] = b"backend tokens of users";

/// The row that says how keys lie: this text, plain or sealed.
const ROW: &str = "vault";
const PROOF: &[u8] = b"tollgate signing keys";

/// Seals and opens private keys and backend tokens, each under a key of its own.
#[derive(Debug)]
pub struct Vault {
    key: Option<SealKey>,
    token_key: Option<SealKey>,
    random: OsRandom,
}

impl Vault {
    /// Compares the database's word with the key, and seals what was plain.
    pub fn open(connection: &mut Connection, path: &Path, key: Option<&[u8; 32]>) -> Result<Vault, OpenError> {
        let token_key = key.map(|key| SealKey::from_store_key(key, BACKEND_TOKENS));
        let key = key.map(|key| SealKey::from_store_key(key, SIGNING_KEYS));
        let vault = Vault { key, token_key, random: OsRandom::default() };
        let proof = "SELECT value FROM meta WHERE name = ?1";
        let proof: Option<Vec<u8>> =
            connection.query_row(proof, [ROW], |row| row.get(0)).optional().map_err(|e| explain(e, path))?;
        match (proof, &vault.key) {
            (None, None) => vault.settle(connection, path)?,
            (Some(proof), None) if proof == PROOF => {}
            (Some(_), None) => return Err(OpenError::KeyMissing { path: path.to_owned() }),
            (None, Some(_)) => vault.settle(connection, path)?,
            (Some(proof), Some(_)) if proof == PROOF => vault.settle(connection, path)?,
            (Some(proof), Some(key)) => {
                seal::open(key, &proof).map_err(|_| OpenError::KeyWrong { path: path.to_owned() })?;
            }
        }
        Ok(vault)
    }

    /// What is stored of a private key.
    pub fn close(&self, secret: &[u8]) -> Result<Vec<u8>, StoreError> {
        match &self.key {
            None => Ok(secret.to_vec()),
            Some(key) => {
                seal::seal(key, &self.random, secret).map_err(|e| StoreError { detail: format!("signing key: {e}") })
            }
        }
    }

    /// The private key of what is stored.
    pub fn reveal(&self, stored: Vec<u8>) -> Result<Zeroizing<Vec<u8>>, StoreError> {
        match &self.key {
            None => Ok(Zeroizing::new(stored)),
            Some(key) => seal::open(key, &stored).map_err(|e| StoreError { detail: format!("signing key: {e}") }),
        }
    }

    /// What is stored of a user's backend token.
    pub fn close_token(&self, token: &Secret) -> Result<Vec<u8>, StoreError> {
        let plain = token.expose().as_bytes();
        match &self.token_key {
            None => Ok(plain.to_vec()),
            Some(key) => seal::seal(key, &self.random, plain).map_err(|e| broken_token(&e)),
        }
    }

    /// The backend token of what is stored.
    pub fn reveal_token(&self, stored: Vec<u8>) -> Result<Secret, StoreError> {
        let plain = match &self.token_key {
            None => Zeroizing::new(stored),
            Some(key) => seal::open(key, &stored).map_err(|e| broken_token(&e))?,
        };
        let text = std::str::from_utf8(&plain).map_err(|e| broken_token(&e))?;
        Ok(Secret::new(text.to_owned()))
    }

    /// Writes down how keys lie from now on, and makes those that are there lie so.
    fn settle(&self, connection: &mut Connection, path: &Path) -> Result<(), OpenError> {
        let failed = |e| explain(e, path);
        let unsealed = |e: StoreError| OpenError::Database { path: path.to_owned(), detail: e.detail };
        let work = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
        let keys: Vec<(String, String, Vec<u8>)> = work
            .prepare("SELECT issuer, kid, secret FROM signing_key")
            .and_then(|mut s| s.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?.collect())
            .map_err(failed)?;
        for (issuer, kid, plain) in keys {
            let secret = self.close(&Zeroizing::new(plain)).map_err(unsealed)?;
            let sql = "UPDATE signing_key SET secret = ?3 WHERE issuer = ?1 AND kid = ?2";
            work.execute(sql, params![issuer, kid, secret]).map_err(failed)?;
        }
        let tokens: Vec<(String, String, Vec<u8>)> = work
            .prepare("SELECT issuer, name, backend_token FROM user WHERE backend_token IS NOT NULL")
            .and_then(|mut s| s.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?.collect())
            .map_err(failed)?;
        for (issuer, name, plain) in tokens {
            let text = String::from_utf8(plain).map_err(|e| unsealed(broken_token(&e)))?;
            let sealed = self.close_token(&Secret::new(text)).map_err(unsealed)?;
            let sql = "UPDATE user SET backend_token = ?3 WHERE issuer = ?1 AND name = ?2";
            work.execute(sql, params![issuer, name, sealed]).map_err(failed)?;
        }
        let proof = self.close(PROOF).map_err(unsealed)?;
        let sql = "INSERT OR REPLACE INTO meta (name, value) VALUES (?1, ?2)";
        work.execute(sql, params![ROW, proof]).map_err(failed)?;
        work.commit().map_err(failed)
    }
}

/// The operator's words for a token that cannot be sealed or opened.
fn broken_token(error: &dyn std::fmt::Display) -> StoreError {
    StoreError { detail: format!("backend token: {error}") }
}
