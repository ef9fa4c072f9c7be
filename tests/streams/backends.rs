//! Backends of both versions that tell their test what they were sent, trailers and all,
//! and answer with interim answers and trailers of their own.

use std::net::SocketAddr;

use bytes::Bytes;
use h2::server::SendResponse;
use http::{HeaderMap, Request, Response};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::timeout;

use crate::PATIENCE;
use crate::peers::{head, listen};

/// What a backend was sent.
#[derive(Debug, Default)]
pub struct Sent {
    /// Header lines, names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    pub trailers: Vec<(String, String)>,
}

impl Sent {
    /// The values of one header.
    pub fn all(&self, name: &str) -> Vec<&str> {
        self.headers.iter().filter(|(n, _)| n == name).map(|(_, value)| value.as_str()).collect()
    }
}

/// Interim answers of a backend, by status, each with a `Link`.
pub type Hints = &'static [u16];

/// A backend and what it has got.
pub struct Backend {
    pub address: SocketAddr,
    sent: UnboundedReceiver<Sent>,
}

impl Backend {
    /// The next request it has read to its end.
    pub async fn sent(&mut self) -> Sent {
        timeout(PATIENCE, self.sent.recv()).await.expect("in time").expect("a request")
    }
}

/// One of HTTP/1.1.
pub async fn http1(hints: Hints) -> Backend {
    let (tells, sent) = unbounded_channel();
    let address = listen(move |stream| speak_http1(stream, hints, tells.clone())).await;
    Backend { address, sent }
}

/// One of HTTP/2 by prior knowledge.
pub async fn http2(hints: Hints) -> Backend {
    let (tells, sent) = unbounded_channel();
    let address = listen(move |stream| {
        let tells = tells.clone();
        async move {
            let Ok(mut connection) = h2::server::handshake(stream).await else { return };
            while let Some(Ok((request, respond))) = connection.accept().await {
                tokio::spawn(answer_http2(request, respond, hints, tells.clone()));
            }
        }
    })
    .await;
    Backend { address, sent }
}

async fn speak_http1(mut stream: TcpStream, hints: Hints, tells: UnboundedSender<Sent>) {
    while let Some(head) = head(&mut stream).await {
        let mut sent = Sent { headers: lines(head.lines().skip(1)), ..Sent::default() };
        for status in hints {
            let hint = format!("HTTP/1.1 {status} x\r\nlink: <{status}>\r\nconnection: x-own\r\nx-own: 1\r\n\r\n");
            stream.write_all(hint.as_bytes()).await.expect("written");
        }
        if sent.all("transfer-encoding") == ["chunked"] {
            loop {
                // The gateway has hung up where there is no more.
                let Some(size) = line(&mut stream).await else { return };
                let size = usize::from_str_radix(&size, 16).expect("a size");
                if size == 0 {
                    break;
                }
                let mut chunk = vec![0; size + 2];
                stream.read_exact(&mut chunk).await.expect("a chunk");
                sent.body.extend_from_slice(&chunk[..size]);
            }
            let mut section = Vec::new();
            loop {
                match line(&mut stream).await {
                    None => return,
                    Some(end) if end.is_empty() => break,
                    Some(field) => section.push(field),
                }
            }
            sent.trailers = lines(section.iter().map(String::as_str));
        } else if let Some(length) = sent.all("content-length").first() {
            sent.body = vec![0; length.parse().expect("a length")];
            stream.read_exact(&mut sent.body).await.expect("a body");
        }
        let _ = tells.send(sent);
        let answer = "HTTP/1.1 200 OK\r\ntrailer: x-answer-sum\r\ntransfer-encoding: chunked\r\n\r\n\
                      5\r\nhello\r\n0\r\nX-Answer-Sum: 7\r\n\r\n";
        stream.write_all(answer.as_bytes()).await.expect("written");
    }
}

async fn line(stream: &mut TcpStream) -> Option<String> {
    let mut line = Vec::new();
    while !line.ends_with(b"\r\n") {
        line.push(stream.read_u8().await.ok()?);
    }
    line.truncate(line.len() - 2);
    Some(String::from_utf8(line).expect("text"))
}

fn lines<'a>(lines: impl Iterator<Item = &'a str>) -> Vec<(String, String)> {
    let split = lines.filter_map(|line| line.split_once(": "));
    split.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect()
}

async fn answer_http2(
    request: Request<h2::RecvStream>,
    mut respond: SendResponse<Bytes>,
    hints: Hints,
    tells: UnboundedSender<Sent>,
) {
    let (head, mut body) = request.into_parts();
    for status in hints {
        let hint = Response::builder().status(*status).header("link", format!("<{status}>"));
        respond.send_informational(hint.body(()).expect("a head")).expect("sent");
    }
    let mut sent = Sent { headers: pairs(&head.headers), ..Sent::default() };
    while let Some(data) = body.data().await {
        let Ok(data) = data else { return };
        sent.body.extend_from_slice(&data);
        let _ = body.flow_control().release_capacity(data.len());
    }
    let Ok(trailers) = body.trailers().await else { return };
    sent.trailers = pairs(&trailers.unwrap_or_default());
    let _ = tells.send(sent);
    let answer = Response::builder().header("trailer", "x-answer-sum").body(()).expect("a head");
    let mut stream = respond.send_response(answer, false).expect("sent");
    stream.send_data(Bytes::from_static(b"hello"), false).expect("sent");
    let mut trailers = HeaderMap::new();
    trailers.insert("x-answer-sum", "7".parse().expect("a value"));
    stream.send_trailers(trailers).expect("sent");
}

fn pairs(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |value: &http::HeaderValue| value.to_str().expect("text").to_owned();
    headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect()
}
