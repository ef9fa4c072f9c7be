//! Values to columns and back. A column that does not hold what we wrote is damage
//! and an error, never a default: a scope lost in reading would be a wrong answer.

use std::collections::BTreeMap;

use rusqlite::Row;
use rusqlite::types::Type;

use crate::clock::UnixTime;
use crate::oauth::store::StoreError;
use crate::token::handle::Handle;
use crate::token::id::{FamilyId, IssuerName};
use crate::token::scope::Scopes;
use crate::token::secret::SecretDigest;

/// The store's words for what SQLite said. Its texts name tables and columns, never
/// the values that were bound.
pub fn refused(error: rusqlite::Error) -> StoreError {
    StoreError { detail: format!("database: {error}") }
}

/// A time as SQLite's signed number; beyond its end there is only "for ever".
pub fn seconds(time: UnixTime) -> i64 {
    i64::try_from(time.0).unwrap_or(i64::MAX)
}

/// A time that was written by `seconds`.
pub fn time(row: &Row<'_>, column: usize) -> rusqlite::Result<UnixTime> {
    let number: i64 = row.get(column)?;
    u64::try_from(number).map(UnixTime).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, number))
}

/// A time or NULL.
pub fn maybe_time(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<UnixTime>> {
    match row.get::<_, Option<i64>>(column)? {
        None => Ok(None),
        Some(_) => time(row, column).map(Some),
    }
}

/// A handle as 16 bytes.
pub fn handle_bytes(handle: Handle) -> [u8; 16] {
    handle.0.to_be_bytes()
}

/// A handle that was written by `handle_bytes`.
pub fn handle(row: &Row<'_>, column: usize) -> rusqlite::Result<Handle> {
    row.get::<_, [u8; 16]>(column).map(|bytes| Handle(u128::from_be_bytes(bytes)))
}

/// A digest of 32 bytes.
pub fn digest(row: &Row<'_>, column: usize) -> rusqlite::Result<SecretDigest> {
    row.get::<_, [u8; 32]>(column).map(SecretDigest)
}

/// A family's number of 16 bytes.
pub fn family_id(row: &Row<'_>, column: usize) -> rusqlite::Result<FamilyId> {
    row.get::<_, [u8; 16]>(column).map(FamilyId)
}

/// An issuer's name.
pub fn issuer(row: &Row<'_>, column: usize) -> rusqlite::Result<IssuerName> {
    row.get::<_, String>(column).map(IssuerName::new)
}

/// Scopes as their space-separated text.
pub fn scopes(row: &Row<'_>, column: usize) -> rusqlite::Result<Scopes> {
    let text: String = row.get(column)?;
    Scopes::parse(&text).ok_or_else(|| damaged(column, "scopes"))
}

/// A map of fields as JSON.
pub fn fields(row: &Row<'_>, column: usize) -> rusqlite::Result<BTreeMap<String, String>> {
    let text: String = row.get(column)?;
    serde_json::from_str(&text).map_err(|_| damaged(column, "a map of fields"))
}

/// A map of fields as `fields` reads it.
pub fn fields_text(fields: &BTreeMap<String, String>) -> Result<String, StoreError> {
    serde_json::to_string(fields).map_err(|e| StoreError { detail: format!("cannot write the fields: {e}") })
}

/// The error for a column that holds something nobody wrote.
pub fn damaged(column: usize, what: &str) -> rusqlite::Error {
    let why = format!("not {what}");
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, why.into())
}
