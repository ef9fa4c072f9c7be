//! The members of one JSON object in the order in which they stand, read as strictly as
//! `json` reads. Tokens have a dozen of them, of which each is asked for once: a row of
//! pairs is made and searched for less than a table that hashes every name.
//! Must never: hold a name twice.

use std::fmt;

use serde::de::{Deserializer, Error as _, MapAccess, Visitor};
use serde_json::{Map, Value};

use crate::token::json::{MAX_DEPTH, NotAnObject, Strict};

/// With more members, equal names are looked for in one go when all have been read.
const FEW: usize = 16;

/// Names and their values.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Members(Vec<(String, Value)>);

impl Members {
    /// Reads one object and nothing else.
    pub fn read(bytes: &[u8]) -> Result<Members, NotAnObject> {
        // Looked at once as a whole, not at each of its texts.
        let text = std::str::from_utf8(bytes).map_err(|_| NotAnObject)?;
        let mut reader = serde_json::Deserializer::from_str(text);
        let members = reader.deserialize_map(Reading).map_err(|_| NotAnObject)?;
        reader.end().map_err(|_| NotAnObject)?;
        Ok(members)
    }

    /// The value of that name.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.iter().find(|(own, _)| own == name).map(|(_, value)| value)
    }

    /// The names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    fn has_twins(&self) -> bool {
        let mut names: Vec<&str> = self.names().collect();
        names.sort_unstable();
        names.windows(2).any(|pair| pair[0] == pair[1])
    }
}

impl From<Members> for Map<String, Value> {
    fn from(members: Members) -> Map<String, Value> {
        members.0.into_iter().collect()
    }
}

/// Reads the outermost object.
struct Reading;

impl<'de> Visitor<'de> for Reading {
    type Value = Members;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object without repeated names")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut pairs: A) -> Result<Members, A::Error> {
        let twice = || A::Error::custom("a name stands twice");
        let mut members = Members(Vec::with_capacity(FEW));
        while let Some(name) = pairs.next_key::<String>()? {
            if members.0.len() < FEW && members.get(&name).is_some() {
                return Err(twice());
            }
            members.0.push((name, pairs.next_value_seed(Strict(MAX_DEPTH - 1))?));
        }
        if members.0.len() > FEW && members.has_twins() { Err(twice()) } else { Ok(members) }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value};

    use super::{FEW, Members};
    use crate::token::json::{self, NotAnObject};

    #[test]
    fn reads_and_refuses_what_the_strict_reader_does() {
        let deep = |levels: usize| format!("{}1{}", "{\"a\":".repeat(levels), "}".repeat(levels)).into_bytes();
        let mut texts: Vec<Vec<u8>> = vec![deep(16), deep(17), deep(3000), b"{\"a\":\"\xff\"}".to_vec(), Vec::new()];
        let more = [
            r#"{"a":[1,-2,3.5,true,null,{"b":"\u00e9"}],"c":{},"":"\u0000"}"#,
            r#"{"a":1,"a":1}"#,
            r#"{"a":1,"\u0061":2}"#,
            r#"{"x":[{"a":1,"a":2}]}"#,
            "[1]",
            "7",
            "{} {}",
            " {} ",
            r#"{"a":1e999}"#,
            r#"{"a":"\ud800"}"#,
            r#"{"a":1,}"#,
            "\u{feff}{}",
        ];
        texts.extend(more.map(|text| text.as_bytes().to_vec()));
        for text in texts {
            let members = Members::read(&text).map(Map::<String, Value>::from);
            assert_eq!(members, json::object(&text), "{}", String::from_utf8_lossy(&text));
        }
    }

    #[test]
    fn twins_are_found_wherever_they_stand() {
        for count in [2, FEW - 1, FEW, FEW + 1, FEW + 2, 5 * FEW] {
            let text = |twins: Option<(usize, usize)>| {
                let name = |i: usize| twins.filter(|(_, second)| *second == i).map_or(i, |(first, _)| first);
                let pairs: Vec<String> = (0..count).map(|i| format!("\"n{}\":{i}", name(i))).collect();
                format!("{{{}}}", pairs.join(","))
            };
            let whole = Members::read(text(None).as_bytes()).unwrap();
            assert_eq!(whole.names().count(), count);
            assert!((0..count).all(|i| whole.get(&format!("n{i}")) == Some(&Value::from(i))));
            for (first, second) in [(0, 1), (0, count - 1), (count - 2, count - 1), (count / 2 - 1, count / 2)] {
                assert_eq!(Members::read(text(Some((first, second))).as_bytes()), Err(NotAnObject), "{first} {second}");
            }
        }
    }
}
