//! `client` for what clients of old systems and applications of people need: redirect
//! URIs, approval, secrets and keys they bring along, fields, habits, changes.

use std::fs;

use serde_json::json;
use tollgate::clock::Seconds;
use tollgate::oauth::client::{Application, Approval, ConsentRule, PkceRule, UrlSecrets};
use tollgate::oauth::issuer::AssertionSettings;
use tollgate::oauth::redirect::RedirectUri;
use tollgate::store::change::By;
use tollgate::token::id::{ClientId, IssuerName};
use tollgate::token::secret::SecretDigest;

use crate::support::{NOW, World};

fn stored(world: &World, id: &str) -> tollgate::oauth::client::Client {
    world.store.stored_client(&IssuerName::new("main"), &ClientId::new(id)).unwrap().expect("the client")
}

/// A file beside the store with that text; its name.
fn file(world: &World, name: &str, text: &str) -> String {
    let path = world.folder.join(name);
    fs::write(&path, text).unwrap();
    path.to_str().expect("UTF-8").to_owned()
}

#[test]
fn an_application_of_people_is_added_with_where_they_come_back_to() {
    let world = World::new();
    let line = "client add web --grant authorization_code,refresh_token --scope a --redirect-uri https://web.example/cb \
                --redirect-uri http://127.0.0.1/cb --post-logout-redirect-uri https://web.example/bye \
                --pkce optional --skip-consent --description Shows";
    world.run(line, "").result.unwrap();
    let application = stored(&world, "web").application;
    let uris: Vec<&str> = application.redirect_uris.iter().map(RedirectUri::as_str).collect();
    assert_eq!(uris, ["https://web.example/cb", "http://127.0.0.1/cb"]);
    assert_eq!(application.post_logout_redirect_uris, ["https://web.example/bye"]);
    assert_eq!((application.pkce, application.consent), (Some(PkceRule::Optional), ConsentRule::Skip));
    assert_eq!((application.description.as_deref(), application.approval), (Some("Shows"), Approval::Approved));
    let shown = world.run("client show web -o json", "").json();
    assert_eq!(shown["redirect_uris"], json!(["https://web.example/cb", "http://127.0.0.1/cb"]));
}

#[test]
fn what_an_application_of_people_cannot_be_is_said() {
    let world = World::new();
    let cases = [
        ("client add x --grant authorization_code", "needs --redirect-uri"),
        ("client add x --redirect-uri https://x.example/cb", "has no meaning without --grant authorization_code"),
        ("client add x --grant authorization_code --redirect-uri x.example/cb", "cannot be a redirect URI"),
        ("client add x --grant authorization_code --redirect-uri https://x.example/cb#f", "cannot be a redirect URI"),
        ("client add x --grant authorization_code --redirect-uri https://x/cb --pkce never", "required or optional"),
        ("client add x --secrets-in-url sometimes", "served or refused"),
        ("client add x --field y", "NAME=VALUE"),
        ("client add x --secret-file /nowhere", "cannot read `/nowhere`"),
        ("client add x --jwks-file /nowhere", "this issuer reads no assertions"),
        ("client approve x", "there is no client `x`"),
        ("client set x --scope a", "there is no client `x`"),
    ];
    for (line, expected) in cases {
        let failure = world.run(line, "").failure();
        assert!(failure.contains(expected), "{line}: {failure}");
    }
    assert!(world.store.clients(&IssuerName::new("main")).unwrap().is_empty());
}

#[test]
fn an_application_that_waits_is_approved_once() {
    let world = World::new();
    world.run("client add ready", "").result.unwrap();
    assert!(world.run("client approve ready", "").failure().contains("does not wait for approval"));
    let waiting = Application { approval: Approval::Waiting, ..Application::default() };
    let client =
        tollgate::oauth::client::Client { id: ClientId::new("waits"), application: waiting, ..stored(&world, "ready") };
    let by = By { actor: "test".to_owned(), now: NOW };
    world.store.add_client(&IssuerName::new("main"), client, by).unwrap();
    assert_eq!(world.run("client show waits -o json", "").json()["state"], "waiting");
    assert!(stored(&world, "waits").is_refused());
    let said = world.run("client approve waits", "");
    assert!(said.result.is_ok() && said.talk.contains("may be used now"), "{}", said.talk);
    assert_eq!(world.run("client show waits -o json", "").json()["state"], "enabled");
    assert!(!stored(&world, "waits").is_refused());
    assert!(world.run("client approve waits", "").failure().contains("does not wait for approval"));
}

#[test]
fn a_client_brings_its_secret_along_and_nobody_shows_it() {
    let world = World::new();
    let key = file(&world, "key", "6b1f2c9e-53c4-4f0e-9d7a-1f6f4a0c77d1\n");
    let made = world.run(&format!("client add app --secret-file {key} --field aid=7 --field sid=1 -o json"), "");
    assert_eq!(made.json(), json!({"issuer": "main", "client_id": "app"}));
    let client = stored(&world, "app");
    assert!(client.secrets[0].digest == SecretDigest::of(b"6b1f2c9e-53c4-4f0e-9d7a-1f6f4a0c77d1"));
    assert_eq!(client.fields.get("aid").map(String::as_str), Some("7"));
    assert_eq!(world.run("client show app -o json", "").json()["fields"], json!({"aid": "7", "sid": "1"}));
    let twice = world.run(&format!("client add other --secret-file {key}"), "");
    assert_eq!(twice.failure(), "another client has this secret already");
    for text in ["", "\n", "two words", "two\nlines", "caf\u{e9}"] {
        let failure = world.run(&format!("client add bad --secret-file {}", file(&world, "bad", text)), "").failure();
        assert!(failure.contains("does not hold a secret") && !failure.contains("words"), "{text:?}: {failure}");
    }
    let uuid = world.run("client add app2 --secret-form uuid -o json", "").json();
    assert_eq!(uuid["client_secret"].as_str().map(str::len), Some(36));
}

#[test]
fn a_client_with_keys_of_its_own_needs_no_secret() {
    let mut world = World::new();
    world.snapshot.issuers[0].assertions = Some(AssertionSettings {
        trusted: Vec::new(),
        audience: vec!["https://main.example".to_owned()],
        max_lifetime: Seconds(60),
        leeway: Seconds(0),
    });
    let keys = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
    let made = world.run(&format!("client add signer --jwks-file {} -o json", file(&world, "jwks", keys)), "");
    assert_eq!(made.json(), json!({"issuer": "main", "client_id": "signer"}));
    let client = stored(&world, "signer");
    assert!(client.secrets.is_empty() && client.keys.is_some_and(|keys| keys.keys().len() == 1));
    for (text, expected) in [("{", "is not JSON"), ("{\"keys\":[]}", "cannot be used")] {
        let failure = world.run(&format!("client add bad --jwks-file {}", file(&world, "jwks", text)), "").failure();
        assert!(failure.contains(expected), "{text}: {failure}");
    }
}

#[test]
fn a_client_of_the_store_is_changed_and_loses_tokens_with_its_scopes() {
    let world = World::new();
    world.run("client add app --scope a,b --field aid=1 --secrets-in-url served", "").result.unwrap();
    world.run("client set app --secrets-in-url refused --field aid=2 --name App", "").result.unwrap();
    let client = stored(&world, "app");
    assert_eq!((client.secrets_in_url, client.display_name.as_deref()), (UrlSecrets::Refused, Some("App")));
    assert_eq!(client.fields.get("aid").map(String::as_str), Some("2"));
    let called_back = || {
        let mut count = 0;
        world.store.load_revocations(NOW, |_| count += 1).unwrap();
        count
    };
    assert_eq!(called_back(), 0);
    world.run("client set app --scope a --keep-tokens", "").result.unwrap();
    assert_eq!((stored(&world, "app").scopes.to_string(), called_back()), ("a".to_owned(), 0));
    world.run("client set app --scope b --grant password,refresh_token", "").result.unwrap();
    assert_eq!((stored(&world, "app").scopes.to_string(), called_back()), ("b".to_owned(), 1));
    world.run("client add phone --public --grant password", "").result.unwrap();
    let failure = world.run("client set phone --grant client_credentials", "").failure();
    assert!(failure.contains("a public client cannot use client_credentials"), "{failure}");
    let failure = world.run("client set app --grant authorization_code", "").failure();
    assert!(failure.contains("needs a redirect URI"), "{failure}");
}

#[test]
fn what_the_backend_knows_a_user_by_comes_from_a_file() {
    let world = World::new();
    let token = file(&world, "token", "ana-s-own\n");
    world.run(&format!("user add ana --subject u-1 --backend-token-file {token}"), "pw\n").result.unwrap();
    world.run("user add ben --subject u-2", "pw\n").result.unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let known = |subject: &str| {
        use tollgate::oauth::store::Directory as _;
        let (issuer, subject) = (IssuerName::new("main"), tollgate::token::id::Subject::new(subject));
        // A store of its own: this one remembers what it read before.
        let fresh = tollgate::store::Store::open(&world.folder, None).unwrap();
        runtime.block_on(fresh.backend_token(&issuer, &subject)).unwrap().map(|token| token.expose().to_owned())
    };
    assert_eq!((known("u-1").as_deref(), known("u-2")), (Some("ana-s-own"), None));
    let other = file(&world, "other", "ben-s-own");
    let said = world.run(&format!("user set ben --backend-token-file {other} --field team=red"), "");
    assert!(said.result.is_ok() && !said.out.contains("own") && !said.talk.contains("own"));
    world.run("user set ana --no-backend-token", "").result.unwrap();
    assert_eq!((known("u-1"), known("u-2").as_deref()), (None, Some("ben-s-own")));
    let ben = world.store.stored_user(&IssuerName::new("main"), &tollgate::token::id::UserName::new("ben")).unwrap();
    assert_eq!(ben.unwrap().fields.get("team").map(String::as_str), Some("red"));
    assert!(world.run("user set nobody --field a=b", "").failure().contains("there is no user `nobody`"));
    let listed = world.run("user list -o json", "");
    assert!(!listed.out.contains("own"), "{}", listed.out);
}
