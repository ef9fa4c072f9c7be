//! The follower against a second handle on the same folder, as the command line has
//! one. Waiting is for an event (the listener's call), never for a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use crate::clock::{Clock, ManualClock, Seconds, UnixTime};
use crate::follower::{Follower, Listener};
use crate::oauth::store::StoreError;
use crate::revocation::list::List;
use crate::revocation::notice::Notice;
use crate::store::Store;
use crate::store::change::{By, Change, Topic};
use crate::token::handle::{Handle, HandleKind, Handles};
use crate::token::id::IssuerName;

const NOW: UnixTime = UnixTime(1_800_000_000);

/// Nothing here takes long; this only ends a test that would hang.
const PATIENCE: Duration = Duration::from_secs(60);

enum Call {
    Changed(Change),
    Minute(UnixTime),
    Failed,
}

struct Wire(Sender<Call>);

impl Listener for Wire {
    fn changed(&mut self, change: &Change) {
        self.0.send(Call::Changed(change.clone())).unwrap();
    }

    fn minute(&mut self, now: UnixTime) {
        self.0.send(Call::Minute(now)).unwrap();
    }

    fn failed(&mut self, _error: &StoreError) {
        self.0.send(Call::Failed).unwrap();
    }
}

struct World {
    folder: std::path::PathBuf,
    list: Arc<List>,
    clock: Arc<ManualClock>,
    calls: Receiver<Call>,
    follower: Follower,
}

impl World {
    fn new() -> World {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("tollgate-follower-{}-{number}", std::process::id()));
        let store = Store::open(&folder, None).unwrap();
        let (list, clock) = (Arc::new(List::new([1; 32])), Arc::new(ManualClock::at(NOW)));
        let cursor = store.load_revocations(NOW, |n| _ = list.add(&n)).unwrap();
        let (sender, calls) = channel();
        let ticking: Arc<dyn Clock> = clock.clone();
        let (ear, read) = (Box::new(Wire(sender)), Arc::default());
        let follower = Follower::start(&store, cursor, list.clone(), read, ear, ticking).unwrap();
        World { folder, list, clock, calls, follower }
    }

    fn next(&self) -> Call {
        self.calls.recv_timeout(PATIENCE).expect("the follower calls")
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn token(name: &str) -> (Notice, Handles) {
    let issuer = IssuerName::new("main");
    let handle = Handle::of(HandleKind::Token, &issuer, name.as_bytes());
    let handles = Handles {
        token: handle,
        family: None,
        user: None,
        client: None,
        key: None,
        issuer: Handle::of_issuer(&issuer),
    };
    let until = NOW.after(Seconds(100));
    (Notice { kind: HandleKind::Token, issuer, handle, issued_before: None, until }, handles)
}

#[test]
fn what_another_process_writes_is_known_here() {
    let world = World::new();
    let beside = Store::open(&world.folder, None).unwrap();
    let (notice, handles) = token("t");
    assert!(!world.list.revoked(&handles, Some(NOW)));
    let by = By { actor: "test".to_owned(), now: NOW };
    beside.revoke_by_operator(vec![notice], "token", by).unwrap();
    let Call::Changed(change) = world.next() else { panic!("a change was told") };
    assert_eq!((change.topic, change.name.as_str(), change.actor.as_str()), (Topic::Revocation, "token", "test"));
    assert!(world.list.revoked(&handles, Some(NOW)), "applied before it is told");
}

#[test]
fn a_minute_later_it_cleans_up_and_is_not_stale() {
    let world = World::new();
    let (notice, _) = token("t");
    world.list.add(&notice);
    world.clock.advance(Seconds(200));
    world.follower.ring();
    let Call::Minute(now) = world.next() else { panic!("a minute was told") };
    assert_eq!(now, world.clock.now());
    // What was read is noted before the minute is told.
    assert_eq!(world.follower.staleness(now), Seconds(0));
    assert_eq!(world.follower.staleness(now.after(Seconds(200))), Seconds(200));
}

#[test]
fn a_store_that_cannot_be_read_makes_knowledge_old() {
    let world = World::new();
    let damage = rusqlite::Connection::open(world.folder.join("tollgate.db")).unwrap();
    damage.execute_batch("ALTER TABLE revocation RENAME TO mislaid").unwrap();
    world.clock.advance(Seconds(30));
    let before = world.clock.now();
    assert!(matches!(world.next(), Call::Failed));
    // One more round may have begun before the clock went on; none succeeds after.
    assert!(world.follower.staleness(before) >= Seconds(30));
    damage.execute_batch("ALTER TABLE mislaid RENAME TO revocation").unwrap();
    let beside = Store::open(&world.folder, None).unwrap();
    let (notice, handles) = token("t");
    beside.revoke_by_operator(vec![notice], "token", By { actor: "test".to_owned(), now: NOW }).unwrap();
    assert!(matches!(world.next(), Call::Changed(_)));
    assert!(world.list.revoked(&handles, Some(NOW)), "nothing was lost");
}
