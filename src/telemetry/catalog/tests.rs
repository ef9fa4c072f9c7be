//! The catalogue against the rules of its trade, and against the page made from it.

use std::collections::BTreeSet;
use std::path::Path;

use super::{ALL, Kind, page};

#[test]
fn names_follow_the_rules() {
    let names: BTreeSet<&str> = ALL.iter().map(|metric| metric.name).collect();
    assert_eq!(names.len(), ALL.len(), "every name once");
    for metric in ALL {
        assert!(metric.name.starts_with("tollgate_"), "{}", metric.name);
        assert_eq!(metric.kind == Kind::Counter, metric.name.ends_with("_total"), "{}", metric.name);
        assert!(!metric.help.is_empty() && !metric.help.contains('|'), "{}", metric.name);
        if let Kind::Histogram(bounds) = metric.kind {
            assert!(metric.name.ends_with("_seconds"), "{}", metric.name);
            assert!(metric.labels.len() <= 1, "{}: a histogram has one label at most", metric.name);
            assert!(bounds.is_sorted(), "{}", metric.name);
        }
    }
}

/// `BLESS=1` writes the page anew.
#[test]
fn the_page_is_the_catalogue() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/docs/metrics.md");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, page()).expect("the page can be written");
    }
    let written = std::fs::read_to_string(&path).expect("deploy/docs/metrics.md");
    assert_eq!(written, page(), "run the test with BLESS=1 to write the page anew");
}
