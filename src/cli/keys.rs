//! `tollgate keys`: the signing keys of our issuers. A rotation publishes the new key
//! first and lets it sign when everybody has had time to fetch it; in an emergency it
//! signs at once, and the old one can be retired. Must never: print a private key.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::cli::console::{Consent, Console};
use crate::cli::failure::Failure;
use crate::cli::place::Place;
use crate::clock::UnixTime;
use crate::oauth::issuer::{Issuer, KeySettings};
use crate::revocation::notice::Notice;
use crate::store::change::Outcome;
use crate::store::signing_key::{KeyEntry, Turn, signer};
use crate::token::handle::{Handle, HandleKind};
use crate::token::id::{IssuerName, KeyId};
use crate::token::key::KeyMaterial;

/// Signing keys
#[derive(Debug, Args)]
pub struct KeysArgs {
    /// The issuer, by its name in the configuration (default: the only one)
    #[arg(long, global = true, value_name = "NAME")]
    issuer: Option<String>,
    /// The keys of its refresh tokens, where those are JWTs
    #[arg(long, global = true)]
    refresh: bool,
    #[command(subcommand)]
    command: KeysCommand,
}

#[derive(Debug, Subcommand)]
enum KeysCommand {
    /// List the issuer's keys
    List,
    /// Make a new key; it is published now and signs after the time to fetch it
    Rotate {
        /// Let it sign at once: who has fetched the keys before must fetch them again
        #[arg(long)]
        now: bool,
    },
    /// Drop a key at once; every token it signed is refused from now on
    Retire {
        /// The key's kid
        kid: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

/// One of an issuer's rings, as the store and the operator know it.
struct Ring<'a> {
    /// Under which the store keeps its keys.
    name: IssuerName,
    settings: &'a KeySettings,
    issuer: &'a Issuer,
}

impl<'a> Ring<'a> {
    fn of(issuer: &'a Issuer, refresh: bool) -> Result<Ring<'a>, Failure> {
        let found = issuer.key_settings().nth(usize::from(refresh));
        let (name, settings) = found.ok_or_else(|| {
            Failure::usage(format!(
                "the refresh tokens of issuer `{}` are not signed, so they have no keys",
                issuer.name
            ))
        })?;
        Ok(Ring { name, settings, issuer })
    }
}

/// Runs one command.
pub fn run(args: KeysArgs, place: &Place<'_>, console: &mut Console<'_>) -> Result<(), Failure> {
    let ring = Ring::of(place.issuer(args.issuer.as_deref())?, args.refresh)?;
    match args.command {
        KeysCommand::List => list(&ring, place, console),
        KeysCommand::Rotate { now } => {
            // A first key has nobody to wait for, and without one no token could be signed. Those of
            // refresh tokens are read by nobody else.
            let at_once = now || args.refresh || signer(&place.store.keys(&ring.name)?, place.now).is_none();
            let signs_from = if at_once { place.now } else { place.now.after(ring.settings.publish_ahead) };
            rotate(signs_from, &ring, place, console)
        }
        KeysCommand::Retire { kid, yes } => retire(&kid, Consent::of(yes), &ring, place, console),
    }
}

fn list(ring: &Ring<'_>, place: &Place<'_>, console: &mut Console<'_>) -> Result<(), Failure> {
    let heads = ["kid", "algorithm", "state", "signs_from", "verify_until"];
    if let Some(given) = &ring.settings.given {
        let row = vec![
            json!(given.kid.as_str()),
            json!(given.algorithm.as_str()),
            json!("signs (from the configuration)"),
            Value::Null,
            Value::Null,
        ];
        return console.rows(&heads, &[row]);
    }
    let keys = place.store.keys(&ring.name)?;
    let signer = signer(&keys, place.now).map(|key| key.material.kid.clone());
    let row = |key: &KeyEntry| {
        vec![
            json!(key.material.kid.as_str()),
            json!(key.material.algorithm.as_str()),
            json!(state(key, signer.as_ref(), place.now)),
            json!(key.signs_from.to_string()),
            key.verify_until.map_or(Value::Null, |end| json!(end.to_string())),
        ]
    };
    console.rows(&heads, &keys.iter().map(row).collect::<Vec<_>>())
}

fn rotate(signs_from: UnixTime, ring: &Ring<'_>, place: &Place<'_>, console: &mut Console<'_>) -> Result<(), Failure> {
    refuse_given(ring)?;
    let new = KeyMaterial::generate(ring.settings.algorithm, place.random).map_err(|e| Failure::new(e.detail))?;
    let turn = Turn { signs_from, keep_verifying: ring.settings.keep_verifying };
    if place.store.rotate_keys(&ring.name, &new, turn, place.by())? != Outcome::Done {
        return Err(Failure::new("the new key exists already"));
    }
    console.facts(&[
        ("issuer", json!(ring.name.as_str())),
        ("kid", json!(new.kid.as_str())),
        ("algorithm", json!(new.algorithm.as_str())),
        ("signs_from", json!(signs_from.to_string())),
        ("older_keys_verify_until", json!(signs_from.after(turn.keep_verifying).to_string())),
    ])?;
    match signs_from <= place.now {
        true => console.say("It signs from now on: whoever keeps a copy of the key set must fetch it again."),
        false => console.say("It is published now and signs when its time has come."),
    }
}

fn retire(
    kid: &str,
    consent: Consent,
    ring: &Ring<'_>,
    place: &Place<'_>,
    console: &mut Console<'_>,
) -> Result<(), Failure> {
    refuse_given(ring)?;
    let keys = place.store.keys(&ring.name)?;
    if !keys.iter().any(|key| key.material.kid.as_str() == kid) {
        return Err(Failure::new(format!("there is no key `{kid}`")));
    }
    if signer(&keys, place.now).is_some_and(|key| key.material.kid.as_str() == kid) {
        return Err(Failure::new(format!("key `{kid}` is the one that signs; run `keys rotate --now` first")));
    }
    console.confirm(&format!("Retire key `{kid}`? Every token it signed is refused from now on."), consent)?;
    let kid = KeyId::new(kid);
    // The notice reaches tokens whose signature was checked before.
    let notice = Notice {
        kind: HandleKind::Key,
        issuer: ring.issuer.name.clone(),
        handle: Handle::of_key(&ring.issuer.name, &kid),
        issued_before: None,
        until: place.last_end(&ring.issuer.name),
    };
    place.store.revoke_by_operator(vec![notice], &format!("key {kid}"), place.by())?;
    match place.store.retire_key(&ring.name, &kid, place.by())? {
        Outcome::Done => console.say("The key is retired."),
        Outcome::Missing | Outcome::Exists => Err(Failure::new(format!("there is no key `{kid}`"))),
    }
}

fn state(key: &KeyEntry, signer: Option<&KeyId>, now: UnixTime) -> &'static str {
    if signer == Some(&key.material.kid) {
        "signs"
    } else if key.signs_from > now {
        "published, signs later"
    } else if key.verify_until.is_none_or(|end| end > now) {
        "verifies"
    } else {
        "ended"
    }
}

fn refuse_given(ring: &Ring<'_>) -> Result<(), Failure> {
    match ring.settings.given {
        Some(_) => {
            let name = &ring.issuer.name;
            Err(Failure::new(format!("the key of issuer `{name}` is given in the configuration file; change it there")))
        }
        None => Ok(()),
    }
}
