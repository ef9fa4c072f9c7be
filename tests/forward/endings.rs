//! Ends that must not be mistaken: an answer without a length to a caller of HTTP/1.0,
//! which the close of its connection ends, and sockets of which one half is closed.

use std::io::ErrorKind;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use crate::backend::{Then, says};
use crate::gateway::{Gateway, route};

const OLD: &[u8] = b"GET /a HTTP/1.0\r\nhost: a\r\n\r\n";

/// Everything up to the end, and which end it was.
async fn rest(socket: &mut TcpStream) -> (Vec<u8>, Result<(), ErrorKind>) {
    let mut said = Vec::new();
    let outcome = socket.read_to_end(&mut said).await;
    (said, outcome.map(drop).map_err(|error| error.kind()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_of_http_1_0_sees_that_an_answer_broke_off() {
    let chunk = format!("5000\r\n{}\r\n", "x".repeat(0x5000));
    let begun = format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{chunk}");
    let whole = format!("{begun}0\r\n\r\n");
    for (said, end) in [(begun, Err(ErrorKind::ConnectionReset)), (whole, Ok(()))] {
        let backend = says(said, Then::Close).await;
        let gateway = Gateway::serve(vec![route("/a", backend.address)]);
        let mut socket = TcpStream::connect(gateway.address).await.expect("connected");
        socket.write_all(OLD).await.expect("written");
        let (said, ended) = rest(&mut socket).await;
        assert_eq!(ended, end, "after {} bytes", said.len());
        if end.is_ok() {
            let text = String::from_utf8(said).expect("text");
            assert!(text.contains("connection: close") && !text.contains("transfer-encoding"), "{}", &text[..200]);
            assert_eq!(text.matches('x').count(), 0x5000);
        }
    }
}

/// A backend that answers with a body that its close ends, and sends back each byte of
/// the request's body as soon as it has come; then it waits for the gateway's end.
async fn mirror(length: usize) -> (SocketAddr, oneshot::Receiver<usize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let (tells, told) = oneshot::channel();
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.expect("accepted");
        let (mut head, mut byte) = (Vec::new(), [0]);
        while !head.ends_with(b"\r\n\r\n") {
            socket.read_exact(&mut byte).await.expect("a head");
            head.push(byte[0]);
        }
        socket.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n").await.expect("written");
        for _ in 0..length {
            socket.read_exact(&mut byte).await.expect("a byte");
            socket.write_all(&byte).await.expect("taken");
        }
        // This half ends; the other is still open.
        socket.shutdown().await.expect("its own half");
        let more = socket.read(&mut [0; 16]).await.unwrap_or(0);
        let _ = tells.send(more);
    });
    (address, told)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backend_that_will_close_still_takes_the_rest_of_the_request() {
    let (address, told) = mirror(3).await;
    let gateway = Gateway::serve(vec![route("/a", address)]);
    let mut socket = TcpStream::connect(gateway.address).await.expect("connected");
    let head = b"POST /a HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 3\r\n\r\n";
    socket.write_all(head).await.expect("written");
    let mut said = Vec::new();
    while !said.ends_with(b"\r\n\r\n") {
        said.push(socket.read_u8().await.expect("a head before any body"));
    }
    for byte in b"abc" {
        socket.write_all(&[*byte]).await.expect("written");
        let mut chunk = [0; 6];
        socket.read_exact(&mut chunk).await.expect("a chunk");
        assert_eq!(&chunk, &[b'1', b'\r', b'\n', *byte, b'\r', b'\n']);
    }
    assert_eq!(rest(&mut socket).await, (b"0\r\n\r\n".to_vec(), Ok(())), "the half that ended ends the answer");
    assert_eq!(told.await, Ok(0), "and the connection is closed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_who_has_said_all_and_closed_his_half_gets_his_answer() {
    let (address, _told) = mirror(3).await;
    let gateway = Gateway::serve(vec![route("/a", address)]);
    let mut socket = TcpStream::connect(gateway.address).await.expect("connected");
    let request = b"POST /a HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 3\r\n\r\nabc";
    socket.write_all(request).await.expect("written");
    socket.shutdown().await.expect("his half");
    let (said, ended) = rest(&mut socket).await;
    let text = String::from_utf8(said).expect("text");
    assert!(text.starts_with("HTTP/1.1 200 OK\r\n") && text.ends_with("0\r\n\r\n"), "{text:?}");
    assert_eq!((text.matches(['a', 'b', 'c']).count() >= 3, ended), (true, Ok(())));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_whose_half_ends_within_his_body_is_refused() {
    let backend = says(crate::backend::OK, Then::Keep).await;
    let gateway = Gateway::serve(vec![route("/a", backend.address)]);
    for framing in ["content-length: 10\r\n\r\nhalf", "transfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n"] {
        let mut socket = TcpStream::connect(gateway.address).await.expect("connected");
        socket.write_all(format!("POST /a HTTP/1.1\r\nhost: a\r\n{framing}").as_bytes()).await.expect("written");
        socket.shutdown().await.expect("his half");
        let (said, _) = rest(&mut socket).await;
        let text = String::from_utf8(said).expect("text");
        assert!(text.starts_with("HTTP/1.1 400 ") && text.contains("body_broken"), "{text:?}");
    }
    assert!(backend.requests().is_empty(), "half a request is none");
}
