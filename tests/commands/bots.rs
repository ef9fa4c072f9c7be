//! `bot`: identities of clients of the file and of the store, and what becomes of their
//! tokens when they change or go.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::json;
use tollgate::clock::Seconds;
use tollgate::oauth::client::{Bot, Client, ClientSecret, GrantKind, Origin};
use tollgate::oauth::store::{Access, Directory as _, GrantStore as _};
use tollgate::oauth::user::User;
use tollgate::store::bot::BOTS_OF_ONE;
use tollgate::token::handle::{Handle, HandleKind};
use tollgate::token::id::{ClientId, IssuerName, Subject, UserName};
use tollgate::token::scope::Scopes;
use tollgate::token::secret::SecretDigest;

use crate::support::{NOW, World};

fn main_issuer() -> IssuerName {
    IssuerName::new("main")
}

/// A world whose file has the client `app` with the bot `listed`, and the user `ana`.
fn with_file() -> World {
    let mut world = World::new();
    let scopes = Scopes::parse("a b").unwrap();
    let bot = Bot { id: Subject::new("listed"), scopes: scopes.clone(), fields: BTreeMap::new() };
    let client = Client {
        id: ClientId::new("app"),
        display_name: None,
        secrets: vec![ClientSecret { digest: SecretDigest::of(b"key"), slot: 0 }],
        keys: None,
        grants: vec![GrantKind::ClientCredentials],
        scopes,
        bots: vec![bot],
        fields: BTreeMap::new(),
        secrets_in_url: Default::default(),
        application: Default::default(),
        disabled: false,
        origin: Origin::File,
    };
    let user = User {
        name: UserName::new("ana"),
        subject: Subject::new("u-ana"),
        password_hash: String::new(),
        disabled: false,
        may_grant: None,
        fields: BTreeMap::new(),
        origin: Origin::File,
    };
    let issuer = &mut world.snapshot.issuers[0];
    issuer.clients.insert(client.id.clone(), Arc::new(client));
    issuer.users.insert(user.name.clone(), Arc::new(user));
    world
}

/// Gives the bot a token without end, as a dialect that has no end for them does.
fn endless(world: &World, bot: &str) -> SecretDigest {
    let digest = SecretDigest::of(format!("token of {bot}").as_bytes());
    let access = Access {
        digest,
        issuer: main_issuer(),
        token: Handle::of_token(&main_issuer(), Some(bot), b""),
        family: None,
        client: ClientId::new("app"),
        subject: Subject::new(bot),
        scopes: Scopes::parse("a b").unwrap(),
        issued: NOW,
        expires: None,
    };
    runtime().block_on(world.store.put_access(access)).unwrap();
    digest
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

#[test]
fn bots_are_added_to_clients_of_file_and_store_and_listed_beside_those_of_the_file() {
    let world = with_file();
    world.run("client add shop --scope a", "").result.unwrap();
    let made = world.run("bot add -Oo1 --client app --scope a --field bid=7 -o json", "").json();
    assert_eq!(made, json!({"issuer": "main", "id": "-Oo1", "client": "app", "scopes": "a", "fields": {"bid": "7"}}));
    let made = world.run("bot add --client shop -o json", "").json();
    let id = made["id"].as_str().unwrap().to_owned();
    assert_eq!((id.len(), made["scopes"].as_str()), (36, Some("a")), "all its client may have");
    let rows = world.run("bot list -o json", "").json();
    let of = |id: &str| rows.as_array().unwrap().iter().find(|row| row["id"] == id).unwrap().clone();
    assert_eq!((of("listed")["origin"].clone(), of("listed")["created"].clone()), (json!("file"), json!(null)));
    assert_eq!((of("-Oo1")["origin"].clone(), of("-Oo1")["client"].clone()), (json!("store"), json!("app")));
    assert_eq!(of(&id)["scopes"], "(all)");
    let table = world.run("bot list --client shop", "").out;
    assert!(table.starts_with("ID ") && table.contains(&id) && !table.contains("listed"), "{table}");
}

#[test]
fn what_a_bot_cannot_be_is_said() {
    let world = with_file();
    world.run("client add shop", "").result.unwrap();
    world.run("user add ben --subject u-ben", "pw\n").result.unwrap();
    world.run("bot add taken --client app", "").result.unwrap();
    let cases = [
        ("bot add listed --client app", "bot `listed` is defined in the configuration file; change it there"),
        ("bot set listed --scope a", "defined in the configuration file"),
        ("bot rm listed --yes", "defined in the configuration file"),
        ("bot add taken --client shop", "bot `taken` exists already"),
        ("bot add x --client nobody", "there is no client `nobody`"),
        ("bot add x --client app --scope z", "scope `z` is not defined"),
        ("bot add x --client app --field y", "NAME=VALUE"),
        ("bot add \u{e9} --client app", "visible ASCII"),
        ("bot add app --client app", "is the id of a client or the subject of a user already"),
        ("bot add shop --client app", "is the id of a client or the subject of a user already"),
        ("bot add u-ana --client app", "is the id of a client or the subject of a user already"),
        ("bot add u-ben --client app", "is the id of a client or the subject of a user already"),
        ("user add eve --subject taken", "is the id of a bot already"),
        ("user add eve --subject listed", "is the id of a bot already"),
        ("user add eve --subject u-ana", "a user of the configuration file has the subject `u-ana`"),
        ("bot set taken", "say what to change"),
        ("bot set nobody --scope a", "there is no bot `nobody`"),
        ("bot rm nobody --yes", "there is no bot `nobody`"),
        ("bot rm taken", "--yes"),
    ];
    for (line, expected) in cases {
        let failure = world.run(line, "pw\n").failure();
        assert!(failure.contains(expected), "{line}: {failure}");
    }
}

#[test]
fn a_bot_that_is_removed_loses_its_tokens_though_they_have_no_end() {
    let world = with_file();
    for bot in ["one", "two"] {
        world.run(&format!("bot add {bot} --client app"), "").result.unwrap();
    }
    let (one, two) = (endless(&world, "one"), endless(&world, "two"));
    let said = world.run("bot remove one --yes", "");
    assert!(said.result.is_ok() && said.talk.contains("called back"), "{}", said.talk);
    let find = |digest| runtime().block_on(world.store.find_access(digest)).unwrap();
    assert!(find(one).is_none() && find(two).is_some(), "only its own");
    let mut notices = Vec::new();
    world.store.load_revocations(NOW, |notice| notices.push(notice)).unwrap();
    let (kind, handle) = (HandleKind::User, Handle::of_user(&main_issuer(), &Subject::new("one")));
    assert!(notices.len() == 1 && notices[0].kind == kind && notices[0].handle == handle, "{notices:?}");
    assert!(notices[0].until > NOW.after(Seconds(60)), "gateways hear of it before it is forgotten");
    assert!(world.store.stored_bot(&main_issuer(), &Subject::new("one")).unwrap().is_none());
}

#[test]
fn fewer_scopes_call_tokens_back_and_more_do_not() {
    let world = with_file();
    world.run("bot add one --client app --scope a --field bid=1", "").result.unwrap();
    let token = endless(&world, "one");
    let lives = || runtime().block_on(world.store.find_access(token)).unwrap().is_some();
    for line in ["bot set one --scope a,b", "bot set one --field bid=2 --field aid=3", "bot set one --all-scopes"] {
        world.run(line, "").result.unwrap();
        assert!(lives(), "{line}");
    }
    let kept = world.store.stored_bot(&main_issuer(), &Subject::new("one")).unwrap().unwrap();
    let fields = BTreeMap::from([("aid".to_owned(), "3".to_owned()), ("bid".to_owned(), "2".to_owned())]);
    assert_eq!((kept.scopes, kept.fields), (None, fields));
    world.run("bot set one --scope b --field aid= --keep-tokens", "").result.unwrap();
    assert!(lives(), "they are left alone");
    world.run("bot set one --scope a", "").result.unwrap();
    assert!(!lives());
}

#[test]
fn a_client_has_only_so_many_bots_and_takes_them_with_it() {
    let world = with_file();
    world.run("client add shop", "").result.unwrap();
    // One short of the bound, in one piece; the last one goes by the command.
    let database = rusqlite::Connection::open(world.folder.join("tollgate.db")).unwrap();
    let sql = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1 - 1)
               INSERT INTO bot SELECT 'main', 'b' || i, 'shop', NULL, '{}', 0 FROM n";
    assert_eq!(database.execute(sql, [i64::try_from(BOTS_OF_ONE).unwrap()]).unwrap(), BOTS_OF_ONE - 1);
    world.run("bot add last --client shop", "").result.unwrap();
    assert!(world.run("bot add more --client shop", "").failure().contains("has 1000 bots, the most there may be"));
    world.run("bot add other --client app", "").result.unwrap();
    world.run("client rm shop --yes", "").result.unwrap();
    let left = world.store.bots(&main_issuer()).unwrap();
    assert_eq!(left.iter().map(|entry| entry.bot.id.as_str()).collect::<Vec<_>>(), ["other"]);
}

#[test]
fn another_process_sees_what_changed_when_the_log_says_so() {
    let world = with_file();
    let gateway = tollgate::store::Store::open(&world.folder, None).unwrap();
    let mut tail = gateway.tail(gateway.load_revocations(NOW, |_| ()).unwrap());
    let (issuer, id) = (main_issuer(), Subject::new("one"));
    let found = || runtime().block_on(gateway.bot(&issuer, &id)).unwrap();
    assert!(found().is_none(), "and that is remembered");
    for (line, there) in [("bot add one --client app", true), ("bot rm one --yes", false)] {
        world.run(line, "").result.unwrap();
        assert_eq!(found().is_some(), !there, "{line}: remembered until the log is read");
        let news = tail.news().unwrap();
        news.changes.iter().for_each(|change| gateway.forget_changed(change));
        assert_eq!((news.changes.len(), found().is_some()), (1, there), "{line}");
    }
}
