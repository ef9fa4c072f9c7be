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
    [messages(), fields(), pseudo(), forms(), lengths()].concat()
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

/// What each pseudo-header field may hold, and what no field may.
fn forms() -> Vec<Case> {
    let refused = [
        ("8.3.1: a path that begins with nothing", (":path", "hello")),
        ("8.3.1: a path that is a URI", (":path", "http://evil.test/x")),
        ("8.3.1: a path that is a query", (":path", "?x")),
        ("8.3.1: a path with a fragment", (":path", "/hello#x")),
        ("8.3.1: a path with a space", (":path", "/hel lo")),
        ("8.3.1: a path with a control octet", (":path", "/hello\u{1}")),
        ("8.3.1: an empty authority", (":authority", "")),
        ("8.3.1: an authority with a path", (":authority", "a/b")),
        ("8.3.1: an authority of two lines", (":authority", "a\r\nb")),
        ("8.3.1: an empty scheme", (":scheme", "")),
        ("8.3.1: a scheme with a space", (":scheme", "ht tp")),
        ("8.3.1: an empty method", (":method", "")),
        ("8.3.1: a method of two words", (":method", "GET /x")),
        ("8.3.1: a method with a line feed", (":method", "GET\n")),
    ];
    let refused = refused.map(|(name, changed)| {
        let own = [METHOD, SCHEME, PATH, AUTHORITY];
        malformed(name, &own.map(|field| if field.0 == changed.0 { changed } else { field }))
    });
    let answered = |name, fields: &[(&str, &str)], status, text| {
        case(name, [frame(HEADERS, WHOLE, 1, block(fields))], Expect::Answer(1, status, text))
    };
    let star = (":path", "*");
    let connect = (":method", "CONNECT");
    let others = vec![
        answered("8.3.1: * with GET", &[METHOD, SCHEME, star, AUTHORITY], "400", "path_not_absolute"),
        answered(
            "8.3.1: * with OPTIONS",
            &[(":method", "OPTIONS"), SCHEME, star, AUTHORITY],
            "400",
            "path_not_absolute",
        ),
        answered("8.3.1: userinfo", &[METHOD, SCHEME, PATH, (":authority", "u@localhost")], "400", "host_invalid"),
        answered("8.3.1: neither authority nor host", &[METHOD, SCHEME, PATH], "400", "host_invalid"),
        answered("8.3.1: a host and no authority", &[METHOD, SCHEME, PATH, ("host", "localhost")], "200", "/hello"),
        with_answer("8.3.1: the same host beside it", &[("host", "localhost")], "200", "/hello"),
        with_answer("RFC 9112 §3.2: two hosts", &[("host", "localhost"), ("host", "localhost")], "400", "host_invalid"),
        malformed("8.5: CONNECT with scheme and path", &[connect, SCHEME, PATH, AUTHORITY]),
        malformed("RFC 8441 §4: no path", &[connect, (":protocol", "websocket"), SCHEME, AUTHORITY]),
        malformed("RFC 8441 §4: no scheme", &[connect, (":protocol", "websocket"), PATH, AUTHORITY]),
        malformed("8.3: :protocol twice", &[connect, (":protocol", "a"), (":protocol", "a"), SCHEME, PATH, AUTHORITY]),
        with("8.2.1: a tab in a name", &[("x\ttest", "ok")]),
        with("8.2.1: NUL in a name", &[("x\0test", "ok")]),
        with("8.2.1: DEL in a name", &[("x\u{7f}test", "ok")]),
        with("8.2.1: an octet above ASCII in a name", &[("xé", "ok")]),
        with("8.2.1: nothing but a colon", &[(":", "ok")]),
        with("8.2.1: DEL in a value", &[("x-test", "\u{7f}")]),
        with("8.2.1: a control octet in a value", &[("x-test", "\u{1}")]),
        with("8.2.2: te with nothing", &[("te", "")]),
        with("8.2.2: te twice, one of them wrong", &[("te", "trailers"), ("te", "gzip")]),
        with_answer(
            "8.2.3: three cookies",
            &[("cookie", "a=1"), ("cookie", "b=2"), ("cookie", "c=3")],
            "200",
            "a=1; b=2; c=3",
        ),
        with_answer("8.1.1: a length of nothing", &[("content-length", "0")], "200", "/hello"),
        with("8.1.1: a negative length", &[("content-length", "-1")]),
        with("8.1.1: a list of lengths", &[("content-length", "0, 0")]),
        with("8.1.1: two lengths", &[("content-length", "0"), ("content-length", "1")]),
    ];
    refused.into_iter().chain(others).collect()
}

fn with_answer(name: &'static str, more: &[(&str, &str)], status: &'static str, text: &'static str) -> Case {
    case(name, [frame(HEADERS, WHOLE, 1, get(more))], Expect::Answer(1, status, text))
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
