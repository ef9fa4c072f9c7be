//! `tollgate user`: people that the store keeps. Passwords come from a prompt or from
//! standard input, never from the command line, where other users of the machine
//! could read them. Users of the file are shown, but changed only there.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::cli::client::scopes;
use crate::cli::console::{Consent, Console};
use crate::cli::entry::Entry;
use crate::cli::failure::Failure;
use crate::cli::field::{fields, set_fields};
use crate::cli::place::Place;
use crate::cli::secret_file;
use crate::oauth::bot::in_file;
use crate::oauth::client::Origin;
use crate::oauth::issuer::Issuer;
use crate::oauth::user::User;
use crate::random::bytes;
use crate::revocation::notice::Notice;
use crate::store::change::Outcome;
use crate::store::client::State;
use crate::token::handle::{Handle, HandleKind};
use crate::token::id::{Subject, UserName};
use crate::users::phc::hash_password;

/// Longest user name or subject, in bytes.
const NAME_BYTES: usize = 255;

/// People who sign in
#[derive(Debug, Args)]
pub struct UserArgs {
    /// The issuer, by its name in the configuration (default: the only one)
    #[arg(long, global = true, value_name = "NAME")]
    issuer: Option<String>,
    #[command(subcommand)]
    command: UserCommand,
}

#[derive(Debug, Subcommand)]
enum UserCommand {
    /// Add a user; the password is asked for, or read from standard input
    Add(Add),
    /// List all users, those of the file too
    List,
    /// Change a user's fields and what the backend itself knows him by
    Set(Set),
    /// Set a user's password and call back his tokens
    Passwd {
        /// The user's name
        name: String,
        /// Leave his tokens alone
        #[arg(long)]
        keep_tokens: bool,
    },
    /// Refuse a user and call back his tokens
    Disable {
        /// The user's name
        name: String,
    },
    /// Let a disabled user in again
    Enable {
        /// The user's name
        name: String,
    },
    /// Remove a user and call back his tokens
    Rm {
        /// The user's name
        name: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Debug, Args)]
struct Add {
    /// The name he signs in with
    name: String,
    /// What tokens call him; never changes (default: a fresh random one)
    #[arg(long)]
    subject: Option<String>,
    /// The scopes he may pass on, separated by spaces or commas (default: all)
    #[arg(long)]
    scope: Option<String>,
    /// Further fields, such as email=a@example.com
    #[arg(long = "field", value_name = "NAME=VALUE")]
    fields: Vec<String>,
    /// A file with what the backend itself knows him by, sent where a route's `user_token` says
    #[arg(long, value_name = "FILE")]
    backend_token_file: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[group(id = "change", required = true, multiple = true)]
struct Set {
    /// The user's name
    name: String,
    /// A file with what the backend itself knows him by
    #[arg(long, value_name = "FILE", group = "change", conflicts_with = "no_backend_token")]
    backend_token_file: Option<PathBuf>,
    /// The backend knows him no longer
    #[arg(long, group = "change")]
    no_backend_token: bool,
    /// A field that is set, or with nothing behind the `=` taken away
    #[arg(long = "field", value_name = "NAME=VALUE", group = "change")]
    fields: Vec<String>,
}

/// Runs one command.
pub fn run(args: UserArgs, place: &Place<'_>, console: &mut Console<'_>) -> Result<(), Failure> {
    let issuer = place.issuer(args.issuer.as_deref())?;
    match args.command {
        UserCommand::Add(add) => create(add, issuer, place, console),
        UserCommand::List => list(issuer, place, console),
        UserCommand::Set(set) => change(&set, issuer, place, console),
        UserCommand::Passwd { name, keep_tokens } => {
            let user = known(&name, issuer, place)?;
            let hash = hash_password(console.password()?.expose(), place.random);
            let notices = if keep_tokens { Vec::new() } else { vec![everything_of(&user, issuer, place)] };
            Entry::User(&name).changed(place.store.set_password(
                &issuer.name,
                &user.name,
                hash,
                notices,
                place.by(),
            )?)?;
            console.say("The password is set.")
        }
        UserCommand::Disable { name } => {
            let user = known(&name, issuer, place)?;
            let notices = vec![everything_of(&user, issuer, place)];
            let outcome = place.store.set_user_state(&issuer.name, &user.name, State::Disabled, notices, place.by())?;
            Entry::User(&name).changed(outcome)?;
            console.say("The user is refused, and his tokens are called back.")
        }
        UserCommand::Enable { name } => {
            let user = known(&name, issuer, place)?;
            let outcome =
                place.store.set_user_state(&issuer.name, &user.name, State::Enabled, Vec::new(), place.by())?;
            Entry::User(&name).changed(outcome)?;
            console.say("The user may sign in again.")
        }
        UserCommand::Rm { name, yes } => {
            let user = known(&name, issuer, place)?;
            console.confirm(&format!("Remove user `{name}` and call back his tokens?"), Consent::of(yes))?;
            let notices = vec![everything_of(&user, issuer, place)];
            Entry::User(&name).changed(place.store.remove_user(&issuer.name, &user.name, notices, place.by())?)?;
            console.say("The user is removed, and his tokens are called back.")
        }
    }
}

fn create(add: Add, issuer: &Issuer, place: &Place<'_>, console: &mut Console<'_>) -> Result<(), Failure> {
    let subject = add.subject.unwrap_or_else(|| bytes::<16>(place.random).map(|b| format!("{b:02x}")).concat());
    for (what, text) in [("user name", &add.name), ("subject", &subject)] {
        if text.is_empty() || text.len() > NAME_BYTES || text.chars().any(char::is_control) {
            return Err(Failure::usage(format!("a {what} has 1 to {NAME_BYTES} bytes and no control characters")));
        }
    }
    Entry::User(&add.name).refuse_file(issuer)?;
    if issuer.users.values().any(|user| user.subject.as_str() == subject) {
        return Err(Failure::new(format!("a user of the configuration file has the subject `{subject}`")));
    }
    if place.store.stored_bot(&issuer.name, &Subject::new(subject.as_str()))?.is_some() || in_file(issuer, &subject) {
        return Err(Failure::new(format!("`{subject}` is the id of a bot already")));
    }
    let fields = fields(&add.fields)?;
    let backend_token = add.backend_token_file.as_deref().map(secret_file::read).transpose()?;
    let may_grant = add.scope.as_deref().map(|text| scopes(text, issuer)).transpose()?;
    let password_hash = hash_password(console.password()?.expose(), place.random);
    let user = User {
        name: UserName::new(add.name.as_str()),
        subject: Subject::new(subject.as_str()),
        password_hash,
        disabled: false,
        may_grant,
        fields,
        origin: Origin::Store,
    };
    if place.store.add_user(&issuer.name, user, backend_token.as_ref(), place.by())? == Outcome::Exists {
        return Err(Failure::new(format!("user `{}` or subject `{subject}` exists already", add.name)));
    }
    let issuer = json!(issuer.name.as_str());
    console.facts(&[("issuer", issuer), ("name", json!(add.name)), ("subject", json!(subject))])
}

/// Changes what is not about signing in. Tokens that are out live on: the backend hears of
/// what he is now.
fn change(set: &Set, issuer: &Issuer, place: &Place<'_>, console: &mut Console<'_>) -> Result<(), Failure> {
    let user = known(&set.name, issuer, place)?;
    let token = set.backend_token_file.as_deref().map(secret_file::read).transpose()?;
    if token.is_some() || set.no_backend_token {
        let outcome = place.store.set_backend_token(&issuer.name, &user.name, token.as_ref(), place.by())?;
        Entry::User(&set.name).changed(outcome)?;
    }
    if !set.fields.is_empty() {
        let mut fields = user.fields;
        set_fields(&mut fields, &set.fields)?;
        let outcome = place.store.set_user_fields(&issuer.name, &user.name, &fields, place.by())?;
        Entry::User(&set.name).changed(outcome)?;
    }
    console.say("The user is changed.")
}

fn list(issuer: &Issuer, place: &Place<'_>, console: &mut Console<'_>) -> Result<(), Failure> {
    let row = |user: &User, created: Value| {
        vec![
            json!(user.name.as_str()),
            json!(user.subject.as_str()),
            json!(if user.disabled { "disabled" } else { "enabled" }),
            json!(user.may_grant.as_ref().map_or_else(|| "(all)".to_owned(), ToString::to_string)),
            json!(if user.origin == Origin::File { "file" } else { "store" }),
            created,
        ]
    };
    let stored = place.store.users(&issuer.name)?;
    let stored = stored.iter().filter(|entry| !issuer.users.contains_key(&entry.user.name));
    let mut rows: Vec<_> = stored.map(|entry| row(&entry.user, json!(entry.created.to_string()))).collect();
    rows.extend(issuer.users.values().map(|user| row(user, Value::Null)));
    rows.sort_by(|one, two| one[0].as_str().cmp(&two[0].as_str()));
    console.rows(&["name", "subject", "state", "scopes", "origin", "created"], &rows)
}

/// All tokens that the user's applications have got so far.
fn everything_of(user: &User, issuer: &Issuer, place: &Place<'_>) -> Notice {
    place.everything_of(&issuer.name, HandleKind::User, Handle::of_user(&issuer.name, &user.subject))
}

fn known(name: &str, issuer: &Issuer, place: &Place<'_>) -> Result<User, Failure> {
    Entry::User(name).refuse_file(issuer)?;
    place.store.stored_user(&issuer.name, &UserName::new(name))?.ok_or_else(|| Entry::User(name).missing())
}
