//! The matcher, by examples of the attack list and by laws.

use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

use super::{Kind, RedirectUri, host, origin};

fn uri(text: &str) -> RedirectUri {
    RedirectUri::parse(text).unwrap_or_else(|why| panic!("{text}: {why}"))
}

#[test]
fn what_may_be_registered() {
    let loopback = |text: &str| matches!(uri(text).kind(), Kind::Loopback(_));
    assert_eq!(uri("https://app.example/cb?x=1").kind(), Kind::Https);
    assert_eq!(uri("http://app.example/cb").kind(), Kind::Http);
    assert_eq!(uri("http://localhost:1919/cb").kind(), Kind::Localhost);
    assert_eq!(uri("com.example.app:/cb").kind(), Kind::Private);
    assert!(loopback("http://127.0.0.1/cb") && loopback("http://[::1]:9/cb"));
    assert_eq!(uri("http://127.0.0.2/cb").kind(), Kind::Http);
    for refused in [
        "",
        "/cb",
        "app.example/cb",
        "https://",
        "https:///cb",
        "https://app.example/cb#x",
        "https://u@app.example/cb",
        "https://u:p@app.example/cb",
        "https://*.example/cb",
        "https://app.example/*",
        "https://app.example/a/../b",
        "https://app.example/.",
        "HTTPS://app.example/cb",
        "javascript:alert(1)",
        "data:text/html,x",
        "file:///etc",
        "myapp:/cb",
        "urn:ietf:wg:oauth:2.0:oob",
        "https://app.example:0/",
        "https://app.example:99999/",
        "https://app.example:/",
        "https://app.example/a b",
        "https://app.example\\@evil",
        "https://app.example/%zz",
        "https://app.example/%4",
        "https://[::1/cb",
        "https://[x]/cb",
        "https://\u{e4}.example/",
        "blob:https://a.b/c",
    ] {
        assert!(RedirectUri::parse(refused).is_err(), "{refused}");
    }
    assert!(RedirectUri::parse(&format!("https://a.example/{}", "x".repeat(2048))).is_err());
}

#[test]
fn tricks_do_not_fit() {
    let registered = uri("https://app.example/cb");
    assert!(registered.fits("https://app.example/cb"));
    for trick in [
        "https://app.example/cb/",
        "https://app.example/cb/x",
        "https://app.example/cb?x=1",
        "https://app.example/cb#",
        "https://app.example/CB",
        "https://APP.example/cb",
        "HTTPS://app.example/cb",
        "http://app.example/cb",
        "https://app.example:443/cb",
        "https://app.example./cb",
        "https://app.example/./cb",
        "https://app.example/x/../cb",
        "https://app.example/%63b",
        "https://app.example//cb",
        "https://app.example@evil.example/cb",
        "https://evil.example/cb?https://app.example/cb",
        "https://app.example.evil.example/cb",
        "https://app.example\\cb",
        "//app.example/cb",
        "https:app.example/cb",
        " https://app.example/cb",
        "https://app.example/cb ",
        "https://app.example/cb%0d%0a",
        "https://app.example/cb;x",
        "https://user@app.example/cb",
        "",
    ] {
        assert!(!registered.fits(trick), "{trick}");
    }
}

#[test]
fn only_the_port_of_a_loopback_address_is_free() {
    for own in ["http://127.0.0.1/cb", "http://127.0.0.1:8000/cb"] {
        for fits in ["http://127.0.0.1/cb", "http://127.0.0.1:1/cb", "http://127.0.0.1:65535/cb"] {
            assert!(uri(own).fits(fits), "{own} {fits}");
        }
        for trick in [
            "http://127.0.0.1:0/cb",
            "http://127.0.0.1:65536/cb",
            "http://127.0.0.1:/cb",
            "http://127.0.0.1:80/cb2",
            "http://127.0.0.1:80@evil.example/cb",
            "http://127.0.0.1.evil.example/cb",
            "http://localhost:80/cb",
            "http://127.0.0.1:80x/cb",
            "http://127.0.0.1:+80/cb",
            "http://127.0.0.1:080/cb",
            "https://127.0.0.1:80/cb",
            "http://[::1]:80/cb",
            "http://127.0.0.1:80",
            "http://127.0.0.1:80/",
            "http://127.0.0.1:80\\cb",
        ] {
            assert!(!uri(own).fits(trick), "{own} {trick}");
        }
    }
    assert!(uri("http://[::1]/cb").fits("http://[::1]:5/cb"));
    assert!(!uri("http://localhost:1919/cb").fits("http://localhost:1920/cb"));
    assert!(!uri("https://127.0.0.1/cb").fits("https://127.0.0.1:5/cb"));
}

#[test]
fn names_the_place() {
    assert_eq!(origin("https://app.example:8/cb?x"), "https://app.example:8");
    assert_eq!(origin("https://app.example?x"), "https://app.example");
    assert_eq!(origin("com.example.app:/cb"), "com.example.app:");
    assert_eq!(origin("com.example.app://x/cb"), "com.example.app:");
    assert_eq!(host("https://App.Example:8/cb").as_deref(), Some("app.example"));
    assert_eq!(host("http://[::1]:8/cb").as_deref(), Some("[::1]"));
    assert_eq!(host("com.example.app:/cb"), None);
}

proptest! {
    /// Outside of loopback addresses, what fits is the same bytes and nothing else.
    #[test]
    fn equal_bytes_only(own in "https://[a-z]{1,8}\\.example(:[1-9][0-9]{0,3})?/[a-z/?=%&.]{0,12}", other in "\\PC{0,40}") {
        if let Ok(registered) = RedirectUri::parse(&own) {
            prop_assert!(registered.fits(&own));
            prop_assert_eq!(registered.fits(&other), own == other);
        }
    }

    /// One edit of a fitting URI never fits.
    #[test]
    fn no_edit_fits(at in 0usize..24, what in any::<char>()) {
        let own = "https://app.example/call";
        let registered = uri(own);
        let mut edited: Vec<char> = own.chars().collect();
        edited[at] = what;
        let edited: String = edited.into_iter().collect();
        prop_assert_eq!(registered.fits(&edited), edited == own);
        let inserted = format!("{}{what}{}", &own[..at], &own[at..]);
        prop_assert!(!registered.fits(&inserted));
    }

    /// A loopback URI fits another only if both read the same without their ports, as
    /// a parser of URIs reads them.
    #[test]
    fn a_fitting_loopback_uri_leads_to_the_same_machine(tail in "[:@/?0-9a-z.\\\\#]{0,16}") {
        let presented = format!("http://127.0.0.1{tail}");
        if uri("http://127.0.0.1/cb").fits(&presented) {
            let read: http::Uri = presented.parse().expect("what fits is a URI");
            prop_assert_eq!(read.host(), Some("127.0.0.1"));
            prop_assert_eq!(read.path(), "/cb");
            prop_assert!(read.query().is_none());
        }
    }
}
