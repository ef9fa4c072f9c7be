//! What lasts, and what is not plain HTTP/1.1: WebSockets, events, long downloads, gRPC,
//! HTTP/2 towards backends. The real program stands between real clients and servers of
//! other people's making. Tokens end or are called back while things are under way, and
//! exactly the exchanges that rest on them must end.
//! Must never: wait for time to pass where an event can be awaited.

#[path = "../support/mod.rs"]
mod support;

mod backends;
mod callers;
mod endings;
mod fairness;
mod grpc;
mod interim;
mod peers;
mod sockets;
mod trailers;
mod uploads;
mod upstream;

use std::net::SocketAddr;
use std::time::Duration;

use support::gateway::Gateway;
use support::http::until;
use support::stopwatch::Stopwatch;

/// Nothing that is awaited takes longer, or the test fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// A revocation must be felt within this, by the stopwatch.
const BOUND: Duration = Duration::from_secs(1);

/// What a test may say about its gateway.
struct Setup {
    backend: SocketAddr,
    /// More keys of the upstream, with a comma before each.
    protocol: &'static str,
    lifetime: &'static str,
    routes: &'static str,
}

impl Setup {
    /// A gateway in front of this backend: tokens live for `lifetime`, and `routes` come
    /// behind those of all tests.
    fn start(&self, name: &str) -> Gateway {
        self.start_at(name, &format!("http://{}", self.backend))
    }

    /// The same, its backend behind TLS.
    fn start_secure(&self, name: &str) -> Gateway {
        self.start_at(name, &format!("https://localhost:{}", self.backend.port()))
    }

    fn start_at(&self, name: &str, backend: &str) -> Gateway {
        let Setup { protocol, lifetime, routes, .. } = self;
        Gateway::start(
            name,
            &format!(
                r#"version: 1
listeners:
  clear: {{ address: "127.0.0.1:0", limits: {{ streams: 1000 }} }}
  public: {{ address: "127.0.0.1:0", tls: self-signed, limits: {{ streams: 1000 }} }}
issuers:
  main:
    url: https://issuer.example
    host: any
    scopes: {{ read: Read, write: Write }}
    token: {{ lifetime: {lifetime} }}
    throttle: {{ per_address: 100000, free_failures: 1000, within: 15m }}
    clients:
      - {{ id: shop, secret: "${{env:SHOP_SECRET:-shop-secret}}", grants: [client_credentials, password, refresh_token], scopes: [read, write] }}
    users:
      - {{ name: ana, password: "${{env:ANA_PASSWORD:-p4ssw0rd}}" }}
      - {{ name: ben, password: "${{env:BEN_PASSWORD:-p4ssw0rd}}" }}
upstreams:
  backend: {{ servers: ["{backend}"]{protocol} }}
routes:
  - {{ path: /things/**, upstream: backend, access: scope read }}
  - {{ path: /kept/**, upstream: backend, access: scope read, token: {{ on_expiry: keep }} }}
{routes}
store: {{ folder: "${{env:TOLLGATE_STATE:-state}}" }}
observability: {{ metrics: {{ listen: "127.0.0.1:0" }}, log: {{ format: json, access: {{ sample_2xx: 1.0, path: true }} }} }}
shutdown: {{ drain: 30s }}
"#
            ),
        )
    }
}

/// An access token of a user.
fn token_of(gateway: &Gateway, user: &str, scope: &str) -> String {
    let fields = [("grant_type", "password"), ("username", user), ("password", "p4ssw0rd"), ("scope", scope)];
    let answer = support::token::post(gateway, "token", "shop:shop-secret", &fields);
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()["access_token"].as_str().expect("an access token").to_owned()
}

/// Calls back every token of a user, and counts from then on.
fn revoke(gateway: &Gateway, user: &str) -> Stopwatch {
    let output = gateway.cli(&["token", "revoke", "--user", user]);
    assert!(output.status.success(), "{output:?}");
    Stopwatch::start()
}

/// Calls back one token, by the endpoint.
fn revoke_token(gateway: &Gateway, token: &str) -> Stopwatch {
    let answer = support::token::post(gateway, "revoke", "shop:shop-secret", &[("token", token)]);
    assert_eq!(answer.status, 200, "{answer:?}");
    Stopwatch::start()
}

/// One series of the metrics page.
fn metric(gateway: &Gateway, series: &str) -> u64 {
    let request = b"GET /metrics HTTP/1.1\r\nhost: m\r\nconnection: close\r\n\r\n";
    let page = support::http::raw(gateway.address("metrics"), request);
    let value = page.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    value.map_or(0, |value| value.trim().parse().expect("a number"))
}

/// Waits until a series has this value: counts follow what callers see.
fn counts(gateway: &Gateway, series: &str, wanted: u64) {
    until(series, || metric(gateway, series) == wanted);
}
