//! Names and bits say the same.

use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::prelude::{ProptestConfig, any, prop_assert, prop_assert_eq, proptest};

use super::{Scope, ScopeSet, ScopeTable, Scopes};

#[test]
fn look_alikes_are_no_scopes() {
    for text in ["", "a b", "a\"b", "a\\b", "a\tb", "a\u{a0}b", "\u{43e}rders", "a\nb", "a\u{7f}"] {
        assert_eq!(Scope::parse(text), None, "{text:?}");
    }
    assert!(Scopes::parse("orders:read  openid").is_some_and(|scopes| scopes.len() == 2));
    assert!(Scopes::parse("orders:read\topenid").is_none());
    assert!(Scopes::parse("").is_some_and(|scopes| scopes.is_empty()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn what_is_printed_is_read_back(text in "[!#-~ ]{0,80}") {
        if let Some(scopes) = Scopes::parse(&text) {
            prop_assert_eq!(Scopes::parse(&scopes.to_string()), Some(scopes));
        }
    }

    #[test]
    fn any_text_ends_in_an_answer(text in any::<String>()) {
        if let Some(scopes) = Scopes::parse(&text) {
            prop_assert!(scopes.iter().all(|scope| scope.as_str().bytes().all(|b| (0x21..0x7f).contains(&b))));
        }
    }

    #[test]
    fn bits_cover_as_names_do(mine in vec(0..300u16, 0..40), needed in vec(0..300u16, 0..6)) {
        let mut table = ScopeTable::default();
        let name = |i: &u16| Scope::parse(&format!("s{i}")).unwrap();
        for i in 0..300 {
            table.intern(&name(&i));
        }
        let set = |numbers: &[u16]| {
            let names: Vec<String> = numbers.iter().map(|i| format!("s{i}")).collect();
            table.known(names.iter().map(String::as_str).chain(["unheard-of"]))
        };
        let (a, b): (BTreeSet<u16>, BTreeSet<u16>) = (mine.iter().copied().collect(), needed.iter().copied().collect());
        prop_assert_eq!(set(&mine).covers(&set(&needed)), b.is_subset(&a));
        let names = |numbers: &[u16]| numbers.iter().map(name).collect::<Scopes>();
        prop_assert_eq!(names(&mine).covers(&names(&needed)), b.is_subset(&a));
        prop_assert!(set(&mine).covers(&ScopeSet::default()));
    }
}
