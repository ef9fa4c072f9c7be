//! Signing in: right, wrong, unknown, disabled, throttled, and what follows.

use crate::house::{PASSWORD, browser, shop, start};
use crate::support::http::curl;

/// More than are free by far.
const GUESSES: usize = 14;

#[test]
fn who_signs_in_without_being_sent_gets_his_account() {
    let gateway = start("sign-in");
    let mut browser = browser(&gateway);
    browser.open("/oauth2/account");
    assert_eq!((browser.page.status, browser.place.as_str()), (200, "/oauth2/sign_in?next=account"));
    browser.sign_in("ana", PASSWORD);
    assert_eq!((browser.page.status, browser.place.as_str()), (200, "/oauth2/account"));
    assert!(browser.page.body.contains("Signed in as ana"), "{}", browser.page.body);
    browser.open("/oauth2/sign_in");
    assert_eq!(browser.place, "/oauth2/account", "nobody signs in twice by accident");
}

#[test]
fn unknown_disabled_and_wrong_are_one_answer() {
    let gateway = start("one-answer");
    let mut bodies = Vec::new();
    for (name, password) in [("ana", "wrong"), ("ben", PASSWORD), ("nobody", PASSWORD)] {
        let mut browser = browser(&gateway);
        browser.open("/oauth2/sign_in");
        let token = browser.hidden("/oauth2/sign_in")[0].1.clone();
        browser.sign_in(name, password);
        assert_eq!(browser.page.status, 403, "{name}");
        assert!(browser.page.body.contains("User name or password is wrong."));
        assert!(!browser.jar.keys().any(|name| name.contains("session")), "{:?}", browser.jar);
        let body = browser.page.body.replace(&token, "TOKEN").replace(&format!("value=\"{name}\""), "value=\"NAME\"");
        bodies.push(body);
    }
    assert!(bodies.iter().all(|body| *body == bodies[0]), "{bodies:#?}");
}

#[test]
fn guessing_is_slowed_for_the_page_as_for_the_password_grant() {
    let gateway = start("guessing");
    let mut browser = browser(&gateway);
    browser.open("/oauth2/sign_in");
    // All at once, so that the wait is long before the next one comes, on any machine.
    std::thread::scope(|scope| {
        for _ in 0..GUESSES {
            let mut guess = browser.twin();
            scope.spawn(move || assert!(matches!(guess.sign_in("ana", "wrong").status, 403 | 429)));
        }
    });
    let stopped = browser.sign_in("ana", PASSWORD);
    assert_eq!(stopped.status, 429, "even the right password waits");
    assert!(stopped.header("retry-after").is_some_and(|wait| wait.parse::<u64>().is_ok_and(|wait| wait > 0)));
    assert!(stopped.body.contains("Too many tries"), "{}", stopped.body);
    // Nobody else is locked out with her.
    assert_eq!(browser.sign_in("olga", PASSWORD).status, 200);
}

#[test]
fn an_application_s_request_goes_on_and_its_hint_is_filled_in() {
    let gateway = start("goes-on");
    let mut browser = browser(&gateway);
    browser.open(&shop("&scope=orders:read&login_hint=ana"));
    assert!(browser.place.starts_with("/oauth2/sign_in?request=tgp_"), "{}", browser.place);
    assert!(browser.page.body.contains("value=\"ana\"") && browser.page.body.contains("to continue to Example Shop"));
    assert!(!browser.page.body.contains("shop.example"), "pages carry the request's number and no address");
    browser.sign_in("ana", "wrong");
    browser.sign_in("ana", PASSWORD);
    assert!(browser.place.starts_with("/oauth2/consent?request=tgp_"), "{}", browser.place);
}

#[test]
fn the_page_speaks_the_browser_s_language() {
    let gateway = start("language");
    let url = format!("{}/oauth2/sign_in", gateway.https("public"));
    let german = curl(&[&url, "-H", "Accept-Language: fr, de-CH;q=0.9, en;q=0.8"]);
    assert_eq!(german.header("content-language"), Some("de"));
    assert!(german.body.contains("<html lang=\"de\">") && german.body.contains("Benutzername"));
    let english = curl(&[&url, "-H", "Accept-Language: fr"]);
    assert_eq!(english.header("content-language"), Some("en"));
    assert!(english.body.contains("<html lang=\"en\">") && english.body.contains("User name"));
    for text in ["Example Ltd", "For members of Example Ltd.", "https://example.com/terms", "mailto:help@example.com"] {
        assert!(english.body.contains(text), "{text}");
    }
}

#[test]
fn signing_in_and_out_is_noted_and_counted() {
    let gateway = start("noted");
    let mut browser = browser(&gateway);
    browser.open("/oauth2/sign_in");
    browser.sign_in("ana", "wrong");
    browser.sign_in("ana", PASSWORD);
    let token = browser.jar["__Host-session-main"].clone();
    browser.send("/oauth2/sign_out", &[]);
    assert!(browser.page.body.contains("You are signed out"), "{}", browser.page.body);
    let metrics = curl(&[&format!("{}/metrics", metrics(&gateway))]).body;
    for (result, count) in [("ok", 1), ("bad_password", 1)] {
        let line = format!("tollgate_logins_total{{result=\"{result}\",source=\"local\"}} {count}");
        assert!(metrics.lines().any(|found| found == line), "{line}\n{metrics}");
    }
    let (code, folder) = gateway.stop();
    assert_eq!(code, Some(0));
    let audit = std::fs::read_to_string(folder.path().join("audit.log")).expect("the audit log");
    for event in ["sign_in_refused", "signed_in", "signed_out"] {
        assert!(audit.contains(&format!("\"event\":\"{event}\"")), "{event} in\n{audit}");
    }
    assert!(!audit.contains(&token) && !audit.contains(PASSWORD) && !audit.contains("wrong\""));
}

/// `http://HOST:PORT` of the metrics.
fn metrics(gateway: &crate::support::gateway::Gateway) -> String {
    let line = gateway.banner.iter().find(|line| line.contains("metrics")).expect("a line about metrics");
    line.split_whitespace()
        .find(|word| word.starts_with("http://"))
        .expect("an address")
        .trim_end_matches("/metrics")
        .to_owned()
}
