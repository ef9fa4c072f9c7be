//! The shape of a body: members in the order they are written, whose values are
//! templates, literals or further shapes. `each` repeats one shape for every token of
//! a bulk answer. Types survive: a number in the dialect is a number on the wire.

use serde_json::{Map, Value};

use crate::dialect::fact::Facts;
use crate::dialect::template::{Rendered, Template};

/// A value to be written.
#[derive(Clone, PartialEq, Debug)]
pub enum Shape {
    /// As it stands: null, true, a number.
    Literal(Value),
    /// A text with references.
    Text(Template),
    /// Several values.
    List(Vec<Shape>),
    /// Members in order.
    Members(Vec<(Box<str>, Shape)>),
    /// One member for every token of the answer.
    Each {
        /// The member's name.
        key: Template,
        /// The member's value.
        value: Box<Shape>,
    },
}

impl Shape {
    /// Members that each are one reference or text.
    pub(in crate::dialect) fn members<const N: usize>(members: [(&str, Template); N]) -> Shape {
        Shape::Members(members.into_iter().map(|(name, text)| (name.into(), Shape::Text(text))).collect())
    }

    /// The member of that name, however deep it stands.
    pub fn member(&self, name: &str) -> Option<&Shape> {
        match self {
            Shape::Literal(_) | Shape::Text(_) => None,
            Shape::List(values) => values.iter().find_map(|value| value.member(name)),
            Shape::Each { value, .. } => value.member(name),
            Shape::Members(members) => {
                let own = members.iter().find(|(known, _)| **known == *name).map(|(_, value)| value);
                own.or_else(|| members.iter().find_map(|(_, value)| value.member(name)))
            }
        }
    }

    /// The value for one set of facts, and for each of `items` where the shape says so.
    pub fn render(&self, facts: &dyn Facts, items: &[&dyn Facts]) -> Rendered {
        match self {
            Shape::Literal(value) => Rendered::Value(value.clone()),
            Shape::Text(template) => template.render(facts),
            Shape::List(values) => {
                let rendered = values.iter().filter_map(|value| match value.render(facts, items) {
                    Rendered::Value(value) => Some(value),
                    Rendered::Omitted => None,
                });
                Rendered::Value(Value::Array(rendered.collect()))
            }
            Shape::Members(members) => {
                let mut out = Map::new();
                for (name, value) in members {
                    if let Rendered::Value(value) = value.render(facts, items) {
                        out.insert(name.to_string(), value);
                    }
                }
                Rendered::Value(Value::Object(out))
            }
            Shape::Each { key, value } => {
                let mut out = Map::new();
                for item in items {
                    if let Rendered::Value(value) = value.render(*item, &[]) {
                        out.insert(key.text(*item), value);
                    }
                }
                Rendered::Value(Value::Object(out))
            }
        }
    }

    /// The value, or null where it would be left out.
    pub fn value(&self, facts: &dyn Facts, items: &[&dyn Facts]) -> Value {
        match self.render(facts, items) {
            Rendered::Value(value) => value,
            Rendered::Omitted => Value::Null,
        }
    }
}
