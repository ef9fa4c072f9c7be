//! An entry that a command names: a client, a bot or a user of an issuer, and the words
//! in which every command refuses one. The file's entries are changed in the file, so
//! that it stays the whole truth about them. Must never: change anything itself.

use crate::cli::failure::Failure;
use crate::oauth::bot;
use crate::oauth::issuer::Issuer;
use crate::store::change::Outcome;

/// An entry, by what it is and what it is called.
#[derive(Clone, Copy, Debug)]
pub enum Entry<'a> {
    /// By its id.
    Client(&'a str),
    /// By its id.
    Bot(&'a str),
    /// By the name that he signs in with.
    User(&'a str),
}

impl Entry<'_> {
    /// Refuses one that the configuration file defines.
    pub fn refuse_file(self, issuer: &Issuer) -> Result<(), Failure> {
        let (there, pronoun) = match self {
            Entry::Client(id) => (issuer.clients.contains_key(id), "it"),
            Entry::Bot(id) => (bot::in_file(issuer, id), "it"),
            Entry::User(name) => (issuer.users.contains_key(name), "him"),
        };
        if !there {
            return Ok(());
        }
        let shown = self.shown();
        Err(Failure::new(format!("{shown} is defined in the configuration file; change {pronoun} there")))
    }

    /// That there is none.
    pub fn missing(self) -> Failure {
        Failure::new(format!("there is no {}", self.shown()))
    }

    /// What became of a change of it.
    pub fn changed(self, outcome: Outcome) -> Result<(), Failure> {
        match outcome {
            Outcome::Done => Ok(()),
            Outcome::Missing | Outcome::Exists => Err(self.missing()),
        }
    }

    fn shown(self) -> String {
        match self {
            Entry::Client(id) => format!("client `{id}`"),
            Entry::Bot(id) => format!("bot `{id}`"),
            Entry::User(name) => format!("user `{name}`"),
        }
    }
}
