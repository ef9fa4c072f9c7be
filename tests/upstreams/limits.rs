//! What may be under way at once, over all workers, and how long it may take in all.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crate::gateway::{Caller, counts, metric, start, until};
use crate::server::Server;
use crate::support::http::raw;

/// Callers that hold a request each at the server.
fn holding(
    gateway: &crate::support::gateway::Gateway,
    server: &Server,
    count: usize,
) -> Vec<std::thread::JoinHandle<u16>> {
    let address = gateway.address("clear");
    let held: Vec<_> =
        (0..count).map(|_| std::thread::spawn(move || Caller::at(address).get("/hold").status)).collect();
    until("they are held", || server.mood.held.load(Ordering::SeqCst) == count);
    held
}

#[test]
fn one_request_too_many_is_503_with_a_reason_and_a_time() {
    for (limits, reason) in [
        ("requests: 2", "upstream_overload"),
        ("server_requests: 2", "upstream_overload"),
        ("connections: 2, pending: 0", "upstream_pending"),
        ("server_connections: 2, pending: 0", "upstream_pending"),
        ("connections: 2", "upstream_busy"),
    ] {
        let server = Server::start("b");
        let upstream =
            format!("{{ servers: [{}], limits: {{ {limits} }}, timeouts: {{ connect: 2s }} }}", server.url());
        let gateway = start("limits", &upstream);
        let held = holding(&gateway, &server, 2);
        let got = Caller::of(&gateway).get("/x");
        assert_eq!((got.status, got.reason().as_str()), (503, reason), "{limits}");
        assert!(got.head.contains("retry-after: 1\r\n"), "{}", got.head);
        let limit = match reason {
            "upstream_overload" => "limit=\"requests\"",
            "upstream_pending" => "limit=\"pending\"",
            _ => "limit=\"connections\"",
        };
        counts(&gateway, "tollgate_upstream_overflows_total", limit, 1.0);
        server.mood.release();
        held.into_iter().for_each(|caller| assert_eq!(caller.join().expect("a caller"), 200));
        // A worker without a connection may have to ask while the other keeps both.
        until("there is room again", || Caller::of(&gateway).get("/x").status == 200);
    }
}

#[test]
fn connections_that_one_worker_keeps_do_not_starve_the_other() {
    let server = Server::start("b");
    let upstream =
        format!("{{ servers: [{}], limits: {{ connections: 1 }}, timeouts: {{ connect: 60s }} }}", server.url());
    let gateway = start("starving", &upstream);
    // Each connection of a caller may be another worker's; the one connection to the
    // server has to change hands every time it is.
    for _ in 0..20 {
        assert_eq!(Caller::of(&gateway).get("/x").status, 200);
        until("those before are closed", || server.mood.open.load(Ordering::SeqCst) <= 1);
    }
}

#[test]
fn an_idle_connection_of_another_worker_refuses_no_request_where_nobody_may_wait() {
    for bound in ["connections: 1", "server_connections: 1"] {
        let server = Server::start("b");
        let upstream = format!("{{ servers: [{}], limits: {{ {bound}, pending: 0 }} }}", server.url());
        let gateway = start("no-pending", &upstream);
        // Every caller's connection may be the other worker's, which has none to the server.
        for turn in 0..30 {
            assert_eq!(Caller::of(&gateway).get("/x").status, 200, "{bound}, {turn}");
        }
        assert_eq!(metric(&gateway, "tollgate_upstream_overflows_total", "limit=\"pending\""), Some(0.0));
        // One that carries a request is no such thing.
        let held = holding(&gateway, &server, 1);
        assert_eq!(Caller::of(&gateway).get("/x").reason(), "upstream_pending", "{bound}");
        server.mood.release();
        held.into_iter().for_each(|caller| assert_eq!(caller.join().expect("a caller"), 200));
    }
}

#[test]
fn a_full_server_leaves_its_requests_to_the_others() {
    let (one, other) = (Server::start("one"), Server::start("other"));
    let upstream = format!(
        "{{ servers: [{}, {}], balance: round-robin, limits: {{ server_requests: 1 }} }}",
        one.url(),
        other.url()
    );
    let gateway = start("spilling", &upstream);
    let address = gateway.address("clear");
    let held = std::thread::spawn(move || Caller::at(address).get("/hold").body);
    until("it is held", || one.mood.held.load(Ordering::SeqCst) + other.mood.held.load(Ordering::SeqCst) == 1);
    let free = if one.mood.held.load(Ordering::SeqCst) == 1 { "other" } else { "one" };
    let mut caller = Caller::of(&gateway);
    assert!((0..10).all(|_| caller.get("/x").body == free));
    one.mood.release();
    other.mood.release();
    assert_ne!(held.join().expect("a caller"), free);
}

#[test]
fn a_whole_exchange_has_an_end() {
    let server = Server::start("b");
    let gateway = start("total", &format!("{{ servers: [{}], timeouts: {{ total: 2s }} }}", server.url()));
    let got = Caller::of(&gateway).get("/hold");
    assert_eq!((got.status, got.reason().as_str()), (504, "upstream_total_timeout"));
    server.mood.release();
    // Bytes that keep coming do not put the end off, and what was cut does not look whole.
    let began = Instant::now();
    let got = raw(gateway.address("clear"), b"GET /trickle HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
    assert!(got.starts_with("HTTP/1.1 200") && !got.ends_with("0\r\n\r\n"), "{got}");
    assert!(began.elapsed() > Duration::from_millis(1900), "{:?}", began.elapsed());
    counts(&gateway, "tollgate_upstream_requests_total", "result=\"timeout\"", 2.0);
}
