//! The list against a plain model under random operations, and from many threads.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{ProptestConfig, Strategy, prop_assert_eq, proptest};

use super::{Added, List};
use crate::clock::UnixTime;
use crate::revocation::notice::Notice;
use crate::token::handle::{Handle, HandleKind, Handles};
use crate::token::id::IssuerName;

fn notice(kind: HandleKind, handle: u128, issued_before: Option<u64>, until: u64) -> Notice {
    Notice {
        kind,
        issuer: IssuerName::new("main"),
        handle: Handle(handle),
        issued_before: issued_before.map(UnixTime),
        until: UnixTime(until),
    }
}

fn token(handle: u128) -> Handles {
    Handles { token: Handle(handle), family: None, user: None, client: None, key: None, issuer: Handle(u128::MAX) }
}

#[test]
fn every_kind_calls_back_and_only_what_it_names() {
    for (i, kind) in HandleKind::ALL.into_iter().enumerate() {
        let list = List::new([7; 32]);
        let mut handles = token(1);
        (handles.family, handles.user, handles.client) = (Some(Handle(2)), Some(Handle(3)), Some(Handle(4)));
        (handles.key, handles.issuer) = (Some(Handle(5)), Handle(6));
        assert!(!list.revoked(&handles, None));
        let before = list.generation();
        assert_eq!(list.add(&notice(kind, i as u128 + 1, None, 100)), Added::New);
        assert!(list.generation() > before);
        assert!(list.revoked(&handles, Some(UnixTime(99))), "{kind:?}");
        assert!(!list.revoked(&token(77), None), "{kind:?}");
        let known = list.generation();
        assert_eq!(list.add(&notice(kind, i as u128 + 1, None, 90)), Added::Known);
        assert_eq!(list.generation(), known, "what changes nothing asks nobody again");
        assert_eq!(list.counts_by_kind()[i], (kind, 1));
    }
}

#[test]
fn a_cut_spares_what_came_later() {
    let list = List::new([8; 32]);
    let user = |issued: Option<u64>| {
        let handles = Handles { user: Some(Handle(3)), ..token(1) };
        list.revoked(&handles, issued.map(UnixTime))
    };
    assert_eq!(list.add(&notice(HandleKind::User, 3, Some(50), 100)), Added::New);
    assert!(user(Some(50)) && user(Some(49)) && user(None) && !user(Some(51)));
    assert_eq!(list.add(&notice(HandleKind::User, 3, Some(40), 100)), Added::Known);
    assert!(user(Some(50)));
    assert_eq!(list.add(&notice(HandleKind::User, 3, Some(60), 80)), Added::New);
    assert!(user(Some(60)) && !user(Some(61)));
    assert_eq!(list.earliest_issue(|| [Handle(9), Handle(3)].into_iter(), UnixTime(60)), UnixTime(61));
    assert_eq!(list.earliest_issue(|| [Handle(3)].into_iter(), UnixTime(70)), UnixTime(70));
    assert_eq!(list.earliest_issue(|| [Handle(9)].into_iter(), UnixTime(60)), UnixTime(60));
    assert_eq!((list.forget(UnixTime(99)), list.forget(UnixTime(100)), list.len()), (0, 1, 0));
    assert!(!user(None));
}

#[test]
fn odd_handles_are_exact_like_all_others() {
    let list = List::new([0; 32]);
    // With a seed of nothing, handle 0 is spread to 0, the mark of an empty slot.
    for handle in [0, 1, 2, u128::MAX, 1 << 127, 1 << 64] {
        assert!(!list.revoked(&token(handle), None));
        assert_eq!(list.add(&notice(HandleKind::Token, handle, None, 80)), Added::New);
        assert_eq!(list.add(&notice(HandleKind::Token, handle, None, 160)), Added::Known);
        assert!(list.revoked(&token(handle), None));
    }
    assert_eq!((list.len(), list.forget(UnixTime(159)), list.forget(UnixTime(160)), list.len()), (6, 0, 6, 0));
    list.add(&notice(HandleKind::Token, 5, None, u64::MAX));
    assert_eq!(list.forget(UnixTime(u64::MAX)), 0, "what has no end stays");
}

#[test]
fn many_entries_take_few_bytes() {
    let list = List::new([9; 32]);
    let handle = |i: u128| i.wrapping_mul(0x1234_5678_9ABC_DEF1_0FED_CBA9_8765_4321);
    let notices: Vec<Notice> = (0..400_000).map(|i| notice(HandleKind::Token, handle(i), None, 1_000)).collect();
    assert_eq!(list.extend(&notices), 400_000);
    let bytes = list.memory_bytes() as f64 / 400_000.0;
    assert!(bytes < 28.0, "{bytes} bytes an entry");
    assert!((0..400_000).all(|i| list.revoked(&token(handle(i)), None)));
    assert!((400_000..500_000).all(|i| !list.revoked(&token(handle(i)), None)));
    assert_eq!(list.forget(UnixTime(1_000)), 400_000);
    assert!(list.memory_bytes() < 100_000, "memory goes back");
}

#[test]
fn handles_made_by_hand_lie_evenly_too() {
    let shapes: [fn(u128) -> u128; 4] = [|i| i, |i| i << 64, |i| i << 108, |i| i << 64 | i];
    for (seed, shape) in [0, 1, 0xFF].into_iter().flat_map(|seed| shapes.map(|shape| (seed, shape))) {
        let list = List::new([seed; 32]);
        for i in 0..100_000 {
            list.add(&notice(HandleKind::Token, shape(i), None, 8));
        }
        let bytes = list.memory_bytes() as f64 / 100_000.0;
        assert!(bytes < 40.0, "{bytes} bytes an entry");
        assert!((0..100_000).all(|i| list.revoked(&token(shape(i)), None)));
    }
}

#[test]
fn readers_never_miss_what_was_added_before() {
    let list = List::new([4; 32]);
    let done = AtomicBool::new(false);
    const EACH: u128 = 20_000;
    thread::scope(|scope| {
        let writers: Vec<_> = (0..2u128)
            .map(|writer| {
                let list = &list;
                scope.spawn(move || {
                    for i in 0..EACH {
                        let handle = i * 2 + writer + 1;
                        let before = list.generation();
                        assert_eq!(list.add(&notice(HandleKind::Token, handle, None, 1_000)), Added::New);
                        assert!(list.generation() > before && list.revoked(&token(handle), None));
                    }
                })
            })
            .collect();
        scope.spawn(|| {
            while !done.load(Ordering::Acquire) {
                assert!(!list.revoked(&token(1 << 100), None));
                assert_eq!(list.forget(UnixTime(999)), 0);
            }
        });
        writers.into_iter().for_each(|writer| writer.join().unwrap());
        done.store(true, Ordering::Release);
    });
    assert_eq!(list.len(), 2 * EACH as usize);
}

#[derive(Clone, Debug)]
enum Step {
    Add(usize, u128, Option<u64>, u64),
    Forget(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let add = (0..6usize, 0..40u128, option::of(0..20u64), 0..12u64)
        .prop_map(|(kind, handle, moment, until)| Step::Add(kind, handle * 6 + kind as u128, moment, until * 8));
    proptest::prop_oneof![8 => add, 1 => (0..12u64).prop_map(|now| Step::Forget(now * 8))]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn the_list_is_its_model(steps in vec(step(), 1..200), seed in 0..255u8) {
        let list = List::new([seed; 32]);
        let mut whole: HashMap<u128, u64> = HashMap::new();
        let mut cuts: HashMap<u128, (u64, u64)> = HashMap::new();
        for step in steps {
            match step {
                Step::Add(kind, handle, None, until) => {
                    let added = list.add(&notice(HandleKind::ALL[kind], handle, None, until));
                    prop_assert_eq!(added == Added::New, !whole.contains_key(&handle));
                    let end = whole.entry(handle).or_insert(until);
                    *end = until.max(*end);
                }
                Step::Add(kind, handle, Some(moment), until) => {
                    list.add(&notice(HandleKind::ALL[kind], handle, Some(moment), until));
                    let cut = cuts.entry(handle).or_insert((moment, until));
                    *cut = (moment.max(cut.0), until.max(cut.1));
                }
                Step::Forget(now) => {
                    let before = whole.len() + cuts.len();
                    whole.retain(|_, until| *until > now);
                    cuts.retain(|_, (_, until)| *until > now);
                    prop_assert_eq!(list.forget(UnixTime(now)), before - whole.len() - cuts.len());
                }
            }
            prop_assert_eq!(list.len(), whole.len() + cuts.len());
        }
        for kind in 0..6u128 {
            for handle in (0..40).map(|i| i * 6 + kind) {
                let mut handles = token(1_000);
                let own = Some(Handle(handle));
                match HandleKind::ALL[kind as usize] {
                    HandleKind::Token => handles.token = Handle(handle),
                    HandleKind::Family => handles.family = own,
                    HandleKind::User => handles.user = own,
                    HandleKind::Client => handles.client = own,
                    HandleKind::Key => handles.key = own,
                    HandleKind::Issuer => handles.issuer = Handle(handle),
                }
                for issued in [None, Some(3), Some(19)] {
                    let cut = cuts.get(&handle).is_some_and(|(moment, _)| issued.is_none_or(|i| i <= *moment));
                    let revoked = list.revoked(&handles, issued.map(UnixTime));
                    prop_assert_eq!(revoked, cut || whole.contains_key(&handle));
                }
            }
        }
    }
}
