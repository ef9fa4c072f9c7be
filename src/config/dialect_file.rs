//! A dialect document by itself: parsed, read and compiled, so that whatever is wrong in
//! it is shown in it, with line and column, before anything is made of it. Each variant
//! is checked as what it makes of the whole.

use std::collections::HashSet;
use std::path::Path;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::config::compile::check_dialect;
use crate::config::document::dialect::DialectDocument;
use crate::config::document::issuer::IssuerDocument;
use crate::config::graft::merge;
use crate::config::load::mistakes::explain;
use crate::config::problem::fact::{Problem, Problems, Shown};
use crate::config::source::mask::Masked;
use crate::config::source::parse::{Tree, parse};
use crate::config::source::place::{Place, Places};
use crate::config::source::read::read;
use crate::config::source::text::SourceText;
use crate::config::source::tree::{Node, Scalar, Style, Value};

/// A dialect document that is right.
pub struct Sheet {
    /// Its tree; places in it are its own.
    pub root: Node,
}

/// The whole of a dialect file, for the published schema.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "DialectFile")]
pub struct DialectFileDocument {
    /// How the system speaks.
    #[serde(flatten)]
    pub dialect: DialectDocument,
    /// What its issuers commonly have; the gateway's file wins.
    pub issuer: Option<IssuerDocument>,
}

/// Reads a document; what is wrong in it is added to the problems, each with its file.
pub fn sheet(path: &Path, text: String, problems: &mut Vec<Problem>) -> Option<Sheet> {
    let mut own = examine(path, text);
    let sheet = own.sheet.take();
    if own.problems.errors() == 0 {
        return sheet;
    }
    problems.extend(own.problems.elsewhere());
    None
}

/// What one look at a dialect found.
pub struct Examined {
    /// There exactly when there is no error.
    pub sheet: Option<Sheet>,
    /// Errors and warnings.
    pub problems: Problems,
}

/// Looks at a document by itself.
pub fn examine(path: &Path, text: String) -> Examined {
    let text = SourceText::new(&path.display().to_string(), text);
    let mut problems = Problems { file: path.to_owned(), list: Vec::new(), shown: None };
    let Some(tree) = parse(&text, &mut problems.list) else {
        let masked = Masked::by_looks(&text);
        problems.shown = Some(Box::new(Shown { source: text, masked }));
        return Examined { sheet: None, problems };
    };
    let masked = Masked::by_tree(&text, &tree.places);
    problems.shown = Some(Box::new(Shown { source: text, masked }));
    check(&tree.root, &tree.places, &mut problems.list);
    for variant in tree.root.child("variants").map_or(&[][..], Node::entries) {
        let whole = merge(tree.root.clone(), variant.node.clone());
        // What is wrong in the document itself was said already.
        if problems.list.is_empty() {
            check(&whole, &tree.places, &mut problems.list);
        }
    }
    problems.sort();
    let sheet = (problems.errors() == 0).then_some(Sheet { root: tree.root });
    Examined { sheet, problems }
}

/// Reads the two halves of a document and compiles the first.
fn check(root: &Node, places: &Places, problems: &mut Vec<Problem>) {
    let mut dialect = root.clone();
    let mut issuer = None;
    if let Value::Map(entries) = &mut dialect.value {
        entries.retain(|entry| entry.key != "variants");
        if let Some(at) = entries.iter().position(|entry| entry.key == "issuer") {
            issuer = Some(entries.remove(at).node);
        }
    }
    let mut places = places.clone();
    let mut aside = HashSet::new();
    let tree = Tree { root: dialect, places: places.clone() };
    let reading = read::<DialectDocument>(&tree.root, &tree.places, aside.clone());
    problems.extend(reading.mistakes.into_iter().map(|mistake| explain(mistake, &tree)));
    let mut settings = None;
    let issuer_tree = issuer.map(|node| with_url(node, &mut places)).map(|root| Tree { root, places });
    if let Some(tree) = &issuer_tree {
        let reading = read::<IssuerDocument>(&tree.root, &tree.places, std::mem::take(&mut aside));
        problems.extend(reading.mistakes.into_iter().map(|mistake| explain(mistake, tree)));
        settings = reading.document;
    }
    let whole = issuer_tree.as_ref().unwrap_or(&tree);
    if let Some(document) = &reading.document {
        check_dialect(document, settings.as_ref(), whole, problems);
    }
}

/// An issuer has to have a url, which no dialect can know.
fn with_url(node: Node, places: &mut Places) -> Node {
    let spot = places.spot(node.place).cloned();
    let place = spot.map_or(Place(0), |spot| places.add(spot));
    let url = Scalar { text: "https://localhost".to_owned(), style: Style::Quoted };
    let node_url = Node { place, value: Value::Scalar(url) };
    let Value::Map(mut entries) = node.value else { return node };
    entries.push(crate::config::source::tree::Entry { key: "url".to_owned(), key_place: place, node: node_url });
    Node { place: node.place, value: Value::Map(entries) }
}
