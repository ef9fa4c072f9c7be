//! A client library of the field, as it comes, signs a person in: `openid-client` does
//! discovery, code with PKCE, the checks of the ID token, userinfo, refresh and logout.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::house::PASSWORD;
use crate::support::gateway::{Gateway, finish};

const CALLBACK: &str = "https://app.example/callback";
const BYE: &str = "https://app.example/bye";

/// An issuer has to know its own address beforehand.
fn free_port() -> u16 {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    taken.local_addr().expect("an address").port()
}

fn yaml(port: u16, algorithm: &str, format: &str) -> String {
    format!(
        r#"version: 1
listeners:
  public: {{ address: "127.0.0.1:{port}", tls: self-signed }}
issuers:
  main:
    url: https://127.0.0.1:{port}
    host: any
    keys: {{ algorithm: {algorithm} }}
    token: {{ format: {format}, lifetime: 10m }}
    scopes: {{ openid: Know who you are, profile: See your name, email: See your e-mail address }}
    clients:
      - id: app
        name: The App
        secret: "${{env:APP_SECRET:-app-secret}}"
        grants: [authorization_code, refresh_token]
        redirect_uris: [{CALLBACK}]
        post_logout_redirect_uris: [{BYE}]
    users:
      - name: ana
        subject: u-ana
        password: "${{env:P:-{PASSWORD}}}"
        fields: {{ name: Ana Example, email: ana@example.com, email_verified: "true" }}
upstreams:
  backend: {{ servers: ["builtin:echo"] }}
routes:
  - {{ path: /me/**, upstream: backend, access: scope profile }}
store: {{ folder: "${{env:TOLLGATE_STATE:-state}}" }}
observability: {{ metrics: {{ listen: "127.0.0.1:0" }}, log: {{ format: json }} }}
shutdown: {{ drain: 30s }}
"#
    )
}

#[test]
fn openid_client_signs_a_person_in_and_out() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let modules = Path::new(env!("CARGO_TARGET_TMPDIR")).join("node");
    let made = Command::new(tests.join("node/prepare")).arg(&modules).stdin(Stdio::null()).status();
    if !made.is_ok_and(|status| status.success()) {
        eprintln!("NOT CHECKED: openid-client could not be installed; OpenID Connect is tried without a library");
        return;
    }
    for (algorithm, format) in [("ES256", "jwt"), ("RS256", "opaque"), ("EdDSA", "jwt")] {
        let port = free_port();
        let gateway = Gateway::start("openid", &yaml(port, algorithm, format));
        let mut node = Command::new("node");
        let issuer = format!("https://127.0.0.1:{port}");
        node.arg(tests.join("people/browser/openid.mjs")).arg(&modules).args([
            &*issuer,
            "app",
            "app-secret",
            CALLBACK,
            BYE,
        ]);
        // The certificate is self-signed, and this is about what is said.
        node.env("NODE_TLS_REJECT_UNAUTHORIZED", "0").env("NODE_NO_WARNINGS", "1");
        let (code, out, err) = finish(&mut node);
        let served = code == 0 && out.trim_end().ends_with("served");
        assert!(served, "{algorithm} {format}: {code}\n{out}\n{err}\n{}", gateway.stderr());
    }
}
