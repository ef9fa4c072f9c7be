//! Every way to spell parameters, and what is refused.

use std::net::IpAddr;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method};

use super::{MAX_BODY, MAX_PARAMETERS, Params};
use crate::dialect::condition::Condition;
use crate::dialect::knobs::{BodyType, QueryRule, Reading, Repeats, Untyped};
use crate::dialect::wire::RawRequest;

fn raw(media_types: &[&'static str], body: impl Into<Bytes>) -> RawRequest {
    let mut headers = HeaderMap::new();
    for media_type in media_types {
        headers.append("content-type", HeaderValue::from_static(media_type));
    }
    let (path, peer) = ("/token".to_owned(), IpAddr::from([192, 0, 2, 1]));
    RawRequest { method: Method::POST, path, query: None, headers, body: body.into(), peer }
}

fn read_as(media_type: &'static str, body: impl Into<Bytes>) -> Result<Params, Condition> {
    Params::read(&raw(&[media_type], body), &Reading::standard(), None)
}

fn value(params: &Params, name: &str) -> Option<String> {
    params.value(&[name.into()]).map(|value| value.expose().to_owned())
}

fn read(body: impl Into<Bytes>) -> Result<Params, Condition> {
    read_as("application/x-www-form-urlencoded", body)
}

#[test]
fn decodes_plus_percent_and_raw_utf8() {
    let params = read("a=x+y&b=%2B%c3%A9&c=\u{e9}&d&&=e").unwrap();
    assert_eq!(value(&params, "a").unwrap(), "x y");
    assert_eq!(value(&params, "b").unwrap(), "+\u{e9}");
    assert_eq!(value(&params, "c").unwrap(), "\u{e9}");
    assert!(value(&params, "d").is_none(), "empty is absent");
}

#[test]
fn refuses_what_is_not_a_form() {
    for broken in ["a=%", "a=%2", "a=%zz", "%=b", "a=%+1"] {
        assert_eq!(read(broken).unwrap_err(), Condition::MalformedBody("broken percent-encoding"), "{broken}");
    }
    assert_eq!(read("a=%ff").unwrap_err(), Condition::MalformedBody("a value is not UTF-8"));
    assert_eq!(read(Bytes::from_static(b"a=\xff")).unwrap_err(), Condition::MalformedBody("a value is not UTF-8"));
    assert_eq!(read("a=%00").unwrap_err(), Condition::MalformedBody("a value holds a NUL byte"));
    for other in ["application/json", "text/plain", "multipart/form-data; boundary=x", ""] {
        assert_eq!(read_as(other, "a=b").unwrap_err(), Condition::WrongContentType, "{other}");
    }
    assert!(read_as("Application/X-WWW-Form-Urlencoded ; charset=UTF-8", "a=b").is_ok());
}

#[test]
fn one_content_type_line_only() {
    let both = ["application/x-www-form-urlencoded", "application/json"];
    let read = |types: &[&'static str], body| Params::read(&raw(types, body), &Reading::standard(), None);
    assert_eq!(read(&both, "a=b").unwrap_err(), Condition::WrongContentType);
    assert!(read(&[], "").is_ok());
}

#[test]
fn json_and_multipart_are_read_where_they_are_listed() {
    let bodies = vec![BodyType::Json, BodyType::Multipart];
    let reading = Reading { bodies, untyped: Untyped::Sniff, ..Reading::standard() };
    let read = |types: &[&'static str], body: &'static str| Params::read(&raw(types, body), &reading, Some("bots"));
    let params = read(&["application/json"], r#"{"a":"x","n":7,"bots":["p","q"],"scope":["r","s"]}"#).unwrap();
    assert_eq!((value(&params, "a").unwrap(), value(&params, "n").unwrap()), ("x".to_owned(), "7".to_owned()));
    assert_eq!((params.list("bots"), value(&params, "scope").unwrap()), (&["p".into(), "q".into()][..], "r s".into()));
    assert_eq!(value(&read(&[], "  {\"a\":\"x\"}").unwrap(), "a").unwrap(), "x");
    for broken in ["{", "[]", r#"{"a":1,"a":2}"#] {
        assert_eq!(read(&["application/json"], broken).unwrap_err(), Condition::MalformedJson, "{broken}");
    }
    let nested = read(&["application/json"], r#"{"username":{"$ne":""}}"#);
    assert_eq!(nested.unwrap_err(), Condition::BadParameter("username".into()));
    let form = "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\ny z\r\n--x--\r\n";
    assert_eq!(value(&read(&["multipart/form-data; boundary=x"], form).unwrap(), "a").unwrap(), "y z");
}

#[test]
fn lists_have_many_spellings_and_repeats_a_rule() {
    let form = ["application/x-www-form-urlencoded"];
    let list = |body: &'static str| {
        let params = Params::read(&raw(&form, body), &Reading::standard(), Some("bots"));
        params.map(|params| params.list("bots").to_vec())
    };
    for body in ["bots=a&bots=b", "bots[]=a&bots[]=b", "bots=%5B%22a%22,%22b%22%5D"] {
        assert_eq!(list(body).unwrap(), ["a", "b"], "{body}");
    }
    assert_eq!(list("bots=%5B1%5D").unwrap_err(), Condition::BadParameter("bots".into()));
    for (repeats, kept) in [(Repeats::First, "1"), (Repeats::Last, "2")] {
        let reading = Reading { repeats, ..Reading::standard() };
        let params = Params::read(&raw(&form, "a=1&a=2"), &reading, None).unwrap();
        assert_eq!(value(&params, "a").unwrap(), kept);
    }
}

#[test]
fn the_query_is_read_only_where_it_is_looked_at() {
    let form = ["application/x-www-form-urlencoded"];
    let read = |query, method| {
        let reading = Reading { query, ..Reading::standard() };
        let asked = RawRequest { method, query: Some("q=1".into()), ..raw(&form, "b=1") };
        let params = Params::read(&asked, &reading, None)?;
        Ok((value(&params, "q").is_some(), value(&params, "b").is_some()))
    };
    assert_eq!(read(QueryRule::Refuse, Method::POST), Err(Condition::QueryRefused));
    assert_eq!(read(QueryRule::Ignore, Method::POST), Ok((false, true)));
    assert_eq!(read(QueryRule::OnGet, Method::POST), Ok((false, true)));
    assert_eq!(read(QueryRule::OnGet, Method::GET), Ok((true, false)));
    assert_eq!(read(QueryRule::Only, Method::POST), Ok((true, false)));
    assert_eq!(read(QueryRule::Merge, Method::POST), Ok((true, true)));
}

#[test]
fn tells_back_known_names_only() {
    assert_eq!(read("scope=a&scope=").unwrap_err(), Condition::DuplicateParameter("scope".into()));
    assert_eq!(read("sc%6fpe=a&scope=a").unwrap_err(), Condition::DuplicateParameter("scope".into()));
    assert_eq!(read("evil=1&evil=2").unwrap_err(), Condition::DuplicateParameter(String::new()));
}

#[test]
fn is_bounded() {
    let many: String = (0..=MAX_PARAMETERS).map(|i| format!("p{i}=1&")).collect();
    assert_eq!(read(many).unwrap_err(), Condition::MalformedBody("too many parameters"));
    assert_eq!(read(format!("a={}", "b".repeat(MAX_BODY))).unwrap_err(), Condition::TooLarge);
}
