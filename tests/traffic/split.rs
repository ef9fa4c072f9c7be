//! Canaries: shares are kept, callers stay on their way, and nobody chooses it.

use std::collections::HashSet;

use crate::house::{counts, get, get_from, house, of_user};
use crate::support::backend::Backend;

const ROUTES: &str = r#"
routes:
  - { path: /header/**, upstream: old, access: public, split: { key: header.x-tenant, to: { new: 0.3 } } }
  - { path: /cookie/**, upstream: old, access: public, split: { key: cookie, to: { new: 0.5 } } }
  - { path: /user/**, upstream: old, access: token, split: { key: sub, to: { new: 0.5 }, salt: b } }
  - { path: /all/**, upstream: old, access: public, split: { key: address, to: { new: 1.0 } } }
  - { path: /none/**, upstream: old, access: public, split: { key: address, to: { new: 0.0 } } }
"#;

fn saying(word: &'static str) -> Backend {
    Backend::start(move |_| format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{word}", word.len()).into_bytes())
}

#[test]
fn callers_stay_on_their_way_and_shares_are_kept() {
    let (old, new) = (saying("old"), saying("new"));
    let gateway = house("split", &[("old", &old.url()), ("new", &new.url())], ROUTES);
    let way = |tenant: usize| get(&gateway, "/header/x", &[&format!("x-tenant: t{tenant}")]).text();
    let first: Vec<String> = (0..200).map(way).collect();
    let count = first.iter().filter(|word| *word == "new").count();
    assert!((35..=85).contains(&count), "{count} of 200 at 0.3");
    assert_eq!((0..200).map(way).collect::<Vec<_>>(), first, "each goes the same way again, on whichever worker");
    assert_eq!(get(&gateway, "/all/x", &[]).text(), "new");
    assert_eq!(get(&gateway, "/none/x", &[]).text(), "old");
    let user = of_user(&gateway, "ana", "read");
    let ways: HashSet<String> = (0..10).map(|_| get(&gateway, "/user/x", &[&user]).text()).collect();
    assert_eq!(ways.len(), 1);
    // Metrics tell the upstreams apart.
    for (name, seen) in [("new", new.seen().len()), ("old", old.seen().len())] {
        let series = format!("tollgate_upstream_requests_total{{result=\"2xx\",upstream=\"{name}\"}}");
        counts(&gateway, &series, seen as u64);
    }
}

#[test]
fn who_has_no_key_goes_by_his_address() {
    let (old, new) = (saying("old"), saying("new"));
    let gateway = house("split-address", &[("old", &old.url()), ("new", &new.url())], ROUTES);
    let way = |last: usize| get_from(&gateway, &format!("203.0.113.{last}"), "/header/x", &[]).text();
    let ways: Vec<String> = (1..60).map(way).collect();
    assert!(ways.iter().any(|word| word == "new") && ways.iter().any(|word| word == "old"));
    assert_eq!((1..60).map(way).collect::<Vec<_>>(), ways);
}

#[test]
fn the_cookie_is_ours_and_a_made_up_one_is_none() {
    let (old, new) = (saying("old"), saying("new"));
    let gateway = house("split-cookie", &[("old", &old.url()), ("new", &new.url())], ROUTES);
    let answer = get(&gateway, "/cookie/x", &[]);
    let set = answer.header("set-cookie").expect("a cookie").to_owned();
    assert!(set.starts_with("tollgate-split=") && set.ends_with("; HttpOnly; SameSite=Lax"), "{set}");
    let pair = set.split(';').next().expect("a pair").to_owned();
    for _ in 0..10 {
        let again = get(&gateway, "/cookie/x", &[&format!("cookie: a=b; {pair}")]);
        assert_eq!((again.text(), again.all("set-cookie")), (answer.text(), vec![]));
    }
    let ways: HashSet<String> = (0..40).map(|_| get(&gateway, "/cookie/x", &[]).text()).collect();
    assert_eq!(ways.len(), 2, "without it each is drawn anew");
    for forged in ["new", "canary", "", "0", "../new", &"A".repeat(32), &"a".repeat(4000)] {
        let answer = get(&gateway, "/cookie/x", &[&format!("cookie: tollgate-split={forged}")]);
        let drawn = answer.header("set-cookie").expect("it was none, so there is a new one");
        assert!(!drawn.contains(forged) || forged.len() < 3, "{drawn}");
    }
    let secure = crate::support::http::curl(&[&format!("{}/cookie/x", gateway.https("public"))]);
    let set = secure.header("set-cookie").expect("a cookie");
    assert!(set.starts_with("__Host-tollgate-split=") && set.ends_with("; Secure"), "{set}");
}
