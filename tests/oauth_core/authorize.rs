//! `/authorize` before anybody signs in: what is read, who may be told of an error, and
//! what waits for a person.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Method};

use tollgate::clock::Seconds;
use tollgate::dialect::endpoint::Endpoint;
use tollgate::dialect::wire::RawRequest;
use tollgate::oauth::client::{Application, Client, GrantKind, PkceRule};
use tollgate::oauth::people::{CodeSettings, People, PlainChallenge, RedirectRule};
use tollgate::oauth::redirect::RedirectUri;
use tollgate::oauth::spelling::Makeup;
use tollgate::oauth::view::{Failed, View};
use tollgate::token::id::ClientId;

use crate::desk::{Fixture, Told, client};

/// RFC 7636 appendix B.
pub const CHALLENGE: &str = "code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256";

/// A client that sends people here.
pub fn web(id: &str, secrets: &[&str], uris: &[&str]) -> Arc<Client> {
    let grants = [GrantKind::AuthorizationCode, GrantKind::RefreshToken];
    let uris = uris.iter().map(|uri| RedirectUri::parse(uri).unwrap()).collect();
    let application = Application { redirect_uris: uris, ..Application::default() };
    Arc::new(Client { application, ..(*client(id, secrets, &grants)).clone() })
}

/// The fixture with people and two such clients.
pub fn fixture() -> Fixture {
    let mut fixture = Fixture::new();
    fixture.issuer.people = Some(People {
        code: CodeSettings {
            makeup: Makeup::Standard,
            lifetime: Seconds(60),
            pkce: PkceRule::Required,
            plain: PlainChallenge::Refuse,
            redirect_uri: RedirectRule::Required,
        },
        applications: Default::default(),
        session: Default::default(),
        branding: Default::default(),
    });
    let clients = [
        web("shop", &["s3cret"], &["https://shop.example/cb", "https://shop.example/other?x=1"]),
        web("phone", &[], &["http://127.0.0.1/cb", "com.example.phone:/cb"]),
    ];
    for client in clients {
        fixture.issuer.clients.insert(client.id.clone(), client);
    }
    fixture
}

pub fn get(query: &str) -> RawRequest {
    RawRequest {
        method: Method::GET,
        path: "/oauth2/authorize".into(),
        query: Some(query.to_owned()),
        headers: HeaderMap::new(),
        body: Bytes::new(),
        peer: [192, 0, 2, 1].into(),
    }
}

async fn ask(fixture: &Fixture, query: &str) -> Told {
    fixture.send(Endpoint::Authorize, &get(query)).await
}

/// Where the answer leads, with its query taken apart.
pub fn led(told: &Told) -> (String, Vec<(String, String)>) {
    let location = told.headers.get("location").map_or("", |value| value.to_str().unwrap());
    let (uri, query) = location.split_once('?').unwrap_or((location, ""));
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    (
        uri.to_owned(),
        pairs.map(|(name, value)| (name.to_owned(), value.replace("%3A", ":").replace("%2F", "/"))).collect(),
    )
}

fn failed(told: &Told) -> Option<Failed> {
    match told.answer.page.as_deref().map(|page| &page.view) {
        Some(View::Failure(failure)) => Some(failure.what),
        _ => None,
    }
}

const GOOD: &str = "client_id=shop&redirect_uri=https://shop.example/cb&response_type=code";

#[tokio::test]
async fn a_good_request_waits_for_a_sign_in() {
    let fixture = fixture();
    let told = ask(&fixture, &format!("{GOOD}&{CHALLENGE}&state=s1&scope=read+write")).await;
    assert_eq!(told.status, 302);
    let (uri, query) = led(&told);
    assert_eq!(uri, "/oauth2/sign_in");
    let [(name, number)] = &query[..] else { panic!("{query:?}") };
    assert_eq!(name, "request");
    assert!(number.len() > 40, "a number of chance");
    assert_eq!(told.headers["cache-control"], "no-store");
    assert_eq!(told.headers["referrer-policy"], "no-referrer");
    let cookie = told.headers["set-cookie"].to_str().unwrap();
    assert!(
        cookie.starts_with("__Host-browser-main=tgb_") && cookie.ends_with("; Path=/; Secure; HttpOnly; SameSite=Lax")
    );
    let state = fixture.store.state();
    let kept = state.pending.values().next().unwrap();
    assert_eq!((kept.request.client.as_str(), kept.request.scope.as_ref().unwrap().len()), ("shop", 2));
    assert!(!format!("{kept:?}").contains(number), "only a digest of the number is kept");
}

#[tokio::test]
async fn without_a_good_client_and_uri_nobody_is_sent_anywhere() {
    let fixture = fixture();
    for (query, what) in [
        ("", Failed::UnknownClient),
        ("client_id=nobody&redirect_uri=https://shop.example/cb", Failed::UnknownClient),
        ("client_id=gone&redirect_uri=https://shop.example/cb", Failed::UnknownClient),
        ("client_id=shop&client_id=shop&redirect_uri=https://shop.example/cb", Failed::Malformed),
        ("client_id=shop&redirect_uri=https://shop.example/cb&redirect_uri=https://shop.example/cb", Failed::Malformed),
        ("client_id=shop&redirect_uri=%", Failed::Malformed),
        ("client_id=shop", Failed::BadRedirect),
        ("client_id=shop&redirect_uri=", Failed::BadRedirect),
        ("client_id=shop&redirect_uri=https://shop.example/cb/deeper", Failed::BadRedirect),
        ("client_id=shop&redirect_uri=https://shop.example@evil.example/cb", Failed::BadRedirect),
        ("client_id=shop&redirect_uri=https://shop.example/cb%3Fnext=https://evil.example", Failed::BadRedirect),
        ("client_id=shop&redirect_uri=https://shop.example/%2563b", Failed::BadRedirect),
        ("client_id=shop&redirect_uri=https://shop.example/cb%23", Failed::BadRedirect),
        ("client_id=shop&redirect_uri=HTTPS://shop.example/cb", Failed::BadRedirect),
        ("client_id=shop&redirect_uri=https://shop.example/other", Failed::BadRedirect),
        ("client_id=phone&redirect_uri=http://127.0.0.1:80@evil.example/cb", Failed::BadRedirect),
        ("client_id=phone&redirect_uri=http://localhost/cb", Failed::BadRedirect),
    ] {
        let told = ask(&fixture, &format!("{query}&response_type=code&{CHALLENGE}&state=s1")).await;
        assert_eq!((told.status, failed(&told)), (400, Some(what)), "{query}");
        assert!(told.headers.get("location").is_none(), "{query}");
        assert_eq!(told.audited().0, "authorization_refused");
    }
    assert!(fixture.store.state().pending.is_empty());
}

#[tokio::test]
async fn other_errors_go_to_the_application_and_say_who_sends_them() {
    let fixture = fixture();
    let uri = "client_id=shop&redirect_uri=https://shop.example/cb&state=s1";
    for (query, error) in [
        (format!("{uri}&{CHALLENGE}"), "invalid_request"),
        (format!("{uri}&{CHALLENGE}&response_type=token"), "unsupported_response_type"),
        (format!("{uri}&{CHALLENGE}&response_type=code+id_token"), "unsupported_response_type"),
        (format!("{uri}&response_type=code"), "invalid_request"),
        (
            format!("{uri}&response_type=code&code_challenge=dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
            "invalid_request",
        ),
        (format!("{uri}&response_type=code&{CHALLENGE}&code_challenge_method=S256"), "invalid_request"),
        (format!("{uri}&response_type=code&{CHALLENGE}&scope=read&scope=write"), "invalid_request"),
        (format!("{uri}&response_type=code&{CHALLENGE}&scope=nope"), "invalid_scope"),
        (format!("{uri}&response_type=code&{CHALLENGE}&prompt=none"), "login_required"),
        (format!("{uri}&response_type=code&{CHALLENGE}&prompt=none+login"), "invalid_request"),
        (format!("{uri}&response_type=code&{CHALLENGE}&max_age=-1"), "invalid_request"),
        (format!("{uri}&response_type=code&{CHALLENGE}&response_mode=fragment"), "invalid_request"),
        (format!("{uri}&response_type=code&{CHALLENGE}&request=e30.e30."), "request_not_supported"),
        (format!("{uri}&response_type=code&{CHALLENGE}&request_uri=https://evil.example"), "request_uri_not_supported"),
    ] {
        let told = ask(&fixture, &query).await;
        let (to, pairs) = led(&told);
        let value = |name: &str| pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        assert_eq!(
            (told.status, to.as_str(), value("error")),
            (302, "https://shop.example/cb", Some(error)),
            "{query}"
        );
        assert_eq!((value("state"), value("iss")), (Some("s1"), Some("https://login.example")), "{query}");
        assert!(value("code").is_none());
    }
    assert!(fixture.store.state().pending.is_empty());
}

#[tokio::test]
async fn a_state_given_twice_is_not_given_back() {
    let told = ask(&fixture(), &format!("{GOOD}&{CHALLENGE}&state=a&state=b")).await;
    let (_, pairs) = led(&told);
    assert!(pairs.iter().any(|(name, value)| name == "error" && value == "invalid_request"));
    assert!(!pairs.iter().any(|(name, _)| name == "state"));
}

#[tokio::test]
async fn the_query_of_a_registered_uri_stays_and_a_loopback_port_is_free() {
    let fixture = fixture();
    let told = ask(&fixture, "client_id=shop&redirect_uri=https%3A%2F%2Fshop.example%2Fother%3Fx%3D1&state=s").await;
    let location = told.headers["location"].to_str().unwrap();
    assert!(location.starts_with("https://shop.example/other?x=1&error=invalid_request"), "{location}");
    let told = ask(&fixture, "client_id=phone&redirect_uri=http://127.0.0.1:51004/cb").await;
    assert_eq!(led(&told).0, "http://127.0.0.1:51004/cb");
}

#[tokio::test]
async fn a_form_post_answer_is_a_form() {
    let fixture = fixture();
    let told = ask(&fixture, &format!("{GOOD}&response_mode=form_post&state=s1")).await;
    let view = told.answer.page.as_deref().map(|page| &page.view);
    let Some(View::FormPost(form)) = view else { panic!("{view:?}") };
    assert_eq!((told.status, form.action.as_str()), (200, "https://shop.example/cb"));
    let names: Vec<_> = form.fields.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["error", "error_description", "state", "iss"]);
}

#[tokio::test]
async fn query_and_body_are_never_both_read() {
    let fixture = fixture();
    let mut raw = get("");
    raw.method = Method::POST;
    raw.query = None;
    raw.headers.insert("content-type", "application/x-www-form-urlencoded".parse().unwrap());
    raw.body = Bytes::from(format!("{GOOD}&{CHALLENGE}"));
    let told = fixture.send(Endpoint::Authorize, &raw).await;
    assert_eq!((told.status, led(&told).0.as_str()), (303, "/oauth2/sign_in"));
    raw.query = Some("state=x".to_owned());
    let told = fixture.send(Endpoint::Authorize, &raw).await;
    assert_eq!((told.status, failed(&told)), (400, Some(Failed::Malformed)));
    raw.method = Method::DELETE;
    let told = fixture.send(Endpoint::Authorize, &raw).await;
    assert_eq!((told.status, &told.headers["allow"]), (405, &"GET, POST".parse().unwrap()));
}

#[tokio::test]
async fn a_client_may_be_freed_from_pkce_and_a_public_one_only_by_name() {
    let mut fixture = fixture();
    fixture.issuer.people.as_mut().unwrap().code.pkce = PkceRule::Optional;
    let phone = "client_id=phone&redirect_uri=com.example.phone:/cb&response_type=code";
    assert_eq!(led(&ask(&fixture, GOOD).await).0, "/oauth2/sign_in");
    assert_eq!(led(&ask(&fixture, phone).await).0, "com.example.phone:/cb");
    let id = ClientId::new("phone");
    let mut freed = (*fixture.issuer.clients[&id]).clone();
    freed.application.pkce = Some(PkceRule::Optional);
    fixture.issuer.clients.insert(id, Arc::new(freed));
    assert_eq!(led(&ask(&fixture, phone).await).0, "/oauth2/sign_in");
}

#[tokio::test]
async fn where_it_may_be_left_out_the_only_uri_is_taken() {
    let mut fixture = fixture();
    fixture.issuer.people.as_mut().unwrap().code.redirect_uri = RedirectRule::Optional;
    let one = web("one", &["s3cret"], &["https://one.example/cb"]);
    fixture.issuer.clients.insert(one.id.clone(), one);
    let told = ask(&fixture, "client_id=one&response_type=code").await;
    assert_eq!(led(&told).0, "https://one.example/cb");
    let told = ask(&fixture, "client_id=shop&response_type=code").await;
    assert_eq!(failed(&told), Some(Failed::BadRedirect), "two are registered: which?");
}
