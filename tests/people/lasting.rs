//! What runs on a scope that its person takes back: it ends like something revoked, and
//! what needs no more than is left goes on.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Message, WebSocket, accept, client};

use crate::house::{CALLBACK, PASSWORD, VERIFIER, browser, shop, yaml};
use crate::support::gateway::Gateway;
use crate::support::http::{curl, series, until};
use crate::support::stopwatch::Stopwatch;

/// A narrowing must be felt within this, by the stopwatch.
const BOUND: Duration = Duration::from_secs(2);

/// A backend of WebSockets that sends every message back.
fn echo() -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("its address");
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || {
                let Ok(mut socket) = accept(stream) else { return };
                while let Ok(message) = socket.read() {
                    if message.is_text() && socket.send(message).is_err() {
                        return;
                    }
                }
            });
        }
    });
    address
}

fn open(gateway: &Gateway, path: &str, token: &str) -> WebSocket<TcpStream> {
    let stream = TcpStream::connect(gateway.address("clear")).expect("connected");
    stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a time limit");
    let request = http::Request::get(format!("ws://localhost{path}"))
        .header("host", "localhost")
        .header("connection", "Upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
        .header("authorization", format!("Bearer {token}"));
    let (mut socket, _) = client(request.body(()).expect("a request"), stream).expect("a WebSocket");
    assert_eq!(echoed(&mut socket, "hello"), Message::text("hello"));
    socket
}

fn echoed(socket: &mut WebSocket<TcpStream>, text: &str) -> Message {
    socket.send(Message::text(text)).expect("sent");
    socket.read().expect("a message")
}

/// A stream of events on a route that asks for both scopes.
fn events(gateway: &Gateway, token: &str) -> TcpStream {
    let mut stream = TcpStream::connect(gateway.address("clear")).expect("connected");
    stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a time limit");
    let request = format!("GET /events HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {token}\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("written");
    let mut said = Vec::new();
    while !said.ends_with(b"data: 1\n\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).expect("a byte");
        said.push(byte[0]);
    }
    stream
}

/// A backend that sends one event and waits.
fn one_event() -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("its address");
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            std::thread::spawn(move || {
                let _ = stream.read(&mut [0; 4096]);
                let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
                let _ = stream.write_all(format!("{head}9\r\ndata: 1\n\n\r\n").as_bytes());
                let _ = stream.read(&mut [0; 1]);
            });
        }
    });
    address
}

#[test]
fn a_websocket_ends_when_its_scope_is_taken_back_and_another_goes_on() {
    let yaml = yaml("")
        .replace("listeners:\n", "listeners:\n  clear: { address: \"127.0.0.1:0\" }\n")
        .replace("upstreams:\n", &format!("upstreams:\n  live: {{ servers: [\"http://{}\"] }}\n  events: {{ servers: [\"http://{}\"] }}\n", echo(), one_event()))
        .replace("routes:\n", "routes:\n  - { path: /write, upstream: live, access: scope orders:write, upgrade: [websocket] }\n  - { path: /read, upstream: live, access: scope orders:read, upgrade: [websocket] }\n  - { path: /events, upstream: events, access: [{ methods: [GET], scopes: [orders:read, orders:write] }] }\n");
    let gateway = Gateway::start("narrowed-socket", &yaml);
    let mut ana = browser(&gateway);
    ana.open(&shop("&scope=orders:read+orders:write"));
    ana.sign_in("ana", PASSWORD);
    let all = [("scope", "orders:read"), ("scope", "orders:write"), ("decision", "allow")];
    ana.send("/oauth2/consent", &all);
    let code = ana.told("code").expect("a code");
    let form = format!("grant_type=authorization_code&code={code}&redirect_uri={CALLBACK}&code_verifier={VERIFIER}");
    let url = format!("{}/oauth2/token", gateway.https("public"));
    let told = curl(&["-u", "shop:shop-secret", "--data-raw", &form, &url]).json();
    let token = told["access_token"].as_str().expect("a token");
    let (mut writes, mut reads) = (open(&gateway, "/write", token), open(&gateway, "/read", token));
    let mut streams = events(&gateway, token);

    ana.open("/oauth2/authorized_applications/edit?application=shop");
    ana.send("/oauth2/authorized_applications", &[("scope", "orders:read"), ("action", "save")]);
    assert!(ana.page.body.contains("Your change is saved."), "{}", ana.page.body);
    let since = Stopwatch::start();
    match writes.read().expect("a message") {
        Message::Close(Some(close)) => {
            assert_eq!(close.code, CloseCode::Policy);
            assert_eq!(close.reason, "the consent behind the access token no longer covers this");
        }
        other => panic!("{other:?}"),
    }
    assert!(since.elapsed() < BOUND, "{:?}", since.elapsed());
    let mut rest = Vec::new();
    let _ = streams.read_to_end(&mut rest);
    assert!(rest.is_empty(), "an abrupt end: no last chunk");
    assert_eq!(echoed(&mut reads, "still here"), Message::text("still here"));
    for kind in ["websocket", "stream"] {
        let ended = format!("tollgate_live_exchanges_ended_total{{kind=\"{kind}\",reason=\"narrowed\"}}");
        until(&ended, || series(gateway.address("metrics"), &ended) == 1);
    }
}
