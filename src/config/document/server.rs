//! One server of an upstream as it is written: its address alone, or a block where there
//! is more to say about it.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, Visitor};

use crate::config::source::at::At;

/// A server.
#[derive(Clone, Debug)]
pub enum ServerDocument {
    /// Its address.
    Url(String),
    /// Its address and more.
    Block(ServerBlock),
}

/// A server with a weight.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Server")]
pub struct ServerBlock {
    /// `http://HOST:PORT`, `https://HOST:PORT`, `unix:/path`, or `builtin:echo`.
    pub url: At<String>,
    /// Its share of the requests beside the others'; default 1.
    pub weight: Option<At<u64>>,
}

impl<'de> Deserialize<'de> for ServerDocument {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<ServerDocument, D::Error> {
        struct Either;

        impl<'de> Visitor<'de> for Either {
            type Value = ServerDocument;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an address such as http://10.1.0.11:8080, or a block with `url`")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<ServerDocument, E> {
                Ok(ServerDocument::Url(text.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<ServerDocument, A::Error> {
                ServerBlock::deserialize(MapAccessDeserializer::new(map)).map(ServerDocument::Block)
            }
        }

        deserializer.deserialize_any(Either)
    }
}

impl JsonSchema for ServerDocument {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "ServerOrUrl".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [{ "type": "string" }, generator.subschema_for::<ServerBlock>()] })
    }
}
