//! Agreeing and denying: what was ticked is what is granted, and what a form says beyond
//! the request that waits counts for nothing.

use std::process::Command;

use crate::house::{CALLBACK, PASSWORD, browser, request, shop, start};
use crate::support::browser::Browser;
use crate::support::gateway::Gateway;

/// What the store says was granted, scopes of each grant on a line.
fn granted(gateway: &Gateway) -> String {
    let database = gateway.folder.path().join("state/tollgate.db");
    let found = Command::new("sqlite3").arg(database).arg("SELECT scopes FROM consent").output();
    String::from_utf8(found.expect("sqlite3 is installed by tests/run").stdout).expect("text").trim().to_owned()
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
    assert!(browser.told("code").is_some_and(|code| code.starts_with("tgc_")), "{}", browser.place);
    assert_eq!(granted(&gateway), "orders:read");
}

#[test]
fn denying_tells_the_application_and_grants_nothing() {
    let gateway = start("deny");
    let mut browser = asked(&gateway, "orders:read");
    let page = browser.place.clone();
    browser.send("/oauth2/consent", &[("decision", "deny")]);
    assert_eq!(browser.told("error").as_deref(), Some("access_denied"), "{}", browser.place);
    assert!(browser.told("code").is_none());
    assert_eq!(granted(&gateway), "");
    browser.open(&page);
    assert_eq!(browser.page.status, 400);
    assert!(browser.page.body.contains("This request is over"), "{}", browser.page.body);
}

#[test]
fn a_form_can_only_take_away() {
    let gateway = start("take-away");
    let mut browser = asked(&gateway, "orders:read");
    browser.send("/oauth2/consent", &[("scope", "orders:read"), ("scope", "billing:read"), ("decision", "allow")]);
    assert!(browser.told("code").is_some(), "{}", browser.place);
    assert_eq!(granted(&gateway), "orders:read", "what was not asked for was not granted");
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
