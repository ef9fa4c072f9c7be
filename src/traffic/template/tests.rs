//! What templates make of tokens and paths.

use std::net::{IpAddr, Ipv4Addr};

use super::{Facts, Part, Template};
use crate::token::claims::Claims;

fn claims(subject: &str) -> Claims {
    Claims {
        client: Some("app".into()),
        scope_text: "a:read a:write".into(),
        kept: Box::new([Some("Zoë\r\nX-Admin: 1".into()), None]),
        ..Claims::bare(subject)
    }
}

fn facts<'a>(claims: Option<&'a Claims>, path: &'a str) -> Facts<'a> {
    let address = IpAddr::V4(Ipv4Addr::LOCALHOST);
    Facts { claims, path, host: "api.test", method: "GET", address, request_id: None, certificate: None }
}

fn header(parts: &[Part], claims: Option<&Claims>) -> Option<String> {
    let value = Template(parts.to_vec()).header(&facts(claims, "/a/caf%C3%A9/c"));
    value.map(|value| value.to_str().expect("text").to_owned())
}

fn path(parts: &[Part], claims: Option<&Claims>, path: &str) -> Option<String> {
    Template(parts.to_vec()).path(&facts(claims, path))
}

#[test]
fn ordinary_values_stand_as_they_are() {
    let c = claims("u-17");
    assert_eq!(header(&[Part::Subject], Some(&c)).as_deref(), Some("u-17"));
    assert_eq!(header(&[Part::Scope], Some(&c)).as_deref(), Some("a:read a:write"));
    let both = [Part::Text("user=".into()), Part::Subject, Part::Text("; app=".into()), Part::Client];
    assert_eq!(header(&both, Some(&c)).as_deref(), Some("user=u-17; app=app"));
    assert_eq!(header(&[Part::Segment(1)], None).as_deref(), Some("caf%C3%A9"));
    assert_eq!(header(&[Part::Text("from ".into()), Part::RemoteAddress], None).as_deref(), Some("from 127.0.0.1"));
}

#[test]
fn nothing_from_a_token_is_raw_and_nothing_meets() {
    let c = claims("x");
    assert_eq!(header(&[Part::Kept(0)], Some(&c)).as_deref(), Some("Zo%C3%AB%0D%0AX-Admin: 1"));
    let subjects = ["a\nb", "a%0Ab", " a", "a", "a ", "a%20", "\u{0}", "\u{7f}", ""];
    let mut seen: Vec<_> = subjects.iter().map(|s| header(&[Part::Subject], Some(&claims(s)))).collect();
    assert!(seen.iter().all(Option::is_some));
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), subjects.len());
}

#[test]
fn what_is_not_there_is_no_value() {
    let c = claims("x");
    assert_eq!(header(&[Part::Kept(1)], Some(&c)), None);
    assert_eq!(header(&[Part::Kept(9)], Some(&c)), None);
    assert_eq!(header(&[Part::Text("u:".into()), Part::Subject], None), None);
    assert_eq!(header(&[Part::RequestId], None), None);
    assert_eq!(header(&[Part::Segment(7)], None), None);
}

#[test]
fn paths_are_made_of_segments() {
    let to = |text: &str| Part::Text(text.into());
    let rest = [to("/v2/"), Part::Rest(2)];
    assert_eq!(path(&rest, None, "/v1/things/7/parts/").as_deref(), Some("/v2/7/parts/"));
    assert_eq!(path(&rest, None, "/v1/things").as_deref(), Some("/v2/"));
    assert_eq!(path(&[to("/x/"), Part::Segment(2), to(".json")], None, "/v1/things/7").as_deref(), Some("/x/7.json"));
    let user = [to("/users/"), Part::Subject, to("/orders")];
    assert_eq!(
        path(&user, Some(&claims("u 7/../b?x#y;z")), "/me").as_deref(),
        Some("/users/u%207%2F..%2Fb%3Fx%23y%3Bz/orders")
    );
    assert_eq!(path(&user, Some(&claims("")), "/me"), None, "two slashes would be one");
    assert_eq!(path(&user, None, "/me"), None);
}

#[test]
fn references_are_read_by_their_reader() {
    let read = |text: &str| {
        Template::read(text, |name| match name {
            "sub" => Ok(Part::Subject),
            other => Err(format!("`{{{other}}}` is not known")),
        })
    };
    assert_eq!(
        read("u {sub} {{}}"),
        Ok(Template(vec![Part::Text("u ".into()), Part::Subject, Part::Text(" {}".into())]))
    );
    assert_eq!(read("{who}"), Err("`{who}` is not known".to_owned()));
}
