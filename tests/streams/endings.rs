//! Events and long downloads: each piece reaches the caller at once, and the whole breaks
//! off visibly when its token ends, over HTTP/1.1 and HTTP/2, unless the route keeps it.

use std::io::{Read as _, Write as _};
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use h2::RecvStream;
use http::Request;
use rustls::pki_types::ServerName;
use rustls::{ClientConnection, StreamOwned};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::broadcast;
use tokio::time::timeout;

use crate::peers::{head, http2, listen};
use crate::support::gateway::Gateway;
use crate::support::tls::trusting;
use crate::{BOUND, PATIENCE, Setup, counts, metric, revoke, revoke_token, token_of};

/// A backend whose answers go on for as long as its test wants: every text that is sent
/// to `events` goes to every caller as one chunk.
async fn events() -> (SocketAddr, broadcast::Sender<&'static str>) {
    let (events, _) = broadcast::channel::<&'static str>(64);
    let source = events.clone();
    let address = listen(move |mut stream| {
        let mut events = source.subscribe();
        async move {
            let Some(_) = head(&mut stream).await else { return };
            let begin = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
            if stream.write_all(begin.as_bytes()).await.is_err() {
                return;
            }
            let mut away = [0; 64];
            loop {
                tokio::select! {
                    text = events.recv() => {
                        let Ok(text) = text else { return };
                        let chunk = format!("{:x}\r\n{text}\r\n", text.len());
                        if stream.write_all(chunk.as_bytes()).await.is_err() {
                            return;
                        }
                    }
                    // The gateway hung up.
                    read = stream.read(&mut away) => if !matches!(read, Ok(1..)) { return },
                }
            }
        }
    })
    .await;
    (address, events)
}

async fn start(name: &str, backend: SocketAddr, lifetime: &'static str) -> Gateway {
    tokio::task::block_in_place(|| Setup { backend, protocol: "", lifetime, routes: "" }.start(name))
}

/// Asks in clear text; the answer's head is read.
async fn ask(gateway: &Gateway, path: &str, token: &str) -> TcpStream {
    try_ask(gateway, path, token).await.unwrap_or_else(|head| panic!("{head}"))
}

/// The same; `Err`: the head of an answer that is no stream.
async fn try_ask(gateway: &Gateway, path: &str, token: &str) -> Result<TcpStream, String> {
    let mut stream = TcpStream::connect(gateway.address("clear")).await.expect("connected");
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("sent");
    let head = timeout(PATIENCE, head(&mut stream)).await.expect("in time").expect("a head");
    let is_stream = head.starts_with("HTTP/1.1 200 ") && head.contains("transfer-encoding: chunked");
    if is_stream { Ok(stream) } else { Err(head) }
}

/// As much as `expected` is long, or what comes before the end.
async fn next(stream: &mut TcpStream, expected: &str) -> String {
    let mut piece = Vec::new();
    let mut part = stream.take(expected.len() as u64);
    let all = part.read_to_end(&mut piece);
    timeout(PATIENCE, all).await.expect("in time").expect("bytes");
    String::from_utf8_lossy(&piece).into_owned()
}

/// The next event of a caller over HTTP/1.1.
async fn told(stream: &mut TcpStream, event: &str) {
    let chunk = format!("{:x}\r\n{event}\r\n", event.len());
    assert_eq!(next(stream, &chunk).await, chunk);
}

/// Everything up to the end.
async fn rest(stream: &mut TcpStream) -> String {
    let mut all = Vec::new();
    // A reset is an end too.
    let _ = timeout(PATIENCE, stream.read_to_end(&mut all)).await.expect("in time");
    String::from_utf8_lossy(&all).into_owned()
}

async fn ask_http2(gateway: &Gateway, path: &str, token: &str) -> RecvStream {
    try_ask_http2(gateway, path, token).await.unwrap_or_else(|status| panic!("{status}"))
}

async fn try_ask_http2(gateway: &Gateway, path: &str, token: &str) -> Result<RecvStream, http::StatusCode> {
    let mut sender = http2(gateway.address("public")).await;
    let request = Request::get(format!("https://localhost{path}")).header("authorization", format!("Bearer {token}"));
    let (answer, _) = sender.send_request(request.body(()).expect("a request"), true).expect("sent");
    let answer = timeout(PATIENCE, answer).await.expect("in time").expect("an answer");
    if answer.status() == 200 { Ok(answer.into_body()) } else { Err(answer.status()) }
}

async fn piece(body: &mut RecvStream) -> Option<Result<Bytes, h2::Error>> {
    timeout(PATIENCE, body.data()).await.expect("in time")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_event_comes_at_once_and_a_revocation_breaks_off() {
    let (backend, events) = events().await;
    let gateway = start("events", backend, "10m").await;
    let (ana, ben) = (token_of(&gateway, "ana", "read"), token_of(&gateway, "ben", "read"));
    let mut cut = ask(&gateway, "/things/events", &ana).await;
    let mut kept = ask(&gateway, "/kept/events", &ana).await;
    let mut other = ask(&gateway, "/things/events", &ben).await;
    let mut over_http2 = ask_http2(&gateway, "/things/events", &ana).await;
    for event in ["data: 1\n\n", "data: 2\n\n"] {
        events.send(event).expect("somebody listens");
        for stream in [&mut cut, &mut kept, &mut other] {
            told(stream, event).await;
        }
        assert_eq!(piece(&mut over_http2).await.expect("no end").expect("data"), event);
    }
    // What is kept is not watched.
    counts(&gateway, "tollgate_live_exchanges{kind=\"stream\"}", 3);
    let since = tokio::task::block_in_place(|| revoke(&gateway, "ana"));
    assert_eq!(rest(&mut cut).await, "", "an abrupt end: no last chunk");
    let reset = piece(&mut over_http2).await.expect("no proper end").expect_err("no data");
    assert_eq!(reset.reason(), Some(h2::Reason::CANCEL));
    println!("two streams broken off {:?} after the command had returned", since.elapsed());
    assert!(since.elapsed() < BOUND, "{:?}", since.elapsed());
    events.send("data: 3\n\n").expect("somebody listens");
    for stream in [&mut kept, &mut other] {
        told(stream, "data: 3\n\n").await;
    }
    counts(&gateway, "tollgate_live_exchanges_ended_total{kind=\"stream\",reason=\"revoked\"}", 2);
    counts(&gateway, "tollgate_live_exchanges{kind=\"stream\"}", 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_token_called_back_at_the_endpoint_ends_its_own_streams_only() {
    let (backend, events) = events().await;
    let gateway = start("events-token", backend, "10m").await;
    let (one, two) = (token_of(&gateway, "ana", "read"), token_of(&gateway, "ana", "read"));
    let mut first = ask(&gateway, "/things/events", &one).await;
    let mut second = ask(&gateway, "/things/events", &two).await;
    events.send("data: 1\n\n").expect("somebody listens");
    told(&mut first, "data: 1\n\n").await;
    told(&mut second, "data: 1\n\n").await;
    let since = tokio::task::block_in_place(|| revoke_token(&gateway, &one));
    assert_eq!(rest(&mut first).await, "");
    assert!(since.elapsed() < BOUND, "{:?}", since.elapsed());
    events.send("data: 2\n\n").expect("somebody listens");
    told(&mut second, "data: 2\n\n").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_ends_with_its_token() {
    // A token of two seconds may end before a busy machine has come to use it.
    let mut faults = Vec::new();
    for lifetime in ["2s", "8s", "30s"] {
        match ends_with_its_token(lifetime).await {
            Ok(()) => return,
            Err(fault) => faults.push(fault),
        }
    }
    panic!("{faults:#?}");
}

/// `Err`: there were no streams yet when the token ended.
async fn ends_with_its_token(lifetime: &'static str) -> Result<(), String> {
    let (backend, events) = events().await;
    let gateway = start("events-expiry", backend, lifetime).await;
    let token = token_of(&gateway, "ana", "read");
    let mut stream = try_ask(&gateway, "/things/events", &token).await?;
    let over_http2 = try_ask_http2(&gateway, "/things/events", &token).await;
    let mut over_http2 = over_http2.map_err(|status| status.to_string())?;
    events.send("data: 1\n\n").map_err(|error| error.to_string())?;
    let chunk = "9\r\ndata: 1\n\n\r\n";
    let first = next(&mut stream, chunk).await;
    let other = piece(&mut over_http2).await;
    if first != chunk || !matches!(&other, Some(Ok(data)) if data == "data: 1\n\n") {
        return Err(format!("{first:?}, {other:?}"));
    }
    assert_eq!(rest(&mut stream).await, "");
    assert!(piece(&mut over_http2).await.expect("no proper end").is_err());
    counts(&gateway, "tollgate_live_exchanges_ended_total{kind=\"stream\",reason=\"expired\"}", 2);
    let lines: Vec<String> =
        std::iter::from_fn(|| gateway.line()).filter(|line| line.contains("/things/")).take(2).collect();
    assert!(lines.iter().all(|line| line.contains("token_expired")), "{lines:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_download_whose_caller_takes_nothing_ends_with_its_token_too() {
    const SIZE: usize = 64 << 20;
    let backend = listen(|mut stream| async move {
        let Some(_) = head(&mut stream).await else { return };
        let begin = format!("HTTP/1.1 200 OK\r\ncontent-length: {SIZE}\r\n\r\n");
        let _ = stream.write_all(begin.as_bytes()).await;
        let _ = stream.write_all(&vec![b'x'; SIZE]).await;
    })
    .await;
    let gateway = start("download", backend, "10m").await;
    let token = token_of(&gateway, "ana", "read");
    let request = format!("GET /things/a HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n\r\n");
    let mut stream = TcpStream::connect(gateway.address("clear")).await.expect("connected");
    stream.write_all(request.as_bytes()).await.expect("sent");
    let told = timeout(PATIENCE, head(&mut stream)).await.expect("in time").expect("a head");
    assert!(told.contains(&format!("content-length: {SIZE}")), "{told}");
    let mut over_http2 = ask_http2(&gateway, "/things/a", &token).await;
    // Both are watched once they are long; until then they are short answers.
    while metric(&gateway, "tollgate_live_exchanges{kind=\"stream\"}") < 2 {
        tokio::task::yield_now().await;
    }
    tokio::task::block_in_place(|| revoke(&gateway, "ana"));
    // Nothing is read until both are over.
    while metric(&gateway, "tollgate_live_exchanges_ended_total{kind=\"stream\",reason=\"revoked\"}") < 2 {
        tokio::task::yield_now().await;
    }
    let mut all = Vec::new();
    let _ = timeout(PATIENCE, stream.read_to_end(&mut all)).await.expect("in time");
    assert!(all.len() < SIZE, "it must not look complete");
    let mut taken = 0;
    let end = loop {
        match piece(&mut over_http2).await {
            Some(Ok(data)) => {
                taken += data.len();
                let _ = over_http2.flow_control().release_capacity(data.len());
            }
            end => break end,
        }
    };
    assert!(taken < SIZE && matches!(end, Some(Err(_))), "{taken} bytes, {end:?}");
}

/// What a caller of HTTP/1.0 reads over TLS until the end, and whether the end was said:
/// without a length it is all he has (RFC 9112 §9.8).
fn read_over_tls(gateway: &Gateway, path: &str, token: &str) -> (String, std::io::Result<()>) {
    let socket = std::net::TcpStream::connect(gateway.address("public")).expect("connected");
    socket.set_read_timeout(Some(PATIENCE)).expect("a time limit");
    let name = ServerName::try_from("localhost").expect("a name");
    let session = ClientConnection::new(Arc::new(trusting(&[b"http/1.0"])), name).expect("a session");
    let mut tls = StreamOwned::new(session, socket);
    let request = format!("GET {path} HTTP/1.0\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n\r\n");
    tls.write_all(request.as_bytes()).expect("sent");
    let mut all = Vec::new();
    let mut piece = [0; 4096];
    let end = loop {
        match tls.read(&mut piece) {
            Ok(0) => break Ok(()),
            Ok(count) => all.extend_from_slice(&piece[..count]),
            Err(error) => break Err(error),
        }
    };
    (String::from_utf8_lossy(&all).into_owned(), end)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_tls_a_cut_answer_to_an_old_caller_does_not_look_whole() {
    let backend = listen(|mut stream| async move {
        let Some(request) = head(&mut stream).await else { return };
        let begin = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n";
        let end = if request.starts_with("GET /things/whole ") { "0\r\n\r\n" } else { "" };
        let _ = stream.write_all(format!("{begin}{end}").as_bytes()).await;
    })
    .await;
    let gateway = start("old-tls", backend, "10m").await;
    let token = token_of(&gateway, "ana", "read");
    tokio::task::block_in_place(|| {
        let (whole, end) = read_over_tls(&gateway, "/things/whole", &token);
        assert!(whole.ends_with("\r\n\r\nhello") && !whole.contains("chunked"), "{whole}");
        assert!(end.is_ok(), "close_notify says that this was all: {end:?}");
        let (cut, end) = read_over_tls(&gateway, "/things/cut", &token);
        assert!(cut.starts_with("HTTP/1.1 200 ") || cut.is_empty(), "{cut}");
        let kind = end.expect_err("an end that was said would be believed").kind();
        assert!(matches!(kind, std::io::ErrorKind::UnexpectedEof | std::io::ErrorKind::ConnectionReset), "{kind}");
    });
}
