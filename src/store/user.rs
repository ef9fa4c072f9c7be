//! Users that the command line keeps in the store. A change and its line in the
//! numbered log are one transaction, and with it the notices that call back what the
//! user's applications hold. Passwords come hashed (Argon2id, PHC form).

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension as _, Row, params};

use crate::clock::UnixTime;
use crate::oauth::client::Origin;
use crate::oauth::store::StoreError;
use crate::oauth::user::User;
use crate::revocation::notice::Notice;
use crate::store::change::{By, Outcome, Topic, note};
use crate::store::client::State;
use crate::store::column::{damaged, fields, fields_text, refused, seconds, time};
use crate::store::database::Store;
use crate::store::revocation;
use crate::token::id::{IssuerName, Subject, UserName};
use crate::token::scope::Scopes;
use crate::token::secret::Secret;

/// A user with what the store knows beyond the rules.
#[derive(Clone, Debug)]
pub struct UserEntry {
    /// The user.
    pub user: User,
    /// When he was added.
    pub created: UnixTime,
}

impl Store {
    /// Adds a user, with what the backend itself knows him by; `Exists` if the name or the
    /// subject is taken.
    pub fn add_user(
        &self,
        issuer: &IssuerName,
        user: User,
        backend_token: Option<&Secret>,
        by: By,
    ) -> Result<Outcome, StoreError> {
        let issuer = issuer.clone();
        let token = backend_token.map(|token| self.inner.vault.close_token(token)).transpose()?;
        self.write_now(move |connection| {
            if !insert(connection, &issuer, &user, by.now)? {
                return Ok(Outcome::Exists);
            }
            let token = Alteration::BackendToken(token);
            token.apply(connection, &issuer, &user.name).map_err(refused)?;
            note(connection, Topic::User, &issuer, user.name.as_str(), "added", &by)?;
            Ok(Outcome::Done)
        })
    }

    /// Sets the password's hash; `notices` are recorded with it.
    pub fn set_password(
        &self,
        issuer: &IssuerName,
        name: &UserName,
        hash: String,
        notices: Vec<Notice>,
        by: By,
    ) -> Result<Outcome, StoreError> {
        self.change_user(issuer, name, Alteration::Password(hash), notices, by)
    }

    /// Sets what the backend itself knows the user by, or takes it away.
    pub fn set_backend_token(
        &self,
        issuer: &IssuerName,
        name: &UserName,
        token: Option<&Secret>,
        by: By,
    ) -> Result<Outcome, StoreError> {
        let token = token.map(|token| self.inner.vault.close_token(token)).transpose()?;
        self.change_user(issuer, name, Alteration::BackendToken(token), Vec::new(), by)
    }

    /// Puts other fields in place of those he has.
    pub fn set_user_fields(
        &self,
        issuer: &IssuerName,
        name: &UserName,
        fields: &BTreeMap<String, String>,
        by: By,
    ) -> Result<Outcome, StoreError> {
        self.change_user(issuer, name, Alteration::Fields(fields_text(fields)?), Vec::new(), by)
    }

    /// Enables or disables the user; `notices` are recorded with it.
    pub fn set_user_state(
        &self,
        issuer: &IssuerName,
        name: &UserName,
        state: State,
        notices: Vec<Notice>,
        by: By,
    ) -> Result<Outcome, StoreError> {
        self.change_user(issuer, name, Alteration::State(state), notices, by)
    }

    /// Removes the user; `notices` are recorded with it.
    pub fn remove_user(
        &self,
        issuer: &IssuerName,
        name: &UserName,
        notices: Vec<Notice>,
        by: By,
    ) -> Result<Outcome, StoreError> {
        self.change_user(issuer, name, Alteration::Removal, notices, by)
    }

    /// All users of the issuer that the store keeps, by name.
    pub fn users(&self, issuer: &IssuerName) -> Result<Vec<UserEntry>, StoreError> {
        let sql = "SELECT name, subject, password_hash, disabled, may_grant, fields, created
                   FROM user WHERE issuer = ?1 ORDER BY name";
        let connection = self.connection()?;
        let mut statement = connection.prepare(sql).map_err(refused)?;
        let rows = statement
            .query_map([issuer.as_str()], |row| Ok(UserEntry { user: read(row)?, created: time(row, 6)? }))
            .map_err(refused)?;
        rows.collect::<rusqlite::Result<_>>().map_err(refused)
    }

    /// Whether the store keeps a user whom tokens call so.
    pub fn knows_subject(&self, issuer: &IssuerName, subject: &Subject) -> Result<bool, StoreError> {
        of_subject(&self.connection()?, issuer, subject).map(|found| found.is_some()).map_err(refused)
    }

    /// The user of that name, read from the calling thread.
    pub fn stored_user(&self, issuer: &IssuerName, name: &UserName) -> Result<Option<User>, StoreError> {
        find(&self.connection()?, issuer, name).map_err(refused)
    }

    fn change_user(
        &self,
        issuer: &IssuerName,
        name: &UserName,
        alteration: Alteration,
        notices: Vec<Notice>,
        by: By,
    ) -> Result<Outcome, StoreError> {
        let (issuer, name) = (issuer.clone(), name.clone());
        self.write_now(move |connection| {
            if alteration.apply(connection, &issuer, &name).map_err(refused)? == 0 {
                return Ok(Outcome::Missing);
            }
            for notice in &notices {
                revocation::record(connection, notice, "operator")?;
            }
            note(connection, Topic::User, &issuer, name.as_str(), alteration.action(), &by)?;
            Ok(Outcome::Done)
        })
    }
}

enum Alteration {
    Password(String),
    /// As JSON.
    Fields(String),
    /// As the vault closed it.
    BackendToken(Option<Vec<u8>>),
    State(State),
    Removal,
}

impl Alteration {
    fn action(&self) -> &'static str {
        match self {
            Alteration::Password(_) => "password changed",
            Alteration::Fields(_) => "changed",
            Alteration::BackendToken(Some(_)) => "backend token set",
            Alteration::BackendToken(None) => "backend token removed",
            Alteration::State(State::Enabled) => "enabled",
            Alteration::State(State::Disabled) => "disabled",
            Alteration::Removal => "removed",
        }
    }

    fn apply(&self, connection: &Connection, issuer: &IssuerName, name: &UserName) -> rusqlite::Result<usize> {
        let (issuer, name) = (issuer.as_str(), name.as_str());
        match self {
            Alteration::Password(hash) => connection.execute(
                "UPDATE user SET password_hash = ?3 WHERE issuer = ?1 AND name = ?2",
                params![issuer, name, hash],
            ),
            Alteration::Fields(fields) => connection
                .execute("UPDATE user SET fields = ?3 WHERE issuer = ?1 AND name = ?2", params![issuer, name, fields]),
            Alteration::BackendToken(token) => connection.execute(
                "UPDATE user SET backend_token = ?3 WHERE issuer = ?1 AND name = ?2",
                params![issuer, name, token],
            ),
            Alteration::State(state) => connection.execute(
                "UPDATE user SET disabled = ?3 WHERE issuer = ?1 AND name = ?2",
                params![issuer, name, *state == State::Disabled],
            ),
            Alteration::Removal => {
                connection.execute("DELETE FROM user WHERE issuer = ?1 AND name = ?2", params![issuer, name])
            }
        }
    }
}

/// Reads one user; `None` if the store has none of that name.
pub fn find(connection: &Connection, issuer: &IssuerName, name: &UserName) -> rusqlite::Result<Option<User>> {
    let sql = "SELECT name, subject, password_hash, disabled, may_grant, fields
               FROM user WHERE issuer = ?1 AND name = ?2";
    connection.prepare_cached(sql)?.query_row(params![issuer.as_str(), name.as_str()], read).optional()
}

/// Reads the user whom tokens call so.
pub fn of_subject(connection: &Connection, issuer: &IssuerName, subject: &Subject) -> rusqlite::Result<Option<User>> {
    let sql = "SELECT name, subject, password_hash, disabled, may_grant, fields
               FROM user WHERE issuer = ?1 AND subject = ?2";
    connection.prepare_cached(sql)?.query_row(params![issuer.as_str(), subject.as_str()], read).optional()
}

/// What the backend itself knows a person by, as the vault closed it.
pub fn backend_token(
    connection: &Connection,
    issuer: &IssuerName,
    subject: &Subject,
) -> rusqlite::Result<Option<Vec<u8>>> {
    let sql = "SELECT backend_token FROM user WHERE issuer = ?1 AND subject = ?2";
    let read = |row: &Row<'_>| row.get(0);
    let found = connection.prepare_cached(sql)?.query_row(params![issuer.as_str(), subject.as_str()], read).optional();
    found.map(Option::flatten)
}

fn insert(connection: &Connection, issuer: &IssuerName, user: &User, now: UnixTime) -> Result<bool, StoreError> {
    let fields = fields_text(&user.fields)?;
    let sql = "INSERT INTO user (issuer, name, subject, password_hash, disabled, may_grant, fields, created)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO NOTHING";
    let written = connection
        .execute(
            sql,
            params![
                issuer.as_str(),
                user.name.as_str(),
                user.subject.as_str(),
                user.password_hash,
                user.disabled,
                user.may_grant.as_ref().map(Scopes::to_string),
                fields,
                seconds(now),
            ],
        )
        .map_err(refused)?;
    Ok(written == 1)
}

fn read(row: &Row<'_>) -> rusqlite::Result<User> {
    let may_grant = match row.get::<_, Option<String>>(4)? {
        None => None,
        Some(text) => Some(Scopes::parse(&text).ok_or_else(|| damaged(4, "scopes"))?),
    };
    Ok(User {
        name: UserName::new(row.get::<_, String>(0)?),
        subject: Subject::new(row.get::<_, String>(1)?),
        password_hash: row.get(2)?,
        disabled: row.get(3)?,
        may_grant,
        fields: fields(row, 5)?,
        origin: Origin::Store,
    })
}
