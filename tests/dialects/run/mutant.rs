//! Presets broken on purpose, one place at a time: a value left out, a value changed, a
//! word replaced by the others that stand under the same key elsewhere. Each has to be
//! refused when it is read, or to make a transcript fail; one that does neither is a
//! knob that no transcript looks at.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// Words that are tried in place of one.
const OTHERS: usize = 2;

/// A preset with one thing wrong.
#[derive(Clone, Debug)]
pub struct Mutant {
    /// Where, such as `success.body.expires_in`.
    pub place: String,
    /// What was done there.
    pub what: String,
    /// The whole document.
    pub document: Value,
}

/// The scalars that stand under each key, over several documents.
pub type Words = BTreeMap<String, BTreeSet<String>>;

/// Collects the words of a document.
pub fn words(document: &Value, key: &str, words: &mut Words) {
    match document {
        Value::Object(members) => members.iter().for_each(|(key, value)| self::words(value, key, words)),
        Value::Array(values) => values.iter().for_each(|value| self::words(value, key, words)),
        Value::String(word) => {
            words.entry(key.to_owned()).or_default().insert(word.clone());
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Every mutant of a document.
pub fn mutants(document: &Value, words: &Words) -> Vec<Mutant> {
    let mut out = Vec::new();
    visit(document, document, &mut Vec::new(), words, &mut out);
    out
}

fn visit(root: &Value, value: &Value, place: &mut Vec<String>, words: &Words, out: &mut Vec<Mutant>) {
    let children: Vec<(String, &Value)> = match value {
        Value::Object(members) => members.iter().map(|(key, value)| (key.clone(), value)).collect(),
        Value::Array(values) => values.iter().enumerate().map(|(at, value)| (at.to_string(), value)).collect(),
        scalar => {
            let mut mutant = |what: String, new: Option<Value>| {
                let mut document = root.clone();
                put(&mut document, place, new);
                out.push(Mutant { place: place.join("."), what, document });
            };
            mutant("left out".to_owned(), None);
            for other in others(scalar, place, words) {
                mutant(format!("{scalar} -> {other}"), Some(other));
            }
            return;
        }
    };
    for (key, child) in children {
        place.push(key);
        visit(root, child, place, words, out);
        place.pop();
    }
}

/// What is tried in place of a scalar.
fn others(scalar: &Value, place: &[String], words: &Words) -> Vec<Value> {
    match scalar {
        Value::Bool(yes) => vec![Value::Bool(!yes)],
        Value::Number(number) => vec![Value::from(number.as_i64().unwrap_or_default() + 1)],
        Value::String(text) => {
            let key = place.iter().rev().find(|step| step.parse::<usize>().is_err());
            let known = key.and_then(|key| words.get(key)).into_iter().flatten();
            let known = known.filter(|word| *word != text).take(OTHERS).cloned();
            known.chain([format!("{text}x")]).map(Value::String).collect()
        }
        Value::Null => vec![Value::from("x")],
        Value::Array(_) | Value::Object(_) => Vec::new(),
    }
}

/// Puts something at a place, or takes away what is there.
fn put(document: &mut Value, place: &[String], new: Option<Value>) {
    let Some((last, above)) = place.split_last() else { return };
    let mut parent = document;
    for step in above {
        parent = match parent {
            Value::Array(values) => &mut values[step.parse::<usize>().expect("a number")],
            other => &mut other[step.as_str()],
        };
    }
    match (parent, new) {
        (Value::Object(members), Some(new)) => {
            members.insert(last.clone(), new);
        }
        (Value::Object(members), None) => {
            members.shift_remove(last);
        }
        (Value::Array(values), Some(new)) => values[last.parse::<usize>().expect("a number")] = new,
        (Value::Array(values), None) => {
            values.remove(last.parse().expect("a number"));
        }
        (scalar, _) => panic!("{scalar} has nothing in it"),
    }
}

#[test]
fn every_scalar_is_left_out_and_changed() {
    let document = serde_json::json!({"a": {"b": 1, "c": ["x", true]}, "d": {"c": "y"}});
    let mut known = Words::new();
    words(&document, "", &mut known);
    let all: Vec<(String, String)> = mutants(&document, &known)
        .iter()
        .map(|m| (format!("{} {}", m.place, m.what), m.document.to_string()))
        .collect();
    let found = |what: &str, document: &str| all.contains(&(what.to_owned(), document.to_owned()));
    assert!(found("a.b left out", r#"{"a":{"c":["x",true]},"d":{"c":"y"}}"#), "{all:?}");
    assert!(found("a.b 1 -> 2", r#"{"a":{"b":2,"c":["x",true]},"d":{"c":"y"}}"#), "{all:?}");
    assert!(found("a.c.0 \"x\" -> \"y\"", r#"{"a":{"b":1,"c":["y",true]},"d":{"c":"y"}}"#), "{all:?}");
    assert!(found("a.c.1 true -> false", r#"{"a":{"b":1,"c":["x",false]},"d":{"c":"y"}}"#), "{all:?}");
    assert!(found("d.c \"y\" -> \"yx\"", r#"{"a":{"b":1,"c":["x",true]},"d":{"c":"yx"}}"#), "{all:?}");
    assert_eq!(all.len(), 2 + 3 + 2 + 3);
}
