//! The laws of `GrantStore`: one first use, the grace and its end, dead families.

use tollgate::clock::Seconds;
use tollgate::oauth::issuer::Sessions;
use tollgate::oauth::store::{Family, GrantStore as _, Rotation, Taken};
use tollgate::token::handle::{Handle, HandleKind};
use tollgate::token::id::FamilyId;

use crate::support::{GRACE, NOW, Place, access, digest, family, main_issuer, notice, refresh, rotation, runtime};

#[test]
fn a_hundred_parallel_uses_are_one_first_use() {
    let place = Place::new();
    let store = place.open();
    let runtime = runtime();
    let fam = family("f", NOW);
    runtime.block_on(store.open_family(fam.clone(), refresh("r0"), None, Sessions::Many)).unwrap();
    let outcomes: Vec<Taken> = runtime.block_on(async {
        let tasks: Vec<_> = (0..100)
            .map(|i| {
                let (store, fam) = (store.clone(), fam.clone());
                tokio::spawn(async move { store.take_refresh(rotation(&fam, "r0", &format!("c{i}"), NOW)).await })
            })
            .collect();
        let mut outcomes = Vec::new();
        for task in tasks {
            outcomes.push(task.await.unwrap().unwrap());
        }
        outcomes
    });
    let fresh = outcomes.iter().position(|t| *t == Taken::Fresh).expect("one is first");
    let answer = Taken::Repeated(format!("sealed c{fresh}").into_bytes());
    assert_eq!(outcomes.iter().filter(|t| **t == Taken::Fresh).count(), 1);
    assert_eq!(outcomes.iter().filter(|t| **t == answer).count(), 99);
    // One chain: only the child of the first use exists.
    for i in 0..100 {
        let child = runtime.block_on(store.find_refresh(digest(&format!("c{i}")))).unwrap();
        assert_eq!(child.is_some(), i == fresh, "c{i}");
    }
}

#[test]
fn grace_ends_with_time_and_a_replay_kills_the_family_for_good() {
    let place = Place::new();
    let fam = family("f", NOW);
    let runtime = runtime();
    {
        let store = place.open();
        let take = |r: Rotation| runtime.block_on(store.take_refresh(r)).unwrap();
        runtime.block_on(store.open_family(fam.clone(), refresh("r0"), None, Sessions::Many)).unwrap();
        assert_eq!(take(rotation(&fam, "r0", "r1", NOW)), Taken::Fresh);
        let late = NOW.after(Seconds(9));
        assert_eq!(take(rotation(&fam, "r0", "x", late)), Taken::Repeated(b"sealed r1".to_vec()));
        assert_eq!(take(rotation(&fam, "r0", "x", NOW.after(GRACE))), Taken::Replayed);
        assert_eq!(take(rotation(&fam, "r1", "r2", NOW.after(GRACE))), Taken::Unknown);
        assert_eq!(take(rotation(&fam, "r0", "x", NOW)), Taken::Unknown, "no second news of one death");
    }
    let store = place.open();
    assert_eq!(runtime.block_on(store.take_refresh(rotation(&fam, "r1", "r2", NOW))).unwrap(), Taken::Unknown);
    let found = runtime.block_on(store.find_refresh(digest("r1"))).unwrap().expect("still known");
    assert!(found.revoked);
    let mut notices = Vec::new();
    store.load_revocations(NOW, |n| notices.push(n)).unwrap();
    assert_eq!(notices, [notice(HandleKind::Family, fam.handles.family, None)]);
}

#[test]
fn grace_ends_at_the_first_use_of_the_child() {
    let place = Place::new();
    let store = place.open();
    let runtime = runtime();
    let fam = family("f", NOW);
    let take =
        |parent: &str, child: &str| runtime.block_on(store.take_refresh(rotation(&fam, parent, child, NOW))).unwrap();
    runtime.block_on(store.open_family(fam.clone(), refresh("r0"), None, Sessions::Many)).unwrap();
    assert_eq!(take("r0", "r1"), Taken::Fresh);
    assert_eq!(take("r0", "x"), Taken::Repeated(b"sealed r1".to_vec()));
    assert_eq!(take("r1", "r2"), Taken::Fresh);
    assert_eq!(take("r1", "x"), Taken::Repeated(b"sealed r2".to_vec()));
    assert_eq!(take("r0", "x"), Taken::Replayed, "the child was used");
    assert_eq!(take("r2", "r3"), Taken::Unknown);
}

#[test]
fn without_grace_the_second_use_is_a_replay_and_ended_tokens_are_unknown() {
    let place = Place::new();
    let store = place.open();
    let runtime = runtime();
    let take = |r: Rotation| runtime.block_on(store.take_refresh(r)).unwrap();
    let (one, two) = (family("one", NOW), family("two", NOW));
    runtime.block_on(store.open_family(one.clone(), refresh("a0"), None, Sessions::Many)).unwrap();
    runtime.block_on(store.open_family(two.clone(), refresh("b0"), None, Sessions::Many)).unwrap();
    let none = |r: Rotation| Rotation { grace: Seconds(0), ..r };
    assert_eq!(take(none(rotation(&one, "a0", "a1", NOW))), Taken::Fresh);
    assert_eq!(take(none(rotation(&one, "a0", "x", NOW))), Taken::Replayed);
    assert_eq!(take(rotation(&two, "b0", "b1", NOW.after(Seconds(900)))), Taken::Unknown, "ended");
    assert_eq!(take(rotation(&two, "b0", "b1", NOW.after(Seconds(899)))), Taken::Fresh);
    assert_eq!(take(rotation(&two, "never", "x", NOW)), Taken::Unknown);
}

#[test]
fn families_die_by_every_handle_and_later_sign_ins_live() {
    let runtime = runtime();
    let probe = family("probe", NOW);
    let cuts = [
        (HandleKind::Family, probe.handles.family),
        (HandleKind::User, probe.handles.user),
        (HandleKind::Client, probe.handles.client),
        (HandleKind::Issuer, probe.handles.issuer),
    ];
    for (kind, handle) in cuts {
        let place = Place::new();
        let store = place.open();
        runtime.block_on(store.open_family(probe.clone(), refresh("r0"), None, Sessions::Many)).unwrap();
        let token = access("t0", Some(&probe), Some(NOW.after(Seconds(60))));
        runtime.block_on(store.put_access(token)).unwrap();
        assert!(runtime.block_on(store.find_access(digest("t0"))).unwrap().is_some());
        runtime.block_on(store.revoke(vec![notice(kind, handle, Some(NOW))], "test")).unwrap();
        assert_eq!(
            runtime.block_on(store.take_refresh(rotation(&probe, "r0", "r1", NOW))).unwrap(),
            Taken::Unknown,
            "{kind:?}"
        );
        assert!(runtime.block_on(store.find_access(digest("t0"))).unwrap().is_none(), "{kind:?}");
        let again = |opened| Family { id: FamilyId([9; 16]), opened, ..probe.clone() };
        // Opened before the cut but stored after it: must not slip through.
        assert!(
            runtime.block_on(store.open_family(again(NOW), refresh("late"), None, Sessions::Many)).is_err(),
            "{kind:?}"
        );
        let after = again(NOW.after(Seconds(1)));
        assert!(runtime.block_on(store.open_family(after, refresh("new"), None, Sessions::Many)).is_ok(), "{kind:?}");
    }
}

#[test]
fn opaque_tokens_die_by_their_notices_with_and_without_end() {
    let place = Place::new();
    let store = place.open();
    let runtime = runtime();
    let found = |text: &str| runtime.block_on(store.find_access(digest(text))).unwrap().is_some();
    for (text, end) in [("one", Some(NOW.after(Seconds(60)))), ("two", None), ("kept", None)] {
        runtime.block_on(store.put_access(access(text, None, end))).unwrap();
    }
    for text in ["one", "two"] {
        assert!(found(text));
        let token = access(text, None, None).token;
        runtime.block_on(store.revoke(vec![notice(HandleKind::Token, token, None)], "test")).unwrap();
        assert!(!found(text), "{text}");
    }
    assert!(found("kept"));
    // The revocation has been swept long since: the endless token must stay dead.
    store.sweep(NOW.after(Seconds(100_000))).unwrap();
    assert!(!found("two"));
    assert!(found("kept"));
    let client = Handle::of(HandleKind::Client, &main_issuer(), b"app");
    runtime.block_on(store.revoke(vec![notice(HandleKind::Client, client, Some(NOW))], "test")).unwrap();
    assert!(!found("kept"));
}
