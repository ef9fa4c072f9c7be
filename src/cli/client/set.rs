//! Changes to a client of the store, as the file is edited for one of its own. What leaves
//! it with fewer scopes calls back the tokens that have them, unless they are to live to
//! their end.

use clap::Args;

use crate::cli::client::add::url_secrets;
use crate::cli::client::{everything_of, grants, known, scopes};
use crate::cli::console::Console;
use crate::cli::entry::Entry;
use crate::cli::failure::Failure;
use crate::cli::field::set_fields;
use crate::cli::place::Place;
use crate::oauth::client::GrantKind;
use crate::oauth::issuer::Issuer;
use crate::token::id::ClientId;

#[derive(Debug, Args)]
pub(in crate::cli) struct Set {
    /// The client's id
    id: String,
    /// A name for people
    #[arg(long)]
    name: Option<String>,
    /// All its grants, comma-separated
    #[arg(long, value_delimiter = ',')]
    grant: Option<Vec<String>>,
    /// All the scopes it may ask for, separated by spaces or commas
    #[arg(long)]
    scope: Option<String>,
    /// Whether it may put secrets in URLs, where its dialect reads them there: served or refused
    #[arg(long, value_name = "CHOICE")]
    secrets_in_url: Option<String>,
    /// A field that is set, or with nothing behind the `=` taken away
    #[arg(long = "field", value_name = "NAME=VALUE")]
    fields: Vec<String>,
    /// Leave its tokens alone, whatever scopes they have
    #[arg(long)]
    keep_tokens: bool,
}

/// Changes the client.
pub(in crate::cli) fn change(
    set: &Set,
    issuer: &Issuer,
    place: &Place<'_>,
    console: &mut Console<'_>,
) -> Result<(), Failure> {
    let id = ClientId::new(set.id.as_str());
    let before = known(&id, issuer, place)?;
    let mut after = before.clone();
    if let Some(name) = &set.name {
        after.display_name = Some(name.clone()).filter(|name| !name.is_empty());
    }
    if let Some(words) = &set.grant {
        after.grants = grants(words)?;
    }
    let sends = |grant: &GrantKind| *grant == GrantKind::AuthorizationCode;
    if after.grants.iter().any(sends) && after.application.redirect_uris.is_empty() {
        return Err(Failure::usage("authorization_code needs a redirect URI, which is given when a client is added"));
    }
    if after.grants.contains(&GrantKind::ClientCredentials) && after.secrets.is_empty() && after.keys.is_none() {
        return Err(Failure::usage("a public client cannot use client_credentials (RFC 6749 §4.4)"));
    }
    if let Some(text) = &set.scope {
        after.scopes = scopes(text, issuer)?;
    }
    if let Some(word) = &set.secrets_in_url {
        after.secrets_in_url = url_secrets(word)?;
    }
    set_fields(&mut after.fields, &set.fields)?;
    let lost = before.scopes.iter().any(|scope| !after.scopes.contains(scope));
    let notices = if lost && !set.keep_tokens { vec![everything_of(&id, issuer, place)] } else { Vec::new() };
    let called_back = !notices.is_empty();
    Entry::Client(id.as_str()).changed(place.store.change_client(&issuer.name, after, notices, place.by())?)?;
    console.say(match called_back {
        true => "The client has fewer scopes now, and its tokens are called back.",
        false => "The client is changed.",
    })
}
