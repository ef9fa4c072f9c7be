//! `health:` of an upstream: the question, how often, and how many answers decide. What
//! has no meaning without a path is a mistake, since somebody thinks it has.

use std::time::Duration;

use http::uri::PathAndQuery;

use crate::balance::streak::Thresholds;
use crate::config::compile::compiler::Compiler;
use crate::config::document::health::{AllDownWord, HealthDocument};
use crate::config::document::percent::Percent;
use crate::config::problem::code::Code;
use crate::config::source::at::At;
use crate::snapshot::upstream::{AllDown, HealthCheck, Probe};

/// The shortest pause between two checks of a server.
const SHORTEST: Duration = Duration::from_millis(100);

impl Compiler<'_> {
    /// Active checks; `host` is the one that requests to these servers have.
    pub fn health(&mut self, written: &At<HealthDocument>, host: Option<&At<String>>) -> HealthCheck {
        let document = &written.value;
        let every = self.span(document.every.as_ref(), Duration::from_secs(5));
        if let Some(at) = document.every.as_ref().filter(|_| every < SHORTEST) {
            self.wrong(Code::WrongValue, at.place, "servers would be asked all the time", "expected at least 100ms");
        }
        let mut threshold = |number: &Option<At<u64>>, plain| {
            u32::try_from(self.number(number.as_ref(), plain, 1..=1_000)).unwrap_or(u32::MAX)
        };
        let thresholds =
            Thresholds { rise: threshold(&document.healthy_after, 2), fall: threshold(&document.unhealthy_after, 3) };
        HealthCheck {
            probe: self.probe(document, host),
            every,
            timeout: self.span(document.timeout.as_ref(), Duration::from_secs(2)),
            jitter_percent: document.jitter.as_ref().map_or(Percent(10), |jitter| jitter.value).0,
            thresholds,
            all_down: match document.all_down.as_ref().map(|word| word.value) {
                Some(AllDownWord::Refuse) => AllDown::Refuse,
                Some(AllDownWord::Try) | None => AllDown::Try,
            },
        }
    }

    fn probe(&mut self, document: &HealthDocument, host: Option<&At<String>>) -> Probe {
        let Some(path) = &document.path else {
            let alone = document.host.as_ref().map(|at| at.place).or(document.expect.as_ref().map(|at| at.place));
            if let Some(place) = alone {
                let message = "a check without `path` only connects";
                self.wrong_with_help(Code::Combination, place, message, "has no meaning", "add `path`");
            }
            return Probe::Connect;
        };
        let target = path.value.starts_with('/').then(|| path.value.parse::<PathAndQuery>().ok()).flatten();
        if target.is_none() {
            let message = format!("`{path}` is no path to ask for");
            self.wrong(Code::WrongValue, path.place, message, "expected such as /healthz");
        }
        if let Some(host) = &document.host
            && (host.value.is_empty() || host.value.parse::<http::uri::Authority>().is_err())
        {
            self.wrong(Code::WrongValue, host.place, format!("`{host}` is no host"), "expected NAME or NAME:PORT");
        }
        if let Some(empty) = document.expect.as_ref().filter(|list| list.value.is_empty() && !self.damaged(list.place))
        {
            self.wrong(Code::WrongValue, empty.place, "no status is good", "expected at least one");
        }
        let written = document.expect.iter().flat_map(|list| &list.value).map(|range| range.value.0.clone());
        let expect: Vec<_> = written.collect();
        Probe::Get {
            path: target.unwrap_or_else(|| PathAndQuery::from_static("/")),
            host: document.host.as_ref().or(host).map(|host| host.value.as_str().into()),
            expect: if expect.is_empty() { vec![200..=299] } else { expect },
        }
    }
}
