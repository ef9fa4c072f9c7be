//! Shares as the file writes them: `20%`, `50%`. A bare number is refused, since nobody
//! remembers whether 0.5 is a half or half a percent.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error, Unexpected, Visitor};

use crate::config::source::mistake::with_help;

/// A whole number of hundredths, at most 100.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Percent(pub u32);

impl Percent {
    /// Reads number and sign; the error is a message with help.
    pub fn parse(text: &str) -> Result<Percent, String> {
        let number = text.strip_suffix('%').filter(|number| number.bytes().all(|b| b.is_ascii_digit()));
        match number.and_then(|number| number.parse().ok()).filter(|number| *number <= 100) {
            Some(number) => Ok(Percent(number)),
            None => Err(with_help(&format!("`{text}` is not a share"), "write a whole number from 0% to 100%")),
        }
    }
}

impl<'de> Deserialize<'de> for Percent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Percent, D::Error> {
        struct PercentVisitor;

        impl Visitor<'_> for PercentVisitor {
            type Value = Percent;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a share such as 20%")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Percent, E> {
                Percent::parse(text).map_err(E::custom)
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Percent, E> {
                Err(E::invalid_type(Unexpected::Unsigned(number), &self))
            }
        }

        deserializer.deserialize_any(PercentVisitor)
    }
}

impl JsonSchema for Percent {
    fn schema_name() -> Cow<'static, str> {
        "Percent".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "a whole number of hundredths: 0% to 100%",
            "type": "string",
            "pattern": r"^[0-9]+%$|\$\{",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Percent;

    #[test]
    fn shares_have_their_sign_and_end_at_the_whole() {
        assert_eq!((Percent::parse("0%"), Percent::parse("100%")), (Ok(Percent(0)), Ok(Percent(100))));
        for wrong in ["20", "0.2", "101%", "-1%", "%", "+5%", "2 %"] {
            assert!(Percent::parse(wrong).is_err_and(|help| help.contains("0% to 100%")), "{wrong}");
        }
    }
}
