//! Agreeing and denying: what was ticked is what is granted, and what a form says beyond
//! the request that waits counts for nothing.

use serde_json::Value;

use crate::house::{CALLBACK, PASSWORD, VERIFIER, browser, request, shop, start};
use crate::support::browser::Browser;
use crate::support::gateway::Gateway;
use crate::support::http::{Answer, curl};

/// What the shop gets for a code.
pub fn redeem(gateway: &Gateway, code: &str) -> Answer {
    let code = format!("code={code}");
    curl(&[
        &format!("{}/oauth2/token", gateway.https("public")),
        "-u",
        "shop:shop-secret",
        "-d",
        "grant_type=authorization_code",
        "-d",
        &format!("redirect_uri={CALLBACK}"),
        "-d",
        &format!("code_verifier={VERIFIER}"),
        "-d",
        &code,
    ])
}

fn asked(gateway: &Gateway, scope: &str) -> Browser {
    let mut browser = browser(gateway);
    browser.open(&shop(&format!("&scope={scope}")));
    browser.sign_in("ana", PASSWORD);
    assert!(browser.place.starts_with("/oauth2/consent?request="), "{}", browser.place);
    browser
}

#[test]
fn what_was_ticked_is_what_is_granted() {
    let gateway = start("ticked");
    let mut browser = asked(&gateway, "orders:read+orders:write");
    for text in
        ["Example Shop asks for access", "Sells things to members.", "See your orders", "Create and change orders"]
    {
        assert!(browser.page.body.contains(text), "{text} in\n{}", browser.page.body);
    }
    assert!(!browser.page.body.contains("See your invoices"), "only what was asked for");
    browser.send("/oauth2/consent", &[("scope", "orders:read"), ("decision", "allow")]);
    assert!(browser.place.starts_with(&format!("{CALLBACK}?")), "{}", browser.place);
    assert_eq!(browser.told("state").as_deref(), Some("s1"));
    assert_eq!(browser.told("iss").as_deref(), Some("https://issuer.example"));
    let tokens = redeem(&gateway, &browser.told("code").expect("a code"));
    assert_eq!(tokens.status, 200, "{tokens:?}");
    assert_eq!(tokens.json()["scope"], Value::from("orders:read"));
}

#[test]
fn denying_tells_the_application_and_grants_nothing() {
    let gateway = start("deny");
    let mut browser = asked(&gateway, "orders:read");
    let page = browser.place.clone();
    browser.send("/oauth2/consent", &[("decision", "deny")]);
    assert_eq!(browser.told("error").as_deref(), Some("access_denied"), "{}", browser.place);
    assert!(browser.told("code").is_none());
    browser.open(&page);
    assert_eq!(browser.page.status, 400);
    assert!(browser.page.body.contains("This request is over"), "{}", browser.page.body);
}

#[test]
fn a_form_can_only_take_away() {
    let gateway = start("take-away");
    let mut browser = asked(&gateway, "orders:read");
    browser.send("/oauth2/consent", &[("scope", "orders:read"), ("scope", "billing:read"), ("decision", "allow")]);
    let tokens = redeem(&gateway, &browser.told("code").expect("a code"));
    assert_eq!(tokens.json()["scope"], Value::from("orders:read"), "what was not asked for was not granted");
}

#[test]
fn the_operator_s_own_application_need_not_ask() {
    let gateway = start("own");
    let mut browser = browser(&gateway);
    browser.open(&request("kiosk", "https://kiosk.example/cb", "&scope=orders:read"));
    browser.sign_in("ana", PASSWORD);
    assert!(browser.place.starts_with("https://kiosk.example/cb?code="), "{}", browser.place);
}

#[test]
fn the_request_waits_in_one_browser_only() {
    let gateway = start("one-browser");
    let first = asked(&gateway, "orders:read");
    let mut other = browser(&gateway);
    other.open("/oauth2/sign_in");
    other.sign_in("olga", PASSWORD);
    other.open(&first.place);
    assert_eq!(other.page.status, 400);
    assert!(other.page.body.contains("This request is over"), "{}", other.page.body);
}
