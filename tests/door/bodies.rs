//! Bodies on the wire: framed either way they arrive whole, and one that breaks its
//! framing ends the connection without looking complete.

use crate::house::{House, limits};
use crate::wire::Wire;

#[test]
fn chunked_and_measured_bodies_arrive_whole_and_keep_the_connection() {
    let house = House::clear(limits());
    let mut wire = Wire::connect(house.address());
    let chunked = "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\
                   3\r\nabc\r\n00002;x=\"y\"\r\nde\r\n0\r\nX-T: 1\r\n\r\n";
    wire.send(chunked.as_bytes());
    assert_eq!(wire.answer().body, "abcde");
    for byte in chunked.as_bytes().chunks(1) {
        wire.send(byte);
    }
    assert_eq!(wire.answer().body, "abcde");
    wire.send(
        b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nfghijGET /after HTTP/1.1\r\nHost: a\r\n\r\n",
    );
    assert_eq!(wire.answer().body, "fghij");
    assert_eq!(wire.answer().body, "/after");
}

#[test]
fn a_body_that_looks_like_a_request_is_none() {
    let house = House::clear(limits());
    let inner = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";
    let outer = format!("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n{inner}", inner.len());
    let mut wire = Wire::sending(house.address(), outer.as_bytes());
    assert_eq!(wire.answer().body, inner);
    assert_eq!(house.served(), 1);
}

#[test]
fn broken_chunks_are_answered_and_the_connection_ends() {
    let house = House::clear(limits());
    let cases = [
        ("x\r\n", "body_chunk"),
        ("3\nabc\r\n0\r\n\r\n", "body_chunk"),
        ("3\r\nabcd\r\n0\r\n\r\n", "body_chunk"),
        ("3 \r\nabc\r\n0\r\n\r\n", "body_chunk"),
        ("0x3\r\nabc\r\n0\r\n\r\n", "body_chunk"),
        ("ffffffffffffffff\r\nabc", "body_chunk"),
        ("0\r\nContent-Length: 3\r\n\r\n", "body_trailer"),
        ("0\r\nX: y\n\r\n", "body_trailer"),
    ];
    for (body, label) in cases {
        let smuggled = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";
        let text =
            format!("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n{body}{smuggled}");
        let served = house.served();
        let mut wire = Wire::sending(house.address(), text.as_bytes());
        let answer = wire.answer();
        assert_eq!((answer.status, answer.body.as_str()), (400, label), "{body:?}");
        assert!(wire.is_closed(), "{body:?}");
        assert_eq!(house.served(), served + 1, "{body:?}");
    }
}

#[test]
fn expect_continue_is_honoured() {
    let house = House::clear(limits());
    let mut wire = Wire::connect(house.address());
    wire.send(b"POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    assert_eq!(wire.answer().status, 100);
    wire.send(b"ok");
    assert_eq!(wire.answer().body, "ok");
}

#[test]
fn an_answer_before_the_end_of_a_large_body_is_seen() {
    let house = House::clear(limits());
    let mut bytes = b"POST /early HTTP/1.1\r\nHost: a\r\nContent-Length: 4000000\r\n\r\n".to_vec();
    bytes.resize(bytes.len() + 4_000_000, b'a');
    let mut wire = Wire::sending(house.address(), &bytes);
    assert_eq!(wire.answer().status, 413);
    assert!(wire.is_closed());
}

#[test]
fn a_large_answer_comes_whole() {
    let house = House::clear(limits());
    let mut wire = Wire::connect(house.address());
    assert_eq!(wire.get("/big").body.len(), 32 * 1024 * 1024);
    assert_eq!(wire.get("/next").body, "/next");
}

#[test]
fn a_short_body_that_nobody_read_keeps_the_connection() {
    let house = House::clear(limits());
    let mut wire = Wire::connect(house.address());
    for framing in ["Content-Length: 5\r\n\r\nhello", "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"] {
        wire.send(format!("POST /unread HTTP/1.1\r\nHost: a\r\n{framing}").as_bytes());
        let answer = wire.answer();
        assert_eq!(answer.body, "/unread");
        assert!(!answer.head.contains("connection: close"), "{}", answer.head);
    }
    assert_eq!(wire.get("/after").body, "/after");
}

#[test]
fn who_waits_to_be_told_and_is_not_wanted_hears_no_100() {
    let house = House::clear(limits());
    let mut wire = Wire::connect(house.address());
    wire.send(b"POST /early HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    let answer = wire.answer();
    assert_eq!(answer.status, 413);
    assert!(answer.head.contains("connection: close"), "he may send the body all the same: {}", answer.head);
    assert!(wire.is_closed());
}

#[test]
fn a_caller_who_has_ended_his_side_is_answered() {
    let house = House::clear(limits());
    let mut wire =
        Wire::sending(house.address(), b"GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /hold HTTP/1.1\r\nHost: a\r\n\r\n");
    house.wait_for_held();
    wire.finish_sending();
    house.desk.release.add_permits(1);
    assert_eq!(wire.answer().body, "/1");
    assert_eq!(wire.answer().body, "held");
    assert!(wire.is_closed());
    let half = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhal";
    let mut wire = Wire::sending(house.address(), half.as_bytes());
    wire.finish_sending();
    assert_eq!(wire.answer().status, 400);
    assert!(wire.is_closed());
}
