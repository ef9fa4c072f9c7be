//! gRPC through the gateway: tonic on both sides, messages written by hand. Over TLS
//! HTTP/2 to the gateway, and HTTP/2 by prior knowledge behind it.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, StreamExt as _, stream};
use http::Uri;
use http::uri::PathAndQuery;
use hyper_util::rt::TokioIo;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_stream::wrappers::{ReceiverStream, TcpListenerStream};
use tonic::body::Body;
use tonic::metadata::MetadataMap;
use tonic::server::{Grpc, NamedService, StreamingService, UnaryService};
use tonic::transport::{Channel, Endpoint, Server};
use tonic::{Code, Request, Response, Status, Streaming};
use tonic_prost::ProstCodec;
use tower::{Service, service_fn};

use crate::peers::{dial, http2};
use crate::support::gateway::Gateway;
use crate::{BOUND, PATIENCE, Setup, counts, revoke, token_of};

/// A message, in both directions.
#[derive(Clone, PartialEq, prost::Message)]
struct Note {
    #[prost(string, tag = "1")]
    text: String,
    #[prost(bytes = "vec", tag = "2")]
    load: Vec<u8>,
}

fn note(text: &str) -> Note {
    Note { text: text.to_owned(), load: Vec::new() }
}

type Codec = ProstCodec<Note, Note>;
type Notes = Pin<Box<dyn Stream<Item = Result<Note, Status>> + Send>>;

/// The service `test.Notes`: `Say` answers one, `Chat` answers each, `Watch` goes on.
#[derive(Clone, Default)]
struct NotesService {
    /// What was heard by `Say`.
    heard: Arc<Mutex<Vec<MetadataMap>>>,
}

impl NamedService for NotesService {
    const NAME: &'static str = "test.Notes";
}

struct Say(NotesService);

impl UnaryService<Note> for Say {
    type Response = Note;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Note>, Status>> + Send>>;

    fn call(&mut self, request: Request<Note>) -> Self::Future {
        self.0.heard.lock().expect("not poisoned").push(request.metadata().clone());
        Box::pin(async move {
            let note = request.into_inner();
            match note.text.as_str() {
                "fail" => Err(Status::new(Code::FailedPrecondition, "not now, 50 % done")),
                _ => {
                    let mut answer = Response::new(note);
                    answer.metadata_mut().insert("x-served-by", "tonic".parse().expect("a value"));
                    Ok(answer)
                }
            }
        })
    }
}

struct Chat;

impl StreamingService<Note> for Chat {
    type Response = Note;
    type ResponseStream = Notes;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Notes>, Status>> + Send>>;

    fn call(&mut self, request: Request<Streaming<Note>>) -> Self::Future {
        Box::pin(async move {
            let notes = request.into_inner().map(|note| note.map(|note| Note { text: note.text + "!", ..note }));
            Ok(Response::new(Box::pin(notes) as Notes))
        })
    }
}

impl Service<http::Request<Body>> for NotesService {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<http::Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let service = self.clone();
        Box::pin(async move {
            let mut grpc = Grpc::new(Codec::default());
            Ok(match request.uri().path() {
                "/test.Notes/Say" => grpc.unary(Say(service), request).await,
                "/test.Notes/Chat" => grpc.streaming(Chat, request).await,
                _ => Status::unimplemented("no such method").into_http(),
            })
        })
    }
}

/// A server of `test.Notes` in clear text.
async fn serve() -> (SocketAddr, NotesService) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("its address");
    let service = NotesService::default();
    let serving = Server::builder().add_service(service.clone()).serve_with_incoming(TcpListenerStream::new(listener));
    tokio::spawn(async move { drop(serving.await) });
    (address, service)
}

const ROUTES: &str = r#"  - { path: /test.Notes/Say, upstream: backend, access: scope read, max_body: 3500KiB }
  - { path: /test.Notes/Chat, upstream: backend, access: scope write, max_body: 300KiB }
  - { path: /test.Notes/*, upstream: backend, access: token }"#;

async fn start(name: &str) -> (Gateway, NotesService) {
    let (backend, service) = serve().await;
    let setup = Setup { backend, protocol: ", protocol: http2", lifetime: "10m", routes: ROUTES };
    (tokio::task::block_in_place(|| setup.start(name)), service)
}

/// A client of the gateway, over TLS.
async fn channel(gateway: &Gateway) -> Channel {
    let address = gateway.address("public");
    let connect =
        service_fn(move |_: Uri| async move { Ok::<_, Infallible>(TokioIo::new(dial(address, b"h2").await)) });
    Endpoint::from_static("https://localhost").connect_with_connector(connect).await.expect("connected")
}

/// The same in clear text, by prior knowledge.
async fn clear_channel(gateway: &Gateway) -> Channel {
    let address = gateway.address("clear");
    Endpoint::from_shared(format!("http://{address}")).expect("a URL").connect().await.expect("connected")
}

struct Client {
    grpc: tonic::client::Grpc<Channel>,
    token: String,
}

impl Client {
    async fn of(gateway: &Gateway, scope: &str) -> Client {
        Client::of_user(gateway, "ana", scope).await
    }

    async fn of_user(gateway: &Gateway, user: &str, scope: &str) -> Client {
        let token = tokio::task::block_in_place(|| token_of(gateway, user, scope));
        Client { grpc: tonic::client::Grpc::new(channel(gateway).await), token }
    }

    fn request<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        let value = format!("Bearer {}", self.token).parse().expect("a value");
        request.metadata_mut().insert("authorization", value);
        request
    }

    async fn say(&mut self, text: &str) -> Result<Response<Note>, Status> {
        let request = self.request(note(text));
        self.send(request, "/test.Notes/Say").await
    }

    async fn send(&mut self, request: Request<Note>, path: &'static str) -> Result<Response<Note>, Status> {
        self.grpc.ready().await.expect("ready");
        let answer = self.grpc.unary(request, PathAndQuery::from_static(path), Codec::default());
        timeout(PATIENCE, answer).await.expect("in time")
    }

    async fn chat(&mut self, notes: impl Stream<Item = Note> + Send + 'static) -> Result<Streaming<Note>, Status> {
        self.grpc.ready().await.expect("ready");
        let request = self.request(notes);
        let path = PathAndQuery::from_static("/test.Notes/Chat");
        let answer = self.grpc.streaming(request, path, Codec::default());
        timeout(PATIENCE, answer).await.expect("in time").map(Response::into_inner)
    }
}

async fn next(notes: &mut Streaming<Note>) -> Result<Option<Note>, Status> {
    timeout(PATIENCE, notes.message()).await.expect("in time")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unary_calls_pass_with_metadata_trailers_and_statuses() {
    let (gateway, service) = start("grpc-unary").await;
    let mut client = Client::of(&gateway, "read").await;
    let answer = client.say("hello").await.expect("an answer");
    assert_eq!(answer.metadata().get("x-served-by").expect("metadata"), "tonic");
    assert_eq!(answer.into_inner(), note("hello"));
    let heard = service.heard.lock().expect("not poisoned").clone();
    assert!(heard[0].get("authorization").is_none(), "the token stays behind");
    assert_eq!(heard[0].get("te").expect("te"), "trailers");
    let refused = client.say("fail").await.expect_err("the service's own error");
    assert_eq!((refused.code(), refused.message()), (Code::FailedPrecondition, "not now, 50 % done"));
    let large = Note { text: String::new(), load: vec![7; 3 << 20] };
    let request = client.request(large.clone());
    assert_eq!(client.send(request, "/test.Notes/Say").await.expect("an answer").into_inner(), large);
    let larger = client.request(Note { text: String::new(), load: vec![7; 3900 << 10] });
    let refused = client.send(larger, "/test.Notes/Say").await.expect_err("more than the route takes");
    assert_eq!(refused.code(), Code::ResourceExhausted, "{refused:?}");
    let missing = client.request(note("x"));
    assert_eq!(client.send(missing, "/test.Notes/None").await.expect_err("none").code(), Code::Unimplemented);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_in_clear_text_are_served_by_prior_knowledge() {
    let (gateway, service) = start("grpc-clear").await;
    let token = tokio::task::block_in_place(|| token_of(&gateway, "ana", "read write"));
    let mut client = Client { grpc: tonic::client::Grpc::new(clear_channel(&gateway).await), token };
    assert_eq!(client.say("hello").await.expect("an answer").into_inner(), note("hello"));
    let (say, notes) = mpsc::channel(1);
    let mut answers = client.chat(ReceiverStream::new(notes)).await.expect("a stream");
    for text in ["one", "two"] {
        say.send(note(text)).await.expect("sent");
        assert_eq!(next(&mut answers).await.expect("a note"), Some(note(&format!("{text}!"))));
    }
    let since = tokio::task::block_in_place(|| revoke(&gateway, "ana"));
    let ended = next(&mut answers).await.expect_err("its token is gone");
    assert_eq!(ended.code(), Code::Unauthenticated);
    assert!(since.elapsed() < BOUND, "{:?}", since.elapsed());
    client.token.clear();
    assert_eq!(client.say("hello").await.expect_err("no token").code(), Code::Unauthenticated);
    assert_eq!(service.heard.lock().expect("not poisoned").len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_go_both_ways_at_once_with_backpressure() {
    let (gateway, _) = start("grpc-chat").await;
    let mut client = Client::of(&gateway, "write").await;
    let (say, notes) = mpsc::channel(1);
    let mut answers = client.chat(ReceiverStream::new(notes)).await.expect("a stream");
    for text in ["one", "two", "three"] {
        say.send(note(text)).await.expect("sent");
        assert_eq!(next(&mut answers).await.expect("a note"), Some(note(&format!("{text}!"))), "each at once");
    }
    // Much more than all windows hold, sent by one side while the other reads nothing yet.
    let load = vec![1; 256 << 10];
    let sending = tokio::spawn(async move {
        for n in 0..64 {
            say.send(Note { text: n.to_string(), load: load.clone() }).await.expect("sent");
        }
    });
    for n in 0..64 {
        let answer = next(&mut answers).await.expect("a note").expect("no end");
        assert_eq!((answer.text, answer.load.len()), (format!("{n}!"), 256 << 10));
    }
    sending.await.expect("no panic");
    assert_eq!(next(&mut answers).await.expect("OK"), None, "the trailers say OK");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_message_is_bounded_and_what_is_silent_on_both_sides_ends() {
    let (gateway, _) = start("grpc-bounds").await;
    let mut client = Client::of(&gateway, "write").await;
    let (say, notes) = mpsc::channel(1);
    let mut answers = client.chat(ReceiverStream::new(notes)).await.expect("a stream");
    // In sum far more than the route's bound.
    for n in 0..8 {
        say.send(Note { text: n.to_string(), load: vec![1; 256 << 10] }).await.expect("sent");
        assert_eq!(next(&mut answers).await.expect("a note").expect("no end").text, format!("{n}!"));
    }
    say.send(Note { text: "large".to_owned(), load: vec![1; 310 << 10] }).await.expect("sent");
    let ended = next(&mut answers).await.expect_err("more than a message may have");
    assert_eq!(
        (ended.code(), ended.message()),
        (Code::ResourceExhausted, "the request body is larger than this path takes")
    );
    let (backend, _) = serve().await;
    let routes = "  - { path: /test.Notes/Chat, upstream: backend, access: scope write, timeouts: { idle: 1s } }";
    let setup = Setup { backend, protocol: ", protocol: http2", lifetime: "10m", routes };
    let gateway = tokio::task::block_in_place(|| setup.start("grpc-silent"));
    let mut client = Client::of(&gateway, "write").await;
    let (say, notes) = mpsc::channel(1);
    let mut answers = client.chat(ReceiverStream::new(notes)).await.expect("a stream");
    say.send(note("one")).await.expect("sent");
    assert_eq!(next(&mut answers).await.expect("a note"), Some(note("one!")));
    let silent = std::time::Instant::now();
    let ended = next(&mut answers).await.expect_err("nobody said anything for a second");
    assert!(silent.elapsed() >= Duration::from_secs(1), "{:?}", silent.elapsed());
    assert_eq!(ended.code(), Code::DeadlineExceeded, "{ended:?}");
    drop(say);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn limits_refuse_calls_in_grpcs_own_words() {
    const LIMITED: &str = r#"  - { path: /test.Notes/Say, upstream: backend, access: scope read, limits: few }
  - { path: /test.Notes/Chat, upstream: backend, access: scope read, limits: one }
limits:
  few: { key: sub, rate: 1/h }
  one: { key: route, at_once: 1 }"#;
    let (backend, _) = serve().await;
    let setup =
        Setup { backend, protocol: ", protocol: http2, limits: { requests: 1 }", lifetime: "10m", routes: LIMITED };
    let gateway = tokio::task::block_in_place(|| setup.start("grpc-limits"));
    let mut client = Client::of(&gateway, "read").await;
    client.say("hello").await.expect("the first one passes");
    let refused = client.say("hello").await.expect_err("one an hour");
    assert_eq!((refused.code(), refused.message()), (Code::ResourceExhausted, "too many requests"));
    assert!(refused.metadata().get("retry-after").is_some(), "{:?}", refused.metadata());
    let (say, notes) = mpsc::channel(1);
    let mut answers = client.chat(ReceiverStream::new(notes)).await.expect("a stream");
    say.send(note("one")).await.expect("sent");
    assert_eq!(next(&mut answers).await.expect("a note"), Some(note("one!")));
    let refused = client.chat(stream::iter([note("x")])).await.expect_err("one at once");
    assert_eq!((refused.code(), refused.message()), (Code::Unavailable, "this path is too busy at present"));
    // The upstream has a limit of its own, which the chat has taken.
    let mut ben = Client::of_user(&gateway, "ben", "read").await;
    let refused = ben.say("hello").await.expect_err("the upstream is full");
    assert_eq!(refused.code(), Code::Unavailable, "{refused:?}");
    assert_eq!(refused.message(), "the service behind this gateway has more to do than it may");
    drop((say, answers));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scopes_hold_per_method_and_refusals_are_grpcs_own() {
    let (gateway, service) = start("grpc-scopes").await;
    let mut reader = Client::of(&gateway, "read").await;
    reader.say("hello").await.expect("an answer");
    let refused = reader.chat(stream::iter([note("x")])).await.expect_err("no scope");
    assert_eq!(
        (refused.code(), refused.message()),
        (Code::PermissionDenied, "the access token lacks a scope that is needed")
    );
    assert!(refused.metadata().get("www-authenticate").is_some(), "{:?}", refused.metadata());
    reader.token = "x.y.z".to_owned();
    let unknown = reader.say("hello").await.expect_err("no token");
    assert_eq!((unknown.code(), unknown.message()), (Code::Unauthenticated, "the access token is not valid here"));
    reader.token.clear();
    let nowhere = reader.request(note("x"));
    let nowhere = reader.send(nowhere, "/other.Service/Method").await.expect_err("no route");
    assert_eq!((nowhere.code(), nowhere.message()), (Code::Unimplemented, "nothing is served at this path"));
    assert_eq!(service.heard.lock().expect("not poisoned").len(), 1, "only what may pass did");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_callers_time_is_kept_and_a_dead_backend_is_unavailable() {
    // tonic keeps the time by itself as well, on both ends, so there is a backend that says
    // nothing, and these are frames of our own.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let backend = silent.local_addr().expect("its address");
    let setup = Setup { backend, protocol: ", protocol: http2", lifetime: "10m", routes: ROUTES };
    let gateway = tokio::task::block_in_place(|| setup.start("grpc-time"));
    let client = Client::of(&gateway, "read").await;
    let mut sender = http2(gateway.address("public")).await;
    let request = http::Request::post("https://localhost/test.Notes/Say")
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .header("grpc-timeout", "300m")
        .header("authorization", format!("Bearer {}", client.token))
        .body(())
        .expect("a request");
    let began = std::time::Instant::now();
    let (answer, mut body) = sender.send_request(request, false).expect("sent");
    body.send_data(Bytes::from_static(b"\0\0\0\0\x06\x0a\x04word"), true).expect("sent");
    let late = timeout(PATIENCE, answer).await.expect("in time").expect("an answer");
    assert!(began.elapsed() >= Duration::from_millis(300), "{:?}", began.elapsed());
    assert_eq!((late.status(), &late.headers()["grpc-status"]), (http::StatusCode::OK, &"4".parse().expect("a value")));
    assert_eq!(late.headers()["grpc-message"], "the time that the caller gave is over");
    assert!(late.body().is_end_stream(), "a head and nothing else");
    let setup =
        Setup { backend: crate::support::port::own(), protocol: ", protocol: http2", lifetime: "10m", routes: ROUTES };
    let dead = tokio::task::block_in_place(|| setup.start("grpc-dead"));
    let failed = Client::of(&dead, "read").await.say("hello").await.expect_err("nobody is there");
    assert_eq!(failed.code(), Code::Unavailable);
    assert_eq!(failed.message(), "the service behind this gateway does not accept connections");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_ends_with_its_token_and_says_so() {
    let (gateway, _) = start("grpc-revoked").await;
    let mut client = Client::of(&gateway, "write").await;
    let (say, notes) = mpsc::channel(1);
    let mut answers = client.chat(ReceiverStream::new(notes)).await.expect("a stream");
    say.send(note("one")).await.expect("sent");
    assert_eq!(next(&mut answers).await.expect("a note"), Some(note("one!")));
    counts(&gateway, "tollgate_live_exchanges{kind=\"grpc\"}", 1);
    let since = tokio::task::block_in_place(|| revoke(&gateway, "ana"));
    let ended = next(&mut answers).await.expect_err("its token is gone");
    assert_eq!((ended.code(), ended.message()), (Code::Unauthenticated, "the access token was revoked"));
    assert!(since.elapsed() < BOUND, "{:?}", since.elapsed());
    counts(&gateway, "tollgate_live_exchanges_ended_total{kind=\"grpc\",reason=\"revoked\"}", 1);
    drop(say);
}
