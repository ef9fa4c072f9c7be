//! The checker against houses that are broken on purpose: a rule that cannot fail is
//! no rule.

use crate::{Tree, check};

const HEAD: &str = "//! What it is.\n//! Why it is so.\n";

/// A tree whose only trouble can be in the files given here.
fn house(files: &[(&str, &str)]) -> Tree {
    let mut tree: Tree = files.iter().map(|(path, text)| ((*path).to_owned(), format!("{HEAD}{text}"))).collect();
    // Every file is reached, whatever it is called: reachability has its own test.
    let mut lib = HEAD.to_owned();
    for (path, _) in files {
        let inside = path.trim_start_matches("src/").trim_end_matches(".rs").trim_end_matches("/mod");
        let names: Vec<&str> = inside.split('/').collect();
        if path.starts_with("src/") && *path != "src/lib.rs" {
            let (last, above) = names.split_last().expect("a name");
            let open: String = above.iter().map(|name| format!("mod {name} {{ ")).collect();
            lib.push_str(&format!("{open}mod {last};{}\n", " }".repeat(above.len())));
        }
    }
    tree.entry("src/lib.rs".to_owned()).or_insert(lib);
    tree
}

#[track_caller]
fn refused(files: &[(&str, &str)], what: &str) {
    let found = check(&house(files));
    assert!(found.len() == 1 && found[0].contains(what), "wanted one finding with `{what}`, got {found:?}");
}

#[track_caller]
fn allowed(files: &[(&str, &str)]) {
    assert_eq!(check(&house(files)), Vec::<String>::new());
}

#[test]
fn arrows_point_down() {
    allowed(&[("src/oauth/issue.rs", "use crate::token::{id::TokenId, scope};\nuse crate::oauth::store;\n")]);
    refused(&[("src/token/id.rs", "use crate::oauth::client::Client;\n")], "`token` looks up to `oauth`");
    refused(&[("src/access/admit.rs", "use crate::{clock, oauth};\n")], "`access` looks sideways at `oauth`");
    refused(&[("src/token/id.rs", "fn f() -> crate::edge::Door { Door }\n")], "`token` looks up to `edge`");
    refused(&[("src/token/id.rs", "fn f() { vec![crate::edge::door()]; }\n")], "`token` looks up to `edge`");
    refused(&[("src/config/load.rs", "use crate::store::Store;\n")], "`config` must not know `store`");
    refused(&[("src/oauth/issue.rs", "use crate::telemetry::Meter;\n")], "`oauth` must not know `telemetry`");
    refused(&[("src/edge/door.rs", "use crate::gateway::Gateway;\n")], "`edge` looks up to `gateway`");
    refused(&[("src/cellar/id.rs", "struct Id;\n")], "module `cellar` has no floor");
}

#[test]
fn climbing_by_super_is_an_arrow_too() {
    allowed(&[("src/token/id.rs", "use super::scope::Scope;\n")]);
    refused(&[("src/token/id.rs", "use super::super::oauth::Client;\n")], "`token` looks up to `oauth`");
    refused(&[("src/clock.rs", "use super::edge::Door;\n")], "`clock` looks up to `edge`");
    allowed(&[("src/clock.rs", "mod inner { use super::Clock; }\n")]);
}

#[test]
fn tests_may_look_where_they_like() {
    allowed(&[("src/token/id.rs", "#[cfg(test)]\nmod tests {\n    use crate::edge::Door;\n    use tokio::net;\n}\n")]);
    refused(&[("src/token/id.rs", "#[cfg(unix)]\nmod tests {\n    use crate::edge::Door;\n}\n")], "looks up");
}

#[test]
fn the_core_has_no_sockets_clocks_files_or_logs() {
    refused(&[("src/token/id.rs", "use tokio::sync::Mutex;\n")], "`token` speaks of `tokio`");
    refused(&[("src/access/admit.rs", "fn f() { std::time::Instant::now(); }\n")], "speaks of `Instant::now`");
    refused(&[("src/oauth/issue.rs", "use std::{fs, io};\n")], "speaks of `std::fs`");
    refused(&[("src/oauth/issue.rs", "fn f() { tracing::info!(\"x\"); }\n")], "speaks of `tracing`");
    refused(&[("src/dialect/read.rs", "fn f() { async fn g() {} }\n")], "`dialect` waits");
    refused(&[("src/access/admit.rs", "fn f() { g(x.await); }\n")], "`access` waits");
    allowed(&[("src/oauth/issue.rs", "async fn f() { g().await; }\n")]);
    allowed(&[("src/clock.rs", "fn f() { std::time::SystemTime::now(); }\n")]);
    refused(&[("src/random.rs", "fn f() { std::time::SystemTime::now(); }\n")], "speaks of `SystemTime::now`");
    refused(&[("src/telemetry/log.rs", "use tokio::io::stderr;\n")], "`telemetry` speaks of `tokio`");
    allowed(&[("src/edge/door.rs", "use tokio::net::TcpListener;\nfn f() { std::time::Instant::now(); }\n")]);
}

#[test]
fn globs_are_refused_everywhere() {
    refused(&[("src/edge/door.rs", "use std::io::*;\n")], "glob import");
    refused(&[("src/edge/door.rs", "#[cfg(test)]\nmod tests {\n    use super::*;\n}\n")], "glob import");
    refused(&[("tests/door.rs", "use std::{io::{self, *}, fmt};\n")], "glob import");
}

#[test]
fn files_and_functions_are_short() {
    let long = "struct S;\n".repeat(399);
    refused(&[("tests/long.rs", &long)], "401 lines");
    let body = |lines: usize| format!("fn f() {{\n{}}}\n", "    g();\n".repeat(lines - 2));
    allowed(&[("src/edge/door.rs", &body(70))]);
    refused(&[("src/edge/door.rs", &body(71))], "`f` has 71 lines");
    refused(&[("src/edge/door.rs", &format!("impl S {{\n{}}}\n", body(71)))], "`f` has 71 lines");
    refused(&[("src/edge/door.rs", &format!("trait T {{\n{}}}\n", body(71)))], "`f` has 71 lines");
}

#[test]
fn every_file_says_what_it_is() {
    for (path, text, fine) in [
        ("src/edge/door.rs", "//! What.\n", false),
        ("src/edge/door.rs", "struct S;\n", false),
        ("src/edge/door/tests.rs", "//! What.\n", true),
        ("tests/door.rs", "//! What.\n", true),
        ("benches/door.rs", "fn main() {}\n", false),
    ] {
        let mut tree = house(&[(path, "")]);
        tree.insert(path.to_owned(), text.to_owned());
        assert_eq!(check(&tree).is_empty(), fine, "{path} with {text:?}");
    }
}

#[test]
fn names_mean_something() {
    refused(&[("src/edge/utils.rs", "struct S;\n")], "`utils` says nothing");
    refused(&[("tests/common/mod.rs", "struct S;\n")], "`common` says nothing");
    refused(&[("src/edge/door.rs", "pub struct DoorManager;\n")], "`DoorManager` says nothing");
    allowed(&[("src/edge/door.rs", "pub struct Door;\n")]);
}

#[test]
fn nothing_unfinished_is_left_lying() {
    let mark = concat!("TO", "DO");
    refused(&[("src/edge/door.rs", &format!("// {mark}: more\nstruct S;\n"))], "left behind");
    refused(&[("src/edge/door.rs", &format!("{}struct S;\n", "// word\n".repeat(13)))], "a wall");
    allowed(&[("src/edge/door.rs", &format!("{}struct S;\n", "// word\n".repeat(12)))]);
    refused(&[("src/edge/door.rs", "fn f( {}\n")], "does not parse");
}

#[test]
fn a_list_of_modules_defines_nothing() {
    let tree = |text: &str| {
        let mut tree = house(&[("src/edge/mod.rs", text)]);
        tree.insert("src/lib.rs".to_owned(), format!("{HEAD}mod edge;\n"));
        tree
    };
    assert_eq!(check(&tree("pub use std::io::Error;\n")), Vec::<String>::new());
    let found = check(&tree("pub struct Door;\n"));
    assert!(found.len() == 1 && found[0].contains("a `mod.rs` defines something"), "{found:?}");
}

#[test]
fn a_file_without_a_mod_line_is_found() {
    let mut tree = house(&[("src/edge/door.rs", "struct S;\n")]);
    assert_eq!(check(&tree), Vec::<String>::new());
    tree.insert("src/edge/dead.rs".to_owned(), HEAD.to_owned());
    tree.insert("src/edge/door/inner.rs".to_owned(), HEAD.to_owned());
    let found = check(&tree);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found.iter().all(|line| line.contains("no `mod` line")), "{found:?}");
}
