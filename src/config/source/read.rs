//! The tree as a serde deserializer that knows where it is. One mistake ends one
//! reading; `read` then sets the offending node aside and reads again, so that all
//! mistakes of a file are found in one go and none is reported twice.

use std::collections::HashSet;

use serde::de::value::StrDeserializer;
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, Error as _, IntoDeserializer, MapAccess, SeqAccess,
    Unexpected, VariantAccess, Visitor,
};
use serde_yaml::Value as Yaml;

use crate::config::source::at::AT;
use crate::config::source::mistake::{Kind, Mistake};
use crate::config::source::place::{Place, Places};
use crate::config::source::scalar::typed;
use crate::config::source::tree::{Entry, Node, Scalar, Style, Value};

/// After so many mistakes the rest is not looked for.
pub const MAX_MISTAKES: usize = 100;

/// What a reading came to.
pub struct Reading<T> {
    /// The document, if one can be made of what is left.
    pub document: Option<T>,
    /// Every mistake.
    pub mistakes: Vec<Mistake>,
    /// Blocks that lost a key or a member; what is missing in them is no news.
    pub damaged: HashSet<Place>,
}

/// Reads the tree into a document type. Nodes that are `aside` are known to be broken
/// and not looked at.
pub fn read<T: DeserializeOwned>(root: &Node, places: &Places, mut aside: HashSet<Place>) -> Reading<T> {
    let mut mistakes = Vec::new();
    let document = read_around(root, places, &mut aside, &mut mistakes);
    let damaged = aside.iter().filter_map(|place| places.spot(*place).and_then(|spot| spot.parent)).collect();
    Reading { document, mistakes, damaged }
}

fn read_around<T: DeserializeOwned>(
    root: &Node,
    places: &Places,
    aside: &mut HashSet<Place>,
    mistakes: &mut Vec<Mistake>,
) -> Option<T> {
    while mistakes.len() < MAX_MISTAKES {
        let reader = Reader { node: root, places, aside };
        match T::deserialize(reader) {
            Ok(document) => return Some(document),
            Err(mistake) => {
                let place = mistake.place.unwrap_or(root.place);
                // What is missing only because it was set aside is no new mistake.
                let follows = match &mistake.kind {
                    Kind::MissingKey(key) => find(root, place).is_some_and(|node| node.child(key).is_some()),
                    _ => false,
                };
                if !follows {
                    mistakes.push(mistake);
                }
                if place == root.place || !aside.insert(place) {
                    return None;
                }
            }
        }
    }
    None
}

/// The node of that number below `node`.
pub fn find(node: &Node, place: Place) -> Option<&Node> {
    if node.place == place {
        return Some(node);
    }
    match &node.value {
        Value::Scalar(_) => None,
        Value::List(items) => items.iter().find_map(|item| find(item, place)),
        Value::Map(entries) => entries.iter().find_map(|entry| find(&entry.node, place)),
    }
}

/// One node, ready to be visited.
#[derive(Clone, Copy)]
struct Reader<'t> {
    node: &'t Node,
    places: &'t Places,
    aside: &'t HashSet<Place>,
}

impl<'t> Reader<'t> {
    fn on(self, node: &'t Node) -> Reader<'t> {
        Reader { node, ..self }
    }

    fn scalar(&self) -> Option<&'t Scalar> {
        match &self.node.value {
            Value::Scalar(scalar) => Some(scalar),
            Value::List(_) | Value::Map(_) => None,
        }
    }

    fn is_null(&self) -> bool {
        self.scalar().is_some_and(|scalar| typed(scalar) == Yaml::Null)
    }

    fn items(self, items: &'t [Node]) -> Items<'t> {
        Items { reader: self, rest: items.iter() }
    }

    fn fields(self, entries: &'t [Entry]) -> Fields<'t> {
        Fields { reader: self, rest: entries.iter(), current: None }
    }

    /// Visits whatever stands here, by its looks.
    fn visit<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        match &self.node.value {
            Value::List(items) => visitor.visit_seq(self.items(items)),
            Value::Map(entries) => visitor.visit_map(self.fields(entries)),
            Value::Scalar(scalar) => match typed(scalar) {
                Yaml::Null => visitor.visit_unit(),
                Yaml::Bool(value) => visitor.visit_bool(value),
                Yaml::Number(number) => match (number.as_u64(), number.as_i64(), number.as_f64()) {
                    (Some(n), _, _) => visitor.visit_u64(n),
                    (None, Some(n), _) => visitor.visit_i64(n),
                    (None, None, n) => visitor.visit_f64(n.unwrap_or_default()),
                },
                Yaml::String(_) | Yaml::Sequence(_) | Yaml::Mapping(_) | Yaml::Tagged(_) => {
                    visitor.visit_str(&scalar.text)
                }
            },
        }
    }

    fn visit_text<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        match self.scalar() {
            Some(scalar) if scalar.style != Style::Plain => visitor.visit_str(&scalar.text),
            _ => self.visit(visitor),
        }
    }
}

/// Methods that only differ in how the visitor is called.
macro_rules! read_as {
    ($how:ident: $($method:ident)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
            self.$how(visitor).map_err(|mistake| mistake.at(self.node.place))
        })*
    };
}

impl<'de> Deserializer<'de> for Reader<'_> {
    type Error = Mistake;

    read_as!(visit: deserialize_any deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_f32 deserialize_f64
        deserialize_unit);
    read_as!(visit_text: deserialize_char deserialize_str deserialize_string deserialize_bytes deserialize_byte_buf
        deserialize_identifier);

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        if self.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        // A key with nothing behind it, such as one whose lines are all commented out.
        if self.is_null() {
            return visitor.visit_seq(self.items(&[]));
        }
        self.visit(visitor).map_err(|mistake| mistake.at(self.node.place))
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        let done = if self.is_null() { visitor.visit_map(self.fields(&[])) } else { self.visit(visitor) };
        done.map_err(|mistake| mistake.at(self.node.place))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mistake> {
        match &self.node.value {
            // serde would also read a struct from a list, by position; this language does not.
            Value::List(_) => Err(Mistake::invalid_type(Unexpected::Seq, &"a block of keys").at(self.node.place)),
            Value::Map(_) | Value::Scalar(_) => self.deserialize_map(visitor),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, Mistake> {
        let done = if name == AT {
            let place = self.node.place;
            visitor.visit_seq(Located { place, hidden: self.places.hidden(place), step: 0, value: Some(self) })
        } else {
            visitor.visit_newtype_struct(self)
        };
        done.map_err(|mistake| mistake.at(self.node.place))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mistake> {
        let wrong = |found| Mistake::invalid_type(found, &"a word");
        match &self.node.value {
            Value::Scalar(scalar) => visitor.visit_enum(Word(&scalar.text)),
            Value::List(_) => Err(wrong(Unexpected::Seq)),
            Value::Map(_) => Err(wrong(Unexpected::Map)),
        }
        .map_err(|mistake| mistake.at(self.node.place))
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _length: usize, visitor: V) -> Result<V::Value, Mistake> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _length: usize,
        visitor: V,
    ) -> Result<V::Value, Mistake> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _name: &'static str, visitor: V) -> Result<V::Value, Mistake> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        visitor.visit_unit()
    }
}

struct Items<'t> {
    reader: Reader<'t>,
    rest: std::slice::Iter<'t, Node>,
}

impl<'de> SeqAccess<'de> for Items<'_> {
    type Error = Mistake;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Mistake> {
        let next = self.rest.by_ref().find(|node| !self.reader.aside.contains(&node.place));
        next.map(|node| seed.deserialize(self.reader.on(node)).map_err(|m| m.at(node.place))).transpose()
    }
}

struct Fields<'t> {
    reader: Reader<'t>,
    rest: std::slice::Iter<'t, Entry>,
    current: Option<&'t Entry>,
}

impl<'de> MapAccess<'de> for Fields<'_> {
    type Error = Mistake;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Mistake> {
        let aside = self.reader.aside;
        self.current = self.rest.by_ref().find(|e| !aside.contains(&e.key_place) && !aside.contains(&e.node.place));
        self.current
            .map(|entry| {
                let key = Scalar { text: entry.key.clone(), style: Style::Quoted };
                let node = Node { place: entry.key_place, value: Value::Scalar(key) };
                let reader = Reader { node: &node, places: self.reader.places, aside };
                seed.deserialize(reader).map_err(|mistake| mistake.at(entry.key_place))
            })
            .transpose()
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Mistake> {
        match self.current.take() {
            Some(entry) => seed.deserialize(self.reader.on(&entry.node)).map_err(|m| m.at(entry.node.place)),
            None => Err(Mistake::custom("a value without its key")),
        }
    }
}

/// A value in three parts: its place, its secrecy, itself.
struct Located<'t> {
    place: Place,
    hidden: bool,
    step: u8,
    value: Option<Reader<'t>>,
}

impl<'de> SeqAccess<'de> for Located<'_> {
    type Error = Mistake;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Mistake> {
        self.step += 1;
        match self.step {
            1 => seed.deserialize(self.place.0.into_deserializer()).map(Some),
            2 => seed.deserialize(self.hidden.into_deserializer()).map(Some),
            _ => self.value.take().map(|reader| seed.deserialize(reader)).transpose(),
        }
    }
}

/// A word of a closed list; no variant has content.
struct Word<'t>(&'t str);

impl<'de> EnumAccess<'de> for Word<'_> {
    type Error = Mistake;
    type Variant = Bare;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Bare), Mistake> {
        let word: StrDeserializer<'_, Mistake> = self.0.into_deserializer();
        seed.deserialize(word).map(|variant| (variant, Bare))
    }
}

struct Bare;

impl<'de> VariantAccess<'de> for Bare {
    type Error = Mistake;

    fn unit_variant(self) -> Result<(), Mistake> {
        Ok(())
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, _seed: S) -> Result<S::Value, Mistake> {
        Err(Mistake::custom("a word with content"))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _length: usize, _visitor: V) -> Result<V::Value, Mistake> {
        Err(Mistake::custom("a word with content"))
    }

    fn struct_variant<V: Visitor<'de>>(self, _fields: &'static [&'static str], _v: V) -> Result<V::Value, Mistake> {
        Err(Mistake::custom("a word with content"))
    }
}
