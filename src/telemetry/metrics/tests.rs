//! The whole of `/metrics`, as text, after the calls that feed it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use super::Telemetry;
use crate::clock::{Clock, ManualClock, Seconds, UnixTime};
use crate::telemetry::catalog;
use crate::telemetry::exchange::Exchange;
use crate::telemetry::layout::Layout;
use crate::telemetry::meter::{Connect, Lookup};
use crate::telemetry::outcome::{
    ConnectionRefused, Handshake, Lasting, Login, Ordered, Reload, Session, StoreOutcome, TlsVersion,
};
use crate::telemetry::servers::{Lookups, ServerFacts, UpstreamFacts, View};

fn telemetry(workers: usize) -> Arc<Telemetry> {
    Telemetry::quiet(workers, Arc::new(ManualClock::at(UnixTime(1_000)))).expect("a registry")
}

fn layout(routes: &[&str], upstreams: &[&str]) -> Layout {
    let names = |list: &[&str]| list.iter().map(|name| Arc::from(*name)).collect();
    Layout { routes: names(routes), upstreams: names(upstreams), listeners: names(&["web"]) }
}

fn exchange(route: usize) -> Exchange {
    Exchange {
        listener: 0,
        route: Some(route),
        endpoint: None,
        version: http::Version::HTTP_11,
        method: http::Method::GET,
        path: Some("/x".into()),
        status: 200,
        decision: "ok",
        reason: None,
        duration: Duration::from_micros(900),
        upstream_time: Some(Duration::from_micros(860)),
        upstream: Some(0),
        server: None,
        retries: 0,
        client: None,
        request_id: None,
        bytes_in: 0,
        bytes_out: 10,
        peer: std::net::IpAddr::from([192, 0, 2, 7]),
    }
}

fn page(telemetry: &Telemetry) -> String {
    telemetry.render().expect("text")
}

#[track_caller]
fn has(page: &str, line: &str) {
    assert!(page.lines().any(|l| l == line), "no line `{line}` in:\n{page}");
}

fn series(page: &str) -> impl Iterator<Item = &str> {
    page.lines().filter(|line| !line.starts_with('#'))
}

#[test]
fn workers_are_summed_and_nothing_is_counted_twice() {
    let telemetry = telemetry(2);
    for worker in 0..2 {
        let meter = telemetry.meter(worker).for_layout(1, layout(&["a", "b"], &["up"]));
        meter.begin(0);
        meter.record(&exchange(0));
        meter.begin(0);
        meter.record(&Exchange { status: 401, decision: "expired", upstream: None, ..exchange(1) });
        meter.begin(0);
    }
    let page = page(&telemetry);
    has(&page, "tollgate_requests_total{code=\"200\",method=\"GET\",route=\"a\"} 2");
    has(&page, "tollgate_requests_total{code=\"401\",method=\"GET\",route=\"b\"} 2");
    has(&page, "tollgate_auth_decisions_total{result=\"expired\",route=\"b\"} 2");
    has(&page, "tollgate_request_duration_seconds_bucket{route=\"a\",le=\"0.0005\"} 0");
    has(&page, "tollgate_request_duration_seconds_bucket{route=\"a\",le=\"0.001\"} 2");
    has(&page, "tollgate_request_duration_seconds_count{route=\"a\"} 2");
    has(&page, "tollgate_overhead_duration_seconds_bucket{le=\"0.00005\"} 4");
    has(&page, "tollgate_upstream_requests_total{result=\"2xx\",upstream=\"up\"} 2");
    has(&page, "tollgate_response_body_bytes_total{route=\"a\"} 20");
    has(&page, "tollgate_requests_in_flight{listener=\"web\"} 2");
    assert_eq!(series(&page).count(), series(&page).collect::<BTreeSet<&str>>().len());
}

#[test]
fn a_reload_keeps_the_counts_of_names_that_stay_and_drops_the_others() {
    let telemetry = telemetry(1);
    let old = telemetry.meter(0).for_layout(1, layout(&["gone", "stays"], &["gone", "stays"]));
    old.record(&exchange(0));
    old.record(&Exchange { upstream: Some(1), ..exchange(1) });
    telemetry.lay_out(2, &layout(&["new", "stays"], &["stays"]));
    assert!(!page(&telemetry).contains("\"gone\""), "at once, before any worker has looked");
    let new = old.for_layout(2, layout(&["new", "stays"], &["stays"]));
    new.record(&exchange(1));
    // A request that began before the reload still speaks in the old indexes.
    old.record(&Exchange { upstream: Some(1), ..exchange(1) });
    old.record(&exchange(0));
    let page = page(&telemetry);
    assert!(!page.contains("\"gone\"") && !page.contains("\"new\""), "{page}");
    has(&page, "tollgate_requests_total{code=\"200\",method=\"GET\",route=\"stays\"} 3");
    has(&page, "tollgate_upstream_requests_total{result=\"2xx\",upstream=\"stays\"} 3");
}

#[test]
fn an_older_layout_ends_nothing() {
    let telemetry = telemetry(2);
    let new = telemetry.meter(0).for_layout(7, layout(&["new"], &["up"]));
    new.record(&exchange(0));
    let late = telemetry.meter(1).for_layout(6, layout(&["old"], &["up"]));
    late.record(&exchange(0));
    let page = page(&telemetry);
    has(&page, "tollgate_requests_total{code=\"200\",method=\"GET\",route=\"new\"} 1");
    assert!(!page.contains("\"old\""));
}

#[test]
fn strangers_are_counted_in_closed_lists() {
    let telemetry = telemetry(1);
    let meter = telemetry.meter(0).for_layout(1, layout(&["a"], &[]));
    let method = http::Method::from_bytes(b"BREW").expect("a method");
    meter.record(&Exchange { route: None, status: 404, method, decision: "no_route", ..exchange(0) });
    meter.record(&Exchange { route: None, endpoint: Some("token"), decision: "", ..exchange(0) });
    meter.record(&Exchange { route: None, endpoint: Some("never heard of"), decision: "", ..exchange(0) });
    meter.record(&Exchange { route: Some(99), status: 0, ..exchange(0) });
    let page = page(&telemetry);
    has(&page, "tollgate_requests_total{code=\"404\",method=\"other\",route=\"none\"} 1");
    has(&page, "tollgate_requests_total{code=\"200\",method=\"GET\",route=\"endpoint/token\"} 1");
    has(&page, "tollgate_requests_total{code=\"200\",method=\"GET\",route=\"endpoint/other\"} 1");
    has(&page, "tollgate_requests_total{code=\"aborted\",method=\"GET\",route=\"none\"} 1");
}

#[test]
fn two_routes_of_one_name_share_their_series() {
    let telemetry = telemetry(1);
    let meter = telemetry.meter(0).for_layout(1, layout(&["twin", "none", "twin"], &[]));
    (0..3).for_each(|route| meter.record(&exchange(route)));
    meter.record(&Exchange { route: None, ..exchange(0) });
    let page = page(&telemetry);
    has(&page, "tollgate_requests_total{code=\"200\",method=\"GET\",route=\"twin\"} 2");
    has(&page, "tollgate_requests_total{code=\"200\",method=\"GET\",route=\"none\"} 2");
    let requests = series(&page).filter(|line| line.starts_with("tollgate_requests_total")).count();
    assert_eq!(requests, 2);
}

/// What hostile callers and backends could make of 200 routes, by every means there is.
#[test]
fn the_page_stays_below_ten_thousand_series() {
    let telemetry = telemetry(2);
    let routes: Vec<String> = (0..200).map(|n| format!("route-{n}")).collect();
    let upstreams: Vec<String> = (0..10).map(|n| format!("upstream-{n}")).collect();
    let names = |list: &[String]| list.iter().map(|name| Arc::from(name.as_str())).collect();
    let layout = Layout { routes: names(&routes), upstreams: names(&upstreams), listeners: vec!["web".into()] };
    let methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "BREW"];
    let mut sent = 0_u64;
    for worker in 0..2 {
        let meter = telemetry.meter(worker).for_layout(1, layout.clone());
        for route in 0..200 {
            for (turn, method) in methods.iter().enumerate() {
                for status in (0..600).step_by(7) {
                    let method = http::Method::from_bytes(method.as_bytes()).expect("a method");
                    let decision = crate::telemetry::label::DECISIONS[(turn + status as usize) % 19];
                    meter.record(&Exchange { method, status, decision, upstream: Some(route % 10), ..exchange(route) });
                    sent += 1;
                }
            }
        }
    }
    let page = page(&telemetry);
    let count = series(&page).count();
    assert!(count < 10_000, "{count} series");
    let total: u64 = series(&page)
        .filter(|line| line.starts_with("tollgate_requests_total"))
        .filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok())
        .sum();
    assert_eq!(total, sent, "every request is counted somewhere");
}

#[test]
fn room_of_a_route_that_is_gone_goes_to_others() {
    let telemetry = telemetry(1);
    let mut meter = telemetry.meter(0);
    for generation in 0..300 {
        meter = meter.for_layout(generation, layout(&[&format!("route-{generation}")], &[]));
        (200..260).for_each(|status| meter.record(&Exchange { status, ..exchange(0) }));
        (400..460).for_each(|status| meter.record(&Exchange { status, ..exchange(0) }));
    }
    let page = page(&telemetry);
    has(&page, "tollgate_requests_total{code=\"404\",method=\"GET\",route=\"route-299\"} 1");
    assert!(!page.contains("code=\"other\""), "the budget never ran out: {page}");
}

/// Feeds everything, then compares names and labels of the page with the catalogue.
/// One server that is down.
fn view() -> View {
    let server = ServerFacts { name: "10.0.0.1:80".into(), up: 0, ejections: 1, checks_good: 4, checks_bad: 3 };
    let overflows = [("requests", 1), ("pending", 2), ("connections", 0)];
    let upstream =
        UpstreamFacts { name: "shop".into(), servers: vec![server], pending: 1, budget_exhausted: 1, overflows };
    View { upstreams: vec![upstream], lookups: vec![Lookups { name: "b.test".into(), ok: 1, error: 1 }] }
}

#[test]
fn the_catalogue_is_what_is_exported() {
    let clock = Arc::new(ManualClock::at(UnixTime(1_000)));
    let telemetry = Telemetry::quiet(1, Arc::clone(&clock) as Arc<dyn Clock>).expect("a registry");
    feed_workers(&telemetry);
    feed_events(&telemetry);
    telemetry.watch_revocations(Box::new(|| vec![("token".to_owned(), 3)]));
    telemetry.watch_hashing(Box::new(|| vec![("argon2id".to_owned(), 1)]));
    telemetry.watch_handshakes(Box::new(|| vec![("web".to_owned(), 2)]));
    telemetry.watch_connections(Box::new(|| vec![("web".to_owned(), 5)]));
    telemetry.watch_feed(Arc::new(AtomicU64::new(990)));
    telemetry.watch_memory(Box::new(|| [7, 9, 1]));
    telemetry.watch_servers(Box::new(view));
    let page = page(&telemetry);
    has(&page, "tollgate_revocation_lag_seconds 10");
    has(&page, "tollgate_revocation_feed_up 0");
    has(&page, "tollgate_memory_used_bytes 7");
    has(&page, "tollgate_memory_limit_bytes 9");
    has(&page, "tollgate_memory_pressure 1");
    has(&page, "tollgate_request_reasons_total{reason=\"upstream_reset\",upstream=\"up\"} 1");
    has(&page, "tollgate_connections_open{listener=\"web\"} 5");
    has(&page, "tollgate_upstream_up{server=\"10.0.0.1:80\",upstream=\"shop\"} 0");
    has(&page, "tollgate_upstream_overflows_total{limit=\"pending\",upstream=\"shop\"} 2");
    has(&page, "tollgate_tls_handshakes_total{listener=\"web\",result=\"ok\",resumed=\"yes\",version=\"1.3\"} 1");
    has(&page, "tollgate_config_info{hash=\"abc\"} 1");
    has(&page, "tollgate_config_last_reload_successful 0");
    has(&page, "tollgate_config_last_reload_success_timestamp_seconds 1000");
    let exported: BTreeSet<&str> = page
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next())
        .filter(|name| !name.starts_with("process_"))
        .collect();
    let described: BTreeSet<&str> = catalog::ALL.iter().map(|metric| metric.name).collect();
    assert_eq!(exported, described);
    for metric in catalog::ALL {
        has(&page, &format!("# HELP {} {}", metric.name, metric.help));
        for label in metric.labels {
            let found =
                series(&page).any(|line| line.starts_with(metric.name) && line.contains(&format!("{label}=\"")));
            assert!(found, "{} has no label {label}", metric.name);
        }
    }
    clock.advance(Seconds(1));
}

fn feed_workers(telemetry: &Telemetry) {
    let meter = telemetry.meter(0).for_layout(1, layout(&["a"], &["up"]));
    meter.begin(0);
    meter.record(&Exchange { reason: Some("upstream_reset"), ..exchange(0) });
    meter.looked_up(Lookup::Hit);
    meter.looked_up(Lookup::Miss);
    meter.cache_holds(4);
    meter.connected(0, Connect::Made);
    meter.connected(0, Connect::Failed);
    meter.disconnected(0);
    meter.retried(0);
}

fn feed_events(telemetry: &Telemetry) {
    let took = Duration::from_millis(3);
    telemetry.handshake("web", Handshake::Done(TlsVersion::Tls13, Session::Resumed));
    telemetry.handshake("web", Handshake::Failed);
    telemetry.held_back("web");
    telemetry.connection_refused("web", ConnectionRefused::OverLimit);
    telemetry.oauth_answered("token", Some("password"), "ok", took);
    telemetry.tokens_issued("access", "password", 1);
    telemetry.login("file", Login::WrongPassword);
    telemetry.person_did("signed_in");
    telemetry.http2_ended("web", "rapid_reset");
    telemetry.lasts(Lasting::Grpc);
    telemetry.live_ended(Lasting::Grpc, "revoked");
    telemetry.password_hashed("argon2id", took);
    telemetry.refresh_reused();
    telemetry.secret_in_url();
    telemetry.revoked("family", 2);
    telemetry.rate_limited("endpoint", "issuer");
    telemetry.mirrored("things", "sent");
    telemetry.certificates(&[("web", UnixTime(2_000))]);
    telemetry.managed_certificates(&[("a.example", Some(UnixTime(3_000)), UnixTime(2_500))]);
    telemetry.certificate_ordered("a.example", Ordered::Issued);
    telemetry.signing_keys(&[("k1", "current", UnixTime(3_000))]);
    telemetry.configured(Reload::First { revision: "abc" });
    telemetry.configured(Reload::Refused);
    telemetry.stored("take_refresh", took, StoreOutcome::Failed);
}
