//! RFC 9113 §6: what each type of frame may be, and what is done with it.

use crate::case::{CLOSED, Case, Expect, FLOW_CONTROL, FRAME_SIZE, PROTOCOL, STREAM_CLOSED, TOO_WIDE, case};
use crate::wire::{
    ACK, CONTINUATION, DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, PADDED, PING, PRIORITIZED, PRIORITY,
    PUSH_PROMISE, RST_STREAM, SETTINGS, WINDOW_UPDATE, frame, get, request, settings,
};

const WHOLE: u8 = END_HEADERS | END_STREAM;

/// Parameters (§6.5.2).
const ENABLE_PUSH: u16 = 2;
const INITIAL_WINDOW: u16 = 4;
const MAX_FRAME: u16 = 5;

/// More than the largest window.
const BEYOND: u32 = 1 << 31;

fn ask(stream: u32) -> Vec<u8> {
    frame(HEADERS, WHOLE, stream, get(&[]))
}

fn open(stream: u32) -> Vec<u8> {
    frame(HEADERS, END_HEADERS, stream, request("POST", &[]))
}

fn window(stream: u32, more: u32) -> Vec<u8> {
    frame(WINDOW_UPDATE, 0, stream, more.to_be_bytes())
}

fn hello(stream: u32) -> Expect {
    Expect::Answer(stream, "200", "\"/hello\"")
}

pub fn cases() -> Vec<Case> {
    [data(), headers(), priority_and_reset(), settings_frames(), ping_and_goaway(), windows(), continuation()].concat()
}

fn data() -> Vec<Case> {
    let padded = [&[5][..], b"test", &[0; 5]].concat();
    vec![
        case("6.1: DATA", [open(1), frame(DATA, END_STREAM, 1, b"test")], Expect::Answer(1, "200", "\"test\"")),
        case(
            "6.1: several DATA",
            [open(1), frame(DATA, 0, 1, b"te"), frame(DATA, 0, 1, b""), frame(DATA, END_STREAM, 1, b"st")],
            Expect::Answer(1, "200", "\"test\""),
        ),
        case(
            "6.1: padding",
            [open(1), frame(DATA, END_STREAM | PADDED, 1, padded)],
            Expect::Answer(1, "200", "\"test\""),
        ),
        case("6.1: DATA on stream 0", [frame(DATA, END_STREAM, 0, b"test")], Expect::Goaway(&[PROTOCOL])),
        case(
            "6.1: DATA on a stream that has ended",
            [ask(1), frame(DATA, END_STREAM, 1, b"test")],
            Expect::Reset(1, CLOSED),
        ),
        case(
            "6.1: more padding than payload",
            [open(1), frame(DATA, END_STREAM | PADDED, 1, *b"\x06test")],
            Expect::Goaway(&[PROTOCOL]),
        ),
        case(
            "6.1: a padding length and nothing to hold it",
            [open(1), frame(DATA, END_STREAM | PADDED, 1, b"")],
            Expect::Goaway(&[PROTOCOL, FRAME_SIZE]),
        ),
    ]
}

fn headers() -> Vec<Case> {
    let padded = [&[5][..], &get(&[]), &[0; 5]].concat();
    let weighed = [&[0, 0, 0, 0, 15][..], &get(&[])].concat();
    let both = [&[2, 0, 0, 0, 0, 15][..], &get(&[]), &[0; 2]].concat();
    let too_padded = [&[200][..], &get(&[])].concat();
    let half = get(&[])[..9].to_vec();
    vec![
        case("6.2: HEADERS", [ask(1)], hello(1)),
        case("6.2: padding", [frame(HEADERS, WHOLE | PADDED, 1, padded)], hello(1)),
        case("6.2: priority", [frame(HEADERS, WHOLE | PRIORITIZED, 1, weighed)], hello(1)),
        case("6.2: padding and priority", [frame(HEADERS, WHOLE | PRIORITIZED | PADDED, 1, both)], hello(1)),
        case(
            "6.2: no END_HEADERS, and then PRIORITY",
            [frame(HEADERS, END_STREAM, 1, &half), frame(PRIORITY, 0, 1, [0, 0, 0, 0, 255])],
            Expect::Goaway(&[PROTOCOL]),
        ),
        case(
            "6.2: no END_HEADERS, and then another stream's HEADERS",
            [frame(HEADERS, END_STREAM, 1, &half), ask(3)],
            Expect::Goaway(&[PROTOCOL]),
        ),
        case("6.2: HEADERS on stream 0", [ask(0)], Expect::Goaway(&[PROTOCOL])),
        case(
            "6.2: more padding than payload",
            [frame(HEADERS, WHOLE | PADDED, 1, too_padded)],
            Expect::Goaway(&[PROTOCOL]),
        ),
    ]
}

fn priority_and_reset() -> Vec<Case> {
    let cancel = 8_u32.to_be_bytes();
    vec![
        case("6.3: PRIORITY on stream 0", [frame(PRIORITY, 0, 0, [0, 0, 0, 1, 255])], Expect::Goaway(&[PROTOCOL])),
        case(
            "6.3: PRIORITY of four octets",
            [open(1), frame(PRIORITY, 0, 1, [0; 4])],
            Expect::Reset(1, &[FRAME_SIZE, PROTOCOL]),
        ),
        case("6.4: RST_STREAM", [open(1), frame(RST_STREAM, 0, 1, cancel)], Expect::Pong).pinged(),
        case("6.4: RST_STREAM on stream 0", [frame(RST_STREAM, 0, 0, cancel)], Expect::Goaway(&[PROTOCOL])),
        case("6.4: RST_STREAM on an idle stream", [frame(RST_STREAM, 0, 1, cancel)], Expect::Goaway(&[PROTOCOL])),
        case(
            "6.4: RST_STREAM of three octets",
            [open(1), frame(RST_STREAM, 0, 1, [0; 3])],
            Expect::Goaway(&[FRAME_SIZE]),
        ),
    ]
}

fn settings_frames() -> Vec<Case> {
    let one = |id: u16, value: u32| settings(&[(id, value)]);
    vec![
        case("6.5: SETTINGS", [one(3, 100)], Expect::SettingsAck),
        case("6.5: no parameters", [settings(&[])], Expect::SettingsAck),
        case("6.5: ACK with a payload", [frame(SETTINGS, ACK, 0, [0; 6])], Expect::Goaway(&[FRAME_SIZE])),
        case("6.5: SETTINGS on a stream", [frame(SETTINGS, 0, 1, [0, 3, 0, 0, 0, 100])], Expect::Goaway(&[PROTOCOL])),
        case("6.5: three octets", [frame(SETTINGS, 0, 0, [0, 3, 0])], Expect::Goaway(&[FRAME_SIZE])),
        case("6.5.2: ENABLE_PUSH 2", [one(ENABLE_PUSH, 2)], Expect::Goaway(&[PROTOCOL])),
        case("6.5.2: INITIAL_WINDOW_SIZE 2^31", [one(INITIAL_WINDOW, BEYOND)], Expect::Goaway(TOO_WIDE)),
        case("6.5.2: MAX_FRAME_SIZE 2^14 - 1", [one(MAX_FRAME, (1 << 14) - 1)], Expect::Goaway(&[PROTOCOL])),
        case("6.5.2: MAX_FRAME_SIZE 2^24", [one(MAX_FRAME, 1 << 24)], Expect::Goaway(&[PROTOCOL])),
        case("6.5.2: an unknown parameter is ignored", [one(0xFF, 1)], Expect::SettingsAck),
        case("6.5.3: SETTINGS are acknowledged", [one(MAX_FRAME, 1 << 14)], Expect::SettingsAck),
        case(
            "6.5.3: the last of two values counts",
            [settings(&[(INITIAL_WINDOW, 100), (INITIAL_WINDOW, 1)]), ask(1)],
            Expect::Piece(1, 1),
        ),
    ]
}

fn ping_and_goaway() -> Vec<Case> {
    let left = [0_u32.to_be_bytes(), 0xFF_u32.to_be_bytes()].concat();
    vec![
        case("6.7: PING", [frame(PING, 0, 0, [9; 8])], Expect::Pong),
        case(
            "6.7: PING with ACK is not answered",
            [frame(PING, ACK, 0, *b"unasked!"), frame(PING, 0, 0, [1; 8])],
            Expect::Pong,
        ),
        case("6.7: PING on a stream", [frame(PING, 0, 1, [0; 8])], Expect::Goaway(&[PROTOCOL])),
        case("6.7: PING of six octets", [frame(PING, 0, 0, [0; 6])], Expect::Goaway(&[FRAME_SIZE])),
        case(
            "6.6: PUSH_PROMISE of a client",
            [open(1), frame(PUSH_PROMISE, END_HEADERS, 1, [&2_u32.to_be_bytes()[..], &get(&[])].concat())],
            Expect::Goaway(&[PROTOCOL]),
        ),
        case("6.8: GOAWAY on a stream", [frame(GOAWAY, 0, 1, &left)], Expect::Goaway(&[PROTOCOL])),
        case("6.8: GOAWAY too short", [frame(GOAWAY, 0, 0, [0; 4])], Expect::Goaway(&[FRAME_SIZE])),
    ]
}

fn windows() -> Vec<Case> {
    let max = (1_u32 << 31) - 1;
    vec![
        case("6.9: WINDOW_UPDATE on stream 0", [window(0, 1), ask(1)], hello(1)),
        case("6.9: WINDOW_UPDATE on a stream", [open(1), window(1, 1), frame(DATA, END_STREAM, 1, b"")], hello(1)),
        case("6.9: by 0 on stream 0", [window(0, 0)], Expect::Goaway(&[PROTOCOL])),
        case("6.9: by 0 on a stream", [open(1), window(1, 0)], Expect::Reset(1, &[PROTOCOL])),
        case("6.9: three octets", [frame(WINDOW_UPDATE, 0, 0, [0, 0, 1])], Expect::Goaway(&[FRAME_SIZE])),
        case("6.9.1: a window of 1 octet", [settings(&[(INITIAL_WINDOW, 1)]), ask(1)], Expect::Piece(1, 1)),
        case("6.9.1: above 2^31 - 1 on stream 0", [window(0, max), window(0, max)], Expect::Goaway(&[FLOW_CONTROL])),
        case(
            "6.9.1: above 2^31 - 1 on a stream",
            [open(1), window(1, max), window(1, max)],
            Expect::Reset(1, &[FLOW_CONTROL]),
        ),
        case("6.9.2: a window that opens later", [ask(1)], Expect::Head(1, "200"))
            .with(&[(INITIAL_WINDOW, 0)])
            .send(settings(&[(INITIAL_WINDOW, 1)]))
            .hear(Expect::Piece(1, 1)),
        // 0 + 3 octets sent with a window of 3, then a window of 2: it is at -1, and 2 open it to 1.
        case("6.9.2: a window below 0", [ask(1)], Expect::Piece(1, 3))
            .with(&[(INITIAL_WINDOW, 3)])
            .send([settings(&[(INITIAL_WINDOW, 2)]), window(1, 2)].concat())
            .hear(Expect::Piece(1, 1)),
        case(
            "6.9.2: an initial window above 2^31 - 1",
            [settings(&[(INITIAL_WINDOW, BEYOND)])],
            Expect::Goaway(TOO_WIDE),
        ),
        case(
            "6.9.2: an initial window that widens a stream's beyond 2^31 - 1",
            [open(1), window(1, max - 65_535), settings(&[(INITIAL_WINDOW, 65_536)])],
            Expect::Goaway(&[FLOW_CONTROL]),
        ),
    ]
}

fn continuation() -> Vec<Case> {
    let block = get(&[]);
    let (a, rest) = block.split_at(8);
    let (b, c) = rest.split_at(8);
    let begin = || frame(HEADERS, END_STREAM, 1, a);
    let end = |stream| frame(CONTINUATION, END_HEADERS, stream, &block);
    vec![
        case("6.10: one CONTINUATION", [begin(), frame(CONTINUATION, END_HEADERS, 1, rest)], hello(1)),
        case(
            "6.10: several CONTINUATION",
            [begin(), frame(CONTINUATION, 0, 1, b), frame(CONTINUATION, END_HEADERS, 1, c)],
            hello(1),
        ),
        case(
            "6.10: CONTINUATION, and then DATA",
            [begin(), frame(CONTINUATION, 0, 1, b), frame(DATA, END_STREAM, 1, b"test")],
            Expect::Goaway(&[PROTOCOL]),
        ),
        case("6.10: CONTINUATION on stream 0", [begin(), end(0)], Expect::Goaway(&[PROTOCOL])),
        case("6.10: behind END_HEADERS", [ask(1), end(1)], Expect::Goaway(&[PROTOCOL, STREAM_CLOSED])),
        case(
            "6.10: behind a CONTINUATION with END_HEADERS",
            [begin(), frame(CONTINUATION, END_HEADERS, 1, rest), end(1)],
            Expect::Goaway(&[PROTOCOL, STREAM_CLOSED]),
        ),
        case("6.10: behind DATA", [open(1), frame(DATA, 0, 1, b"test"), end(1)], Expect::Goaway(&[PROTOCOL])),
        case(
            "6.10: on another stream",
            [begin(), frame(CONTINUATION, END_HEADERS, 3, rest)],
            Expect::Goaway(&[PROTOCOL]),
        ),
    ]
}
