//! A server that dies under load costs nobody a request that may be repeated, and takes
//! its part again when it is back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::gateway::{Caller, is_up, metric, start, until};
use crate::server::Server;

const CALLERS: usize = 8;

#[test]
fn one_of_three_dies_under_load_and_no_request_fails() {
    let mut servers: Vec<Server> = ["one", "two", "three"].map(Server::start).into();
    let list: Vec<String> = servers.iter().map(Server::url).collect();
    let gateway = start("killing", &format!("{{ servers: [{}] }}", list.join(", ")));
    let address = gateway.address("clear");
    let (over, done) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let callers: Vec<_> = (0..CALLERS)
        .map(|_| {
            let (over, done) = (Arc::clone(&over), Arc::clone(&done));
            std::thread::spawn(move || {
                let mut caller = Caller::at(address);
                let mut failed = Vec::new();
                while !over.load(Ordering::SeqCst) {
                    let got = caller.get("/x");
                    done.fetch_add(1, Ordering::SeqCst);
                    if got.status != 200 {
                        failed.push(got);
                    }
                }
                failed
            })
        })
        .collect();
    let more = |count: usize| {
        let from = done.load(Ordering::SeqCst);
        until("requests go on", || done.load(Ordering::SeqCst) >= from + count);
    };
    more(300);
    let mut dead = servers.remove(0);
    let dead_address = dead.address;
    assert!(dead.mood.hits() > 0, "it had a part in it");
    dead.kill();
    more(600);
    // Between two rests it is tried, and up for as long as that takes.
    until("it is passed over", || !is_up(&gateway, dead_address));
    let before = dead.mood.hits();
    let back = dead.revive();
    until("it takes its part again", || back.mood.hits() > before + 20);
    over.store(true, Ordering::SeqCst);
    let failed: Vec<_> = callers.into_iter().flat_map(|caller| caller.join().expect("a caller")).collect();
    assert!(failed.is_empty(), "{} of {} failed: {failed:?}", failed.len(), done.load(Ordering::SeqCst));
    assert!(metric(&gateway, "tollgate_upstream_retries_total", "").is_some_and(|retries| retries > 0.0));
    gateway.says("takes no connection");
}

#[test]
fn weights_are_respected() {
    let (light, heavy) = (Server::start("light"), Server::start("heavy"));
    let servers = format!("{}, {{ url: \"{}\", weight: 3 }}", light.url(), heavy.url());
    let gateway = start("weights", &format!("{{ servers: [{servers}], balance: round-robin }}"));
    // Workers take turns of their own, and a caller's connection stays with one.
    for _ in 0..4 {
        let mut caller = Caller::of(&gateway);
        (0..40).for_each(|_| assert_eq!(caller.get("/x").status, 200));
    }
    let (light, heavy) = (light.mood.hits(), heavy.mood.hits());
    assert!(light + heavy == 160 && light.abs_diff(40) <= 4, "{light} and {heavy}");
}
