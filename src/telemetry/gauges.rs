//! Gauges whose truth lives elsewhere (the revocation list, the hashing pool, the
//! doors): asked for when somebody scrapes, so that they can never drift. Until a
//! source is named its gauge is not exported.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;

use crate::clock::{Clock, Seconds, UnixTime};
use crate::telemetry::catalog::{self, Described};
use crate::telemetry::family::Family;

/// From here on the revocation list counts as behind: follower and store are asked
/// several times a second, so a healthy feed is never this old.
pub const FEED_STALE: Seconds = Seconds(5);

/// Something that can be asked for named numbers; must not block.
pub type Source = Box<dyn Fn() -> Vec<(String, u64)> + Send + Sync>;

const FAMILIES: [Described; 9] = [
    catalog::MEMORY_USED,
    catalog::MEMORY_LIMIT,
    catalog::MEMORY_PRESSURE,
    catalog::REVOCATION_ENTRIES,
    catalog::REVOCATION_LAG,
    catalog::REVOCATION_FEED_UP,
    catalog::HASH_QUEUE,
    catalog::CONNECTIONS,
    catalog::HANDSHAKES_IN_FLIGHT,
];

/// The sources, each named once.
#[derive(Default)]
pub struct Sources {
    /// Entries of the revocation list by kind.
    pub revocations: OnceLock<Source>,
    /// When the list last equalled the store, in Unix time.
    pub last_sync: OnceLock<Arc<AtomicU64>>,
    /// Passwords waiting, by algorithm.
    pub hashing: OnceLock<Source>,
    /// Open connections by listener.
    pub connections: OnceLock<Source>,
    /// TLS handshakes under way by listener.
    pub handshakes: OnceLock<Source>,
    /// Memory held, the limit (0: none), and the pressure.
    pub memory: OnceLock<Box<dyn Fn() -> [u64; 3] + Send + Sync>>,
}

/// Asks the sources at each scrape.
pub struct Gauges {
    sources: Arc<Sources>,
    clock: Arc<dyn Clock>,
    descriptions: Vec<Desc>,
}

impl Gauges {
    /// A collector over `sources`.
    pub fn new(sources: Arc<Sources>, clock: Arc<dyn Clock>) -> prometheus::Result<Gauges> {
        let descriptions = FAMILIES.iter().map(Described::description).collect::<prometheus::Result<Vec<Desc>>>()?;
        Ok(Gauges { sources, clock, descriptions })
    }

    fn feed(&self) -> Vec<Family> {
        let Some(last_sync) = self.sources.last_sync.get() else { return Vec::new() };
        let age = self.clock.now().since(UnixTime(last_sync.load(Ordering::Relaxed)));
        let mut lag = Family::of(&catalog::REVOCATION_LAG);
        lag.push(&[], age.0 as f64);
        let mut up = Family::of(&catalog::REVOCATION_FEED_UP);
        up.push(&[], if age <= FEED_STALE { 1.0 } else { 0.0 });
        vec![lag, up]
    }
}

impl Gauges {
    fn memory(&self) -> Vec<Family> {
        let figures = self.sources.memory.get().map(|ask| ask());
        let Some([used, limit, pressure]) = figures.filter(|[_, limit, _]| *limit > 0) else { return Vec::new() };
        let gauges =
            [(&catalog::MEMORY_USED, used), (&catalog::MEMORY_LIMIT, limit), (&catalog::MEMORY_PRESSURE, pressure)];
        let family = |(metric, value): (&'static Described, u64)| {
            let mut family = Family::of(metric);
            family.push(&[], value as f64);
            family
        };
        gauges.map(family).into()
    }
}

impl Collector for Gauges {
    fn desc(&self) -> Vec<&Desc> {
        self.descriptions.iter().collect()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let mut out = self.feed();
        out.extend(self.memory());
        let named = [
            (&catalog::REVOCATION_ENTRIES, &self.sources.revocations),
            (&catalog::HASH_QUEUE, &self.sources.hashing),
            (&catalog::CONNECTIONS, &self.sources.connections),
            (&catalog::HANDSHAKES_IN_FLIGHT, &self.sources.handshakes),
        ];
        for (metric, source) in named {
            let mut family = Family::of(metric);
            for (name, value) in source.get().map(|ask| ask()).unwrap_or_default() {
                family.push(&[&name], value as f64);
            }
            out.push(family);
        }
        out.into_iter().map(Family::finish).collect()
    }
}
