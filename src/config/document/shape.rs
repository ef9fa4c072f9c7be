//! The body of an answer, or the claims of a token, as a dialect writes them: members in
//! their order, whose texts may have references. A block whose only keys are `$each`
//! and `$value` is repeated for every token of a bulk answer.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::config::source::at::At;

/// A value to be written.
#[derive(Clone, Debug)]
pub enum ShapeDocument {
    /// Nothing.
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Number(u64),
    /// A text, perhaps with references.
    Text(String),
    /// Several values.
    List(Vec<At<ShapeDocument>>),
    /// Members.
    Members(Vec<(At<String>, At<ShapeDocument>)>),
}

impl<'de> Deserialize<'de> for ShapeDocument {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<ShapeDocument, D::Error> {
        struct Any;

        impl<'de> Visitor<'de> for Any {
            type Value = ShapeDocument;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("text, a whole number, true, false, null, a list or a block")
            }

            fn visit_unit<E: Error>(self) -> Result<ShapeDocument, E> {
                Ok(ShapeDocument::Null)
            }

            fn visit_bool<E: Error>(self, value: bool) -> Result<ShapeDocument, E> {
                Ok(ShapeDocument::Bool(value))
            }

            fn visit_u64<E: Error>(self, value: u64) -> Result<ShapeDocument, E> {
                Ok(ShapeDocument::Number(value))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<ShapeDocument, E> {
                Ok(ShapeDocument::Text(text.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<ShapeDocument, A::Error> {
                let mut out = Vec::new();
                while let Some(item) = items.next_element()? {
                    out.push(item);
                }
                Ok(ShapeDocument::List(out))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ShapeDocument, A::Error> {
                let mut out = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    out.push(entry);
                }
                Ok(ShapeDocument::Members(out))
            }
        }

        deserializer.deserialize_any(Any)
    }
}

impl JsonSchema for ShapeDocument {
    fn schema_name() -> Cow<'static, str> {
        "Shape".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "a value: text with references such as {access_token}, a number, a list or a block",
            "type": ["null", "boolean", "integer", "string", "array", "object"],
        })
    }
}
