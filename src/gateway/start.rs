//! The start, in the order in which each step needs the one before: lock, store, keys,
//! clients, revocations, sight, sockets, workers, follower, admin. Nothing is served
//! before the revocation list is whole, and whatever fails ends everything.

use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};

use crate::acme::board::Board;
use crate::clock::{Clock, UnixTime};
use crate::edge::drain::Phase;
use crate::edge::fleet::Fleet;
use crate::edge::fleet::resolver::SystemResolver;
use crate::edge::listen::inherited::Inherited;
use crate::edge::listen::listener::{self, Bound};
use crate::edge::shared::{Crowd, DoorCount, Shared, Worlds};
use crate::edge::worker::crew::Crew;
use crate::edge::{admin, request};
use crate::follower::Follower;
use crate::gateway::boot_client::{self, Life};
use crate::gateway::certificates::Certificates;
use crate::gateway::keeper::Keeper;
use crate::gateway::readiness::Ready;
use crate::gateway::running::{Assembled, Gateway};
use crate::gateway::start_error::StartError;
use crate::gateway::succession::estate::{Estate, Heirlooms, Socket};
use crate::gateway::{descriptors, memory, renewal, rings, sight};
use crate::oauth::service::Service;
use crate::random::{Random, bytes};
use crate::revocation::list::List;
use crate::snapshot::{Fixed, Snapshot, World};
use crate::store::change::By;
use crate::store::tail::Cursor;
use crate::store::{self, StateLock, Store};
use crate::telemetry::Telemetry;
use crate::telemetry::outcome::Reload;
use crate::token::fingerprint::Fingerprinter;
use crate::users::{self, HashingPool};

/// Threads of the shared runtime: they mostly wait, sign with RSA and write pages.
const SHARED_THREADS: usize = 2;

/// How long a start or a reload waits for the addresses of servers' names.
pub(in crate::gateway) const NAMES_PATIENCE: Duration = Duration::from_secs(2);

/// What a gateway takes from outside besides its configuration.
#[derive(Clone)]
pub struct Parts {
    /// The wall clock.
    pub clock: Arc<dyn Clock>,
    /// Whatever must not be guessed.
    pub random: Arc<dyn Random>,
}

/// Starts what `snapshot` describes; serves when this returns.
pub fn start(snapshot: Snapshot, parts: &Parts) -> Result<Gateway, StartError> {
    start_with(snapshot, parts, Estate::default())
}

/// The same with what a supervisor has opened, or the process before this one leaves.
pub fn start_with(mut snapshot: Snapshot, parts: &Parts, estate: Estate) -> Result<Gateway, StartError> {
    let now = parts.clock.now();
    let (store, lock) = open_state(&snapshot.fixed, estate.lock)?;
    let made = prepare_issuers(&mut snapshot, &store, parts, now)?;
    let certificates = Certificates::within(&snapshot.fixed.state, &parts.clock, &parts.random);
    certificates.fit(&mut snapshot);
    let (revoked, cursor) = load_revocations(&store, parts, now)?;
    let telemetry = sight::open(&snapshot, &parts.clock)?;
    let doors = listen(&snapshot.fixed, estate.sockets)?;
    let admin = listen_for_admin(&snapshot.fixed, estate.metrics)?;
    let heirlooms = Heirlooms::of(&doors, admin.as_ref()).map_err(StartError::system("handle to a socket"))?;
    let runtime = shared_runtime()?;

    let rings = rings::rings(&snapshot, &store, now)?;
    let layout = snapshot.layout();
    let first = World { generation: 1, snapshot: Arc::new(snapshot), rings };
    telemetry.lay_out(first.generation, &layout);
    telemetry.configured(Reload::First { revision: &first.snapshot.revision });
    let proofs = Arc::clone(&certificates.board);
    let shared = share(first, &store, (revoked, proofs), telemetry, &runtime, parts)?;
    let keeper = Keeper { shared: Arc::clone(&shared), store: store.clone(), random: Arc::clone(&parts.random) };
    keeper.tell_ends();
    let follower = follow(&store, cursor, keeper, parts)?;
    sight::watch(&shared.telemetry, &shared);
    tend_servers(&shared, &runtime);
    sight::tell_certificates(&shared.telemetry, &shared.worlds.load().snapshot);
    certificates.tell(&shared.telemetry, &shared.worlds.load().snapshot);

    let addresses = doors.iter().map(|bound| (Arc::clone(&bound.name), bound.address.clone())).collect();
    let state =
        lock.mark(&shared.worlds.load().snapshot.fixed.state).map_err(StartError::system("look at the lock"))?;
    let ready = Ready { shared: Arc::clone(&shared), state, certificates: Arc::clone(&certificates) };
    let admin = admin.map(|bound| serve_admin(bound, ready, &runtime)).transpose()?;
    let crew = hire(&shared, doors)?;
    let limit = shared.worlds.load().snapshot.fixed.memory;
    memory::mind(&shared, limit).map_err(StartError::system("thread for memory"))?;
    // Listeners are served by now: an authority that comes finds them.
    runtime.spawn(renewal::keep(Arc::clone(&shared), Arc::clone(&certificates)));
    let random = Arc::clone(&parts.random);
    Ok(Gateway::new(
        Assembled { shared, store, random, certificates, crew, follower, runtime, lock, heirlooms },
        addresses,
        admin,
        made,
    ))
}

fn open_state(fixed: &Fixed, lock: Option<OwnedFd>) -> Result<(Store, StateLock), StartError> {
    let store = Store::open(&fixed.state, fixed.store_key.as_ref().map(|key| &key.0))?;
    let lock = match lock {
        Some(handle) => StateLock::take_over(&fixed.state, handle)?,
        None => StateLock::acquire(&fixed.state)?,
    };
    Ok((store, lock))
}

/// The sockets of every listener: those that are there already, and new ones.
fn listen(fixed: &Fixed, sockets: Vec<Socket>) -> Result<Vec<Bound>, StartError> {
    let mut inherited = Inherited::default();
    for Socket { listener, handle, holder } in sockets {
        if let Err(error) = inherited.add(listener.clone(), handle, holder) {
            tracing::warn!(name = listener, %error, "a socket that was passed cannot be served");
        }
    }
    let doors = listener::bind_or_take(&fixed.addresses, fixed.workers, &mut inherited).map_err(StartError::Listen)?;
    for name in inherited.left() {
        tracing::warn!(name, "a socket was passed that no listener of the file asks for; it is closed");
    }
    Ok(doors)
}

fn listen_for_admin(fixed: &Fixed, socket: Option<OwnedFd>) -> Result<Option<admin::Bound>, StartError> {
    let Some(address) = fixed.metrics else { return Ok(None) };
    let taken = socket.and_then(|socket| admin::Bound::taken(socket, address));
    Ok(Some(taken.map_or_else(|| admin::bind(address), Ok)?))
}

fn prepare_issuers(
    snapshot: &mut Snapshot,
    store: &Store,
    parts: &Parts,
    now: UnixTime,
) -> Result<Vec<boot_client::BootClient>, StartError> {
    let by = By { actor: "gateway".to_owned(), now };
    for issuer in &snapshot.issuers {
        for (name, keys) in issuer.key_settings() {
            store.ensure_keys(&name, keys, &*parts.random, by.clone())?;
        }
    }
    let made = boot_client::generate(snapshot, store, &*parts.random, now)?;
    let lasting = made.iter().filter(|client| client.life == Life::Process);
    let lasting: Vec<_> = lasting.map(|made| (made.issuer.clone(), Arc::clone(&made.client))).collect();
    boot_client::carry_over(snapshot, &lasting);
    Ok(made)
}

/// The whole list, before anything is served.
fn load_revocations(store: &Store, parts: &Parts, now: UnixTime) -> Result<(Arc<List>, Cursor), StartError> {
    let list = List::new(bytes(&*parts.random));
    let cursor = store.load_revocations(now, |notice| {
        list.add(&notice);
    })?;
    for narrowing in store.narrowings(now)? {
        list.narrow(&narrowing);
    }
    Ok((Arc::new(list), cursor))
}

fn shared_runtime() -> Result<Runtime, StartError> {
    Builder::new_multi_thread()
        .worker_threads(SHARED_THREADS)
        .thread_name("shared")
        .enable_all()
        .build()
        .map_err(StartError::system("runtime"))
}

fn share(
    first: World,
    store: &Store,
    (revoked, proofs): (Arc<List>, Arc<Board>),
    telemetry: Arc<Telemetry>,
    runtime: &Runtime,
    parts: &Parts,
) -> Result<Arc<Shared>, StartError> {
    let hashing = first.snapshot.fixed.hashing;
    let passwords =
        HashingPool::start(hashing.workers, hashing.queue).map_err(StartError::system("threads for hashing"))?;
    let passwords = users::measured::Measured::new(passwords, hashing.workers, Arc::clone(&telemetry));
    let durable = store::measured::Measured::new(store.clone(), Arc::clone(&telemetry));
    let service = Service::new(durable, passwords, Arc::clone(&revoked), Arc::clone(&parts.random));
    let doors = first.snapshot.listeners.iter().map(|_| DoorCount::default()).collect();
    let fleet = Fleet::of(&first.snapshot);
    let crowd = Crowd::of(descriptors::provide(&first.snapshot));
    Ok(Arc::new(Shared {
        worlds: Worlds::new(first),
        revoked,
        fingerprints: Fingerprinter::new(bytes(&*parts.random)),
        clock: Arc::clone(&parts.clock),
        service: Arc::new(service),
        runtime: runtime.handle().clone(),
        fleet,
        telemetry,
        last_sync: Arc::new(AtomicU64::new(parts.clock.now().0)),
        proofs,
        drain: Default::default(),
        limits: Default::default(),
        memory: Default::default(),
        doors,
        crowd,
    }))
}

/// Looks the servers' names up and checks the servers, from now on; returns when their
/// addresses are known or have been waited for.
fn tend_servers(shared: &Arc<Shared>, runtime: &Runtime) {
    let fleet = &shared.fleet;
    runtime.spawn(Arc::clone(fleet).look_up(Arc::new(SystemResolver)));
    runtime.spawn(Arc::clone(fleet).check_up());
    runtime.block_on(fleet.settle(NAMES_PATIENCE));
}

fn follow(store: &Store, cursor: Cursor, keeper: Keeper, parts: &Parts) -> Result<Follower, StartError> {
    let shared = Arc::clone(&keeper.shared);
    let list = Arc::clone(&shared.revoked);
    let last_read = Arc::clone(&shared.last_sync);
    Follower::start(store, cursor, list, last_read, Box::new(keeper), Arc::clone(&parts.clock))
        .map_err(StartError::system("thread for the store's log"))
}

fn serve_admin(bound: admin::Bound, ready: Ready, runtime: &Runtime) -> Result<SocketAddr, StartError> {
    let address = bound.address().map_err(StartError::system("address for metrics"))?;
    let over = over(Arc::clone(&ready.shared));
    let telemetry = Arc::clone(&ready.shared.telemetry);
    runtime.spawn(async move {
        if let Err(error) = admin::serve(bound, telemetry, Arc::new(ready), over).await {
            tracing::error!(%error, "metrics and health are not served");
        }
    });
    Ok(address)
}

/// When metrics and health are to end: with the process, or as soon as a successor
/// answers at the same address.
async fn over(shared: Arc<Shared>) {
    shared.drain.reached(Phase::Draining).await;
    if !shared.drain.succeeded() {
        shared.drain.reached(Phase::Ended).await;
    }
}

fn hire(shared: &Arc<Shared>, doors: Vec<Bound>) -> Result<Crew, StartError> {
    Crew::start(shared, doors, request::serve).map_err(StartError::system("worker thread"))
}
