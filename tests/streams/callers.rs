//! Callers of both versions that send a request piece by piece and hear everything that
//! comes back: interim answers, the answer, its trailers.

use bytes::Bytes;
use h2::client::ResponseFuture;
use h2::{RecvStream, SendStream};
use http::{HeaderMap, Request};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::PATIENCE;
use crate::peers::http2;
use crate::support::gateway::Gateway;

/// What came back.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// Status and `Link` of each interim answer.
    pub interims: Vec<(u16, String)>,
    pub status: u16,
    pub body: Vec<u8>,
    /// `X-Answer-Sum` behind the body.
    pub sum: Option<String>,
}

/// A caller of HTTP/1.1, or 1.0, in clear text.
pub struct Http1(TcpStream);

impl Http1 {
    /// Sends these bytes.
    pub async fn say(gateway: &Gateway, bytes: &str) -> Http1 {
        let mut stream = TcpStream::connect(gateway.address("clear")).await.expect("connected");
        stream.write_all(bytes.as_bytes()).await.expect("written");
        Http1(stream)
    }

    /// Sends more.
    pub async fn go_on(&mut self, bytes: &str) {
        self.0.write_all(bytes.as_bytes()).await.expect("written");
    }

    /// The next head, whatever its status.
    pub async fn head(&mut self) -> String {
        timeout(PATIENCE, crate::peers::head(&mut self.0)).await.expect("in time").expect("a head")
    }

    /// Everything up to the end of the connection.
    pub async fn heard(mut self) -> Heard {
        let mut heard = Heard::default();
        loop {
            let head = self.head().await;
            heard.status = head[9..12].parse().expect("a status");
            let link = head.lines().find_map(|line| line.strip_prefix("link: ")).unwrap_or_default();
            if !(100..200).contains(&heard.status) {
                break;
            }
            assert!(!head.contains("x-own"), "{head}");
            heard.interims.push((heard.status, link.to_owned()));
        }
        let mut rest = Vec::new();
        timeout(PATIENCE, self.0.read_to_end(&mut rest)).await.expect("in time").expect("an end");
        let text = String::from_utf8(rest).expect("text");
        heard.sum =
            text.split("\r\nx-answer-sum: ").nth(1).and_then(|rest| rest.split("\r\n").next()).map(str::to_owned);
        heard.body = if text.contains("hello") { b"hello".to_vec() } else { text.into_bytes() };
        heard
    }
}

/// A caller of HTTP/2 over TLS.
pub struct Http2 {
    pub answer: ResponseFuture,
    pub stream: SendStream<Bytes>,
}

impl Http2 {
    /// Sends the head of a request; its body comes later.
    pub async fn say(gateway: &Gateway, request: Request<()>) -> Http2 {
        let mut sender = http2(gateway.address("public")).await;
        let (answer, stream) = sender.send_request(request, false).expect("sent");
        Http2 { answer, stream }
    }

    /// The next interim answer; `None`: the answer itself is next.
    pub async fn interim(&mut self) -> Option<http::Response<()>> {
        let next = std::future::poll_fn(|cx| self.answer.poll_informational(cx));
        timeout(PATIENCE, next).await.expect("in time").map(|interim| interim.expect("a head"))
    }

    /// Everything up to the end of the stream.
    pub async fn heard(mut self) -> Heard {
        let mut heard = Heard::default();
        while let Some(interim) = self.interim().await {
            assert!(!interim.headers().contains_key("x-own") && !interim.headers().contains_key("connection"));
            let link = interim.headers().get("link").and_then(|link| link.to_str().ok()).unwrap_or_default();
            heard.interims.push((interim.status().as_u16(), link.to_owned()));
        }
        let answer = timeout(PATIENCE, self.answer).await.expect("in time").expect("an answer");
        heard.status = answer.status().as_u16();
        let mut body: RecvStream = answer.into_body();
        while let Some(data) = timeout(PATIENCE, body.data()).await.expect("in time") {
            heard.body.extend_from_slice(&data.expect("data"));
        }
        let trailers: HeaderMap = body.trailers().await.expect("an end").unwrap_or_default();
        heard.sum = trailers.get("x-answer-sum").map(|sum| sum.to_str().expect("text").to_owned());
        heard
    }
}

/// `POST /things/1` over HTTP/2.
pub fn post(token: &str, lines: &[(&str, &str)]) -> Request<()> {
    let mut request = Request::post("https://localhost/things/1").header("authorization", format!("Bearer {token}"));
    for (name, value) in lines {
        request = request.header(*name, *value);
    }
    request.body(()).expect("a request")
}

/// The same over HTTP/1.1, up to its body.
pub fn posted(token: &str, lines: &str) -> String {
    format!("POST /things/1 HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n{lines}\r\n")
}
