//! A gateway that runs: where it listens, what its start made, and the two things that
//! can still be done with it: give it another snapshot, or end it.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Runtime;

use crate::edge::shared::Shared;
use crate::edge::worker::crew::{Crew, Drained};
use crate::edge::worker::heartbeat::Heartbeat;
use crate::follower::Follower;
use crate::gateway::boot_client::{self, BootClient};
use crate::gateway::certificates::Certificates;
use crate::gateway::descriptors;
use crate::gateway::rings;
use crate::gateway::sight;
use crate::gateway::start::NAMES_PATIENCE;
use crate::gateway::succession::estate::{Estate, Heirlooms};
use crate::oauth::client::Client;
use crate::oauth::store::StoreError;
use crate::random::Random;
use crate::snapshot::{Address, Snapshot, World};
use crate::store::change::By;
use crate::store::{StateLock, Store};
use crate::telemetry::outcome::Reload;
use crate::token::id::IssuerName;

/// What a start has put together, before anybody knows it as a gateway.
pub(in crate::gateway) struct Assembled {
    pub(in crate::gateway) shared: Arc<Shared>,
    pub(in crate::gateway) store: Store,
    pub(in crate::gateway) random: Arc<dyn Random>,
    pub(in crate::gateway) certificates: Arc<Certificates>,
    pub(in crate::gateway) crew: Crew,
    pub(in crate::gateway) follower: Follower,
    pub(in crate::gateway) runtime: Runtime,
    pub(in crate::gateway) lock: StateLock,
    pub(in crate::gateway) heirlooms: Heirlooms,
}

/// A running gateway.
pub struct Gateway {
    /// Listeners by name, with the ports they really have.
    pub doors: Vec<(Arc<str>, Address)>,
    /// Metrics and health.
    pub admin: Option<SocketAddr>,
    /// Clients made in this start, with the secrets that are shown once.
    pub made: Vec<BootClient>,
    assembled: Assembled,
    /// Clients that live as long as the process, for every snapshot to come.
    carried: Vec<(IssuerName, Arc<Client>)>,
}

impl Gateway {
    pub(in crate::gateway) fn new(
        assembled: Assembled,
        doors: Vec<(Arc<str>, Address)>,
        admin: Option<SocketAddr>,
        made: Vec<BootClient>,
    ) -> Gateway {
        let lasting = made.iter().filter(|client| client.life == boot_client::Life::Process);
        let carried = lasting.map(|made| (made.issuer.clone(), Arc::clone(&made.client))).collect();
        Gateway { doors, admin, made, assembled, carried }
    }

    /// The snapshot in force.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.assembled.shared.worlds.load().snapshot)
    }

    /// A handle that can put another snapshot in force, from any thread.
    pub fn swapper(&self) -> Swapper {
        let Assembled { shared, store, random, certificates, .. } = &self.assembled;
        Swapper {
            shared: Arc::clone(shared),
            store: store.clone(),
            random: Arc::clone(random),
            certificates: Arc::clone(certificates),
            carried: self.carried.clone(),
        }
    }

    /// Everything that a successor has to hold without a gap.
    pub fn estate(&self) -> io::Result<Estate> {
        self.assembled.heirlooms.estate(&self.assembled.lock)
    }

    /// Says that a successor serves; what is left to do is `end`.
    pub fn succeeded(&self) {
        self.assembled.shared.drain.succeed();
    }

    /// Whether all workers take their turns can be asked here.
    pub fn heartbeat(&self) -> Arc<Heartbeat> {
        self.assembled.crew.heartbeat()
    }

    /// Drains and ends. Requests in flight have until `limit`; `hurry` ends them at once.
    pub async fn end(self, limit: Duration, hurry: impl Future<Output = ()>) -> Drained {
        let Assembled { shared, crew, follower, runtime, lock, heirlooms, .. } = self.assembled;
        // As long as these handles are there, so are the sockets.
        heirlooms.close(shared.drain.succeeded());
        let drained = crew.drain(limit, hurry).await;
        // The follower writes what it still holds, then the logs their last lines.
        drop(follower);
        shared.telemetry.access_log().close();
        shared.telemetry.audit_log().close();
        runtime.shutdown_background();
        drop(lock);
        drained
    }
}

/// Puts snapshots in force.
pub struct Swapper {
    shared: Arc<Shared>,
    store: Store,
    random: Arc<dyn Random>,
    certificates: Arc<Certificates>,
    carried: Vec<(IssuerName, Arc<Client>)>,
}

impl Swapper {
    /// Gives a snapshot what lives as long as the process: clients of the first start, and
    /// the certificates that the gateway gets by itself.
    pub fn carry_over(&self, snapshot: &mut Snapshot) {
        boot_client::carry_over(snapshot, &self.carried);
        self.certificates.fit(snapshot);
    }

    /// Puts `next` in force for every request that begins from now on. On `Err` the
    /// present one stays.
    pub fn swap(&self, next: &Arc<Snapshot>) -> Result<(), StoreError> {
        let now = self.shared.clock.now();
        let by = By { actor: "gateway".to_owned(), now };
        for issuer in &next.issuers {
            for (name, keys) in issuer.key_settings() {
                self.store.ensure_keys(&name, keys, &*self.random, by.clone())?;
            }
        }
        let rings = rings::rings(next, &self.store, now)?;
        // Before any request is sent by it: new names need their addresses.
        let fleet = &self.shared.fleet;
        fleet.adapt(&next.upstreams);
        self.shared.runtime.block_on(fleet.settle(NAMES_PATIENCE));
        let world = self.shared.worlds.replace(|world| World {
            generation: world.generation,
            snapshot: Arc::clone(next),
            rings: rings.clone(),
        });
        fleet.prune(&next.upstreams);
        self.shared.crowd.limit_to(descriptors::for_callers(next));
        let telemetry = &self.shared.telemetry;
        telemetry.lay_out(world.generation, &next.layout());
        sight::tell_certificates(telemetry, next);
        self.certificates.shelf.keep_only(next.managed());
        self.certificates.tell(telemetry, next);
        telemetry.access_log().set(sight::access_settings(&next.access_log));
        telemetry.configured(Reload::Taken { revision: &next.revision });
        Ok(())
    }

    /// Notes that a configuration was refused.
    pub fn refused(&self) {
        self.shared.telemetry.configured(Reload::Refused);
    }
}
