//! Requests whose bodies go on and on while nothing is answered: uploads, and gRPC calls in
//! which the caller talks first. They end with their token like answers do; one that has
//! come whole only waits, and gets its answer.

use std::net::SocketAddr;

use bytes::Bytes;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::callers::{Http1, Http2, post, posted};
use crate::peers::{head, listen};
use crate::support::gateway::Gateway;
use crate::{BOUND, PATIENCE, Setup, counts, revoke, token_of};

/// What a backend has heard of one request.
#[derive(Debug, PartialEq, Eq)]
enum Heard {
    Bytes(String),
    End,
}

/// A backend that listens, and says nothing before its test lets it.
struct Backend {
    address: SocketAddr,
    heard: UnboundedReceiver<Heard>,
    speak: watch::Sender<bool>,
}

impl Backend {
    async fn start() -> Backend {
        let (tells, heard) = unbounded_channel();
        let (speak, may) = watch::channel(false);
        let address = listen(move |mut stream| {
            let (tells, mut may) = (tells.clone(), may.clone());
            async move {
                let Some(_) = head(&mut stream).await else { return };
                let mut piece = [0; 4096];
                loop {
                    tokio::select! {
                        read = stream.read(&mut piece) => {
                            let Ok(count @ 1..) = read else { break };
                            let _ = tells.send(Heard::Bytes(String::from_utf8_lossy(&piece[..count]).into_owned()));
                        }
                        // What it holds of the channel must not be held while the answer is written.
                        () = async { drop(may.wait_for(|may| *may).await) } => {
                            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\ndone").await;
                            break;
                        }
                    }
                }
                let _ = tells.send(Heard::End);
            }
        })
        .await;
        Backend { address, heard, speak }
    }

    async fn heard(&mut self) -> Heard {
        timeout(PATIENCE, self.heard.recv()).await.expect("in time").expect("news")
    }

    /// Waits until all of this has come.
    async fn hears(&mut self, text: &str) {
        let mut all = String::new();
        while !all.ends_with(text) {
            let Heard::Bytes(more) = self.heard().await else { panic!("an end after {all:?}") };
            all += &more;
        }
    }
}

async fn start(name: &str) -> (Backend, Gateway, String) {
    let backend = Backend::start().await;
    let setup = Setup { backend: backend.address, protocol: "", lifetime: "10m", routes: "" };
    let (gateway, token) = tokio::task::block_in_place(|| {
        let gateway = setup.start(name);
        let token = token_of(&gateway, "ana", "read");
        (gateway, token)
    });
    (backend, gateway, token)
}

const CHUNKED: &str = "transfer-encoding: chunked\r\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_under_way_ends_with_its_token() {
    let (mut backend, gateway, token) = start("upload-revoked").await;
    let mut by_http1 = Http1::say(&gateway, &posted(&token, CHUNKED)).await;
    by_http1.go_on("5\r\nhello\r\n").await;
    backend.hears("hello\r\n").await;
    let mut by_http2 = Http2::say(&gateway, post(&token, &[])).await;
    by_http2.stream.send_data(Bytes::from_static(b"world"), false).expect("sent");
    backend.hears("world\r\n").await;
    counts(&gateway, "tollgate_live_exchanges{kind=\"stream\"}", 2);
    let since = tokio::task::block_in_place(|| revoke(&gateway, "ana"));
    let told = by_http1.head().await;
    assert!(told.starts_with("HTTP/1.1 401 ") && told.contains("connection: close"), "{told}");
    assert!(told.contains("www-authenticate: Bearer ") && told.contains("invalid_token"), "{told}");
    let answer = timeout(PATIENCE, by_http2.answer).await.expect("in time").expect("an answer");
    assert_eq!(answer.status(), 401);
    assert!(answer.headers()["www-authenticate"].to_str().expect("text").contains("invalid_token"));
    println!("two uploads ended {:?} after the command had returned", since.elapsed());
    assert!(since.elapsed() < BOUND, "{:?}", since.elapsed());
    // Neither looks whole to the backend: no last chunk.
    assert_eq!((backend.heard().await, backend.heard().await), (Heard::End, Heard::End));
    counts(&gateway, "tollgate_live_exchanges_ended_total{kind=\"stream\",reason=\"revoked\"}", 2);
    counts(&gateway, "tollgate_live_exchanges{kind=\"stream\"}", 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_grpc_call_whose_caller_talks_first_ends_with_its_token() {
    let (mut backend, gateway, token) = start("upload-grpc").await;
    let mut call =
        Http2::say(&gateway, post(&token, &[("content-type", "application/grpc"), ("te", "trailers")])).await;
    call.stream.send_data(Bytes::from_static(b"\0\0\0\0\x01a"), false).expect("sent");
    backend.hears("a\r\n").await;
    let since = tokio::task::block_in_place(|| revoke(&gateway, "ana"));
    let answer = timeout(PATIENCE, call.answer).await.expect("in time").expect("an answer");
    assert!(since.elapsed() < BOUND, "{:?}", since.elapsed());
    assert_eq!((answer.status().as_u16(), &answer.headers()["grpc-status"]), (200, &"16".parse().expect("a value")));
    assert_eq!(answer.headers()["grpc-message"], "the access token was revoked");
    assert_eq!(backend.heard().await, Heard::End);
    counts(&gateway, "tollgate_live_exchanges_ended_total{kind=\"grpc\",reason=\"revoked\"}", 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_kept_or_has_come_whole_is_answered() {
    let (mut backend, gateway, token) = start("upload-kept").await;
    let kept = posted(&token, CHUNKED).replace("/things/", "/kept/");
    let mut kept = Http1::say(&gateway, &kept).await;
    kept.go_on("5\r\nhello\r\n").await;
    backend.hears("hello\r\n").await;
    let mut whole = Http1::say(&gateway, &posted(&token, CHUNKED)).await;
    whole.go_on("5\r\nworld\r\n").await;
    backend.hears("world\r\n").await;
    whole.go_on("0\r\n\r\n").await;
    backend.hears("0\r\n\r\n").await;
    // One more that is ended: when it has been, the others have been looked at too.
    let mut ended = Http1::say(&gateway, &posted(&token, CHUNKED)).await;
    ended.go_on("1\r\nx\r\n").await;
    backend.hears("x\r\n").await;
    tokio::task::block_in_place(|| revoke(&gateway, "ana"));
    assert!(ended.head().await.starts_with("HTTP/1.1 401 "));
    assert_eq!(backend.heard().await, Heard::End);
    kept.go_on("4\r\nmore\r\n").await;
    backend.hears("more\r\n").await;
    backend.speak.send(true).expect("somebody listens");
    for caller in [&mut kept, &mut whole] {
        assert!(caller.head().await.starts_with("HTTP/1.1 200 "));
    }
}
