//! Applications that people register: whose they are, what has to be mended, approval,
//! secrets, and what becomes of them when access is taken back.

use crate::house::{PASSWORD, VERIFIER, browser, request, start, yaml};
use crate::support::browser::Browser;
use crate::support::gateway::Gateway;
use crate::support::http::{Answer, curl};

const PAGE: &str = "/oauth2/applications";
const CALLBACK: &str = "https://printer.example/cb";

fn signed_in(gateway: &Gateway, name: &str) -> Browser {
    let mut browser = browser(gateway);
    browser.open("/oauth2/sign_in");
    browser.sign_in(name, PASSWORD);
    browser
}

/// Registers the printer; its id and its secret.
fn register(browser: &mut Browser, name: &str) -> (String, String) {
    browser.open(&format!("{PAGE}/new"));
    let fields = [
        ("name", name),
        ("description", "Prints <b>orders</b>."),
        ("redirect_uris", CALLBACK),
        ("scope", "orders:read"),
        ("scope", "orders:write"),
        ("kind", "confidential"),
    ];
    browser.send(&format!("{PAGE}/new"), &fields);
    assert_eq!(browser.page.status, 200, "{}", browser.page.body);
    let after = |mark: &str| {
        let rest = browser.page.body.split(mark).nth(1).unwrap_or_else(|| panic!("{mark} in\n{}", browser.page.body));
        rest.split("</code>").next().unwrap_or("").rsplit('>').next().unwrap_or("").to_owned()
    };
    (after("<dd><code>"), after("class=\"secret\""))
}

fn token(gateway: &Gateway, (id, secret): (&str, &str), form: &[String]) -> Answer {
    let url = format!("{}/oauth2/token", gateway.https("public"));
    let user = format!("{id}:{secret}");
    let mut arguments = vec![url.as_str(), "-u", &user];
    for field in form {
        arguments.extend(["-d", field]);
    }
    curl(&arguments)
}

/// Sends the person to agree to both scopes; what the printer gets.
fn granted(gateway: &Gateway, person: &mut Browser, (id, secret): (&str, &str)) -> serde_json::Value {
    person.open(&request(id, CALLBACK, "&scope=orders:read+orders:write"));
    person.send("/oauth2/consent", &[("scope", "orders:read"), ("scope", "orders:write"), ("decision", "allow")]);
    let code = person.told("code").unwrap_or_else(|| panic!("no code: {}\n{}", person.place, person.page.body));
    let form = [
        "grant_type=authorization_code".into(),
        format!("code={code}"),
        format!("redirect_uri={CALLBACK}"),
        format!("code_verifier={VERIFIER}"),
    ];
    let answer = token(gateway, (id, secret), &form);
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

fn api(gateway: &Gateway, token: &serde_json::Value, method: &str) -> u16 {
    let bearer = format!("Authorization: Bearer {}", token["access_token"].as_str().expect("a token"));
    curl(&[&format!("{}/orders/7", gateway.https("public")), "-X", method, "-H", &bearer]).status
}

fn open_to_all() -> String {
    yaml("      applications: { register: everyone, admins: admins }\n")
}

#[test]
fn an_application_is_registered_used_and_looked_after_by_its_owner_alone() {
    let gateway = Gateway::start("owner", &open_to_all());
    let mut ana = signed_in(&gateway, "ana");
    let (id, secret) = register(&mut ana, "Printer");
    assert!(secret.starts_with("tgs_"), "{secret}");
    assert!(ana.page.body.contains("Prints &#60;b&#62;orders&#60;/b&#62;."), "{}", ana.page.body);
    ana.open(&format!("{PAGE}/{id}"));
    assert!(!ana.page.body.contains(&secret), "shown once");
    let tokens = granted(&gateway, &mut ana, (&id, &secret));
    assert_eq!((api(&gateway, &tokens, "GET"), api(&gateway, &tokens, "POST")), (200, 200));
    // A second secret beside the first, then one instead of both.
    let own = format!("{PAGE}/{id}");
    let fresh = |ana: &mut Browser, action: &str| {
        ana.open(&own);
        ana.send(&own, &[("action", action)]);
        let body = ana.page.body.clone();
        let shown = body.split("class=\"secret\"").nth(1).and_then(|rest| rest.split("</code>").next());
        shown.and_then(|text| text.rsplit('>').next()).unwrap_or_else(|| panic!("{body}")).to_owned()
    };
    let refresh = |secret: &str, tokens: &serde_json::Value| {
        let token_field = format!("refresh_token={}", tokens["refresh_token"].as_str().expect("a refresh token"));
        token(&gateway, (&id, secret), &["grant_type=refresh_token".into(), token_field])
    };
    let second = fresh(&mut ana, "add");
    let tokens = refresh(&second, &tokens).json();
    let tokens = refresh(&secret, &tokens).json();
    let only = fresh(&mut ana, "rotate");
    assert_eq!(refresh(&second, &tokens).status, 401);
    let tokens = refresh(&only, &tokens).json();
    // Others do not see it, and cannot touch it.
    let mut olga = signed_in(&gateway, "olga");
    for path in [own.clone(), format!("{own}/edit"), format!("{own}/delete")] {
        assert_eq!(olga.open(&path).status, 404, "{path}");
    }
    olga.open(PAGE);
    let proof = olga.hidden("/oauth2/sign_out")[0].1.clone();
    let fields = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    };
    for (path, action) in [(own.clone(), "rotate"), (format!("{own}/delete"), "delete")] {
        olga.post(&path, &fields(&[("form_token", &proof), ("action", action)]), &[]);
        assert_eq!(olga.page.status, 404, "{path}");
    }
    // Nor can a form of somebody else's make its owner touch it.
    ana.post(&format!("{own}/delete"), &fields(&[("action", "delete")]), &[]);
    assert_eq!(ana.page.status, 403);
    assert_eq!(api(&gateway, &tokens, "GET"), 200);
    ana.open(&format!("{own}/delete"));
    ana.send(&format!("{own}/delete"), &[("action", "delete")]);
    assert!(ana.page.body.contains("The application is deleted."), "{}", ana.page.body);
    assert_eq!(api(&gateway, &tokens, "GET"), 401, "its tokens died with it");
}

#[test]
fn what_has_to_be_mended_is_said_and_nothing_is_lost() {
    let gateway = Gateway::start("mend", &open_to_all());
    let mut ana = signed_in(&gateway, "ana");
    ana.open(&format!("{PAGE}/new"));
    for (uri, why) in [
        ("javascript:alert(1)", "cannot be used"),
        ("data:text/html,x", "cannot be used"),
        ("http://printer.example/cb", "cannot be used"),
        ("https://printer.example/cb#x", "cannot be used"),
        ("https://*.example/cb", "cannot be used"),
        ("/cb", "cannot be used"),
        ("", "at least one redirect address"),
    ] {
        let fields = [("name", "A \"name\" & more"), ("redirect_uris", uri), ("scope", "orders:read")];
        ana.send(&format!("{PAGE}/new"), &fields);
        assert_eq!(ana.page.status, 422, "{uri}");
        assert!(ana.page.body.contains(why), "{uri}: {}", ana.page.body);
        assert!(ana.page.body.contains("value=\"A &#34;name&#34; &#38; more\""), "{}", ana.page.body);
        assert!(ana.page.body.contains("value=\"orders:read\" checked"));
    }
    ana.send(&format!("{PAGE}/new"), &[("name", ""), ("redirect_uris", CALLBACK)]);
    for field in ["#name", "#scopes"] {
        assert!(ana.page.body.contains(&format!("<a href=\"{field}\">")), "{field}: {}", ana.page.body);
    }
    // A form that is too old is shown again with all that was typed.
    let mut old = ana.hidden(&format!("{PAGE}/new"));
    old[0].1 = "A".repeat(43);
    old.push(("name".into(), "Typed for an hour".into()));
    ana.post(&format!("{PAGE}/new"), &old, &[]);
    assert_eq!(ana.page.status, 403);
    assert!(ana.page.body.contains("Typed for an hour") && ana.page.body.contains("open for too long"));
    assert!(ana.open(PAGE).body.contains("You have not registered any application yet."));
}

#[test]
fn a_change_is_kept_and_an_application_waits_for_its_approval() {
    let rules = "      applications: { register: group, group: developers, approval: admin, admins: admins }\n";
    let gateway = Gateway::start("approval", &yaml(rules));
    let mut ana = signed_in(&gateway, "ana");
    let (id, secret) = register(&mut ana, "Printer");
    assert!(ana.page.body.contains("Waiting for approval"));
    ana.open(&request(&id, CALLBACK, "&scope=orders:read"));
    assert_eq!(ana.page.status, 400, "it cannot be used yet");
    assert_eq!(ana.open(&format!("{PAGE}/waiting")).status, 403, "its developer cannot approve it");
    let mut olga = signed_in(&gateway, "olga");
    assert!(olga.open("/oauth2/account").body.contains("Approve applications"));
    olga.open(&format!("{PAGE}/waiting"));
    assert!(olga.page.body.contains("Printer") && olga.page.body.contains(CALLBACK));
    olga.send(&format!("{PAGE}/waiting"), &[("decision", "approve")]);
    assert!(olga.page.body.contains("The application is approved."), "{}", olga.page.body);
    granted(&gateway, &mut ana, (&id, &secret));
    ana.open(&format!("{PAGE}/{id}/edit"));
    let fields = [("name", "Press"), ("redirect_uris", CALLBACK), ("scope", "orders:read"), ("description", "")];
    ana.send(&format!("{PAGE}/{id}/edit"), &fields);
    assert!(ana.page.body.contains("Your change is saved.") && ana.page.body.contains("<h1>Press</h1>"));
    register(&mut ana, "Plotter");
    olga.open(&format!("{PAGE}/waiting"));
    olga.send(&format!("{PAGE}/waiting"), &[("decision", "turn_down")]);
    assert!(olga.page.body.contains("turned down"), "{}", olga.page.body);
}

#[test]
fn who_may_not_register_is_not_shown_the_way() {
    let gateway = start("nobody");
    let mut ana = signed_in(&gateway, "ana");
    assert!(!ana.open("/oauth2/account").body.contains("Your applications"));
    for path in [PAGE.to_owned(), format!("{PAGE}/new"), format!("{PAGE}/waiting")] {
        assert_eq!(ana.open(&path).status, 403, "{path}");
        assert!(ana.page.body.contains("This page is not for you"));
    }
}

#[test]
fn less_can_be_left_and_all_taken_back_and_tokens_follow() {
    let gateway = Gateway::start("taken-back", &open_to_all());
    let mut ana = signed_in(&gateway, "ana");
    let (id, secret) = register(&mut ana, "Printer");
    let tokens = granted(&gateway, &mut ana, (&id, &secret));
    ana.open("/oauth2/authorized_applications");
    for text in ["Printer", "See your orders", "Create and change orders"] {
        assert!(ana.page.body.contains(text), "{text}: {}", ana.page.body);
    }
    ana.open(&format!("/oauth2/authorized_applications/edit?application={id}"));
    ana.send("/oauth2/authorized_applications", &[("scope", "orders:read"), ("action", "save")]);
    assert!(ana.page.body.contains("Your change is saved."), "{}", ana.page.body);
    assert!(!ana.page.body.contains("Create and change orders"));
    assert_eq!((api(&gateway, &tokens, "GET"), api(&gateway, &tokens, "POST")), (200, 403));
    let mut olga = signed_in(&gateway, "olga");
    olga.open("/oauth2/authorized_applications");
    assert!(olga.page.body.contains("No application may act in your name."));
    ana.send("/oauth2/authorized_applications", &[("action", "take_back")]);
    assert!(ana.page.body.contains("The application no longer has access."), "{}", ana.page.body);
    assert_eq!(api(&gateway, &tokens, "GET"), 401);
    let (_, folder) = gateway.stop();
    let audit = std::fs::read_to_string(folder.path().join("audit.log")).expect("the audit log");
    for event in ["application_registered", "code_issued", "grant_narrowed", "grant_taken_back"] {
        assert!(audit.contains(&format!("\"event\":\"{event}\"")), "{event} in\n{audit}");
    }
    assert!(!audit.contains(&secret), "no secret is written down");
}
