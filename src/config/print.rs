//! The file as it was understood: references filled in, aliases unfolded, secrets and
//! whatever came through a reference as stars. For reading and comparing, not for use.

use std::path::Path;

use serde_yaml::{Mapping, Value as Yaml};

use crate::config::files::Files;
use crate::config::source::interpolate::{NoKeys, interpolate};
use crate::config::source::parse::{Tree, parse};
use crate::config::source::place::Places;
use crate::config::source::scalar::typed;
use crate::config::source::text::{MAX_FILE_BYTES, SourceText};
use crate::config::source::tree::{Node, Value};

/// The file as YAML, or nothing if it cannot be read as such.
pub fn printed(path: &Path, files: &dyn Files) -> Option<String> {
    let tree = understood(path, files)?;
    serde_yaml::to_string(&shown(&tree.root, &tree.places)).ok()
}

/// The text of one value, by the keys that lead to it; nothing if it is no text, or the
/// file cannot be read. Whatever else is wrong with the file does not matter.
pub fn value_at(path: &Path, files: &dyn Files, keys: &[&str]) -> Option<String> {
    let tree = understood(path, files)?;
    let node = keys.iter().try_fold(&tree.root, |node, key| node.child(key))?;
    match &node.value {
        Value::Scalar(scalar) => Some(scalar.text.clone()),
        Value::List(_) | Value::Map(_) => None,
    }
}

fn understood(path: &Path, files: &dyn Files) -> Option<Tree> {
    let text = String::from_utf8(files.read(path, MAX_FILE_BYTES).ok()?).ok()?;
    let mut problems = Vec::new();
    let mut tree = parse(&SourceText::new(&path.display().to_string(), text), &mut problems)?;
    // What cannot be filled in stays as it is written.
    let _ = interpolate(&mut tree, files, path.parent().unwrap_or(Path::new("")), &NoKeys, &mut problems);
    Some(tree)
}

fn shown(node: &Node, places: &Places) -> Yaml {
    match &node.value {
        Value::Scalar(_) if places.hidden(node.place) => Yaml::from("***"),
        Value::Scalar(scalar) => typed(scalar),
        Value::List(items) => Yaml::Sequence(items.iter().map(|item| shown(item, places)).collect()),
        Value::Map(entries) => {
            let pairs = entries.iter().map(|entry| (Yaml::from(entry.key.as_str()), shown(&entry.node, places)));
            Yaml::Mapping(pairs.collect::<Mapping>())
        }
    }
}
