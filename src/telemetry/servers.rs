//! What is known about the servers behind upstreams, as series. The facts are kept where
//! they come about and asked for when somebody scrapes, so a server that is gone has no
//! series left, and a request pays nothing.

use std::sync::{Arc, OnceLock};

use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;

use crate::telemetry::catalog::{self, Described};
use crate::telemetry::family::Family;

/// Everything at one moment.
#[derive(Clone, Debug, Default)]
pub struct View {
    /// By name.
    pub upstreams: Vec<UpstreamFacts>,
    /// By name.
    pub lookups: Vec<Lookups>,
}

/// One upstream.
#[derive(Clone, Debug)]
pub struct UpstreamFacts {
    /// Its key in the file.
    pub name: Arc<str>,
    /// Its servers at present.
    pub servers: Vec<ServerFacts>,
    /// Requests that wait for a connection.
    pub pending: u64,
    /// Retries that the budget did not allow.
    pub budget_exhausted: u64,
    /// Requests refused, by the bound.
    pub overflows: [(&'static str, u64); 3],
}

/// One server.
#[derive(Clone, Debug)]
pub struct ServerFacts {
    /// Its address.
    pub name: Arc<str>,
    /// 1 if it may be asked, else 0.
    pub up: u8,
    /// Times it was ejected.
    pub ejections: u64,
    /// Active checks that found it well.
    pub checks_good: u64,
    /// Active checks that did not.
    pub checks_bad: u64,
}

/// Look-ups of one name.
#[derive(Clone, Debug)]
pub struct Lookups {
    /// A name of the file.
    pub name: Box<str>,
    /// Those that gave addresses.
    pub ok: u64,
    /// Those that did not.
    pub error: u64,
}

/// Who is asked; must not block.
pub type Source = Box<dyn Fn() -> View + Send + Sync>;

const FAMILIES: [Described; 7] = [
    catalog::UPSTREAM_UP,
    catalog::UPSTREAM_EJECTIONS,
    catalog::UPSTREAM_CHECKS,
    catalog::UPSTREAM_PENDING,
    catalog::UPSTREAM_OVERFLOWS,
    catalog::UPSTREAM_BUDGET_EXHAUSTED,
    catalog::NAME_LOOKUPS,
];

/// Asks the source at each scrape.
pub struct Servers {
    source: Arc<OnceLock<Source>>,
    descriptions: Vec<Desc>,
}

impl Servers {
    /// A collector over what will be named as the source.
    pub fn new(source: Arc<OnceLock<Source>>) -> prometheus::Result<Servers> {
        let descriptions = FAMILIES.iter().map(Described::description).collect::<prometheus::Result<Vec<Desc>>>()?;
        Ok(Servers { source, descriptions })
    }
}

impl Collector for Servers {
    fn desc(&self) -> Vec<&Desc> {
        self.descriptions.iter().collect()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let view = self.source.get().map(|ask| ask()).unwrap_or_default();
        let [mut up, mut ejections, mut checks, mut pending, mut overflows, mut exhausted, mut lookups] =
            FAMILIES.each_ref().map(Family::of);
        for upstream in &view.upstreams {
            let name = &*upstream.name;
            pending.push(&[name], upstream.pending as f64);
            exhausted.push(&[name], upstream.budget_exhausted as f64);
            for (limit, count) in upstream.overflows {
                overflows.push(&[name, limit], count as f64);
            }
            for server in &upstream.servers {
                up.push(&[name, &server.name], f64::from(server.up));
                ejections.push(&[name, &server.name], server.ejections as f64);
                checks.push_used(&[name, &server.name, "ok"], server.checks_good);
                checks.push_used(&[name, &server.name, "error"], server.checks_bad);
            }
        }
        for name in &view.lookups {
            lookups.push(&[&name.name, "ok"], name.ok as f64);
            lookups.push(&[&name.name, "error"], name.error as f64);
        }
        let all = [up, ejections, checks, pending, overflows, exhausted, lookups];
        all.into_iter().map(Family::finish).collect()
    }
}
