//! A list that may be written as one value where there is only one. Used where the
//! two cannot be confused: names, methods, scopes, origins.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::SeqAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error, IntoDeserializer as _, SeqAccess, Visitor};

use crate::config::source::at::At;

/// A list of text.
#[derive(Clone, Debug, Default)]
pub struct OneOrMany(pub Vec<At<String>>);

impl OneOrMany {
    /// The members, in order.
    pub fn iter(&self) -> std::slice::Iter<'_, At<String>> {
        self.0.iter()
    }

    /// True when nothing is listed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'de> Deserialize<'de> for OneOrMany {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<OneOrMany, D::Error> {
        let whole: At<Shape> = At::deserialize(deserializer)?;
        Ok(OneOrMany(match whole.value {
            Shape::Many(list) => list,
            Shape::One(value) => vec![At { value, place: whole.place, secrecy: whole.secrecy }],
        }))
    }
}

impl JsonSchema for OneOrMany {
    fn schema_name() -> Cow<'static, str> {
        "OneOrMany".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "one value, or a list of them",
            "anyOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" } }],
        })
    }
}

enum Shape {
    One(String),
    Many(Vec<At<String>>),
}

impl<'de> Deserialize<'de> for Shape {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Shape, D::Error> {
        struct Either(PhantomData<()>);

        impl<'de> Visitor<'de> for Either {
            type Value = Shape;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("text, or a list of text")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Shape, E> {
                String::deserialize(text.into_deserializer()).map(Shape::One)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Shape, A::Error> {
                Deserialize::deserialize(SeqAccessDeserializer::new(items)).map(Shape::Many)
            }
        }

        deserializer.deserialize_any(Either(PhantomData))
    }
}
