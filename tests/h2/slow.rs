//! Bodies that trickle or stop: each stream is timed by itself, the others and the
//! connection live on, and a gRPC call, which may be silent rightly, is not hurried.

use std::time::{Duration, Instant};

use crate::gateway;
use crate::wire::{DATA, END_HEADERS, END_STREAM, HEADERS, Said, Wire, frame, get, request};

/// Bodies may pause for a second, and are to bring a mebibyte in one on average: what
/// trickles is late soon after the first second of waiting.
const LIMITS: &str = ", limits: { body: 1s, body_rate: 1MiB }";

const GRPC: &[(&str, &str)] = &[("content-type", "application/grpc"), ("te", "trailers")];

/// What is said of a stream until its answer's head comes; bytes of `trickle` go out
/// meanwhile, one piece at each look.
fn status_of(wire: &mut Wire, stream: u32, mut trickle: impl FnMut(&mut Wire)) -> String {
    let began = Instant::now();
    wire.be_patient_for(Duration::from_millis(20));
    loop {
        assert!(began.elapsed() < Duration::from_secs(60), "it goes on for ever");
        match wire.hear() {
            Said::Head { stream: of, fields, .. } if of == stream => return fields[0].1.clone(),
            Said::Closed | Said::Goaway { .. } => panic!("the connection ended"),
            Said::Nothing => trickle(wire),
            _ => {}
        }
    }
}

fn open(wire: &mut Wire, stream: u32, more: &[(&str, &str)]) {
    wire.say(&frame(HEADERS, END_HEADERS, stream, request("POST", more)));
}

/// The connection still serves.
fn serves(wire: &mut Wire, stream: u32) {
    wire.say(&frame(HEADERS, END_HEADERS | END_STREAM, stream, get(&[])));
    assert_eq!(status_of(wire, stream, |_| {}), "200");
}

#[test]
fn a_body_that_trickles_is_ended_and_a_call_that_does_is_not() {
    let gateway = gateway("h2-trickle", LIMITS);
    let mut wire = Wire::greeted(gateway.address("public"), &[]);
    open(&mut wire, 1, &[]);
    open(&mut wire, 3, GRPC);
    // A gRPC message of a hundred kilobytes, which comes byte by byte too.
    wire.say(&frame(DATA, 0, 3, [0, 0, 1, 0x86, 0xA0]));
    let status = status_of(&mut wire, 1, |wire| {
        wire.say(&frame(DATA, 0, 1, b"x"));
        wire.say(&frame(DATA, 0, 3, b"x"));
    });
    assert_eq!(status, "408");
    wire.say(&frame(DATA, END_STREAM, 3, b"x"));
    assert_eq!(status_of(&mut wire, 3, |_| {}), "200", "the call was not hurried");
    serves(&mut wire, 5);
}

#[test]
fn a_body_that_stops_is_ended_and_a_call_that_does_is_not() {
    let gateway = gateway("h2-pause", LIMITS);
    let mut wire = Wire::greeted(gateway.address("public"), &[]);
    open(&mut wire, 1, &[]);
    open(&mut wire, 3, GRPC);
    for stream in [1, 3] {
        wire.say(&frame(DATA, 0, stream, b"\0\0\0\0\x01"));
    }
    assert_eq!(status_of(&mut wire, 1, |_| {}), "408");
    // The call was silent for as long.
    wire.say(&frame(DATA, END_STREAM, 3, b"x"));
    assert_eq!(status_of(&mut wire, 3, |_| {}), "200");
    serves(&mut wire, 5);
}

#[test]
fn a_fast_body_is_never_too_slow_however_long_it_is() {
    // A machine that is busy with others must still let this caller be faster than that.
    let gateway = gateway("h2-fast", ", limits: { body: 2s, body_rate: 64KiB }");
    let mut wire = Wire::greeted(gateway.address("public"), &[]);
    open(&mut wire, 1, &[]);
    let began = Instant::now();
    let mut sent = 0_usize;
    wire.be_patient_for(Duration::from_millis(1));
    // Well beyond the grace, at more than the rate, within what the window allows.
    while began.elapsed() < Duration::from_secs(4) || sent < 3 << 20 {
        wire.say(&frame(DATA, 0, 1, [7; 8192]));
        sent += 8192;
        match wire.hear() {
            Said::Nothing | Said::Window | Said::Pong(_) | Said::Ping(_) => {}
            other => panic!("{other:?} after {sent} bytes"),
        }
    }
    wire.say(&frame(DATA, END_STREAM, 1, []));
    assert_eq!(status_of(&mut wire, 1, |_| {}), "200");
}
