//! Refresh tokens under concurrency and reuse, over real TLS and the real store.

mod support;

use std::sync::Barrier;

use support::gateway::Gateway;
use support::token::{call, refresh, sign_in};
use support::yaml::standard;

/// How many ask at the same time.
const CROWD: usize = 100;

#[test]
fn a_hundred_parallel_refreshes_get_one_answer_and_leave_one_chain() {
    // A crowd of so many programs may need longer than the grace of ten seconds.
    let patient = "    token: { lifetime: 10m }\n    refresh: { grace: 5m }";
    let gateway = Gateway::start("crowd", &standard("builtin:echo").replace("    token: { lifetime: 10m }", patient));
    let (_, token) = sign_in(&gateway);
    let start = Barrier::new(CROWD);
    let answers: Vec<_> = std::thread::scope(|scope| {
        let ask = || {
            start.wait();
            refresh(&gateway, &token)
        };
        let asked: Vec<_> = (0..CROWD).map(|_| scope.spawn(ask)).collect();
        asked.into_iter().map(|a| a.join().expect("an answer")).collect()
    });
    assert!(answers.iter().all(|a| a.status == 200), "{:?}", answers.iter().map(|a| a.status).collect::<Vec<_>>());
    assert!(answers.iter().all(|a| a.body == answers[0].body), "byte-equal answers");

    let child = answers[0].json()["refresh_token"].as_str().expect("a token").to_owned();
    let next = refresh(&gateway, &child);
    assert_eq!(next.status, 200, "one chain, and it goes on");
    let late = refresh(&gateway, &token);
    assert_eq!(late.status, 400, "the child was used: the grace of its parent is over");
    let live = next.json();
    let dead = refresh(&gateway, live["refresh_token"].as_str().expect("a token"));
    assert_eq!(dead.status, 400, "the reuse killed the family");
    assert_eq!(call(&gateway, "GET", live["access_token"].as_str().expect("a token")).status, 401);
}

#[test]
fn without_grace_the_second_use_is_theft() {
    let yaml = standard("builtin:echo")
        .replace("    token: { lifetime: 10m }", "    token: { lifetime: 10m }\n    refresh: { grace: 0s }");
    let gateway = Gateway::start("no-grace", &yaml);
    let (_, token) = sign_in(&gateway);
    let first = refresh(&gateway, &token);
    assert_eq!(first.status, 200);
    assert_eq!(refresh(&gateway, &token).json()["error"], "invalid_grant");
    let child = first.json()["refresh_token"].as_str().expect("a token").to_owned();
    assert_eq!(refresh(&gateway, &child).status, 400);
}
