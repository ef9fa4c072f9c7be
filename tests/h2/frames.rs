//! RFC 9113 §3.4 (the preface) and §4 (frames, their size, header blocks in them).

use crate::case::{Case, Expect, FRAME_SIZE, PROTOCOL, UNPACKED, case};
use crate::support::http::until;
use crate::wire::{
    CONTINUATION, DATA, END_HEADERS, END_STREAM, HEADERS, PING, PREFACE, PRIORITY, Said, Wire, frame, get, request,
    settings,
};
use crate::{ended, gateway};

pub fn cases() -> Vec<Case> {
    let whole = END_HEADERS | END_STREAM;
    let large = |size: usize| vec![b'x'; size];
    let half = get(&[]);
    let (front, back) = half.split_at(10);
    vec![
        case("4.1: an unknown type is ignored", [frame(22, 0, 0, [0; 8]), frame(PING, 0, 0, [1; 8])], Expect::Pong),
        case("4.1: an undefined flag is ignored", [frame(PING, 0b10, 0, [1; 8])], Expect::Pong),
        case("4.1: the reserved bit is ignored", [frame(PING, 0, 1 << 31, [1; 8])], Expect::Pong),
        case(
            "4.2: DATA of 2^14 octets",
            [frame(HEADERS, END_HEADERS, 1, request("POST", &[])), frame(DATA, END_STREAM, 1, large(1 << 14))],
            Expect::Answer(1, "200", "16384"),
        ),
        case(
            "4.2: DATA above SETTINGS_MAX_FRAME_SIZE",
            [frame(HEADERS, END_HEADERS, 1, request("POST", &[])), frame(DATA, END_STREAM, 1, large((1 << 14) + 1))],
            Expect::Goaway(&[FRAME_SIZE]),
        ),
        case(
            "4.2: HEADERS above SETTINGS_MAX_FRAME_SIZE",
            [frame(HEADERS, whole, 1, [get(&[]), large(1 << 14)].concat())],
            Expect::Goaway(&[FRAME_SIZE]),
        ),
        case(
            "4.2: a frame larger than anything",
            [[&[0xFF, 0xFF, 0xFF, DATA, 0], &1_u32.to_be_bytes()[..]].concat()],
            Expect::Goaway(&[FRAME_SIZE, PROTOCOL]),
        ),
        case("4.3: a block that cannot be decoded", [frame(HEADERS, whole, 1, [0x40])], Expect::Goaway(UNPACKED)),
        case(
            "4.3: PRIORITY within a block",
            [frame(HEADERS, END_STREAM, 1, front), frame(PRIORITY, 0, 1, [0, 0, 0, 0, 255])],
            Expect::Goaway(&[PROTOCOL]),
        ),
        case(
            "4.3: HEADERS of another stream within a block",
            [frame(HEADERS, END_STREAM, 1, front), frame(HEADERS, whole, 3, get(&[]))],
            Expect::Goaway(&[PROTOCOL]),
        ),
        case(
            "4.3: an unknown type within a block",
            [frame(HEADERS, END_STREAM, 1, front), frame(22, 0, 1, [0; 8])],
            Expect::Goaway(&[PROTOCOL]),
        ),
        case(
            "4.3: a block in two parts",
            [frame(HEADERS, END_STREAM, 1, front), frame(CONTINUATION, END_HEADERS, 1, back)],
            Expect::Answer(1, "200", "\"/hello\""),
        ),
    ]
}

#[test]
fn settings_come_first_and_say_the_limits() {
    let gateway = gateway("h2-preface", ", limits: { streams: 77, headers: 8KiB }");
    let mut wire = Wire::silent(gateway.address("public"));
    wire.send(&[PREFACE.to_vec(), settings(&[])].concat());
    let Said::Settings(parameters) = wire.hear() else { panic!("RFC 9113 §3.4: SETTINGS come first") };
    let of = |id| parameters.iter().find(|(known, _)| *known == id).map(|(_, value)| *value);
    assert_eq!(of(3), Some(77), "SETTINGS_MAX_CONCURRENT_STREAMS");
    assert!(of(6).is_some_and(|size| (8192..=16_384).contains(&size)), "SETTINGS_MAX_HEADER_LIST_SIZE: {parameters:?}");
    assert_eq!(of(8), Some(1), "SETTINGS_ENABLE_CONNECT_PROTOCOL (RFC 8441 §3)");
    assert_eq!(of(2).unwrap_or(0), 0, "no push");
}

#[test]
fn a_wrong_preface_ends_the_connection() {
    let gateway = gateway("h2-wrong-preface", "");
    for wrong in [&b"PRI * HTTP/3.0\r\n\r\nSM\r\n\r\n"[..], b"GET / HTTP/1.1\r\nhost: a\r\n\r\n"] {
        let mut wire = Wire::silent(gateway.address("public"));
        wire.send(wrong);
        loop {
            match wire.hear() {
                Said::Goaway { code, .. } => assert_eq!(code, PROTOCOL),
                Said::Closed => break,
                Said::Settings(_) | Said::Window => {}
                other => panic!("{other:?}"),
            }
        }
    }
    // §3.4: the preface must be followed by SETTINGS.
    let mut wire = Wire::silent(gateway.address("public"));
    wire.send(&[PREFACE.to_vec(), frame(PING, 0, 0, [0; 8])].concat());
    while wire.hear() != Said::Closed {}
    until("both are counted", || ended(&gateway, "protocol_error") >= 2);
}
