//! Bounds on connections, and what a reload does to them; how work is spread.

use std::collections::HashSet;
use std::io::Read;
use std::net::TcpStream;
use std::time::Duration;

use tollgate::snapshot::{Door, DoorLimits};

use crate::files;
use crate::house::{House, limits};
use crate::wire::Wire;

#[test]
fn one_connection_too_many_is_closed_and_the_others_live() {
    let house = House::open(vec![(Door::Clear, DoorLimits { connections: 2, ..limits() })], 2);
    let mut first = Wire::connect(house.address());
    let mut second = Wire::connect(house.address());
    assert_eq!((first.get("/1").body, second.get("/2").body), ("/1".to_owned(), "/2".to_owned()));
    let mut third = TcpStream::connect(house.address()).expect("the kernel accepts");
    third.set_read_timeout(Some(Duration::from_secs(60))).expect("a deadline");
    // Closed without a word: the end of the stream, or a reset.
    assert!(matches!(third.read(&mut [0; 8]), Ok(0) | Err(_)));
    assert_eq!(first.get("/1").body, "/1");
    house.eventually_counts(&["connection_refusals_total", "limit", " 1"]);
    drop(first);
    house.eventually("a place is free", || house.shared.doors[0].open() < 2);
    assert_eq!(Wire::connect(house.address()).get("/again").body, "/again");
}

#[test]
fn a_reload_changes_the_limits_of_the_next_connection() {
    let house = House::clear(DoorLimits { connections: 1, ..limits() });
    let mut first = Wire::connect(house.address());
    assert_eq!(first.get("/1").body, "/1");
    house.reload(|listener| listener.limits = DoorLimits { header_count: 1, ..limits() });
    let mut second = Wire::connect(house.address());
    second.send(b"GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n\r\n");
    assert_eq!(second.answer().status, 431);
    first.send(b"GET /old HTTP/1.1\r\nHost: a\r\nX: 1\r\n\r\n");
    assert_eq!(first.answer().body, "/old");
}

#[test]
fn many_headers_pass_where_the_limit_is_high() {
    let house = House::clear(DoorLimits { header_count: 500, header_bytes: 64 * 1024, ..limits() });
    let lines: String = (0..400).map(|n| format!("X-{n}: {}\r\n", "v".repeat(100))).collect();
    let request = format!("GET /many HTTP/1.1\r\nHost: a\r\n{lines}\r\n");
    assert_eq!(Wire::sending(house.address(), request.as_bytes()).answer().body, "/many");
}

#[test]
fn the_kernel_spreads_connections_over_all_workers() {
    assert!(files::most() > 1024, "both ends of every connection are here");
    let house = House::open(vec![(Door::Clear, limits())], 3);
    let mut workers = HashSet::new();
    let mut wires = Vec::new();
    for _ in 0..300 {
        let mut wire = Wire::connect(house.address());
        let facts = wire.get("/facts").body;
        workers.insert(facts.rsplit(' ').next().map(str::to_owned));
        wires.push(wire);
    }
    assert_eq!(workers.len(), 3);
}

#[test]
fn doors_are_told_apart_and_a_redirect_serves_nothing() {
    let doors = vec![(Door::Clear, limits()), (Door::Clear, limits()), (Door::Redirect(8443), limits())];
    let house = House::open(doors, 2);
    for index in 0..2 {
        let facts = Wire::connect(house.addresses[index]).get("/facts").body;
        assert!(facts.starts_with(&format!("listener={index} peer=127.0.0.1 secure=false sni=None")), "{facts}");
    }
    let served = house.served();
    let mut wire = Wire::connect(house.addresses[2]);
    let answer = wire.get("/x?y=1");
    assert_eq!(answer.status, 308);
    assert!(answer.head.contains("\r\nlocation: https://a:8443/x?y=1\r\n"), "{}", answer.head);
    wire.send(b"GET / HTTP/1.1\r\nHost: a\r\nHost: evil\r\n\r\n");
    assert_eq!(wire.answer().status, 400);
    assert!(wire.is_closed());
    assert_eq!(house.served(), served);
}
