//! A reload while servers work: who is taken out finishes what he has, who stays keeps
//! his connections and his standing.

use std::sync::atomic::Ordering;

use crate::gateway::{Caller, is_up, metric, rewrite, start, start_in, until};
use crate::server::{Mood, Server, serve_unix};
use crate::support::gateway::Folder;

#[test]
fn a_server_that_is_taken_out_is_drained() {
    let (old, new) = (Server::start("old"), Server::start("new"));
    let gateway = start("draining", &format!("{{ servers: [{}] }}", old.url()));
    let address = gateway.address("clear");
    assert_eq!(Caller::of(&gateway).get("/x").body, "old");
    let held = std::thread::spawn(move || Caller::at(address).get("/hold"));
    until("it is held", || old.mood.held.load(Ordering::SeqCst) == 1);
    rewrite(&gateway, &format!("{{ servers: [{}] }}", new.url()));
    until("new requests go to the new server", || Caller::of(&gateway).get("/x").body == "new");
    let before = old.mood.hits();
    (0..10).for_each(|_| assert_eq!(Caller::of(&gateway).get("/x").body, "new"));
    assert_eq!(old.mood.hits(), before);
    old.mood.release();
    let got = held.join().expect("a caller");
    assert_eq!((got.status, got.body.as_str()), (200, "old"), "what was under way is finished");
    until("its connections are closed", || old.mood.open.load(Ordering::SeqCst) == 0);
    assert!(!is_up(&gateway, old.address), "it has no series any more");
}

#[test]
fn standing_and_connections_survive_a_reload() {
    let (bad, good) = (Server::start("bad"), Server::start("good"));
    bad.mood.status.store(500, Ordering::SeqCst);
    let upstream = |slow: &str| {
        let eject = "eject: { failures: 1, on: [500], for: 10m, longest: 1h }";
        format!("{{ servers: [{}, {}], balance: round-robin, {eject}, slow_start: {slow} }}", bad.url(), good.url())
    };
    let gateway = start("surviving", &upstream("1s"));
    let mut caller = Caller::of(&gateway);
    (0..4).for_each(|_| drop(caller.get("/x")));
    assert!(!is_up(&gateway, bad.address));
    let hits = bad.mood.hits();
    let connects = metric(&gateway, "tollgate_upstream_connects_total", "result=\"ok\"");
    rewrite(&gateway, &upstream("2s"));
    until("the reload", || metric(&gateway, "tollgate_config_reloads_total", "result=\"ok\"") == Some(1.0));
    assert!((0..20).all(|_| caller.get("/x").body == "good"));
    assert!(!is_up(&gateway, bad.address), "it is still ejected");
    assert_eq!(bad.mood.hits(), hits);
    let after = metric(&gateway, "tollgate_upstream_connects_total", "result=\"ok\"");
    assert_eq!(after, connects, "kept connections were used on");
}

#[test]
fn a_socket_in_the_file_system_is_a_server() {
    let folder = Folder::new("unix");
    let path = folder.path().join("b.sock");
    let mood = Mood::new("unix");
    serve_unix(&path, std::sync::Arc::clone(&mood));
    let health = "health: { path: /healthz, every: 100ms }";
    let gateway = start_in(folder, &format!("{{ servers: [\"unix:{}\"], {health} }}", path.display()));
    let mut caller = Caller::of(&gateway);
    assert!((0..5).all(|_| caller.get("/x").body == "unix"));
    until("it is checked", || mood.checks.load(Ordering::SeqCst) > 0);
    assert_eq!(metric(&gateway, "tollgate_upstream_up", "server=\"unix:"), Some(1.0));
    let missing = start("unix-missing", "{ servers: [\"unix:/nowhere/b.sock\"] }");
    assert_eq!(Caller::of(&missing).get("/x").reason(), "upstream_connect");
}

#[test]
fn names_are_looked_up_before_the_first_request() {
    let server = Server::start("named");
    let port = server.address.port();
    let gateway = start("names", &format!("{{ servers: [\"http://localhost:{port}\"] }}"));
    assert_eq!(Caller::of(&gateway).get("/x").body, "named");
    assert!(metric(&gateway, "tollgate_upstream_name_lookups_total", "result=\"ok\"").is_some_and(|ok| ok >= 1.0));
    let unknown = start("names-unknown", "{ servers: [\"http://no-such-host.invalid\"] }");
    let got = Caller::of(&unknown).get("/x");
    assert_eq!((got.status, got.reason().as_str()), (503, "upstream_unresolved"));
    unknown.says("could not be looked up");
}
