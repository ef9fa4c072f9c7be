//! The file as it was understood: references filled in, aliases unfolded, secrets and
//! whatever came through a reference as stars. For reading and comparing, not for use.

use std::path::Path;

use serde_yaml::{Mapping, Value as Yaml};

use crate::config::files::Files;
use crate::config::source::interpolate::{NoKeys, interpolate};
use crate::config::source::parse::parse;
use crate::config::source::place::Places;
use crate::config::source::scalar::typed;
use crate::config::source::text::{MAX_FILE_BYTES, SourceText};
use crate::config::source::tree::{Node, Value};

/// The file as YAML, or nothing if it cannot be read as such.
pub fn printed(path: &Path, files: &dyn Files) -> Option<String> {
    let text = String::from_utf8(files.read(path, MAX_FILE_BYTES).ok()?).ok()?;
    let mut problems = Vec::new();
    let mut tree = parse(&SourceText::new(&path.display().to_string(), text), &mut problems)?;
    let _ = interpolate(&mut tree, files, path.parent().unwrap_or(Path::new("")), &NoKeys, &mut problems);
    serde_yaml::to_string(&shown(&tree.root, &tree.places)).ok()
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
