//! `client`, `user` and `keys`: made, shown, changed, removed; secrets appear once.

use serde_json::json;
use tollgate::cli::console::Presence;
use tollgate::clock::Seconds;
use tollgate::oauth::issuer::KeySettings;
use tollgate::random::OsRandom;
use tollgate::store::change::By;
use tollgate::store::signing_key::{Keys, Turn, signer};
use tollgate::token::id::IssuerName;
use tollgate::token::key::KeyMaterial;
use tollgate::token::secret::SecretDigest;
use tollgate::users::phc::PasswordDigest;

use crate::support::{NOW, World};

#[test]
fn a_client_is_made_and_its_secret_shown_once() {
    let world = World::new();
    let made = world.run("client add app --name App --scope a,b --grant client_credentials -o json", "").json();
    let secret = made["client_secret"].as_str().expect("a secret").to_owned();
    assert_eq!((made["client_id"].as_str(), made["issuer"].as_str()), (Some("app"), Some("main")));
    let kept = &world.store.clients(&IssuerName::new("main")).unwrap()[0].client;
    assert!(kept.secrets[0].digest == SecretDigest::of(secret.as_bytes()));
    let shown = world.run("client show app -o json", "");
    assert_eq!(shown.json()["scopes"], json!("a b"));
    let listed = world.run("client list", "");
    assert!(listed.out.starts_with("ID ") && listed.out.contains("client_credentials"), "{}", listed.out);
    assert!(!shown.out.contains(&secret) && !listed.out.contains(&secret));
    let again = world.run("client add app", "");
    assert_eq!((again.failure(), again.out.as_str()), ("client `app` exists already".to_owned(), ""));
}

#[test]
fn what_a_client_cannot_be_is_said() {
    let world = World::new();
    let cases = [
        ("client add x --scope zzz", "scope `zzz` is not defined; there are: a, b"),
        ("client add x --grant implicit", "grant `implicit` is not one of"),
        ("client add x --public", "a public client cannot use client_credentials"),
        ("client add \u{e9}", "visible ASCII"),
        ("client add x --issuer nobody", "no issuer of ours is named `nobody`; there are: main"),
        ("client show x", "there is no client `x`"),
        ("client rotate-secret x", "there is no client `x`"),
        ("client disable x", "there is no client `x`"),
    ];
    for (line, expected) in cases {
        let failure = world.run(line, "").failure();
        assert!(failure.contains(expected), "{line}: {failure}");
    }
    assert!(world.store.clients(&IssuerName::new("main")).unwrap().is_empty());
}

#[test]
fn secrets_rotate_and_removal_asks() {
    let world = World::new();
    let digests = || -> Vec<SecretDigest> {
        let clients = world.store.clients(&IssuerName::new("main")).unwrap();
        clients.iter().flat_map(|entry| entry.client.secrets.iter().map(|s| s.digest)).collect()
    };
    world.run("client add app", "").result.unwrap();
    let first = digests();
    let second = world.run("client rotate-secret app -o json", "").json();
    assert_eq!(digests().len(), 2);
    assert!(digests().contains(&first[0]));
    let only = world.run("client rotate-secret app --drop-old -o json", "").json();
    let digest = SecretDigest::of(only["client_secret"].as_str().unwrap().as_bytes());
    assert!(digests() == [digest] && second["client_secret"] != only["client_secret"]);
    assert!(world.run("client rm app", "").failure().contains("--yes"));
    let no = world.run_as("client rm app", "n\n", Presence::Terminal);
    assert_eq!((no.failure(), digests().len()), ("nothing was changed".to_owned(), 1));
    world.run_as("client rm app", "y\n", Presence::Terminal).result.unwrap();
    assert!(digests().is_empty());
}

#[test]
fn a_user_is_made_with_a_password_from_standard_input() {
    let world = World::new();
    let line = "user add alice --subject u-1 --scope a --field email=a@example.com -o json";
    let made = world.run(line, "correct horse\n");
    assert_eq!(made.json()["subject"], json!("u-1"));
    assert!(!made.out.contains("horse") && !made.talk.contains("horse"));
    let hash = |name: &str| {
        let users = world.store.users(&IssuerName::new("main")).unwrap();
        users.into_iter().find(|e| e.user.name.as_str() == name).expect("the user").user.password_hash
    };
    let fits = |password: &str| PasswordDigest::parse(&hash("alice")).unwrap().fits(password);
    assert!(fits("correct horse") && !fits("wrong horse"));
    world.run("user passwd alice", "battery staple\n").result.unwrap();
    assert!(fits("battery staple") && !fits("correct horse"));
    assert!(world.run("user add alice", "x\n").failure().contains("exists already"));
    assert!(world.run("user add bob", "\n").failure().contains("the password is empty"));
    assert!(world.run("user passwd nobody", "x\n").failure().contains("there is no user `nobody`"));
    let told = world.run("user list -o json", "").json();
    assert_eq!((&told[0]["scopes"], &told[0]["state"]), (&json!("a"), &json!("enabled")));
    world.run("user disable alice", "").result.unwrap();
    assert_eq!(world.run("user list -o json", "").json()[0]["state"], json!("disabled"));
    world.run("user enable alice", "").result.unwrap();
    assert!(world.run("user rm alice", "").failure().contains("--yes"));
    world.run("user rm alice --yes", "").result.unwrap();
    assert_eq!(world.run("user list -o json", "").json(), json!([]));
}

#[test]
fn keys_rotate_with_overlap_and_the_signer_cannot_be_retired() {
    let world = World::new();
    let (issuer, settings) = (IssuerName::new("main"), world.snapshot.issuers[0].keys.clone());
    let ensure = |at: u64, settings: &KeySettings| {
        let by = By { actor: "test".to_owned(), now: NOW.after(Seconds(at)) };
        world.store.ensure_keys(&issuer, settings, &OsRandom::default(), by).unwrap()
    };
    assert_eq!(ensure(0, &settings), Keys::Changed);
    assert_eq!(ensure(0, &settings), Keys::Unchanged);
    let first = world.run("keys list -o json", "").json()[0]["kid"].as_str().unwrap().to_owned();
    let rotated = world.run("keys rotate -o json", "").json();
    assert_eq!(rotated["signs_from"], json!(NOW.after(Seconds(3_600)).to_string()));
    let told = world.run("keys list -o json", "").json();
    assert_eq!((&told[0]["state"], &told[1]["state"]), (&json!("signs"), &json!("published, signs later")));
    assert_eq!(told[0]["verify_until"], json!(NOW.after(Seconds(4_800)).to_string()));
    let failure = world.run(&format!("keys retire {first} --yes"), "").failure();
    assert!(failure.contains("is the one that signs"), "{failure}");
    world.run("keys rotate --now", "").result.unwrap();
    world.run(&format!("keys retire {first} --yes"), "").result.unwrap();
    let told = world.run("keys list -o json", "").json();
    assert_eq!(told.as_array().unwrap().len(), 1);
    assert_eq!(told[0]["state"], json!("signs"));
    // By age: due when the newest has signed for a day, less the time to publish.
    assert_eq!(ensure(86_400 - 3_601, &settings), Keys::Unchanged);
    assert_eq!(ensure(86_400 - 3_600, &settings), Keys::Changed);
}

#[test]
fn a_first_key_signs_at_once_however_it_is_made() {
    let world = World::new();
    let made = world.run("keys rotate -o json", "").json();
    assert_eq!(made["signs_from"], json!(NOW.to_string()));
    assert_eq!(world.run("keys list -o json", "").json()[0]["state"], json!("signs"));
}

#[test]
fn an_issuer_whose_keys_all_sign_later_gets_one_that_signs_now() {
    let world = World::new();
    let (issuer, settings) = (IssuerName::new("main"), world.snapshot.issuers[0].keys.clone());
    let by = || By { actor: "test".to_owned(), now: NOW };
    let early = KeyMaterial::generate(settings.algorithm, &OsRandom::default()).unwrap();
    let turn = Turn { signs_from: NOW.after(Seconds(60)), keep_verifying: settings.keep_verifying };
    world.store.rotate_keys(&issuer, &early, turn, by()).unwrap();
    assert_eq!(world.store.ensure_keys(&issuer, &settings, &OsRandom::default(), by()).unwrap(), Keys::Changed);
    let keys = world.store.keys(&issuer).unwrap();
    assert_eq!(signer(&keys, NOW).map(|key| key.signs_from), Some(NOW));
}
