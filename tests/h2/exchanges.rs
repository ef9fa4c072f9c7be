//! RFC 9113 §7 (codes that nobody knows) and §8 (what a request may be).

use crate::case::{Case, Expect, PROTOCOL, case};
use crate::wire::{DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, RST_STREAM, block, frame, get, request};

const WHOLE: u8 = END_HEADERS | END_STREAM;

fn malformed(name: &'static str, fields: &[(&str, &str)]) -> Case {
    case(name, [frame(HEADERS, WHOLE, 1, block(fields))], Expect::Reset(1, &[PROTOCOL]))
}

fn with(name: &'static str, more: &[(&str, &str)]) -> Case {
    case(name, [frame(HEADERS, WHOLE, 1, get(more))], Expect::Reset(1, &[PROTOCOL]))
}

const METHOD: (&str, &str) = (":method", "GET");
const SCHEME: (&str, &str) = (":scheme", "https");
const PATH: (&str, &str) = (":path", "/hello");
const AUTHORITY: (&str, &str) = (":authority", "localhost");

pub fn cases() -> Vec<Case> {
    [messages(), fields(), pseudo(), lengths()].concat()
}

fn messages() -> Vec<Case> {
    let post = |flags, more: &[(&str, &str)]| frame(HEADERS, flags, 1, request("POST", more));
    let unknown = [0_u32.to_be_bytes(), 0xFF_u32.to_be_bytes()].concat();
    let trailers = |flags| frame(HEADERS, flags, 1, block(&[("x-sum", "1")]));
    vec![
        case(
            "7: GOAWAY with an unknown code",
            [frame(HEADERS, WHOLE, 1, get(&[])), frame(GOAWAY, 0, 0, unknown)],
            Expect::Answer(1, "200", "/hello"),
        )
        .left(),
        case(
            "7: RST_STREAM with an unknown code",
            [post(END_HEADERS, &[]), frame(RST_STREAM, 0, 1, 0xFF_u32.to_be_bytes())],
            Expect::Pong,
        )
        .pinged(),
        case("8.1: GET", [frame(HEADERS, WHOLE, 1, get(&[]))], Expect::Answer(1, "200", "\"GET\"")),
        case("8.1: HEAD has no body", [frame(HEADERS, WHOLE, 1, request("HEAD", &[]))], Expect::Answer(1, "200", "")),
        case(
            "RFC 9110 §10.1.1: 100 Continue",
            [post(END_HEADERS, &[("expect", "100-continue")])],
            Expect::Head(1, "100"),
        )
        .send(frame(DATA, END_STREAM, 1, b"test"))
        .hear(Expect::Answer(1, "200", "\"test\"")),
        case(
            "8.1: POST",
            [post(END_HEADERS, &[]), frame(DATA, END_STREAM, 1, b"test")],
            Expect::Answer(1, "200", "\"test\""),
        ),
        case(
            "8.1: trailers",
            [post(END_HEADERS, &[]), frame(DATA, 0, 1, b"test"), trailers(WHOLE)],
            Expect::Answer(1, "200", "\"test\""),
        ),
        case(
            "8.1: trailers that do not end the stream",
            [post(END_HEADERS, &[]), frame(DATA, 0, 1, b"test"), trailers(END_HEADERS)],
            Expect::Reset(1, &[PROTOCOL]),
        ),
        case(
            "8.3: a pseudo-header field in trailers",
            [post(END_HEADERS, &[]), frame(DATA, 0, 1, b"test"), frame(HEADERS, WHOLE, 1, block(&[METHOD]))],
            Expect::Reset(1, &[PROTOCOL]),
        ),
        case(
            "8.2.3: cookies in several fields",
            [frame(HEADERS, WHOLE, 1, get(&[("cookie", "a=1"), ("cookie", "b=2")]))],
            Expect::Answer(1, "200", "a=1; b=2"),
        ),
    ]
}

/// §8.2: names, values, and fields that belong to HTTP/1.
fn fields() -> Vec<Case> {
    vec![
        with("8.2.1: an uppercase name", &[("X-TEST", "ok")]),
        with("8.2.1: a space in a name", &[("x test", "ok")]),
        with("8.2.1: a colon in a name", &[("x:test", "ok")]),
        with("8.2.1: an empty name", &[("", "ok")]),
        with("8.2.1: a line feed in a value", &[("x-test", "a\nb")]),
        with("8.2.1: a carriage return in a value", &[("x-test", "a\rb")]),
        with("8.2.1: NUL in a value", &[("x-test", "a\0b")]),
        with("8.2.2: connection", &[("connection", "keep-alive")]),
        with("8.2.2: keep-alive", &[("keep-alive", "timeout=5")]),
        with("8.2.2: proxy-connection", &[("proxy-connection", "keep-alive")]),
        with("8.2.2: transfer-encoding", &[("transfer-encoding", "chunked")]),
        with("8.2.2: upgrade", &[("upgrade", "h2c")]),
        with("8.2.2: te with anything but trailers", &[("te", "trailers, deflate")]),
        case(
            "8.2.2: te: trailers",
            [frame(HEADERS, WHOLE, 1, get(&[("te", "trailers")]))],
            Expect::Answer(1, "200", "/hello"),
        ),
    ]
}

/// §8.3: pseudo-header fields.
fn pseudo() -> Vec<Case> {
    vec![
        with("8.3: an unknown one", &[(":test", "ok")]),
        malformed("8.3: one of an answer", &[METHOD, SCHEME, PATH, AUTHORITY, (":status", "200")]),
        malformed("8.3: behind a regular field", &[METHOD, SCHEME, AUTHORITY, ("x-test", "ok"), PATH]),
        malformed("8.3.1: a path with a fragment", &[METHOD, SCHEME, (":path", "/hello#a"), AUTHORITY]),
        malformed("8.3.1: an empty path", &[METHOD, SCHEME, (":path", ""), AUTHORITY]),
        malformed("8.3.1: no method", &[SCHEME, PATH, AUTHORITY]),
        malformed("8.3.1: no scheme", &[METHOD, PATH, AUTHORITY]),
        malformed("8.3.1: no path", &[METHOD, SCHEME, AUTHORITY]),
        malformed("8.3.1: two methods", &[METHOD, METHOD, SCHEME, PATH, AUTHORITY]),
        malformed("8.3.1: two schemes", &[METHOD, SCHEME, SCHEME, PATH, AUTHORITY]),
        malformed("8.3.1: two paths", &[METHOD, SCHEME, PATH, PATH, AUTHORITY]),
        malformed("8.3.1: two authorities", &[METHOD, SCHEME, PATH, AUTHORITY, AUTHORITY]),
        case(
            "8.3.1: an authority and another host",
            [frame(HEADERS, WHOLE, 1, get(&[("host", "elsewhere.test")]))],
            Expect::Answer(1, "400", "host_invalid"),
        ),
        case(
            "8.5: CONNECT without :protocol",
            [frame(HEADERS, END_HEADERS, 1, block(&[(":method", "CONNECT"), AUTHORITY]))],
            Expect::Answer(1, "405", "method_refused"),
        ),
        case(
            "RFC 8441 §4: :protocol on another method",
            [frame(HEADERS, WHOLE, 1, get(&[(":protocol", "websocket")]))],
            Expect::Reset(1, &[PROTOCOL]),
        ),
    ]
}

/// §8.1.1: a length that is not kept.
fn lengths() -> Vec<Case> {
    let post = |length: &str| frame(HEADERS, END_HEADERS, 1, request("POST", &[("content-length", length)]));
    let data = |flags, bytes: &str| frame(DATA, flags, 1, bytes);
    vec![
        case("8.1.1: too little DATA", [post("10"), data(END_STREAM, "test")], Expect::Reset(1, &[PROTOCOL])),
        case("8.1.1: too much DATA", [post("1"), data(END_STREAM, "test")], Expect::Reset(1, &[PROTOCOL])),
        case(
            "8.1.1: too little in two DATA",
            [post("10"), data(0, "te"), data(END_STREAM, "st")],
            Expect::Reset(1, &[PROTOCOL]),
        ),
        case(
            "8.1.1: too much in two DATA",
            [post("3"), data(0, "te"), data(END_STREAM, "st")],
            Expect::Reset(1, &[PROTOCOL]),
        ),
        case(
            "8.1.1: no DATA",
            [frame(HEADERS, WHOLE, 1, request("POST", &[("content-length", "1")]))],
            Expect::Reset(1, &[PROTOCOL]),
        ),
        case("8.1.1: no number", [post("x"), data(END_STREAM, "test")], Expect::Reset(1, &[PROTOCOL])),
        case(
            "8.1.1: just right",
            [post("4"), data(0, "te"), data(END_STREAM, "st")],
            Expect::Answer(1, "200", "\"test\""),
        ),
    ]
}
