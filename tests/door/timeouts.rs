//! Waits with small limits. What must end is waited for with a long patience; what
//! must not end early is shown by an exchange that takes longer than the limit, made again
//! where the machine gave its caller a pause (`support/pace.rs`).

use std::time::{Duration, Instant};

use tollgate::snapshot::DoorLimits;

use crate::house::{House, limits};
use crate::pace::undisturbed;
use crate::wire::Wire;

const SHORT: Duration = Duration::from_millis(150);

/// Lets `span` pass, busy with requests on a connection of its own; `step` runs
/// after each.
fn pass_time(house: &House, span: Duration, mut step: impl FnMut()) {
    let begun = Instant::now();
    let mut other = Wire::connect(house.address());
    while begun.elapsed() < span {
        assert_eq!(other.get("/other").status, 200);
        step();
    }
}

#[test]
fn half_a_head_is_answered_408() {
    undisturbed(SHORT, || {
        let house = House::clear(DoorLimits { header_timeout: SHORT, ..limits() });
        let begun = Instant::now();
        let mut wire = Wire::sending(house.address(), b"GET / HTTP/1.1\r\nHost: a\r\nX:");
        let answer = wire.answer();
        assert_eq!((answer.status, answer.body.as_str()), (408, "head_timeout"));
        assert!(begun.elapsed() >= SHORT);
        assert!(wire.is_closed());
        assert_eq!(house.served(), 0);
    });
}

#[test]
fn a_head_that_trickles_gets_no_more_time() {
    undisturbed(SHORT, || {
        let house = House::clear(DoorLimits { header_timeout: SHORT, ..limits() });
        let mut wire = Wire::sending(house.address(), b"GET / HTTP/1.1\r\nHost: a\r\nX:");
        // When its time is over the other side reads no more.
        pass_time(&house, SHORT * 3, || {
            wire.say(b"y");
        });
        assert_eq!(wire.answer().body, "head_timeout");
    });
}

#[test]
fn the_time_for_a_head_begins_anew_with_each() {
    undisturbed(SHORT, || {
        let house = House::clear(DoorLimits { header_timeout: SHORT, ..limits() });
        let mut wire = Wire::sending(house.address(), b"GET /1 HTTP/1.1\r\n");
        wire.send(b"Host: a\r\n\r\n");
        assert_eq!(wire.answer().body, "/1");
        pass_time(&house, SHORT * 3, || {});
        wire.send(b"GET /2 HTTP/1.1\r\n");
        wire.send(b"Host: a\r\n\r\n");
        assert_eq!(wire.answer().body, "/2");
        wire.send(b"G");
        assert_eq!(wire.answer().status, 408);
    });
}

#[test]
fn an_idle_connection_is_closed_without_a_word() {
    undisturbed(SHORT, || {
        let house = House::clear(DoorLimits { idle_timeout: SHORT, ..limits() });
        let begun = Instant::now();
        assert!(Wire::connect(house.address()).is_closed());
        assert!(begun.elapsed() >= SHORT);
        let mut wire = Wire::connect(house.address());
        assert_eq!(wire.get("/once").body, "/once");
        assert!(wire.is_closed());
    });
}

#[test]
fn a_request_that_takes_long_is_not_idleness() {
    undisturbed(SHORT, || {
        let house =
            House::clear(DoorLimits { idle_timeout: SHORT, header_timeout: SHORT, body_timeout: SHORT, ..limits() });
        let mut wire = Wire::sending(house.address(), b"GET /hold HTTP/1.1\r\nHost: a\r\n\r\n");
        house.wait_for_held();
        pass_time(&house, SHORT * 4, || {});
        house.desk.release.add_permits(1);
        assert_eq!(wire.answer().body, "held");
        assert_eq!(wire.get("/still").body, "/still");
        assert!(wire.is_closed());
    });
}

#[test]
fn a_body_that_stops_is_answered_408() {
    let house = House::clear(DoorLimits { body_timeout: SHORT, ..limits() });
    let heads = ["Content-Length: 5\r\n\r\nab", "Transfer-Encoding: chunked\r\n\r\n5\r\nab"];
    for head in heads {
        let request = format!("POST /echo HTTP/1.1\r\nHost: a\r\n{head}");
        let mut wire = Wire::sending(house.address(), request.as_bytes());
        let answer = wire.answer();
        assert_eq!((answer.status, answer.body.as_str()), (408, "body_timeout"), "{head:?}");
        assert!(wire.is_closed(), "{head:?}");
    }
}

#[test]
fn a_slow_body_that_goes_on_arrives() {
    undisturbed(SHORT * 4, || {
        let house = House::clear(DoorLimits { body_timeout: SHORT * 4, ..limits() });
        let mut wire =
            Wire::sending(house.address(), b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
        let mut sent = 0;
        pass_time(&house, SHORT * 10, || {
            wire.send(b"1\r\na\r\n");
            sent += 1;
        });
        wire.send(b"0\r\n\r\n");
        assert_eq!(wire.answer().body.len(), sent);
    });
}

#[test]
fn a_body_that_trickles_below_the_rate_is_answered_408() {
    undisturbed(SHORT * 4, || {
        let house = House::clear(DoorLimits { body_timeout: SHORT * 4, body_rate: 1 << 20, ..limits() });
        let head = b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
        let mut wire = Wire::sending(house.address(), head);
        let begun = Instant::now();
        let mut other = Wire::connect(house.address());
        // Each piece comes long before the time-out between two; the whole is too slow.
        let answer = loop {
            assert!(begun.elapsed() < Duration::from_secs(60), "it goes on for ever");
            assert_eq!(other.get("/other").status, 200);
            if wire.has_answer() {
                break wire.answer();
            }
            wire.send(b"1\r\na\r\n");
        };
        assert_eq!((answer.status, answer.body.as_str()), (408, "body_too_slow"));
        assert!(begun.elapsed() >= SHORT * 4, "the grace");
    });
}

#[test]
fn a_caller_who_stops_reading_is_dropped() {
    let house = House::clear(DoorLimits { body_timeout: SHORT, ..limits() });
    let mut wire = Wire::sending(house.address(), b"GET /big HTTP/1.1\r\nHost: a\r\n\r\n");
    let begun = Instant::now();
    house.eventually("the request is served", || house.served() == 1);
    house.eventually("the connection is closed", || house.shared.doors[0].open() == 0);
    assert!(begun.elapsed() >= SHORT);
    assert!(wire.rest_until_broken() < 32 * 1024 * 1024);
}
