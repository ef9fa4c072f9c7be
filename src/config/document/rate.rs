//! Rates as the file writes them: a whole number and what it is counted in, `20/s`,
//! `600/m`, `1000/h`, `5000/d`.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error, Unexpected, Visitor};

use crate::config::source::mistake::with_help;

/// The most requests of one window.
const MOST: u32 = 1_000_000;

/// So many in so long.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RateText {
    /// How many, from 1.
    pub count: u32,
    /// In so many seconds.
    pub window: u64,
}

impl RateText {
    /// Reads number and unit; the error is a message with help.
    pub fn parse(text: &str) -> Result<RateText, String> {
        let (number, unit) = text.split_once('/').unwrap_or((text, ""));
        let window = match unit {
            "s" => Some(1),
            "m" => Some(60),
            "h" => Some(3_600),
            "d" => Some(86_400),
            _ => None,
        };
        match (number.parse::<u32>(), window) {
            (Ok(count @ 1..=MOST), Some(window)) => Ok(RateText { count, window }),
            (Ok(_), Some(_)) => Err(format!("`{text}` is not between 1 and {MOST}")),
            _ => Err(with_help(&format!("`{text}` is not a rate"), &way_out(number, unit))),
        }
    }
}

fn way_out(number: &str, unit: &str) -> String {
    let unit = match unit.trim().to_ascii_lowercase().as_str() {
        "sec" | "second" | "" => "s",
        "min" | "minute" => "m",
        "hour" => "h",
        "day" => "d",
        _ => return "write a whole number by s, m, h or d, such as 20/s".to_owned(),
    };
    let number = if number.bytes().all(|byte| byte.is_ascii_digit()) && !number.is_empty() { number } else { "20" };
    format!("write {number}/{unit}")
}

impl<'de> Deserialize<'de> for RateText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<RateText, D::Error> {
        struct Text;

        impl Visitor<'_> for Text {
            type Value = RateText;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a rate such as 20/s, 600/m or 1000/h")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<RateText, E> {
                RateText::parse(text).map_err(E::custom)
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<RateText, E> {
                Err(E::invalid_type(Unexpected::Unsigned(number), &self))
            }
        }

        deserializer.deserialize_any(Text)
    }
}

impl JsonSchema for RateText {
    fn schema_name() -> Cow<'static, str> {
        "Rate".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "a whole number by its unit: 20/s, 600/m, 1000/h, 5000/d",
            "type": "string",
            "pattern": r"^[0-9]+/(s|m|h|d)$|\$\{",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::RateText;

    #[test]
    fn a_rate_has_a_unit() {
        assert_eq!(RateText::parse("600/m"), Ok(RateText { count: 600, window: 60 }));
        assert!(RateText::parse("20").is_err_and(|help| help.ends_with("write 20/s")));
        assert!(RateText::parse("20/min").is_err_and(|help| help.ends_with("write 20/m")));
        assert!(RateText::parse("0/s").is_err_and(|help| help.contains("between")));
    }
}
