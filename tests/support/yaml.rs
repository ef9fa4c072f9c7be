//! The configuration that most whole-gateway tests begin with: one clear and one TLS
//! listener on free ports, one issuer with the clients and users a test needs.

/// `shop` may do everything, `kiosk` is public, `other` is somebody else; `ana` and
/// `ben` sign in with `p4ssw0rd`. `upstream` is the server behind every route.
pub fn standard(upstream: &str) -> String {
    format!(
        r#"version: 1
listeners:
  clear: {{ address: "127.0.0.1:0" }}
  public: {{ address: "127.0.0.1:0", tls: self-signed }}
issuers:
  main:
    url: https://issuer.example
    host: any
    scopes: {{ read: Read, write: Write, admin: Administer }}
    token: {{ lifetime: 10m }}
    throttle: {{ per_address: 100000, free_failures: 1000, within: 15m }}
    clients:
      - {{ id: shop, secret: "${{env:SHOP_SECRET:-shop-secret}}", grants: [client_credentials, password, refresh_token], scopes: [read, write] }}
      - {{ id: other, secret: "${{env:OTHER_SECRET:-other-secret}}", grants: [client_credentials], scopes: [read] }}
      - {{ id: kiosk, public: true, grants: [password, refresh_token], scopes: [read] }}
    users:
      - {{ name: ana, password: "${{env:ANA_PASSWORD:-p4ssw0rd}}" }}
      - {{ name: ben, password: "${{env:BEN_PASSWORD:-p4ssw0rd}}", disabled: true }}
upstreams:
  backend: {{ servers: ["{upstream}"] }}
routes:
  - {{ name: open, path: /open/**, upstream: backend, access: public }}
  - name: things
    path: /things/**
    upstream: backend
    access:
      - {{ methods: [GET, HEAD], scopes: [read] }}
      - {{ methods: [POST, PUT], scopes: [write] }}
      - {{ methods: [DELETE], any_of: [[admin], [read, write]] }}
    forward:
      headers: {{ X-User: "{{sub}}", X-Client: "{{client_id}}", X-Scopes: "{{scope}}" }}
store: {{ folder: "${{env:TOLLGATE_STATE:-state}}" }}
observability: {{ metrics: {{ listen: "127.0.0.1:0" }}, log: {{ format: json, access: {{ sample_2xx: 1.0, path: true }} }} }}
shutdown: {{ drain: 30s }}
"#
    )
}
