//! The other sides: a TLS client that believes anybody, WebSocket and event servers, and
//! a stream of HTTP/2 as the bytes of a WebSocket.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, Bytes};
use h2::{RecvStream, SendStream};
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::support::tls::trusting;

/// Connects with TLS and this protocol.
pub async fn dial(address: SocketAddr, protocol: &[u8]) -> TlsStream<TcpStream> {
    let socket = TcpStream::connect(address).await.expect("connected");
    let name = ServerName::try_from("localhost").expect("a name");
    TlsConnector::from(Arc::new(trusting(&[protocol]))).connect(name, socket).await.expect("a handshake")
}

/// An HTTP/2 connection; its frames are moved by a task.
pub async fn http2(address: SocketAddr) -> h2::client::SendRequest<Bytes> {
    let (sender, connection) = h2::client::handshake(dial(address, b"h2").await).await.expect("HTTP/2");
    tokio::spawn(async move { drop(connection.await) });
    sender.ready().await.expect("ready")
}

/// A listener whose every connection `serve` gets.
pub async fn listen<F, A>(serve: F) -> SocketAddr
where
    F: Fn(TcpStream) -> A + Send + Sync + 'static,
    A: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("its address");
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream));
        }
    });
    address
}

/// Reads the head of a request.
pub async fn head(stream: &mut TcpStream) -> Option<String> {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte).await.ok()? == 0 {
            return None;
        }
        head.push(byte[0]);
    }
    String::from_utf8(head).ok()
}

/// A backend that answers every request with these bytes, and then waits for its end.
pub async fn says(answer: &'static [u8]) -> SocketAddr {
    listen(move |mut stream| async move {
        while head(&mut stream).await.is_some() {
            if stream.write_all(answer).await.is_err() {
                return;
            }
        }
    })
    .await
}

/// A stream of HTTP/2 as bytes.
pub struct Wire {
    received: RecvStream,
    stream: SendStream<Bytes>,
    rest: Bytes,
}

impl Wire {
    pub fn new(received: RecvStream, stream: SendStream<Bytes>) -> Wire {
        Wire { received, stream, rest: Bytes::new() }
    }
}

impl AsyncRead for Wire {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        while self.rest.is_empty() {
            match ready!(self.received.poll_data(cx)) {
                Some(data) => self.rest = data.map_err(io::Error::other)?,
                None => return Poll::Ready(Ok(())),
            }
            let count = self.rest.len();
            self.received.flow_control().release_capacity(count).map_err(io::Error::other)?;
        }
        let count = self.rest.len().min(buf.remaining());
        buf.put_slice(&self.rest[..count]);
        self.rest.advance(count);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let sent = self.stream.send_data(Bytes::copy_from_slice(bytes), false);
        Poll::Ready(sent.map(|()| bytes.len()).map_err(io::Error::other))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        let _ = self.stream.send_data(Bytes::new(), true);
        Poll::Ready(Ok(()))
    }
}
