//! What a start says on standard output: what listens where, what was made, and lines
//! to try. Written whether or not a terminal reads it, since the first start's secret
//! is said nowhere else. Must never: show a secret that was not made in this start.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::Path;

use http::Method;

use crate::access::rule::{AccessLine, Rule};
use crate::access::table::Target;
use crate::dialect::answer::Answer;
use crate::dialect::knobs::Reading;
use crate::gateway::Gateway;
use crate::oauth::client::{Client, GrantKind};
use crate::oauth::issuer::Issuer;
use crate::snapshot::{Door, Snapshot};
use crate::token::scope::Scopes;

/// Writes the banner; its last line begins with `ready`.
pub fn write(gateway: &Gateway, config: &Path, out: &mut dyn Write) -> io::Result<()> {
    let snapshot = gateway.snapshot();
    writeln!(out, "tollgate {}  {}", env!("CARGO_PKG_VERSION"), config.display())?;
    for (listener, (name, address)) in snapshot.listeners.iter().zip(&gateway.doors) {
        writeln!(out, "listening  {}://{address}  {name}  {}", scheme(&listener.door), speaks(&listener.door))?;
    }
    if let Some(address) = gateway.admin {
        writeln!(out, "listening  http://{address}  metrics  /metrics /healthz /readyz")?;
    }
    writeln!(out, "state      {}", snapshot.fixed.state.display())?;
    for issuer in &snapshot.issuers {
        writeln!(out, "issuer     {}  {}", issuer.name, issuer.url)?;
    }
    for made in &gateway.made {
        writeln!(out, "CLIENT ID={}, CLIENT SECRET={}", made.client.id, made.secret.expose())?;
    }
    try_it(gateway, &snapshot, out)?;
    writeln!(out, "ready")?;
    out.flush()
}

fn scheme(door: &Door) -> &'static str {
    match door {
        Door::Tls(_) => "https",
        Door::Clear | Door::Redirect(_) => "http",
    }
}

fn speaks(door: &Door) -> &'static str {
    match door {
        Door::Tls(_) => "TLS, HTTP/2 and HTTP/1.1",
        Door::Clear => "HTTP/1.1 and HTTP/2",
        Door::Redirect(_) => "redirects to https",
    }
}

/// Lines that can be pasted into a shell; a secret is `$SECRET` in them, and a client
/// that only the store knows is `$CLIENT`.
fn try_it(gateway: &Gateway, snapshot: &Snapshot, out: &mut dyn Write) -> io::Result<()> {
    let doors = snapshot.listeners.iter().zip(&gateway.doors).filter(|(l, _)| matches!(l.door, Door::Tls(_)));
    let front = doors.filter_map(|(_, (_, address))| address.tcp()).next();
    let (Some(address), Some(lines)) = (front, protected(snapshot)) else { return Ok(()) };
    let made = gateway.made.iter().find(|made| made.issuer == lines.issuer.name).map(|made| &made.client);
    let client = made.or_else(|| lines.issuer.clients.values().find(|client| serves(client, &lines.scopes)));
    let client = client.map_or("$CLIENT", |client| client.id.as_str());
    let base = base(address);
    let scope = if lines.scopes.is_empty() { String::new() } else { format!(" -d 'scope={}'", lines.scopes) };
    writeln!(out, "try it     TOKEN=$(curl -sk -u {client}:$SECRET {base}{}/token \\", token_base(lines.issuer))?;
    writeln!(out, "             -d grant_type=client_credentials{scope} | jq -r .access_token)")?;
    writeln!(out, "           curl -sk -H \"Authorization: Bearer $TOKEN\" {base}{}", lines.path)
}

/// Whether the client can get a token for these scopes by itself.
fn serves(client: &Client, scopes: &Scopes) -> bool {
    !client.disabled
        && !client.secrets.is_empty()
        && client.grants.contains(&GrantKind::ClientCredentials)
        && client.scopes.covers(scopes)
}

fn base(address: SocketAddr) -> String {
    if address.ip().is_unspecified() {
        format!("https://localhost:{}", address.port())
    } else {
        format!("https://{address}")
    }
}

fn token_base(issuer: &Issuer) -> &str {
    issuer.base.trim_end_matches('/')
}

/// Whether the lines would work: other dialects have other paths, parameters and answers.
fn speaks_the_standard(issuer: &Issuer) -> bool {
    issuer.dialect.success == Answer::standard() && issuer.dialect.reading == Reading::standard()
}

/// Something to try: a path behind a scope, and who gives out tokens for it.
struct Lines<'a> {
    path: String,
    scopes: Scopes,
    issuer: &'a Issuer,
}

/// The first route that a token of ours opens for a GET.
fn protected(snapshot: &Snapshot) -> Option<Lines<'_>> {
    let targets = snapshot.policy.tables.iter().flat_map(|table| table.targets());
    targets.into_iter().find_map(|target| {
        let Target::Route(route) = target else { return None };
        let takes_get = |line: &&AccessLine| line.methods.is_empty() || line.methods.contains(&Method::GET);
        let line = route.access.iter().find(takes_get)?;
        let (Rule::Bearer(alternatives) | Rule::Person(alternatives)) = &line.rule else { return None };
        let scopes = alternatives.first().map(|alternative| alternative.names.clone()).unwrap_or_default();
        let ours = |issuer: &&Issuer| route.issuers.contains(&issuer.profile) && speaks_the_standard(issuer);
        let issuer = snapshot.issuers.iter().find(ours)?;
        Some(Lines { path: route.pattern.replace("**", "world").replace('*', "1"), scopes, issuer })
    })
}
