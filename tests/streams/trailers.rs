//! Trailers in both directions, over every pair of versions, and what of a request's must
//! not go on.

use bytes::Bytes;
use http::HeaderMap;

use crate::backends::{self, Backend};
use crate::callers::{Heard, Http1, Http2, post, posted};
use crate::support::gateway::Gateway;
use crate::{Setup, token_of};

async fn start(name: &str, backend: &Backend, protocol: &'static str) -> (Gateway, String) {
    let setup = Setup { backend: backend.address, protocol, lifetime: "10m", routes: ROUTES };
    tokio::task::block_in_place(|| {
        let gateway = setup.start(name);
        let token = token_of(&gateway, "ana", "read");
        (gateway, token)
    })
}

const ROUTES: &str = r#"  - { path: /ruled/**, upstream: backend, access: scope read, forward: { remove: [X-Sum] } }"#;

/// The two kinds of backend.
async fn both() -> [(Backend, &'static str, &'static str); 2] {
    [(backends::http1(&[]).await, "", "http1"), (backends::http2(&[]).await, ", protocol: http2", "http2")]
}

/// Trailers of which one may go on.
const SECTION: &str = "X-Sum: 42\r\nX-Forwarded-For: 6.6.6.6\r\nCookie: a=b\r\nIf-Match: x\r\n";

fn section() -> HeaderMap {
    let pairs = SECTION.lines().filter_map(|line| line.split_once(": "));
    pairs.map(|(name, value)| (name.parse::<http::HeaderName>().expect("n"), value.parse().expect("v"))).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn they_pass_between_every_pair_of_versions() {
    for (mut backend, protocol, name) in both().await {
        let (gateway, token) = start(&format!("trailers-{name}"), &backend, protocol).await;
        let lines = "te: trailers\r\nconnection: te, close\r\ntrailer: X-Sum, Cookie\r\ntransfer-encoding: chunked\r\n";
        let request = posted(&token, lines) + "5\r\nhello\r\n0\r\n" + SECTION + "\r\n";
        let by_http1 = Http1::say(&gateway, &request).await.heard().await;
        let mut by_http2 = Http2::say(&gateway, post(&token, &[("te", "trailers"), ("trailer", "x-sum")])).await;
        by_http2.stream.send_data(Bytes::from_static(b"hello"), false).expect("sent");
        by_http2.stream.send_trailers(section()).expect("sent");
        let by_http2 = by_http2.heard().await;
        let whole = Heard { status: 200, body: b"hello".to_vec(), sum: Some("7".to_owned()), ..Heard::default() };
        assert_eq!((&by_http1, &by_http2), (&whole, &whole), "{name}");
        for caller in ["HTTP/1.1", "HTTP/2"] {
            let sent = backend.sent().await;
            assert_eq!(sent.body, b"hello", "{caller} to {name}");
            assert_eq!(sent.trailers, [("x-sum".to_owned(), "42".to_owned())], "{caller} to {name}");
            assert_eq!((sent.all("trailer"), sent.all("te")), (vec!["x-sum"], vec!["trailers"]), "{caller} to {name}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_does_not_ask_for_them_gets_none_and_a_length_leaves_no_room_for_them() {
    let mut backend = backends::http1(&[]).await;
    let (gateway, token) = start("trailers-none", &backend, "").await;
    let request = posted(&token, "content-length: 5\r\nconnection: close\r\n") + "hello";
    let heard = Http1::say(&gateway, &request).await.heard().await;
    assert_eq!((heard.status, heard.sum), (200, None));
    let sent = backend.sent().await;
    assert!(sent.all("te").is_empty() && sent.all("connection").is_empty(), "{sent:?}");
    let mut caller = Http2::say(&gateway, post(&token, &[("content-length", "5")])).await;
    caller.stream.send_data(Bytes::from_static(b"hello"), false).expect("sent");
    caller.stream.send_trailers(section()).expect("sent");
    assert_eq!(caller.heard().await.status, 200);
    let sent = backend.sent().await;
    assert_eq!((sent.all("content-length"), sent.body.as_slice(), sent.trailers.len()), (vec!["5"], &b"hello"[..], 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_frames_or_authenticates_is_refused_and_a_section_is_bounded() {
    for (mut backend, protocol, name) in both().await {
        let (gateway, token) = start(&format!("trailers-bad-{name}"), &backend, protocol).await;
        let chunked = posted(&token, "connection: close\r\ntransfer-encoding: chunked\r\n") + "5\r\nhello\r\n0\r\n";
        let many: String = (0..101).map(|n| format!("x-{n}: 1\r\n")).collect();
        let long = format!("x-a: {}\r\n", "a".repeat(70_000));
        for bad in ["Content-Length: 5\r\n", "Authorization: Bearer x\r\n", "Host: a\r\n", "x y\r\n", &many, &long] {
            let heard = Http1::say(&gateway, &format!("{chunked}{bad}\r\n")).await.head().await;
            assert!(heard.starts_with("HTTP/1.1 400 "), "{name}, {}: {heard}", &bad[..4]);
        }
        let mut caller = Http2::say(&gateway, post(&token, &[])).await;
        caller.stream.send_data(Bytes::from_static(b"hello"), false).expect("sent");
        caller
            .stream
            .send_trailers(
                (0..101)
                    .map(|n| (format!("x-{n}").parse::<http::HeaderName>().expect("n"), "1".parse().expect("v")))
                    .collect(),
            )
            .expect("sent");
        assert_eq!(caller.heard().await.status, 400, "{name}");
        // What a rule of the route takes out of the head does not come in behind it.
        let ruled =
            posted(&token, "connection: close\r\ntransfer-encoding: chunked\r\n").replace("/things/", "/ruled/");
        let heard =
            Http1::say(&gateway, &(ruled + "5\r\nhello\r\n0\r\nX_Sum: 1\r\nx-other: 2\r\n\r\n")).await.heard().await;
        assert_eq!(heard.status, 200, "{name}");
        let sent = backend.sent().await;
        assert_eq!(sent.trailers, [("x-other".to_owned(), "2".to_owned())], "nothing else was taken for whole");
    }
}
