//! Amounts of bytes as the file writes them: `512B`, `64KiB`, `8MiB`, `1GiB`. Units
//! are powers of 1,024 and say so; `KB` is refused because people mean both by it.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error, Unexpected, Visitor};

use crate::config::source::mistake::with_help;

/// An amount of bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct ByteSize(pub u64);

impl ByteSize {
    /// Reads number and unit; the error is a message with help.
    pub fn parse(text: &str) -> Result<ByteSize, String> {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at(digits);
        let factor: Option<u64> = match unit {
            "B" => Some(1),
            "KiB" => Some(1 << 10),
            "MiB" => Some(1 << 20),
            "GiB" => Some(1 << 30),
            _ => None,
        };
        let (Ok(count), Some(factor)) = (number.parse::<u64>(), factor) else {
            let number = if number.is_empty() { "64" } else { number };
            let unit = match unit.trim().to_ascii_lowercase().as_str() {
                "m" | "mb" | "mib" => "MiB",
                "g" | "gb" | "gib" => "GiB",
                "" | "b" => "B",
                _ => "KiB",
            };
            return Err(with_help(&format!("`{text}` is not a size"), &format!("write {number}{unit}")));
        };
        count.checked_mul(factor).map(ByteSize).ok_or_else(|| format!("`{text}` is too large"))
    }
}

impl<'de> Deserialize<'de> for ByteSize {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<ByteSize, D::Error> {
        deserializer.deserialize_any(SizeVisitor)
    }
}

impl JsonSchema for ByteSize {
    fn schema_name() -> Cow<'static, str> {
        "Size".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "a whole number with its unit: 512B, 64KiB, 8MiB, 1GiB",
            "type": "string",
            "pattern": r"^[0-9]+(B|KiB|MiB|GiB)$|\$\{",
        })
    }
}

struct SizeVisitor;

impl Visitor<'_> for SizeVisitor {
    type Value = ByteSize;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a size such as 64KiB or 8MiB")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<ByteSize, E> {
        ByteSize::parse(text).map_err(E::custom)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<ByteSize, E> {
        Err(E::invalid_type(Unexpected::Unsigned(number), &self))
    }
}

#[cfg(test)]
mod tests {
    use super::ByteSize;

    #[test]
    fn units_are_powers_of_1024() {
        assert_eq!(ByteSize::parse("64KiB"), Ok(ByteSize(65_536)));
        assert_eq!(ByteSize::parse("1GiB"), Ok(ByteSize(1 << 30)));
        assert!(ByteSize::parse("64KB").is_err_and(|help| help.ends_with("write 64KiB")));
        assert!(ByteSize::parse("20000000000GiB").is_err_and(|help| help.contains("too large")));
    }
}
