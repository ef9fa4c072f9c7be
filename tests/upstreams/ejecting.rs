//! A server whose requests fail is passed over, comes back, and begins slowly.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crate::gateway::{Caller, counts, is_up, start, until};
use crate::server::Server;
use crate::support::pace::{note, undisturbed};

/// How long a server rests that was ejected.
const REST: Duration = Duration::from_secs(2);

#[test]
fn a_failing_server_is_ejected_and_returns_when_its_time_is_over() {
    undisturbed(REST, ejected_and_back);
}

fn ejected_and_back() {
    let (bad, good) = (Server::start("bad"), Server::start("good"));
    let eject = "eject: { failures: 3, on: [500], for: 2s, longest: 2s }";
    let upstream = format!("{{ servers: [{}, {}], balance: round-robin, {eject} }}", bad.url(), good.url());
    let gateway = start("ejecting", &upstream);
    let mut caller = Caller::of(&gateway);
    bad.mood.status.store(500, Ordering::SeqCst);
    let begun = Instant::now();
    let statuses: Vec<u16> = (0..20).map(|_| caller.get("/x").status).collect();
    let up = (is_up(&gateway, bad.address), is_up(&gateway, good.address));
    note(begun.elapsed());
    assert_eq!(statuses.iter().filter(|status| **status == 500).count(), 3, "{statuses:?}");
    assert_eq!(up, (false, true));
    counts(&gateway, "tollgate_upstream_ejections_total", &format!("server=\"{}\"", bad.address), 1.0);
    gateway.says("a server is ejected");

    bad.mood.status.store(200, Ordering::SeqCst);
    let before = bad.mood.hits();
    until("it is asked again", || {
        assert_eq!(Caller::of(&gateway).get("/x").status, 200);
        bad.mood.hits() > before
    });
    until("it is up", || is_up(&gateway, bad.address));
}

#[test]
fn the_last_server_is_asked_whatever_it_answers() {
    let server = Server::start("only");
    server.mood.status.store(503, Ordering::SeqCst);
    let gateway = start("alone", &format!("{{ servers: [{}], eject: {{ failures: 1 }} }}", server.url()));
    let mut caller = Caller::of(&gateway);
    for _ in 0..10 {
        let got = caller.get("/x");
        assert_eq!((got.status, got.body.as_str()), (503, "only"), "its own answer passes");
    }
    assert_eq!(server.mood.hits(), 10);
}

#[test]
fn a_server_that_comes_back_begins_slowly() {
    let (one, other) = (Server::start("one"), Server::start("other"));
    one.mood.health.store(500, Ordering::SeqCst);
    let health = "health: { path: /healthz, every: 100ms, healthy_after: 1 }, slow_start: 10m";
    let upstream = format!("{{ servers: [{}, {}], balance: round-robin, {health} }}", one.url(), other.url());
    let gateway = start("slow-start", &upstream);
    until("it is down", || !is_up(&gateway, one.address));
    one.mood.health.store(200, Ordering::SeqCst);
    until("it is up", || is_up(&gateway, one.address));
    let mut caller = Caller::of(&gateway);
    let before = one.mood.hits();
    (0..110).for_each(|_| assert_eq!(caller.get("/x").status, 200));
    let share = one.mood.hits() - before;
    // A tenth of its weight beside the whole of the other's: ten of a hundred and ten.
    assert!((5..=25).contains(&share), "{share}");
}
