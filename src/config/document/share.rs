//! Shares of traffic as the file writes them: `0.05` or `5%`. What is bounded in whole
//! hundredths (ejection, retry budgets) is a `Percent` instead.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error, Visitor};

use crate::config::source::mistake::with_help;

/// A part of the whole, 0.0 to 1.0.
#[derive(Clone, Copy, PartialEq, PartialOrd, Debug)]
pub struct Share(pub f64);

impl Share {
    /// A number from 0.0 to 1.0; the error is a message with help.
    pub fn of(number: f64) -> Result<Share, String> {
        if (0.0..=1.0).contains(&number) {
            return Ok(Share(number));
        }
        let help = if (1.0..=100.0).contains(&number) { format!("write {number}%") } else { HELP.to_owned() };
        Err(with_help(&format!("{number} is not a share"), &help))
    }

    /// Reads a number of hundredths with its sign.
    pub fn parse(text: &str) -> Result<Share, String> {
        let plain = |number: &&str| number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        let number = text.strip_suffix('%').filter(plain).and_then(|number| number.parse::<f64>().ok());
        match number.filter(|number| *number <= 100.0) {
            Some(number) => Ok(Share(number / 100.0)),
            None => Err(with_help(&format!("`{text}` is not a share"), HELP)),
        }
    }
}

const HELP: &str = "write 0.05 or 5%; the whole is 1.0 or 100%";

impl<'de> Deserialize<'de> for Share {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Share, D::Error> {
        struct ShareVisitor;

        impl Visitor<'_> for ShareVisitor {
            type Value = Share;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a share such as 0.05 or 5%")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Share, E> {
                Share::parse(text).map_err(E::custom)
            }

            fn visit_f64<E: Error>(self, number: f64) -> Result<Share, E> {
                Share::of(number).map_err(E::custom)
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Share, E> {
                Share::of(number as f64).map_err(E::custom)
            }
        }

        deserializer.deserialize_any(ShareVisitor)
    }
}

impl JsonSchema for Share {
    fn schema_name() -> Cow<'static, str> {
        "Share".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "a part of the whole: 0.05 or 5%",
            "anyOf": [
                { "type": "number", "minimum": 0, "maximum": 1 },
                { "type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?%$|\$\{" },
            ],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Share;

    #[test]
    fn a_number_and_its_hundredths_are_one_share() {
        assert_eq!((Share::parse("5%"), Share::of(0.05)), (Ok(Share(0.05)), Ok(Share(0.05))));
        assert_eq!((Share::parse("0.5%"), Share::parse("100%")), (Ok(Share(0.005)), Ok(Share(1.0))));
        for wrong in ["5", "101%", "-1%", "%", "5 %", "1e1%", "0.5.1%"] {
            assert!(Share::parse(wrong).is_err_and(|help| help.contains("5%")), "{wrong}");
        }
        assert!(Share::of(10.0).is_err_and(|help| help.contains("write 10%")));
        assert!(Share::of(-0.1).is_err() && Share::of(f64::NAN).is_err());
    }
}
