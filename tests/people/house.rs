//! One gateway with people: `ana` develops, `olga` approves, `ben` is disabled; the shop
//! is the operator's own and asks, the kiosk is his own and does not have to.

use crate::support::browser::Browser;
use crate::support::gateway::Gateway;

/// RFC 7636 appendix B.
pub const CHALLENGE: &str = "code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256";

/// The verifier behind it.
pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

/// Where the shop gets its codes.
pub const CALLBACK: &str = "https://shop.example/callback";

/// Everybody's password.
pub const PASSWORD: &str = "correct horse";

/// The configuration; `more` stands under `people:`.
pub fn yaml(more: &str) -> String {
    format!(
        r##"version: 1
listeners:
  public: {{ address: "127.0.0.1:0", tls: self-signed }}
issuers:
  main:
    url: https://issuer.example
    host: any
    scopes:
      orders:read: See your orders
      orders:write: Create and change orders
      billing:read: See your invoices
    token: {{ lifetime: 10m }}
    throttle: {{ per_address: 100000, free_failures: 5, within: 15m }}
    people:
      branding:
        name: Example Ltd
        colour: "#1f5fbf"
        notice: For members of Example Ltd.
        terms: https://example.com/terms
        privacy: https://example.com/privacy
        support: mailto:help@example.com
{more}
    clients:
      - id: shop
        name: Example Shop
        description: Sells things to members.
        secret: "${{env:SHOP_SECRET:-shop-secret}}"
        grants: [authorization_code, refresh_token]
        redirect_uris: [{CALLBACK}, "http://127.0.0.1/callback"]
        scopes: [orders:read, orders:write, billing:read]
      - id: kiosk
        public: true
        grants: [authorization_code]
        redirect_uris: [https://kiosk.example/cb]
        consent: skip
        scopes: [orders:read]
    users:
      - {{ name: ana, password: "${{env:P:-{PASSWORD}}}", fields: {{ groups: developers }} }}
      - {{ name: olga, password: "${{env:P:-{PASSWORD}}}", fields: {{ groups: "developers, admins" }} }}
      - {{ name: ben, password: "${{env:P:-{PASSWORD}}}", disabled: true }}
upstreams:
  backend: {{ servers: ["builtin:echo"] }}
routes:
  - path: /orders/**
    upstream: backend
    access:
      - {{ methods: [GET], scopes: [orders:read] }}
      - {{ methods: [POST], scopes: [orders:write] }}
store: {{ folder: "${{env:TOLLGATE_STATE:-state}}" }}
observability: {{ metrics: {{ listen: "127.0.0.1:0" }}, audit: audit.log, log: {{ format: json }} }}
shutdown: {{ drain: 30s }}
"##
    )
}

/// A gateway with that.
pub fn start(name: &str) -> Gateway {
    Gateway::start(name, &yaml(""))
}

/// A browser in front of it.
pub fn browser(gateway: &Gateway) -> Browser {
    Browser::new(&gateway.https("public"))
}

/// The path by which an application of ours sends a person here.
pub fn request(client: &str, callback: &str, more: &str) -> String {
    format!(
        "/oauth2/authorize?response_type=code&client_id={client}&redirect_uri={callback}&state=s1&{CHALLENGE}{more}"
    )
}

/// The shop's.
pub fn shop(more: &str) -> String {
    request("shop", CALLBACK, more)
}
