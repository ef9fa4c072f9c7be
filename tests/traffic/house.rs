//! The gateway under test: one issuer, three listeners (TLS, clear text, clear text behind
//! a trusted proxy), and whatever upstreams and routes a test wants.

use std::net::SocketAddr;

use crate::support::gateway::Gateway;
use crate::support::http::until;
use crate::support::token::post;
use crate::wire::{Answer, ask};

/// A gateway with these upstreams, and these further blocks.
pub fn house(name: &str, upstreams: &[(&str, &str)], blocks: &str) -> Gateway {
    let servers = upstreams.iter().map(|(name, url)| format!("  {name}: {{ servers: [\"{url}\"] }}\n"));
    let servers: String = servers.collect();
    let yaml = format!(
        r#"version: 1
listeners:
  public: {{ address: "127.0.0.1:0", tls: self-signed }}
  clear: {{ address: "127.0.0.1:0" }}
  near: {{ address: "127.0.0.1:0", trusted_proxies: [127.0.0.1] }}
issuers:
  main:
    url: https://issuer.example
    host: any
    scopes: {{ read: Read, write: Write, admin: Administer }}
    throttle: {{ per_address: 100000, free_failures: 1000, within: 15m }}
    clients:
      - {{ id: shop, secret: "${{env:SHOP_SECRET:-shop-secret}}", grants: [client_credentials, password], scopes: [read, write, admin] }}
      - {{ id: other, secret: "${{env:OTHER_SECRET:-other-secret}}", grants: [client_credentials], scopes: [read] }}
    users:
      - {{ name: ana, subject: u-ana, password: "${{env:ANA_PASSWORD:-p4ssw0rd}}" }}
      - {{ name: dots, subject: "..", password: "${{env:ANA_PASSWORD:-p4ssw0rd}}" }}
      - {{ name: slash, subject: "x/../admin", password: "${{env:ANA_PASSWORD:-p4ssw0rd}}" }}
      - {{ name: lines, subject: "Zoë%0D%0Ax-admin: yes", password: "${{env:ANA_PASSWORD:-p4ssw0rd}}" }}
upstreams:
{servers}store: {{ folder: "${{env:TOLLGATE_STATE:-state}}" }}
observability: {{ metrics: {{ listen: "127.0.0.1:0" }}, log: {{ format: json, access: {{ sample_2xx: 1.0, path: true }} }} }}
{blocks}"#
    );
    Gateway::start(name, &yaml)
}

/// The clear-text listener.
pub fn clear(gateway: &Gateway) -> SocketAddr {
    gateway.address("clear")
}

/// `GET` on the clear-text listener, with further header lines.
pub fn get(gateway: &Gateway, path: &str, lines: &[&str]) -> Answer {
    ask(clear(gateway), &format!("GET {path} HTTP/1.1"), lines, b"")
}

/// `GET` as if it came from this address, through the trusted proxy.
pub fn get_from(gateway: &Gateway, address: &str, path: &str, lines: &[&str]) -> Answer {
    let from = format!("x-forwarded-for: {address}");
    let lines: Vec<&str> = lines.iter().copied().chain([&*from]).collect();
    ask(gateway.address("near"), &format!("GET {path} HTTP/1.1"), &lines, b"")
}

/// The header line that presents a token of a client for itself.
pub fn of_client(gateway: &Gateway, client: &str, scope: &str) -> String {
    let fields = [("grant_type", "client_credentials"), ("scope", scope)];
    bearer(gateway, &format!("{client}:{client}-secret"), &fields)
}

/// The header line that presents a token of a user.
pub fn of_user(gateway: &Gateway, user: &str, scope: &str) -> String {
    let fields = [("grant_type", "password"), ("username", user), ("password", "p4ssw0rd"), ("scope", scope)];
    bearer(gateway, "shop:shop-secret", &fields)
}

fn bearer(gateway: &Gateway, client: &str, fields: &[(&str, &str)]) -> String {
    let answer = post(gateway, "token", client, fields);
    assert_eq!(answer.status, 200, "{answer:?}");
    format!("authorization: Bearer {}", answer.json()["access_token"].as_str().expect("a token"))
}

/// The value of one series, 0 where it is not there.
pub fn metric(gateway: &Gateway, series: &str) -> u64 {
    let page = ask(gateway.address("metrics"), "GET /metrics HTTP/1.1", &[], b"").text();
    let line = page.lines().find_map(|line| line.strip_prefix(series)?.trim().parse::<f64>().ok());
    line.map_or(0, |value| value as u64)
}

/// Waits until a series has this value: counts follow what callers see.
pub fn counts(gateway: &Gateway, series: &str, wanted: u64) {
    until(series, || metric(gateway, series) == wanted);
}
