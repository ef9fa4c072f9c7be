//! Values that are a word or something else: `auto` or a number, `https` or a port,
//! `off` or a block. One visitor for each, so that the message names both.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Unexpected, Visitor};

/// A word that may stand in place of something else.
pub trait Word {
    /// The word.
    const WORD: &'static str;
}

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident = $word:literal;)*) => {
        $($(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum $name {}

        impl Word for $name {
            const WORD: &'static str = $word;
        })*
    };
}

words! {
    /// As many as the machine has.
    Auto = "auto";
    /// The port that https has.
    Https = "https";
    /// Not at all.
    Off = "off";
    /// A certificate made at first start.
    SelfSigned = "self-signed";
}

/// The word `W`, or a whole number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OrNumber<W> {
    /// The word.
    Word,
    /// The number.
    Number(u64, PhantomData<W>),
}

impl<'de, W: Word> Deserialize<'de> for OrNumber<W> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<OrNumber<W>, D::Error> {
        deserializer.deserialize_any(NumberVisitor(PhantomData))
    }
}

impl<W: Word> JsonSchema for OrNumber<W> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("{}_or_number", W::WORD).into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let pattern = format!(r"^{}$|\$\{{", W::WORD);
        json_schema!({ "anyOf": [{ "type": "string", "pattern": pattern }, { "type": "integer", "minimum": 0 }] })
    }
}

struct NumberVisitor<W>(PhantomData<W>);

impl<W: Word> Visitor<'_> for NumberVisitor<W> {
    type Value = OrNumber<W>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, or a whole number", W::WORD)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<OrNumber<W>, E> {
        if text == W::WORD { Ok(OrNumber::Word) } else { Err(E::invalid_value(Unexpected::Str(text), &self)) }
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<OrNumber<W>, E> {
        Ok(OrNumber::Number(number, PhantomData))
    }
}

/// The word `W`, or a block of keys.
#[derive(Clone, Debug)]
pub enum OrBlock<W, T> {
    /// The word.
    Word(PhantomData<W>),
    /// The block.
    Block(T),
}

impl<'de, W: Word, T: Deserialize<'de>> Deserialize<'de> for OrBlock<W, T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<OrBlock<W, T>, D::Error> {
        deserializer.deserialize_any(BlockVisitor(PhantomData))
    }
}

impl<W: Word, T: JsonSchema> JsonSchema for OrBlock<W, T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("{}_or_{}", W::WORD, T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let pattern = format!(r"^{}$|\$\{{", W::WORD);
        json_schema!({ "anyOf": [{ "type": "string", "pattern": pattern }, generator.subschema_for::<T>()] })
    }
}

struct BlockVisitor<W, T>(PhantomData<(W, T)>);

impl<'de, W: Word, T: Deserialize<'de>> Visitor<'de> for BlockVisitor<W, T> {
    type Value = OrBlock<W, T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, or a block of keys", W::WORD)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<OrBlock<W, T>, E> {
        if text == W::WORD {
            Ok(OrBlock::Word(PhantomData))
        } else {
            Err(E::invalid_value(Unexpected::Str(text), &self))
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<OrBlock<W, T>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(OrBlock::Block)
    }
}
