//! From the application's first redirect to the API: codes over real TLS, in the right
//! hands and in the wrong ones, one after the other and many at once.

use std::thread;

use serde_json::Value;

use crate::house::{CALLBACK, PASSWORD, browser, request, shop, start};
use crate::support::browser::Browser;
use crate::support::gateway::Gateway;
use crate::support::http::{Answer, curl};

/// RFC 7636 appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

/// Ana agrees to these scopes; the code that the shop gets.
fn code(gateway: &Gateway, browser: &mut Browser, scope: &str) -> String {
    browser.open(&shop(&format!("&scope={scope}")));
    if browser.place.starts_with("/oauth2/sign_in") {
        browser.sign_in("ana", PASSWORD);
    }
    if browser.place.starts_with("/oauth2/consent") {
        let ticked: Vec<(&str, &str)> = scope.split('+').map(|scope| ("scope", scope)).collect();
        browser.send("/oauth2/consent", &[&ticked[..], &[("decision", "allow")]].concat());
    }
    browser.told("code").unwrap_or_else(|| panic!("no code at {}\n{}", browser.place, gateway.stderr()))
}

fn token(gateway: &Gateway, form: &str) -> Answer {
    let url = format!("{}/oauth2/token", gateway.https("public"));
    curl(&["-u", "shop:shop-secret", "--data-raw", form, &url])
}

fn redeem(gateway: &Gateway, code: &str) -> Answer {
    token(
        gateway,
        &format!("grant_type=authorization_code&code={code}&redirect_uri={CALLBACK}&code_verifier={VERIFIER}"),
    )
}

fn api(gateway: &Gateway, method: &str, token: &Value) -> u16 {
    let bearer = format!("Authorization: Bearer {}", token.as_str().expect("a token"));
    curl(&["-X", method, "-H", &bearer, &format!("{}/orders/7", gateway.https("public"))]).status
}

#[test]
fn a_person_s_agreement_opens_the_api_and_no_more_than_that() {
    let gateway = start("flow");
    let mut ana = browser(&gateway);
    let first = code(&gateway, &mut ana, "orders:read");
    let told = redeem(&gateway, &first).json();
    assert_eq!((told["scope"].as_str(), told["token_type"].as_str()), (Some("orders:read"), Some("Bearer")));
    assert_eq!((api(&gateway, "GET", &told["access_token"]), api(&gateway, "POST", &told["access_token"])), (200, 403));

    // The same again needs no page while a token lives; more does.
    ana.open(&shop("&scope=orders:read"));
    assert!(ana.told("code").is_some(), "{}", ana.place);
    ana.open(&shop(""));
    let last_time = redeem(&gateway, &ana.told("code").expect("no scopes are those of last time")).json();
    assert_eq!(last_time["scope"], "orders:read");
    ana.open(&shop("&scope=orders:read+orders:write"));
    assert!(ana.place.starts_with("/oauth2/consent"), "{}", ana.place);
    ana.open(&shop("&scope=orders:read&prompt=consent"));
    assert!(ana.place.starts_with("/oauth2/consent"), "{}", ana.place);

    let refresh = format!("grant_type=refresh_token&refresh_token={}", told["refresh_token"].as_str().unwrap());
    let next = token(&gateway, &refresh).json();
    assert_eq!(api(&gateway, "GET", &next["access_token"]), 200);
    let replay = redeem(&gateway, &first);
    assert_eq!((replay.status, replay.json()["error"].as_str()), (400, Some("invalid_grant")));
    for dead in [&told["access_token"], &next["access_token"]] {
        assert_eq!(api(&gateway, "GET", dead), 401, "what a replayed code became is dead, refreshed or not");
    }
    ana.open(&shop("&scope=orders:read"));
    assert!(ana.told("code").is_some(), "a token of another sign-in lives, so nobody is asked: {}", ana.place);
    let last = format!("token={}", last_time["refresh_token"].as_str().expect("a refresh token"));
    let url = format!("{}/oauth2/revoke", gateway.https("public"));
    assert_eq!(curl(&["-u", "shop:shop-secret", "--data-raw", &last, &url]).status, 200);
    ana.open(&shop("&scope=orders:read"));
    assert!(ana.place.starts_with("/oauth2/consent"), "with the last token what was granted ended: {}", ana.place);
}

#[test]
fn of_thirty_two_redemptions_at_once_one_is_answered() {
    let gateway = start("race");
    let mut ana = browser(&gateway);
    let code = code(&gateway, &mut ana, "orders:read");
    let answers: Vec<Answer> = thread::scope(|scope| {
        let tasks: Vec<_> = (0..32).map(|_| scope.spawn(|| redeem(&gateway, &code))).collect();
        tasks.into_iter().map(|task| task.join().expect("an answer")).collect()
    });
    let good: Vec<&Answer> = answers.iter().filter(|answer| answer.status == 200).collect();
    assert_eq!((good.len(), answers.iter().filter(|answer| answer.status == 400).count()), (1, 31));
    let told = good[0].json();
    assert_eq!(api(&gateway, "GET", &told["access_token"]), 401, "and it is dead, since others had the code");
    let refresh = format!("grant_type=refresh_token&refresh_token={}", told["refresh_token"].as_str().unwrap());
    assert_eq!(token(&gateway, &refresh).status, 400);
}

#[test]
fn a_public_client_proves_itself_by_its_verifier_alone() {
    let gateway = start("kiosk");
    let mut ana = browser(&gateway);
    let ask = |ana: &mut Browser| {
        ana.open(&request("kiosk", "https://kiosk.example/cb", "&scope=orders:read"));
        if ana.place.starts_with("/oauth2/sign_in") {
            ana.sign_in("ana", PASSWORD);
        }
        ana.told("code").expect("a code")
    };
    let redeem = |code: &str, verifier: &str| {
        let url = format!("{}/oauth2/token", gateway.https("public"));
        let uri = "https://kiosk.example/cb";
        let form = format!(
            "grant_type=authorization_code&client_id=kiosk&code={code}&redirect_uri={uri}&code_verifier={verifier}"
        );
        curl(&["--data-raw", &form, &url])
    };
    let stolen = ask(&mut ana);
    assert_eq!(redeem(&stolen, &VERIFIER.replace('d', "e")).status, 400);
    assert_eq!(redeem(&stolen, VERIFIER).status, 400, "tried in the wrong hands, it is burnt");
    let told = redeem(&ask(&mut ana), VERIFIER).json();
    assert!(told.get("refresh_token").is_none(), "it has not that grant");
    assert_eq!(api(&gateway, "GET", &told["access_token"]), 200);
}

#[test]
fn discovery_of_what_is_not_served_is_not_there() {
    let gateway = start("no-openid");
    let at = |path: &str| curl(&[&format!("{}{path}", gateway.https("public"))]);
    let metadata = at("/.well-known/oauth-authorization-server").json();
    assert_eq!(metadata["authorization_endpoint"], "https://issuer.example/oauth2/authorize");
    for path in ["/.well-known/openid-configuration", "/oauth2/userinfo", "/oauth2/logout", "/oauth2/register"] {
        assert_eq!(at(path).status, 404, "{path}");
    }
}
