//! A new client for the store: whatever a client of the file can be, this one can. Its
//! secret is made here and shown once, or brought along in a file and not shown at all.

use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, ValueEnum};

use crate::cli::client::{grants, scopes, tell_secret};
use crate::cli::console::Console;
use crate::cli::entry::Entry;
use crate::cli::failure::Failure;
use crate::cli::field::fields;
use crate::cli::place::Place;
use crate::cli::secret_file;
use crate::oauth::client::{Application, Client, ClientSecret, ConsentRule, GrantKind, Origin, PkceRule, UrlSecrets};
use crate::oauth::generate::{client_id, client_secret};
use crate::oauth::issuer::{Issuer, SecretForm};
use crate::oauth::redirect::RedirectUri;
use crate::store::change::Outcome;
use crate::store::client::NewClient;
use crate::token::id::ClientId;
use crate::token::key::ASSERTION_ALGORITHMS;
use crate::token::ring::KeyRing;
use crate::token::secret::Secret;

/// Longest client id, in bytes.
const ID_BYTES: usize = 255;

/// Largest key set in a file, in bytes.
const KEY_SET_BYTES: u64 = 1 << 16;

#[derive(Debug, Args)]
pub(in crate::cli) struct Add {
    /// The client's id (default: a fresh UUID)
    id: Option<String>,
    /// A name for people
    #[arg(long)]
    name: Option<String>,
    /// Grants, comma-separated: authorization_code, client_credentials, password, refresh_token
    #[arg(long, value_delimiter = ',', default_value = "client_credentials")]
    grant: Vec<String>,
    /// The scopes it may ask for, separated by spaces or commas
    #[arg(long, default_value = "")]
    scope: String,
    /// A client that cannot keep a secret, such as an app on a phone
    #[arg(long, conflicts_with_all = ["secret_file", "secret_form", "jwks_file"])]
    public: bool,
    /// A file with the secret or application key it has already; only its digest is kept
    #[arg(long, value_name = "FILE", conflicts_with = "secret_form")]
    secret_file: Option<PathBuf>,
    /// What a secret that is made looks like
    #[arg(long, value_name = "FORM", value_enum)]
    secret_form: Option<Form>,
    /// A file with its public keys (a JWK Set), by which it signs assertions; then it has no
    /// secret unless one is named
    #[arg(long, value_name = "FILE")]
    jwks_file: Option<PathBuf>,
    /// Where people may be sent back to; may be repeated
    #[arg(long, value_name = "URI")]
    redirect_uri: Vec<String>,
    /// Where people may be sent after signing out; may be repeated
    #[arg(long, value_name = "URI")]
    post_logout_redirect_uri: Vec<String>,
    /// Whether it has to use PKCE: required or optional (default: as the issuer says)
    #[arg(long, value_name = "RULE")]
    pkce: Option<String>,
    /// An application of your own: people are not asked
    #[arg(long)]
    skip_consent: bool,
    /// What it is for, in a sentence for people
    #[arg(long)]
    description: Option<String>,
    /// Whether it may put secrets in URLs, where its dialect reads them there: served or refused
    #[arg(long, value_name = "CHOICE", default_value = "served")]
    secrets_in_url: String,
    /// Further fields that the dialect speaks of, such as aid=7
    #[arg(long = "field", value_name = "NAME=VALUE")]
    fields: Vec<String>,
}

/// What a secret that is made looks like.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Form {
    /// 256 random bits behind a prefix
    Standard,
    /// A random UUID, as application keys of some old systems are
    Uuid,
}

/// What it proves itself with.
struct Proof {
    secret: Option<Secret>,
    /// Whether the operator has yet to be told the secret.
    made: Made,
    keys: Option<(Arc<KeyRing>, String)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Made {
    Here,
    Elsewhere,
}

/// Adds the client and tells its secret, if that was made here.
pub(in crate::cli) fn create(
    add: Add,
    issuer: &Issuer,
    place: &Place<'_>,
    console: &mut Console<'_>,
) -> Result<(), Failure> {
    let id = add.id.as_deref().map_or_else(|| client_id(place.random), ClientId::new);
    let visible = id.as_str().bytes().all(|b| (0x21..=0x7E).contains(&b));
    if !visible || id.as_str().is_empty() || id.as_str().len() > ID_BYTES {
        return Err(Failure::usage(format!("a client id has 1 to {ID_BYTES} visible ASCII characters, no space")));
    }
    Entry::Client(id.as_str()).refuse_file(issuer)?;
    let grants = grants(&add.grant)?;
    if add.public && grants.contains(&GrantKind::ClientCredentials) {
        return Err(Failure::usage("a public client cannot use client_credentials (RFC 6749 §4.4); name --grant"));
    }
    let application = application(&add, &grants)?;
    let Proof { secret, made, keys } = proof(&add, issuer, place)?;
    let (keys, jwks) = keys.unzip();
    let client = Client {
        bots: Vec::new(),
        keys,
        fields: fields(&add.fields)?,
        secrets_in_url: url_secrets(&add.secrets_in_url)?,
        application,
        id: id.clone(),
        display_name: add.name,
        secrets: secret.iter().map(|s| ClientSecret { digest: s.digest(), slot: 0 }).collect(),
        grants,
        scopes: scopes(&add.scope, issuer)?,
        disabled: false,
        origin: Origin::Store,
    };
    if place.store.add_client(&issuer.name, NewClient { client, jwks }, place.by())? == Outcome::Exists {
        return Err(Failure::new(format!("client `{id}` exists already")));
    }
    let told = secret.as_ref().filter(|_| made == Made::Here);
    tell_secret(&id, told.map(Secret::expose), issuer, console)
}

/// The word of `--secrets-in-url`.
pub(in crate::cli) fn url_secrets(word: &str) -> Result<UrlSecrets, Failure> {
    UrlSecrets::parse(word).ok_or_else(|| Failure::usage("--secrets-in-url is served or refused"))
}

fn proof(add: &Add, issuer: &Issuer, place: &Place<'_>) -> Result<Proof, Failure> {
    let keys = add.jwks_file.as_ref().map(|file| key_set(file, issuer)).transpose()?;
    let (secret, made) = match (&add.secret_file, add.secret_form) {
        _ if add.public => (None, Made::Elsewhere),
        (Some(file), _) => (Some(secret_file::read(file)?), Made::Elsewhere),
        (None, None) if keys.is_some() => (None, Made::Elsewhere),
        (None, form) => {
            let form = if form == Some(Form::Uuid) { SecretForm::Uuid } else { SecretForm::Standard };
            (Some(client_secret(form, place.random)), Made::Here)
        }
    };
    if let Some(secret) = secret.as_ref().filter(|_| made == Made::Elsewhere) {
        // Where the secret alone names the client, it can name only one.
        let of_file = |client: &Arc<Client>| client.secrets.iter().any(|live| live.digest == secret.digest());
        let held = place.store.stored_client_of_key(&issuer.name, secret.digest())?;
        if held.is_some() || issuer.clients.values().any(of_file) {
            return Err(Failure::new("another client has this secret already"));
        }
    }
    Ok(Proof { secret, made, keys })
}

/// The keys of a file, with the text that is kept of them.
fn key_set(file: &PathBuf, issuer: &Issuer) -> Result<(Arc<KeyRing>, String), Failure> {
    if issuer.assertions.is_none() {
        return Err(Failure::usage("this issuer reads no assertions; add `assertions: {}` to it"));
    }
    let shown = file.display();
    let size = std::fs::metadata(file).map_err(|error| Failure::new(format!("cannot read `{shown}`: {error}")))?.len();
    if size > KEY_SET_BYTES {
        return Err(Failure::new(format!("`{shown}` has more than {KEY_SET_BYTES} bytes")));
    }
    let text =
        std::fs::read_to_string(file).map_err(|error| Failure::new(format!("cannot read `{shown}`: {error}")))?;
    let set: serde_json::Value =
        serde_json::from_str(&text).map_err(|_| Failure::new(format!("`{shown}` is not JSON")))?;
    let ring = KeyRing::of_jwks(&set, &ASSERTION_ALGORITHMS);
    let ring = ring.map_err(|error| Failure::new(format!("the keys in `{shown}` cannot be used: {error}")))?;
    Ok((Arc::new(ring), set.to_string()))
}

/// What only matters for a client that sends people here.
fn application(add: &Add, grants: &[GrantKind]) -> Result<Application, Failure> {
    let sends = grants.contains(&GrantKind::AuthorizationCode);
    if sends && add.redirect_uri.is_empty() {
        return Err(Failure::usage("authorization_code needs --redirect-uri, or nobody could come back"));
    }
    if !sends && !add.redirect_uri.is_empty() {
        return Err(Failure::usage("--redirect-uri has no meaning without --grant authorization_code"));
    }
    let read = |uri: &String| {
        let wrong = |why| Failure::usage(format!("`{uri}` cannot be a redirect URI: {why}"));
        RedirectUri::parse(uri).map_err(wrong)
    };
    let after = add.post_logout_redirect_uri.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    let pkce = match add.pkce.as_deref() {
        None => None,
        Some("required") => Some(PkceRule::Required),
        Some("optional") => Some(PkceRule::Optional),
        Some(_) => return Err(Failure::usage("--pkce is required or optional")),
    };
    Ok(Application {
        description: add.description.clone(),
        redirect_uris: add.redirect_uri.iter().map(read).collect::<Result<_, _>>()?,
        post_logout_redirect_uris: after.iter().map(|uri| uri.as_str().to_owned()).collect(),
        pkce,
        consent: if add.skip_consent { ConsentRule::Skip } else { ConsentRule::Ask },
        ..Application::default()
    })
}
