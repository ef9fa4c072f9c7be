//! Backends that fail: the caller learns whose fault it was and nothing else, and an
//! answer that broke off never looks whole.

use std::time::Duration;

use tokio::net::TcpListener;

use crate::backend::{OK, Then, says};
use crate::gateway::{Gateway, route, server};
use crate::port;
use crate::wire::{get, raw};

fn reason(answer: &crate::wire::Answer) -> String {
    answer.json()["reason"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_there_is_502() {
    let gone = port::own();
    let gateway = Gateway::serve(vec![route("/a", gone)]);
    let answer = get(gateway.address, "/a", "").await;
    assert_eq!((answer.status, reason(&answer).as_str()), (502, "upstream_connect"));
    assert!(!String::from_utf8_lossy(&answer.body).contains("127.0.0.1"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_two_readers_would_read_as_two_answers_is_502() {
    for said in [
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 2\r\n\r\nok",
        "HTTP/1.1 200 OK\r\ncontent-length: 2, 2\r\n\r\nok",
        "HTTP/1.1 200 OK\r\ncontent-length: +2\r\n\r\nok",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\nok",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n",
        "HTTP/1.1 200 OK\r\nx: a\0b\r\n\r\n",
        "junk",
    ] {
        let backend = says(said, Then::Close).await;
        let gateway = Gateway::serve(vec![route("/a", backend.address)]);
        let answer = get(gateway.address, "/a", "").await;
        assert_eq!(answer.status, 502, "{said:?}");
        assert!(["upstream_bad_answer", "upstream_reset"].contains(&reason(&answer).as_str()), "{said:?}");
    }
    let endless = format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "y".repeat(500_000));
    let backend = says(endless, Then::Close).await;
    let gateway = Gateway::serve(vec![route("/a", backend.address)]);
    assert_eq!(get(gateway.address, "/a", "").await.status, 502);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn silence_is_504() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let mut slow = route("/a", listener.local_addr().expect("an address"));
    slow.plan.first_byte_timeout = Duration::from_millis(200);
    let gateway = Gateway::serve(vec![slow]);
    let answer = get(gateway.address, "/a", "").await;
    assert_eq!((answer.status, reason(&answer).as_str()), (504, "upstream_timeout"));
    drop(listener);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_small_answer_that_breaks_off_is_502() {
    let backend = says("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf", Then::Close).await;
    let gateway = Gateway::serve(vec![route("/a", backend.address)]);
    let answer = get(gateway.address, "/a", "").await;
    assert_eq!((answer.status, reason(&answer).as_str()), (502, "upstream_reset"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_breaks_off_does_not_look_whole() {
    let chunked = format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5000\r\n{}\r\n", "x".repeat(0x5000));
    let counted = format!("HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n{}", "x".repeat(500_000));
    for (said, then) in [(&chunked, Then::Close), (&counted, Then::Close), (&chunked, Then::Keep)] {
        let backend = says(said.clone(), then).await;
        let mut broken = route("/a", backend.address);
        if then == Then::Keep {
            broken.plan.idle_timeout = Duration::from_millis(200);
        }
        let gateway = Gateway::serve(vec![broken]);
        let got = raw(gateway.address, b"GET /a HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await;
        let text = String::from_utf8_lossy(&got).into_owned();
        // Who sees a head knows that his request was taken; without one he may send it again.
        assert!(text.starts_with("HTTP/1.1 200 OK\r\n") && text.contains('x'), "{text:.60}");
        assert!(!text.ends_with("0\r\n\r\n"), "the end of a chunked body was made up");
        assert!(text.matches('x').count() <= 500_000);
        let fault = if then == Then::Close { "reset" } else { "timeout" };
        let counted = format!("tollgate_upstream_requests_total{{result=\"{fault}\",upstream=\"/a\"}} 1");
        let is_counted = async {
            while !gateway.shared.telemetry.render().expect("metrics").contains(&counted) {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), is_counted).await.expect(&counted);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_two_servers_may_be_dead() {
    let gone = port::own();
    let backend = says(OK, Then::Keep).await;
    let mut two = route("/a", backend.address);
    two.servers.push(server(gone));
    let gateway = Gateway::serve(vec![two]);
    for _ in 0..10 {
        assert_eq!(get(gateway.address, "/a", "").await.status, 200);
    }
    assert_eq!(backend.requests().len(), 10);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_upstream_is_503_after_a_wait() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let mut tight = route("/a", listener.local_addr().expect("an address"));
    tight.max_connections = 1;
    tight.plan.first_byte_timeout = Duration::from_secs(600);
    let gateway = Gateway::serve(vec![tight]);
    let mut asked = tokio::task::JoinSet::new();
    for _ in 0..2 {
        let address = gateway.address;
        asked.spawn(async move { get(address, "/a", "").await });
    }
    // Whoever came second is told; the other one has the connection.
    let busy = asked.join_next().await.expect("two").expect("no panic");
    assert_eq!((busy.status, busy.all("retry-after"), reason(&busy).as_str()), (503, vec!["1"], "upstream_busy"));
    drop(listener);
    let cut = asked.join_next().await.expect("the other").expect("no panic");
    // Cut off, and at the next try nobody is there.
    assert_eq!((cut.status, reason(&cut).as_str()), (502, "upstream_connect"));
}
