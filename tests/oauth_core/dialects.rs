//! A dialect spells: each knob away from the standard changes what is read or written,
//! and none changes who gets what.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use serde_json::json;

use tollgate::dialect::endpoint::Endpoint;
use tollgate::dialect::knobs::{BasicCoding, ClientAuth, QueryRule, TwiceAlike};
use tollgate::dialect::shape::Shape;
use tollgate::dialect::template::Template;
use tollgate::dialect::vocabulary::ANSWER;
use tollgate::oauth::client::GrantKind;

use crate::desk::{Fixture, client, post, set};

const MACHINE: &str = "grant_type=client_credentials";

#[tokio::test]
async fn the_answer_is_spelled_as_the_dialect_says() {
    let mut fixture = Fixture::new();
    let template = |text| Shape::Text(Template::parse(text, ANSWER).unwrap());
    fixture.dialect.success.status = StatusCode::CREATED;
    fixture.dialect.success.forms[0].body = Shape::Members(vec![
        ("token_type".into(), template("bearer")),
        ("expires_in".into(), template("{expires_in|ms}")),
        ("refresh_token".into(), template("{refresh_token}")),
    ]);
    let told = fixture.token("app", "grant_type=password&username=ana&password=ana-password").await;
    assert_eq!(
        (told.status, &told.json["token_type"], &told.json["expires_in"]),
        (201, &json!("bearer"), &json!(600_000))
    );
    let form = format!("grant_type=refresh_token&refresh_token={}", told.text("refresh_token"));
    let (first, again) = (fixture.token("app", &form).await, fixture.token("app", &form).await);
    assert_eq!((first.status, &first.body, &first.headers), (201, &again.body, &again.headers));
    assert_eq!(again.status, 201);
}

#[tokio::test]
async fn parameters_have_the_names_of_the_dialect() {
    let mut fixture = Fixture::new();
    fixture.dialect.reading.names.client_id = vec!["appid".into()];
    fixture.dialect.reading.names.client_secret = vec!["secret".into()];
    fixture.dialect.reading.names.scope = vec!["scopes".into()];
    fixture.dialect.reading.scope_separators = vec![',', ' '];
    let told = fixture.token("", &format!("{MACHINE}&appid=app&secret=s3cret&scopes=read,write")).await;
    assert_eq!((told.status, &told.json["scope"]), (200, &json!("read write")));
    let told = fixture.token("", &format!("{MACHINE}&client_id=app&client_secret=s3cret")).await;
    assert_eq!(told.error(), (401, "invalid_client"));
    let told = fixture.token("", &format!("{MACHINE}&secret=s3cret")).await;
    assert_eq!(told.text("error_description"), "parameter `appid` is missing");
}

#[tokio::test]
async fn clients_speak_only_where_the_dialect_listens() {
    let mut fixture = Fixture::new();
    let posted = format!("{MACHINE}&client_id=app&client_secret=s3cret");
    fixture.dialect.reading.client_auth = vec![ClientAuth::Basic];
    assert_eq!(fixture.token("", &posted).await.error(), (401, "invalid_client"));
    assert_eq!(fixture.token("app", MACHINE).await.status, 200);
    fixture.dialect.reading.client_auth = vec![ClientAuth::Body];
    assert_eq!(fixture.token("app", MACHINE).await.error(), (401, "invalid_client"));
    assert_eq!(fixture.token("", &posted).await.status, 200);
}

#[tokio::test]
async fn equal_credentials_may_be_refused_and_different_ones_always_are() {
    let mut fixture = Fixture::new();
    fixture.dialect.reading.twice_alike = TwiceAlike::Refuse;
    for form in ["client_id=app&client_secret=s3cret", "client_id=other", "client_id=app&client_secret=n3w"] {
        assert_eq!(
            fixture.token("app", &format!("{MACHINE}&{form}")).await.error(),
            (400, "invalid_request"),
            "{form}"
        );
    }
    assert_eq!(fixture.token("app", &format!("{MACHINE}&client_id=app")).await.status, 200);
}

#[tokio::test]
async fn an_ignored_query_is_still_not_read() {
    let mut fixture = Fixture::new();
    fixture.dialect.reading.query = QueryRule::Ignore;
    let mut raw = post("", MACHINE);
    raw.query = Some("client_id=app&client_secret=s3cret".into());
    assert_eq!(fixture.send(Endpoint::Token, &raw).await.error(), (401, "invalid_client"));
    let mut raw = post("app", MACHINE);
    raw.query = Some("lang=en".into());
    assert_eq!(fixture.send(Endpoint::Token, &raw).await.status, 200);
}

#[tokio::test]
async fn plain_basic_takes_percent_and_plus_as_they_are() {
    let mut fixture = Fixture::new();
    fixture.dialect.reading.basic = BasicCoding::Plain;
    let odd = client("a", &["p%41+"], &[GrantKind::ClientCredentials]);
    fixture.store.state().clients.insert("a".into(), odd);
    let mut raw = post("", MACHINE);
    set(&mut raw, "authorization", &format!("Basic {}", STANDARD.encode("a:p%41+")));
    assert_eq!(fixture.send(Endpoint::Token, &raw).await.status, 200);
}
