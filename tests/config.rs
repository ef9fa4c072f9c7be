//! The language from the outside: every file under `bad` gets its golden text byte for
//! byte, every file under `good` loads with its golden warnings, and what is shipped is
//! what the code says. `UPDATE_GOLDEN=1` writes the golden texts anew, to be read.

#[path = "config/said.rs"]
mod said;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use tollgate::cli::check::{CheckArgs, FormatArg, check};
use tollgate::cli::console::{Console, Output, Presence};
use tollgate::cli::explain::{ExplainArgs, run as explain};
use tollgate::clock::UnixTime;
use tollgate::config::files::{DiskFiles, Files};
use tollgate::config::load::{Context, Report, inspect, load};
use tollgate::config::problem::render::{Format, Paint, render};
use tollgate::config::schema::schema;
use tollgate::config::self_signed::ThrowAway;
use tollgate::random::{Random, SeededRandom};
use tollgate::snapshot::Snapshot;
use tollgate::token::secret::Secret;

/// 18 November 2026: the certificates among the test files are made for it.
const NOW: UnixTime = UnixTime(1_795_000_000);

/// A secret of 32 bytes and more that must never be seen in any output.
const SECRET: &str = "s3cr3t-of-the-environment-0123456789";

/// The disk, and variables that are the same everywhere.
struct World;

impl Files for World {
    fn read(&self, path: &Path, limit: usize) -> io::Result<Vec<u8>> {
        DiskFiles.read(path, limit)
    }

    fn variable(&self, name: &str) -> Option<String> {
        let value = match name {
            "SECRET" => SECRET,
            "SHORT" => "short-secret",
            "PORT" => "9001",
            "WORKERS" => "3",
            "SCOPE" => "admin",
            "KEY" => "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
            _ => return None,
        };
        Some(value.to_owned())
    }
}

fn with_context<T>(look: impl FnOnce(&Context<'_>) -> T) -> T {
    with_processors(2, look)
}

fn with_processors<T>(processors: usize, look: impl FnOnce(&Context<'_>) -> T) -> T {
    let random = SeededRandom::new(7);
    let hash = |_: &Secret, _: &dyn Random| "$argon2id$of-the-test".to_owned();
    look(&Context { now: NOW, random: &random, processors, self_signed: &ThrowAway, hash_password: &hash })
}

fn report(path: &Path) -> Report {
    with_context(|context| inspect(path, &World, context))
}

fn snapshot(path: &str) -> Snapshot {
    with_context(|context| load(Path::new(path), &World, context)).unwrap_or_else(|problems| panic!("{problems}"))
}

fn files(folder: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(Path::new("tests/config").join(folder)).expect("the folder of test files");
    let mut out: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    out.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    out.sort();
    out
}

/// Compares with the golden text beside the file; collects what differs.
fn golden(path: &Path, text: &str, differ: &mut Vec<String>) {
    let golden = path.with_extension("expected");
    if DiskFiles.variable("UPDATE_GOLDEN").is_some() {
        fs::write(&golden, text).expect("the golden text");
    }
    let expected = fs::read_to_string(&golden).unwrap_or_default();
    if text != expected {
        differ.push(format!("{}\n--- expected\n{expected}--- got\n{text}", path.display()));
    }
}

#[test]
fn every_bad_file_gets_its_words() {
    let mut differ = Vec::new();
    let all = files("bad");
    assert!(all.len() >= 40, "only {} bad files", all.len());
    for path in all {
        let report = report(&path);
        assert!(report.snapshot.is_none(), "{} loads", path.display());
        assert!(report.problems.errors() > 0, "{} has no error", path.display());
        for format in [Format::Human(Paint::Plain), Format::Human(Paint::Colour), Format::Json, Format::Github] {
            let text = render(&report.problems, format);
            assert!(!text.contains(SECRET) && !text.contains("hunter2"), "{} gives a secret away", path.display());
        }
        golden(&path, &render(&report.problems, Format::Human(Paint::Plain)), &mut differ);
    }
    assert!(differ.is_empty(), "{}", differ.join("\n"));
}

#[test]
fn every_good_file_loads_with_its_warnings() {
    let mut differ = Vec::new();
    for path in files("good") {
        let report = report(&path);
        let text = render(&report.problems, Format::Human(Paint::Plain));
        assert!(report.snapshot.is_some(), "{} does not load:\n{text}", path.display());
        assert!(!text.contains("hunter2"), "{} gives a secret away", path.display());
        golden(&path, &text, &mut differ);
    }
    assert!(differ.is_empty(), "{}", differ.join("\n"));
}

#[test]
fn the_default_file_loads_with_one_warning() {
    let snapshot = snapshot("gateway.yaml");
    assert_eq!(snapshot.warnings.len(), 1, "{:?}", snapshot.warnings);
    assert!(snapshot.warnings[0].contains("TG3004"), "{:?}", snapshot.warnings);
    assert_eq!(snapshot.listeners[0].address.to_string(), "127.0.0.1:8443");
    assert_eq!(snapshot.fixed.metrics.map(|address| address.to_string()).as_deref(), Some("127.0.0.1:9464"));
    assert_eq!(snapshot.issuers[0].users.len(), 1);
    assert!(snapshot.issuers[0].generate_client.is_some());
}

#[test]
fn the_example_for_certificates_loads() {
    let report = report(Path::new("deploy/examples/acme.yaml"));
    let snapshot = report.snapshot.unwrap_or_else(|| panic!("{}", report.problems));
    assert_eq!(snapshot.managed().count(), 2);
    assert_eq!(snapshot.warnings, Vec::<String>::new());
}

#[test]
fn the_password_of_the_demo_user_is_the_documented_one() {
    let snapshot = snapshot("gateway.yaml");
    let demo = snapshot.issuers[0].users.values().next().expect("the demo user");
    let digest = tollgate::users::phc::PasswordDigest::parse(&demo.password_hash).expect("a hash");
    assert!(digest.fits("demo-only-change-me"));
    assert!(!digest.fits("demo-only-change-me "));
}

#[test]
fn the_published_schema_is_the_generated_one() {
    let mut differ = Vec::new();
    let path = Path::new("deploy/schema/gateway.schema.json");
    if DiskFiles.variable("UPDATE_GOLDEN").is_some() {
        fs::write(path, schema()).expect("the schema");
    }
    if fs::read_to_string(path).unwrap_or_default() != schema() {
        differ.push("deploy/schema/gateway.schema.json is not what `tollgate schema` prints");
    }
    assert!(differ.is_empty(), "{differ:?}");
}

/// What `check` writes, and its exit code.
fn checked(file: &str, format: FormatArg, print: Printing, strict: Strictness) -> (String, u8) {
    let args =
        CheckArgs { file: None, format, print: print == Printing::Whole, strict: strict == Strictness::WarningsCount };
    let mut out = Vec::new();
    let verdict = with_context(|context| check(&args, Path::new(file), &World, context, Paint::Plain, &mut out))
        .expect("written");
    (String::from_utf8(out).expect("UTF-8"), verdict.exit_code())
}

#[derive(PartialEq)]
enum Printing {
    Whole,
    Problems,
}

#[derive(PartialEq)]
enum Strictness {
    WarningsCount,
    OnlyErrors,
}

#[test]
fn check_says_by_its_code_what_it_found() {
    let code = |file: &str, strict| checked(file, FormatArg::Human, Printing::Problems, strict).1;
    assert_eq!(code("tests/config/good/minimal.yaml", Strictness::WarningsCount), 0);
    assert_eq!(code("tests/config/good/warnings.yaml", Strictness::OnlyErrors), 0);
    assert_eq!(code("tests/config/good/warnings.yaml", Strictness::WarningsCount), 3);
    assert_eq!(code("tests/config/bad/empty.yaml", Strictness::OnlyErrors), 1);
    assert_eq!(code("tests/config/no-such-file.yaml", Strictness::OnlyErrors), 1);
}

#[test]
fn scripts_get_positions_as_data() {
    let bad = "tests/config/bad/undefined-names.yaml";
    let (json, _) = checked(bad, FormatArg::Json, Printing::Problems, Strictness::OnlyErrors);
    let list: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(list[0]["code"], "TG2001");
    assert_eq!((&list[0]["at"]["line"], &list[0]["at"]["column"]), (&15.into(), &15.into()));
    assert_eq!(list[0]["at"]["path"], "routes[0].upstream");
    assert_eq!(list[0]["help"], "did you mean `backend`?");
    let (github, _) = checked(bad, FormatArg::Github, Printing::Problems, Strictness::OnlyErrors);
    let first = github.lines().next().unwrap_or("");
    assert!(
        first.starts_with(&format!("::error file={bad},line=15,col=15,title=TG2001::upstream `bakend`")),
        "{first}"
    );
}

#[test]
fn what_is_printed_has_no_secret() {
    let file = "tests/config/good/everything.yaml";
    let (text, _) = checked(file, FormatArg::Human, Printing::Whole, Strictness::OnlyErrors);
    assert!(text.contains("lifetime: 5m") && text.contains("secrets:\n"), "{text}");
    assert!(!text.contains(SECRET) && !text.contains("file-secret") && !text.contains("000102"), "{text}");
}

#[test]
fn explain_names_route_rule_and_decision() {
    let heard = |method: &str, url: &str, scope: Option<&str>, output| {
        let args = ExplainArgs {
            method: method.parse().expect("a method"),
            url: url.to_owned(),
            scope: scope.map(str::to_owned),
            key: None,
            listener: None,
        };
        let (mut out, mut talk, mut input) = (Vec::new(), Vec::new(), io::empty());
        let presence = Presence::Nobody;
        let mut console = Console { out: &mut out, talk: &mut talk, input: &mut input, presence, output };
        with_context(|context| explain(&args, Path::new("gateway.yaml"), &World, context, &mut console))
            .map(|()| String::from_utf8(out).expect("UTF-8"))
    };
    let explained = |method, url, scope| heard(method, url, scope, Output::Table).expect("explained");
    let text = explained("GET", "https://127.0.0.1:8443/hello/world", Some("hello:read"));
    assert!(text.contains("route     hello") && text.contains("decision  passes"), "{text}");
    assert!(text.contains("set: x-user x-client x-scopes"), "{text}");
    let text = explained("POST", "https://any/hello", Some("hello:read"));
    assert!(text.contains("403 insufficient_scope, missing hello:write"), "{text}");
    assert!(explained("GET", "/hello", None).contains("401"));
    assert!(explained("TRACE", "/hello", None).contains("405, Allow: GET, HEAD, POST"));
    assert!(explained("GET", "/nothing", None).contains("404"));
    assert!(explained("POST", "/oauth2/token", None).contains("token of issuer main"));
    let refused = heard("GET", "/hello/%2e%2e/x", None, Output::Table).expect_err("no canonical path");
    assert_eq!((refused.code(), refused.to_string()), (2, "the path is refused with 400: path_dot_segment".to_owned()));
    let json = heard("GET", "/hello/x", Some("hello:read"), Output::Json).expect("explained");
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!((&json["route"], &json["decision"]), (&"hello".into(), &"passes".into()));
}

#[test]
fn hashing_leaves_half_of_the_processors_to_others() {
    for (processors, hashers) in [(1, 1), (2, 1), (3, 1), (4, 2), (64, 2)] {
        let loaded = with_processors(processors, |context| load(Path::new("gateway.yaml"), &World, context));
        assert_eq!(loaded.expect("the default file").fixed.hashing.workers, hashers, "of {processors}");
    }
}
