//! Every metric this gateway exports, as data: the registry, the page `metrics.md`
//! and the tests all read this one list. Names and labels are a promise to
//! dashboards, so they change only with an entry in the changelog.

use crate::telemetry::histogram::{HASH_BOUNDS, OVERHEAD_BOUNDS, REQUEST_BOUNDS};

/// What a metric is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Only grows, but for a restart.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Durations, with upper bounds in nanoseconds; exported in seconds.
    Histogram(&'static [u64]),
}

/// One metric.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Described {
    /// Its name, with unit and `_total` where they belong.
    pub name: &'static str,
    /// What it is.
    pub kind: Kind,
    /// Names of its labels, in the order in which values are given.
    pub labels: &'static [&'static str],
    /// One sentence for people.
    pub help: &'static str,
}

const fn counter(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Described {
    Described { name, kind: Kind::Counter, labels, help }
}

const fn gauge(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Described {
    Described { name, kind: Kind::Gauge, labels, help }
}

const fn histogram(
    name: &'static str,
    bounds: &'static [u64],
    labels: &'static [&'static str],
    help: &'static str,
) -> Described {
    Described { name, kind: Kind::Histogram(bounds), labels, help }
}

macro_rules! catalog {
    ($($(#[$doc:meta])* $id:ident = $described:expr;)*) => {
        $($(#[$doc])* pub const $id: Described = $described;)*
        /// All of them, in the order of the page.
        pub const ALL: &[Described] = &[$($id),*];
    };
}

catalog! {
    /// Finished requests.
    REQUESTS = counter("tollgate_requests_total", &["route", "method", "code"],
        "Finished requests; route `none` fitted no route, `endpoint/...` are the issuers' own, code `aborted` is a caller that left before there was a status.");
    /// Their durations.
    REQUEST_SECONDS = histogram("tollgate_request_duration_seconds", &REQUEST_BOUNDS, &["route"],
        "From the first byte of a request's head to the last byte of its answer.");
    /// What the gateway itself costs.
    OVERHEAD_SECONDS = histogram("tollgate_overhead_duration_seconds", &OVERHEAD_BOUNDS, &[],
        "The gateway's own share of a request: its duration less the wait for the backend, measured on exchanges that have no request body and an answer of at most 64 KiB, so that a slow caller does not count.");
    /// Requests under way.
    IN_FLIGHT = gauge("tollgate_requests_in_flight", &["listener"], "Requests that have begun and not ended.");
    /// Bytes received.
    BODY_IN = counter("tollgate_request_body_bytes_total", &["route"], "Bytes of request bodies that were read.");
    /// Bytes sent.
    BODY_OUT = counter("tollgate_response_body_bytes_total", &["route"], "Bytes of answer bodies that were sent.");
    /// Results of admission.
    DECISIONS = counter("tollgate_auth_decisions_total", &["route", "result"],
        "Admissions by result; `ok` and `public` may pass, the others say why not, `cannot_tell` was answered 503.");
    /// Uses of the verdict cache.
    CACHE_LOOKUPS = counter("tollgate_token_cache_lookups_total", &["result"],
        "Look-ups of a presented token in the workers' verdict caches: hit or miss.");
    /// Size of the verdict cache.
    CACHE_ENTRIES = gauge("tollgate_token_cache_entries", &[], "Tokens in the verdict caches of all workers.");
    /// Requests to backends.
    UPSTREAM_REQUESTS = counter("tollgate_upstream_requests_total", &["upstream", "result"],
        "Requests sent to an upstream by the class of its answer, or by the fault that kept it from answering.");
    /// What the gateway answered by itself, and what broke off.
    REASONS = counter("tollgate_request_reasons_total", &["upstream", "reason"],
        "Requests that the gateway answered by itself, or whose answer broke off, by the `reason` of their line in the access log; `upstream` is `-` where the reason is not about one.");
    /// How long backends take.
    UPSTREAM_SECONDS = histogram("tollgate_upstream_duration_seconds", &REQUEST_BOUNDS, &["upstream"],
        "Time spent waiting for an upstream in one request.");
    /// Connections to backends.
    UPSTREAM_CONNECTIONS = gauge("tollgate_upstream_connections", &["upstream"],
        "Open connections to an upstream, in use or idle.");
    /// New connections to backends.
    UPSTREAM_CONNECTS = counter("tollgate_upstream_connects_total", &["upstream", "result"],
        "Attempts to connect to an upstream: ok or error.");
    /// Second attempts.
    UPSTREAM_RETRIES = counter("tollgate_upstream_retries_total", &["upstream"],
        "Requests sent again: over another connection, or to another server.");
    /// Whether a server may be asked.
    UPSTREAM_UP = gauge("tollgate_upstream_up", &["upstream", "server"],
        "1 while a server may be asked, 0 while its active checks fail or it is passed over.");
    /// Servers passed over.
    UPSTREAM_EJECTIONS = counter("tollgate_upstream_ejections_total", &["upstream", "server"],
        "Times a server was passed over because its requests failed in a row.");
    /// Active checks.
    UPSTREAM_CHECKS = counter("tollgate_upstream_health_checks_total", &["upstream", "server", "result"],
        "Active checks of a server: ok or error.");
    /// Requests that wait.
    UPSTREAM_PENDING = gauge("tollgate_upstream_pending", &["upstream"],
        "Requests that wait for a connection to an upstream.");
    /// Requests refused at a bound.
    UPSTREAM_OVERFLOWS = counter("tollgate_upstream_overflows_total", &["upstream", "limit"],
        "Requests answered 503 at a bound of their upstream: requests, pending or connections.");
    /// Retries that were not allowed.
    UPSTREAM_BUDGET_EXHAUSTED = counter("tollgate_upstream_retry_budget_exhausted_total", &["upstream"],
        "Requests that were not sent again because the retry budget was exhausted.");
    /// Look-ups of servers' names.
    NAME_LOOKUPS = counter("tollgate_upstream_name_lookups_total", &["name", "result"],
        "Look-ups of a server's name: ok or error; after an error the addresses stay what they were.");
    /// Connections of callers.
    CONNECTIONS = gauge("tollgate_connections_open", &["listener"], "Connections of callers that are open.");
    /// Connections turned away.
    CONNECTION_REFUSALS = counter("tollgate_connection_refusals_total", &["listener", "reason"],
        "Connections that were not served: over the listener's limit (limit), over one address's limits (address_limit, address_rate, address_handshakes), without the PROXY header that its proxy owes (proxy_header), or a failed accept (accept).");
    /// HTTP/2 connections that were ended.
    HTTP2_ENDED = counter("tollgate_http2_connections_ended_total", &["listener", "reason"],
        "HTTP/2 connections that the gateway ended for what their caller did: an error code of RFC 9113 §7, or `flood_` and the frame that came too often.");
    /// Exchanges that last.
    LIVE = gauge("tollgate_live_exchanges", &["kind"],
        "Exchanges under way that outlived their first bytes and end with their token: websocket, grpc or stream.");
    /// Exchanges that were ended.
    LIVE_ENDED = counter("tollgate_live_exchanges_ended_total", &["kind", "reason"],
        "Exchanges that the gateway ended by itself: their token expired or was revoked, or the consent behind it was narrowed; a WebSocket also idle, or in a drain.");
    /// Memory held.
    MEMORY_USED = gauge("tollgate_memory_used_bytes", &[], "Resident memory of the process at the last look, ten times a second.");
    /// Memory that may be held.
    MEMORY_LIMIT = gauge("tollgate_memory_limit_bytes", &[], "Memory that the process may hold (`runtime.memory`).");
    /// How the two stand.
    MEMORY_PRESSURE = gauge("tollgate_memory_pressure", &[],
        "0: calm; 1: tight, new connections wait; 2: full, new requests are answered 503 and idle connections closed.");
    /// What was done about it.
    MEMORY_ACTIONS = counter("tollgate_memory_actions_total", &["action"],
        "What was done because of the memory held: accept_paused, request_refused, idle_closed.");
    /// TLS handshakes.
    HANDSHAKES = counter("tollgate_tls_handshakes_total", &["listener", "result", "version", "resumed"],
        "TLS handshakes by result: ok, failed, timeout or crowded_out (slow, while others waited at the bound); version and resumed are `-` unless ok.");
    /// Handshakes under way.
    HANDSHAKES_IN_FLIGHT = gauge("tollgate_tls_handshakes_in_flight", &["listener"],
        "TLS handshakes that have begun and not ended; their bound is `limits.handshakes`.");
    /// Callers who wait to shake hands.
    HELD_BACK = counter("tollgate_connections_held_back_total", &["listener"],
        "Connections that had to wait because as many TLS handshakes were under way as the listener allows.");
    /// Requests to the issuers' endpoints.
    OAUTH_REQUESTS = counter("tollgate_oauth_requests_total", &["endpoint", "grant", "result"],
        "Requests to an issuer's endpoints; result is ok or the OAuth error code, grant is `-` where there is none.");
    /// Their durations.
    OAUTH_SECONDS = histogram("tollgate_oauth_request_duration_seconds", &REQUEST_BOUNDS, &["endpoint"],
        "How long the issuer took to answer a collected request.");
    /// Tokens made.
    TOKENS_ISSUED = counter("tollgate_tokens_issued_total", &["type", "grant"], "Tokens issued: access or refresh.");
    /// Passwords tried.
    LOGINS = counter("tollgate_logins_total", &["source", "result"],
        "Passwords that were tried: ok, bad_password, unknown_user, locked or source_error.");
    /// What people did on the pages.
    PEOPLE_EVENTS = counter("tollgate_people_events_total", &["event"],
        "What people did on the pages: signed in and out, agreed, registered applications, took back what they granted.");
    /// Cost of hashing.
    HASH_SECONDS = histogram("tollgate_password_hash_duration_seconds", &HASH_BOUNDS, &["algorithm"],
        "Time of one password check, its wait for a thread included.");
    /// Hashes that wait.
    HASH_QUEUE = gauge("tollgate_password_hash_queue", &["algorithm"], "Passwords that wait to be hashed.");
    /// A sign of theft.
    REFRESH_REUSE = counter("tollgate_refresh_reuse_total", &[],
        "Refresh tokens that were presented again after their grace; each killed its family.");
    /// Old clients to be moved on.
    SECRETS_IN_URL = counter("tollgate_secrets_in_url_total", &[],
        "Requests that brought a secret or a token in their URL, as some old dialects allow.");
    /// Revocations.
    REVOCATIONS = counter("tollgate_revocations_total", &["kind"], "Revocations that took effect in this process.");
    /// Size of the revocation list.
    REVOCATION_ENTRIES = gauge("tollgate_revocation_entries", &["kind"], "Entries of the revocation list.");
    /// Age of the revocation list.
    REVOCATION_LAG = gauge("tollgate_revocation_lag_seconds", &[],
        "Seconds since the revocation list was last known to equal the store.");
    /// Whether revocations arrive.
    REVOCATION_FEED_UP = gauge("tollgate_revocation_feed_up", &[],
        "1 while the revocation list follows the store, 0 when it is more than 5 s behind.");
    /// Requests turned away by a throttle.
    RATE_LIMITED = counter("tollgate_rate_limited_total", &["route", "policy"],
        "Requests refused by a limit: of a route by the limit's name, of an issuer's endpoint by its throttle.");
    /// Copies of requests.
    MIRRORED = counter("tollgate_mirrored_total", &["route", "result"],
        "Copies of requests for a second upstream: sent, failed, dropped (too many under way, or the caller broke off) or too_large.");
    /// End of certificates.
    CERTIFICATE_EXPIRY = gauge("tollgate_certificate_expiry_timestamp_seconds", &["name"],
        "End of the shortest-lived certificate of a listener that comes from a file, in Unix time.");
    /// End of certificates that were got.
    ACME_EXPIRY = gauge("tollgate_acme_certificate_expiry_timestamp_seconds", &["certificate"],
        "End of a certificate that the gateway gets by itself, in Unix time; absent while a stand-in is shown. Its label is the first of its names.");
    /// When they should be got.
    ACME_RENEWAL = gauge("tollgate_acme_certificate_renewal_timestamp_seconds", &["certificate"],
        "When a certificate that the gateway gets by itself is due to be ordered, in Unix time; in the past while that fails.");
    /// Orders.
    ACME_ORDERS = counter("tollgate_acme_orders_total", &["certificate", "result"],
        "Attempts to get a certificate from its authority: ok or failed.");
    /// End of signing keys.
    KEY_EXPIRY = gauge("tollgate_signing_key_expiry_timestamp_seconds", &["kid", "state"],
        "When a signing key is due: to be replaced (current), or forgotten (retired), in Unix time.");
    /// Reloads.
    RELOADS = counter("tollgate_config_reloads_total", &["result"], "Reloads of the configuration: ok or refused.");
    /// The last reload.
    RELOAD_OK = gauge("tollgate_config_last_reload_successful", &[], "1 if the last load was taken, 0 if refused.");
    /// When the present configuration came.
    RELOAD_TIME = gauge("tollgate_config_last_reload_success_timestamp_seconds", &[],
        "When the running configuration was taken, in Unix time.");
    /// Cost of the store.
    STORE_SECONDS = histogram("tollgate_store_duration_seconds", &REQUEST_BOUNDS, &["op"],
        "Time of one store operation, with its wait for the commit.");
    /// Faults of the store.
    STORE_ERRORS = counter("tollgate_store_errors_total", &["op"], "Store operations that failed.");
    /// Questions without an answer.
    UNANSWERED = counter("tollgate_store_inquiries_unanswered_total", &["about", "reason"],
        "Requests answered 503 because the store could not say what a token or an application key is: too many such questions were under way (full), or no answer came in time (failed).");
    /// Lines that were lost.
    LOG_DROPPED = counter("tollgate_log_dropped_total", &["log"],
        "Lines of the access or audit log that could not be written, or found their queue full.");
    /// What runs.
    BUILD_INFO = gauge("tollgate_build_info", &["version", "revision"], "Always 1; which program this is.");
    /// What it runs on.
    CONFIG_INFO = gauge("tollgate_config_info", &["hash"], "Always 1; which configuration is in force.");
}

/// The page `metrics.md`: what is exported, for people. A test keeps it in step.
pub fn page() -> String {
    let mut page = String::from(
        "# Metrics\n\nGenerated from `src/telemetry/catalog.rs`; a test fails when the two differ.\n\n\
         Labels come from the configuration or from closed lists, never from a caller. At most 10,000 series are\n\
         exported with 200 routes: when callers provoke too many different statuses, further ones of\n\
         `tollgate_requests_total` are counted as `method=\"other\", code=\"other\"` of their route. A series ends with\n\
         its route or upstream. Times are seconds. On Linux `process_*` is exported too.\n\n\
         | Metric | Type | Labels | Meaning |\n|---|---|---|---|\n",
    );
    for metric in ALL {
        let kind = match metric.kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram(_) => "histogram",
        };
        let labels: Vec<String> = metric.labels.iter().map(|label| format!("`{label}`")).collect();
        page.push_str(&format!("| `{}` | {kind} | {} | {} |\n", metric.name, labels.join(", "), metric.help));
    }
    page.push_str("\nUpper bounds of the histograms, in seconds:\n\n");
    for metric in ALL {
        if let Kind::Histogram(bounds) = metric.kind {
            let bounds: Vec<String> = bounds.iter().map(|bound| (*bound as f64 / 1e9).to_string()).collect();
            page.push_str(&format!("- `{}`: {}\n", metric.name, bounds.join(", ")));
        }
    }
    page
}

#[cfg(test)]
mod tests;
