//! The identity-header and hop-by-hop part of the attack list: what a caller sends
//! must not be visible to a backend under any name that means one of ours.

use http::header::{HeaderMap, HeaderName, HeaderValue};

use super::{Credential, Screen, clean_answer};
use crate::snapshot::{Part, Plan, Template};

fn plan(identity: &[&'static str], set: &[&'static str]) -> Plan {
    Plan {
        upstream: 0,
        strip_prefix: None,
        identity: identity.iter().map(|n| (HeaderName::from_static(n), Template(vec![Part::Subject]))).collect(),
        set: set.iter().map(|n| (HeaderName::from_static(n), HeaderValue::from_static("ours"))).collect(),
        keep_authorization: false,
        mint: None,
        user_tokens: None,
        rules: None,
        max_body: 0,
        first_byte_timeout: std::time::Duration::ZERO,
        idle_timeout: std::time::Duration::ZERO,
        total_timeout: None,
        on_expiry: Default::default(),
        websocket: Default::default(),
    }
}

fn lines(pairs: &[(&str, &str)]) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in pairs {
        let name = HeaderName::from_bytes(name.as_bytes()).expect("a header name");
        map.append(name, HeaderValue::from_str(value).expect("a header value"));
    }
    map
}

fn passed(screen: &Screen, pairs: &[(&str, &str)], credential: Credential) -> Vec<String> {
    let mut out = HeaderMap::new();
    screen.copy(&lines(pairs), credential, &mut out);
    let mut names: Vec<String> = out.iter().map(|(n, v)| format!("{n}={}", v.to_str().expect("text"))).collect();
    names.sort();
    names
}

#[test]
fn what_one_plan_sets_is_refused_everywhere_in_every_spelling() {
    let screen = Screen::of(&[plan(&[], &[]), plan(&["x-user"], &["x-backend-key"])], &[]);
    for name in ["X-User", "x-user", "x_user", "X_USER", "x.user", "x~user", "x-backend-key", "x_backend.key"] {
        assert_eq!(passed(&screen, &[(name, "evil")], Credential::Keep), Vec::<String>::new(), "{name}");
    }
    for name in ["x-users", "x-use", "xuser", "y-user"] {
        assert_eq!(passed(&screen, &[(name, "fine")], Credential::Keep), [format!("{name}=fine")]);
    }
}

#[test]
fn who_and_where_the_caller_is_is_not_his_to_say() {
    let screen = Screen::of(&[], &[]);
    for name in [
        "forwarded",
        "X-Forwarded-For",
        "x_forwarded_for",
        "x-forwarded-anything",
        "X-Real-IP",
        "x_real_ip",
        "proxy",
        "x-original-url",
        "x-rewrite-url",
        "x-http-method-override",
        "true-client-ip",
    ] {
        assert!(passed(&screen, &[(name, "evil")], Credential::Keep).is_empty(), "{name}");
    }
}

#[test]
fn lines_of_the_connection_stay_with_the_connection() {
    let screen = Screen::of(&[], &[]);
    let sent = [
        ("connection", "close, X-Mine"),
        ("connection", "x-other"),
        ("x-mine", "1"),
        ("x-other", "2"),
        ("x-third", "3"),
        ("te", "trailers"),
        ("upgrade", "websocket"),
        ("keep-alive", "timeout=5"),
        ("transfer-encoding", "chunked"),
        ("transfer_encoding", "chunked"),
        ("content_length", "5"),
        ("expect", "100-continue"),
    ];
    assert_eq!(passed(&screen, &sent, Credential::Keep), ["x-third=3"]);
}

#[test]
fn the_credential_passes_only_where_it_is_kept_and_only_as_itself() {
    let screen = Screen::of(&[], &[]);
    let sent = [("authorization", "Bearer x"), ("cookie", "a=b"), ("coo_kie", "c"), ("content_type", "evil")];
    assert_eq!(passed(&screen, &sent, Credential::Strip), ["coo_kie=c", "cookie=a=b"]);
    assert_eq!(passed(&screen, &sent, Credential::Keep), ["authorization=Bearer x", "coo_kie=c", "cookie=a=b"]);
}

#[test]
fn an_ordinary_header_set_by_one_plan_still_passes_on_the_others() {
    let screen = Screen::of(&[plan(&[], &["accept", "authorization"])], &[]);
    let sent = [("accept", "text/html"), ("authorization", "Bearer x")];
    assert_eq!(passed(&screen, &sent, Credential::Keep), ["accept=text/html", "authorization=Bearer x"]);
}

#[test]
fn repeated_lines_keep_their_number_and_order() {
    let mut out = HeaderMap::new();
    Screen::of(&[], &[]).copy(&lines(&[("accept", "a"), ("x", "1"), ("accept", "b")]), Credential::Keep, &mut out);
    let accepts: Vec<_> = out.get_all("accept").iter().collect();
    assert_eq!(accepts, ["a", "b"]);
}

#[test]
fn an_answer_loses_the_backends_connection_lines_and_nothing_else() {
    let mut answer = lines(&[
        ("connection", "keep-alive, x-hop, content-length"),
        ("keep-alive", "timeout=5"),
        ("x-hop", "1"),
        ("content-length", "3"),
        ("transfer-encoding", "chunked"),
        ("upgrade", "h2c"),
        ("set-cookie", "a=1"),
        ("set-cookie", "b=2"),
    ]);
    clean_answer(&mut answer);
    assert_eq!(answer.len(), 3);
    assert_eq!(answer.get_all("set-cookie").iter().count(), 2);
    assert_eq!(answer["content-length"], "3");
}

#[test]
fn an_answer_without_connection_loses_its_hop_by_hop_lines_too() {
    let mut answer = lines(&[("keep-alive", "timeout=5"), ("proxy-connection", "close"), ("x", "1")]);
    clean_answer(&mut answer);
    assert_eq!(answer.keys().map(HeaderName::as_str).collect::<Vec<_>>(), ["x"]);
}

#[test]
fn cookies_of_http2_become_one_line() {
    let sent = [("cookie", "a=1"), ("cookie", "b=2"), ("cookie", "c=3"), ("accept", "x")];
    assert_eq!(passed(&Screen::of(&[], &[]), &sent, Credential::Strip), ["accept=x", "cookie=a=1; b=2; c=3"]);
}

#[test]
fn a_token_in_a_header_of_its_own_ends_where_authorization_does() {
    let screen = Screen::of(&[], &[HeaderName::from_static("x-session")]);
    let sent = [("authorization", "Bearer a"), ("x-session", "a"), ("x_session", "a"), ("x.session", "a"), ("x", "1")];
    assert_eq!(passed(&screen, &sent, Credential::Strip), ["x=1"]);
    assert_eq!(passed(&screen, &sent, Credential::Keep), ["authorization=Bearer a", "x-session=a", "x=1"]);
}
