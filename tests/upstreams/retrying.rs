//! What is sent again, and that a storm of it is stopped: counted at the servers.

use std::sync::atomic::Ordering;

use crate::gateway::{Caller, counts, metric, start};
use crate::server::Server;

#[test]
fn only_what_was_asked_for_and_is_safe_is_sent_again() {
    let (bad, good) = (Server::start("bad"), Server::start("good"));
    bad.mood.status.store(503, Ordering::SeqCst);
    let upstream = |retry: &str| {
        format!("{{ servers: [{}, {}], balance: round-robin, eject: off, retry: {retry} }}", bad.url(), good.url())
    };
    let statuses = |name: &str, retry: &str, method: &str, lines: &str| {
        let gateway = start(name, &upstream(retry));
        let mut caller = Caller::of(&gateway);
        let mut statuses: Vec<u16> = (0..4).map(|_| caller.ask(method, "/x", lines).status).collect();
        statuses.sort_unstable();
        statuses
    };
    let asked = "{ on: [503] }";
    assert_eq!(statuses("asked", asked, "GET", ""), [200; 4]);
    assert_eq!(statuses("put", asked, "PUT", "content-length: 0\r\n"), [200; 4]);
    assert_eq!(statuses("post", asked, "POST", "content-length: 0\r\n"), [200, 200, 503, 503]);
    assert_eq!(statuses("not-asked", "{ on: [502, reset] }", "GET", ""), [200, 200, 503, 503]);
    assert_eq!(statuses("off", "off", "GET", ""), [200, 200, 503, 503]);
    bad.mood.status.store(0, Ordering::SeqCst);
    assert_eq!(statuses("reset", "{ attempts: 1 }", "GET", ""), [200; 4]);
    assert_eq!(statuses("reset-post", "{ attempts: 1 }", "POST", "content-length: 0\r\n"), [200, 200, 502, 502]);
}

#[test]
fn a_storm_of_retries_ends_at_the_budget() {
    let servers = ["one", "two"].map(Server::start);
    servers.iter().for_each(|server| server.mood.status.store(503, Ordering::SeqCst));
    let retry = "retry: { attempts: 5, on: [503], budget: { share: 10%, per_second: 0 } }";
    let list = servers.each_ref().map(Server::url).join(", ");
    let gateway = start("storm", &format!("{{ servers: [{list}], eject: off, {retry} }}"));
    let mut caller = Caller::of(&gateway);
    let requests = 300;
    for _ in 0..requests {
        let got = caller.get("/x");
        assert_eq!(got.status, 503);
    }
    let hits: usize = servers.iter().map(|server| server.mood.hits()).sum();
    assert!((requests + 10..=requests + requests / 10).contains(&hits), "{hits} for {requests}");
    let label = "upstream=\"b\"";
    counts(&gateway, "tollgate_upstream_retries_total", label, (hits - requests) as f64);
    let exhausted = metric(&gateway, "tollgate_upstream_retry_budget_exhausted_total", label);
    assert!(exhausted.is_some_and(|count| count >= 200.0), "{exhausted:?}");
}

#[test]
fn a_dead_server_costs_even_a_post_nothing() {
    let (mut dead, good) = (Server::start("dead"), Server::start("good"));
    dead.kill();
    let gateway = start("dead", &format!("{{ servers: [{}, {}] }}", dead.url(), good.url()));
    let mut caller = Caller::of(&gateway);
    for _ in 0..20 {
        assert_eq!(caller.ask("POST", "/x", "content-length: 0\r\n").body, "good");
    }
    let alone = start("dead-alone", &format!("{{ servers: [{}] }}", dead.url()));
    let got = Caller::of(&alone).get("/x");
    assert_eq!((got.status, got.reason().as_str()), (502, "upstream_connect"));
}
