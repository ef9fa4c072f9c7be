//! Applications that register themselves, and those that people register: one policy,
//! a secret told once, and nobody touches what is not his.

use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};

use tollgate::clock::Seconds;
use tollgate::dialect::endpoint::Endpoint;
use tollgate::dialect::wire::RawRequest;
use tollgate::oauth::application::{Confidentiality, Draft, Flaw, Wish, Workshop, approve, turn_down, waiting};
use tollgate::oauth::client::{Approval, GrantKind};
use tollgate::oauth::people::{ApprovalRule, Registration, WhoRegisters};
use tollgate::token::id::{ClientId, Subject};
use tollgate::token::secret::SecretDigest;

use crate::authorize::{CHALLENGE, fixture, get};
use crate::desk::{Fixture, Told, scopes, set};

fn office() -> Fixture {
    let mut fixture = fixture();
    fixture.issuer.registration = Some(Registration {
        initial_access_tokens: vec![SecretDigest::of(b"door-1"), SecretDigest::of(b"door-2")],
        grants: vec![GrantKind::AuthorizationCode, GrantKind::RefreshToken],
        scopes: scopes("read write"),
        redirect_hosts: vec!["app.example".to_owned(), "*.partner.example".to_owned()],
        approval: ApprovalRule::None,
    });
    fixture
}

fn request(method: Method, path: &str, token: &str, body: &str) -> RawRequest {
    let mut raw =
        RawRequest { method, path: path.to_owned(), query: None, body: Bytes::from(body.to_owned()), ..get("") };
    set(&mut raw, "content-type", "application/json");
    if !token.is_empty() {
        set(&mut raw, "authorization", &format!("Bearer {token}"));
    }
    raw
}

async fn register(fixture: &Fixture, token: &str, body: &Value) -> Told {
    let raw = request(Method::POST, "/oauth2/register", token, &body.to_string());
    fixture.send(Endpoint::Register, &raw).await
}

async fn manage(fixture: &Fixture, method: Method, id: &str, token: &str, body: &Value) -> Told {
    let raw = request(method, &format!("/oauth2/register/{id}"), token, &body.to_string());
    fixture.send(Endpoint::RegisteredClient, &raw).await
}

#[tokio::test]
async fn a_client_registers_is_used_changes_and_goes() {
    let fixture = office();
    let uri = "https://app.example/cb";
    let said = json!({ "client_name": "App <b>", "redirect_uris": [uri], "scope": "read", "logo_uri": "https://x/" });
    let told = register(&fixture, "door-2", &said).await;
    assert_eq!((told.status, &told.headers["cache-control"]), (201, &"no-store".parse().unwrap()));
    let (id, secret, manager) =
        (told.text("client_id"), told.text("client_secret"), told.text("registration_access_token"));
    assert_eq!(told.json["registration_client_uri"], format!("https://login.example/oauth2/register/{id}"));
    assert_eq!(told.json["grant_types"], json!(["authorization_code", "refresh_token"]));
    assert!(told.json.get("logo_uri").is_none(), "what is not kept is not told back");
    let query = format!("client_id={id}&redirect_uri={uri}&response_type=code&scope=read&{CHALLENGE}");
    assert_eq!(fixture.send(Endpoint::Authorize, &get(&query)).await.status, 302);
    assert_eq!(
        fixture.introspect(&format!("{id}:{secret}"), "x").await,
        json!({ "active": false }),
        "the secret works"
    );

    let read = manage(&fixture, Method::GET, &id, &manager, &Value::Null).await;
    assert_eq!((read.status, read.json.get("client_secret")), (200, None), "a secret is told once");
    let said = json!({ "client_id": id, "redirect_uris": ["https://a.partner.example/cb"], "scope": "read write" });
    let changed = manage(&fixture, Method::PUT, &id, &manager, &said).await;
    assert_eq!((changed.status, changed.text("scope").as_str()), (200, "read write"));
    assert!(
        fixture.send(Endpoint::Authorize, &get(&query)).await.headers.get("location").is_none(),
        "the old URI is gone"
    );

    for (other, token) in
        [(id.as_str(), "tgm_x"), (id.as_str(), "door-1"), (id.as_str(), ""), ("app", &manager), ("nobody", &manager)]
    {
        let refused = manage(&fixture, Method::GET, other, token, &Value::Null).await;
        assert_eq!(refused.error(), (401, "invalid_token"), "{other}");
    }
    let gone = manage(&fixture, Method::DELETE, &id, &manager, &Value::Null).await;
    assert_eq!((gone.status, gone.body.len()), (204, 0));
    assert_eq!(manage(&fixture, Method::GET, &id, &manager, &Value::Null).await.status, 401);
}

#[tokio::test]
async fn the_door_opens_for_its_tokens_only() {
    let fixture = office();
    let said = json!({ "redirect_uris": ["https://app.example/cb"] });
    for token in ["", "door", "door-12", "DOOR-1"] {
        let told = register(&fixture, token, &said).await;
        assert_eq!((told.error(), told.audited().0), ((401, "invalid_token"), "registration_refused"));
    }
    assert!(fixture.store.state().clients.is_empty());
}

#[tokio::test]
async fn the_policy_and_the_grammar_bind_everybody() {
    let fixture = office();
    let uris = json!(["https://app.example/cb"]);
    for (said, error) in [
        (json!({}), "invalid_redirect_uri"),
        (json!({ "redirect_uris": [] }), "invalid_redirect_uri"),
        (json!({ "redirect_uris": ["javascript:alert(1)"] }), "invalid_redirect_uri"),
        (json!({ "redirect_uris": ["data:text/html,x"] }), "invalid_redirect_uri"),
        (json!({ "redirect_uris": ["https://app.example/cb#x"] }), "invalid_redirect_uri"),
        (json!({ "redirect_uris": ["https://*.app.example/cb"] }), "invalid_redirect_uri"),
        (json!({ "redirect_uris": ["/cb"] }), "invalid_redirect_uri"),
        (json!({ "redirect_uris": ["http://app.example/cb"] }), "invalid_redirect_uri"),
        (json!({ "redirect_uris": ["https://evil.example/cb"] }), "invalid_redirect_uri"),
        (json!({ "redirect_uris": ["https://partner.example/cb"] }), "invalid_redirect_uri"),
        (json!({ "redirect_uris": ["https://evilpartner.example/cb"] }), "invalid_redirect_uri"),
        (json!({ "redirect_uris": uris, "scope": "admin" }), "invalid_client_metadata"),
        (json!({ "redirect_uris": uris, "grant_types": ["password"] }), "invalid_client_metadata"),
        (json!({ "redirect_uris": uris, "grant_types": ["implicit"] }), "invalid_client_metadata"),
        (json!({ "redirect_uris": uris, "response_types": ["token"] }), "invalid_client_metadata"),
        (json!({ "redirect_uris": uris, "token_endpoint_auth_method": "private_key_jwt" }), "invalid_client_metadata"),
        (json!({ "redirect_uris": uris, "jwks_uri": "http://127.0.0.1:1/keys" }), "invalid_client_metadata"),
        (json!({ "redirect_uris": uris, "client_name": "a\u{7}b" }), "invalid_client_metadata"),
        (json!({ "redirect_uris": "https://app.example/cb" }), "invalid_client_metadata"),
    ] {
        let told = register(&fixture, "door-1", &said).await;
        assert_eq!(told.error(), (400, error), "{said}");
    }
    for body in ["", "[]", "{", r#"{"a":1,"a":2}"#, &format!("{{\"a\":{}{}}}", "[".repeat(5000), "]".repeat(5000))] {
        let raw = request(Method::POST, "/oauth2/register", "door-1", body);
        assert_eq!(fixture.send(Endpoint::Register, &raw).await.error(), (400, "invalid_client_metadata"));
    }
    assert!(fixture.store.state().clients.is_empty());
}

fn draft(name: &str, uris: &[&str], scopes: &[&str]) -> Draft {
    let own = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    Draft {
        name: name.to_owned(),
        description: " Sells ".to_owned(),
        redirect_uris: own(uris),
        scopes: own(scopes),
        secrecy: Confidentiality::Confidential,
    }
}

fn done<T>(wish: Wish<T>) -> T {
    match wish {
        Wish::Done(done) => done,
        Wish::Flawed(flaws) => panic!("{flaws:?}"),
        Wish::Missing => panic!("missing"),
    }
}

#[tokio::test]
async fn a_developer_has_his_own_applications_and_no_others() {
    let fixture = fixture();
    let (ana, bob) = (Subject::new("id-of-ana"), Subject::new("id-of-bob"));
    let at = |owner| Workshop { service: &fixture.service, issuer: &fixture.issuer, owner, now: fixture.now };
    let good = draft(" Shop ", &["https://s.example/cb", "", "https://s.example/cb"], &["read"]);
    let made = done(at(&ana).register(&good).await.unwrap());
    let (id, secret) = (made.client.id.clone(), made.secret.unwrap());
    let auth = |secret: &str| format!("{id}:{secret}");
    assert_eq!((made.client.shown(), made.client.application.redirect_uris.len()), ("Shop", 1));
    assert_eq!(fixture.introspect(&auth(secret.expose()), "x").await, json!({ "active": false }));

    let second = done(at(&ana).add_secret(&id).await.unwrap());
    for live in [&secret, &second] {
        assert_eq!(fixture.introspect(&auth(live.expose()), "x").await, json!({ "active": false }));
    }
    let only = done(at(&ana).rotate(&id).await.unwrap());
    assert_eq!(fixture.introspect(&auth(secret.expose()), "x").await["error"], "invalid_client");
    assert_eq!(fixture.introspect(&auth(only.expose()), "x").await, json!({ "active": false }));
    assert!(matches!(at(&ana).drop_secret(&id, 0).await.unwrap(), Wish::Missing), "the last secret stays");

    assert!(matches!(at(&bob).edit(&id, &good).await.unwrap(), Wish::Missing));
    assert!(matches!(at(&bob).rotate(&id).await.unwrap(), Wish::Missing));
    assert!(matches!(at(&bob).delete(&id).await.unwrap(), Wish::Missing));
    assert!(matches!(at(&ana).edit(&ClientId::new("app"), &good).await.unwrap(), Wish::Missing), "the operator's");
    assert_eq!((at(&ana).list().await.unwrap().len(), at(&bob).list().await.unwrap().len()), (1, 0));

    done(at(&ana).edit(&id, &draft("Shop 2", &["https://s.example/new"], &["read", "write"])).await.unwrap());
    let kept = at(&ana).find(&id).await.unwrap().unwrap();
    assert_eq!((kept.client.shown(), kept.client.scopes.len()), ("Shop 2", 2));
    done(at(&ana).delete(&id).await.unwrap());
    assert!(at(&ana).find(&id).await.unwrap().is_none());
    assert_eq!(fixture.store.state().notices.len(), 1, "what it got is called back");
}

#[tokio::test]
async fn flaws_are_told_all_at_once() {
    let fixture = fixture();
    let owner = Subject::new("id-of-ana");
    let shop = Workshop { service: &fixture.service, issuer: &fixture.issuer, owner: &owner, now: fixture.now };
    let bad = draft("\u{7}", &["http://a.example/cb", "nowhere"], &["nope"]);
    let Wish::Flawed(flaws) = shop.register(&bad).await.unwrap() else { panic!("it was registered") };
    let redirects = flaws.iter().filter(|flaw| matches!(flaw, Flaw::Redirect(..))).count();
    assert_eq!((flaws.len(), redirects), (4, 2), "{flaws:?}");
    let Wish::Flawed(flaws) = shop.register(&draft("x", &[" "], &[])).await.unwrap() else { panic!("registered") };
    assert_eq!(flaws, [Flaw::RedirectMissing, Flaw::Scope(String::new())]);
}

#[tokio::test]
async fn with_approval_nothing_works_before_it_and_no_edit_gets_around_it() {
    let mut fixture = fixture();
    let people = fixture.issuer.people.as_mut().unwrap();
    people.applications.register = WhoRegisters::Everyone;
    people.applications.approval = ApprovalRule::Admin;
    let owner = Subject::new("id-of-ana");
    let shop = Workshop { service: &fixture.service, issuer: &fixture.issuer, owner: &owner, now: fixture.now };
    let made = done(shop.register(&draft("Shop", &["https://s.example/cb"], &["read"])).await.unwrap());
    let id = made.client.id.clone();
    let query = format!("client_id={id}&redirect_uri=https://s.example/cb&response_type=code&{CHALLENGE}");
    assert_eq!(fixture.send(Endpoint::Authorize, &get(&query)).await.status, 400, "it is not known yet");
    let auth = format!("{id}:{}", made.secret.unwrap().expose());
    assert_eq!(fixture.introspect(&auth, "x").await["error"], "invalid_client");
    assert_eq!(waiting(&fixture.service, &fixture.issuer).await.unwrap().len(), 1);
    done(approve(&fixture.service, &fixture.issuer, &id, fixture.now).await.unwrap());
    assert_eq!(fixture.send(Endpoint::Authorize, &get(&query)).await.status, 302);

    done(shop.edit(&id, &draft("Shop", &["https://s.example/cb"], &["read"])).await.unwrap());
    assert_eq!(
        shop.find(&id).await.unwrap().unwrap().client.application.approval,
        Approval::Approved,
        "nothing changed"
    );
    done(shop.edit(&id, &draft("Bank", &["https://s.example/cb"], &["read"])).await.unwrap());
    assert_eq!(shop.find(&id).await.unwrap().unwrap().client.application.approval, Approval::Waiting, "another name");
    done(turn_down(&fixture.service, &fixture.issuer, &id, fixture.now.after(Seconds(1))).await.unwrap());
    assert!(shop.find(&id).await.unwrap().is_none());
}
