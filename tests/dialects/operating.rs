//! What operators of the five systems set and see beside the wire: warnings and counts of
//! secrets in URLs, the systems' own bounds on how often somebody may ask.

use crate::run::wire::backend;
use crate::support::example::{movable, shipped};
use crate::support::gateway::Gateway;
use crate::support::http::{Answer, curl};

/// A gateway of an example with changes, and the address of its API.
fn changed(name: &str, changes: &[(&str, &str)]) -> (Gateway, String, crate::support::backend::Backend) {
    let mut yaml = shipped(name);
    for (old, new) in changes {
        assert!(yaml.contains(old), "the example does not say `{old}`");
        yaml = yaml.replace(old, new);
    }
    let backend = backend();
    let example = movable(&yaml, &backend.url());
    let gateway = Gateway::start(name, &example.yaml);
    let api = gateway.https(&example.listeners[&8443]);
    (gateway, api, backend)
}

/// The value of a metric without labels.
fn metric(gateway: &Gateway, name: &str) -> Option<String> {
    let text = curl(&[&format!("http://{}/metrics", gateway.address("metrics"))]).body;
    text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ').map(str::to_owned))
}

const CLIENT: &str = "client_id=21_1abc0def&client_secret=9xyz&grant_type=client_credentials";

#[test]
fn musement_secrets_in_urls_are_served_counted_and_warned_about_once_an_hour() {
    let (gateway, api, _backend) = changed("musement", &[]);
    let login = format!("{api}/api/v3/login");
    for _ in 0..3 {
        assert_eq!(curl(&[&format!("{login}?{CLIENT}")]).status, 200);
    }
    assert_eq!(curl(&["-d", CLIENT, &login]).status, 200, "by POST nothing is in the URL");
    assert_eq!(metric(&gateway, "tollgate_secrets_in_url_total").as_deref(), Some("3"));
    let log = gateway.stderr();
    let warnings: Vec<&str> = log.lines().filter(|line| line.contains("puts secrets into URLs")).collect();
    assert_eq!(warnings.len(), 1, "{log}");
    assert!(warnings[0].contains("21_1abc0def") && !log.contains("9xyz"), "{log}");
}

#[test]
fn musement_secrets_in_urls_can_be_switched_off_for_a_client() {
    let (_gateway, api, _backend) = changed("musement", &[("secrets_in_url: served", "secrets_in_url: refused")]);
    let login = format!("{api}/api/v3/login");
    let told = curl(&[&format!("{login}?{CLIENT}")]);
    assert_eq!((told.status, told.json()["error"].as_str()), (400, Some("invalid_client")));
    assert_eq!(curl(&["-d", CLIENT, &login]).status, 200);
}

#[test]
fn musement_clients_that_present_tokens_in_a_deprecated_header_are_warned_about_once_an_hour() {
    let headers = "{ api: { headers: [{ name: Authentication, scheme: Bearer, use: deprecated }] } }";
    let dialect = format!("dialect: {{ preset: musement, set: {headers} }}");
    let (gateway, api, backend) = changed("musement", &[("dialect: musement", &dialect)]);
    let token = curl(&["-d", CLIENT, &format!("{api}/api/v3/login")]).json();
    let token = token["access_token"].as_str().expect("a token");
    let call = |header: &str| curl(&["-H", header, &format!("{api}/api/v3/cities")]).status;
    assert_eq!(call(&format!("Authorization: Bearer {token}")), 200);
    assert!(!gateway.stderr().contains("deprecated header"), "nobody used it");
    assert_eq!(call("Authentication: Bearer nobodys"), 401);
    for _ in 0..3 {
        assert_eq!(call(&format!("Authentication: Bearer {token}")), 200);
    }
    let log = gateway.stderr();
    let warnings: Vec<&str> = log.lines().filter(|line| line.contains("deprecated header")).collect();
    assert_eq!(warnings.len(), 1, "{log}");
    assert!(warnings[0].contains("21_1abc0def") && warnings[0].contains("authentication"), "{log}");
    assert!(!log.contains(token), "{log}");
    let seen = backend.seen();
    assert!(!seen.is_empty() && seen.iter().all(|seen| seen.header("authentication").is_empty()));
}

/// A token of 42's application, and a call with it.
fn app42(api: &str) -> impl Fn() -> Answer {
    let form = "grant_type=client_credentials&client_id=app42&client_secret=app42-secret";
    let token = curl(&["-d", form, &format!("{api}/oauth/token")]).json();
    let bearer = format!("Authorization: Bearer {}", token["access_token"].as_str().expect("a token"));
    let url = format!("{api}/v2/me");
    move || curl(&["-H", &bearer, &url])
}

#[test]
fn intra42_an_application_may_ask_twice_a_second_where_the_operator_says_so() {
    let limits = "limits:\n  spam: { key: client_id, rate: 2/s, headers: x-ratelimit }\ndefaults:\n  limits: [spam]";
    let (_gateway, api, _backend) = changed("intra42", &[("defaults:", limits)]);
    let call = app42(&api);
    // Two a second, however fast they come: of ten at once most are too many.
    let answers: Vec<Answer> = (0..10).map(|_| call()).collect();
    let refused = answers.iter().find(|answer| answer.status == 429).expect("too many");
    assert_eq!(answers[0].status, 200);
    assert_eq!(answers[0].header("x-ratelimit-limit"), Some("2"));
    assert_eq!(refused.body, "429 Too Many Requests (Spam Rate Limit Exceeded)");
    assert_eq!(refused.header("content-type"), Some("text/plain; charset=utf-8"));
    assert_eq!(refused.header("retry-after"), Some("1"));
}

#[test]
fn intra42_an_application_may_ask_so_often_an_hour_where_the_operator_says_so() {
    // 1,200 an hour of the page, here two.
    let limits =
        "limits:\n  hourly: { key: client_id, rate: 2/h, headers: x-ratelimit }\ndefaults:\n  limits: [hourly]";
    let (_gateway, api, _backend) = changed("intra42", &[("defaults:", limits)]);
    let call = app42(&api);
    assert_eq!([call().status, call().status], [200, 200]);
    let refused = call();
    assert_eq!((refused.status, refused.body.as_str()), (429, r#"{"error":"Too many requests within the hour"}"#));
    let wait: u64 = refused.header("retry-after").and_then(|wait| wait.parse().ok()).expect("when to come back");
    assert!((60..=3_600).contains(&wait), "{wait}");
}

#[test]
fn comic_clan_keys_of_refresh_tokens_are_turned_beside_those_of_access_tokens() {
    let (gateway, _api, _backend) = changed("comic-clan", &[]);
    let keys = |args: &[&str]| {
        let output = gateway.cli(&[&["keys", "-o", "json"], args].concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let before = keys(&["list", "--refresh"]);
    let made: serde_json::Value = serde_json::from_str(&keys(&["rotate", "--refresh"])).expect("JSON");
    let kid = made["kid"].as_str().expect("a kid");
    assert!(!before.contains(kid), "{before}");
    let after = keys(&["list", "--refresh"]);
    assert!(after.contains(kid) && after.contains("RS256"), "{after}");
    assert!(keys(&["list"]).contains("from the configuration"), "those of access tokens are given");
    let (standard, _, _backend) = changed("musement", &[]);
    let refused = standard.cli(&["keys", "list", "--refresh"]);
    assert!(String::from_utf8_lossy(&refused.stderr).contains("are not signed"), "{refused:?}");
}
