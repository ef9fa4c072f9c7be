//! The house rules, checked by machine: who may import whom, what the core may not
//! speak of, how long files and functions may be. A rule that is not here is advice.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

#[path = "tidy/broken.rs"]
mod broken;
#[path = "tidy/floors.rs"]
mod floors;
#[path = "tidy/paths.rs"]
mod paths;
#[path = "tidy/reach.rs"]
mod reach;
#[path = "tidy/shape.rs"]
mod shape;
#[path = "tidy/signposts.rs"]
mod signposts;

/// The folders that hold Rust files of ours.
const FOLDERS: [&str; 3] = ["src", "tests", "benches"];

/// Path below the root, with `/`, and text of every Rust file.
type Tree = BTreeMap<String, String>;

#[test]
fn the_house_is_in_order() {
    let tree = read(Path::new(env!("CARGO_MANIFEST_DIR")));
    assert!(tree.contains_key("src/lib.rs"), "the tree is read at all");
    report(&tree);
    let violations = check(&tree);
    assert!(violations.is_empty(), "{} violations:\n{}", violations.len(), violations.join("\n"));
}

#[test]
fn the_documents_point_to_what_there_is() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = names(root, &["src", "tests", "benches", "deploy"]);
    let text = std::fs::read_to_string(root.join("ARCHITECTURE.md")).expect("the document is there");
    let astray = signposts::astray(&text, &files);
    assert!(astray.is_empty(), "ARCHITECTURE.md names what is not there: {astray:?}");
    let files = ["src/edge/a.rs".to_owned()];
    assert_eq!(signposts::astray("`edge/{a,b}.rs`, `deep/` and `/token`", &files).len(), 2);
    assert!(signposts::astray("see `edge/` and `a.rs`", &files).is_empty());
}

/// Every violation in the tree, as `PATH:LINE: what`.
fn check(tree: &Tree) -> Vec<String> {
    let mut out = Vec::new();
    for (path, text) in tree {
        let mut found = shape::of_text(path, text);
        match syn::parse_file(text) {
            Ok(file) => {
                found.extend(shape::of_syntax(path, &file));
                let module = floors::module_of(path);
                found.extend(module.into_iter().flat_map(|module| floors::check(path, module, text)));
            }
            Err(error) => found.push((error.span().start().line, format!("does not parse: {error}"))),
        }
        out.extend(found.into_iter().map(|(line, what)| format!("{path}:{line}: {what}")));
    }
    out.extend(reach::unreached(tree).into_iter().map(|path| format!("{path}:1: no `mod` line leads to this file")));
    out
}

/// For the reader of the test's output: the house aims at 120 lines a file.
fn report(tree: &Tree) {
    let mut lengths: Vec<usize> =
        tree.iter().filter(|(path, _)| path.starts_with("src/")).map(|(_, text)| text.lines().count()).collect();
    lengths.sort_unstable();
    let total: usize = lengths.iter().sum();
    let at = |share: usize| lengths.get(lengths.len() * share / 100).copied().unwrap_or(0);
    println!("src: {} files, {total} lines, median {}, nine tenths below {}", lengths.len(), at(50), at(90));
}

fn read(root: &Path) -> Tree {
    let ours = names(root, &FOLDERS).into_iter().filter(|name| name.ends_with(".rs"));
    ours.map(|name| {
        let text = std::fs::read_to_string(root.join(&name)).expect("a Rust file is UTF-8");
        (name, text)
    })
    .collect()
}

/// Path below the root, with `/`, of every file in these folders.
fn names(root: &Path, folders: &[&str]) -> Vec<String> {
    let mut out = Vec::new();
    let mut folders: Vec<PathBuf> = folders.iter().map(|folder| root.join(folder)).filter(|f| f.is_dir()).collect();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder of ours can be read") {
            let path = entry.expect("an entry of ours can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                out.push(path.strip_prefix(root).expect("below the root").to_string_lossy().replace('\\', "/"));
            }
        }
    }
    out
}
