//! The documents that come with the gateway are right, the standard's says what the
//! code says, and what is wrong in a document is shown in it.

use std::path::{Path, PathBuf};

use tollgate::clock::UnixTime;
use tollgate::config::dialect_file::examine;
use tollgate::config::files::{DiskFiles, MapFiles};
use tollgate::config::load::{Context, load};
use tollgate::config::self_signed::ThrowAway;
use tollgate::dialect::{Dialect, presets};
use tollgate::random::SeededRandom;
use tollgate::snapshot::Snapshot;

const GATEWAY: &str = r#"
version: 1
listeners: { main: { address: "127.0.0.1:0", tls: self-signed } }
issuers:
  one:
    url: https://127.0.0.1
    dialect: DIALECT
upstreams: { echo: { servers: ["builtin:echo"] } }
routes: [{ path: /api/**, upstream: echo, access: token }]
"#;

/// The gateway with that dialect, or what is wrong, one line each.
fn gateway(dialect: &str, file: &str) -> Result<Snapshot, Vec<String>> {
    let mut files = MapFiles::default();
    files.files.insert(PathBuf::from("/etc/gateway.yaml"), GATEWAY.replace("DIALECT", dialect).into_bytes());
    files.files.insert(PathBuf::from("/etc/own.yaml"), file.as_bytes().to_vec());
    let random = SeededRandom::new(1);
    let context = Context {
        now: UnixTime(1_700_000_000),
        random: &random,
        processors: 1,
        self_signed: &ThrowAway,
        hash_password: &|_, _| "hash".to_owned(),
    };
    load(Path::new("/etc/gateway.yaml"), &files, &context).map_err(|problems| problems.lines().collect())
}

fn chosen(dialect: &str) -> Dialect {
    let snapshot = gateway(dialect, "").unwrap_or_else(|problems| panic!("{problems:#?}"));
    (*snapshot.issuers[0].dialect).clone()
}

#[test]
fn every_example_loads() {
    let random = SeededRandom::new(1);
    let context = Context {
        now: UnixTime(1_700_000_000),
        random: &random,
        processors: 1,
        self_signed: &ThrowAway,
        hash_password: &|_, _| "hash".to_owned(),
    };
    for name in ["comic-clan", "social-translator", "musement", "intra42", "bonfire", "five"] {
        let path = PathBuf::from(format!("deploy/examples/{name}.yaml"));
        let loaded = load(&path, &DiskFiles, &context);
        let snapshot = loaded.unwrap_or_else(|problems| panic!("{problems}"));
        assert_eq!(snapshot.issuers.len(), if name == "five" { 5 } else { 1 }, "{name}");
    }
}

#[test]
fn two_dialects_cannot_own_one_path() {
    let both = GATEWAY.replace(
        "DIALECT",
        "comic-clan\n  two:\n    url: https://localhost\n    host: 127.0.0.1\n    dialect: comic-clan",
    );
    let mut files = MapFiles::default();
    let both = both.replace("access: token", "access: token, issuers: [one]");
    files.files.insert(PathBuf::from("/etc/gateway.yaml"), both.into_bytes());
    let random = SeededRandom::new(1);
    let context = Context {
        now: UnixTime(0),
        random: &random,
        processors: 1,
        self_signed: &ThrowAway,
        hash_password: &|_, _| "hash".to_owned(),
    };
    let problems = load(Path::new("/etc/gateway.yaml"), &files, &context).expect_err("a conflict");
    let told: Vec<String> = problems.lines().collect();
    assert!(
        told.iter().any(|line| line.starts_with("/etc/gateway.yaml:8:3: error") && line.contains("the same requests")),
        "{told:#?}"
    );
}

#[test]
fn every_preset_is_right_alone_and_in_a_gateway() {
    for (name, text) in presets::ALL {
        let found = examine(Path::new(name), (*text).to_owned());
        assert!(found.sheet.is_some(), "{}", found.problems);
        assert!(!chosen(name).seats.is_empty(), "{name}");
        assert!(text.lines().any(|line| line == format!("name: {name}")), "{name}");
    }
}

#[test]
fn the_document_of_the_standard_says_what_the_code_says() {
    let (document, code) = (chosen("standard"), Dialect::standard());
    assert_eq!(document.seats, code.seats);
    assert_eq!((document.reading, document.success), (code.reading, code.success));
    assert_eq!(document.refusals.body, code.refusals.body);
    assert_eq!(format!("{:?}", document.refusals), format!("{:?}", code.refusals));
    assert_eq!(document.api.rows.keys().collect::<Vec<_>>(), code.api.rows.keys().collect::<Vec<_>>());
    assert_eq!(document.headers, code.headers);
    assert_eq!((document.revoked, document.schemes, document.query), (code.revoked, code.schemes, code.query));
}

#[test]
fn variants_and_changes_lie_on_top() {
    let snapshot = gateway("{ preset: comic-clan, variant: deployed, set: { success: { status: 200 } } }", "").unwrap();
    let issuer = &snapshot.issuers[0];
    assert_eq!(issuer.token.lifetime.map(|span| span.0), Some(3_600));
    assert_eq!(issuer.dialect.success.status, 200);
    let whole = gateway("comic-clan", "").unwrap();
    assert_eq!(whole.issuers[0].token.lifetime.map(|span| span.0), Some(90_000));
    assert_eq!(whole.issuers[0].dialect.success.status, 201);
}

#[test]
fn mistakes_have_their_line_in_the_file_they_are_in() {
    let wrong = |file: &str| gateway("{ file: own.yaml }", file).err().unwrap_or_default();
    assert!(wrong("name: own\n").is_empty());
    let told = wrong("name: own\nsuccess:\n  body: { token: \"{acess_token}\" }\n");
    assert!(told[0].starts_with("/etc/own.yaml:3:18: error") && told[0].contains("`{acess_token}`"), "{told:?}");
    let told = wrong("name: own\nreqest: {}\n");
    assert!(told[0].starts_with("/etc/own.yaml:2:1: error") && told[0].contains("unknown key `reqest`"), "{told:?}");
    let told = wrong("issuer: { token: { access: { jwt: { claims: { exp: \"{scopes}\" } } } } }\n");
    assert!(told[0].starts_with("/etc/own.yaml:1:52: error") && told[0].contains("the claim `exp`"), "{told:?}");
    let told = wrong("errors: { table: { no_such: { status: 400 } } }\n");
    assert!(told[0].starts_with("/etc/own.yaml:1:20: error"), "{told:?}");
    let told = gateway("{ preset: comic-clan, set: { succes: {} } }", "").err().unwrap_or_default();
    assert!(told[0].starts_with("/etc/gateway.yaml:7:43: error"), "{told:?}");
    let told = gateway("comic-klan", "").err().unwrap_or_default();
    assert!(told[0].contains("`comic-klan` is not a choice"), "{told:?}");
    let told = gateway("{ preset: comic-clan, variant: newest }", "").err().unwrap_or_default();
    assert!(told[0].contains("`newest` is not a variant"), "{told:?}");
}
