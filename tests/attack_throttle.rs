//! Guessing passwords over real sockets: in turn and all at once, from one address of
//! several. What is slowed is the guesser; the same user from elsewhere, other users,
//! and requests that are only passed through are not.

mod support;

use std::thread;

use support::gateway::Gateway;
use support::http::{Answer, curl};
use support::token::{call, client_credentials};
use support::yaml::standard;

/// Wrong passwords that are free; `standard` allows more than a test wants to send.
const FREE: usize = 5;

/// Guesses that are sent at once.
const BURST: usize = 40;

fn gateway(name: &str) -> Gateway {
    let few = format!("free_failures: {FREE},");
    Gateway::start(name, &standard("builtin:echo").replace("free_failures: 1000,", &few))
}

/// Signs in from one of the machine's own addresses.
fn sign_in(gateway: &Gateway, from: &str, user: &str, password: &str) -> Answer {
    let form = format!("grant_type=password&username={user}&password={password}");
    let url = format!("http://{}/oauth2/token", gateway.address("clear"));
    curl(&["--interface", from, "-u", "shop:shop-secret", "-d", &form, &url])
}

#[test]
fn guesses_in_turn_have_to_wait_and_lock_nobody_else_out() {
    let gateway = gateway("guess");
    let mut guesses = (0..2 * FREE).map(|_| sign_in(&gateway, "127.0.0.2", "ana", "guess"));
    assert!(guesses.by_ref().take(FREE).all(|answer| answer.status == 400));
    // The first wait is a second of the clock, which may end between two guesses; each
    // further one is twice as long.
    let refused = guesses.find(|answer| answer.status != 400).expect("a guess that has to wait");
    let wait = refused.header("retry-after").and_then(|seconds| seconds.parse::<u32>().ok());
    assert!(refused.status == 429 && wait.is_some_and(|seconds| seconds >= 1), "{refused:?}");
    assert_eq!(sign_in(&gateway, "127.0.0.3", "ana", "p4ssw0rd").status, 200, "the same user from elsewhere");
    let other = sign_in(&gateway, "127.0.0.2", "nobody", "guess");
    assert_eq!(other.status, 400, "another user from the same address is judged for himself");
}

#[test]
fn guesses_at_once_are_told_no_more_and_hold_up_no_request() {
    let gateway = gateway("burst");
    let token = client_credentials(&gateway, "shop:shop-secret", "read");
    let statuses: Vec<u16> = thread::scope(|scope| {
        let guess = |_| scope.spawn(|| sign_in(&gateway, "127.0.0.2", "ana", "guess").status);
        let guesses: Vec<_> = (0..BURST).map(guess).collect();
        let passed = call(&gateway, "GET", &token);
        assert_eq!(passed.status, 200, "a request in the middle of it: {passed:?}");
        guesses.into_iter().map(|guess| guess.join().expect("an answer")).collect()
    });
    let count = |status: u16| statuses.iter().filter(|told| **told == status).count();
    // One more may be told when a second of waiting ends within the burst.
    assert!((1..=2 * FREE).contains(&count(400)), "{statuses:?}");
    assert_eq!(count(400) + count(429) + count(503), BURST, "{statuses:?}");
    assert!(count(429) > 0, "{statuses:?}");
    assert_eq!(sign_in(&gateway, "127.0.0.3", "ana", "p4ssw0rd").status, 200, "the same user from elsewhere");
}
