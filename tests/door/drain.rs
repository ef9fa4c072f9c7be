//! The end: doors close, what is in flight is finished, what is idle is let go, and
//! time or hurry cuts the rest.

use std::future::{pending, ready};
use std::net::TcpStream;
use std::time::Duration;

use tollgate::edge::worker::crew::Drained;

use crate::house::{House, LONG, limits};
use crate::wire::Wire;

#[test]
fn requests_in_flight_are_finished_and_idle_connections_let_go() {
    let house = House::clear(limits());
    let (address, desk) = (house.address(), std::sync::Arc::clone(&house.desk));
    let mut idle = Wire::connect(address);
    assert_eq!(idle.get("/idle").body, "/idle");
    let mut fresh = Wire::connect(address);
    let mut half = Wire::sending(address, b"GET /half HTTP/1.1\r\nHo");
    let mut held = Wire::sending(address, b"GET /hold HTTP/1.1\r\nHost: a\r\n\r\n");
    house.wait_for_held();
    let draining = house.drain(LONG, pending());
    assert!(idle.is_closed());
    assert!(fresh.is_closed());
    half.send(b"st: a\r\n\r\n");
    let answer = half.answer();
    assert_eq!(answer.body, "/half");
    assert!(answer.head.contains("connection: close"));
    assert!(half.is_closed());
    assert!(!draining.is_over());
    desk.release.add_permits(1);
    let answer = held.answer();
    assert_eq!(answer.body, "held");
    assert!(answer.head.contains("connection: close"));
    assert!(held.is_closed());
    assert_eq!(draining.outcome(), Drained::Graceful);
    assert!(TcpStream::connect(address).is_err(), "the door is still open");
}

#[test]
fn connections_in_the_queue_are_served_before_the_door_closes() {
    let house = House::clear(limits());
    let address = house.address();
    // More than the worker accepts before it hears of the drain.
    let mut queued: Vec<_> = (0..200).map(|_| Wire::sending(address, b"GET /q HTTP/1.1\r\nHost: a\r\n\r\n")).collect();
    let draining = house.drain(LONG, pending());
    for wire in &mut queued {
        assert_eq!(wire.answer().body, "/q");
    }
    assert_eq!(draining.outcome(), Drained::Graceful);
}

#[test]
fn after_the_time_the_rest_is_cut() {
    let house = House::clear(limits());
    let mut held = Wire::sending(house.address(), b"GET /hold HTTP/1.1\r\nHost: a\r\n\r\n");
    house.wait_for_held();
    let draining = house.drain(Duration::from_millis(50), pending());
    assert_eq!(draining.outcome(), Drained::Cut(1));
    assert!(held.rest().is_empty());
}

#[test]
fn hurry_cuts_at_once() {
    let house = House::clear(limits());
    let mut held = Wire::sending(house.address(), b"GET /hold HTTP/1.1\r\nHost: a\r\n\r\n");
    house.wait_for_held();
    assert_eq!(house.drain(LONG, ready(())).outcome(), Drained::Cut(1));
    assert!(held.rest().is_empty());
}

#[test]
fn with_nobody_there_it_is_over_at_once() {
    let house = House::open(vec![(tollgate::snapshot::Door::Clear, limits())], 3);
    assert_eq!(house.drain(LONG, pending()).outcome(), Drained::Graceful);
}
