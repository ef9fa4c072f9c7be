//! The gateway's own registry and the one handle by which everybody is seen: workers
//! take their `Meter` here, the rest of the process reports seldom events by name.
//! Must never: use the package's global registry, where two gateways would meet.

use std::net::IpAddr;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use prometheus::process_collector::ProcessCollector;
use prometheus::{Registry, TextEncoder};

use crate::clock::{Clock, UnixTime};
use crate::telemetry::access_log::AccessLog;
use crate::telemetry::audit_log::AuditLog;
use crate::telemetry::events::Events;
use crate::telemetry::gauges::{Gauges, Source, Sources};
use crate::telemetry::layout::Layout;
use crate::telemetry::ledger::Ledger;
use crate::telemetry::meter::Meter;
use crate::telemetry::outcome::{
    ConnectionRefused, Handshake, Inquired, Lasting, Login, Ordered, Relief, Reload, StoreOutcome, Unanswered,
};
use crate::telemetry::scrape::Scrape;
use crate::telemetry::servers::{self, Servers};

/// What telemetry is made of.
pub struct Parts {
    /// Data-plane threads that will count.
    pub workers: usize,
    /// For the age of the revocation feed and the times in logs.
    pub clock: Arc<dyn Clock>,
    /// Where requests are written down.
    pub access: AccessLog,
    /// Where grants, refusals and changes are written down.
    pub audit: AuditLog,
}

/// Everything that can be seen of one gateway.
pub struct Telemetry {
    registry: Registry,
    ledger: Arc<Ledger>,
    events: Events,
    sources: Arc<Sources>,
    servers: Arc<OnceLock<servers::Source>>,
    clock: Arc<dyn Clock>,
    access: Arc<AccessLog>,
    audit: AuditLog,
}

impl Telemetry {
    /// A registry of its own with every metric of the catalogue.
    pub fn new(parts: Parts) -> prometheus::Result<Arc<Telemetry>> {
        let Parts { workers, clock, access, audit } = parts;
        let registry = Registry::new();
        let ledger = Arc::new(Ledger::new(workers));
        let dropped = vec![("access", access.dropped()), ("audit", audit.dropped())];
        registry.register(Box::new(Scrape::new(Arc::clone(&ledger), dropped)?))?;
        let sources = Arc::<Sources>::default();
        registry.register(Box::new(Gauges::new(Arc::clone(&sources), Arc::clone(&clock))?))?;
        let servers = Arc::default();
        registry.register(Box::new(Servers::new(Arc::clone(&servers))?))?;
        registry.register(Box::new(ProcessCollector::for_self()))?;
        let events = Events::register(&registry)?;
        let revision = option_env!("TOLLGATE_REVISION").unwrap_or("unknown");
        for (kind, why) in Inquired::ALL.iter().flat_map(|kind| Unanswered::ALL.map(|why| (kind, why))) {
            events.unanswered.with_label_values(&[kind.label(), why.label()]);
        }
        for action in Relief::ALL {
            events.memory_actions.with_label_values(&[action.label()]);
        }
        events.build_info.with_label_values(&[env!("CARGO_PKG_VERSION"), revision]).set(1);
        Ok(Arc::new(Telemetry { registry, ledger, events, sources, servers, clock, access: Arc::new(access), audit }))
    }

    /// Counts everything and writes nothing down: for tests and tools.
    pub fn quiet(workers: usize, clock: Arc<dyn Clock>) -> prometheus::Result<Arc<Telemetry>> {
        Telemetry::new(Parts { workers, clock, access: AccessLog::discarded(), audit: AuditLog::discarded() })
    }

    /// A worker's meter, which knows no names until `Meter::for_layout` is asked.
    pub fn meter(&self, worker: usize) -> Arc<Meter> {
        Arc::new(Meter::new(Arc::clone(&self.ledger), Arc::clone(&self.access), worker))
    }

    /// A new world is in force: series of names it does not have end now, even if no
    /// worker has seen a request since.
    pub fn lay_out(&self, generation: u64, layout: &Layout) {
        self.ledger.lay_out(generation, layout);
        self.events.keep_routes(&layout.routes);
        // A rate sees a counter's first step only if the counter was there before it.
        for listener in &layout.listeners {
            self.events.held_back.with_label_values(&[listener]);
            for reason in ConnectionRefused::ALL {
                self.events.connection_refusals.with_label_values(&[listener, reason.label()]);
            }
        }
    }

    /// The access log, for its settings and its end.
    pub fn access_log(&self) -> &AccessLog {
        &self.access
    }

    /// The audit log, for its end.
    pub fn audit_log(&self) -> &AuditLog {
        &self.audit
    }

    /// Writes one event to the audit log. `event` is any flat record without secrets.
    pub fn audit(&self, peer: Option<IpAddr>, event: &impl serde::Serialize) {
        self.audit.write(self.clock.now(), peer, event);
    }

    /// Everything in the text format, version 0.0.4.
    pub fn render(&self) -> prometheus::Result<String> {
        TextEncoder::new().encode_to_string(&self.registry.gather())
    }
}

/// Sources of gauges: each is named once, by whoever puts the gateway together.
impl Telemetry {
    /// Entries of the revocation list by kind.
    pub fn watch_revocations(&self, entries: Source) {
        let _ = self.sources.revocations.set(entries);
    }

    /// The moment, in Unix time, at which the revocation list last equalled the store.
    pub fn watch_feed(&self, last_sync: Arc<AtomicU64>) {
        let _ = self.sources.last_sync.set(last_sync);
    }

    /// Passwords that wait to be hashed, by algorithm.
    pub fn watch_hashing(&self, waiting: Source) {
        let _ = self.sources.hashing.set(waiting);
    }

    /// The servers behind upstreams.
    pub fn watch_servers(&self, view: servers::Source) {
        let _ = self.servers.set(view);
    }

    /// Memory: bytes held, bytes that may be, pressure; no gauge while nothing may.
    pub fn watch_memory(&self, figures: Box<dyn Fn() -> [u64; 3] + Send + Sync>) {
        let _ = self.sources.memory.set(figures);
    }

    /// TLS handshakes under way by listener.
    pub fn watch_handshakes(&self, under_way: Source) {
        let _ = self.sources.handshakes.set(under_way);
    }

    /// Open connections by listener.
    pub fn watch_connections(&self, open: Source) {
        let _ = self.sources.connections.set(open);
    }
}

/// Seldom events. Labels are closed lists or names of the configuration, by type or
/// by promise of the caller.
impl Telemetry {
    /// A TLS handshake has ended.
    pub fn handshake(&self, listener: &str, handshake: Handshake) {
        let [result, version, resumed] = handshake.labels();
        self.events.handshakes.with_label_values(&[listener, result, version, resumed]).inc();
    }

    /// A connection was not served.
    pub fn connection_refused(&self, listener: &str, reason: ConnectionRefused) {
        self.events.connection_refusals.with_label_values(&[listener, reason.label()]).inc();
    }

    /// A connection had to wait for room to shake hands.
    pub fn held_back(&self, listener: &str) {
        self.events.held_back.with_label_values(&[listener]).inc();
    }

    /// An HTTP/2 connection was ended for what its caller did.
    pub fn http2_ended(&self, listener: &str, reason: &'static str) {
        self.events.http2_ended.with_label_values(&[listener, reason]).inc();
    }

    /// One exchange more that lasts; `left` says when it does no longer.
    pub fn lasts(&self, kind: Lasting) {
        self.events.live.with_label_values(&[kind.label()]).inc();
    }

    /// An exchange that lasted is over.
    pub fn left(&self, kind: Lasting) {
        self.events.live.with_label_values(&[kind.label()]).dec();
    }

    /// An exchange that lasted was ended by the gateway.
    pub fn live_ended(&self, kind: Lasting, reason: &'static str) {
        self.events.live_ended.with_label_values(&[kind.label(), reason]).inc();
    }

    /// An issuer has answered: endpoint, grant if there was one, `ok` or the error code.
    pub fn oauth_answered(
        &self,
        endpoint: &'static str,
        grant: Option<&'static str>,
        result: &'static str,
        took: Duration,
    ) {
        self.events.oauth_requests.with_label_values(&[endpoint, grant.unwrap_or("-"), result]).inc();
        self.events.oauth_seconds.with_label_values(&[endpoint]).observe(took.as_secs_f64());
    }

    /// Tokens of a kind (`access`, `refresh`) were issued.
    pub fn tokens_issued(&self, kind: &'static str, grant: &'static str, count: u64) {
        self.events.tokens_issued.with_label_values(&[kind, grant]).inc_by(count);
    }

    /// A password was tried against a source of users (`file`, `store`).
    pub fn login(&self, source: &'static str, result: Login) {
        self.events.logins.with_label_values(&[source, result.label()]).inc();
    }

    /// A person did something on the pages; `event` is of a closed list.
    pub fn person_did(&self, event: &'static str) {
        self.events.people_events.with_label_values(&[event]).inc();
    }

    /// A password was checked, its wait for a thread included.
    pub fn password_hashed(&self, algorithm: &'static str, took: Duration) {
        self.events.hash_seconds.with_label_values(&[algorithm]).observe(took.as_secs_f64());
    }

    /// A refresh token came a second time and killed its family.
    pub fn refresh_reused(&self) {
        self.events.refresh_reuse.inc();
    }

    /// A token request brought a secret in its URL.
    pub fn secret_in_url(&self) {
        self.events.secrets_in_url.inc();
    }

    /// Revocations of a kind took effect in this process.
    pub fn revoked(&self, kind: &'static str, count: u64) {
        self.events.revocations.with_label_values(&[kind]).inc_by(count);
    }

    /// A limit turned a request away. Both are names of the configuration, or our own.
    pub fn rate_limited(&self, route: &str, policy: &str) {
        self.events.rate_limited.with_label_values(&[route, policy]).inc();
    }

    /// What became of a copy of a request of this route.
    pub fn mirrored(&self, route: &str, result: &'static str) {
        self.events.mirrored.with_label_values(&[route, result]).inc();
    }

    /// The ends of all certificates, by listener or name; replaces what was said before.
    pub fn certificates(&self, ends: &[(&str, UnixTime)]) {
        self.events.certificate_expiry.reset();
        for (name, end) in ends {
            self.events.certificate_expiry.with_label_values(&[name]).set(end.0 as f64);
        }
    }

    /// The ends of the certificates that the gateway gets by itself, and when each is due to
    /// be ordered; replaces what was said before.
    pub fn managed_certificates(&self, all: &[(&str, Option<UnixTime>, UnixTime)]) {
        self.events.keep_certificates(&all.iter().map(|(name, ..)| *name).collect::<Vec<_>>());
        self.events.acme_expiry.reset();
        self.events.acme_renewal.reset();
        for (name, end, due) in all {
            if let Some(end) = end {
                self.events.acme_expiry.with_label_values(&[name]).set(end.0 as f64);
            }
            self.events.acme_renewal.with_label_values(&[name]).set(due.0 as f64);
            // A rate sees a counter's first step only if the counter was there before it.
            for ordered in Ordered::ALL {
                self.events.acme_orders.with_label_values(&[name, ordered.label()]);
            }
        }
    }

    /// An authority was asked for a certificate.
    pub fn certificate_ordered(&self, name: &str, ordered: Ordered) {
        self.events.acme_orders.with_label_values(&[name, ordered.label()]).inc();
    }

    /// When each signing key is due, with its state (`next`, `current`, `retired`);
    /// replaces what was said before.
    pub fn signing_keys(&self, ends: &[(&str, &'static str, UnixTime)]) {
        self.events.key_expiry.reset();
        for (kid, state, end) in ends {
            self.events.key_expiry.with_label_values(&[kid, state]).set(end.0 as f64);
        }
    }

    /// A configuration was read, at start or later.
    pub fn configured(&self, reload: Reload<'_>) {
        match reload {
            Reload::Refused => self.events.reload_ok.set(0),
            Reload::First { revision } | Reload::Taken { revision } => {
                self.events.reload_ok.set(1);
                for result in ["ok", "refused"] {
                    self.events.reloads.with_label_values(&[result]);
                }
                self.events.reload_time.set(i64::try_from(self.clock.now().0).unwrap_or(i64::MAX));
                self.events.config_info.reset();
                self.events.config_info.with_label_values(&[revision]).set(1);
            }
        }
        if let Some(result) = reload.label() {
            self.events.reloads.with_label_values(&[result]).inc();
        }
    }

    /// Something was done because of the memory that the process holds.
    pub fn relieved(&self, by: Relief) {
        self.events.memory_actions.with_label_values(&[by.label()]).inc();
    }

    /// The store did not say what a credential is.
    pub fn unanswered(&self, kind: Inquired, why: Unanswered) {
        self.events.unanswered.with_label_values(&[kind.label(), why.label()]).inc();
    }

    /// A store operation has ended, durable or failed.
    pub fn stored(&self, operation: &'static str, took: Duration, outcome: StoreOutcome) {
        self.events.store_seconds.with_label_values(&[operation]).observe(took.as_secs_f64());
        let failed = u64::from(outcome == StoreOutcome::Failed);
        self.events.store_errors.with_label_values(&[operation]).inc_by(failed);
    }
}

#[cfg(test)]
mod tests;
