//! Every mix of places and spellings.

use http::HeaderMap;
use http::header::{AUTHORIZATION, HeaderName, HeaderValue};

use super::{Place, find};
use crate::access::denial::Denial;
use crate::access::route::Presentation;
use crate::dialect::token_header::{HeaderUsage, TokenHeader};

fn ask(
    lines: &[&str],
    query: Option<&str>,
    form: Option<&str>,
    allowed: &Presentation,
) -> Result<(String, Place), Denial> {
    let mut headers = HeaderMap::new();
    for line in lines {
        headers.append(AUTHORIZATION, HeaderValue::from_bytes(line.as_bytes()).unwrap());
    }
    let found = find(&headers, query, form.map(str::as_bytes), allowed)?;
    Ok((found.text()?.to_owned(), found.place))
}

fn header_only() -> Presentation {
    Presentation::default()
}

fn everywhere() -> Presentation {
    Presentation { query: vec!["access_token".into()], form: vec!["access_token".into()], ..Presentation::default() }
}

#[test]
fn the_header_in_all_its_spellings() {
    for line in ["Bearer abc.d-e_f~g+h/i==", "bearer abc.d-e_f~g+h/i==", "BEARER   abc.d-e_f~g+h/i=="] {
        let found = ask(&[line], Some("a=b"), None, &header_only());
        assert_eq!(found, Ok(("abc.d-e_f~g+h/i==".into(), Place::Header)), "{line}");
    }
    for line in [
        "Bearer",
        "Bearer ",
        "Bearer a b",
        "Bearer a,b",
        "Bearer a, Bearer b",
        "Bearer =",
        "Bearer a=b",
        "Bearer \"a\"",
        "Bearer a;",
        "Bearer \u{e9}",
    ] {
        assert_eq!(ask(&[line], None, None, &header_only()), Err(Denial::Malformed), "{line}");
    }
    for line in ["Basic abc", "Bearerabc", "Bearer\tabc", "Token abc", "DPoP abc", "", "Bear"] {
        assert_eq!(ask(&[line], None, None, &header_only()), Err(Denial::Missing), "{line}");
    }
}

#[test]
fn two_credentials_are_ambiguous() {
    for lines in [["Bearer a", "Bearer a"], ["Bearer a", "Basic b"], ["Basic b", "Bearer a"], ["Basic a", "Basic b"]] {
        assert_eq!(ask(&lines, None, None, &header_only()), Err(Denial::Ambiguous), "{lines:?}");
    }
    let cases = [
        (&["Bearer a"][..], Some("access_token=a"), None),
        (&["Bearer a"], Some("x=1&access%5Ftoken=a"), None),
        (&["Bearer a"], None, Some("access_token=a")),
        (&["Basic a"], Some("access_token=a"), None),
        (&["Basic a"], None, Some("access_token=a")),
        (&[], Some("access_token=a"), Some("access_token=a")),
        (&[], Some("access_token=a&access_token=a"), None),
        (&[], None, Some("access_token=a&b=c&access_token=a")),
    ];
    for (lines, query, form) in cases {
        assert_eq!(ask(lines, query, form, &everywhere()), Err(Denial::Ambiguous), "{lines:?} {query:?} {form:?}");
    }
    assert_eq!(ask(&["Bearer a"], Some("access_token=a"), None, &header_only()), Err(Denial::Ambiguous));
    let renamed = Presentation { query: vec!["key".into()], ..Presentation::default() };
    assert_eq!(ask(&[], Some("key=a&access_token=b"), None, &renamed), Err(Denial::Ambiguous));
    assert_eq!(ask(&["Bearer a"], Some("access_token=b"), None, &renamed), Err(Denial::Ambiguous));
}

#[test]
fn query_and_form_only_where_the_route_says_so() {
    assert_eq!(ask(&[], Some("access_token=a"), None, &header_only()), Err(Denial::Missing));
    assert_eq!(ask(&[], None, Some("access_token=a"), &header_only()), Err(Denial::Missing));
    assert_eq!(ask(&[], Some("x=1&access_token=a%2Eb&y"), None, &everywhere()), Ok(("a.b".into(), Place::Query)));
    assert_eq!(ask(&[], None, Some("access_token=a.b"), &everywhere()), Ok(("a.b".into(), Place::Form)));
    assert_eq!(ask(&[], Some("access_tokens=a"), None, &everywhere()), Err(Denial::Missing));
    for bad in
        ["access_token", "access_token=", "access_token=%zz", "access_token=%2", "access_token=a+b", "access_token=%00"]
    {
        assert_eq!(ask(&[], Some(bad), None, &everywhere()), Err(Denial::Malformed), "{bad}");
    }
    let renamed = Presentation { query: vec!["key".into()], ..Presentation::default() };
    assert_eq!(ask(&[], Some("key=a"), None, &renamed), Ok(("a".into(), Place::Query)));
    assert_eq!(ask(&[], Some("access_token=a"), None, &renamed), Err(Denial::Missing));
}

#[test]
fn further_headers_are_one_place_each() {
    let header = |name: &'static str, scheme: Option<&str>| TokenHeader {
        name: HeaderName::from_static(name),
        scheme: scheme.map(Into::into),
        usage: HeaderUsage::Ordinary,
    };
    let headers = vec![header("authentication", Some("Bearer")), header("x-session", None)];
    let allowed = Presentation { headers, ..everywhere() };
    let ask = |lines: &[(&'static str, &str)], query: Option<&str>| {
        let lines = lines.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()));
        let lines = lines.fold(HeaderMap::new(), |mut map, (name, value)| {
            map.append(name, value);
            map
        });
        find(&lines, query, None, &allowed).and_then(|found| Ok((found.text()?.to_owned(), found.place)))
    };
    for lines in [[("x-session", "a.b")], [("authentication", "bearer  a.b")], [("authorization", "Bearer a.b")]] {
        assert_eq!(ask(&lines, None), Ok(("a.b".into(), Place::Header)), "{lines:?}");
    }
    for lines in [[("x-session", "")], [("x-session", "Bearer a")], [("authentication", "Bearer")]] {
        assert_eq!(ask(&lines, None), Err(Denial::Malformed), "{lines:?}");
    }
    assert_eq!(ask(&[("authentication", "a.b")], None), Err(Denial::Missing));
    for lines in [
        [("x-session", "a"), ("x-session", "a")],
        [("x-session", "a"), ("authentication", "Bearer a")],
        [("x-session", "a"), ("authorization", "Bearer a")],
        [("x-session", "a"), ("authorization", "Basic a")],
        [("authentication", "Basic a"), ("x-session", "a")],
    ] {
        assert_eq!(ask(&lines, None), Err(Denial::Ambiguous), "{lines:?}");
    }
    assert_eq!(ask(&[("x-session", "a")], Some("access_token=a")), Err(Denial::Ambiguous));
}
