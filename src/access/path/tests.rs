//! Attacks on the path, and the laws of its one form.

use std::borrow::Cow;

use proptest::prelude::{ProptestConfig, any, prop_assert, prop_assert_eq, proptest};

use super::{CanonicalPath, MAX_PATH_BYTES, PathRefusal, meaning};

fn canonical(raw: &str) -> Result<String, PathRefusal> {
    CanonicalPath::parse(raw).map(|path| path.as_str().to_owned())
}

#[test]
fn what_is_in_form_is_not_copied() {
    for path in ["/", "/a", "/a/", "/a/b.c/d~e_f-g/:x@y", "/a!$&'()*+,=b"] {
        assert!(matches!(CanonicalPath::parse(path).unwrap().0, Cow::Borrowed(_)), "{path}");
    }
}

#[test]
fn one_form_for_each_path() {
    let cases = [
        ("//a///b//", "/a/b/"),
        ("/%61%2D%7e", "/a-~"),
        ("/%c3%a9", "/%C3%A9"),
        ("/a%20b", "/a%20b"),
        ("/a%3ab", "/a%3Ab"),
        ("/a|b{c}\"<>^`[]", "/a%7Cb%7Bc%7D%22%3C%3E%5E%60%5B%5D"),
        ("/.well-known/x", "/.well-known/x"),
        ("/a/...", "/a/..."),
        ("/..a/.b/%2ec", "/..a/.b/.c"),
        ("/100%25", "/100%25"),
        ("/%25zz", "/%25zz"),
        ("/%2541", "/%2541"),
    ];
    for (raw, form) in cases {
        assert_eq!(canonical(raw).as_deref(), Ok(form), "{raw}");
    }
}

#[test]
fn every_trick_is_refused() {
    let cases = [
        ("", PathRefusal::NotAbsolute),
        ("*", PathRefusal::NotAbsolute),
        ("a/b", PathRefusal::NotAbsolute),
        ("/a/../b", PathRefusal::DotSegment),
        ("/..", PathRefusal::DotSegment),
        ("/.", PathRefusal::DotSegment),
        ("/a/./b", PathRefusal::DotSegment),
        ("/a/%2e%2e/b", PathRefusal::DotSegment),
        ("/a/%2E./b", PathRefusal::DotSegment),
        ("/a/.%2e", PathRefusal::DotSegment),
        ("/a/%2e/", PathRefusal::DotSegment),
        ("/a//..//b", PathRefusal::DotSegment),
        ("/a%2fb", PathRefusal::EncodedSlash),
        ("/a%2Fb", PathRefusal::EncodedSlash),
        ("/a%5cb", PathRefusal::EncodedSlash),
        ("/a%5C..%5Cb", PathRefusal::EncodedSlash),
        ("/a\\b", PathRefusal::Backslash),
        ("/a\\..\\b", PathRefusal::Backslash),
        ("/a;b=c/d", PathRefusal::Semicolon),
        ("/a/..;/b", PathRefusal::Semicolon),
        ("/a/..%3b/b", PathRefusal::Semicolon),
        ("/a%3Bb", PathRefusal::Semicolon),
        ("/a%00b", PathRefusal::Control),
        ("/a\0b", PathRefusal::Control),
        ("/a%0d%0aX: y", PathRefusal::Control),
        ("/a%09", PathRefusal::Control),
        ("/a%7f", PathRefusal::Control),
        ("/a b", PathRefusal::Control),
        ("/a\tb", PathRefusal::Control),
        ("/a%", PathRefusal::BrokenEncoding),
        ("/a%2", PathRefusal::BrokenEncoding),
        ("/a%zz", PathRefusal::BrokenEncoding),
        ("/a%u002e", PathRefusal::BrokenEncoding),
        ("/a%+1", PathRefusal::BrokenEncoding),
        ("/caf\u{e9}", PathRefusal::NotAscii),
        ("/%ff", PathRefusal::NotUtf8),
        ("/%c0%ae%c0%ae/", PathRefusal::NotUtf8),
        ("/%c0%af", PathRefusal::NotUtf8),
        ("/%e2%82", PathRefusal::NotUtf8),
        ("/%c3/%a9", PathRefusal::NotUtf8),
        ("/%c2%85", PathRefusal::NotUtf8),
        ("/%252e%252e/", PathRefusal::DoubleEncoding),
        ("/%252f", PathRefusal::DoubleEncoding),
        ("/%255c", PathRefusal::DoubleEncoding),
        ("/%2500", PathRefusal::DoubleEncoding),
        ("/%253b", PathRefusal::DoubleEncoding),
        ("/%25252e", PathRefusal::DoubleEncoding),
        ("/%25%32%65", PathRefusal::DoubleEncoding),
        ("/%2%35", PathRefusal::BrokenEncoding),
        ("/a?b", PathRefusal::NotAPath),
        ("/a#b", PathRefusal::NotAPath),
    ];
    for (raw, why) in cases {
        assert_eq!(canonical(raw), Err(why), "{raw:?}");
    }
    assert_eq!(canonical(&"/a".repeat(MAX_PATH_BYTES)), Err(PathRefusal::TooLong));
    assert!(canonical(&"/".repeat(MAX_PATH_BYTES)).is_ok());
}

/// What a careless backend would make of a path: decode twice, split at every kind
/// of slash, cut at `;`, then walk the dots.
fn careless(path: &str) -> Vec<String> {
    let once = meaning(path).into_owned();
    let twice = meaning(&once).into_owned();
    let mut walked: Vec<String> = Vec::new();
    for segment in twice.split(['/', '\\']).map(|s| s.split(';').next().unwrap_or("")) {
        match segment {
            "" | "." => {}
            ".." => drop(walked.pop()),
            other => walked.push(other.to_owned()),
        }
    }
    walked
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn doing_it_twice_changes_nothing(raw in "/(%(25)?[0-9a-fA-F]{2}|[a-z./%;\\\\{|~é ])*") {
        if let Ok(once) = canonical(&raw) {
            prop_assert_eq!(canonical(&once), Ok(once.clone()));
            prop_assert!(once.starts_with('/') && !once.contains("//"));
        }
    }

    #[test]
    fn no_reader_leaves_the_prefix(raw in "/(%(25)?(2[ef]|5[cC]|3b|2E|2F)|[ab./;\\\\])*") {
        if let Ok(path) = canonical(&format!("/inside{raw}")) {
            let walked = careless(&path);
            prop_assert_eq!(walked.first().map(String::as_str), Some("inside"), "{}", path);
        }
    }

    #[test]
    fn any_text_is_refused_or_has_one_form(raw in any::<String>()) {
        for raw in [format!("/{raw}"), raw] {
            if let Ok(path) = canonical(&raw) {
                prop_assert!(raw.starts_with('/'), "{}", raw);
                prop_assert_eq!(canonical(&path), Ok(path.clone()));
            }
        }
    }
}
