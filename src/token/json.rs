//! JSON objects read strictly: a name that stands twice is an error at every level,
//! since two readers of one token may each believe another value (RFC 7519 §4).
//! Depth and size are bounded before anything is built.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::map::Entry;
use serde_json::{Map, Number, Value};

/// Deepest nesting of arrays and objects; more is refused.
pub const MAX_DEPTH: usize = 16;

/// The bytes are not one JSON object, or one that two readers could read differently.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NotAnObject;

/// Reads one object and nothing else.
pub fn object(bytes: &[u8]) -> Result<Map<String, Value>, NotAnObject> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = Strict(MAX_DEPTH).deserialize(&mut reader).map_err(|_| NotAnObject)?;
    reader.end().map_err(|_| NotAnObject)?;
    match value {
        Value::Object(map) => Ok(map),
        _ => Err(NotAnObject),
    }
}

/// Reads a value with as many levels left.
pub(in crate::token) struct Strict(pub usize);

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Value, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value without repeated names")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("not a number"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let below = self.0.checked_sub(1).ok_or_else(|| A::Error::custom("nested too deeply"))?;
        let mut list = Vec::new();
        while let Some(member) = members.next_element_seed(Strict(below))? {
            list.push(member);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let below = self.0.checked_sub(1).ok_or_else(|| A::Error::custom("nested too deeply"))?;
        let mut map = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            match map.entry(name) {
                Entry::Vacant(place) => drop(place.insert(members.next_value_seed(Strict(below))?)),
                Entry::Occupied(_) => return Err(A::Error::custom("a name stands twice")),
            }
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use super::{MAX_DEPTH, NotAnObject, object};

    #[test]
    fn reads_what_serde_reads() {
        let text = r#"{"a":[1,-2,3.5,true,null,{"b":"\u00e9"}],"c":{}}"#;
        assert_eq!(
            object(text.as_bytes()).unwrap(),
            *serde_json::from_str::<serde_json::Value>(text).unwrap().as_object().unwrap()
        );
    }

    #[test]
    fn refuses_what_could_be_read_twice() {
        let deep = |levels: usize| format!("{}1{}", "{\"a\":".repeat(levels), "}".repeat(levels));
        assert!(object(deep(MAX_DEPTH).as_bytes()).is_ok());
        let bad: &[&[u8]] = &[
            br#"{"a":1,"a":1}"#,
            br#"{"a":1,"\u0061":2}"#,
            br#"{"x":{"a":1,"a":2}}"#,
            br#"{"x":[{"a":1,"a":2}]}"#,
            b"[1]",
            b"\"text\"",
            b"{} {}",
            b"{\"a\":NaN}",
            b"{\"a\":1e999}",
            b"\xef\xbb\xbf{}",
            b"{\"a\":\"\xff\"}",
            b"{\"\xff\":1}",
            br#"{"a":"\ud800"}"#,
            b"",
            b"{\"a\":1,}",
        ];
        for text in bad {
            assert_eq!(object(text), Err(NotAnObject), "{}", String::from_utf8_lossy(text));
        }
        assert_eq!(object(deep(MAX_DEPTH + 1).as_bytes()), Err(NotAnObject));
        assert_eq!(object(deep(3000).as_bytes()), Err(NotAnObject));
    }
}
