//! A caller who asks for much and takes nothing of it, beside one who asks for little: they
//! share a worker and the connection to the backend, and the second must not wait for the
//! first. Counted, not timed.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use h2::server::SendResponse;
use http::{Request, Response};
use tokio::time::timeout;

use crate::peers::{http2, listen};
use crate::{PATIENCE, Setup};

/// Streams that the greedy one opens.
const GREED: usize = 60;
/// Bytes of the answers to it that the backend gets rid of at least: they are stuck then.
const STUCK: usize = 2 << 20;

/// Answers `/greedy` without end and anything else with a kilobyte.
async fn answer(request: Request<h2::RecvStream>, mut respond: SendResponse<Bytes>, given: Arc<AtomicUsize>) {
    let Ok(mut stream) = respond.send_response(Response::new(()), false) else { return };
    if request.uri().path() != "/things/greedy" {
        let _ = stream.send_data(Bytes::from(vec![b'y'; 1024]), true);
        return;
    }
    loop {
        stream.reserve_capacity(16 * 1024);
        let Some(Ok(room)) = std::future::poll_fn(|cx| stream.poll_capacity(cx)).await else { return };
        if stream.send_data(Bytes::from(vec![b'x'; room]), false).is_err() {
            return;
        }
        given.fetch_add(room, Ordering::SeqCst);
    }
}

fn ask(path: &str) -> Request<()> {
    Request::get(format!("https://localhost{path}")).body(()).expect("a request")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_that_a_greedy_caller_leaves_do_not_hold_up_his_neighbour() {
    let given = Arc::<AtomicUsize>::default();
    let counts = Arc::clone(&given);
    let backend = listen(move |stream| {
        let given = Arc::clone(&counts);
        async move {
            let Ok(mut connection) = h2::server::handshake(stream).await else { return };
            while let Some(Ok((request, respond))) = connection.accept().await {
                tokio::spawn(answer(request, respond, Arc::clone(&given)));
            }
        }
    })
    .await;
    let routes = "  - { path: /open/**, upstream: backend, access: public, forward: { strip_prefix: /open } }\n\
        runtime: { workers: 1 }";
    let protocol = ", protocol: http2, pool: { max_connections: 1 }";
    let gateway = Setup { backend, protocol, lifetime: "10m", routes }.start("fairness");
    let greedy = http2(gateway.address("public")).await;
    let mut left = Vec::new();
    for _ in 0..GREED {
        let mut sender = greedy.clone().ready().await.expect("room");
        let (answer, _) = sender.send_request(ask("/open/things/greedy"), true).expect("sent");
        left.push(timeout(PATIENCE, answer).await.expect("in time").expect("an answer"));
    }
    while given.load(Ordering::SeqCst) < STUCK {
        tokio::task::yield_now().await;
    }
    let neighbour = http2(gateway.address("public")).await;
    for _ in 0..50 {
        let mut sender = neighbour.clone().ready().await.expect("room");
        let (answer, _) = sender.send_request(ask("/open/things/small"), true).expect("sent");
        let whole = async {
            let mut body = answer.await.expect("an answer").into_body();
            let mut length = 0;
            while let Some(piece) = body.data().await {
                length += piece.expect("a piece").len();
                let _ = body.flow_control().release_capacity(length);
            }
            length
        };
        assert_eq!(timeout(PATIENCE, whole).await.expect("the neighbour is not held up"), 1024);
    }
    crate::counts(&gateway, "tollgate_upstream_connections{upstream=\"backend\"}", 1);
    drop(left);
}

/// Uploads of one connection that their backend does not take.
const LEFT: usize = 12;
/// Bytes of each of them: more than the kernel's buffers take.
const MUCH: usize = 64 << 20;
/// Bytes of the upload that is taken: more than what all uploads of a connection share.
const TAKEN: usize = 4 << 20;

/// Takes the body of `/things/taken` and says how long it was; leaves any other untouched.
async fn takes(mut stream: tokio::net::TcpStream) {
    let Some(head) = crate::peers::head(&mut stream).await else { return };
    if !head.contains("/things/taken") {
        return std::future::pending().await;
    }
    let (mut length, mut buffer) = (0, vec![0; 64 * 1024]);
    while length < TAKEN {
        match tokio::io::AsyncReadExt::read(&mut stream, &mut buffer).await {
            Ok(0) | Err(_) => return,
            Ok(count) => length += count,
        }
    }
    let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: 0\r\nx-length: {length}\r\n\r\n");
    let _ = tokio::io::AsyncWriteExt::write_all(&mut stream, answer.as_bytes()).await;
}

/// Sends `length` bytes as room comes, and ends.
async fn fill(mut stream: h2::SendStream<Bytes>, mut length: usize) {
    while length > 0 {
        stream.reserve_capacity(length.min(64 * 1024));
        let Some(Ok(room)) = std::future::poll_fn(|cx| stream.poll_capacity(cx)).await else { return };
        let count = room.min(length);
        length -= count;
        if stream.send_data(Bytes::from(vec![b'x'; count]), length == 0).is_err() {
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn uploads_that_nobody_takes_do_not_hold_up_another_of_their_connection() {
    let backend = listen(takes).await;
    let routes = "  - { path: /open/**, upstream: backend, access: public, max_body: 64MiB, forward: { strip_prefix: /open } }\n\
        runtime: { workers: 1 }";
    let gateway = Setup { backend, protocol: "", lifetime: "10m", routes }.start("fair-uploads");
    let caller = http2(gateway.address("public")).await;
    let post = |path: &str, length: usize| {
        let request = Request::post(format!("https://localhost/open{path}")).header("content-length", length);
        request.body(()).expect("a request")
    };
    let mut left = Vec::new();
    for _ in 0..LEFT {
        let mut sender = caller.clone().ready().await.expect("room");
        let (answer, stream) = sender.send_request(post("/things/left", MUCH), false).expect("sent");
        left.push((answer, tokio::spawn(fill(stream, MUCH))));
    }
    let mut sender = caller.clone().ready().await.expect("room");
    let (answer, stream) = sender.send_request(post("/things/taken", TAKEN), false).expect("sent");
    let filled = tokio::spawn(fill(stream, TAKEN));
    let answer = timeout(PATIENCE, answer).await.expect("it is not held up").expect("an answer");
    assert_eq!(answer.headers()["x-length"], TAKEN.to_string());
    filled.await.expect("all of it was sent");
    assert!(left.iter().all(|(_, filling)| !filling.is_finished()), "the others are still stuck");
    left.iter().for_each(|(_, filling)| filling.abort());
}
