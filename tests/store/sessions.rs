//! The laws of `SessionStore`: found while they live and no longer, bounded, ended for
//! good, and ended with their user.

use std::net::IpAddr;

use tollgate::clock::{Seconds, UnixTime};
use tollgate::oauth::session::{MAX_SESSIONS, Session, SessionId, SessionStore as _, Which};
use tollgate::oauth::store::GrantStore as _;
use tollgate::token::handle::{Handle, HandleKind};
use tollgate::token::id::{IssuerName, Subject, UserName};

use crate::support::{NOW, Place, digest, main_issuer, notice, runtime};

fn session(number: u8, subject: &str, began: UnixTime) -> Session {
    Session {
        id: SessionId([number; 16]),
        digest: digest(&format!("secret {number}")),
        issuer: main_issuer(),
        subject: Subject::new(subject),
        user: UserName::new("alice"),
        began,
        seen: began,
        ends: began.after(Seconds(100)),
        expires: began.after(Seconds(1000)),
        agent: "A browser".to_owned(),
        address: IpAddr::from([192, 0, 2, 7]),
    }
}

#[test]
fn a_session_is_found_by_its_secret_until_it_ends() {
    let place = Place::new();
    let runtime = runtime();
    let kept = session(1, "u-1", NOW);
    runtime.block_on(place.open().begin_session(kept.clone())).unwrap();
    // Opened again: it was durable.
    let store = place.open();
    let find = |digest, issuer: &str, now| {
        runtime.block_on(store.find_session(&IssuerName::new(issuer), digest, now)).unwrap()
    };
    assert_eq!(find(kept.digest, "main", NOW), Some(kept.clone()));
    assert_eq!(find(kept.digest, "other", NOW), None, "another issuer's");
    assert_eq!(find(digest("secret 2"), "main", NOW), None, "another secret");
    assert_eq!(find(kept.digest, "main", kept.ends), None, "idle for too long");
    let later = NOW.after(Seconds(90));
    runtime.block_on(store.keep_session(kept.id, later, later.after(Seconds(100)))).unwrap();
    let found = find(kept.digest, "main", kept.ends).expect("kept by its use");
    assert_eq!((found.seen, found.ends), (later, later.after(Seconds(100))));
    // What was promised is not taken back by a clock that was set back.
    runtime.block_on(store.keep_session(kept.id, NOW, NOW)).unwrap();
    assert_eq!(find(kept.digest, "main", kept.ends), Some(found));
}

#[test]
fn sessions_end_one_by_one_or_all_but_one_and_only_for_their_user() {
    let place = Place::new();
    let (store, runtime) = (place.open(), runtime());
    for number in 1..=3 {
        let began = NOW.after(Seconds(number.into()));
        runtime.block_on(store.begin_session(session(number, "u-1", began))).unwrap();
    }
    runtime.block_on(store.begin_session(session(9, "u-2", NOW))).unwrap();
    let of = |subject: &str, now| {
        let all = runtime.block_on(store.sessions_of(&main_issuer(), &Subject::new(subject), now)).unwrap();
        all.iter().map(|session| session.id.0[0]).collect::<Vec<_>>()
    };
    assert_eq!(of("u-1", NOW), [3, 2, 1], "the last used first");
    assert_eq!(of("u-1", NOW.after(Seconds(102))), [3], "those past their end are not there");
    let end = |subject: &str, which| {
        runtime.block_on(store.end_sessions(&main_issuer(), &Subject::new(subject), which)).unwrap()
    };
    assert_eq!(end("u-1", Which::One(SessionId([9; 16]))), 0, "somebody else's");
    assert_eq!(end("u-1", Which::One(SessionId([2; 16]))), 1);
    assert_eq!(of("u-1", NOW), [3, 1]);
    assert_eq!(end("u-1", Which::Others(SessionId([1; 16]))), 1);
    assert_eq!((of("u-1", NOW), of("u-2", NOW)), (vec![1], vec![9]));
    drop(store);
    let (again, issuer) = (place.open(), main_issuer());
    let find = again.find_session(&issuer, digest("secret 2"), NOW);
    assert_eq!(runtime.block_on(find).unwrap(), None, "it stays ended");
}

#[test]
fn one_more_than_the_bound_ends_the_oldest() {
    let place = Place::new();
    let (store, runtime) = (place.open(), runtime());
    let last = u8::try_from(MAX_SESSIONS).unwrap();
    for number in 0..=last {
        let began = NOW.after(Seconds(number.into()));
        runtime.block_on(store.begin_session(session(number, "u-1", began))).unwrap();
    }
    let all = runtime.block_on(store.sessions_of(&main_issuer(), &Subject::new("u-1"), NOW)).unwrap();
    assert_eq!(all.len(), MAX_SESSIONS);
    assert!(all.iter().all(|session| session.id.0[0] != 0));
}

#[test]
fn calling_back_a_user_ends_his_sessions() {
    let place = Place::new();
    let (store, runtime) = (place.open(), runtime());
    runtime.block_on(store.begin_session(session(1, "u-1", NOW))).unwrap();
    runtime.block_on(store.begin_session(session(2, "u-2", NOW))).unwrap();
    let user = Handle::of(HandleKind::User, &main_issuer(), b"u-1");
    runtime.block_on(store.revoke(vec![notice(HandleKind::User, user, Some(NOW))], "operator")).unwrap();
    let find = |number: u8| {
        let secret = digest(&format!("secret {number}"));
        runtime.block_on(store.find_session(&main_issuer(), secret, NOW)).unwrap()
    };
    assert_eq!(find(1), None);
    assert!(find(2).is_some(), "another user's session stands");
    // A sign-in that was under way when the user was called back does not begin.
    assert!(runtime.block_on(store.begin_session(session(3, "u-1", NOW))).is_err());
    let after = NOW.after(Seconds(1));
    runtime.block_on(store.begin_session(session(4, "u-1", after))).expect("he may sign in again");
}

#[test]
fn what_has_ended_is_swept() {
    let place = Place::new();
    let (store, runtime) = (place.open(), runtime());
    runtime.block_on(store.begin_session(session(1, "u-1", NOW))).unwrap();
    assert_eq!(store.sweep(NOW.after(Seconds(100))).unwrap(), 0, "clocks may be a little off");
    assert_eq!(store.sweep(NOW.after(Seconds(200))).unwrap(), 1);
    let all = runtime.block_on(store.sessions_of(&main_issuer(), &Subject::new("u-1"), NOW)).unwrap();
    assert!(all.is_empty());
}
