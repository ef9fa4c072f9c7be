//! `runtime.memory` as it is written: `auto`, `off`, a share, or a size. What a share comes to is
//! found where the gateway runs, so that a file means the same on every machine.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error as _};

use crate::config::document::percent::Percent;
use crate::config::document::size::ByteSize;

/// How much memory the process may hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MemoryName {
    /// A share of what the control group or the machine has.
    Auto,
    /// Whatever there is.
    Off,
    /// Such a share of it.
    Share(Percent),
    /// So much.
    Size(ByteSize),
}

impl<'de> Deserialize<'de> for MemoryName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<MemoryName, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        match &*text {
            "auto" => Ok(MemoryName::Auto),
            "off" => Ok(MemoryName::Off),
            share if share.ends_with('%') => Percent::parse(share).map(MemoryName::Share).map_err(D::Error::custom),
            size => ByteSize::parse(size).map(MemoryName::Size).map_err(D::Error::custom),
        }
    }
}

impl JsonSchema for MemoryName {
    fn schema_name() -> Cow<'static, str> {
        "Memory".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "auto, off, a share of what there is: 75%, or a whole number with its unit: 512MiB, 4GiB",
            "type": "string",
            "pattern": r"^(auto|off|[0-9]+(%|B|KiB|MiB|GiB))$|\$\{",
        })
    }
}
