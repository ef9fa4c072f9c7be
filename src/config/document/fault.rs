//! Words for what goes wrong with a request to a server, as `retry.on` and `eject.on`
//! list them: a word, or one of the server's own statuses.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error, Unexpected, Visitor};

/// One kind of fault.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FaultWord {
    /// `connect-failure`.
    Connect,
    /// `reset`.
    Reset,
    /// `timeout`.
    Timeout,
    /// One status from 500 to 599.
    Status(u16),
    /// `5xx`: all of them.
    AnyStatus,
}

impl<'de> Deserialize<'de> for FaultWord {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<FaultWord, D::Error> {
        struct WordVisitor;

        impl Visitor<'_> for WordVisitor {
            type Value = FaultWord;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("connect-failure, reset, timeout, a status from 500 to 599, or 5xx")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<FaultWord, E> {
                match text {
                    "connect-failure" => Ok(FaultWord::Connect),
                    "reset" => Ok(FaultWord::Reset),
                    "timeout" => Ok(FaultWord::Timeout),
                    "5xx" => Ok(FaultWord::AnyStatus),
                    _ => Err(E::invalid_value(Unexpected::Str(text), &self)),
                }
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<FaultWord, E> {
                match u16::try_from(number) {
                    Ok(status @ 500..=599) => Ok(FaultWord::Status(status)),
                    Ok(_) | Err(_) => Err(E::invalid_value(Unexpected::Unsigned(number), &self)),
                }
            }
        }

        deserializer.deserialize_any(WordVisitor)
    }
}

impl JsonSchema for FaultWord {
    fn schema_name() -> Cow<'static, str> {
        "Fault".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "what went wrong with a request to a server",
            "anyOf": [
                { "type": "string", "pattern": r"^(connect-failure|reset|timeout|5xx)$|\$\{" },
                { "type": "integer", "minimum": 500, "maximum": 599 },
            ],
        })
    }
}
