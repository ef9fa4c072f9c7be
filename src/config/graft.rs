//! Puts dialects into the tree before it is read: under each issuer, `dialect:` becomes
//! the whole dialect with the operator's changes in it, and what the dialect says about
//! issuers of its kind becomes the issuer's own keys, unless the operator gave them.
//! After that nobody needs to know where a value came from. What is wrong inside a
//! dialect file is shown in that file.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use crate::config::dialect_file::{Sheet, sheet};
use crate::config::files::Files;
use crate::config::problem::code::Code;
use crate::config::problem::fact::Problem;
use crate::config::problem::suggest::closest;
use crate::config::source::interpolate::reason;
use crate::config::source::parse::Tree;
use crate::config::source::place::{Origin, Place, Places, Secrecy, Spot};
use crate::config::source::text::MAX_FILE_BYTES;
use crate::config::source::tree::{Entry, Node, Scalar, Style, Value};
use crate::dialect::presets;

/// Keys of an issuer that are taken whole: half of a list of names would be neither's.
const WHOLE: [&str; 1] = ["scopes"];

/// Grafts every issuer's dialect. The places it returns could not be: their mistakes
/// are reported, and they are not to be read.
pub fn graft(tree: &mut Tree, files: &dyn Files, folder: &Path, problems: &mut Vec<Problem>) -> HashSet<Place> {
    let mut aside = HashSet::new();
    let places = &mut tree.places;
    let Value::Map(sections) = &mut tree.root.value else { return aside };
    let Some(issuers) = sections.iter_mut().find(|section| section.key == "issuers") else { return aside };
    let Value::Map(issuers) = &mut issuers.node.value else { return aside };
    for issuer in issuers {
        let Value::Map(keys) = &mut issuer.node.value else { continue };
        let Some(at) = keys.iter().position(|entry| entry.key == "dialect") else { continue };
        let choice = keys[at].node.clone();
        let mut scion = Scion { places, files, folder, problems };
        match scion.of(&choice) {
            Some((dialect, mut rootstock)) => {
                keys[at].node = dialect;
                if let Some(own) = keys.iter().find(|entry| entry.key == "scopes") {
                    only_of(&mut rootstock, own.node.entries());
                }
                merge_entries(keys, rootstock, &WHOLE);
            }
            None => drop(aside.insert(choice.place)),
        }
    }
    aside
}

struct Scion<'a> {
    places: &'a mut Places,
    files: &'a dyn Files,
    folder: &'a Path,
    problems: &'a mut Vec<Problem>,
}

impl Scion<'_> {
    /// The dialect that was chosen, and what it says about issuers.
    fn of(&mut self, choice: &Node) -> Option<(Node, Vec<Entry>)> {
        let child = |key: &str| choice.child(key);
        let sheet = match (&choice.value, child("preset"), child("file")) {
            (Value::Scalar(name), _, _) => self.preset(name, choice.place)?,
            (_, Some(_), Some(file)) => {
                return self.wrong(Code::Combination, file.place, "both `preset` and `file`", "keep one of the two");
            }
            (_, Some(name), None) => match &name.value {
                Value::Scalar(text) => self.preset(text, name.place)?,
                _ => return self.wrong(Code::WrongValue, name.place, "this is not a name", "expected a preset"),
            },
            (_, None, Some(file)) => self.file(file)?,
            (_, None, None) => {
                return self.wrong(
                    Code::MissingKey,
                    choice.place,
                    "this says no dialect",
                    "expected `preset` or `file`",
                );
            }
        };
        for entry in choice.entries() {
            if !["preset", "file", "variant", "set"].contains(&entry.key.as_str()) {
                let message = format!("unknown key `{}`", entry.key);
                self.wrong::<()>(Code::UnknownKey, entry.key_place, message, "expected preset, file, variant, set");
            }
        }
        let variant = match choice.child("variant").map(|node| (node.place, &node.value)) {
            None => None,
            Some((place, Value::Scalar(name))) => Some(self.variant(&sheet, &name.text, place)?),
            Some((place, _)) => return self.wrong(Code::WrongValue, place, "this is not a name", "expected a variant"),
        };
        let over = |entries: Vec<Entry>| Node { place: choice.place, value: Value::Map(entries) };
        let mut whole = sheet.root.clone();
        if let Some(variant) = variant {
            whole = merge(whole, variant);
        }
        let mut whole = self.moved(&whole, choice.place, String::new());
        if let Some(set) = choice.child("set") {
            whole = merge(whole, set.clone());
        }
        let Value::Map(mut entries) = whole.value else { return None };
        let taken = |entries: &mut Vec<Entry>, key: &str| {
            entries.iter().position(|entry| entry.key == key).map(|at| entries.remove(at).node.value)
        };
        drop(taken(&mut entries, "variants"));
        let rootstock = match taken(&mut entries, "issuer") {
            Some(Value::Map(keys)) => keys,
            Some(_) | None => Vec::new(),
        };
        Some((over(entries), rootstock))
    }

    fn preset(&mut self, name: &Scalar, place: Place) -> Option<Arc<Sheet>> {
        let Some(text) = presets::find(&name.text) else {
            let known = presets::ALL.iter().map(|(name, _)| *name);
            let help = closest(&name.text, known.clone()).map(|meant| format!("did you mean `{meant}`?"));
            let message = format!("`{}` is not a choice", name.text);
            let label = format!("expected one of: {}", known.collect::<Vec<_>>().join(", "));
            self.problems.push(Problem::new(Code::UnknownWord, message).at(self.places, place, label).maybe_help(help));
            return None;
        };
        let read = sheet(Path::new(&format!("preset {}", name.text)), text.to_owned(), self.problems);
        read.map(Arc::new)
    }

    fn file(&mut self, file: &Node) -> Option<Arc<Sheet>> {
        let Value::Scalar(name) = &file.value else {
            return self.wrong(Code::WrongValue, file.place, "this is not a file name", "expected a path");
        };
        let path = self.folder.join(&name.text);
        let bytes = match self.files.read(&path, MAX_FILE_BYTES) {
            Ok(bytes) => bytes,
            Err(error) => {
                let message = format!("cannot read `{}`: {}", name.text, reason(&error));
                return self.wrong(Code::MissingFile, file.place, message, "this file");
            }
        };
        match String::from_utf8(bytes) {
            Ok(text) => sheet(&path, text, self.problems).map(Arc::new),
            Err(_) => self.wrong(Code::Unreadable, file.place, format!("`{}` is not UTF-8", name.text), "this file"),
        }
    }

    fn variant(&mut self, sheet: &Sheet, name: &str, place: Place) -> Option<Node> {
        let variants = sheet.root.child("variants");
        // What a sheet says is the variant that needs no overlay.
        let found = variants.and_then(|node| node.child(name)).cloned();
        if found.is_none() && name == "documented" {
            return Some(Node { place: sheet.root.place, value: Value::Map(Vec::new()) });
        }
        found.or_else(|| {
            let known = variants.map_or(&[][..], Node::entries).iter().map(|entry| entry.key.as_str());
            let label =
                format!("expected one of: {}", ["documented"].into_iter().chain(known).collect::<Vec<_>>().join(", "));
            self.wrong(Code::UnknownWord, place, format!("`{name}` is not a variant of this dialect"), label)
        })
    }

    /// A copy whose places are in this tree, all under the caret of the choice.
    fn moved(&mut self, node: &Node, parent: Place, step: String) -> Node {
        let place = self.place(parent, step);
        let value = match &node.value {
            Value::Scalar(scalar) => {
                // What a dialect holds is not a secret, so it may be plain.
                let style = if scalar.style == Style::Filled { Style::Quoted } else { scalar.style };
                Value::Scalar(Scalar { text: scalar.text.clone(), style })
            }
            Value::List(items) => {
                let moved = items.iter().enumerate().map(|(i, item)| self.moved(item, place, format!("[{i}]")));
                Value::List(moved.collect())
            }
            Value::Map(entries) => {
                let moved = entries.iter().map(|entry| {
                    let step = format!(".{}", entry.key);
                    let key_place = self.place(place, step.clone());
                    Entry { key: entry.key.clone(), key_place, node: self.moved(&entry.node, place, step) }
                });
                Value::Map(moved.collect())
            }
        };
        Node { place, value }
    }

    fn place(&mut self, parent: Place, step: String) -> Place {
        let span = self.places.span(parent);
        let (secrecy, origin) = (Secrecy::Open, Origin::Filled);
        self.places.add(Spot { span, parent: Some(parent), step, secrecy, origin, leaf: false })
    }

    fn wrong<T>(
        &mut self,
        code: Code,
        place: Place,
        message: impl Into<String>,
        label: impl Into<String>,
    ) -> Option<T> {
        self.problems.push(Problem::new(code, message).at(self.places, place, label));
        None
    }
}

/// Drops what a dialect says of scopes that the operator's own catalogue has not: he
/// took them away, and is not to be told that they are missing.
fn only_of(rootstock: &mut Vec<Entry>, catalogue: &[Entry]) {
    let has = |name: &str| catalogue.iter().any(|scope| scope.key == name);
    let names_one = |node: &Node| matches!(&node.value, Value::Scalar(name) if has(&name.text));
    let cut = |node: &mut Node| match &mut node.value {
        Value::List(names) => {
            names.retain(names_one);
            !names.is_empty()
        }
        Value::Scalar(name) => has(&name.text),
        Value::Map(_) => true,
    };
    for entry in rootstock.iter_mut().filter(|entry| entry.key == "scope_rules") {
        let Value::Map(rules) = &mut entry.node.value else { continue };
        for rule in rules {
            if let (word @ ("aliases" | "implies"), Value::Map(scopes)) = (rule.key.as_str(), &mut rule.node.value) {
                scopes.retain_mut(|scope| (word == "aliases" || has(&scope.key)) && cut(&mut scope.node));
            }
        }
    }
    rootstock.retain_mut(|entry| entry.key != "default_scopes" || cut(&mut entry.node));
}

/// `over` on top of `base`: blocks are merged key by key, everything else is replaced.
pub(super) fn merge(base: Node, over: Node) -> Node {
    match (base.value, over.value) {
        (Value::Map(base), Value::Map(mut above)) => {
            let order: Vec<String> = base.iter().map(|entry| entry.key.clone()).collect();
            merge_entries(&mut above, base, &[]);
            // The base's order is that of the wire.
            above.sort_by_key(|entry| order.iter().position(|key| *key == entry.key).unwrap_or(usize::MAX));
            Node { place: over.place, value: Value::Map(above) }
        }
        (_, value) => Node { place: over.place, value },
    }
}

/// Adds what `base` has and `above` has not.
fn merge_entries(above: &mut Vec<Entry>, base: Vec<Entry>, whole: &[&str]) {
    for entry in base {
        match above.iter_mut().find(|known| known.key == entry.key) {
            None => above.push(entry),
            Some(known) if whole.contains(&known.key.as_str()) => {}
            Some(known) => {
                let over = std::mem::replace(&mut known.node.value, Value::List(Vec::new()));
                known.node = merge(entry.node, Node { place: known.node.place, value: over });
            }
        }
    }
}
