//! Nothing that is secret is ever written down. Every secret, password and token of a
//! whole life is collected: told rightly, told wrongly, sent where it does not belong.
//! Then everything the gateway wrote is searched: standard output with the access log,
//! standard error at the most talkative level, audit log, metrics, and the database.

mod support;

use std::fs;
use std::path::Path;
use std::process::Stdio;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use support::gateway::{Gateway, tollgate};
use support::http::{Answer, curl, raw};

/// Two issuers, one with JWTs and one with opaque tokens; a route that takes tokens in
/// the query and in a form; all logs on.
const YAML: &str = r#"version: 1
listeners:
  clear: { address: "127.0.0.1:0" }
  public: { address: "127.0.0.1:0", tls: self-signed }
issuers:
  signed:
    url: https://issuer.example
    host: any
    base: /signed
    refresh: { grace: 10m }
    scopes: { read: Read }
    throttle: { per_address: 100000, free_failures: 1000, within: 15m }
    clients: [{ id: shop, secret: "file-client-Zq81xKw0", grants: [client_credentials, password, refresh_token] }]
    users: [{ name: ana, password: "file-user-Vb72mPt4" }]
  opaque:
    url: https://issuer.example/opaque
    host: any
    base: /opaque
    token: { format: opaque }
    refresh: { grace: 10m }
    scopes: { read: Read }
    throttle: { per_address: 100000, free_failures: 1000, within: 15m }
    clients: [{ id: shop, secret: "file-client-Zq81xKw0", grants: [client_credentials, password, refresh_token] }]
    users: [{ name: ana, password: "file-user-Vb72mPt4" }]
upstreams:
  backend: { servers: ["builtin:echo"] }
  nobody: { servers: ["http://127.0.0.1:1"] }
routes:
  - { path: /things/**, upstream: backend, issuers: [signed, opaque], access: [{ scopes: [read] }] }
  - { path: /loose/**, upstream: backend, issuers: [signed, opaque], access: [{ scopes: [read] }], token: { query: access_token, form: access_token } }
  - { path: /dead/**, upstream: nobody, issuers: [signed, opaque], access: [{ scopes: [read] }], forward: { authorization: keep } }
store: { folder: "${env:TOLLGATE_STATE:-state}" }
observability:
  audit: audit.log
  metrics: { listen: "127.0.0.1:0" }
  log: { format: json, level: trace, access: { sample_2xx: 1.0, path: true } }
shutdown: { drain: 30s }
"#;

/// What must be found nowhere.
struct Secrets(Vec<String>);

impl Secrets {
    /// Remembers a secret in each form it may be written in.
    fn keep(&mut self, secret: &str) {
        self.0.push(secret.to_owned());
        // Of a signed token the signature alone is what makes it one.
        self.0.extend(secret.rsplit_once('.').map(|(_, signature)| signature.to_owned()));
    }

    /// The credentials as they stand in an `Authorization` line.
    fn keep_pair(&mut self, id: &str, secret: &str) {
        self.keep(secret);
        self.keep(&STANDARD.encode(format!("{id}:{secret}")));
    }

    /// Which of them occur in these bytes.
    fn found_in(&self, bytes: &[u8]) -> Vec<&str> {
        let occurs = |secret: &&String| bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
        self.0.iter().filter(occurs).map(String::as_str).collect()
    }
}

/// One client of one issuer, and the gateway it talks to.
struct Talk<'a> {
    gateway: &'a Gateway,
    base: &'a str,
    client: &'a str,
}

impl Talk<'_> {
    fn post(&self, endpoint: &str, client: &str, form: &str) -> Answer {
        let url = format!("{}/{}/{endpoint}", self.gateway.https("public"), self.base);
        curl(&["-u", client, "-d", form, &url])
    }

    fn ask(&self, form: &str) -> Answer {
        self.post("token", self.client, form)
    }

    /// Signs in, refreshes, is caught with a used token, asks about and revokes what it
    /// has, and guesses.
    fn live(&self, user: &str, password: &str, secrets: &mut Secrets) -> Vec<String> {
        let mut given = Vec::new();
        let mut told = |answer: Answer, wanted: u16| {
            assert_eq!(answer.status, wanted, "{answer:?}");
            if wanted == 200 {
                for member in ["access_token", "refresh_token"] {
                    let token = answer.json()[member].as_str().map(str::to_owned);
                    token.iter().for_each(|token| secrets.keep(token));
                    given.extend(token);
                }
            }
            given.last().cloned().unwrap_or_default()
        };
        told(self.ask("grant_type=client_credentials"), 200);
        let first = told(self.ask(&format!("grant_type=password&username={user}&password={password}")), 200);
        let second = told(self.ask(&format!("grant_type=refresh_token&refresh_token={first}")), 200);
        told(self.ask(&format!("grant_type=refresh_token&refresh_token={first}")), 200);
        told(self.ask(&format!("grant_type=refresh_token&refresh_token={second}")), 200);
        told(self.ask(&format!("grant_type=refresh_token&refresh_token={first}")), 400);
        let last = told(self.ask(&format!("grant_type=password&username={user}&password={password}")), 200);
        told(self.ask(&format!("grant_type=password&username={user}&password=guess-Hn3c5Yd9")), 400);
        told(self.ask(&format!("grant_type=password&username=name-Hn3c5Yd9&password={password}")), 400);
        told(self.ask(&format!("grant_type=refresh_token&refresh_token={last}x")), 400);
        told(self.ask(&format!("grant_type={last}")), 400);
        told(self.ask(&format!("grant_type=client_credentials&scope={last}")), 400);
        told(self.ask(&format!("grant_type=client_credentials&{last}=1&{last}=2")), 400);
        told(self.post("token", "shop:guess-Hn3c5Yd9", "grant_type=client_credentials"), 401);
        for endpoint in ["introspect", "revoke"] {
            assert_eq!(self.post(endpoint, self.client, &format!("token={last}")).status, 200);
            assert_eq!(self.post(endpoint, "shop:guess-Hn3c5Yd9", &format!("token={last}")).status, 401);
        }
        // Where credentials do not belong.
        let (id, secret) = self.client.split_once(':').expect("a pair");
        let query = format!("?client_id={id}&client_secret={secret}&password={password}");
        assert_eq!(self.post(&format!("token{query}"), self.client, "grant_type=client_credentials").status, 400);
        given
    }

    /// Uses a token in every way, right and wrong.
    fn present(&self, token: &str) {
        let address = self.gateway.address("clear");
        let host = "HTTP/1.1\r\nHost: a.example\r\nConnection: close";
        let bearer = format!("Authorization: Bearer {token}");
        let form = format!("access_token={token}&rest=1");
        let typed = format!("Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}", form.len());
        for request in [
            format!("GET /things/1 {host}\r\n{bearer}\r\n\r\n"),
            format!("GET /dead/1 {host}\r\n{bearer}\r\n\r\n"),
            format!("GET /things/1 {host}\r\n{bearer}x\r\n\r\n"),
            format!("GET /things/1 {host}\r\n{bearer}\r\n{bearer}\r\n\r\n"),
            format!("GET /things/1 {host}\r\nAuthorization: {token}\r\n\r\n"),
            format!("GET /things/1 {host}\r\n{bearer}\r\n folded\r\n\r\n"),
            format!("GET /things/1 {host}\r\n{bearer}\0\r\n\r\n"),
            format!("GET /things/1?access_token={token} {host}\r\n\r\n"),
            format!("GET /loose/1?access_token={token} {host}\r\n\r\n"),
            format!("GET /loose/1?access_token={token}&access_token={token} {host}\r\n\r\n"),
            format!("POST /loose/1 {host}\r\n{typed}\r\n\r\n{form}"),
            format!("POST /loose/1?access_token={token} {host}\r\n{typed}\r\n\r\n{form}"),
            format!("POST /{}/token?token={token} {host}\r\n{typed}\r\n\r\n{form}", self.base),
            format!("GET /{}/jwks?access_token={token} {host}\r\n\r\n", self.base),
            format!("{token} /things/1 {host}\r\n\r\n"),
        ] {
            let answer = raw(address, request.as_bytes());
            assert!(answer.starts_with("HTTP/1.1 "), "{request}: {answer}");
        }
    }
}

/// Runs a command that reads a line of standard input.
fn told_in_secret(folder: &Path, args: &[&str], line: &str) {
    let mut child = tollgate(folder, args).stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("the program");
    let mut stdin = child.stdin.take().expect("piped");
    std::io::Write::write_all(&mut stdin, line.as_bytes()).expect("it reads");
    drop(stdin);
    assert!(child.wait().expect("the end").success(), "{args:?}");
}

/// All files below a folder, with their bytes.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        if entry.path().is_dir() {
            all.extend(files(&entry.path()));
        } else {
            all.push((entry.path().display().to_string(), fs::read(entry.path()).expect("its bytes")));
        }
    }
    all
}

#[test]
fn no_secret_password_or_token_is_written_anywhere() {
    let gateway = Gateway::start("secrets", YAML);
    let mut secrets = Secrets(Vec::new());
    for text in ["guess-Hn3c5Yd9", "file-user-Vb72mPt4", "store-user-Gt65sLr2"] {
        secrets.keep(text);
    }
    secrets.keep_pair("shop", "file-client-Zq81xKw0");
    secrets.keep_pair("shop", "guess-Hn3c5Yd9");
    let folder = gateway.folder.path();
    for issuer in ["signed", "opaque"] {
        told_in_secret(folder, &["user", "add", "eve", "--issuer", issuer], "store-user-Gt65sLr2\n");
        let grants = "client_credentials,password,refresh_token";
        let made = gateway
            .cli(&["client", "add", "kept", "--issuer", issuer, "--grant", grants, "--scope", "read", "-o", "json"]);
        assert!(made.status.success(), "{made:?}");
        let made: serde_json::Value = serde_json::from_slice(&made.stdout).expect("JSON");
        let secret = made["client_secret"].as_str().expect("a secret");
        secrets.keep_pair("kept", secret);
        let of_file = Talk { gateway: &gateway, base: issuer, client: "shop:file-client-Zq81xKw0" };
        let of_store = Talk { gateway: &gateway, base: issuer, client: &format!("kept:{secret}") };
        let mut given = of_file.live("ana", "file-user-Vb72mPt4", &mut secrets);
        given.extend(of_store.live("eve", "store-user-Gt65sLr2", &mut secrets));
        assert!(given.len() > 12, "{given:?}");
        given.iter().for_each(|token| of_file.present(token));
        let by_hand = gateway.cli(&["token", "revoke", "--token", &given[0], "--issuer", issuer]);
        assert!(by_hand.status.success(), "{by_hand:?}");
        assert!(secrets.found_in(&[by_hand.stdout, by_hand.stderr].concat()).is_empty(), "the command repeats a token");
    }
    let metrics = curl(&[&format!("http://{}/metrics", gateway.address("metrics"))]);
    assert!(metrics.body.contains("tollgate_tokens_issued_total"), "{metrics:?}");
    let journal = files(&gateway.folder.path().join("state"));
    gateway.signal("TERM");
    let mut output = gateway.banner.join("\n");
    while let Some(line) = gateway.line() {
        output += &line;
    }
    let (_, folder) = gateway.wait();

    // The searched places hold what they should, so that finding nothing means something.
    let written = |name: &str| fs::read(folder.path().join(name)).expect(name);
    let (errors, audit) = (written("stderr"), written("audit.log"));
    assert!(output.contains("\"path\":\"/things/1\"") && output.contains("/loose/1"), "the access log is there");
    let audit_text = String::from_utf8_lossy(&audit);
    assert!(["token_issued", "sign_in_refused", "refresh_reuse", "revoked"].iter().all(|w| audit_text.contains(w)));
    assert!(!errors.is_empty() && journal.iter().any(|(name, bytes)| name.contains("sqlite") || bytes.len() > 4096));
    let marker = Secrets(vec!["\"GET\"".to_owned(), "never-written-anywhere".to_owned()]);
    assert_eq!(marker.found_in(output.as_bytes()).len(), 1, "the search finds what is there");
    let mut places = vec![("standard output".to_owned(), output.into_bytes()), ("standard error".to_owned(), errors)];
    places.extend([("audit log".to_owned(), audit), ("metrics".to_owned(), metrics.body.into_bytes())]);
    places.extend(journal);
    places.extend(files(&folder.path().join("state")));
    for (name, bytes) in &places {
        let found = secrets.found_in(bytes);
        assert!(found.is_empty(), "{name} holds {found:?}");
    }
    println!(
        "{} secrets, {} places, {} bytes",
        secrets.0.len(),
        places.len(),
        places.iter().map(|p| p.1.len()).sum::<usize>()
    );
}
