//! Files that nobody includes. Rust does not complain about them, so code that is
//! thought to run, or to be tested, can lie dead for years.

use std::collections::{BTreeMap, BTreeSet};

/// Files of `src` that no chain of `mod` lines from `lib.rs` or `main.rs` leads to.
pub fn unreached(tree: &BTreeMap<String, String>) -> Vec<String> {
    let mut reached = BTreeSet::new();
    let mut todo: Vec<String> =
        ["src/lib.rs", "src/main.rs"].into_iter().filter(|root| tree.contains_key(*root)).map(str::to_owned).collect();
    while let Some(path) = todo.pop() {
        let parsed = tree.get(&path).and_then(|text| syn::parse_file(text).ok());
        if let Some(file) = parsed {
            follow(&file.items, &folder_of(&path), tree, &mut todo);
        }
        reached.insert(path);
    }
    tree.keys().filter(|path| path.starts_with("src/") && !reached.contains(*path)).cloned().collect()
}

/// Where the children of a file are looked for.
fn folder_of(path: &str) -> String {
    match path.rsplit_once('/') {
        Some((folder, "lib.rs" | "main.rs" | "mod.rs")) => folder.to_owned(),
        _ => path.trim_end_matches(".rs").to_owned(),
    }
}

fn follow(items: &[syn::Item], folder: &str, tree: &BTreeMap<String, String>, todo: &mut Vec<String>) {
    for item in items {
        let syn::Item::Mod(module) = item else { continue };
        let below = format!("{folder}/{}", module.ident);
        match &module.content {
            Some((_, inner)) => follow(inner, &below, tree, todo),
            None => {
                let candidates = [format!("{below}.rs"), format!("{below}/mod.rs")];
                todo.extend(candidates.into_iter().filter(|path| tree.contains_key(path)));
            }
        }
    }
}
