//! Large bodies over HTTP/2 in both directions, by one stream and by a hundred at once, some
//! of which their caller leaves for a while: every byte arrives in order, the others are not
//! held up, and memory stays within what a connection may cost.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};

use aws_lc_rs::digest::{Context, SHA256};
use bytes::Bytes;
use h2::client::SendRequest;
use http::Request;
use tokio::sync::watch;

use crate::hostile::ceiling;
use crate::process::resident;
use crate::support::gateway::Gateway;
use crate::support::yaml::standard;

/// Bytes of a body by itself, and of one of many.
const LARGE: usize = 128 << 20;
const EACH: usize = 2 << 20;
const STREAMS: usize = 100;
/// What the caller takes of a stream unasked.
const WINDOW: u32 = 256 * 1024;
/// What the process needs besides.
const OTHERS: u64 = 8 << 20;

/// The unit in which bodies are made: no two near bytes and no two near units are alike.
const UNIT: usize = 64 * 1024;

fn unit(number: usize) -> Vec<u8> {
    (0..UNIT).map(|n| (n % 251 + number) as u8).collect()
}

/// The digest of a body of so many bytes.
fn expected(length: usize) -> String {
    let mut digest = Context::new(&SHA256);
    (0..length / UNIT).for_each(|number| digest.update(&unit(number)));
    text(digest)
}

fn text(digest: Context) -> String {
    digest.finish().as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A backend: gives as many bytes as the path's last segment says, or says the digest of what
/// it was given.
fn backend() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for socket in listener.incoming().flatten() {
            std::thread::spawn(move || while serve(&socket).is_some() {});
        }
    });
    address
}

fn serve(socket: &TcpStream) -> Option<()> {
    let (mut reader, mut out) = (BufReader::with_capacity(UNIT, socket), socket);
    let (mut line, mut path, mut length) = (String::new(), String::new(), None);
    loop {
        line.clear();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim_end().split_once(' ') {
            None if line.trim_end().is_empty() => break,
            Some(("content-length:", value)) => length = value.parse::<u64>().ok(),
            Some((_, rest)) if path.is_empty() => path = rest.split(' ').next()?.to_owned(),
            _ => {}
        }
    }
    if let Some(length) = length {
        let (mut digest, mut body) = (Context::new(&SHA256), reader.take(length));
        loop {
            let piece = body.fill_buf().ok()?;
            if piece.is_empty() {
                break;
            }
            digest.update(piece);
            let count = piece.len();
            body.consume(count);
        }
        let text = text(digest);
        return write!(out, "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{text}", text.len()).ok();
    }
    let length: usize = path.rsplit('/').next()?.parse().ok()?;
    write!(out, "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n").ok()?;
    (0..length / UNIT).try_for_each(|number| out.write_all(&unit(number))).ok()
}

fn start(name: &str) -> Gateway {
    let upstream = format!("\"http://{}\"], pool: {{ max_connections: 2000 }} }}\nroutes", backend());
    let yaml = standard("SERVER").replace("\"SERVER\"] }\nroutes", &upstream);
    let yaml = yaml
        .replace("access: public }", "access: public, max_body: 1GiB }")
        .replace("store:", "runtime: { workers: 2 }\nstore:");
    // A caller who leaves an answer for a while, on a busy machine.
    Gateway::start(
        name,
        &yaml.replace("clear: { address: \"127.0.0.1:0\"", "clear: { address: \"127.0.0.1:0\", limits: { body: 5m }"),
    )
}

async fn connect(gateway: &Gateway) -> SendRequest<Bytes> {
    let socket = tokio::net::TcpStream::connect(gateway.address("clear")).await.expect("connected");
    let mut builder = h2::client::Builder::new();
    builder.initial_window_size(WINDOW).initial_connection_window_size(STREAMS as u32 * WINDOW);
    let (sender, connection) = builder.handshake(socket).await.expect("HTTP/2");
    tokio::spawn(async move { drop(connection.await) });
    sender
}

/// The digest of an answer that is taken from when `go` says so.
async fn download(sender: SendRequest<Bytes>, length: usize, mut go: watch::Receiver<bool>) -> String {
    let request = Request::get(format!("http://a/open/{length}")).body(()).expect("a request");
    let (answer, _) = sender.ready().await.expect("ready").send_request(request, true).expect("sent");
    let mut body = answer.await.expect("an answer").into_body();
    go.wait_for(|go| *go).await.expect("it is said");
    let mut digest = Context::new(&SHA256);
    while let Some(piece) = body.data().await {
        let piece = piece.expect("a piece");
        digest.update(&piece);
        body.flow_control().release_capacity(piece.len()).expect("it was taken");
    }
    text(digest)
}

/// The digest of what arrived of an upload.
async fn upload(sender: SendRequest<Bytes>, length: usize) -> String {
    let request = Request::post("http://a/open/up").header("content-length", length).body(()).expect("a request");
    let (answer, mut stream) = sender.ready().await.expect("ready").send_request(request, false).expect("sent");
    for number in 0..length / UNIT {
        let mut piece = Bytes::from(unit(number));
        while !piece.is_empty() {
            stream.reserve_capacity(piece.len());
            let room = std::future::poll_fn(|cx| stream.poll_capacity(cx)).await.expect("open").expect("room");
            let part = piece.split_to(room.min(piece.len()));
            stream.send_data(part, piece.is_empty() && (number + 1) * UNIT == length).expect("sent");
        }
    }
    let mut body = answer.await.expect("an answer").into_body();
    let mut text = Vec::new();
    while let Some(piece) = body.data().await {
        text.extend_from_slice(&piece.expect("a piece"));
    }
    String::from_utf8(text).expect("a digest")
}

/// Runs it on a runtime, and measures by how much the gateway grows meanwhile at most.
fn measured(gateway: &Gateway, what: &str, run: impl Future<Output = ()>) {
    let before = resident(gateway.pid());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let mut most = before;
        tokio::pin!(run);
        let mut looks = tokio::time::interval(std::time::Duration::from_millis(20));
        loop {
            tokio::select! {
                () = &mut run => break,
                _ = looks.tick() => most = most.max(resident(gateway.pid())),
            }
        }
        println!("{what}: at most {} KiB more resident than before", (most - before) / 1024);
        assert!(most - before < ceiling("HTTP/2, all streams under way") + OTHERS, "{what}: {} bytes", most - before);
    });
}

#[test]
fn one_large_body_each_way() {
    let gateway = start("bulk-2");
    let (_go, going) = watch::channel(true);
    measured(&gateway, "128 MiB up and down over HTTP/2", async {
        let sender = connect(&gateway).await;
        let digest = expected(LARGE);
        assert_eq!(download(sender.clone(), LARGE, going.clone()).await, digest);
        assert_eq!(upload(sender, LARGE).await, digest);
    });
}

#[test]
fn a_hundred_answers_of_which_half_are_left_for_a_while() {
    let gateway = start("bulk-2-down");
    let (_now, now) = watch::channel(true);
    let (go, going) = watch::channel(false);
    measured(&gateway, "100 answers of 2 MiB, half of them left", async {
        let sender = connect(&gateway).await;
        let digest = expected(EACH);
        let begin = |going: &watch::Receiver<bool>| tokio::spawn(download(sender.clone(), EACH, going.clone()));
        let left: Vec<_> = (0..STREAMS / 2).map(|_| begin(&going)).collect();
        let taken: Vec<_> = (0..STREAMS / 2).map(|_| begin(&now)).collect();
        for one in taken {
            assert_eq!(one.await.expect("it is not held up"), digest);
        }
        assert!(left.iter().all(|one| !one.is_finished()));
        go.send(true).expect("they wait for it");
        for one in left {
            assert_eq!(one.await.expect("nothing of it was lost"), digest);
        }
    });
}

#[test]
fn a_hundred_uploads_at_once() {
    let gateway = start("bulk-2-up");
    measured(&gateway, "100 uploads of 2 MiB", async {
        let sender = connect(&gateway).await;
        let digest = expected(EACH);
        let all: Vec<_> = (0..STREAMS).map(|_| tokio::spawn(upload(sender.clone(), EACH))).collect();
        for one in all {
            assert_eq!(one.await.expect("it went through"), digest);
        }
    });
}
