//! Clients of the kind that each of the five systems has in the field, as they come, on
//! the one process that serves all five: `requests` and `requests-oauthlib`, a plain
//! JSON `fetch`, curl with a form in parts.

mod support;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use support::backend::Backend;
use support::example::{movable, shipped};
use support::gateway::{Gateway, finish};
use support::http::curl;

/// The five, running.
struct Five {
    gateway: Gateway,
    tokens: String,
    api: String,
    _backend: Backend,
}

fn five() -> Five {
    let backend = Backend::ok();
    let example = movable(&shipped("five"), &backend.url());
    let gateway = Gateway::start("five", &example.yaml);
    let address = |port: u16| format!("https://{}", gateway.address(&example.listeners[&port]));
    Five { tokens: address(3333), api: address(8443), gateway, _backend: backend }
}

fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/dialect_clients")
}

/// The Python with the client libraries; `None`, and loudly so, where there can be none.
fn python() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("python");
    let made = Command::new(scripts().join("prepare")).arg(&folder).stdin(Stdio::null()).status();
    let made = made.is_ok_and(|status| status.success());
    if !made {
        eprintln!("NOT CHECKED: the Python clients of the five dialects");
    }
    made.then(|| folder.join("bin/python"))
}

/// Runs a script to its end; it says `served` when everything was.
fn served(command: &mut Command, five: &Five) {
    let (code, out, err) = finish(command);
    assert!(code == 0 && out.trim_end().ends_with("served"), "{code}\n{out}\n{err}\n{}", five.gateway.stderr());
}

#[test]
fn requests_and_requests_oauthlib_are_served() {
    let Some(python) = python() else { return };
    let five = five();
    let run = |script: &str, arguments: &[&str]| {
        served(Command::new(&python).arg(scripts().join(script)).args(arguments), &five);
    };
    run("comic_clan.py", &[&five.tokens, &five.api, "comic.localhost"]);
    run("musement.py", &[&five.api, "musement.localhost"]);
    run("intra42.py", &[&five.api, "intra.localhost"]);
}

#[test]
fn a_plain_fetch_is_served() {
    if Command::new("node").arg("--version").stdout(Stdio::null()).status().is_err() {
        eprintln!("NOT CHECKED: there is no node; the JSON clients of two dialects are not tried");
        return;
    }
    let five = five();
    let script = scripts().join("json.mjs");
    let mut node = Command::new("node");
    node.arg(script).args([&*five.api, "translator.localhost", "bonfire.localhost"]);
    // The certificate is self-signed, and this is about what is said.
    node.env("NODE_TLS_REJECT_UNAUTHORIZED", "0").env("NODE_NO_WARNINGS", "1");
    served(&mut node, &five);
}

#[test]
fn curl_with_a_form_in_parts_is_served() {
    let five = five();
    let url = format!("{}/oauth/token", five.api);
    let host = "Host: intra.localhost";
    let fields = ["grant_type=client_credentials", "client_id=app42", "client_secret=app42-secret", "scope=public"];
    let mut args = vec!["-H", host, "-X", "POST", &url];
    args.extend(fields.iter().flat_map(|field| ["-F", *field]));
    let answer = curl(&args);
    assert_eq!(answer.status, 200, "{answer:?}");
    let token = answer.json()["access_token"].as_str().expect("a token").to_owned();
    let bearer = format!("Authorization: Bearer {token}");
    assert_eq!(curl(&["-H", host, "-H", &bearer, &format!("{}/v2/me", five.api)]).status, 200);
    let elsewhere = curl(&["-H", "Host: musement.localhost", "-H", &bearer, &format!("{}/api/v3/cities", five.api)]);
    assert_eq!(elsewhere.status, 401, "a token of one system is none of another: {elsewhere:?}");
    let upload = ["-H", host, "-H", &bearer, "-F", "file=@/dev/null;filename=empty", &format!("{}/v2/me", five.api)];
    assert_eq!(curl(&upload).status, 200, "parts that are not ours go through");
}
