//! Active checks take a server out and bring it back, whatever its requests say.

use std::sync::atomic::Ordering;

use crate::gateway::{Caller, counts, is_up, metric, start, until};
use crate::server::Server;

#[test]
fn a_check_that_flips_moves_the_traffic() {
    let (one, other) = (Server::start("one"), Server::start("other"));
    let health = "health: { path: /healthz, every: 100ms, healthy_after: 2, unhealthy_after: 2 }";
    let upstream = format!("{{ servers: [{}, {}], balance: round-robin, {health} }}", one.url(), other.url());
    let gateway = start("health", &upstream);
    let mut caller = Caller::of(&gateway);
    let bodies = |caller: &mut Caller| (0..10).map(|_| caller.get("/x").body).collect::<Vec<_>>();
    until("both were checked", || [&one, &other].iter().all(|s| s.mood.checks.load(Ordering::SeqCst) > 0));
    let both = bodies(&mut caller);
    assert!(both.contains(&"one".to_owned()) && both.contains(&"other".to_owned()), "{both:?}");

    one.mood.health.store(503, Ordering::SeqCst);
    until("it is down", || !is_up(&gateway, one.address));
    assert_eq!(bodies(&mut caller), vec!["other"; 10]);
    let label = format!("result=\"error\",server=\"{}\"", one.address);
    let bad = || metric(&gateway, "tollgate_upstream_health_checks_total", &label);
    until("two bad ones", || bad().is_some_and(|bad| bad >= 2.0));
    gateway.says("status 503");

    one.mood.health.store(204, Ordering::SeqCst);
    until("it is up", || is_up(&gateway, one.address));
    assert!(bodies(&mut caller).contains(&"one".to_owned()));
    gateway.says("a server is up");
}

#[test]
fn when_all_are_down_they_are_tried_or_refused_as_the_file_says() {
    let server = Server::start("only");
    server.mood.health.store(500, Ordering::SeqCst);
    let upstream = |word: &str| {
        format!("{{ servers: [{}], health: {{ path: /healthz, every: 100ms, all_down: {word} }} }}", server.url())
    };
    let trying = start("trying", &upstream("try"));
    until("it is down", || !is_up(&trying, server.address));
    assert_eq!(Caller::of(&trying).get("/x").status, 200);

    let refusing = start("refusing", &upstream("refuse"));
    until("it is down", || !is_up(&refusing, server.address));
    let got = Caller::of(&refusing).get("/x");
    assert_eq!((got.status, got.reason().as_str()), (503, "upstream_down"));
    assert!(got.head.contains("retry-after: 1"), "{}", got.head);
    counts(&refusing, "tollgate_upstream_requests_total", "result=\"refused\"", 1.0);
}

#[test]
fn a_server_that_takes_no_connection_fails_a_check_without_a_path() {
    let (mut one, other) = (Server::start("one"), Server::start("other"));
    let upstream =
        format!("{{ servers: [{}, {}], health: {{ every: 100ms, unhealthy_after: 1 }} }}", one.url(), other.url());
    let gateway = start("connecting", &upstream);
    until("both were checked", || {
        let checks = |server: &Server| {
            let label = format!("result=\"ok\",server=\"{}\"", server.address);
            metric(&gateway, "tollgate_upstream_health_checks_total", &label).is_some()
        };
        checks(&one) && checks(&other)
    });
    one.kill();
    until("it is down", || !is_up(&gateway, one.address));
    let mut caller = Caller::of(&gateway);
    assert!((0..10).all(|_| caller.get("/x").body == "other"));
    assert_eq!(
        metric(&gateway, "tollgate_upstream_connects_total", "result=\"error\""),
        Some(0.0),
        "no request found out"
    );
}
