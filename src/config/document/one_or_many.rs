//! A list that may be written as one value where there is only one. Used where the
//! two cannot be confused: names, methods, scopes, origins, servers, statuses.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserialize, Deserializer, Error, IntoDeserializer as _, MapAccess, SeqAccess, Visitor};

use crate::config::source::at::At;

/// A list, of text unless it says otherwise.
#[derive(Clone, Debug)]
pub struct OneOrMany<T = String>(pub Vec<At<T>>);

impl<T> OneOrMany<T> {
    /// The members, in order.
    pub fn iter(&self) -> std::slice::Iter<'_, At<T>> {
        self.0.iter()
    }

    /// True when nothing is listed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many are listed.
    pub fn len(&self) -> usize {
        self.0.len()
    }
}

impl<T> Default for OneOrMany<T> {
    fn default() -> OneOrMany<T> {
        OneOrMany(Vec::new())
    }
}

impl<'a, T> IntoIterator for &'a OneOrMany<T> {
    type Item = &'a At<T>;
    type IntoIter = std::slice::Iter<'a, At<T>>;

    fn into_iter(self) -> std::slice::Iter<'a, At<T>> {
        self.iter()
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for OneOrMany<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<OneOrMany<T>, D::Error> {
        let whole: At<Shape<T>> = At::deserialize(deserializer)?;
        Ok(OneOrMany(match whole.value {
            Shape::Many(list) => list,
            Shape::One(value) => vec![At { value, place: whole.place, secrecy: whole.secrecy }],
        }))
    }
}

impl<T: JsonSchema> JsonSchema for OneOrMany<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("OneOrMany_{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let one = generator.subschema_for::<T>();
        json_schema!({
            "description": "one value, or a list of them",
            "anyOf": [one, { "type": "array", "items": one }],
        })
    }
}

enum Shape<T> {
    One(T),
    Many(Vec<At<T>>),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Shape<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Shape<T>, D::Error> {
        struct Either<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Either<T> {
            type Value = Shape<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("one value, or a list of them")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Shape<T>, E> {
                T::deserialize(text.into_deserializer()).map(Shape::One)
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Shape<T>, E> {
                T::deserialize(number.into_deserializer()).map(Shape::One)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Shape<T>, A::Error> {
                Deserialize::deserialize(SeqAccessDeserializer::new(items)).map(Shape::Many)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Shape<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Shape::One)
            }
        }

        deserializer.deserialize_any(Either(PhantomData))
    }
}
