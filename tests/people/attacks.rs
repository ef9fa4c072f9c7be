//! What others could try with a person's browser: forms from elsewhere, forms that are
//! old, frames, open redirects, secrets in referrers.

use crate::house::{PASSWORD, browser, shop, start};
use crate::support::browser::Browser;
use crate::support::gateway::Gateway;

fn asked(gateway: &Gateway) -> Browser {
    let mut browser = browser(gateway);
    browser.open(&shop("&scope=orders:read"));
    browser.sign_in("ana", PASSWORD);
    browser
}

fn fields(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn a_consent_that_no_page_of_ours_made_is_refused() {
    let gateway = start("forged");
    let mut browser = asked(&gateway);
    let hidden = browser.hidden("/oauth2/consent");
    let (number, token) = (hidden[1].1.clone(), hidden[0].1.clone());
    let allow = |token: &str| {
        fields(&[("request", &number), ("form_token", token), ("scope", "orders:read"), ("decision", "allow")])
    };
    for none in ["", "x"] {
        browser.post("/oauth2/consent", &allow(none), &[]);
        assert_eq!(browser.page.status, 403);
        assert!(browser.page.body.contains("That form was not taken"), "{}", browser.page.body);
    }
    // With the right token, but sent by another site.
    browser.post("/oauth2/consent", &allow(&token), &["Sec-Fetch-Site: cross-site"]);
    assert_eq!(browser.page.status, 403);
    // The token of somebody else's session is of no use here.
    let mut other = asked(&gateway);
    let stolen = other.hidden("/oauth2/consent")[0].1.clone();
    browser.post("/oauth2/consent", &allow(&stolen), &[]);
    assert_eq!(browser.page.status, 403);
    assert!(browser.page.body.contains("This page was open for too long"), "{}", browser.page.body);
    // And the number of somebody else's request neither.
    let mut theirs = allow(&other.hidden("/oauth2/consent")[0].1.clone());
    theirs[0].1 = number.clone();
    other.post("/oauth2/consent", &theirs, &[]);
    assert_eq!(other.page.status, 400);
    assert!(other.page.body.contains("This request is over"), "{}", other.page.body);
    // After all that the person still decides.
    browser.post("/oauth2/consent", &allow(&token), &[]);
    assert!(browser.told("code").is_some(), "{}", browser.place);
}

#[test]
fn a_form_in_the_query_or_of_another_type_is_no_form() {
    let gateway = start("types");
    let mut browser = asked(&gateway);
    let hidden = browser.hidden("/oauth2/consent");
    let all: Vec<String> = hidden.iter().map(|(name, value)| format!("{name}={value}")).collect();
    browser.open(&format!("/oauth2/consent?{}&decision=allow&scope=orders:read", all.join("&")));
    assert_eq!(browser.page.status, 200, "looking at the page decides nothing");
    assert!(browser.page.body.contains("asks for access"));
    let mut fields = hidden.clone();
    fields.push(("decision".into(), "allow".into()));
    browser.post("/oauth2/consent", &fields, &["Content-Type: text/plain"]);
    assert_eq!(browser.page.status, 400);
    fields.push(("decision".into(), "deny".into()));
    browser.post("/oauth2/consent", &fields, &[]);
    assert_eq!(browser.page.status, 400, "two decisions are none: {}", browser.place);
}

#[test]
fn a_stale_sign_in_form_keeps_the_name_and_asks_again() {
    let gateway = start("stale");
    let mut browser = browser(&gateway);
    browser.open("/oauth2/sign_in");
    let old = browser.hidden("/oauth2/sign_in");
    browser.jar.clear();
    let mut fields = old.clone();
    fields.extend(fields_of(&[("username", "ana"), ("password", PASSWORD)]));
    browser.post("/oauth2/sign_in", &fields, &[]);
    assert_eq!(browser.page.status, 403);
    assert!(browser.page.body.contains("value=\"ana\"") && browser.page.body.contains("open for too long"));
    assert!(!browser.page.body.contains(PASSWORD));
    browser.sign_in("ana", PASSWORD);
    assert_eq!(browser.place, "/oauth2/account", "and it goes on from there");
    // Without any token it is not even shown again.
    browser.jar.clear();
    browser.post("/oauth2/sign_in", &fields_of(&[("username", "ana"), ("password", PASSWORD)]), &[]);
    assert_eq!(browser.page.status, 403);
    assert!(!browser.jar.contains_key("__Host-session-main"), "{:?}", browser.jar);
}

fn fields_of(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    fields(pairs)
}

#[test]
fn signing_out_takes_a_form_of_this_session() {
    let gateway = start("sign-out");
    let mut browser = browser(&gateway);
    browser.open("/oauth2/sign_in");
    browser.sign_in("ana", PASSWORD);
    browser.open("/oauth2/sign_out");
    assert!(browser.page.body.contains("Do you want to sign out?"));
    browser.post("/oauth2/sign_out", &[], &[]);
    assert_eq!(browser.page.status, 403);
    assert!(browser.open("/oauth2/account").body.contains("Signed in as ana"));
    let session = browser.jar["__Host-session-main"].clone();
    browser.send("/oauth2/sign_out", &[]);
    assert!(!browser.jar.contains_key("__Host-session-main"));
    browser.jar.insert("__Host-session-main".to_owned(), session);
    browser.open("/oauth2/account");
    assert!(browser.place.starts_with("/oauth2/sign_in"), "the store has forgotten it too: {}", browser.place);
}

#[test]
fn every_page_forbids_frames_caches_referrers_and_foreign_code() {
    let gateway = start("headers");
    let mut browser = asked(&gateway);
    let consent = browser.place.clone();
    for path in [
        "/oauth2/sign_in",
        "/oauth2/account",
        "/oauth2/sessions",
        "/oauth2/sessions/none",
        "/oauth2/sign_out",
        "/oauth2/consent?request=x",
        "/oauth2/authorize",
        &consent,
    ] {
        let page = browser.open(path);
        for (name, value) in [
            ("cache-control", "no-store"),
            ("referrer-policy", "no-referrer"),
            ("x-frame-options", "DENY"),
            ("x-content-type-options", "nosniff"),
            ("content-type", "text/html; charset=utf-8"),
        ] {
            assert_eq!(page.header(name), Some(value), "{path}");
        }
        let policy = page.header("content-security-policy").expect("a policy");
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{policy}");
        assert!(!policy.contains("unsafe") && !policy.contains("script-src"), "{policy}");
        for word in ["style=", "<style", "<script", "onclick", "onload", "http-equiv"] {
            assert!(!page.body.contains(word), "{word} in {path}");
        }
        // Nothing on a page is loaded from anywhere else.
        let loaded = page.body.split("<link").skip(1).all(|link| link.contains("href=\"/oauth2/assets/"));
        assert!(loaded && !page.body.contains("<img"), "{}", page.body);
    }
    let policy = browser.page.header("content-security-policy").expect("a policy");
    assert!(policy.contains("form-action 'self' https:;"), "the way back must be open: {policy}");
}

#[test]
fn nobody_is_sent_to_an_address_from_a_link() {
    let gateway = start("open-redirect");
    for next in ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)", "account@evil"] {
        for name in ["next", "return_to", "redirect", "url", "request", "done"] {
            let mut browser = browser(&gateway);
            let next: String = next.bytes().map(|b| format!("%{b:02X}")).collect();
            browser.open(&format!("/oauth2/sign_in?{name}={next}"));
            assert!(!browser.page.body.contains("evil"), "{name}: {}", browser.page.body);
            if browser.page.status != 200 {
                continue;
            }
            browser.sign_in("ana", PASSWORD);
            assert_eq!(browser.place, "/oauth2/account", "{name}={next}");
        }
    }
}

#[test]
fn style_sheets_are_kept_for_ever_and_nothing_else_is_there() {
    let gateway = start("assets");
    let mut browser = browser(&gateway);
    browser.open("/oauth2/sign_in");
    let sheet = browser.page.body.split("href=\"").find_map(|rest| {
        let path = rest.split('"').next()?;
        path.ends_with(".css").then(|| path.to_owned())
    });
    let sheet = sheet.expect("a style sheet");
    let found = browser.open(&sheet);
    assert_eq!(found.header("content-type"), Some("text/css; charset=utf-8"));
    assert_eq!(found.header("cache-control"), Some("public, max-age=31536000, immutable"));
    assert!(found.body.contains("--accent:#1f5fbf"), "{}", found.body);
    assert!(found.header("set-cookie").is_none());
    for path in ["/oauth2/assets", "/oauth2/assets/", "/oauth2/assets/style.css", "/oauth2/assets/%2e%2e/account"] {
        assert_ne!(browser.open(path).status, 200, "{path}");
    }
}
