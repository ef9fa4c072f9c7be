//! `tollgate bot`: identities of clients that the store keeps. Their client may be one of
//! the file or of the store. Bots of the file are shown, but changed only there, and an
//! id that stands in both means the file's. What leaves a bot with less calls back its
//! tokens, which may have no end of their own.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::cli::client::scopes;
use crate::cli::console::{Consent, Console};
use crate::cli::entry::Entry;
use crate::cli::failure::Failure;
use crate::cli::field::{fields, set_fields};
use crate::cli::place::Place;
use crate::oauth::bot::{KeptBot, MAX_ID, in_file, named};
use crate::oauth::client::{Bot, Client};
use crate::oauth::generate::client_id;
use crate::oauth::issuer::Issuer;
use crate::revocation::notice::Notice;
use crate::store::bot::{Added, BOTS_OF_ONE};
use crate::token::handle::{Handle, HandleKind};
use crate::token::id::{ClientId, Subject};
use crate::token::scope::Scopes;

/// Identities of a client that it may get tokens for
#[derive(Debug, Args)]
pub struct BotArgs {
    /// The issuer, by its name in the configuration (default: the only one)
    #[arg(long, global = true, value_name = "NAME")]
    issuer: Option<String>,
    #[command(subcommand)]
    command: BotCommand,
}

#[derive(Debug, Subcommand)]
enum BotCommand {
    /// Add a bot to a client of the file or of the store
    Add(Add),
    /// List all bots, those of the file too
    List {
        /// Only those of one client
        #[arg(long, value_name = "ID")]
        client: Option<String>,
    },
    /// Change a bot's scopes and fields; with fewer scopes its tokens are called back
    Set(Set),
    /// Remove a bot and call back its tokens
    #[command(visible_alias = "remove")]
    Rm {
        /// The bot's id; behind `--` if it begins with `-` and could be a flag
        #[arg(allow_hyphen_values = true)]
        id: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Debug, Args)]
struct Add {
    /// The bot's id (default: a fresh UUID); behind `--` if it begins with `-` and could be a flag
    #[arg(allow_hyphen_values = true)]
    id: Option<String>,
    /// Whose bot it is
    #[arg(long, value_name = "ID")]
    client: String,
    /// What its tokens allow, separated by spaces or commas (default: all its client may have)
    #[arg(long)]
    scope: Option<String>,
    /// Further fields that the dialect speaks of, such as aid=7
    #[arg(long = "field", value_name = "NAME=VALUE")]
    fields: Vec<String>,
}

#[derive(Debug, Args)]
struct Set {
    /// The bot's id; behind `--` if it begins with `-` and could be a flag
    #[arg(allow_hyphen_values = true)]
    id: String,
    /// What its tokens allow, separated by spaces or commas
    #[arg(long, conflicts_with = "all_scopes")]
    scope: Option<String>,
    /// All that its client may have, as that changes
    #[arg(long)]
    all_scopes: bool,
    /// A field that is set, or with nothing behind the `=` taken away
    #[arg(long = "field", value_name = "NAME=VALUE")]
    fields: Vec<String>,
    /// Leave its tokens alone
    #[arg(long)]
    keep_tokens: bool,
}

/// Runs one command.
pub fn run(args: BotArgs, place: &Place<'_>, console: &mut Console<'_>) -> Result<(), Failure> {
    let issuer = place.issuer(args.issuer.as_deref())?;
    match args.command {
        BotCommand::Add(add) => create(add, issuer, place, console),
        BotCommand::List { client } => list(client.as_deref(), issuer, place, console),
        BotCommand::Set(set) => change(&set, issuer, place, console),
        BotCommand::Rm { id, yes } => remove(&id, Consent::of(yes), issuer, place, console),
    }
}

fn create(add: Add, issuer: &Issuer, place: &Place<'_>, console: &mut Console<'_>) -> Result<(), Failure> {
    let id = add.id.unwrap_or_else(|| client_id(place.random).as_str().to_owned());
    if id.is_empty() || id.len() > MAX_ID || !id.bytes().all(|b| (0x21..=0x7E).contains(&b)) {
        return Err(Failure::usage(format!("a bot's id has 1 to {MAX_ID} visible ASCII characters, no space")));
    }
    Entry::Bot(&id).refuse_file(issuer)?;
    // Whose tokens are whose is told by the subject, and a bot's is its id.
    let (as_client, as_user) = (ClientId::new(id.as_str()), Subject::new(id.as_str()));
    let user_of_file = issuer.users.values().any(|user| user.subject == as_user);
    if find_client(&as_client, issuer, place)?.is_some()
        || user_of_file
        || place.store.knows_subject(&issuer.name, &as_user)?
    {
        return Err(Failure::new(format!("`{id}` is the id of a client or the subject of a user already")));
    }
    let client = owner(&ClientId::new(add.client), issuer, place)?;
    let bot = KeptBot {
        id: Subject::new(id.as_str()),
        client: client.id.clone(),
        scopes: add.scope.as_deref().map(|text| scopes(text, issuer)).transpose()?,
        fields: fields(&add.fields)?,
    };
    nameable(issuer, &client, &bot)?;
    let facts = facts(issuer, &bot, &client);
    match place.store.add_bot(&issuer.name, bot, place.by())? {
        Added::Done => console.facts(&facts),
        Added::Exists => Err(Failure::new(format!("bot `{id}` exists already"))),
        Added::Full => {
            Err(Failure::new(format!("client `{}` has {BOTS_OF_ONE} bots, the most there may be", client.id)))
        }
    }
}

fn change(set: &Set, issuer: &Issuer, place: &Place<'_>, console: &mut Console<'_>) -> Result<(), Failure> {
    if set.scope.is_none() && !set.all_scopes && set.fields.is_empty() {
        return Err(Failure::usage("say what to change: --scope, --all-scopes or --field"));
    }
    let before = known(&set.id, issuer, place)?;
    let client = owner(&before.client, issuer, place)?;
    let mut after = before.clone();
    match &set.scope {
        Some(text) => after.scopes = Some(scopes(text, issuer)?),
        None if set.all_scopes => after.scopes = None,
        None => {}
    }
    set_fields(&mut after.fields, &set.fields)?;
    let now_named = nameable(issuer, &client, &after)?;
    let (was, is) = (before.of(issuer, &client), after.of(issuer, &client));
    let lost = was.scopes.iter().any(|scope| !is.scopes.contains(scope));
    let renamed = named(issuer, &client, &was).is_some_and(|was| was != now_named);
    let notices = match (lost || renamed) && !set.keep_tokens {
        true => everything_of(&before, issuer, Some(&client), place),
        false => Vec::new(),
    };
    let facts = facts(issuer, &after, &client);
    let called_back = !notices.is_empty();
    Entry::Bot(&set.id).changed(place.store.change_bot(&issuer.name, after, notices, place.by())?)?;
    console.facts(&facts)?;
    if called_back { console.say("The tokens it had are called back.") } else { Ok(()) }
}

fn remove(
    id: &str,
    consent: Consent,
    issuer: &Issuer,
    place: &Place<'_>,
    console: &mut Console<'_>,
) -> Result<(), Failure> {
    let bot = known(id, issuer, place)?;
    console.confirm(&format!("Remove bot `{id}` and call back its tokens?"), consent)?;
    let client = find_client(&bot.client, issuer, place)?;
    let notices = everything_of(&bot, issuer, client.as_ref(), place);
    Entry::Bot(id).changed(place.store.remove_bot(&issuer.name, &bot.id, notices, place.by())?)?;
    console.say("The bot is removed, and its tokens are called back.")
}

fn list(client: Option<&str>, issuer: &Issuer, place: &Place<'_>, console: &mut Console<'_>) -> Result<(), Failure> {
    let row = |id: &Subject, client: &ClientId, scopes: String, fields: Value, origin: &str, created: Value| {
        vec![json!(id.as_str()), json!(client.as_str()), json!(scopes), fields, json!(origin), created]
    };
    let of_file = |client: &Client, bot: &Bot| {
        row(&bot.id, &client.id, bot.scopes.to_string(), json!(bot.fields), "file", Value::Null)
    };
    let wanted = |owner: &ClientId| client.is_none_or(|wanted| owner.as_str() == wanted);
    let stored = place.store.bots(&issuer.name)?;
    let stored = stored.iter().filter(|entry| wanted(&entry.bot.client) && !in_file(issuer, entry.bot.id.as_str()));
    let mut rows: Vec<_> = stored
        .map(|entry| {
            let bot = &entry.bot;
            let scopes = bot.scopes.as_ref().map_or_else(|| "(all)".to_owned(), Scopes::to_string);
            row(&bot.id, &bot.client, scopes, json!(bot.fields), "store", json!(entry.created.to_string()))
        })
        .collect();
    let of_files = issuer.clients.values().filter(|client| wanted(&client.id));
    rows.extend(of_files.flat_map(|client| client.bots.iter().map(|bot| of_file(client, bot))));
    rows.sort_by(|one, two| one[0].as_str().cmp(&two[0].as_str()));
    console.rows(&["id", "client", "scopes", "fields", "origin", "created"], &rows)
}

fn facts(issuer: &Issuer, bot: &KeptBot, client: &Client) -> [(&'static str, Value); 5] {
    [
        ("issuer", json!(issuer.name.as_str())),
        ("id", json!(bot.id.as_str())),
        ("client", json!(bot.client.as_str())),
        ("scopes", json!(bot.allowed(issuer, client).to_string())),
        ("fields", json!(bot.fields)),
    ]
}

/// What tokens will call the bot.
fn nameable(issuer: &Issuer, client: &Client, bot: &KeptBot) -> Result<Subject, Failure> {
    named(issuer, client, &bot.of(issuer, client)).ok_or_else(|| {
        let claim = &issuer.token.claims.subject;
        let why = format!("tokens of this issuer name a bot by the claim `{claim}`, which comes to nothing");
        Failure::usage(format!("{why}; give the field it is made of with --field"))
    })
}

/// All tokens that the bot has got so far: by its id, as the store knows them, and by what
/// the tokens call it themselves.
fn everything_of(bot: &KeptBot, issuer: &Issuer, client: Option<&Client>, place: &Place<'_>) -> Vec<Notice> {
    let called = client.and_then(|client| named(issuer, client, &bot.of(issuer, client)));
    let names = std::iter::once(bot.id.clone()).chain(called.filter(|called| *called != bot.id));
    let notice =
        |name: Subject| place.everything_of(&issuer.name, HandleKind::User, Handle::of_user(&issuer.name, &name));
    names.map(notice).collect()
}

/// The client of that id: the file's word goes before the store's.
fn find_client(id: &ClientId, issuer: &Issuer, place: &Place<'_>) -> Result<Option<Client>, Failure> {
    match issuer.clients.get(id) {
        Some(client) => Ok(Some((**client).clone())),
        None => Ok(place.store.stored_client(&issuer.name, id)?),
    }
}

fn owner(id: &ClientId, issuer: &Issuer, place: &Place<'_>) -> Result<Client, Failure> {
    find_client(id, issuer, place)?.ok_or_else(|| Entry::Client(id.as_str()).missing())
}

fn known(id: &str, issuer: &Issuer, place: &Place<'_>) -> Result<KeptBot, Failure> {
    Entry::Bot(id).refuse_file(issuer)?;
    place.store.stored_bot(&issuer.name, &Subject::new(id))?.ok_or_else(|| Entry::Bot(id).missing())
}
