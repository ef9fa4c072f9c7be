//! `tollgate client`: applications that the store keeps. A secret is made here, shown
//! once and kept as a digest. Clients of the file are shown, but changed only there.
//! Disabling and removing call back what the client holds.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::cli::client::add::Add;
use crate::cli::client::set::Set;
use crate::cli::console::{Consent, Console};
use crate::cli::entry::Entry;
use crate::cli::failure::Failure;
use crate::cli::place::Place;
use crate::clock::UnixTime;
use crate::oauth::client::{Approval, Client, ClientSecret, GrantKind, Origin};
use crate::oauth::issuer::Issuer;
use crate::oauth::redirect::RedirectUri;
use crate::revocation::notice::Notice;
use crate::store::client::{OldSecrets, State};
use crate::token::handle::{Handle, HandleKind};
use crate::token::id::ClientId;
use crate::token::opaque::{CLIENT_SECRET_PREFIX, mint};
use crate::token::scope::Scopes;

mod add;
mod set;

/// Applications that may ask for tokens
#[derive(Debug, Args)]
pub struct ClientArgs {
    /// The issuer, by its name in the configuration (default: the only one)
    #[arg(long, global = true, value_name = "NAME")]
    issuer: Option<String>,
    #[command(subcommand)]
    command: ClientCommand,
}

#[derive(Debug, Subcommand)]
enum ClientCommand {
    /// Add a client; its secret is shown once
    Add(Add),
    /// List all clients, those of the file too
    List,
    /// Show one client
    Show {
        /// The client's id
        id: String,
    },
    /// Change a client's name, grants, scopes, fields and habits
    Set(Set),
    /// Give a client a new secret, shown once; the newest old one stays live
    RotateSecret {
        /// The client's id
        id: String,
        /// End all older secrets at once
        #[arg(long)]
        drop_old: bool,
    },
    /// Refuse a client and call back its tokens
    Disable {
        /// The client's id
        id: String,
    },
    /// Let a disabled client in again
    Enable {
        /// The client's id
        id: String,
    },
    /// Let an application be used that somebody registered and that waits for approval
    Approve {
        /// The client's id
        id: String,
    },
    /// Remove a client and call back its tokens
    Rm {
        /// The client's id
        id: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

/// Runs one command.
pub fn run(args: ClientArgs, place: &Place<'_>, console: &mut Console<'_>) -> Result<(), Failure> {
    let issuer = place.issuer(args.issuer.as_deref())?;
    match args.command {
        ClientCommand::Add(add) => add::create(add, issuer, place, console),
        ClientCommand::Set(set) => set::change(&set, issuer, place, console),
        ClientCommand::List => list(issuer, place, console),
        ClientCommand::Show { id } => show(&id, issuer, place, console),
        ClientCommand::RotateSecret { id, drop_old } => {
            let old = if drop_old { OldSecrets::Drop } else { OldSecrets::KeepOne };
            rotate(&id, old, issuer, place, console)
        }
        ClientCommand::Disable { id } => set_state(&id, State::Disabled, issuer, place, console),
        ClientCommand::Enable { id } => set_state(&id, State::Enabled, issuer, place, console),
        ClientCommand::Approve { id } => approve(&id, issuer, place, console),
        ClientCommand::Rm { id, yes } => remove(&id, Consent::of(yes), issuer, place, console),
    }
}

fn approve(id: &str, issuer: &Issuer, place: &Place<'_>, console: &mut Console<'_>) -> Result<(), Failure> {
    let id = ClientId::new(id);
    if known(&id, issuer, place)?.application.approval == Approval::Approved {
        return Err(Failure::new(format!("client `{id}` does not wait for approval")));
    }
    Entry::Client(id.as_str()).changed(place.store.approve_client(&issuer.name, &id, place.by())?)?;
    console.say("The application may be used now.")
}

fn rotate(
    id: &str,
    old: OldSecrets,
    issuer: &Issuer,
    place: &Place<'_>,
    console: &mut Console<'_>,
) -> Result<(), Failure> {
    let id = ClientId::new(id);
    let known = known(&id, issuer, place)?;
    if known.secrets.is_empty() {
        return Err(Failure::new(format!("client `{id}` is public and has no secret")));
    }
    let secret = mint(CLIENT_SECRET_PREFIX, place.random);
    let outcome = place.store.rotate_client_secret(&issuer.name, &id, secret.digest(), old, place.by())?;
    Entry::Client(id.as_str()).changed(outcome)?;
    tell_secret(&id, Some(secret.expose()), issuer, console)
}

fn tell_secret(id: &ClientId, secret: Option<&str>, issuer: &Issuer, console: &mut Console<'_>) -> Result<(), Failure> {
    let mut facts = vec![("issuer", json!(issuer.name.as_str())), ("client_id", json!(id.as_str()))];
    facts.extend(secret.map(|secret| ("client_secret", json!(secret))));
    console.facts(&facts)?;
    if secret.is_some() { console.say("The secret is shown this once; only its digest is kept.") } else { Ok(()) }
}

fn set_state(
    id: &str,
    state: State,
    issuer: &Issuer,
    place: &Place<'_>,
    console: &mut Console<'_>,
) -> Result<(), Failure> {
    let id = ClientId::new(id);
    Entry::Client(id.as_str()).refuse_file(issuer)?;
    let notices = match state {
        State::Disabled => vec![everything_of(&id, issuer, place)],
        State::Enabled => Vec::new(),
    };
    let outcome = place.store.set_client_state(&issuer.name, &id, state, notices, place.by())?;
    Entry::Client(id.as_str()).changed(outcome)?;
    console.say(match state {
        State::Disabled => "The client is refused, and its tokens are called back.",
        State::Enabled => "The client may ask for tokens again.",
    })
}

fn remove(
    id: &str,
    consent: Consent,
    issuer: &Issuer,
    place: &Place<'_>,
    console: &mut Console<'_>,
) -> Result<(), Failure> {
    let id = ClientId::new(id);
    known(&id, issuer, place)?;
    console.confirm(&format!("Remove client `{id}` and call back its tokens?"), consent)?;
    let notices = vec![everything_of(&id, issuer, place)];
    Entry::Client(id.as_str()).changed(place.store.remove_client(&issuer.name, &id, notices, place.by())?)?;
    console.say("The client is removed, and its tokens are called back.")
}

const HEADS: [&str; 11] = [
    "id",
    "name",
    "grants",
    "scopes",
    "state",
    "origin",
    "secrets_made",
    "secrets_used",
    "redirect_uris",
    "secrets_in_url",
    "fields",
];

fn list(issuer: &Issuer, place: &Place<'_>, console: &mut Console<'_>) -> Result<(), Failure> {
    let rows = all(issuer, place)?.into_iter().map(|(_, row)| row).collect::<Vec<_>>();
    console.rows(&HEADS, &rows)
}

fn show(id: &str, issuer: &Issuer, place: &Place<'_>, console: &mut Console<'_>) -> Result<(), Failure> {
    let row = all(issuer, place)?.into_iter().find(|(known, _)| known.as_str() == id);
    let (_, row) = row.ok_or_else(|| Entry::Client(id).missing())?;
    let facts: Vec<(&str, Value)> = HEADS.into_iter().zip(row).collect();
    console.facts(&facts)
}

/// Every client as a row, by id. One of the file hides one of the store.
fn all(issuer: &Issuer, place: &Place<'_>) -> Result<Vec<(ClientId, Vec<Value>)>, Failure> {
    let uses = place.store.secret_uses(&issuer.name)?;
    let row = |client: &Client, made: &[UnixTime]| {
        let used = |secret: &ClientSecret| uses.get(&(client.id.clone(), secret.slot)).map(UnixTime::to_string);
        let grants: Vec<&str> = client.grants.iter().map(|g| g.as_str()).collect();
        let cells = vec![
            json!(client.id.as_str()),
            json!(client.display_name),
            json!(grants),
            json!(client.scopes.to_string()),
            json!(match client.application.approval {
                _ if client.disabled => "disabled",
                Approval::Waiting => "waiting",
                Approval::Approved => "enabled",
            }),
            json!(if client.origin == Origin::File { "file" } else { "store" }),
            json!(made.iter().map(UnixTime::to_string).collect::<Vec<_>>()),
            json!(client.secrets.iter().map(used).collect::<Vec<_>>()),
            json!(client.application.redirect_uris.iter().map(RedirectUri::as_str).collect::<Vec<_>>()),
            json!(client.secrets_in_url.as_str()),
            json!(client.fields),
        ];
        (client.id.clone(), cells)
    };
    let stored = place.store.clients(&issuer.name)?;
    let stored = stored.iter().filter(|entry| !issuer.clients.contains_key(&entry.client.id));
    let mut rows: Vec<_> = stored.map(|entry| row(&entry.client, &entry.secrets_made)).collect();
    rows.extend(issuer.clients.values().map(|client| row(client, &[])));
    rows.sort_by(|one, two| one.0.cmp(&two.0));
    Ok(rows)
}

/// All tokens that the client has got so far.
fn everything_of(id: &ClientId, issuer: &Issuer, place: &Place<'_>) -> Notice {
    place.everything_of(&issuer.name, HandleKind::Client, Handle::of_client(&issuer.name, id))
}

fn known(id: &ClientId, issuer: &Issuer, place: &Place<'_>) -> Result<Client, Failure> {
    Entry::Client(id.as_str()).refuse_file(issuer)?;
    let found = place.store.clients(&issuer.name)?.into_iter().map(|entry| entry.client).find(|c| c.id == *id);
    found.ok_or_else(|| Entry::Client(id.as_str()).missing())
}

fn grants(words: &[String]) -> Result<Vec<GrantKind>, Failure> {
    let known = || GrantKind::ALL.map(GrantKind::as_str).join(", ");
    let parse = |word: &String| {
        GrantKind::parse(word).ok_or_else(|| Failure::usage(format!("grant `{word}` is not one of: {}", known())))
    };
    words.iter().map(parse).collect()
}

/// Scopes of the issuer's catalogue, from a list with spaces or commas.
pub(in crate::cli) fn scopes(text: &str, issuer: &Issuer) -> Result<Scopes, Failure> {
    let parsed = Scopes::parse(&text.replace(',', " "));
    let parsed = parsed.ok_or_else(|| Failure::usage("a scope has a character that RFC 6749 does not allow"))?;
    let known: Vec<&str> = issuer.catalogue.iter().map(|(scope, _)| scope.as_str()).collect();
    if let Some(stranger) = parsed.iter().find(|scope| !known.contains(&scope.as_str())) {
        return Err(Failure::usage(format!("scope `{stranger}` is not defined; there are: {}", known.join(", "))));
    }
    Ok(parsed)
}
