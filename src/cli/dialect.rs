//! `tollgate dialect list|show NAME|check FILE`: the dialects that come with the gateway,
//! and what is wrong with one's own. Touches nothing.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use crate::cli::failure::Failure;
use crate::config::dialect_file::examine;
use crate::config::files::Files;
use crate::config::problem::render::{Format, Paint, render};
use crate::config::source::text::MAX_FILE_BYTES;
use crate::dialect::presets;

/// The arguments of `dialect`.
#[derive(Clone, Debug, Args)]
pub struct DialectArgs {
    /// What to do.
    #[command(subcommand)]
    pub action: DialectAction,
}

/// What to do.
#[derive(Clone, Debug, Subcommand)]
pub enum DialectAction {
    /// Name those that come with the gateway.
    List,
    /// Print one, to read or to begin one's own with.
    Show {
        /// Its name.
        name: String,
    },
    /// Say everything that is wrong with a dialect file.
    Check {
        /// The file.
        file: PathBuf,
    },
}

/// Does it; the exit code.
pub fn run(args: &DialectArgs, files: &dyn Files, out: &mut dyn Write) -> Result<u8, Failure> {
    match &args.action {
        DialectAction::List => list(out).map(|()| 0).map_err(Failure::from),
        DialectAction::Show { name } => match presets::find(name) {
            Some(text) => out.write_all(text.as_bytes()).map(|()| 0).map_err(Failure::from),
            None => Err(Failure::new(format!("there is no dialect `{name}`; `tollgate dialect list` names them"))),
        },
        DialectAction::Check { file } => check(file, files, out),
    }
}

fn list(out: &mut dyn Write) -> io::Result<()> {
    for (name, text) in presets::ALL {
        let about = text.lines().find_map(|line| line.strip_prefix("about: ")).unwrap_or_default();
        writeln!(out, "{name:<20}{about}")?;
    }
    Ok(())
}

fn check(file: &Path, files: &dyn Files, out: &mut dyn Write) -> Result<u8, Failure> {
    let shown = file.display();
    let bytes =
        files.read(file, MAX_FILE_BYTES).map_err(|error| Failure::new(format!("cannot read `{shown}`: {error}")))?;
    let text = String::from_utf8(bytes).map_err(|_| Failure::new(format!("`{shown}` is not UTF-8")))?;
    let found = examine(file, text);
    out.write_all(render(&found.problems, Format::Human(Paint::Plain)).as_bytes())?;
    if found.sheet.is_some() {
        writeln!(out, "ok: {shown} is a dialect")?;
        return Ok(0);
    }
    Ok(1)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::{DialectAction, DialectArgs, run};
    use crate::config::files::MapFiles;

    fn told(action: DialectAction, file: &str) -> (u8, String) {
        let mut files = MapFiles::default();
        files.files.insert(PathBuf::from("own.yaml"), file.as_bytes().to_vec());
        let mut out = Vec::new();
        let code = run(&DialectArgs { action }, &files, &mut out).unwrap_or(9);
        (code, String::from_utf8(out).unwrap_or_default())
    }

    #[test]
    fn lists_and_shows_what_there_is() {
        let (code, list) = told(DialectAction::List, "");
        assert!(code == 0 && list.contains("comic-clan") && list.lines().count() == 6, "{list}");
        let (code, shown) = told(DialectAction::Show { name: "bonfire".into() }, "");
        assert!(code == 0 && shown.contains("name: bonfire"));
        assert_eq!(told(DialectAction::Show { name: "nobody".into() }, "").0, 9);
    }

    #[test]
    fn checks_a_file_and_points_at_the_mistake() {
        let check = || DialectAction::Check { file: "own.yaml".into() };
        assert_eq!(told(check(), "name: own\n").0, 0);
        let (code, text) = told(check(), "name: own\nsuccess: { body: { a: \"{nope}\" } }\n");
        assert!(code == 1 && text.contains("own.yaml:2:23") && text.contains("`{nope}`"), "{text}");
    }
}
