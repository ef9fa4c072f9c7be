//! Who wins, whatever the order.

use proptest::prelude::{ProptestConfig, prop_assert_eq, proptest};
use proptest::sample::subsequence;

use super::{Conflict, Entry, Table, Target};
use crate::access::host::HostPattern;
use crate::access::path::CanonicalPath;
use crate::access::pattern::PathPattern;
use crate::dialect::endpoint::{Endpoint, EndpointRef};

fn entry(host: &str, path: &str, number: usize) -> Entry {
    Entry {
        host: HostPattern::parse(host).unwrap(),
        path: PathPattern::parse(path).unwrap(),
        target: Target::Endpoint(EndpointRef { issuer: number, endpoint: Endpoint::Token, seat: 0 }),
    }
}

fn find(table: &Table, host: &str, path: &str) -> Option<usize> {
    match table.find(host, &CanonicalPath::parse(path).unwrap())? {
        Target::Endpoint(endpoint) => Some(endpoint.issuer),
        Target::Route(route) => Some(route.index),
    }
}

const PATTERNS: [&str; 9] = ["/**", "/a", "/a/", "/a/**", "/a/*", "/a/b", "/a/*/c", "/a/b/**", "/{x}/y/z"];

#[test]
fn the_most_specific_path_wins() {
    let build = |order: &mut dyn Iterator<Item = usize>| {
        Table::build(order.map(|i| entry("any", PATTERNS[i], i)).collect()).unwrap()
    };
    let cases = [
        ("/", "/**"),
        ("/a", "/a"),
        ("/a/", "/a/"),
        ("/a/x", "/a/*"),
        ("/a/b", "/a/b"),
        ("/a/b/", "/a/b/**"),
        ("/a/b/c", "/a/b/**"),
        ("/a/x/c", "/a/*/c"),
        ("/a/x/d", "/a/**"),
        ("/a/x/", "/a/**"),
        ("/a/y/z", "/a/**"),
        ("/q/y/z", "/{x}/y/z"),
        ("/q/y", "/**"),
        ("/%61/%62", "/a/b"),
        ("/ab", "/**"),
    ];
    for table in [build(&mut (0..9)), build(&mut (0..9).rev())] {
        for (path, pattern) in cases {
            assert_eq!(find(&table, "h", path).map(|i| PATTERNS[i]), Some(pattern), "{path}");
        }
    }
}

#[test]
fn rest_matches_its_own_prefix_and_nothing_beside_it() {
    let table = Table::build(vec![entry("any", "/a/**", 0)]).unwrap();
    for (path, found) in [("/a", true), ("/a/", true), ("/a/x/y", true), ("/", false), ("/ab", false), ("/b/a", false)]
    {
        assert_eq!(find(&table, "h", path).is_some(), found, "{path}");
    }
}

#[test]
fn the_most_specific_host_wins_and_others_catch_the_rest() {
    let table = Table::build(vec![
        entry("any", "/**", 0),
        entry("*.example.com", "/x", 1),
        entry("*.a.example.com", "/x", 2),
        entry("b.a.example.com", "/x", 3),
        entry("[::1]", "/x", 4),
    ])
    .unwrap();
    for (host, path, number) in [
        ("b.a.example.com", "/x", 3),
        ("c.a.example.com", "/x", 2),
        ("d.c.a.example.com", "/x", 2),
        ("a.example.com", "/x", 1),
        ("example.com", "/x", 0),
        ("b.a.example.com", "/y", 0),
        ("notexample.com", "/x", 0),
        ("[::1]", "/x", 4),
    ] {
        assert_eq!(find(&table, host, path), Some(number), "{host}{path}");
    }
}

#[test]
fn the_same_shape_twice_is_a_conflict() {
    let entries = vec![
        entry("any", "/a/{x}", 0),
        entry("h", "/a/{x}", 1),
        entry("any", "/a/*", 2),
        entry("*", "/a/{y}", 3),
        entry("any", "/%61", 4),
        entry("any", "/a", 5),
    ];
    let expected = [(0, 2), (0, 3), (4, 5)].map(|(first, second)| Conflict { first, second });
    assert_eq!(Table::build(entries).unwrap_err(), expected);
}

#[test]
fn escapes_do_not_slip_past_a_literal() {
    let table = Table::build(vec![entry("any", "/**", 0), entry("any", "/admin:x/**", 1)]).unwrap();
    assert_eq!(find(&table, "h", "/admin:x/1"), Some(1));
    assert_eq!(find(&table, "h", "/admin%3ax/1"), Some(1));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Adding less specific routes never changes what a more specific one gets.
    #[test]
    fn the_answer_is_the_same_for_every_order(
        chosen in subsequence((0..9usize).collect::<Vec<_>>(), 1..9),
        path in "(/(a|b|c|x|y|z)?){1,4}",
    ) {
        let table = |order: Vec<usize>| {
            Table::build(order.into_iter().map(|i| entry("any", PATTERNS[i], i)).collect()).unwrap()
        };
        let mut turned = chosen.clone();
        turned.reverse();
        prop_assert_eq!(find(&table(chosen), "h", &path), find(&table(turned), "h", &path));
    }
}
