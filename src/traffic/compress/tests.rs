//! Which answers are compressed, and what their heads say.

use http::header::ACCEPT_ENCODING;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};

use super::{Compress, MediaRange, TYPES};
use crate::traffic::coding::Coding;

fn rule() -> Compress {
    let types = TYPES.iter().chain(&["text/*", "application/*+json"]).map(|text| MediaRange::parse(text).unwrap());
    Compress { codings: Coding::ALL.to_vec(), types: types.collect(), min: 1024 }
}

fn headers(lines: &[(&'static str, &'static str)]) -> HeaderMap {
    lines.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect()
}

fn asked() -> HeaderMap {
    HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_static("gzip"))])
}

fn coding(status: u16, length: Option<u64>, answered: &mut HeaderMap) -> Option<Coding> {
    rule().negotiate(&Method::GET, &asked(), StatusCode::from_u16(status).unwrap(), length, answered)
}

#[test]
fn a_large_text_is_compressed_and_its_head_says_so() {
    let mut answered = headers(&[
        ("content-type", "Application/JSON; charset=utf-8"),
        ("content-length", "5000"),
        ("etag", "\"a1\""),
        ("accept-ranges", "bytes"),
        ("vary", "Origin"),
    ]);
    assert_eq!(coding(200, Some(5000), &mut answered), Some(Coding::Gzip));
    assert_eq!(answered["content-encoding"], "gzip");
    assert_eq!(answered["etag"], "W/\"a1\"");
    assert!(!answered.contains_key("content-length") && !answered.contains_key("accept-ranges"));
    assert_eq!(answered.get_all("vary").iter().collect::<Vec<_>>(), ["Origin", "Accept-Encoding"]);
}

#[test]
fn what_must_stay_as_it_is_stays() {
    let json = ("content-type", "application/json");
    let cases = [
        (200, Some(1023), vec![json]),
        (204, None, vec![json]),
        (304, None, vec![json]),
        (206, Some(5000), vec![json, ("content-range", "bytes 0-4999/9000")]),
        (200, None, vec![json, ("content-encoding", "br")]),
        (200, None, vec![json, ("cache-control", "public, No-Transform")]),
        (200, None, vec![json, ("content-digest", "sha-256=:x:")]),
        (200, None, vec![json, ("repr-digest", "sha-256=:x:")]),
        (200, None, vec![("content-type", "image/png")]),
        (200, None, vec![("content-type", "text/event-stream")]),
        (200, None, vec![("content-type", "application/grpc+json")]),
        (200, None, vec![("content-type", "application/octet-stream")]),
        (200, None, vec![]),
        (200, None, vec![("content-type", "text")]),
    ];
    for (status, length, lines) in cases {
        let before = headers(&lines);
        let mut after = before.clone();
        assert_eq!(coding(status, length, &mut after), None, "{status} {lines:?}");
        assert_eq!(after, before, "{status} {lines:?}");
    }
}

#[test]
fn the_caller_has_a_say_and_caches_know_it() {
    let ask = |method: Method, lines: &[(&'static str, &'static str)]| {
        let mut answered = headers(&[("content-type", "text/x-own")]);
        let coding = rule().negotiate(&method, &headers(lines), StatusCode::OK, None, &mut answered);
        (coding, answered.get("vary").cloned())
    };
    let vary = Some(HeaderValue::from_static("Accept-Encoding"));
    let gzip = ("accept-encoding", "gzip");
    assert_eq!(ask(Method::GET, &[gzip]), (Some(Coding::Gzip), vary.clone()));
    assert_eq!(ask(Method::GET, &[]), (None, vary.clone()));
    assert_eq!(ask(Method::HEAD, &[gzip]), (None, vary.clone()));
    assert_eq!(ask(Method::GET, &[gzip, ("cache-control", "no-transform")]), (None, vary));
}

#[test]
fn ranges_of_types() {
    let holds = |range: &str, media: &str| MediaRange::parse(range).unwrap().holds(media);
    assert!(holds("text/*", "text/x-own") && !holds("text/*", "text/event-stream"));
    assert!(holds("text/event-stream", "text/event-stream"), "whoever names it means it");
    assert!(
        holds("application/*+json", "application/problem+json") && !holds("application/*+json", "application/json")
    );
    for text in ["*/*", "json", "application/", "/json", "a/b c", "Text/html", "text/*x"] {
        assert_eq!(MediaRange::parse(text), None, "{text}");
    }
}
