//! Heads on the wire: each bad one is answered with its status and its reason, then
//! the connection is closed, and nothing of it reaches the service.

use crate::house::{House, limits};
use crate::wire::Wire;

/// What stands before the lines of a case, and the end of its head.
fn head(lines: &str) -> Vec<u8> {
    format!("GET /bad HTTP/1.1\r\nHost: a\r\n{lines}\r\n\r\n").into_bytes()
}

fn cases() -> Vec<(Vec<u8>, u16, &'static str)> {
    let mut cases: Vec<(Vec<u8>, u16, &'static str)> = vec![
        (b"GET /bad HTTP/1.1\nHost: a\n\n".to_vec(), 400, "head_bare_lf"),
        (b"GET /bad HTTP/1.1\r\nHost: a\r\n\n".to_vec(), 400, "head_bare_lf"),
        (b"GET /bad\r\n".to_vec(), 400, "head_request_line"),
        (b"GET  /bad HTTP/1.1\r\nHost: a\r\n\r\n".to_vec(), 400, "head_request_line"),
        (b"GET /b ad HTTP/1.1\r\nHost: a\r\n\r\n".to_vec(), 400, "head_request_line"),
        (b"GET /bad HTTP/1.2\r\nHost: a\r\n\r\n".to_vec(), 505, "head_version"),
        (b"PRI * HTTP/2.0\r\n\r\nXM\r\n\r\n".to_vec(), 505, "head_version"),
        (b"CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n".to_vec(), 400, "head_target"),
        (b"GET /bad#x HTTP/1.1\r\nHost: a\r\n\r\n".to_vec(), 400, "head_target"),
        (b"GET /\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n".to_vec(), 400, "head_target"),
        (b"GET /bad HTTP/1.1\r\n\r\n".to_vec(), 400, "head_host_missing"),
        (b"GET /bad HTTP/1.0\r\n\r\n".to_vec(), 400, "head_host_missing"),
        (b"GET /bad HTTP/1.1\r\nHost: a b\r\n\r\n".to_vec(), 400, "head_host_syntax"),
        (b"GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n".to_vec(), 400, "head_host_mismatch"),
        (
            b"POST /bad HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n".to_vec(),
            400,
            "head_transfer_encoding",
        ),
        (format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "a".repeat(9000)).into_bytes(), 414, "head_target_too_long"),
        (format!("GET /{}", "a".repeat(9000)).into_bytes(), 414, "head_target_too_long"),
        (format!("GET /bad HTTP/1.1\r\nHost: a\r\nX: {}", "a".repeat(17_000)).into_bytes(), 431, "head_too_large"),
        (head("X: 1\r\n".repeat(64).trim_end()), 431, "head_too_many_headers"),
        (b"\x16\x03\x01\x02\x00\x01\r\n\r\n".to_vec(), 400, "head_control_byte"),
    ];
    let lines = [
        ("Host: a", "head_host_repeated"),
        ("X: a\0b", "head_control_byte"),
        ("X: a\rb", "head_bare_cr"),
        ("X: a\r\n folded", "head_fold"),
        ("X : a", "head_header_syntax"),
        ("X", "head_header_syntax"),
        ("Content-Length: 3\r\nContent-Length: 3", "head_content_length"),
        ("Content-Length: 3\r\nContent-Length: 4", "head_content_length"),
        ("Content-Length: +3", "head_content_length"),
        ("Content-Length: 3 3", "head_content_length"),
        ("Content-Length: 3, 3", "head_content_length"),
        ("Content-Length: 3\r\nTransfer-Encoding: chunked", "head_length_conflict"),
        ("Transfer-Encoding: chunked, identity", "head_transfer_encoding"),
        ("Transfer-Encoding: xchunked", "head_transfer_encoding"),
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", "head_transfer_encoding"),
    ];
    cases.extend(lines.map(|(lines, label)| (head(lines), 400, label)));
    cases
}

#[test]
fn bad_heads_are_answered_and_reach_nobody() {
    let house = House::clear(limits());
    for (bytes, status, label) in cases() {
        let mut wire = Wire::sending(house.address(), &bytes);
        let answer = wire.answer();
        let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(80)]).into_owned();
        assert_eq!((answer.status, answer.body.as_str()), (status, label), "{shown:?}");
        assert!(answer.head.contains("connection: close"), "{shown:?}");
        assert!(wire.is_closed(), "{shown:?}");
    }
    assert_eq!(house.served(), 0);
}

#[test]
fn the_same_byte_by_byte() {
    let house = House::clear(limits());
    for (bytes, status, label) in cases().into_iter().filter(|(bytes, ..)| bytes.len() < 200) {
        let mut wire = Wire::connect(house.address());
        // The answer may come, and the door close, before the last byte is out.
        for byte in bytes.chunks(1) {
            wire.send(byte);
        }
        let answer = wire.answer();
        assert_eq!((answer.status, answer.body.as_str()), (status, label), "{:?}", String::from_utf8_lossy(&bytes));
    }
    assert_eq!(house.served(), 0);
}

#[test]
fn what_follows_a_bad_head_is_never_a_request() {
    let house = House::clear(limits());
    let smuggled = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";
    let bad = format!("GET /bad HTTP/1.1\r\nHost: a\r\nX : y\r\n\r\n{smuggled}{smuggled}");
    let mut wire = Wire::sending(house.address(), bad.as_bytes());
    assert_eq!(wire.answer().status, 400);
    assert!(wire.is_closed());
    assert_eq!(house.served(), 0);
}

#[test]
fn good_requests_before_a_bad_one_are_served_in_order() {
    let house = House::clear(limits());
    let good = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n");
    let all = format!("{}{}GET /bad HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n{}", good("/1"), good("/2"), good("/3"));
    let mut wire = Wire::sending(house.address(), all.as_bytes());
    assert_eq!(wire.answer().body, "/1");
    assert_eq!(wire.answer().body, "/2");
    assert_eq!(wire.answer().body, "head_host_repeated");
    assert!(wire.is_closed());
    assert_eq!(house.served(), 2);
}

#[test]
fn a_request_in_flight_is_not_mistaken_for_the_bad_one_behind_it() {
    let house = House::clear(limits());
    let mut wire = Wire::sending(house.address(), b"GET /hold HTTP/1.1\r\nHost: a\r\n\r\n");
    house.wait_for_held();
    wire.send(b"GET /bad HTTP/1.1\nHost: a\n\n");
    house.desk.release.add_permits(1);
    assert_eq!(wire.answer().body, "held");
    assert_eq!(wire.answer().body, "head_bare_lf");
    assert!(wire.is_closed());
}

#[test]
fn good_heads_in_any_pieces_keep_the_connection() {
    let house = House::clear(limits());
    let mut wire = Wire::connect(house.address());
    for byte in b"\r\nGET /slow?x=1 HTTP/1.1\r\nHost: a.example:80\r\nX-Empty:\r\n\r\n".chunks(1) {
        wire.send(byte);
    }
    assert_eq!(wire.answer().body, "/slow");
    assert_eq!(wire.get("/next").body, "/next");
    wire.send(b"GET http://A/absolute HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(wire.answer().body, "/absolute");
    wire.send(b"GET /old HTTP/1.0\r\nHost: a\r\n\r\n");
    assert_eq!(wire.answer().body, "/old");
    assert!(wire.is_closed());
}

#[test]
fn an_old_caller_keeps_the_connection_if_he_asks_for_it() {
    let house = House::clear(limits());
    let mut wire = Wire::connect(house.address());
    for path in ["/1", "/2"] {
        wire.send(format!("GET {path} HTTP/1.0\r\nHost: a\r\nConnection: Keep-Alive\r\n\r\n").as_bytes());
        let answer = wire.answer();
        assert_eq!(answer.body, path);
        assert!(answer.head.contains("\r\nconnection: keep-alive\r\n"), "{}", answer.head);
    }
    wire.send(b"GET /3 HTTP/1.1\r\nHost: a\r\nConnection: x, close\r\n\r\n");
    assert!(wire.answer().head.contains("\r\nconnection: close\r\n"));
    assert!(wire.is_closed());
}

#[test]
fn an_answer_has_one_date() {
    let house = House::clear(limits());
    let head = Wire::connect(house.address()).get("/x").head;
    let dates: Vec<_> = head.lines().filter_map(|line| line.strip_prefix("date: ")).collect();
    assert!(matches!(dates[..], [date] if date.len() == 29 && date.ends_with(" gmt")), "{head}");
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let house = House::clear(limits());
    let many: String = (0..50).map(|n| format!("GET /{n} HTTP/1.1\r\nHost: a\r\n\r\n")).collect();
    let mut wire = Wire::sending(house.address(), many.as_bytes());
    for n in 0..50 {
        assert_eq!(wire.answer().body, format!("/{n}"));
    }
    assert_eq!(house.served(), 50);
}

#[test]
fn a_caller_who_leaves_in_the_middle_of_a_head_gets_nothing() {
    let house = House::clear(limits());
    let mut wire = Wire::sending(house.address(), b"GET / HTTP/1.1\r\nHost: a\r\nX: ");
    wire.finish_sending();
    assert!(wire.is_closed());
    assert_eq!(house.served(), 0);
}

#[test]
fn a_large_bad_request_still_sees_its_answer() {
    let house = House::clear(limits());
    let mut bytes = b"POST /bad HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\nX : y\r\n\r\n".to_vec();
    bytes.resize(bytes.len() + 1_000_000, b'a');
    let mut wire = Wire::sending(house.address(), &bytes);
    assert_eq!(wire.answer().body, "head_header_syntax");
    assert!(wire.is_closed());
}
