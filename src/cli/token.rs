//! `tollgate token revoke`: calling tokens back by what names them: one token, a
//! grant's family, a user, a client, a key, or all of an issuer up to a moment.
//! Durable when the command returns, in force at a running gateway within a second.
//! Must never: print a token, or ask that one be put on the command line (`-` reads
//! it from standard input).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::place::Place;
use crate::clock::{Seconds, UnixTime};
use crate::revocation::notice::Notice;
use crate::token::handle::{Handle, HandleKind};
use crate::token::id::{ClientId, FamilyId, IssuerName, KeyId, Subject, UserName};
use crate::token::json;
use crate::token::opaque::{ACCESS_PREFIX, REFRESH_PREFIX, could_be_token};
use crate::token::secret::SecretDigest;

/// Remembered for ever, as far as the list can count.
const FOR_EVER: Seconds = Seconds(100 * 366 * 24 * 3600);

/// Tokens
#[derive(Debug, Args)]
pub struct TokenArgs {
    /// The issuer, by its name in the configuration (default: the token's, or the only one)
    #[arg(long, global = true, value_name = "NAME")]
    issuer: Option<String>,
    #[command(subcommand)]
    command: TokenCommand,
}

#[derive(Debug, Subcommand)]
enum TokenCommand {
    /// Call tokens back; durable, and in force within a second
    Revoke(Revoke),
}

#[derive(Debug, Args)]
#[group(id = "what", required = true, multiple = true)]
struct Revoke {
    /// One token: a JWT, or an opaque access or refresh token of ours; `-`: from standard input
    #[arg(long, group = "what", conflicts_with_all = ["family", "user", "client", "key", "issued_before"])]
    token: Option<String>,
    /// All tokens of one grant, by the family's number
    #[arg(long, group = "what", conflicts_with_all = ["user", "client", "key"])]
    family: Option<String>,
    /// All tokens of one user issued so far, by name or subject
    #[arg(long, group = "what", conflicts_with_all = ["client", "key"])]
    user: Option<String>,
    /// All tokens of one client issued so far
    #[arg(long, group = "what", conflicts_with = "key")]
    client: Option<String>,
    /// All tokens signed with one key, by its kid
    #[arg(long, group = "what")]
    key: Option<String>,
    /// Only what was issued until then (Unix seconds or RFC 3339; without a value: now);
    /// alone: all tokens of the issuer
    #[arg(long, group = "what", num_args = 0..=1, default_missing_value = "now", value_name = "TIME")]
    issued_before: Option<String>,
    /// Remember it until then, instead of until the last such token has ended
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
}

/// Runs one command.
pub fn run(args: TokenArgs, place: &Place<'_>, console: &mut Console<'_>) -> Result<(), Failure> {
    let TokenCommand::Revoke(revoke) = args.command;
    let Call { mut notice, name } = call(&revoke, args.issuer.as_deref(), place, console)?;
    if let Some(until) = &revoke.until {
        notice.until = time(until, place.now)?;
    }
    if notice.until <= place.now {
        return console.say("The token has ended already; nothing was revoked.");
    }
    let facts = [
        ("kind", json!(notice.kind.as_str())),
        ("issuer", json!(notice.issuer.as_str())),
        ("name", json!(name)),
        ("handle", json!(format!("{:032x}", notice.handle.0))),
        ("issued_before", notice.issued_before.map_or(Value::Null, |t| json!(t.to_string()))),
        ("until", json!(notice.until.to_string())),
    ];
    let said = format!("{} {name}", notice.kind.as_str());
    place.store.revoke_by_operator(vec![notice], said.trim_end(), place.by())?;
    console.facts(&facts)
}

/// What is called back, and its name for the log.
struct Call {
    notice: Notice,
    name: String,
}

fn call(revoke: &Revoke, issuer: Option<&str>, place: &Place<'_>, console: &mut Console<'_>) -> Result<Call, Failure> {
    if let Some(token) = &revoke.token {
        let text = if token == "-" { console.line()? } else { token.clone() };
        return one_token(text.trim(), issuer, place);
    }
    let issuer = place.any_issuer(issuer)?;
    let moment = revoke.issued_before.as_deref().map(|text| time(text, place.now)).transpose()?;
    // A user or client may come back: only what he has got so far is meant.
    let so_far = Some(moment.unwrap_or(place.now));
    let (kind, handle, issued_before, name) = if let Some(digits) = &revoke.family {
        let family = FamilyId::parse(digits)
            .ok_or_else(|| Failure::usage("a family's number has 32 hexadecimal digits, as the audit log shows it"))?;
        (HandleKind::Family, Handle::of_family(&issuer, &family), moment, family.to_string())
    } else if let Some(user) = &revoke.user {
        let subject = subject(user, &issuer, place)?;
        (HandleKind::User, Handle::of_user(&issuer, &subject), so_far, subject.to_string())
    } else if let Some(client) = &revoke.client {
        let client = ClientId::new(client.as_str());
        (HandleKind::Client, Handle::of_client(&issuer, &client), so_far, client.to_string())
    } else if let Some(kid) = &revoke.key {
        let kid = KeyId::new(kid.as_str());
        (HandleKind::Key, Handle::of_key(&issuer, &kid), moment, kid.to_string())
    } else {
        (HandleKind::Issuer, Handle::of_issuer(&issuer), so_far, String::new())
    };
    let until = place.last_end(&issuer);
    Ok(Call { notice: Notice { kind, issuer, handle, issued_before, until }, name })
}

/// The subject of a user of ours by his name; anything else is taken as a subject.
fn subject(user: &str, issuer: &IssuerName, place: &Place<'_>) -> Result<Subject, Failure> {
    if let Some(known) = place.ours(issuer).and_then(|ours| ours.users.get(user)) {
        return Ok(known.subject.clone());
    }
    let stored = place.store.stored_user(issuer, &UserName::new(user))?;
    Ok(stored.map_or_else(|| Subject::new(user), |user| user.subject))
}

fn one_token(text: &str, issuer: Option<&str>, place: &Place<'_>) -> Result<Call, Failure> {
    let digest = SecretDigest::of(text.as_bytes());
    if could_be_token(REFRESH_PREFIX, text) {
        let found = place.store.look_up_refresh(digest)?;
        let family = found.ok_or_else(|| Failure::new("no such refresh token is known"))?.family;
        let notice = Notice {
            kind: HandleKind::Family,
            handle: family.handles.family,
            issued_before: None,
            until: place.last_end(&family.issuer),
            issuer: family.issuer,
        };
        return Ok(Call { notice, name: family.id.to_string() });
    }
    if could_be_token(ACCESS_PREFIX, text) {
        let found = place.store.look_up_access(digest)?;
        let access = found.ok_or_else(|| Failure::new("no such access token is known, or it is revoked already"))?;
        let until = access.expires.map_or_else(|| place.last_end(&access.issuer), |end| end.after(Seconds(60)));
        let name = format!("of client {}", access.client);
        let notice =
            Notice { kind: HandleKind::Token, issuer: access.issuer, handle: access.token, issued_before: None, until };
        return Ok(Call { notice, name });
    }
    one_jwt(text, issuer, place)
}

/// The signature is not checked: whoever may write the store may call back anything.
fn one_jwt(text: &str, issuer: Option<&str>, place: &Place<'_>) -> Result<Call, Failure> {
    let strange = || Failure::new("that is no token of ours and no JWT");
    let mut parts = text.split('.');
    let (Some(_), Some(body), Some(_), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return Err(strange());
    };
    let payload = URL_SAFE_NO_PAD.decode(body).map_err(|_| strange())?;
    let claims = json::object(&payload).map_err(|_| strange())?;
    let issuer = match (issuer, claims.get("iss").and_then(Value::as_str)) {
        (None, Some(url)) => {
            let profile = place.snapshot.policy.profiles.iter().find(|p| *p.issuer_url == *url);
            profile.map(|p| p.name.clone()).ok_or_else(|| {
                Failure::new(format!("no issuer of the configuration has the url `{}`", url.escape_debug()))
            })?
        }
        (named, _) => place.any_issuer(named)?,
    };
    let jti = claims.get("jti").and_then(Value::as_str);
    let until = match claims.get("exp").and_then(Value::as_f64) {
        Some(end) => UnixTime(end.ceil() as u64).after(Seconds(60)),
        None => place.now.after(FOR_EVER),
    };
    let handle = Handle::of_token(&issuer, jti, &payload);
    let name = jti.map_or_else(|| "without jti".to_owned(), str::to_owned);
    Ok(Call { notice: Notice { kind: HandleKind::Token, issuer, handle, issued_before: None, until }, name })
}

/// `now`, Unix seconds or RFC 3339.
fn time(text: &str, now: UnixTime) -> Result<UnixTime, Failure> {
    if text == "now" {
        return Ok(now);
    }
    let calendar = |text: &str| {
        let moment: jiff::Timestamp = text.parse().ok()?;
        u64::try_from(moment.as_second()).ok()
    };
    let seconds = text.parse().ok().or_else(|| calendar(text));
    let help = "is not a time; write Unix seconds or RFC 3339, such as 2026-11-30T12:00:00Z";
    seconds.map(UnixTime).ok_or_else(|| Failure::usage(format!("`{}` {help}", text.escape_debug())))
}
