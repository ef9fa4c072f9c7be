//! Called back means refused: from the next request on, by every handle, beside a
//! running gateway, after a restart, and in bulk from a file.

mod support;

use std::fs;
use std::time::Duration;

use support::gateway::{Folder, Gateway, finish, tollgate};
use support::stopwatch::Stopwatch;
use support::token::{call, client_credentials, post, refresh, sign_in};
use support::yaml::standard;

/// The promise for what the command line changes beside a running gateway, by the stopwatch.
const BOUND: Duration = Duration::from_secs(1);

/// Asks until the status is `wanted`; fails when the bound has passed.
fn becomes(gateway: &Gateway, token: &str, wanted: u16) {
    let start = Stopwatch::start();
    loop {
        let status = call(gateway, "GET", token).status;
        if status == wanted {
            return;
        }
        assert!(start.elapsed() < BOUND, "still {status} after {:?}", start.elapsed());
    }
}

#[test]
fn the_endpoint_acts_before_its_answer_and_a_restart_remembers() {
    let gateway = Gateway::start("revoke", &standard("builtin:echo"));
    let kept = client_credentials(&gateway, "shop:shop-secret", "read");
    let token = client_credentials(&gateway, "shop:shop-secret", "read");
    assert_eq!(call(&gateway, "GET", &token).status, 200);
    let foreign = post(&gateway, "revoke", "other:other-secret", &[("token", &token)]);
    assert_eq!((foreign.status, call(&gateway, "GET", &token).status), (200, 200), "not its token: untouched");
    assert_eq!(post(&gateway, "revoke", "shop:shop-secret", &[("token", &token)]).status, 200);
    let refused = call(&gateway, "GET", &token);
    assert_eq!(refused.status, 401);
    assert!(refused.header("www-authenticate").is_some_and(|v| v.contains("invalid_token")), "{refused:?}");
    assert_eq!(post(&gateway, "revoke", "shop:shop-secret", &[("token", "unknown")]).status, 200, "RFC 7009 §2.2");

    let again = Gateway::start_in(gateway.kill());
    assert_eq!(call(&again, "GET", &token).status, 401);
    assert_eq!(call(&again, "GET", &kept).status, 200, "keys and other tokens live on");
}

#[test]
fn a_revoked_refresh_token_takes_its_access_token_along() {
    let gateway = Gateway::start("family", &standard("builtin:echo"));
    let (access, first) = sign_in(&gateway);
    let second = refresh(&gateway, &first).json();
    let newer = second["access_token"].as_str().expect("a token").to_owned();
    assert_eq!(post(&gateway, "revoke", "shop:shop-secret", &[("token", &first)]).status, 200);
    assert_eq!((call(&gateway, "GET", &access).status, call(&gateway, "GET", &newer).status), (401, 401));
    let dead = refresh(&gateway, second["refresh_token"].as_str().expect("a token"));
    assert_eq!((dead.status, dead.json()["error"].as_str()), (400, Some("invalid_grant")));
}

#[test]
fn the_command_line_acts_within_a_second_by_every_handle() {
    let gateway = Gateway::start("handles", &standard("builtin:echo"));
    let machine = client_credentials(&gateway, "shop:shop-secret", "read");
    let output = gateway.cli(&["token", "revoke", "--token", &machine]);
    assert!(output.status.success(), "{output:?}");
    becomes(&gateway, &machine, 401);

    let (ana, chain) = sign_in(&gateway);
    let sub = post(&gateway, "introspect", "shop:shop-secret", &[("token", &ana)]).json()["sub"].clone();
    let output = gateway.cli(&["token", "revoke", "--user", sub.as_str().expect("a subject")]);
    assert!(output.status.success(), "{output:?}");
    becomes(&gateway, &ana, 401);
    assert_eq!(refresh(&gateway, &chain).status, 400, "the family went too");
    let (fresh, _) = sign_in(&gateway);
    assert_eq!(call(&gateway, "GET", &fresh).status, 200, "who signs in again is in again");

    let other = client_credentials(&gateway, "other:other-secret", "read");
    assert!(gateway.cli(&["token", "revoke", "--client", "other"]).status.success());
    becomes(&gateway, &other, 401);
    assert_eq!(call(&gateway, "GET", &fresh).status, 200, "another client's");
}

#[test]
fn clients_and_users_of_the_store_act_within_a_second() {
    let gateway = Gateway::start("store-clients", &standard("builtin:echo"));
    let added =
        gateway.cli(&["client", "add", "batch", "--grant", "client_credentials", "--scope", "read", "-o", "json"]);
    assert!(added.status.success(), "{added:?}");
    let json: serde_json::Value = serde_json::from_slice(&added.stdout).expect("JSON");
    let client = format!("batch:{}", json["client_secret"].as_str().expect("a secret, shown once"));
    let ask = || post(&gateway, "token", &client, &[("grant_type", "client_credentials")]).status;
    let start = Stopwatch::start();
    while ask() != 200 {
        assert!(start.elapsed() < BOUND, "the client is not known yet");
    }
    assert!(gateway.cli(&["client", "disable", "batch"]).status.success());
    let start = Stopwatch::start();
    while ask() != 401 {
        assert!(start.elapsed() < BOUND, "the client still gets tokens");
    }
    let listed = gateway.cli(&["client", "list"]);
    let text = String::from_utf8_lossy(&listed.stdout).into_owned();
    assert!(text.contains("batch") && !text.contains(&client[6..]), "{text}");
}

#[test]
fn lists_travel_as_json_lines() {
    let folder = Folder::new("import");
    fs::write(folder.path().join("gateway.yaml"), standard("builtin:echo")).expect("the configuration");
    let line =
        |jti: &str| format!("{{\"kind\":\"token\",\"issuer\":\"main\",\"value\":\"{jti}\",\"until\":4102444800}}\n");
    fs::write(folder.path().join("list.jsonl"), line("one") + &line("two")).expect("a list");
    let (code, _, err) = finish(&mut tollgate(folder.path(), &["revocations", "import", "list.jsonl"]));
    assert_eq!(code, 0, "{err}");
    let (code, out, _) = finish(&mut tollgate(folder.path(), &["revocations", "export"]));
    assert_eq!((code, out.lines().count()), (0, 2), "{out}");
    let (code, _, err) = finish(&mut tollgate(folder.path(), &["revocations", "import", "list.jsonl"]));
    assert_eq!(code, 0, "again changes nothing: {err}");
    fs::write(folder.path().join("bad.jsonl"), line("three") + "{\"kind\":\"tokken\"}\n").expect("a bad list");
    let (code, _, err) = finish(&mut tollgate(folder.path(), &["revocations", "import", "bad.jsonl"]));
    assert_eq!(code, 1);
    assert!(err.contains('2') && err.contains("tokken"), "line and word: {err}");
}
