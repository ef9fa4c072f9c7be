//! RFC 9113 §5: the states of a stream, their numbers, how many there may be, priorities,
//! what becomes of errors, and extensions.

use crate::case::{CLOSED, Case, Expect, FRAME_SIZE, PROTOCOL, REFUSED, STREAM_CLOSED, case};
use crate::gateway;
use crate::wire::{
    CONTINUATION, DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, PING, PRIORITIZED, PRIORITY, RST_STREAM, Said,
    WINDOW_UPDATE, Wire, frame, get, request,
};

const WHOLE: u8 = END_HEADERS | END_STREAM;

fn ask(stream: u32) -> Vec<u8> {
    frame(HEADERS, WHOLE, stream, get(&[]))
}

fn open(stream: u32) -> Vec<u8> {
    frame(HEADERS, END_HEADERS, stream, request("POST", &[]))
}

fn reset(stream: u32) -> Vec<u8> {
    frame(RST_STREAM, 0, stream, 8_u32.to_be_bytes())
}

fn data(stream: u32) -> Vec<u8> {
    frame(DATA, END_STREAM, stream, b"test")
}

fn window(stream: u32) -> Vec<u8> {
    frame(WINDOW_UPDATE, 0, stream, 100_u32.to_be_bytes())
}

fn priority(stream: u32, on: u32) -> Vec<u8> {
    frame(PRIORITY, 0, stream, [&on.to_be_bytes()[..], &[255]].concat())
}

fn go_on(stream: u32) -> Vec<u8> {
    frame(CONTINUATION, END_HEADERS, stream, get(&[]))
}

pub fn cases() -> Vec<Case> {
    let answered = Expect::Answer(1, "200", "\"/hello\"");
    [states(), rest()].concat().into_iter().chain(allowed(&answered)).collect()
}

/// What each state refuses (§5.1).
fn states() -> Vec<Case> {
    let answered = || case("", [ask(1)], Expect::Answer(1, "200", "\"/hello\""));
    let after = |name, frames: Vec<u8>, expect| answered().send(frames).hear(expect).named(name);
    vec![
        case("5.1 idle: DATA", [data(1)], Expect::Goaway(&[PROTOCOL, STREAM_CLOSED])),
        case("5.1 idle: RST_STREAM", [reset(1)], Expect::Goaway(&[PROTOCOL])),
        case("5.1 idle: WINDOW_UPDATE", [window(1)], Expect::Goaway(&[PROTOCOL])),
        case("5.1 idle: CONTINUATION", [go_on(1)], Expect::Goaway(&[PROTOCOL])),
        case("5.1 half-closed (remote): DATA", [ask(1), data(1)], Expect::Reset(1, CLOSED)),
        case("5.1 half-closed (remote): HEADERS", [ask(1), ask(1)], Expect::Reset(1, CLOSED)),
        case("5.1 half-closed (remote): CONTINUATION", [ask(1), go_on(1)], Expect::Goaway(&[PROTOCOL, STREAM_CLOSED])),
        case("5.1 closed by RST_STREAM: DATA", [open(1), reset(1), data(1)], Expect::Reset(1, &[STREAM_CLOSED])),
        case("5.1 closed by RST_STREAM: HEADERS", [open(1), reset(1), ask(1)], Expect::Reset(1, CLOSED)),
        case(
            "5.1 closed by RST_STREAM: CONTINUATION",
            [open(1), reset(1), go_on(1)],
            Expect::Goaway(&[PROTOCOL, STREAM_CLOSED]),
        ),
        after("5.1 closed: DATA", data(1), Expect::Reset(1, &[STREAM_CLOSED])),
        after("5.1 closed: HEADERS", ask(1), Expect::Reset(1, &[STREAM_CLOSED, PROTOCOL])),
        after("5.1 closed: CONTINUATION", go_on(1), Expect::Goaway(&[PROTOCOL, STREAM_CLOSED])),
    ]
}

fn rest() -> Vec<Case> {
    let on_itself = [&1_u32.to_be_bytes()[..], &[255], &get(&[])].concat();
    let last_words = [&0_u32.to_be_bytes()[..], &[0; 4]].concat();
    vec![
        case("5.1.1: an even number", [ask(2)], Expect::Goaway(&[PROTOCOL])),
        case("5.1.1: a smaller number", [ask(5), ask(3)], Expect::Goaway(&[PROTOCOL])),
        case("5.1.1: numbers may be left out", [ask(7)], Expect::Answer(7, "200", "\"/hello\"")),
        case(
            "5.3.1: HEADERS that depend on themselves",
            [frame(HEADERS, WHOLE | PRIORITIZED, 1, on_itself)],
            Expect::Reset(1, &[PROTOCOL]),
        ),
        case("5.3.1: PRIORITY that depends on itself", [priority(1, 1)], Expect::Reset(1, &[PROTOCOL])),
        case("5.4.1: after an error GOAWAY is said", [frame(PING, 0, 0, [0; 4])], Expect::Goaway(&[FRAME_SIZE])),
        case("5.5: an unknown frame is ignored", [frame(0x16, 0, 0, [0; 8])], Expect::Pong).pinged(),
        case(
            "5.5: an unknown frame within a block is not",
            [frame(HEADERS, END_STREAM, 1, &get(&[])[..8]), frame(0x16, 0, 1, [0; 8])],
            Expect::Goaway(&[PROTOCOL]),
        ),
        // A caller who leaves is owed the answers to what he asked before.
        case(
            "6.8: GOAWAY behind a request",
            [ask(1), frame(GOAWAY, 0, 0, last_words)],
            Expect::Answer(1, "200", "/hello"),
        )
        .left(),
    ]
}

/// What must be taken in every state.
fn allowed(answered: &Expect) -> Vec<Case> {
    vec![
        case("5.1: PRIORITY on an idle stream", [priority(1, 0), ask(1)], answered.clone()),
        case("5.1: WINDOW_UPDATE on a half-closed stream", [ask(1), window(1)], answered.clone()),
        case("5.1: PRIORITY on a half-closed stream", [ask(1), priority(1, 0)], answered.clone()),
        case("5.1: RST_STREAM on a half-closed stream", [ask(1), reset(1)], Expect::Pong).pinged(),
        case("5.1: PRIORITY on a closed stream", [ask(1)], answered.clone()).send(priority(1, 0)),
        case("5.1: WINDOW_UPDATE on a closed stream", [ask(1)], answered.clone()).send(window(1)),
        case("5.1: RST_STREAM on a closed stream", [ask(1)], answered.clone()).send(reset(1)),
        case("5.3: the least priority", [priority(1, 0), ask(1)], answered.clone()),
        case("5.3: the highest priority", [frame(PRIORITY, 0, 1, [0, 0, 0, 0, 255]), ask(1)], answered.clone()),
        case("5.3: a dependency", [frame(PRIORITY, 0, 1, [0, 0, 0, 3, 16]), ask(1)], answered.clone()),
        case("5.3: an exclusive one", [frame(PRIORITY, 0, 1, [128, 0, 0, 3, 16]), ask(1)], answered.clone()),
        case("5.3: for a stream above the one that opens", [priority(5, 0), ask(1)], answered.clone()),
    ]
}

#[test]
fn streams_beyond_the_number_allowed_are_refused_and_the_others_live() {
    let gateway = gateway("h2-streams", ", limits: { streams: 4 }");
    let mut wire = Wire::greeted(gateway.address("public"), &[]);
    // Five requests whose bodies do not end: the fifth is one too many (§5.1.2).
    (0..5).for_each(|n| wire.say(&open(2 * n + 1)));
    loop {
        match wire.hear() {
            Said::Reset { stream: 9, code } => break assert!([PROTOCOL, REFUSED].contains(&code), "{code}"),
            Said::Window => {}
            other => panic!("{other:?}"),
        }
    }
    wire.send(&data(1));
    loop {
        match wire.hear() {
            Said::Head { stream: 1, fields, .. } => break assert_eq!(fields[0].1, "200"),
            Said::Window => {}
            other => panic!("{other:?}"),
        }
    }
}
