//! Answers on their way to a caller who takes fewer bytes: which, how, and at what pace.

use std::io::{Read, Write as _};
use std::net::TcpListener;

use crate::house::{clear, get, house};
use crate::support::backend::Backend;
use crate::wire::{Answer, ask, send};

const ROUTES: &str = r#"
routes:
  - { path: /text/**, upstream: backend, access: public, compress: {} }
  - { path: /stream, upstream: streaming, access: public, compress: { types: [text/event-stream], encodings: gzip } }
  - { path: /events, upstream: streaming, access: public, compress: { types: ["text/*"] } }
  - { path: /plain/**, upstream: backend, access: public }
"#;

/// Answers with what the path says: `/KIND/SIZE`, and further lines of the query.
fn scripted() -> Backend {
    Backend::start(|seen| {
        let target = seen.head[0].split(' ').nth(1).unwrap_or_default();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let size: usize = path.rsplit('/').next().and_then(|size| size.parse().ok()).unwrap_or(0);
        let body = line(size);
        let more: String = query
            .split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| format!("{}\r\n", pair.replace('=', ": ")))
            .collect();
        let kind = if more.contains("content-type") { "" } else { "content-type: application/json\r\n" };
        format!("HTTP/1.1 200 OK\r\n{kind}{more}etag: \"a\"\r\ncontent-length: {size}\r\n\r\n{body}").into_bytes()
    })
}

fn line(size: usize) -> String {
    "{\"the same\": \"again and again\"}\n".chars().cycle().take(size).collect()
}

fn decoded(answer: &Answer) -> String {
    let mut out = Vec::new();
    match answer.header("content-encoding") {
        Some("gzip") => drop(flate2::read::GzDecoder::new(&answer.body[..]).read_to_end(&mut out).expect("gzip")),
        Some("br") => drop(brotli::Decompressor::new(&answer.body[..], 4096).read_to_end(&mut out).expect("brotli")),
        Some("zstd") => out = zstd::decode_all(&answer.body[..]).expect("zstd"),
        _ => out.clone_from(&answer.body),
    }
    String::from_utf8(out).expect("text")
}

#[test]
fn small_and_large_answers_in_each_coding() {
    let backend = scripted();
    let gateway = house("compress", &[("backend", &backend.url()), ("streaming", "builtin:echo")], ROUTES);
    for (accept, coding) in
        [("gzip", "gzip"), ("br", "br"), ("zstd, br, gzip", "zstd"), ("gzip;q=1, zstd;q=0.1", "gzip")]
    {
        for size in [2_000, 60_000, 700_000] {
            let answer = get(&gateway, &format!("/text/{size}"), &[&format!("accept-encoding: {accept}")]);
            assert_eq!(answer.header("content-encoding"), Some(coding), "{accept} {size}");
            assert_eq!(decoded(&answer), line(size), "{accept} {size}");
            assert!(answer.body.len() < size / 5, "{} of {size}", answer.body.len());
            let length = answer.header("content-length").map(|length| length.parse().expect("a length"));
            assert!(length.is_none_or(|length: usize| length == answer.body.len()), "{accept} {size}");
            assert_eq!((answer.header("vary"), answer.header("etag")), (Some("Accept-Encoding"), Some("W/\"a\"")));
        }
    }
    let curl = crate::support::http::curl(&["--compressed", &format!("{}/text/700000", gateway.https("public"))]);
    assert_eq!(curl.body, line(700_000), "over HTTP/2, as curl reads it");
}

#[test]
fn what_need_not_or_must_not_be_compressed_is_not() {
    let backend = scripted();
    let gateway = house("compress-not", &[("backend", &backend.url()), ("streaming", "builtin:echo")], ROUTES);
    for (path, accept) in [
        ("/text/900", "gzip"),
        ("/text/5000", "identity"),
        ("/text/5000", "gzip;q=0"),
        ("/text/5000", "deflate"),
        ("/text/5000?content-type=image/png", "gzip"),
        ("/text/5000?content-encoding=br", "gzip"),
        ("/text/5000?cache-control=no-transform", "gzip"),
        ("/text/5000?content-type=text/event-stream", "gzip"),
        ("/text/5000?content-digest=sha-256", "gzip"),
        ("/plain/5000", "gzip"),
    ] {
        let answer = get(&gateway, path, &[&format!("accept-encoding: {accept}")]);
        let coding = answer.header("content-encoding").filter(|coding| *coding != "br");
        assert_eq!((answer.status, coding, answer.body.len() > 800), (200, None, true), "{path} {accept}");
        assert_eq!(answer.header("etag"), Some("\"a\""));
    }
    let plain = get(&gateway, "/text/5000", &["accept-encoding: identity"]);
    assert_eq!(plain.header("vary"), Some("Accept-Encoding"), "another caller's would differ");
    let head = ask(clear(&gateway), "HEAD /text/5000 HTTP/1.1", &["accept-encoding: gzip"], b"");
    assert_eq!((head.all("content-encoding").len(), head.header("vary")), (0, Some("Accept-Encoding")));
    let asked = get(&gateway, "/text/5000", &["accept-encoding: gzip", "cache-control: no-transform"]);
    assert_eq!(asked.all("content-encoding").len(), 0);
}

#[test]
fn a_stream_is_flushed_whenever_the_backend_pauses() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let gateway = house("compress-stream", &[("backend", "builtin:echo"), ("streaming", &url)], ROUTES);
    let mut caller = send(clear(&gateway), "GET /stream HTTP/1.1", &["accept-encoding: gzip"], b"");
    let (mut backend, _) = listener.accept().expect("the gateway");
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
    backend.write_all(head.as_bytes()).expect("written");
    let mut got = Vec::new();
    for number in 1..=3 {
        backend.write_all(format!("9\r\ndata: {number}\n\n\r\n").as_bytes()).expect("written");
        // Each event can be read before the backend says anything more.
        let wanted = format!("data: {number}\n\n");
        while !seen_so_far(&got).ends_with(&wanted) {
            let mut buffer = [0; 1024];
            let count = caller.read(&mut buffer).expect("in time");
            assert!(count > 0, "the stream ended early");
            got.extend_from_slice(&buffer[..count]);
        }
    }
    backend.write_all(b"0\r\n\r\n").expect("written");
    caller.read_to_end(&mut got).expect("the end");
    let answer = crate::wire::parse(&got);
    assert_eq!((answer.header("content-encoding"), decoded(&answer).len()), (Some("gzip"), 27));
    // Where only `text/*` is asked for, events go as they are.
    drop(backend);
    let mut caller = send(clear(&gateway), "GET /events HTTP/1.1", &["accept-encoding: gzip"], b"");
    let (mut backend, _) = listener.accept().expect("the gateway");
    backend.write_all(format!("{head}9\r\ndata: 1\n\n\r\n0\r\n\r\n").as_bytes()).expect("written");
    let mut got = Vec::new();
    caller.read_to_end(&mut got).expect("the end");
    assert_eq!(crate::wire::parse(&got).text(), "data: 1\n\n");
}

/// What can be decoded of an answer that is still coming.
fn seen_so_far(got: &[u8]) -> String {
    let Some(cut) = got.windows(4).position(|window| window == b"\r\n\r\n") else { return String::new() };
    let (mut rest, mut body) = (&got[cut + 4..], Vec::new());
    while let Some(end) = rest.windows(2).position(|window| window == b"\r\n") {
        let size = usize::from_str_radix(std::str::from_utf8(&rest[..end]).expect("a size"), 16).expect("a size");
        if rest.len() < end + 2 + size + 2 {
            break;
        }
        body.extend_from_slice(&rest[end + 2..end + 2 + size]);
        rest = &rest[end + 2 + size + 2..];
    }
    let mut out = Vec::new();
    let mut decoder = flate2::read::GzDecoder::new(&body[..]);
    let mut byte = [0; 1];
    while let Ok(1) = decoder.read(&mut byte) {
        out.push(byte[0]);
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[test]
fn a_broken_stream_stays_broken() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let gateway = house("compress-broken", &[("backend", "builtin:echo"), ("streaming", &url)], ROUTES);
    let mut caller = send(clear(&gateway), "GET /stream HTTP/1.1", &["accept-encoding: gzip"], b"");
    let (mut backend, _) = listener.accept().expect("the gateway");
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
    backend.write_all(format!("{head}9\r\ndata: 1\n\n\r\n").as_bytes()).expect("written");
    drop(backend);
    let mut got = Vec::new();
    let _ = caller.read_to_end(&mut got);
    assert!(!got.ends_with(b"0\r\n\r\n"), "it must not look complete: {:?}", String::from_utf8_lossy(&got));
}
