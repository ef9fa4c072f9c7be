//! Rate limits and limits at once: what passes, what answers say, and how one does not
//! get around them. Rates are by the hour, so that no bucket fills while a test runs.

use std::io::{Read as _, Write as _};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};

use crate::house::{clear, counts, get, get_from, house, of_client, of_user};
use crate::support::backend::Backend;
use crate::support::http::until;
use crate::wire::{ask, parse, send};

const LIMITS: &str = r#"
limits:
  per-address: { key: address, rate: 3/h }
  per-client: { key: client_id, rate: 2/h, headers: structured }
  per-user: { key: sub, rate: 2/h, headers: x-ratelimit }
  on-route: { key: [route, address], rate: 1/h, headers: off }
routes:
  - { name: open, path: /open/**, upstream: backend, access: public, limits: per-address }
  - { name: opener, path: /opener/**, upstream: backend, access: public, limits: per-address }
  - { name: things, path: /things/**, upstream: backend, access: scope read, limits: per-client }
  - { name: mine, path: /mine/**, upstream: backend, access: token, limits: per-user }
  - { name: guess, path: /guess/**, upstream: backend, access: token, limits: [per-client, on-route] }
  - { name: free, path: /free/**, upstream: backend, access: public }
"#;

#[test]
fn an_address_gets_its_burst_and_then_429_with_everything_a_client_needs() {
    let backend = Backend::ok();
    let gateway = house("limit-address", &[("backend", &backend.url())], LIMITS);
    for left in ["2", "1", "0"] {
        let answer = get(&gateway, "/open/x", &[]);
        assert_eq!((answer.status, answer.header("ratelimit-remaining")), (200, Some(left)), "{answer:?}");
        assert_eq!(answer.header("ratelimit-limit"), Some("3"));
    }
    let refused = get(&gateway, "/open/x", &[]);
    assert_eq!(refused.status, 429, "{refused:?}");
    assert_eq!(refused.json()["error"], "too_many_requests");
    assert_eq!((refused.header("ratelimit-remaining"), refused.header("retry-after").is_some()), (Some("0"), true));
    let wait: u64 = refused.header("retry-after").and_then(|text| text.parse().ok()).expect("seconds");
    assert!((900..=1200).contains(&wait), "a third of an hour, less what the test took: {wait}");
    assert_eq!(get(&gateway, "/opener/x", &[]).status, 429, "one limit, one bucket, whatever the route");
    assert_eq!(get(&gateway, "/free/x", &[]).status, 200);
    assert_eq!(backend.seen().len(), 4);
    counts(&gateway, r#"tollgate_rate_limited_total{policy="per-address",route="open"}"#, 1);
    counts(&gateway, r#"tollgate_rate_limited_total{policy="per-address",route="opener"}"#, 1);
}

#[test]
fn no_header_makes_another_caller() {
    let gateway = house("limit-spelling", &[("backend", "builtin:echo")], LIMITS);
    (0..3).for_each(|_| assert_eq!(get(&gateway, "/open/x", &[]).status, 200));
    for lie in [
        "x-forwarded-for: 6.6.6.6",
        "X_Forwarded_For: 6.6.6.6",
        "forwarded: for=6.6.6.6",
        "x-real-ip: 6.6.6.6",
        "true-client-ip: 6.6.6.6",
        "x-user: somebody",
    ] {
        assert_eq!(get(&gateway, "/open/x", &[lie]).status, 429, "{lie}");
    }
    assert_eq!(get_from(&gateway, "203.0.113.9", "/open/x", &[]).status, 200, "a trusted proxy is believed");
    (0..2).for_each(|_| assert_eq!(get_from(&gateway, "203.0.113.9", "/open/x", &[]).status, 200));
    assert_eq!(get_from(&gateway, "6.6.6.6, 203.0.113.9", "/open/x", &[]).status, 429, "the near end counts");
    (0..3).for_each(|_| assert_eq!(get_from(&gateway, "2001:db8::1", "/open/x", &[]).status, 200));
    assert_eq!(get_from(&gateway, "2001:db8::ffff:7", "/open/x", &[]).status, 429, "a /64 is one holder's");
    assert_eq!(get_from(&gateway, "2001:db8:0:1::1", "/open/x", &[]).status, 200);
}

#[test]
fn clients_and_users_have_buckets_of_their_own_over_all_workers() {
    let gateway = house("limit-client", &[("backend", "builtin:echo")], LIMITS);
    let (shop, other) = (of_client(&gateway, "shop", "read"), of_client(&gateway, "other", "read"));
    let first = get(&gateway, "/things/1", &[&shop]);
    assert_eq!(first.header("ratelimit-policy"), Some("\"per-client\";q=2;w=3600"), "{first:?}");
    assert!(first.header("ratelimit").is_some_and(|state| state.starts_with("\"per-client\";r=1;t=")));
    // Each on a connection of its own, so that both workers meet in the bucket.
    let statuses: Vec<u16> = (0..8).map(|_| get(&gateway, "/things/1", &[&shop]).status).collect();
    assert_eq!(statuses, [200, 429, 429, 429, 429, 429, 429, 429]);
    assert_eq!(get(&gateway, "/things/1", &[&of_client(&gateway, "shop", "read")]).status, 429, "not by a new token");
    assert_eq!(get(&gateway, "/things/1", &[&other]).status, 200);
    let (ana, again) = (of_user(&gateway, "ana", "read"), of_user(&gateway, "ana", "read"));
    assert_eq!(get(&gateway, "/mine/1", &[&ana]).header("x-ratelimit-remaining"), Some("1"));
    assert_eq!(get(&gateway, "/mine/1", &[&again]).status, 200);
    assert_eq!(get(&gateway, "/mine/1", &[&ana]).status, 429);
    assert_eq!(get(&gateway, "/mine/1", &[&of_user(&gateway, "dots", "read")]).status, 200);
}

#[test]
fn an_address_is_limited_before_its_token_is_looked_at() {
    let gateway = house("limit-guess", &[("backend", "builtin:echo")], LIMITS);
    let wrong = "authorization: Bearer wrong";
    assert_eq!(get(&gateway, "/guess/1", &[wrong]).status, 401);
    let refused = get(&gateway, "/guess/1", &[wrong]);
    assert_eq!(refused.status, 429, "and so is who guesses");
    assert!(refused.header("retry-after").is_some() && refused.all("ratelimit-limit").is_empty(), "{refused:?}");
    // What one limit refused has cost nothing at another.
    let shop = of_client(&gateway, "shop", "read");
    assert_eq!(get_from(&gateway, "203.0.113.1", "/guess/1", &[&shop]).status, 200);
    assert_eq!(get_from(&gateway, "203.0.113.1", "/guess/1", &[&shop]).status, 429);
    assert_eq!(get_from(&gateway, "203.0.113.2", "/guess/1", &[&shop]).status, 200);
    assert_eq!(get_from(&gateway, "203.0.113.3", "/guess/1", &[&shop]).status, 429, "two of this client's are spent");
}

#[test]
fn so_many_at_once_and_again_when_one_has_ended() {
    let (entered, inside) = channel();
    let (leave, left) = channel::<()>();
    let left = Mutex::new(left);
    let entered = Mutex::new(entered);
    let backend = Backend::start(move |_| {
        entered.lock().expect("not poisoned").send(()).expect("the test listens");
        left.lock().expect("not poisoned").recv().expect("the test says so");
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok".to_vec()
    });
    let blocks = r#"
limits:
  at-once: { key: route, at_once: 1 }
  per-client: { key: client_id, at_once: 1 }
routes:
  - { name: narrow, path: /narrow, upstream: backend, access: public, limits: at-once }
  - { name: mine, path: /mine, upstream: backend, access: token, limits: per-client }
"#;
    let gateway = Arc::new(house("at-once", &[("backend", &backend.url())], blocks));
    let shop = of_client(&gateway, "shop", "read");
    for (path, status, error) in [("/narrow", 503, "temporarily_unavailable"), ("/mine", 429, "too_many_requests")] {
        let lines = [shop.as_str()];
        let mut first = send(clear(&gateway), &format!("GET {path} HTTP/1.1"), &lines, b"");
        inside.recv().expect("the first is with the backend");
        let refused = get(&gateway, path, &lines);
        assert_eq!((refused.status, refused.json()["error"].as_str()), (status, Some(error)), "{refused:?}");
        assert_eq!(refused.header("retry-after"), Some("1"));
        leave.send(()).expect("the backend listens");
        let mut said = Vec::new();
        first.read_to_end(&mut said).expect("the answer");
        assert_eq!(parse(&said).status, 200);
        leave.send(()).expect("the backend listens");
        assert_eq!(get(&gateway, path, &lines).status, 200, "the place is free again");
        inside.recv().expect("it was with the backend");
    }
    // A caller who leaves gives his place back as well.
    let gone = send(clear(&gateway), "GET /narrow HTTP/1.1", &[], b"");
    inside.recv().expect("it is with the backend");
    drop(gone);
    leave.send(()).expect("the backend listens");
    leave.send(()).expect("the backend listens");
    until("his place is free", || get(&gateway, "/narrow", &[]).status == 200);
}

#[test]
fn counts_survive_a_reload() {
    let gateway = house("limit-reload", &[("backend", "builtin:echo")], LIMITS);
    (0..3).for_each(|_| assert_eq!(get(&gateway, "/open/x", &[]).status, 200));
    let file = gateway.folder.path().join("gateway.yaml");
    let yaml = std::fs::read_to_string(&file).expect("the configuration");
    std::fs::File::create(&file)
        .and_then(|mut file| file.write_all(yaml.replace("/free/**", "/freed/**").as_bytes()))
        .expect("written");
    until("the new file is in force", || ask(clear(&gateway), "GET /freed/x HTTP/1.1", &[], b"").status == 200);
    assert_eq!(get(&gateway, "/open/x", &[]).status, 429);
}
