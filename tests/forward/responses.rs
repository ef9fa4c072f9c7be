//! What backends may answer and what becomes of it, byte by byte: framings, bodies where
//! none may be, lines of the connection, and what two readers could take in two ways (RFC
//! 9110 §6, §8, §15; RFC 9112 §6, §9). Behind each answer stands another one on the same
//! connection of the caller, so that no row can be framed wrongly and pass.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::backend::{OK, Then, says};
use crate::gateway::{Gateway, route};
use crate::wire::raw;

/// Whether a backend's connection may serve again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Reuse {
    Yes,
    No,
}

/// What a caller gets.
enum Got {
    /// These bytes, but for `date`, with the header lines in any order.
    This(&'static str),
    /// 502, and nothing of what the backend said.
    Bad,
}

struct Row(&'static str, &'static str, &'static str, Got, Reuse);

const ROWS: &[Row] = &[
    Row(
        "a HEAD with a length",
        "HEAD",
        "200 OK\r\ncontent-length: 5\r\n\r\n",
        Got::This("200 OK\r\ncontent-length: 5\r\n\r\n"),
        Reuse::Yes,
    ),
    Row(
        "a HEAD of chunks",
        "HEAD",
        "200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
        Got::This("200 OK\r\n\r\n"),
        Reuse::Yes,
    ),
    Row("a HEAD without either", "HEAD", "200 OK\r\n\r\n", Got::This("200 OK\r\n\r\n"), Reuse::Yes),
    Row(
        "a HEAD with a body all the same",
        "HEAD",
        "200 OK\r\ncontent-length: 5\r\n\r\nhello",
        Got::This("200 OK\r\ncontent-length: 5\r\n\r\n"),
        Reuse::No,
    ),
    Row(
        "words of the backend's own",
        "GET",
        "418 Order 7 is closed\r\ncontent-length: 2\r\n\r\nok",
        Got::This("418 Order 7 is closed\r\ncontent-length: 2\r\n\r\nok"),
        Reuse::Yes,
    ),
    Row("204", "GET", "204 No Content\r\n\r\n", Got::This("204 No Content\r\n\r\n"), Reuse::Yes),
    Row(
        "204 with a length",
        "GET",
        "204 No Content\r\ncontent-length: 5\r\n\r\n",
        Got::This("204 No Content\r\n\r\n"),
        Reuse::Yes,
    ),
    Row(
        "204 with a body",
        "GET",
        "204 No Content\r\ncontent-length: 5\r\n\r\nhello",
        Got::This("204 No Content\r\n\r\n"),
        Reuse::No,
    ),
    Row(
        "204 in chunks",
        "GET",
        "204 No Content\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        Got::This("204 No Content\r\n\r\n"),
        Reuse::No,
    ),
    Row(
        "304 with the length of what it stands for",
        "GET",
        "304 Not Modified\r\netag: \"x\"\r\ncontent-length: 7\r\n\r\n",
        Got::This("304 Not Modified\r\netag: \"x\"\r\n\r\n"),
        Reuse::Yes,
    ),
    Row(
        "205",
        "POST",
        "205 Reset Content\r\ncontent-length: 0\r\n\r\n",
        Got::This("205 Reset Content\r\ncontent-length: 0\r\n\r\n"),
        Reuse::Yes,
    ),
    Row(
        "an empty body",
        "GET",
        "200 OK\r\ncontent-length: 0\r\n\r\n",
        Got::This("200 OK\r\ncontent-length: 0\r\n\r\n"),
        Reuse::Yes,
    ),
    Row(
        "an empty body in chunks",
        "GET",
        "200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        Got::This("200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"),
        Reuse::Yes,
    ),
    Row(
        "chunks with extensions",
        "GET",
        "200 OK\r\ntransfer-encoding: Chunked\r\n\r\n2;a=b\r\nok\r\n0;c\r\n\r\n",
        Got::This("200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"),
        Reuse::Yes,
    ),
    Row(
        "lines of the connection",
        "GET",
        "200 OK\r\nconnection: x-a, Close\r\nx-a: 1\r\nkeep-alive: timeout=5\r\nproxy-connection: x\r\nupgrade: h2c\r\nx-b: 2\r\ncontent-length: 2\r\n\r\nok",
        Got::This("200 OK\r\nx-b: 2\r\ncontent-length: 2\r\n\r\nok"),
        Reuse::No,
    ),
    Row(
        "a length that is named as the connection's",
        "GET",
        "200 OK\r\nconnection: content-length\r\ncontent-length: 2\r\n\r\nok",
        Got::This("200 OK\r\ncontent-length: 2\r\n\r\nok"),
        Reuse::Yes,
    ),
    Row(
        "who served it, and by whom it came",
        "GET",
        "200 OK\r\nserver: old/1\r\nvia: 1.1 cache\r\nset-cookie: a=1\r\nset-cookie: b=2\r\ncontent-length: 2\r\n\r\nok",
        Got::This(
            "200 OK\r\nserver: old/1\r\nvia: 1.1 cache\r\nset-cookie: a=1\r\nset-cookie: b=2\r\ncontent-length: 2\r\n\r\nok",
        ),
        Reuse::Yes,
    ),
    Row(
        "a blank in front of a colon",
        "GET",
        "200 OK\r\nx-a : 1\r\ncontent-length \t: 2\r\n\r\nok",
        Got::This("200 OK\r\nx-a: 1\r\ncontent-length: 2\r\n\r\nok"),
        Reuse::Yes,
    ),
    Row(
        "a status that nobody knows",
        "GET",
        "299 Whatever\r\ncontent-length: 2\r\n\r\nok",
        Got::This("299 Whatever\r\ncontent-length: 2\r\n\r\nok"),
        Reuse::Yes,
    ),
    Row(
        "bytes behind a length",
        "GET",
        "200 OK\r\ncontent-length: 2\r\n\r\nokHTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil",
        Got::This("200 OK\r\ncontent-length: 2\r\n\r\nok"),
        Reuse::No,
    ),
    Row(
        "bytes behind the last chunk",
        "GET",
        "200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
        Got::This("200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"),
        Reuse::No,
    ),
    Row(
        "informing ones in front",
        "GET",
        "100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok",
        Got::This("200 OK\r\ncontent-length: 2\r\n\r\nok"),
        Reuse::Yes,
    ),
    Row("two lengths", "GET", "200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nok!", Got::Bad, Reuse::No),
    Row(
        "the same length twice",
        "GET",
        "200 OK\r\ncontent-length: 2\r\ncontent-length: 2\r\n\r\nok",
        Got::Bad,
        Reuse::No,
    ),
    Row("a list of lengths", "GET", "200 OK\r\ncontent-length: 2, 2\r\n\r\nok", Got::Bad, Reuse::No),
    Row("a length with a sign", "GET", "200 OK\r\ncontent-length: +2\r\n\r\nok", Got::Bad, Reuse::No),
    Row(
        "a length that is too large",
        "GET",
        "200 OK\r\ncontent-length: 9223372036854775808\r\n\r\nok",
        Got::Bad,
        Reuse::No,
    ),
    Row(
        "chunks and a length",
        "GET",
        "200 OK\r\ntransfer-encoding: chunked\r\ncontent-length: 2\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        Got::Bad,
        Reuse::No,
    ),
    Row("chunks twice", "GET", "200 OK\r\ntransfer-encoding: chunked, chunked\r\n\r\n0\r\n\r\n", Got::Bad, Reuse::No),
    Row("another coding", "GET", "200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n", Got::Bad, Reuse::No),
    Row("a folded line", "GET", "200 OK\r\nx-a: 1\r\n 2\r\ncontent-length: 2\r\n\r\nok", Got::Bad, Reuse::No),
    Row(
        "a bare carriage return",
        "GET",
        "200 OK\r\nx-a: 1\rcontent-length: 3\r\ncontent-length: 2\r\n\r\nok",
        Got::Bad,
        Reuse::No,
    ),
    Row("a name that is none", "GET", "200 OK\r\nx a: 1\r\ncontent-length: 2\r\n\r\nok", Got::Bad, Reuse::No),
    Row("no name", "GET", "200 OK\r\n: 1\r\ncontent-length: 2\r\n\r\nok", Got::Bad, Reuse::No),
    Row(
        "a switch that nobody asked for",
        "GET",
        "101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n",
        Got::Bad,
        Reuse::No,
    ),
    Row("a status that is none", "GET", "20 OK\r\ncontent-length: 2\r\n\r\nok", Got::Bad, Reuse::No),
];

/// A backend that says the same to every request, and counts its connections.
async fn counted(answer: Vec<u8>) -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let connections = Arc::<AtomicUsize>::default();
    let count = Arc::clone(&connections);
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::SeqCst);
            let answer = answer.clone();
            tokio::spawn(async move {
                let (mut got, mut buffer) = (Vec::new(), [0; 4096]);
                while let Ok(n @ 1..) = socket.read(&mut buffer).await {
                    got.extend_from_slice(&buffer[..n]);
                    if got.ends_with(b"\r\n\r\n") {
                        got.clear();
                        if socket.write_all(&answer).await.is_err() {
                            return;
                        }
                    }
                }
            });
        }
    });
    (address, connections)
}

/// An answer's status line, its other lines in order, and its body.
fn normal(answer: &str) -> (String, Vec<String>, String) {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no head: {answer:?}"));
    let mut lines = head.split("\r\n").map(str::to_owned);
    let status = lines.next().expect("a status line");
    let mut lines: Vec<String> = lines.filter(|line| !line.starts_with("date: ")).collect();
    lines.sort();
    (status, lines, body.to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_becomes_one_answer_that_can_be_read_in_one_way() {
    let next = says(OK.replace("ok", "xx"), Then::Keep).await;
    for Row(name, method, said, expected, reuse) in ROWS {
        let (address, connections) = counted(format!("HTTP/1.1 {said}").into_bytes()).await;
        let gateway = Gateway::serve(vec![route("/a", address), route("/next", next.address)]);
        let request = format!(
            "{method} /a HTTP/1.1\r\nhost: a\r\n\r\nGET /next HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n"
        );
        for _ in 0..2 {
            let got = String::from_utf8(raw(gateway.address, request.as_bytes()).await).expect("text");
            let (first, second) = got.rsplit_once("HTTP/1.1 ").unwrap_or_else(|| panic!("{name}: {got:?}"));
            assert!(second.starts_with("200 OK\r\n") && second.ends_with("\r\n\r\nxx"), "{name}: {got:?}");
            match expected {
                Got::This(bytes) => assert_eq!(normal(first), normal(&format!("HTTP/1.1 {bytes}")), "{name}"),
                Got::Bad => {
                    assert!(first.starts_with("HTTP/1.1 502 "), "{name}: {first:?}");
                    assert!(first.contains("upstream_bad_answer") && !first.contains("x-a"), "{name}: {first:?}");
                }
            }
        }
        let expected = if *reuse == Reuse::Yes { 1 } else { 2 };
        assert_eq!(connections.load(Ordering::SeqCst), expected, "{name}: connections for two requests");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_old_server_says_has_one_meaning_too() {
    for (said, expected) in [
        ("HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", "502"),
        ("HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\ncontent-length: 2\r\n\r\nok", "502"),
        ("HTTP/2 200\r\ncontent-length: 2\r\n\r\nok", "502"),
        ("ICY 200 OK\r\ncontent-length: 2\r\n\r\nok", "502"),
        ("HTTP/1.1200 OK\r\ncontent-length: 2\r\n\r\nok", "502"),
        ("HTTP/1.0 200 OK\r\n\r\nok", "200"),
        ("HTTP/1.0 200\r\ncontent-length: 2\r\n\r\nok", "200"),
    ] {
        let backend = says(said, Then::Close).await;
        let gateway = Gateway::serve(vec![route("/a", backend.address)]);
        let request = b"GET /a HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
        let got = String::from_utf8(raw(gateway.address, request).await).expect("text");
        assert_eq!(&got[9..12], expected, "{said:?}: {got:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_date_is_kept_or_given_and_a_head_has_a_bound() {
    let date = "Sun, 06 Nov 1994 08:49:37 GMT";
    for (line, whole) in [(format!("date: {date}\r\n"), true), (String::new(), false)] {
        let backend = says(format!("HTTP/1.1 200 OK\r\n{line}content-length: 2\r\n\r\nok"), Then::Keep).await;
        let gateway = Gateway::serve(vec![route("/a", backend.address)]);
        let got = crate::wire::get(gateway.address, "/a", "").await;
        assert_eq!((got.all("date").len(), got.all("date") == [date]), (1, whole), "{got:?}");
    }
    for (bytes, status) in [(60 * 1024, 200), (70 * 1024, 502)] {
        let long = format!("HTTP/1.1 200 OK\r\nx-a: {}\r\ncontent-length: 2\r\n\r\nok", "a".repeat(bytes));
        let many = format!("HTTP/1.1 200 OK\r\n{}content-length: 2\r\n\r\nok", "x-a: 1\r\n".repeat(bytes / 640));
        for said in [long, many] {
            let backend = says(said, Then::Keep).await;
            let gateway = Gateway::serve(vec![route("/a", backend.address)]);
            assert_eq!(crate::wire::get(gateway.address, "/a", "").await.status, status, "{bytes} bytes");
        }
    }
}
