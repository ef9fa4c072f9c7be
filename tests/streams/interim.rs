//! Interim answers between every pair of versions, and `Expect: 100-continue`: who waits
//! with his body is told to go on when somebody wants it, once, and not before he passed.

use bytes::Bytes;
use tokio::time::timeout;

use crate::backends::{self, Backend, Hints};
use crate::callers::{Http1, Http2, post, posted};
use crate::support::gateway::Gateway;
use crate::{PATIENCE, Setup, token_of};

async fn start(name: &str, backend: &Backend, protocol: &'static str) -> (Gateway, String) {
    let setup = Setup { backend: backend.address, protocol, lifetime: "10m", routes: "" };
    tokio::task::block_in_place(|| {
        let gateway = setup.start(name);
        let token = token_of(&gateway, "ana", "read");
        (gateway, token)
    })
}

async fn both(hints: Hints) -> [(Backend, &'static str, &'static str); 2] {
    [(backends::http1(hints).await, "", "http1"), (backends::http2(hints).await, ", protocol: http2", "http2")]
}

fn expected(hints: &[u16]) -> Vec<(u16, String)> {
    hints.iter().map(|status| (*status, format!("<{status}>"))).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn they_pass_between_every_pair_of_versions_and_not_to_http_1_0() {
    for (backend, protocol, name) in both(&[102, 103, 103]).await {
        let (gateway, token) = start(&format!("interim-{name}"), &backend, protocol).await;
        let whole = posted(&token, "content-length: 5\r\nconnection: close\r\n") + "hello";
        let heard = Http1::say(&gateway, &whole).await.heard().await;
        assert_eq!((heard.status, &heard.body[..]), (200, &b"hello"[..]), "{name}");
        assert_eq!(heard.interims, expected(&[102, 103, 103]), "HTTP/1.1 to {name}");
        let mut caller = Http2::say(&gateway, post(&token, &[])).await;
        caller.stream.send_data(Bytes::from_static(b"hello"), true).expect("sent");
        let heard = caller.heard().await;
        assert_eq!((heard.status, &heard.body[..]), (200, &b"hello"[..]), "{name}");
        assert_eq!(heard.interims, expected(&[102, 103, 103]), "HTTP/2 to {name}");
        let old = Http1::say(&gateway, &whole.replace("HTTP/1.1", "HTTP/1.0")).await.heard().await;
        assert_eq!((old.status, &old.body[..], old.interims.len()), (200, &b"hello"[..], 0), "HTTP/1.0 to {name}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn they_are_bounded_in_number() {
    const MANY: [u16; 16] = [103; 16];
    const TOO_MANY: [u16; 17] = [103; 17];
    for (backend, protocol, name) in both(&MANY).await {
        let (gateway, token) = start(&format!("interim-many-{name}"), &backend, protocol).await;
        let whole = posted(&token, "content-length: 5\r\nconnection: close\r\n") + "hello";
        let heard = Http1::say(&gateway, &whole).await.heard().await;
        assert_eq!(heard.status, 200, "{name}");
        assert!((1..=16).contains(&heard.interims.len()), "{name}: {heard:?}");
    }
    for (backend, protocol, name) in both(&TOO_MANY).await {
        let (gateway, token) = start(&format!("interim-flood-{name}"), &backend, protocol).await;
        let whole = posted(&token, "content-length: 5\r\nconnection: close\r\n") + "hello";
        assert_eq!(Http1::say(&gateway, &whole).await.heard().await.status, 502, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_waits_with_his_body_is_told_once_to_go_on() {
    // These backends say it too; the caller hears it from the gateway alone.
    for (mut backend, protocol, name) in both(&[100, 103]).await {
        let (gateway, token) = start(&format!("expect-{name}"), &backend, protocol).await;
        for (framing, body) in
            [("content-length: 5", "hello"), ("transfer-encoding: chunked", "5\r\nhello\r\n0\r\n\r\n")]
        {
            let lines = format!("expect: 100-Continue\r\n{framing}\r\nconnection: close\r\n");
            let mut caller = Http1::say(&gateway, &posted(&token, &lines)).await;
            let (mut told, mut hints) = (0, 0);
            while told == 0 {
                let head = caller.head().await;
                told += usize::from(head == "HTTP/1.1 100 Continue\r\n\r\n");
                hints += usize::from(head.starts_with("HTTP/1.1 103 "));
            }
            caller.go_on(body).await;
            let heard = caller.heard().await;
            hints += heard.interims.iter().filter(|(status, _)| *status == 103).count();
            told += heard.interims.iter().filter(|(status, _)| *status == 100).count();
            assert_eq!((heard.status, told, hints), (200, 1, 1), "HTTP/1.1 to {name}, {framing}");
        }
        let mut caller = Http2::say(&gateway, post(&token, &[("expect", "100-continue")])).await;
        let (mut told, mut hints) = (0, 0);
        while told == 0 {
            let status = caller.interim().await.expect("an interim answer").status();
            told += usize::from(status == 100);
            hints += usize::from(status == 103);
        }
        caller.stream.send_data(Bytes::from_static(b"hello"), true).expect("sent");
        let heard = caller.heard().await;
        hints += heard.interims.iter().filter(|(status, _)| *status == 103).count();
        told += heard.interims.iter().filter(|(status, _)| *status == 100).count();
        assert_eq!((heard.status, told, hints), (200, 1, 1), "HTTP/2 to {name}");
        for _ in 0..3 {
            let sent = backend.sent().await;
            assert_eq!((sent.body.as_slice(), sent.all("expect").len()), (&b"hello"[..], 0), "{name}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_may_not_pass_is_refused_before_he_sends_it() {
    let backend = backends::http1(&[]).await;
    let (gateway, _) = start("expect-refused", &backend, "").await;
    let lines = "expect: 100-continue\r\ncontent-length: 5\r\nconnection: close\r\n";
    let heard = Http1::say(&gateway, &posted("x.y.z", lines)).await.heard().await;
    assert_eq!((heard.status, heard.interims.len()), (401, 0));
    // HTTP/1.0 knows no interim answers: nobody is made to wait for one.
    let old = posted("x.y.z", lines).replace("HTTP/1.1", "HTTP/1.0") + "hello";
    assert_eq!(Http1::say(&gateway, &old).await.heard().await.status, 401);
    let mut caller = Http2::say(&gateway, post("x.y.z", &[("expect", "100-continue")])).await;
    assert!(caller.interim().await.is_none());
    assert_eq!(timeout(PATIENCE, caller.answer).await.expect("in time").expect("an answer").status(), 401);
}
