//! Promises to the operator about the state folder: closed, locked, sealed, and never
//! written over when something is wrong with it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use tollgate::clock::Seconds;
use tollgate::oauth::client::Origin;
use tollgate::oauth::issuer::Sessions;
use tollgate::oauth::store::{Directory as _, GrantStore as _};
use tollgate::oauth::user::User;
use tollgate::random::OsRandom;
use tollgate::store::change::{Outcome, Topic};
use tollgate::store::signing_key::Turn;
use tollgate::store::{OpenError, StateLock, Store};
use tollgate::token::handle::{Handle, HandleKind};
use tollgate::token::id::{ClientId, Subject, UserName};
use tollgate::token::key::{Algorithm, KeyMaterial};
use tollgate::token::secret::Secret;

use crate::support::{NOW, Place, access, by, client, digest, family, main_issuer, notice, refresh, runtime};

#[test]
fn an_opened_store_keeps_everything_and_its_folder_is_closed() {
    let place = Place::new();
    let runtime = runtime();
    let fam = family("f", NOW);
    {
        let store = place.open();
        runtime.block_on(store.open_family(fam.clone(), refresh("r0"), None, Sessions::Many)).unwrap();
        runtime.block_on(store.put_access(access("t", None, None))).unwrap();
    }
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&place.0), 0o700);
    assert_eq!(mode(&place.database()), 0o600);
    let store = place.open();
    let found = runtime.block_on(store.find_refresh(digest("r0"))).unwrap().expect("kept");
    assert_eq!((found.family.id, found.family.scopes, found.family.user), (fam.id, fam.scopes, fam.user));
    assert!(runtime.block_on(store.find_access(digest("t"))).unwrap().is_some());
}

#[test]
fn wide_modes_are_refused_unless_keys_are_sealed() {
    let place = Place::new();
    drop(place.open());
    let widen = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    widen(&place.0, 0o755);
    let message = Store::open(&place.0, None).unwrap_err().to_string();
    assert!(message.contains("mode 0755") && message.contains("chmod 700"), "{message}");
    widen(&place.0, 0o700);
    widen(&place.database(), 0o640);
    let message = Store::open(&place.0, None).unwrap_err().to_string();
    assert!(message.contains("mode 0640") && message.contains("chmod 600"), "{message}");
    assert!(Store::open(&place.0, Some(&[1; 32])).is_ok(), "a store key protects the keys instead");
}

#[test]
fn keys_are_sealed_under_the_store_key_and_open_only_with_it() {
    let place = Place::new();
    let key = KeyMaterial::generate(Algorithm::Es256, &OsRandom::default()).unwrap();
    let holds_key = || {
        let all: Vec<u8> = ["tollgate.db", "tollgate.db-wal"]
            .iter()
            .flat_map(|name| fs::read(place.0.join(name)).unwrap_or_default())
            .collect();
        all.windows(key.secret.len()).any(|w| w == &key.secret[..])
    };
    let turn = Turn { signs_from: NOW, keep_verifying: Seconds(100) };
    {
        let store = Store::open(&place.0, Some(&[1; 32])).unwrap();
        assert_eq!(store.rotate_keys(&main_issuer(), &key, turn, by(NOW)).unwrap(), Outcome::Done);
        assert_eq!(store.keys(&main_issuer()).unwrap()[0].material.secret, key.secret);
    }
    assert!(!holds_key(), "the private key lies open in the database");
    assert!(matches!(Store::open(&place.0, None), Err(OpenError::KeyMissing { .. })));
    assert!(matches!(Store::open(&place.0, Some(&[2; 32])), Err(OpenError::KeyWrong { .. })));
    let store = Store::open(&place.0, Some(&[1; 32])).unwrap();
    assert_eq!(store.keys(&main_issuer()).unwrap().len(), 1);
}

#[test]
fn a_store_key_that_comes_later_seals_what_was_plain() {
    let place = Place::new();
    let key = KeyMaterial::generate(Algorithm::EdDsa, &OsRandom::default()).unwrap();
    let turn = Turn { signs_from: NOW, keep_verifying: Seconds(100) };
    place.open().rotate_keys(&main_issuer(), &key, turn, by(NOW)).unwrap();
    let store = Store::open(&place.0, Some(&[1; 32])).unwrap();
    assert_eq!(store.keys(&main_issuer()).unwrap()[0].material.secret, key.secret);
    drop(store);
    assert!(matches!(Store::open(&place.0, None), Err(OpenError::KeyMissing { .. })));
}

#[test]
fn what_the_backend_knows_users_by_is_sealed_and_a_key_that_comes_later_seals_it() {
    let place = Place::new();
    let user = |name: &str| User {
        name: UserName::new(name),
        subject: Subject::new(name),
        password_hash: String::new(),
        disabled: false,
        may_grant: None,
        fields: Default::default(),
        origin: Origin::Store,
    };
    let add = |store: &Store, name: &str| {
        let token = Secret::new(format!("the-backend-knows-{name}"));
        assert_eq!(store.add_user(&main_issuer(), user(name), Some(&token), by(NOW)).unwrap(), Outcome::Done);
    };
    let known = |store: &Store, name: &str| {
        let found = runtime().block_on(store.backend_token(&main_issuer(), &Subject::new(name))).unwrap();
        found.map(|token| token.expose().to_owned())
    };
    let rows = || -> Vec<u8> {
        let database = rusqlite::Connection::open(place.database()).unwrap();
        let mut rows = database.prepare("SELECT backend_token FROM user").unwrap();
        let rows = rows.query_map([], |row| row.get::<_, Vec<u8>>(0)).unwrap();
        rows.map(Result::unwrap).collect::<Vec<_>>().concat()
    };
    let open = || rows().windows(11).any(|window| window == b"the-backend");
    add(&place.open(), "ana");
    assert!(open(), "in a folder that is closed to others");
    let store = Store::open(&place.0, Some(&[1; 32])).unwrap();
    assert!(!open());
    add(&store, "ben");
    assert!(!open());
    for name in ["ana", "ben"] {
        assert_eq!(known(&store, name), Some(format!("the-backend-knows-{name}")));
    }
    assert_eq!(known(&store, "eve"), None);
    assert_eq!(
        store.set_backend_token(&main_issuer(), &UserName::new("eve"), None, by(NOW)).unwrap(),
        Outcome::Missing
    );
}

#[test]
fn what_is_no_database_of_ours_is_refused_and_left_alone() {
    let cases: [(&[u8], &str); 2] = [
        (b"this is a letter to my bank, not a database, and longer than a header", "not a tollgate database"),
        (&[0x17; 9000], "not a tollgate database"),
    ];
    for (content, expected) in cases {
        let place = Place::new();
        drop(place.open());
        fs::write(place.database(), content).unwrap();
        let message = Store::open(&place.0, None).unwrap_err().to_string();
        assert!(message.contains(expected), "{message}");
        assert_eq!(fs::read(place.database()).unwrap(), content, "nothing was written over");
    }
}

#[test]
fn damage_is_found_and_named() {
    let place = Place::new();
    drop(place.open());
    let mut bytes = fs::read(place.database()).unwrap();
    let end = bytes.len().min(40_000);
    bytes[5000..end].fill(0xA5);
    fs::write(place.database(), &bytes).unwrap();
    let error = Store::open(&place.0, None).unwrap_err();
    assert!(matches!(error, OpenError::Damaged { .. }), "{error}");
    assert_eq!(fs::read(place.database()).unwrap(), bytes, "nothing was written over");
}

#[test]
fn foreign_and_newer_databases_are_refused() {
    let place = Place::new();
    drop(place.open());
    let change = |sql: &str| rusqlite::Connection::open(place.database()).unwrap().execute_batch(sql).unwrap();
    change("PRAGMA user_version = 99");
    assert!(matches!(Store::open(&place.0, None), Err(OpenError::Newer { found: 99, .. })));
    change("PRAGMA user_version = 1; PRAGMA application_id = 7");
    assert!(matches!(Store::open(&place.0, None), Err(OpenError::Foreign { .. })));
}

#[test]
fn tokens_of_an_older_file_are_found_called_back_and_swept() {
    let place = Place::new();
    drop(place.open());
    for end in ["", "-wal", "-shm"] {
        drop(fs::remove_file(place.0.join(format!("tollgate.db{end}"))));
    }
    let old = rusqlite::Connection::open(place.database()).unwrap();
    for step in [
        include_str!("../../src/store/schema/0001.sql"),
        include_str!("../../src/store/schema/0002.sql"),
        include_str!("../../src/store/schema/0003.sql"),
        include_str!("../../src/store/schema/0004.sql"),
        include_str!("../../src/store/schema/0005.sql"),
        include_str!("../../src/store/schema/0006.sql"),
    ] {
        old.execute_batch(step).unwrap();
    }
    old.execute_batch("PRAGMA user_version = 6; PRAGMA application_id = 1953459308").unwrap();
    let end = NOW.after(Seconds(50));
    for (text, end) in [("ends", Some(end)), ("other", Some(end)), ("endless", None)] {
        let token = access(text, None, end);
        let handle = token.token.0.to_be_bytes();
        let endless = end.is_none().then(|| Handle::of_client(&main_issuer(), &token.client).0.to_be_bytes());
        let sql = "INSERT INTO access (digest, token, issuer, client, subject, scopes, issued, expires, client_handle)
                   VALUES (?1, ?2, 'main', 'app', 'app', 'a', ?3, ?4, ?5)";
        let (issued, end) = (i64::try_from(NOW.0).unwrap(), end.map(|end| i64::try_from(end.0).unwrap()));
        old.execute(sql, rusqlite::params![token.digest.0, handle, issued, end, endless]).unwrap();
    }
    drop(old);
    fs::set_permissions(place.database(), fs::Permissions::from_mode(0o600)).unwrap();
    let store = place.open();
    let found = |text: &str| runtime().block_on(store.find_access(digest(text))).unwrap();
    assert_eq!(
        found("ends").map(|token| (token.client.as_str().to_owned(), token.expires)),
        Some(("app".into(), Some(end)))
    );
    let called_back = access("other", None, None).token;
    runtime().block_on(store.revoke(vec![notice(HandleKind::Token, called_back, None)], "test")).unwrap();
    assert!(found("other").is_none() && found("ends").is_some() && found("endless").is_some());
    // The two whose end has come, but not the revocation, which goes on for longer.
    assert_eq!(store.sweep(end.after(Seconds(60))).unwrap(), 2);
    assert!(found("ends").is_none() && found("endless").is_some());
    let client = Handle::of_client(&main_issuer(), &ClientId::new("app"));
    runtime().block_on(store.revoke(vec![notice(HandleKind::Client, client, Some(NOW))], "test")).unwrap();
    assert!(found("endless").is_none());
}

#[test]
fn a_folder_that_cannot_be_is_named() {
    let place = Place::new();
    fs::write(&place.0, "a file in the way").unwrap();
    let message = Store::open(&place.0.join("state"), None).unwrap_err().to_string();
    assert!(message.contains("cannot make state folder") && message.contains("state`"), "{message}");
    fs::remove_file(&place.0).unwrap();
}

#[test]
fn one_gateway_per_folder_and_the_command_line_beside_it() {
    let place = Place::new();
    drop(place.open());
    let held = StateLock::acquire(&place.0).unwrap();
    let message = StateLock::acquire(&place.0).unwrap_err().to_string();
    assert!(message.contains(&format!("process {}", std::process::id())), "{message}");
    let (gateway, line) = (place.open(), place.open());
    let cursor = gateway.load_revocations(NOW, |_| ()).unwrap();
    let mut tail = gateway.tail(cursor);
    let client = client("app");
    assert_eq!(line.add_client(&main_issuer(), client, by(NOW)).unwrap(), Outcome::Done);
    let changes = tail.news().unwrap().changes;
    assert_eq!((changes.len(), changes[0].topic, changes[0].name.as_str()), (1, Topic::Client, "app"));
    drop(held);
    assert!(StateLock::acquire(&place.0).is_ok());
}
