//! Fields of users, clients and bots on the command line: `NAME=VALUE`, as dialects may
//! speak of them. Must never: hold a secret, since other users of the machine can read
//! the command line.

use std::collections::BTreeMap;

use crate::cli::failure::Failure;

/// The fields that were given; of two with one name the last counts.
pub fn fields(given: &[String]) -> Result<BTreeMap<String, String>, Failure> {
    let mut out = BTreeMap::new();
    set_fields(&mut out, given)?;
    Ok(out)
}

/// Puts the given fields beside those that are there; `NAME=` takes one away.
pub fn set_fields(fields: &mut BTreeMap<String, String>, given: &[String]) -> Result<(), Failure> {
    for field in given {
        let pair = field.split_once('=').filter(|(name, _)| !name.is_empty());
        let (name, value) = pair.ok_or_else(|| Failure::usage("a field is given as NAME=VALUE"))?;
        match value {
            "" => drop(fields.remove(name)),
            value => drop(fields.insert(name.to_owned(), value.to_owned())),
        }
    }
    Ok(())
}
