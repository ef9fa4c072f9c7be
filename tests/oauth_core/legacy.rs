//! What old systems need beyond spelling: one session per user, access tokens that die
//! with their refresh token, bots, application keys, and revocations of whole families.

use std::collections::BTreeMap;
use std::sync::Arc;

use tollgate::dialect::endpoint::Endpoint;
use tollgate::dialect::knobs::{BodyType, ClientAuth, QueryRule};
use tollgate::oauth::bot::KeptBot;
use tollgate::oauth::client::{Bot, Client, GrantKind, UrlSecrets};
use tollgate::oauth::issuer::{AccessBefore, MachineRefresh, RevokeScope, Sessions};
use tollgate::oauth::spelling::{Alphabet, Makeup};
use tollgate::token::id::{ClientId, Subject};

use crate::desk::{Fixture, client, post, scopes, set};

fn refresh(token: &str) -> String {
    format!("grant_type=refresh_token&refresh_token={token}")
}

#[tokio::test]
async fn a_new_sign_in_supersedes_the_old_one_and_kills_nothing() {
    let mut fixture = Fixture::opaque();
    fixture.issuer.refresh.sessions = Sessions::OnePerUser;
    let (access, first) = fixture.ana().await;
    let (_, second) = fixture.ana().await;
    assert_eq!(fixture.token("app", &refresh(&first)).await.error(), (400, "invalid_grant"));
    assert_eq!(fixture.introspect("app", &access).await["active"], true);
    assert_eq!(fixture.token("app", &refresh(&second)).await.status, 200);
    assert!(fixture.store.state().dead.is_empty(), "nothing was called back");
}

#[tokio::test]
async fn the_access_token_before_dies_where_the_issuer_says_so() {
    let mut fixture = Fixture::opaque();
    fixture.issuer.refresh.before = AccessBefore::Dies;
    let (access, token) = fixture.ana().await;
    let next = fixture.token("app", &refresh(&token)).await;
    assert_eq!(fixture.introspect("app", &access).await["active"], false);
    assert_eq!(fixture.introspect("app", &next.text("access_token")).await["active"], true);
    let fixture = Fixture::opaque();
    let (access, token) = fixture.ana().await;
    assert_eq!(fixture.token("app", &refresh(&token)).await.status, 200);
    assert_eq!(fixture.introspect("app", &access).await["active"], true);
}

#[tokio::test]
async fn revoking_an_access_token_may_take_its_family() {
    let mut fixture = Fixture::opaque();
    fixture.issuer.token.revoke = RevokeScope::Family;
    let (access, token) = fixture.ana().await;
    assert_eq!(fixture.ask(Endpoint::Revoke, "app", &format!("token={access}")).await.status, 200);
    assert_eq!(fixture.token("app", &refresh(&token)).await.error(), (400, "invalid_grant"));
}

#[tokio::test]
async fn random_tokens_have_the_alphabet_of_the_issuer() {
    let mut fixture = Fixture::opaque();
    fixture.issuer.token.spelling.access = Makeup::Opaque(Alphabet::Hex(32));
    fixture.issuer.token.spelling.refresh = Makeup::Opaque(Alphabet::Base62(30));
    let (access, token) = fixture.ana().await;
    assert!(access.len() == 64 && access.bytes().all(|b| b.is_ascii_hexdigit()), "{access}");
    assert!(token.len() == 30 && token.bytes().all(|b| b.is_ascii_alphanumeric()), "{token}");
    assert_eq!(fixture.introspect("app", &access).await["active"], true);
    assert_eq!(fixture.token("app", &refresh(&token)).await.status, 200);
    assert_eq!(fixture.token("app", &refresh(&token[1..])).await.error(), (400, "invalid_grant"));
}

fn with_bots() -> Fixture {
    let mut fixture = Fixture::opaque();
    let bot = |id: &str, allowed| Bot { id: Subject::new(id), scopes: scopes(allowed), fields: BTreeMap::new() };
    let grants = &[GrantKind::ClientCredentials, GrantKind::RefreshToken];
    for (id, key, bots) in
        [("one", "key-1", vec![bot("b1", "read write"), bot("b2", "read")]), ("two", "key-2", vec![bot("b3", "read")])]
    {
        let owner = Client { bots, ..(*client(id, &[key], grants)).clone() };
        fixture.issuer.clients.insert(owner.id.clone(), Arc::new(owner));
    }
    fixture.issuer.refresh.machines = MachineRefresh::Issued;
    fixture.dialect.seats[0].bots = Some("bots".into());
    fixture.dialect.reading.client_auth = vec![ClientAuth::Key];
    fixture
}

async fn by_key(fixture: &Fixture, key: &str, form: &str) -> (u16, String, Vec<String>) {
    let mut raw = post("", form);
    set(&mut raw, "authorization", &format!("Bearer {key}"));
    let told = fixture.send(Endpoint::Token, &raw).await;
    let whom = told.answer.audit.iter().filter(|event| event.event == "token_issued");
    (told.status, told.error().1.to_owned(), whom.filter_map(|event| event.user.clone()).collect())
}

#[tokio::test]
async fn one_request_makes_a_token_for_each_bot_or_none() {
    let fixture = with_bots();
    let form = |bots: &str| format!("grant_type=client_credentials{bots}");
    let (status, _, whom) = by_key(&fixture, "key-1", &form("&bots=b1&bots=b2&bots=b1")).await;
    assert_eq!((status, whom), (200, vec!["b1".to_owned(), "b2".to_owned()]));
    let stored = fixture.store.state().access.len();
    for bots in ["&bots=b1&bots=b3", "&bots=b1&bots=nobody", ""] {
        let (status, error, whom) = by_key(&fixture, "key-1", &form(bots)).await;
        assert_eq!((status, error.as_str(), whom.len()), (400, "invalid_request", 0), "{bots}");
    }
    assert_eq!(fixture.store.state().access.len(), stored);
    assert_eq!(by_key(&fixture, "key-3", &form("&bots=b1")).await.0, 401);
    assert_eq!(by_key(&fixture, "one", &form("&bots=b1")).await.0, 401);
}

fn keep(fixture: &Fixture, id: &str, client: &str, allowed: Option<&str>) {
    let scopes = allowed.map(scopes);
    let bot = KeptBot { id: Subject::new(id), client: ClientId::new(client), scopes, fields: BTreeMap::new() };
    fixture.store.state().bots.insert(id.to_owned(), Arc::new(bot));
}

/// What the tokens of the last request allow.
fn granted(fixture: &Fixture, bot: &str) -> Vec<String> {
    let state = fixture.store.state();
    let of_bot = state.families.values().filter(|family| family.subject.as_str() == bot);
    of_bot.map(|family| family.scopes.to_string()).collect()
}

#[tokio::test]
async fn bots_of_the_store_are_like_those_of_the_file_which_goes_before_it() {
    let fixture = with_bots();
    keep(&fixture, "s1", "one", Some("read"));
    keep(&fixture, "all", "one", None);
    keep(&fixture, "s2", "two", Some("read"));
    // In the store these belong to the other client, and the file knows better.
    keep(&fixture, "b1", "two", Some("write"));
    keep(&fixture, "b3", "one", Some("read write"));
    // A scope that the issuer had once.
    keep(&fixture, "old", "one", Some("read gone"));
    let form = |bots: &str| format!("grant_type=client_credentials{bots}");
    let (status, _, whom) = by_key(&fixture, "key-1", &form("&bots=b1&bots=s1&bots=all&bots=old")).await;
    assert_eq!((status, whom.join(" ").as_str()), (200, "b1 s1 all old"));
    let of_client = fixture.issuer.clients["one"].scopes.to_string();
    for (bot, allowed) in [("b1", "read write"), ("s1", "read"), ("all", &*of_client), ("old", "read")] {
        assert_eq!(granted(&fixture, bot), [allowed], "{bot}");
    }
    for bot in ["s2", "b3", "nobody"] {
        let (status, error, whom) = by_key(&fixture, "key-1", &form(&format!("&bots={bot}"))).await;
        assert_eq!((status, error.as_str(), whom.len()), (400, "invalid_request", 0), "{bot}");
    }
    let long = "x".repeat(300);
    assert_eq!(by_key(&fixture, "key-1", &form(&format!("&bots={long}"))).await.0, 400);
    let (status, _, whom) = by_key(&fixture, "key-2", &form("&bots=b3&bots=s2")).await;
    assert_eq!((status, whom), (200, vec!["b3".to_owned(), "s2".to_owned()]));
}

#[tokio::test]
async fn a_bot_that_is_gone_cannot_refresh_and_one_with_fewer_scopes_gets_fewer() {
    let fixture = with_bots();
    keep(&fixture, "s1", "one", Some("read write"));
    let mut raw = post("", "grant_type=client_credentials&bots=s1");
    set(&mut raw, "authorization", "Bearer key-1");
    let told = fixture.send(Endpoint::Token, &raw).await;
    let token = told.text("refresh_token");
    keep(&fixture, "s1", "one", Some("read"));
    let mut raw = post("", &refresh(&token));
    set(&mut raw, "authorization", "Bearer key-1");
    let told = fixture.send(Endpoint::Token, &raw).await;
    assert_eq!((told.status, told.text("scope").as_str()), (200, "read"));
    for gone in [true, false] {
        match gone {
            true => drop(fixture.store.state().bots.remove("s1")),
            // Another client's now.
            false => keep(&fixture, "s1", "two", Some("read")),
        }
        let mut raw = post("", &refresh(&told.text("refresh_token")));
        set(&mut raw, "authorization", "Bearer key-1");
        assert_eq!(fixture.send(Endpoint::Token, &raw).await.error(), (400, "invalid_grant"));
    }
}

#[tokio::test]
async fn a_client_of_the_store_is_known_by_its_key_and_the_file_hides_it() {
    let fixture = with_bots();
    let grants = &[GrantKind::ClientCredentials];
    fixture.store.state().clients.insert("kept".into(), client("kept", &["key-3"], grants));
    fixture.store.state().clients.insert("two".into(), client("two", &["key-4"], grants));
    keep(&fixture, "s1", "kept", Some("read"));
    let form = "grant_type=client_credentials&bots=s1";
    let (status, _, whom) = by_key(&fixture, "key-3", form).await;
    assert_eq!((status, whom), (200, vec!["s1".to_owned()]));
    assert_eq!(by_key(&fixture, "key-4", form).await.0, 401, "the file has another `two`");
    assert_eq!(by_key(&fixture, "kept", form).await.0, 401);
    fixture.store.state().fails = true;
    assert_eq!(by_key(&fixture, "key-3", form).await.0, 503, "cannot tell is no refusal");
}

#[tokio::test]
async fn secrets_in_urls_are_told_of_and_can_be_refused() {
    let mut fixture = Fixture::new();
    fixture.dialect.reading.query = QueryRule::Merge;
    fixture.dialect.reading.bodies = vec![BodyType::Form];
    let mut raw = post("", "grant_type=client_credentials");
    raw.query = Some("client_id=app&client_secret=s3cret".into());
    let told = fixture.send(Endpoint::Token, &raw).await;
    assert_eq!((told.status, told.answer.secret_in_url.map(|id| id.as_str().to_owned())), (200, Some("app".into())));
    let told = fixture.token("app", "grant_type=client_credentials").await;
    assert!(told.status == 200 && told.answer.secret_in_url.is_none());
    let strict =
        Client { secrets_in_url: UrlSecrets::Refused, ..(*client("app", &["s3cret"], &GrantKind::ALL)).clone() };
    fixture.issuer.clients.insert(strict.id.clone(), Arc::new(strict));
    assert_eq!(fixture.send(Endpoint::Token, &raw).await.error(), (401, "invalid_client"));
}
