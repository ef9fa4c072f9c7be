//! Origins and preflights: who is let in, and what cannot be smuggled in beside.

use http::{HeaderMap, HeaderName, HeaderValue, Method};

use super::{Cors, Credentials, OriginPattern, Origins, Preflight};

fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
    let line = |(name, value): &(&'static str, &str)| (HeaderName::from_static(name), value.parse().unwrap());
    lines.iter().map(line).collect::<HeaderMap<HeaderValue>>()
}

fn cors(origins: &[&str], credentials: Credentials) -> Cors {
    Cors {
        origins: Origins::Listed(origins.iter().map(|text| OriginPattern::parse(text).unwrap()).collect()),
        methods: vec![Method::GET, Method::PUT],
        headers: vec![HeaderName::from_static("authorization")],
        expose: vec![HeaderName::from_static("etag")],
        credentials,
        max_age: 600,
    }
}

#[test]
fn a_listed_origin_gets_leave() {
    let cors = cors(&["https://app.example.com"], Credentials::Allowed);
    let asked = headers(&[
        ("origin", "https://app.example.com"),
        ("access-control-request-method", "PUT"),
        ("access-control-request-headers", "Authorization, content-type"),
    ]);
    let Preflight::Granted(reply) = cors.preflight(&Method::OPTIONS, &asked) else { panic!("granted") };
    assert_eq!(reply.status, 204);
    for (name, value) in [
        ("access-control-allow-origin", "https://app.example.com"),
        ("access-control-allow-methods", "GET, PUT"),
        ("access-control-allow-headers", "authorization"),
        ("access-control-allow-credentials", "true"),
        ("access-control-max-age", "600"),
        ("vary", "Origin, Access-Control-Request-Method, Access-Control-Request-Headers"),
    ] {
        assert_eq!(reply.headers[name], value, "{name}");
    }
}

#[test]
fn everybody_else_does_not() {
    let cors = cors(&["https://app.example.com"], Credentials::Allowed);
    let ok = [("origin", "https://app.example.com"), ("access-control-request-method", "GET")];
    assert!(matches!(cors.preflight(&Method::OPTIONS, &headers(&ok)), Preflight::Granted(_)));
    for lines in [
        vec![("origin", "null"), ok[1]],
        vec![("origin", "https://app.example.com.evil.test"), ok[1]],
        vec![("origin", "http://app.example.com"), ok[1]],
        vec![("origin", "https://APP.example.com"), ok[1]],
        vec![ok[0], ok[0], ok[1]],
        vec![ok[0], ("access-control-request-method", "DELETE")],
        vec![ok[0], ("access-control-request-method", "get")],
        vec![ok[0], ok[1], ("access-control-request-headers", "x-admin")],
    ] {
        let Preflight::Refused(reply) = cors.preflight(&Method::OPTIONS, &headers(&lines)) else {
            panic!("refused: {lines:?}")
        };
        assert_eq!(reply.status, 403);
        assert!(!reply.headers.keys().any(|name| name.as_str().starts_with("access-control")), "{lines:?}");
    }
    for (method, lines) in [(Method::GET, &ok[..]), (Method::OPTIONS, &ok[..1]), (Method::OPTIONS, &ok[1..])] {
        assert!(matches!(cors.preflight(&method, &headers(lines)), Preflight::None));
    }
}

#[test]
fn answers_say_who_may_read_them_and_backends_do_not() {
    let cors = cors(&["https://app.example.com"], Credentials::Never);
    let backend =
        [("access-control-allow-origin", "*"), ("access-control-allow-credentials", "true"), ("vary", "Accept")];
    let opened = |origin: &[(&'static str, &str)]| {
        let mut answered = headers(&backend);
        cors.open(&headers(origin), &mut answered);
        answered
    };
    let known = opened(&[("origin", "https://app.example.com")]);
    assert_eq!(known["access-control-allow-origin"], "https://app.example.com");
    assert_eq!(known["access-control-expose-headers"], "etag");
    assert!(!known.contains_key("access-control-allow-credentials"));
    let vary: Vec<_> = known.get_all("vary").iter().collect();
    assert_eq!(vary, ["Accept", "Origin"]);
    for unknown in [opened(&[("origin", "https://evil.test")]), opened(&[("origin", "null")]), opened(&[])] {
        assert!(!unknown.contains_key("access-control-allow-origin"));
        assert_eq!(unknown.get_all("vary").iter().count(), 2, "caches must know that it depends");
    }
    let mut open = headers(&backend);
    Cors { origins: Origins::Any, ..cors }.open(&headers(&[("origin", "null")]), &mut open);
    assert_eq!(open["access-control-allow-origin"], "*");
    assert!(!open.contains_key("access-control-allow-credentials"));
}

#[test]
fn a_star_is_one_label() {
    let pattern = OriginPattern::parse("https://*.example.com:8443").unwrap();
    for (origin, fits) in [
        ("https://app.example.com:8443", true),
        ("https://a-1.example.com:8443", true),
        ("https://.example.com:8443", false),
        ("https://a.b.example.com:8443", false),
        ("https://example.com:8443", false),
        ("https://app.example.com", false),
        ("https://evil.test/.example.com:8443", false),
        ("https://evil.test#.example.com:8443", false),
        ("https://user@x.example.com:8443", false),
        ("null", false),
    ] {
        assert_eq!(pattern.fits(origin), fits, "{origin}");
    }
}

#[test]
fn what_is_no_origin_is_refused_when_it_is_read() {
    for text in [
        "*",
        "null",
        "app.example.com",
        "https://",
        "https://App.example.com",
        "HTTPS://app.example.com",
        "https://app.example.com/",
        "https://app.example.com:443",
        "http://app.example.com:80",
        "https://app.example.com:0443",
        "https://*.com",
        "https://*",
        "https://*example.com",
        "https://a.*.example.com",
        "https://user@example.com",
    ] {
        assert!(OriginPattern::parse(text).is_err(), "{text}");
    }
    for text in ["http://localhost:3000", "https://[::1]:8443", "capacitor://localhost", "https://1.2.3.4"] {
        assert!(OriginPattern::parse(text).is_ok_and(|pattern| pattern.fits(text)), "{text}");
    }
}
