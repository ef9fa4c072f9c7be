//! Spans of time as the file writes them: a whole number and its unit, `250ms`, `30s`,
//! `15m`, `12h`, `90d`. A bare number is refused, since nobody remembers which unit.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error, Unexpected, Visitor};

use crate::clock::Seconds;
use crate::config::source::mistake::with_help;

/// The longest span that may be written: ten years.
const LONGEST: Duration = Duration::from_secs(3650 * 86_400);

/// A span of time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct TimeSpan(pub Duration);

impl TimeSpan {
    /// In whole seconds, begun ones counted whole.
    pub fn seconds(self) -> Seconds {
        Seconds(self.0.as_secs() + u64::from(self.0.subsec_nanos() > 0))
    }

    /// A span of whole seconds.
    pub const fn of_seconds(seconds: u64) -> TimeSpan {
        TimeSpan(Duration::from_secs(seconds))
    }

    /// Reads number and unit; the error is a message with help.
    pub fn parse(text: &str) -> Result<TimeSpan, String> {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at(digits);
        let millis = match unit {
            "ms" => Some(1),
            "s" => Some(1_000),
            "m" => Some(60_000),
            "h" => Some(3_600_000),
            "d" => Some(86_400_000),
            _ => None,
        };
        let (Ok(count), Some(millis)) = (number.parse::<u64>(), millis) else {
            return Err(with_help(&format!("`{text}` is not a duration"), &way_out(number, unit)));
        };
        let span = count.checked_mul(millis).map(Duration::from_millis);
        match span.filter(|span| *span <= LONGEST) {
            Some(span) => Ok(TimeSpan(span)),
            None => Err(format!("`{text}` is longer than ten years")),
        }
    }
}

fn way_out(number: &str, unit: &str) -> String {
    let unit = match unit.trim().to_ascii_lowercase().as_str() {
        "" => "s",
        "msec" | "millis" | "milliseconds" => "ms",
        "sec" | "secs" | "second" | "seconds" => "s",
        "min" | "mins" | "minute" | "minutes" => "m",
        "hr" | "hrs" | "hour" | "hours" => "h",
        "day" | "days" => "d",
        _ => return "write a whole number with ms, s, m, h or d, such as 30s".to_owned(),
    };
    let number = if number.is_empty() { "30" } else { number };
    format!("write {number}{unit}")
}

impl<'de> Deserialize<'de> for TimeSpan {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<TimeSpan, D::Error> {
        deserializer.deserialize_any(SpanVisitor)
    }
}

impl JsonSchema for TimeSpan {
    fn schema_name() -> Cow<'static, str> {
        "Duration".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "a whole number with its unit: 250ms, 30s, 15m, 12h, 90d",
            "type": "string",
            "pattern": r"^[0-9]+(ms|s|m|h|d)$|\$\{",
        })
    }
}

struct SpanVisitor;

impl Visitor<'_> for SpanVisitor {
    type Value = TimeSpan;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a duration such as 30s, 15m, 12h, 90d or 250ms")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<TimeSpan, E> {
        TimeSpan::parse(text).map_err(E::custom)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<TimeSpan, E> {
        Err(E::invalid_type(Unexpected::Unsigned(number), &self))
    }
}

/// A span, or the word `never`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SpanOrNever(pub Option<TimeSpan>);

impl<'de> Deserialize<'de> for SpanOrNever {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<SpanOrNever, D::Error> {
        struct Either;

        impl Visitor<'_> for Either {
            type Value = SpanOrNever;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a duration such as 30d, or never")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<SpanOrNever, E> {
                match text {
                    "never" => Ok(SpanOrNever(None)),
                    text => TimeSpan::parse(text).map(|span| SpanOrNever(Some(span))).map_err(E::custom),
                }
            }
        }

        deserializer.deserialize_any(Either)
    }
}

impl JsonSchema for SpanOrNever {
    fn schema_name() -> Cow<'static, str> {
        "DurationOrNever".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "a whole number with its unit: 250ms, 30s, 15m, 12h, 90d; or never",
            "type": "string",
            "pattern": r"^([0-9]+(ms|s|m|h|d)|never)$|\$\{",
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::TimeSpan;

    #[test]
    fn every_unit_is_read() {
        let read = |text| TimeSpan::parse(text).map(|span| span.0);
        assert_eq!(read("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(read("15m"), Ok(Duration::from_secs(900)));
        assert_eq!(read("90d"), Ok(Duration::from_secs(90 * 86_400)));
        assert_eq!(read("0s"), Ok(Duration::ZERO));
    }

    #[test]
    fn what_was_meant_is_offered() {
        let help = |text| TimeSpan::parse(text).err().unwrap_or_default();
        assert!(help("15min").ends_with("write 15m"));
        assert!(help("30").ends_with("write 30s"));
        assert!(help("1.5h").contains("whole number"));
        assert!(help("99999999999999999999d").contains("not a duration"));
        assert!(help("4000d").contains("longer than ten years"));
    }
}
