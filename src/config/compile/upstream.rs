//! Upstreams: who answers, how long it may take, what is bounded, what is tried again.
//! Names are looked up while the gateway runs, so a backend that is down does not stop a
//! start.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;
use http::uri::Authority;

use crate::balance::budget::Allowance;
use crate::balance::condition::{Conditions, Fault};
use crate::balance::ejection::Rule;
use crate::config::compile::compiler::Compiler;
use crate::config::compile::limits::count;
use crate::config::compile::parts::Growing;
use crate::config::compile::template::KeptClaims;
use crate::config::document::fault::FaultWord;
use crate::config::document::gateway::GatewayDocument;
use crate::config::document::one_or_many::OneOrMany;
use crate::config::document::percent::Percent;
use crate::config::document::upstream::{EjectDocument, ProtocolName, RetryDocument, UpstreamDocument, UpstreamLimits};
use crate::config::document::word::{Off, OrBlock};
use crate::config::problem::code::Code;
use crate::config::source::at::At;
use crate::snapshot::Upstream;
use crate::snapshot::upstream::{DEFAULT_EJECTION, Limits, Protocol, Retry};

/// Most that may be counted against a limit.
const MAX_LIMIT: u64 = 1_000_000;
/// Most tries of one request after its first.
const MAX_ATTEMPTS: u64 = 10;

/// An upstream with the timeouts that routes inherit.
pub(super) struct Backend {
    pub upstream: Upstream,
    pub first_byte: Duration,
    pub idle: Duration,
    pub total: Option<Duration>,
}

impl Compiler<'_> {
    /// Every upstream of the file.
    pub fn upstreams(&mut self, document: &GatewayDocument, kept: &mut KeptClaims) -> Vec<Backend> {
        document.upstreams.iter().map(|(name, written)| self.upstream(name, written, kept)).collect()
    }

    fn upstream(&mut self, name: &At<String>, written: &At<UpstreamDocument>, kept: &mut KeptClaims) -> Backend {
        self.name(name);
        let document = &written.value;
        let servers = self.servers(name, written);
        let plain = Upstream::of(Arc::from(name.value.as_str()), servers);
        let (timeouts, pool) = (&document.timeouts, &document.pool);
        let ejection = match &document.eject {
            Some(at) => match &at.value {
                OrBlock::Word(_) => None,
                OrBlock::Block(block) => Some(self.ejection(block)),
            },
            None => plain.ejection,
        };
        let upstream = Upstream {
            protocol: self.protocol(document),
            balancing: self.balancing(document.balance.as_ref(), kept),
            connect_timeout: self.span(timeouts.connect.as_ref(), plain.connect_timeout),
            pool_idle: count(self.number(pool.idle_connections.as_ref(), plain.pool_idle as u64, 0..=100_000)),
            pool_idle_timeout: self.span(pool.idle.as_ref(), plain.pool_idle_timeout),
            max_connections: count(self.number(
                pool.max_connections.as_ref(),
                plain.max_connections as u64,
                1..=100_000,
            )),
            limits: self.upstream_limits(&document.limits),
            retry: self.retry(document.retry.as_ref()),
            ejection,
            health: document.health.as_ref().map(|health| self.health(health, document.host.as_ref())),
            host: document.host.as_ref().and_then(|host| self.upstream_host(host)),
            slow_start: document.slow_start.as_ref().map_or(Duration::ZERO, |span| span.value.0),
            dns_refresh: self.span(document.dns.refresh.as_ref(), plain.dns_refresh),
            ..plain
        };
        let seconds = Duration::from_secs;
        let total = timeouts.total.as_ref().map(|total| self.span(Some(total), seconds(1)));
        let first_byte = self.span(timeouts.first_byte.as_ref(), seconds(30));
        Backend { upstream, first_byte, idle: self.span(timeouts.idle.as_ref(), seconds(60)), total }
    }

    /// The host that an upstream's servers are asked for.
    fn upstream_host(&mut self, written: &At<String>) -> Option<HeaderValue> {
        let authority = written.value.parse::<Authority>().ok().filter(|host| !host.as_str().contains('@'));
        if authority.is_none() {
            self.wrong(
                Code::WrongValue,
                written.place,
                format!("`{written}` is no host"),
                "expected NAME or NAME:PORT",
            );
        }
        HeaderValue::from_str(authority?.as_str()).ok()
    }

    /// What an upstream speaks; a check of a path is one of HTTP/1.1.
    fn protocol(&mut self, written: &UpstreamDocument) -> Protocol {
        let Some(word) = &written.protocol else { return Protocol::Http1 };
        if let (ProtocolName::Http2, Some(path)) =
            (word.value, written.health.as_ref().and_then(|h| h.value.path.as_ref()))
        {
            let message = "a check of a path is spoken in HTTP/1.1, and these servers speak HTTP/2 only";
            self.wrong(Code::Combination, path.place, message, "leave `path` out: then the connection is checked");
        }
        match word.value {
            ProtocolName::Http1 => Protocol::Http1,
            ProtocolName::Http2 => Protocol::Http2,
            ProtocolName::Auto => Protocol::Auto,
        }
    }

    /// The place of an upstream that a route leads to.
    pub fn upstream_index(&mut self, name: &At<String>, upstreams: &[Backend], growing: &mut Growing) -> Option<usize> {
        let index = upstreams.iter().position(|backend| *backend.upstream.name == *name.value);
        match index {
            Some(index) => growing.used_upstreams.push(index),
            None => self.undefined("upstreams", "upstream", name),
        }
        index
    }

    fn upstream_limits(&mut self, written: &UpstreamLimits) -> Limits {
        let mut limit = |number: &Option<At<u64>>, least| {
            number.as_ref().map(|number| count(self.number(Some(number), least, least..=MAX_LIMIT)))
        };
        Limits {
            connections: limit(&written.connections, 1),
            requests: limit(&written.requests, 1),
            pending: limit(&written.pending, 0),
            server_connections: limit(&written.server_connections, 1),
            server_requests: limit(&written.server_requests, 1),
        }
    }

    fn retry(&mut self, written: Option<&At<OrBlock<Off, RetryDocument>>>) -> Retry {
        let plain = Retry::default();
        let document = match written.map(|at| &at.value) {
            None => return plain,
            Some(OrBlock::Word(_)) => return Retry { attempts: 0, on: Conditions::NONE, ..plain },
            Some(OrBlock::Block(block)) => block,
        };
        let attempts = self.number(document.attempts.as_ref(), u64::from(plain.attempts), 1..=MAX_ATTEMPTS);
        let per_second = self.number(document.budget.per_second.as_ref(), 10, 0..=MAX_LIMIT);
        let share = document.budget.share.as_ref().map_or(Percent(20), |share| share.value);
        Retry {
            attempts: u32::try_from(attempts).unwrap_or(u32::MAX),
            on: self.conditions(document.on.as_ref(), plain.on),
            budget: Allowance { ratio: f64::from(share.0) / 100.0, per_second: per_second as f64 },
        }
    }

    fn ejection(&mut self, written: &EjectDocument) -> Rule {
        let plain = DEFAULT_EJECTION;
        let first = self.span(written.first.as_ref(), plain.spans.0);
        let longest = self.span(written.longest.as_ref(), plain.spans.1.max(first));
        if let Some(at) = written.longest.as_ref().or(written.first.as_ref())
            && longest < first
        {
            self.wrong(Code::Combination, at.place, "`longest` is shorter than the first time, `for`", "too short");
        }
        let failures = self.number(written.failures.as_ref(), u64::from(plain.failures), 1..=1_000);
        if let Some(share) = written.max_share.as_ref().filter(|share| share.value == Percent(0)) {
            self.wrong(Code::WrongValue, share.place, "a share of nothing ejects nobody", "write `eject: off`");
        }
        Rule {
            on: self.conditions(written.on.as_ref(), plain.on),
            failures: u32::try_from(failures).unwrap_or(u32::MAX),
            spans: (first, longest),
            max_percent: written.max_share.as_ref().map_or(plain.max_percent, |share| share.value.0),
        }
    }

    fn conditions(&mut self, written: Option<&At<OneOrMany<FaultWord>>>, plain: Conditions) -> Conditions {
        let Some(list) = written else { return plain };
        if list.value.is_empty() && !self.damaged(list.place) {
            self.wrong(
                Code::WrongValue,
                list.place,
                "an empty list is no condition",
                "expected at least one; or `off`",
            );
        }
        list.value.iter().fold(Conditions::NONE, |all, word| match word.value {
            FaultWord::Connect => all.with(Fault::Connect),
            FaultWord::Reset => all.with(Fault::Reset),
            FaultWord::Timeout => all.with(Fault::Timeout),
            FaultWord::Status(status) => all.with(Fault::Status(status)),
            FaultWord::AnyStatus => all.with_all_statuses(),
        })
    }
}
