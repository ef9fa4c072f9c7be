//! A list of blocks that may be written as one block where there is only one. Used where
//! one is what most files have.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::config::source::at::At;

/// A list of blocks.
#[derive(Clone, Debug)]
pub struct Blocks<T>(pub Vec<At<T>>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Blocks<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Blocks<T>, D::Error> {
        let whole: At<Shape<T>> = At::deserialize(deserializer)?;
        Ok(Blocks(match whole.value {
            Shape::Many(list) => list,
            Shape::One(value) => vec![At { value, place: whole.place, secrecy: whole.secrecy }],
        }))
    }
}

impl<T: JsonSchema> JsonSchema for Blocks<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("Blocks_{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let block = generator.subschema_for::<T>();
        json_schema!({ "anyOf": [block, { "type": "array", "items": block }] })
    }
}

enum Shape<T> {
    One(T),
    Many(Vec<At<T>>),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Shape<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Shape<T>, D::Error> {
        deserializer.deserialize_any(Either(PhantomData))
    }
}

struct Either<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Either<T> {
    type Value = Shape<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a block of keys, or a list of such blocks")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Shape<T>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(Shape::One)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Shape<T>, A::Error> {
        Deserialize::deserialize(SeqAccessDeserializer::new(items)).map(Shape::Many)
    }
}
