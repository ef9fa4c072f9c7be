//! `health:` of an upstream as it is written: what the gateway asks each server for by
//! itself, and how often it has to be answered wrongly to count as down.

use std::borrow::Cow;
use std::fmt;
use std::ops::RangeInclusive;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserializer, Error, Unexpected, Visitor};
use serde::{Deserialize, de};

use crate::config::document::duration::TimeSpan;
use crate::config::document::one_or_many::OneOrMany;
use crate::config::document::percent::Percent;
use crate::config::source::at::At;

/// Active checks.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Health")]
pub struct HealthDocument {
    /// The path of a GET; left out: a connection (and its TLS) is enough.
    pub path: Option<At<String>>,
    /// The `Host` it carries; default the upstream's `host`, else the server's own.
    pub host: Option<At<String>>,
    /// Statuses that are good: 200, "200-299", "2xx"; default 2xx.
    pub expect: Option<At<OneOrMany<StatusRange>>>,
    /// How often each server is asked; default 5s.
    pub every: Option<At<TimeSpan>>,
    /// How long one check may take; default 2s.
    pub timeout: Option<At<TimeSpan>>,
    /// By how much each pause may differ, so that gateways do not ask in step; default 10%.
    pub jitter: Option<At<Percent>>,
    /// Good answers in a row that bring a server back; default 2.
    pub healthy_after: Option<At<u64>>,
    /// Bad answers in a row that put it down; default 3.
    pub unhealthy_after: Option<At<u64>>,
    /// What happens when every server is down: `try` them all the same (default), or
    /// `refuse` with 503.
    pub all_down: Option<At<AllDownWord>>,
}

/// What happens when every server is down.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AllDownWord {
    /// The checks may be wrong: requests go to all of them.
    Try,
    /// Requests are answered 503.
    Refuse,
}

/// Statuses from one to another.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StatusRange(pub RangeInclusive<u16>);

impl StatusRange {
    /// Reads `200`, `200-299` or `2xx`.
    fn parse(text: &str) -> Option<StatusRange> {
        let range = if let Some(class) = text.strip_suffix("xx") {
            let class: u16 = class.parse().ok()?;
            class.checked_mul(100)?..=class.checked_mul(100)?.checked_add(99)?
        } else if let Some((first, last)) = text.split_once('-') {
            first.parse().ok()?..=last.parse().ok()?
        } else {
            let only = text.parse().ok()?;
            only..=only
        };
        (*range.start() >= 100 && *range.end() <= 599 && range.start() <= range.end()).then_some(StatusRange(range))
    }
}

impl<'de> de::Deserialize<'de> for StatusRange {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<StatusRange, D::Error> {
        struct RangeVisitor;

        impl Visitor<'_> for RangeVisitor {
            type Value = StatusRange;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a status such as 200, 200-299 or 2xx")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<StatusRange, E> {
                StatusRange::parse(text).ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<StatusRange, E> {
                let wrong = || E::invalid_value(Unexpected::Unsigned(number), &self);
                StatusRange::parse(&number.to_string()).ok_or_else(wrong)
            }
        }

        deserializer.deserialize_any(RangeVisitor)
    }
}

impl JsonSchema for StatusRange {
    fn schema_name() -> Cow<'static, str> {
        "Statuses".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "a status, or several: 200, 200-299, 2xx",
            "anyOf": [
                { "type": "integer", "minimum": 100, "maximum": 599 },
                { "type": "string", "pattern": r"^([1-5][0-9]{2}(-[1-5][0-9]{2})?|[1-5]xx)$|\$\{" },
            ],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::StatusRange;

    #[test]
    fn statuses_are_one_or_a_range_or_a_class() {
        let read = |text| StatusRange::parse(text).map(|range| (*range.0.start(), *range.0.end()));
        assert_eq!(read("204"), Some((204, 204)));
        assert_eq!(read("200-399"), Some((200, 399)));
        assert_eq!(read("3xx"), Some((300, 399)));
        for wrong in ["", "99", "600", "6xx", "xx", "0xx", "300-200", "200-", "2x", "700xx", "99999xx"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
