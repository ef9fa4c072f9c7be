//! People of the file. Passwords become Argon2id hashes at once; a hash that no
//! sign-in could ever fit is a problem now and not a refusal later.

use std::collections::HashMap;
use std::sync::Arc;

use argon2::password_hash::phc::PasswordHash;

use crate::config::compile::compiler::Compiler;
use crate::config::compile::scope::Catalogue;
use crate::config::document::user::UserDocument;
use crate::config::problem::code::Code;
use crate::config::problem::fact::Problem;
use crate::config::source::at::At;
use crate::config::source::place::Place;
use crate::oauth::client::Origin;
use crate::oauth::user::User;
use crate::token::id::{Subject, UserName};
use crate::token::secret::Secret;

/// Longest user name or subject, in bytes.
const MAX_NAME: usize = 255;

impl Compiler<'_> {
    /// The users of one issuer.
    pub fn users(&mut self, written: &[At<UserDocument>], catalogue: &Catalogue<'_>) -> HashMap<UserName, Arc<User>> {
        let mut out = HashMap::new();
        let mut names: HashMap<&str, Place> = HashMap::new();
        let mut subjects: HashMap<&str, Place> = HashMap::new();
        for user in written {
            let (name, subject) = (&user.value.name, user.value.subject.as_ref().unwrap_or(&user.value.name));
            for (kind, text, seen) in [("user", name, &mut names), ("subject", subject, &mut subjects)] {
                if let Some(place) = seen.insert(&text.value, text.place) {
                    if kind == "subject" && user.value.subject.is_none() {
                        continue;
                    }
                    let problem = Problem::new(Code::Twice, format!("{kind} `{text}` is there twice"))
                        .at(self.places(), text.place, "again here")
                        .and(self.places(), place, "first here");
                    self.report(problem);
                }
            }
            let compiled = self.user(&user.value, user.place, catalogue);
            out.insert(compiled.name.clone(), Arc::new(compiled));
        }
        out
    }

    /// What the backend itself knows users by, by subject; `None` where it does not.
    pub fn backend_tokens(&mut self, written: &[At<UserDocument>]) -> Vec<(Box<str>, Option<Secret>)> {
        let mut out = Vec::new();
        for user in written {
            let token = user.value.backend_token.as_ref();
            token.into_iter().for_each(|token| self.plain_secret(token));
            let subject = user.value.subject.as_ref().unwrap_or(&user.value.name);
            out.push((subject.value.as_str().into(), token.map(|token| token.value.0.clone())));
        }
        out
    }

    fn user(&mut self, written: &UserDocument, place: Place, catalogue: &Catalogue<'_>) -> User {
        let name = &written.name;
        for text in std::iter::once(name).chain(&written.subject) {
            let fits = !text.value.is_empty() && text.value.len() <= MAX_NAME && !text.value.contains(char::is_control);
            if !fits {
                let label = format!("expected 1 to {MAX_NAME} bytes without control characters");
                self.wrong(Code::WrongValue, text.place, format!("`{text}` cannot name a person"), label);
            }
        }
        let named = written.scopes.as_ref();
        let may_grant = named.map(|names| self.scopes(names.value.iter(), catalogue, "this issuer"));
        User {
            name: UserName::new(name.value.as_str()),
            subject: Subject::new(written.subject.as_ref().unwrap_or(name).value.as_str()),
            password_hash: self.password_hash(written, place).unwrap_or_default(),
            disabled: written.disabled.as_ref().is_some_and(|flag| flag.value),
            may_grant,
            fields: written.fields.iter().map(|(key, value)| (key.value.clone(), value.clone())).collect(),
            origin: Origin::File,
        }
    }

    fn password_hash(&mut self, written: &UserDocument, place: Place) -> Option<String> {
        let name = &written.name;
        match (&written.password, &written.password_hash) {
            (Some(password), Some(hash)) => {
                let problem =
                    Problem::new(Code::Combination, format!("user `{name}` has a password and a hash of one"))
                        .at(self.places(), hash.place, "and here")
                        .and(self.places(), password.place, "once here")
                        .help("keep `password_hash`");
                self.report(problem);
                None
            }
            (None, None) if self.damaged(place) => None,
            (None, None) => {
                let help = "give `password_hash`, made by `tollgate hash-password`";
                let message = format!("user `{name}` has no password");
                self.wrong_with_help(Code::MissingKey, place, message, "this user", help);
                None
            }
            (Some(password), None) => {
                if password.value.0.expose().is_empty() {
                    self.wrong(Code::WrongValue, password.place, "an empty password", "expected a password");
                    return None;
                }
                if !self.places().filled(password.place) {
                    let help = "give `password_hash`, made by `tollgate hash-password`";
                    let message = "a password in plain text";
                    self.wrong_with_help(Code::PlainSecret, password.place, message, "stands in the file", help);
                }
                let context = self.outside.context;
                Some((context.hash_password)(&password.value.0, context.random))
            }
            (None, Some(hash)) => {
                let text = hash.value.0.expose();
                let fits = PasswordHash::new(text).is_ok_and(|parsed| {
                    parsed.algorithm.as_str() == "argon2id" && parsed.salt.is_some() && parsed.hash.is_some()
                });
                if !fits {
                    let help = "make it with `tollgate hash-password`; in YAML put it in quotes";
                    let message = "the password hash is malformed";
                    self.wrong_with_help(Code::WrongValue, hash.place, message, "expected $argon2id$…", help);
                }
                Some(text.to_owned())
            }
        }
    }
}
