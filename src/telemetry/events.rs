//! Counters of what happens seldom beside requests: handshakes, tokens, logins,
//! reloads, store operations. A look-up by label costs some hundred nanoseconds, so
//! nothing here may be called for every request of the data plane.

use std::collections::HashMap;
use std::sync::Arc;

use prometheus::core::Collector as _;
use prometheus::{
    GaugeVec, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry,
};

use crate::telemetry::catalog::{self, Described, Kind};

/// The `route` of what an issuer's throttle refused.
pub const ENDPOINT: &str = "endpoint";

/// Handles to every seldom series, registered.
pub struct Events {
    pub(in crate::telemetry) handshakes: IntCounterVec,
    pub(in crate::telemetry) connection_refusals: IntCounterVec,
    pub(in crate::telemetry) held_back: IntCounterVec,
    pub(in crate::telemetry) http2_ended: IntCounterVec,
    pub(in crate::telemetry) live: IntGaugeVec,
    pub(in crate::telemetry) live_ended: IntCounterVec,
    pub(in crate::telemetry) oauth_requests: IntCounterVec,
    pub(in crate::telemetry) oauth_seconds: HistogramVec,
    pub(in crate::telemetry) tokens_issued: IntCounterVec,
    pub(in crate::telemetry) logins: IntCounterVec,
    pub(in crate::telemetry) people_events: IntCounterVec,
    pub(in crate::telemetry) hash_seconds: HistogramVec,
    pub(in crate::telemetry) refresh_reuse: IntCounter,
    pub(in crate::telemetry) secrets_in_url: IntCounter,
    pub(in crate::telemetry) revocations: IntCounterVec,
    pub(in crate::telemetry) rate_limited: IntCounterVec,
    pub(in crate::telemetry) mirrored: IntCounterVec,
    pub(in crate::telemetry) certificate_expiry: GaugeVec,
    pub(in crate::telemetry) acme_expiry: GaugeVec,
    pub(in crate::telemetry) acme_renewal: GaugeVec,
    pub(in crate::telemetry) acme_orders: IntCounterVec,
    pub(in crate::telemetry) key_expiry: GaugeVec,
    pub(in crate::telemetry) reloads: IntCounterVec,
    pub(in crate::telemetry) reload_ok: IntGauge,
    pub(in crate::telemetry) reload_time: IntGauge,
    pub(in crate::telemetry) store_seconds: HistogramVec,
    pub(in crate::telemetry) store_errors: IntCounterVec,
    pub(in crate::telemetry) memory_actions: IntCounterVec,
    pub(in crate::telemetry) unanswered: IntCounterVec,
    pub(in crate::telemetry) build_info: IntGaugeVec,
    pub(in crate::telemetry) config_info: IntGaugeVec,
}

impl Events {
    /// Ends the series of routes that are no longer there.
    pub(in crate::telemetry) fn keep_routes(&self, routes: &[Arc<str>]) {
        for counters in [&self.rate_limited, &self.mirrored] {
            for metric in counters.collect().iter().flat_map(|family| family.get_metric()) {
                let labels: HashMap<&str, &str> =
                    metric.get_label().iter().map(|pair| (pair.name(), pair.value())).collect();
                let route = labels.get("route").copied().unwrap_or_default();
                if route != ENDPOINT && !routes.iter().any(|known| **known == *route) {
                    // A series that another thread has removed is gone all the same.
                    let _ = counters.remove(&labels);
                }
            }
        }
    }

    /// Ends the series of certificates that are no longer wanted.
    pub(in crate::telemetry) fn keep_certificates(&self, names: &[&str]) {
        for metric in self.acme_orders.collect().iter().flat_map(|family| family.get_metric()) {
            let labels: HashMap<&str, &str> =
                metric.get_label().iter().map(|pair| (pair.name(), pair.value())).collect();
            if !names.contains(&labels.get("certificate").copied().unwrap_or_default()) {
                // A series that another thread has removed is gone all the same.
                let _ = self.acme_orders.remove(&labels);
            }
        }
    }

    /// Registers all of them.
    pub fn register(registry: &Registry) -> prometheus::Result<Events> {
        Ok(Events {
            handshakes: counters(registry, &catalog::HANDSHAKES)?,
            connection_refusals: counters(registry, &catalog::CONNECTION_REFUSALS)?,
            held_back: counters(registry, &catalog::HELD_BACK)?,
            http2_ended: counters(registry, &catalog::HTTP2_ENDED)?,
            live: whole_gauges(registry, &catalog::LIVE)?,
            live_ended: counters(registry, &catalog::LIVE_ENDED)?,
            oauth_requests: counters(registry, &catalog::OAUTH_REQUESTS)?,
            oauth_seconds: histograms(registry, &catalog::OAUTH_SECONDS)?,
            tokens_issued: counters(registry, &catalog::TOKENS_ISSUED)?,
            logins: counters(registry, &catalog::LOGINS)?,
            people_events: counters(registry, &catalog::PEOPLE_EVENTS)?,
            hash_seconds: histograms(registry, &catalog::HASH_SECONDS)?,
            secrets_in_url: counters(registry, &catalog::SECRETS_IN_URL)?.with_label_values::<&str>(&[]),
            refresh_reuse: counters(registry, &catalog::REFRESH_REUSE)?.with_label_values::<&str>(&[]),
            revocations: counters(registry, &catalog::REVOCATIONS)?,
            rate_limited: counters(registry, &catalog::RATE_LIMITED)?,
            mirrored: counters(registry, &catalog::MIRRORED)?,
            certificate_expiry: gauges(registry, &catalog::CERTIFICATE_EXPIRY)?,
            acme_expiry: gauges(registry, &catalog::ACME_EXPIRY)?,
            acme_renewal: gauges(registry, &catalog::ACME_RENEWAL)?,
            acme_orders: counters(registry, &catalog::ACME_ORDERS)?,
            key_expiry: gauges(registry, &catalog::KEY_EXPIRY)?,
            reloads: counters(registry, &catalog::RELOADS)?,
            reload_ok: whole_gauges(registry, &catalog::RELOAD_OK)?.with_label_values::<&str>(&[]),
            reload_time: whole_gauges(registry, &catalog::RELOAD_TIME)?.with_label_values::<&str>(&[]),
            store_seconds: histograms(registry, &catalog::STORE_SECONDS)?,
            store_errors: counters(registry, &catalog::STORE_ERRORS)?,
            memory_actions: counters(registry, &catalog::MEMORY_ACTIONS)?,
            unanswered: counters(registry, &catalog::UNANSWERED)?,
            build_info: whole_gauges(registry, &catalog::BUILD_INFO)?,
            config_info: whole_gauges(registry, &catalog::CONFIG_INFO)?,
        })
    }
}

fn counters(registry: &Registry, metric: &Described) -> prometheus::Result<IntCounterVec> {
    let vec = IntCounterVec::new(Opts::new(metric.name, metric.help), metric.labels)?;
    registry.register(Box::new(vec.clone()))?;
    Ok(vec)
}

fn gauges(registry: &Registry, metric: &Described) -> prometheus::Result<GaugeVec> {
    let vec = GaugeVec::new(Opts::new(metric.name, metric.help), metric.labels)?;
    registry.register(Box::new(vec.clone()))?;
    Ok(vec)
}

fn whole_gauges(registry: &Registry, metric: &Described) -> prometheus::Result<IntGaugeVec> {
    let vec = IntGaugeVec::new(Opts::new(metric.name, metric.help), metric.labels)?;
    registry.register(Box::new(vec.clone()))?;
    Ok(vec)
}

fn histograms(registry: &Registry, metric: &Described) -> prometheus::Result<HistogramVec> {
    let bounds: &[u64] = if let Kind::Histogram(bounds) = metric.kind { bounds } else { &[] };
    let seconds = bounds.iter().map(|bound| *bound as f64 / 1e9).collect();
    let vec = HistogramVec::new(HistogramOpts::new(metric.name, metric.help).buckets(seconds), metric.labels)?;
    registry.register(Box::new(vec.clone()))?;
    Ok(vec)
}
