//! The layers of reading, driven together: text, tree, references, masks.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use proptest::prelude::{any, prop, proptest};
use serde_yaml::{Mapping, Value as Yaml};

use crate::config::files::MapFiles;
use crate::config::problem::fact::Problem;
use crate::config::source::interpolate::{NoKeys, interpolate};
use crate::config::source::mask::{Masked, is_secret, only_points};
use crate::config::source::parse::{Tree, parse};
use crate::config::source::scalar::typed;
use crate::config::source::text::SourceText;
use crate::config::source::tree::{Node, Value};

fn tree(text: &str) -> (Option<Tree>, Vec<Problem>) {
    let mut problems = Vec::new();
    let tree = parse(&SourceText::new("x.yaml", text.to_owned()), &mut problems);
    (tree, problems)
}

fn plain(node: &Node) -> Yaml {
    match &node.value {
        Value::Scalar(scalar) => typed(scalar),
        Value::List(items) => Yaml::Sequence(items.iter().map(plain).collect()),
        Value::Map(entries) => {
            Yaml::Mapping(entries.iter().map(|e| (Yaml::from(e.key.as_str()), plain(&e.node))).collect::<Mapping>())
        }
    }
}

/// The value that stands under `a` once references are filled in, or the problem.
fn filled(text: &str) -> Result<Yaml, String> {
    let mut files = MapFiles::default();
    for (name, value) in [("NAME", "value"), ("NUMBER", "7"), ("EMPTY", ""), ("TRICK", "${env:NAME}")] {
        files.variables.insert(name.to_owned(), value.to_owned());
    }
    files.variables.insert("CREDENTIALS_DIRECTORY".to_owned(), "/run/cred".to_owned());
    files.files.insert(PathBuf::from("conf/secret"), b"from file\r\n".to_vec());
    files.files.insert(PathBuf::from("/run/cred/key"), b"from cred".to_vec());
    let (Some(mut tree), mut problems) = tree(&format!("a: {text}\n")) else { return Err("no tree".to_owned()) };
    let failed = interpolate(&mut tree, &files, Path::new("conf"), &NoKeys, &mut problems);
    assert_eq!(failed.is_empty(), problems.is_empty());
    match problems.first() {
        Some(problem) => Err(problem.message.clone()),
        None => Ok(tree.root.child("a").map_or(Yaml::Null, plain)),
    }
}

#[test]
fn references_are_filled_in_and_typed_afterwards() {
    assert_eq!(filled("${env:NAME}"), Ok(Yaml::from("value")));
    assert_eq!(filled("'${env:NUMBER}'"), Ok(Yaml::from(7)));
    assert_eq!(filled("'x${env:NUMBER}${env:NUMBER}'"), Ok(Yaml::from("x77")));
    assert_eq!(filled("${file:secret}"), Ok(Yaml::from("from file")));
    assert_eq!(filled("${cred:key}"), Ok(Yaml::from("from cred")));
    assert_eq!(filled("'${env:EMPTY:-4}'"), Ok(Yaml::from(4)));
    assert_eq!(filled("'${env:NONE:-<${env:NONE:-${env:NAME}}>}'"), Ok(Yaml::from("<value>")));
    assert_eq!(filled("'${env:NONE:-}'"), Ok(Yaml::from("")));
    assert_eq!(filled("'$${env:NAME} $x'"), Ok(Yaml::from("${env:NAME} $x")));
}

#[test]
fn what_was_filled_in_is_not_filled_in_again() {
    assert_eq!(filled("${env:TRICK}"), Ok(Yaml::from("${env:NAME}")));
}

#[test]
fn broken_references_say_so() {
    for text in
        ["${env:NONE}", "'${env:A-B}'", "'${env:}'", "'${nope:x}'", "'${env:NAME'", "${file:none}", "${cred:../x}"]
    {
        assert!(filled(text).is_err(), "{text}");
    }
    let deep = format!("'{}x{}'", "${env:N:-".repeat(12), "}".repeat(12));
    assert!(filled(&deep).is_err_and(|why| why.contains("inside one another")));
}

#[test]
fn the_tree_reads_as_other_readers_do() {
    let text = include_str!("../../../gateway.yaml");
    let (tree, problems) = tree(text);
    assert!(problems.is_empty());
    let other: Yaml = serde_yaml::from_str(text).unwrap_or_default();
    assert_eq!(tree.map(|tree| plain(&tree.root)), Some(other));
}

#[test]
fn secrets_are_known_by_their_keys() {
    for (parent, key) in
        [("clients", "secret"), ("", "pasword"), ("", "client_secret"), ("store", "key"), ("set", "X-Any"), ("", "PWD")]
    {
        assert!(is_secret(parent, key), "{parent}.{key}");
    }
    for (parent, key) in [("certificates", "key"), ("forward", "authorization"), ("", "scopes"), ("", "address")] {
        assert!(!is_secret(parent, key), "{parent}.{key}");
    }
    assert!(only_points("\"${file:x}\"") && only_points("${env:X}"));
    assert!(!only_points("${env:X:-hunter2}") && !only_points("x${env:X}"));
}

#[test]
fn carets_move_with_the_stars() {
    let text = SourceText::new("x", "{ secret: a-long-secret, next: 1 }\nb: 2\n".to_owned());
    let mut problems = Vec::new();
    let places = parse(&text, &mut problems).map(|tree| tree.places).unwrap_or_default();
    // Two documents in the eyes of YAML is a mistake, so the looks have to do here.
    let masked = if places.is_empty() { Masked::by_looks(&text) } else { Masked::by_tree(&text, &places) };
    assert!(!masked.text.contains("a-long-secret"), "{}", masked.text);
    let (good, _) = tree("secret: a-long-secret\nnext: 1\n");
    let text = SourceText::new("x", "secret: a-long-secret\nnext: 1\n".to_owned());
    let masked = Masked::by_tree(&text, &good.map(|tree| tree.places).unwrap_or_default());
    let at = text.as_str().find("next").unwrap_or(0);
    let moved = masked.moved(text.as_str(), at..at + 4);
    assert_eq!(masked.text.get(moved), Some("next"));
    assert_eq!(masked.moved(text.as_str(), 8..21), 8..11);
}

#[test]
fn secrets_in_comments_are_hidden_too() {
    let text = SourceText::new("x", "# password: hunter2\na: 1 # old secret: hunter2\nb: 2 # plain\n".to_owned());
    let masked = Masked::by_tree(&text, &tree(text.as_str()).0.map(|tree| tree.places).unwrap_or_default());
    assert!(!masked.text.contains("hunter2") && masked.text.contains("# plain"), "{}", masked.text);
}

#[test]
fn what_a_dialect_says_is_shown_and_values_of_headers_are_not() {
    let yaml = "dialect:\n  set:\n    errors: { table: { user_bad: { status: 403 } } }\n    api: { answer_headers: { \
                X-Api-Key: hunter2 } }\n    clients: [{ secret: hunter3 }]\nforward:\n  set: { X-Any: hunter4 }\n\
                dialct:\n  set: { word: hunter5 }\n";
    let (tree, problems) = tree(yaml);
    assert!(problems.is_empty(), "{problems:?}");
    let masked = Masked::by_tree(&SourceText::new("x", yaml.to_owned()), &tree.expect("a tree").places);
    assert!(masked.text.contains("user_bad: { status: 403 }"), "{}", masked.text);
    assert!(!masked.text.contains("hunter"), "{}", masked.text);
}

#[test]
fn secrets_of_many_lines_keep_the_line_numbers() {
    let text = SourceText::new("x", "secret: |\n  one\n  two\nnext: 1\n".to_owned());
    let mut problems = Vec::new();
    let Some(tree) = parse(&text, &mut problems) else { panic!("{problems:?}") };
    let masked = Masked::by_tree(&text, &tree.places);
    assert!(!masked.text.contains("one") && !masked.text.contains("two"), "{}", masked.text);
    let line = |text: &str| text.lines().position(|line| line.starts_with("next"));
    assert_eq!(line(&masked.text), line(text.as_str()));
}

#[test]
fn anchors_unfold_with_their_places() {
    let (tree, problems) = tree("a: &x { b: 1 }\nc: *x\n");
    assert!(problems.is_empty());
    let Some(tree) = tree else { panic!("no tree") };
    let places: HashSet<_> = ["a", "c"].iter().filter_map(|key| tree.root.child(key)).map(|node| node.place).collect();
    assert_eq!(places.len(), 1);
    assert_eq!(tree.root.child("c").and_then(|node| node.child("b")).map(plain), Some(Yaml::from(1)));
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in prop::collection::vec(any::<char>(), 0..200)) {
        let text: String = text.into_iter().collect();
        let (tree, problems) = tree(&text);
        assert!(tree.is_some() || !problems.is_empty());
    }

    #[test]
    fn no_yaml_like_text_gives_a_secret_away(pieces in prop::collection::vec(0usize..12, 0..30)) {
        const PIECES: [&str; 12] =
            ["secret: ", "hunter2", "\n", "  ", "- ", "{ ", " }", ", ", "a: ", "\"", "|\n", "password: hunter2\n"];
        let text: String = pieces.into_iter().map(|piece| PIECES[piece]).collect();
        let source = SourceText::new("x", text.clone());
        let mut problems = Vec::new();
        let masked = match parse(&source, &mut problems) {
            // What stands in a block of text is no key.
            Some(_) if text.contains('|') => return Ok(()),
            Some(tree) => Masked::by_tree(&source, &tree.places),
            None => Masked::by_looks(&source),
        };
        for line in masked.text.lines().filter(|line| line.contains("secret: ") || line.contains("password: ")) {
            let behind = line.split(": ").last().unwrap_or("");
            assert!(!behind.contains("hunter2") || line.contains("a: "), "{line:?} of {text:?}");
        }
    }
}
