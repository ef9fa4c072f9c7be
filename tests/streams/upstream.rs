//! HTTP/2 towards backends: many requests on one connection, bounds on both sides, and
//! what a backend takes back or says before it leaves.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use h2::server::{Builder, SendResponse};
use h2::{Reason, RecvStream};
use http::{HeaderMap, Request, Response};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use crate::peers::{http2, listen, says};
use crate::support::gateway::Gateway;
use crate::support::http::curl;
use crate::{PATIENCE, Setup, token_of};

/// What a backend has counted.
#[derive(Default)]
struct Counts {
    connections: AtomicUsize,
    requests: AtomicUsize,
    at_once: AtomicUsize,
    most: AtomicUsize,
}

/// What a backend does with its `n`th request.
type Answer = fn(usize, Request<RecvStream>, SendResponse<Bytes>, Arc<Semaphore>) -> Pending;
type Pending = std::pin::Pin<Box<dyn Future<Output = Then> + Send>>;

/// How its connection goes on.
#[derive(PartialEq, Eq)]
enum Then {
    GoOn,
    Leave,
}

/// Serves one connection.
async fn attend<T>(stream: T, streams: u32, answer: Answer, counts: Arc<Counts>, gate: Arc<Semaphore>)
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    counts.connections.fetch_add(1, Ordering::SeqCst);
    let Ok(mut connection) = Builder::new().max_concurrent_streams(streams).handshake::<_, Bytes>(stream).await else {
        return;
    };
    let (leaves, mut leaving) = tokio::sync::mpsc::unbounded_channel();
    loop {
        let accepted = tokio::select! {
            accepted = connection.accept() => accepted,
            Some(()) = leaving.recv() => {
                connection.graceful_shutdown();
                continue;
            }
        };
        let Some(Ok((request, respond))) = accepted else { return };
        let n = counts.requests.fetch_add(1, Ordering::SeqCst);
        let now = counts.at_once.fetch_add(1, Ordering::SeqCst) + 1;
        counts.most.fetch_max(now, Ordering::SeqCst);
        let (counts, gate, leaves) = (Arc::clone(&counts), Arc::clone(&gate), leaves.clone());
        tokio::spawn(async move {
            let then = answer(n, request, respond, gate).await;
            counts.at_once.fetch_sub(1, Ordering::SeqCst);
            if then == Then::Leave {
                let _ = leaves.send(());
            }
        });
    }
}

/// A backend by prior knowledge.
async fn backend(streams: u32, answer: Answer) -> (SocketAddr, Arc<Counts>, Arc<Semaphore>) {
    let (counts, gate) = (Arc::<Counts>::default(), Arc::new(Semaphore::new(0)));
    let (counting, passing) = (Arc::clone(&counts), Arc::clone(&gate));
    let address =
        listen(move |stream| attend(stream, streams, answer, Arc::clone(&counting), Arc::clone(&passing))).await;
    (address, counts, gate)
}

fn answer_with(respond: &mut SendResponse<Bytes>, text: String) {
    let mut stream = respond.send_response(Response::new(()), false).expect("sent");
    stream.send_data(Bytes::from(text), true).expect("sent");
}

/// The path, the host and the body of what came, and trailers behind it.
fn described(_: usize, request: Request<RecvStream>, mut respond: SendResponse<Bytes>, _: Arc<Semaphore>) -> Pending {
    Box::pin(async move {
        let (head, mut body) = request.into_parts();
        let mut length = 0;
        while let Some(Ok(data)) = body.data().await {
            length += data.len();
            let _ = body.flow_control().release_capacity(data.len());
        }
        let mut stream = respond.send_response(Response::new(()), false).expect("sent");
        stream.send_data(Bytes::from(format!("{} {} {length}", head.method, head.uri)), false).expect("sent");
        let mut trailers = HeaderMap::new();
        trailers.insert("x-sum", "42".parse().expect("a value"));
        stream.send_trailers(trailers).expect("sent");
        Then::GoOn
    })
}

async fn start(name: &str, backend: SocketAddr, keys: &'static str) -> (Gateway, String) {
    let setup = Setup { backend, protocol: keys, lifetime: "10m", routes: "" };
    tokio::task::block_in_place(|| {
        let gateway = setup.start(name);
        let token = token_of(&gateway, "ana", "read");
        (gateway, token)
    })
}

async fn ask(sender: &h2::client::SendRequest<Bytes>, path: &str, token: &str) -> (u16, String, Option<HeaderMap>) {
    let mut sender = sender.clone().ready().await.expect("ready");
    let request = Request::get(format!("https://localhost{path}")).header("authorization", format!("Bearer {token}"));
    let (answer, _) = sender.send_request(request.body(()).expect("a request"), true).expect("sent");
    let answer = timeout(PATIENCE, answer).await.expect("in time").expect("an answer");
    let (head, mut body) = answer.into_parts();
    let mut text = Vec::new();
    while let Some(data) = timeout(PATIENCE, body.data()).await.expect("in time") {
        text.extend_from_slice(&data.expect("data"));
    }
    let trailers = body.trailers().await.expect("trailers");
    (head.status.as_u16(), String::from_utf8(text).expect("text"), trailers)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_of_both_protocols_reach_it_and_trailers_come_back() {
    let (address, _, _) = backend(100, described).await;
    let (gateway, token) = start("h2-both", address, ", protocol: http2").await;
    let sender = http2(gateway.address("public")).await;
    let (status, text, trailers) = ask(&sender, "/things/1?a=b", &token).await;
    assert_eq!((status, text.as_str()), (200, "GET http://localhost/things/1?a=b 0"));
    assert_eq!(trailers.expect("trailers")["x-sum"], "42");
    let authorization = format!("Authorization: Bearer {token}");
    let (clear, large) = (gateway.address("clear"), "x".repeat(1 << 20));
    let folder = gateway.folder.path().join("large");
    std::fs::write(&folder, large).expect("a file");
    let answer = tokio::task::block_in_place(|| {
        let file = format!("@{}", folder.display());
        let url = format!("http://{clear}/things/2");
        curl(&["--http1.1", "-X", "POST", "-H", &authorization, "-H", "TE: trailers", "--data-binary", &file, &url])
    });
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(answer.body.starts_with("POST http://127.0.0.1"), "{answer:?}");
    assert!(answer.body.contains(" 1048576"), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn early_hints_of_an_http1_backend_reach_a_caller_of_http2() {
    let address = says(
        b"HTTP/1.1 103 Early Hints\r\nlink: </style.css>; rel=preload\r\nconnection: x-own\r\nx-own: 1\r\n\r\n\
          HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok",
    )
    .await;
    let (gateway, token) = start("h2-hints", address, "").await;
    let mut sender = http2(gateway.address("public")).await;
    let request = Request::get("https://localhost/things/1").header("authorization", format!("Bearer {token}"));
    let (mut answer, _) = sender.send_request(request.body(()).expect("a request"), true).expect("sent");
    let hints = timeout(PATIENCE, std::future::poll_fn(|cx| answer.poll_informational(cx))).await.expect("in time");
    let hints = hints.expect("hints").expect("a head");
    assert_eq!(hints.status(), 103);
    assert_eq!(hints.headers()["link"], "</style.css>; rel=preload");
    assert!(!hints.headers().contains_key("connection") && !hints.headers().contains_key("x-own"));
    assert_eq!(timeout(PATIENCE, answer).await.expect("in time").expect("an answer").status(), 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_requests_share_one_connection_within_what_the_backend_allows() {
    let held: Answer = |_, _, mut respond, gate| {
        Box::pin(async move {
            gate.acquire().await.expect("open").forget();
            answer_with(&mut respond, "ok".to_owned());
            Then::GoOn
        })
    };
    let (address, counts, gate) = backend(10, held).await;
    let (gateway, token) = start("h2-many", address, ", protocol: http2, pool: { max_connections: 2 }").await;
    let sender = http2(gateway.address("public")).await;
    let mut asking = JoinSet::new();
    for n in 0..15 {
        let (sender, token) = (sender.clone(), token.clone());
        asking.spawn(async move { ask(&sender, &format!("/things/{n}"), &token).await.0 });
    }
    while counts.at_once.load(Ordering::SeqCst) < 15 {
        tokio::task::yield_now().await;
    }
    gate.add_permits(15);
    while let Some(status) = asking.join_next().await {
        assert_eq!(status.expect("no panic"), 200);
    }
    // Each worker has connections of its own.
    let connections = counts.connections.load(Ordering::SeqCst);
    assert!((2..=4).contains(&connections), "{connections} connections for 15 requests at 10 each");
    crate::counts(&gateway, "tollgate_upstream_connections{upstream=\"backend\"}", connections as u64);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_it_refuses_unseen_is_sent_again_and_what_it_broke_is_not() {
    let refusing: Answer = |n, request, mut respond, _| {
        Box::pin(async move {
            match (n, request.uri().path()) {
                (_, "/things/broken") => respond.send_reset(Reason::INTERNAL_ERROR),
                (0, _) => respond.send_reset(Reason::REFUSED_STREAM),
                _ => answer_with(&mut respond, format!("request {n}")),
            }
            Then::GoOn
        })
    };
    let (address, counts, _) = backend(100, refusing).await;
    let (gateway, token) =
        start("h2-refused", address, ", protocol: http2, retry: { on: [connect-failure, reset] }").await;
    let sender = http2(gateway.address("public")).await;
    let (status, text, _) = ask(&sender, "/things/1", &token).await;
    assert_eq!((status, text.as_str()), (200, "request 1"), "REFUSED_STREAM is sent again");
    let before = counts.requests.load(Ordering::SeqCst);
    let mut sender = sender.ready().await.expect("ready");
    let request = Request::post("https://localhost/things/broken").header("authorization", format!("Bearer {token}"));
    let (answer, _) = sender.send_request(request.body(()).expect("a request"), true).expect("sent");
    assert_eq!(timeout(PATIENCE, answer).await.expect("in time").expect("an answer").status(), 502);
    assert_eq!(counts.requests.load(Ordering::SeqCst), before + 1, "a POST that may have acted is not");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backend_that_leaves_loses_no_request() {
    // After every third request it says GOAWAY and finishes what it has.
    let leaving: Answer = |n, _, mut respond, _| {
        Box::pin(async move {
            answer_with(&mut respond, "ok".to_owned());
            if n % 3 == 2 { Then::Leave } else { Then::GoOn }
        })
    };
    let (address, counts, _) = backend(100, leaving).await;
    let (gateway, token) = start("h2-goaway", address, ", protocol: http2").await;
    let sender = http2(gateway.address("public")).await;
    let mut asking = JoinSet::new();
    for n in 0..60 {
        let (sender, token) = (sender.clone(), token.clone());
        asking.spawn(async move { ask(&sender, &format!("/things/{n}"), &token).await.0 });
        if n % 4 == 3 {
            while let Some(status) = asking.join_next().await {
                assert_eq!(status.expect("no panic"), 200);
            }
        }
    }
    while let Some(status) = asking.join_next().await {
        assert_eq!(status.expect("no panic"), 200);
    }
    assert!(counts.connections.load(Ordering::SeqCst) > 1, "it did leave");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_head_that_is_too_long_is_502_and_a_length_that_is_a_lie_breaks_off() {
    let careless: Answer = |_, request, mut respond, _| {
        Box::pin(async move {
            let answer = Response::builder();
            match request.uri().path() {
                "/things/head" => {
                    let answer = answer.header("x-a", "a".repeat(70_000)).body(()).expect("a head");
                    let _ = respond.send_response(answer, true);
                }
                "/things/length" => {
                    let answer = answer.header("content-length", "5").body(()).expect("a head");
                    let mut stream = respond.send_response(answer, false).expect("sent");
                    let _ = stream.send_data(Bytes::from_static(b"ok"), true);
                }
                _ => {
                    let mut stream = respond.send_response(Response::new(()), false).expect("sent");
                    stream.send_data(Bytes::from_static(b"ok"), false).expect("sent");
                    let mut trailers = HeaderMap::new();
                    for (name, value) in [("x-sum", "42"), ("content-length", "9"), ("host", "a")] {
                        trailers.insert(name, value.parse().expect("a value"));
                    }
                    let _ = stream.send_trailers(trailers);
                }
            }
            Then::GoOn
        })
    };
    let (address, _, _) = backend(100, careless).await;
    let (gateway, token) = start("h2-careless", address, ", protocol: http2").await;
    let sender = http2(gateway.address("public")).await;
    let (status, text, _) = ask(&sender, "/things/head", &token).await;
    assert_eq!(status, 502, "{text}");
    let (status, text, trailers) = ask(&sender, "/things/trailers", &token).await;
    assert_eq!((status, text.as_str()), (200, "ok"));
    let names: Vec<String> = trailers.expect("trailers").keys().map(ToString::to_string).collect();
    assert_eq!(names, ["x-sum"], "what frames or routes stays behind");
    let mut sender = sender.ready().await.expect("ready");
    let request = Request::get("https://localhost/things/length").header("authorization", format!("Bearer {token}"));
    let (answer, _) = sender.send_request(request.body(()).expect("a request"), true).expect("sent");
    // The reset may overtake the head, and a head that was held back becomes a 502.
    let Ok(answer) = timeout(PATIENCE, answer).await.expect("in time") else { return };
    if answer.status() == 502 {
        return;
    }
    let mut body = answer.into_body();
    let end = loop {
        match timeout(PATIENCE, body.data()).await.expect("in time") {
            Some(Ok(_)) => {}
            end => break end,
        }
    };
    assert!(matches!(end, Some(Err(_))), "it must not look whole");
}

/// A backend behind TLS that agrees to these protocols.
async fn secure(protocols: &[&[u8]], answer: Answer) -> (SocketAddr, Arc<Counts>) {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["localhost".to_owned()]).expect("made");
    let key = PrivateKeyDer::try_from(signing_key.serialize_der()).expect("a key");
    let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .expect("a certificate");
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let counts = Arc::<Counts>::default();
    let counting = Arc::clone(&counts);
    let address = listen(move |stream| {
        let (acceptor, counts) = (acceptor.clone(), Arc::clone(&counting));
        async move {
            let Ok(mut stream) = acceptor.accept(stream).await else { return };
            if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
                return attend(stream, 100, answer, counts, Arc::new(Semaphore::new(0))).await;
            }
            use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
            let mut asked = [0; 4096];
            while matches!(stream.read(&mut asked).await, Ok(1..)) {
                let answer = "HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\nHTTP/1.1";
                if stream.write_all(answer.as_bytes()).await.is_err() {
                    return;
                }
            }
        }
    })
    .await;
    (address, counts)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn inside_tls_both_sides_agree() {
    let both: [&[u8]; 2] = [b"h2", b"http/1.1"];
    for (protocol, offered, expected) in [
        ("auto", &both[..], "GET https://"),
        ("auto", &both[1..], "HTTP/1.1"),
        ("http2", &both[..], "GET https://"),
        ("http1", &both[..], "HTTP/1.1"),
    ] {
        let (address, _) = secure(offered, described).await;
        let keys = format!(", protocol: {protocol}, tls: {{ verify: false }}");
        let (gateway, token) = tokio::task::block_in_place(|| {
            let yaml =
                Setup { backend: address, protocol: Box::leak(keys.into_boxed_str()), lifetime: "10m", routes: "" };
            let gateway = yaml.start_secure("h2-alpn");
            let token = token_of(&gateway, "ana", "read");
            (gateway, token)
        });
        let sender = http2(gateway.address("public")).await;
        let (status, text, _) = ask(&sender, "/things/1", &token).await;
        assert_eq!(status, 200, "{protocol}: {text}");
        assert!(text.starts_with(expected), "{protocol}, offered {}: {text}", offered.len());
    }
    // Nothing but HTTP/2 is wanted, and nothing but HTTP/1.1 is there.
    let (address, _) = secure(&both[1..], described).await;
    let setup =
        Setup { backend: address, protocol: ", protocol: http2, tls: { verify: false }", lifetime: "10m", routes: "" };
    let (gateway, token) = tokio::task::block_in_place(|| {
        let gateway = setup.start_secure("h2-alpn-none");
        let token = token_of(&gateway, "ana", "read");
        (gateway, token)
    });
    assert_eq!(ask(&http2(gateway.address("public")).await, "/things/1", &token).await.0, 502);
}
