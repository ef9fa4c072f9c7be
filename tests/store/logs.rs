//! The numbered logs, clients, keys and the writer: what is told to whom, what stays,
//! what is swept, and that many share one commit.

use std::sync::atomic::Ordering;
use std::time::Instant;

use tollgate::clock::{Seconds, UnixTime};
use tollgate::oauth::issuer::Sessions;
use tollgate::oauth::store::{Access, Directory as _, GrantStore as _, Taken};
use tollgate::random::{OsRandom, SeededRandom};
use tollgate::revocation::notice::Notice;
use tollgate::store::change::Outcome;
use tollgate::store::client::{OldSecrets, State};
use tollgate::store::signing_key::Turn;
use tollgate::token::handle::{Handle, HandleKind};
use tollgate::token::id::ClientId;
use tollgate::token::key::{Algorithm, KeyMaterial};
use tollgate::token::opaque::{ACCESS_PREFIX, mint_at};

use crate::support::{NOW, Place, access, by, client, digest, family, main_issuer, notice, refresh, rotation, runtime};

#[test]
fn revocations_are_told_once_and_again_when_they_say_more() {
    let place = Place::new();
    let store = place.open();
    let handle = Handle::of(HandleKind::User, &main_issuer(), b"u-1");
    let cut =
        |at: u64, until: u64| Notice { until: UnixTime(until), ..notice(HandleKind::User, handle, Some(UnixTime(at))) };
    let record = |n: Notice| store.record_revocations(vec![n], "test").unwrap();
    let cursor = store.load_revocations(NOW, |_| ()).unwrap();
    let mut tail = store.tail(cursor);
    let until = NOW.0 + 600;
    assert_eq!(record(cut(NOW.0, until)), 1);
    assert_eq!(record(cut(NOW.0, until)), 0);
    assert_eq!(record(cut(NOW.0 - 5, until - 5)), 0, "says less");
    assert_eq!(tail.news().unwrap().revocations.len(), 1);
    assert!(tail.news().unwrap().is_empty());
    assert_eq!(record(cut(NOW.0 + 5, until - 5)), 1, "says more");
    let news = tail.news().unwrap().revocations;
    assert_eq!(news.len(), 1);
    assert_eq!(news[0].notice, cut(NOW.0 + 5, until), "both ends are the later ones");
    assert_eq!(record(notice(HandleKind::User, handle, None)), 1, "whole and cut stand side by side");
    let mut all = 0;
    store.each_revocation(|_| all += 1).unwrap();
    assert_eq!(all, 2);
    assert_eq!(store.prune_revocations(by(UnixTime(until))).unwrap(), 2);
    assert_eq!(record(cut(NOW.0, until)), 1);
    assert!(tail.news().unwrap().revocations.last().unwrap().seq > news[0].seq, "numbers are never given twice");
}

#[test]
fn a_rotation_ends_the_old_keys_and_drops_those_that_never_signed() {
    let place = Place::new();
    let store = place.open();
    let fresh = || KeyMaterial::generate(Algorithm::EdDsa, &OsRandom::default()).unwrap();
    let rotate = |key: &KeyMaterial, from: u64, now: u64| {
        let turn = Turn { signs_from: UnixTime(from), keep_verifying: Seconds(100) };
        store.rotate_keys(&main_issuer(), key, turn, by(UnixTime(now))).unwrap()
    };
    let (first, pending, urgent) = (fresh(), fresh(), fresh());
    rotate(&first, 1000, 1000);
    rotate(&pending, 5000, 2000);
    rotate(&urgent, 2100, 2100);
    let keys = store.keys(&main_issuer()).unwrap();
    let seen: Vec<_> = keys.iter().map(|k| (k.material.kid.clone(), k.verify_until)).collect();
    assert_eq!(seen, [(first.kid.clone(), Some(UnixTime(5100))), (urgent.kid.clone(), None)]);
    assert_eq!(store.retire_key(&main_issuer(), &first.kid, by(NOW)).unwrap(), Outcome::Done);
    assert_eq!(store.retire_key(&main_issuer(), &first.kid, by(NOW)).unwrap(), Outcome::Missing);
}

#[test]
fn the_directory_forgets_what_changed_and_keeps_two_secrets() {
    let place = Place::new();
    let store = place.open();
    let runtime = runtime();
    let (issuer, id) = (main_issuer(), ClientId::new("app"));
    let look = || runtime.block_on(store.client(&issuer, &id)).unwrap();
    let mut tail = store.tail(store.load_revocations(NOW, |_| ()).unwrap());
    let mut settle = || tail.news().unwrap().changes.iter().for_each(|c| store.forget_changed(c));
    assert!(look().is_none());
    store.add_client(&issuer, client("app"), by(NOW)).unwrap();
    assert_eq!(store.add_client(&issuer, client("app"), by(NOW)).unwrap(), Outcome::Exists);
    assert!(look().is_none(), "from the cache until the log is read");
    settle();
    assert_eq!(look().unwrap().secrets.len(), 1);
    for (round, secret) in ["second", "third"].into_iter().enumerate() {
        let now = by(NOW.after(Seconds(round as u64 + 1)));
        store.rotate_client_secret(&issuer, &id, digest(secret), OldSecrets::KeepOne, now).unwrap();
    }
    settle();
    let secrets: Vec<_> = look().unwrap().secrets.iter().map(|s| s.digest).collect();
    assert_eq!(secrets.len(), 2);
    assert!(secrets.contains(&digest("second")) && secrets.contains(&digest("third")));
    store.secret_used(&issuer, &id, 0, UnixTime(NOW.0 + 59));
    store.flush_usage().unwrap();
    let uses = store.secret_uses(&issuer).unwrap();
    assert_eq!((uses.len(), uses[&(id.clone(), 0)]), (1, NOW), "to the minute, by slot");
    assert_eq!(store.clients(&issuer).unwrap()[0].secrets_made.len(), 2);
    let fam = family("f", NOW);
    runtime.block_on(store.open_family(fam.clone(), refresh("r0"), None, Sessions::Many)).unwrap();
    let cut = vec![notice(HandleKind::Client, fam.handles.client, Some(NOW))];
    store.set_client_state(&issuer, &id, State::Disabled, cut, by(NOW)).unwrap();
    settle();
    assert!(look().unwrap().disabled);
    assert!(runtime.block_on(store.find_refresh(digest("r0"))).unwrap().unwrap().revoked);
    assert_eq!(store.remove_client(&issuer, &id, Vec::new(), by(NOW)).unwrap(), Outcome::Done);
    assert_eq!(store.remove_client(&issuer, &id, Vec::new(), by(NOW)).unwrap(), Outcome::Missing);
}

#[test]
fn tokens_that_tell_their_place_are_swept_as_one_run_and_others_by_their_end() {
    let place = Place::new();
    let store = place.open();
    let runtime = runtime();
    let random = SeededRandom::new(9);
    let mut digests = Vec::new();
    for (number, end) in [Some(10), Some(10), Some(60), Some(200), None].into_iter().enumerate() {
        let end = end.map(|span| NOW.after(Seconds(span)));
        let lies = tollgate::token::place::Place::new(end, NOW, u16::try_from(number).unwrap());
        let token = mint_at(ACCESS_PREFIX, lies, &random).digest();
        // Beside each one that was made without a place.
        for digest in [token, digest(&format!("strewn {number}"))] {
            runtime.block_on(store.put_access(Access { digest, ..access("t", None, end) })).unwrap();
            digests.push((digest, end));
        }
    }
    // What ends at a moment stays for another minute, for clocks that are set back.
    for (span, gone) in [(10, 0), (69, 0), (70, 4), (119, 0), (120, 2), (260, 2), (1_000_000, 0)] {
        assert_eq!(store.sweep(NOW.after(Seconds(span))).unwrap(), gone, "{span} s on");
        for (digest, end) in &digests {
            let stays = end.is_none_or(|end| end.after(Seconds(60)) > NOW.after(Seconds(span)));
            let found = runtime.block_on(store.find_access(*digest)).unwrap();
            assert_eq!(found.is_some(), stays, "{end:?}, {span} s on");
        }
    }
}

#[test]
fn sweeping_removes_what_ended_and_nothing_else() {
    let place = Place::new();
    let store = place.open();
    let runtime = runtime();
    let fam = family("f", NOW);
    runtime.block_on(store.open_family(fam.clone(), refresh("r0"), None, Sessions::Many)).unwrap();
    runtime.block_on(store.take_refresh(rotation(&fam, "r0", "r1", NOW))).unwrap();
    let short = access("short", None, Some(NOW.after(Seconds(10))));
    runtime.block_on(store.put_access(short)).unwrap();
    assert_eq!(store.sweep(NOW).unwrap(), 0);
    assert_eq!(store.sweep(NOW.after(Seconds(200))).unwrap(), 1, "the short token");
    assert!(runtime.block_on(store.find_refresh(digest("r1"))).unwrap().is_some());
    assert_eq!(store.sweep(NOW.after(Seconds(2000))).unwrap(), 2, "both refresh tokens");
    let left = |table: &str| -> i64 {
        let sql = format!("SELECT count(*) FROM {table}");
        rusqlite::Connection::open(place.database()).unwrap().query_row(&sql, [], |row| row.get(0)).unwrap()
    };
    for table in ["family", "refresh", "answer", "access"] {
        assert_eq!(left(table), 0, "{table}");
    }
}

#[test]
fn a_failed_piece_leaves_its_neighbours_alone() {
    let place = Place::new();
    let store = place.open();
    let outcomes: Vec<bool> = runtime().block_on(async {
        let tasks: Vec<_> = (0..64)
            .map(|i| {
                let store = store.clone();
                // Every second one has the digest of the one before, which is refused.
                let token = access(&format!("t{}", i / 2), None, None);
                tokio::spawn(async move { store.put_access(token).await.is_ok() })
            })
            .collect();
        let mut outcomes = Vec::new();
        for task in tasks {
            outcomes.push(task.await.unwrap());
        }
        outcomes
    });
    assert_eq!(outcomes.iter().filter(|done| **done).count(), 32);
    for i in 0..32 {
        assert!(runtime().block_on(store.find_access(digest(&format!("t{i}")))).unwrap().is_some(), "t{i}");
    }
}

#[test]
fn sixty_four_clients_share_their_commits() {
    const CLIENTS: usize = 64;
    const TURNS: usize = 50;
    let place = Place::new();
    let store = place.open();
    let runtime = runtime();
    let began = Instant::now();
    runtime.block_on(async {
        let tasks: Vec<_> = (0..CLIENTS)
            .map(|i| {
                let store = store.clone();
                tokio::spawn(async move {
                    let fam = family(&format!("f{i}"), NOW);
                    store.open_family(fam.clone(), refresh(&format!("{i}-0")), None, Sessions::Many).await.unwrap();
                    for turn in 0..TURNS {
                        let (parent, child) = (format!("{i}-{turn}"), format!("{i}-{}", turn + 1));
                        let mut rotation = rotation(&fam, &parent, &child, NOW);
                        rotation.sealed_answer = vec![7; 1000];
                        assert_eq!(store.take_refresh(rotation).await.unwrap(), Taken::Fresh);
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
    });
    let counts = store.write_counts();
    let (pieces, commits) = (counts.pieces.load(Ordering::Relaxed), counts.commits.load(Ordering::Relaxed));
    let rate = (CLIENTS * TURNS) as f64 / began.elapsed().as_secs_f64();
    println!("{rate:.0} durable rotations a second, {pieces} pieces in {commits} commits");
    assert_eq!(pieces, (CLIENTS * (TURNS + 1)) as u64);
    assert!(commits * 4 < pieces, "{pieces} pieces took {commits} commits");
}
