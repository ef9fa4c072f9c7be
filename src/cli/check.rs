//! `tollgate check [FILE]`: what a start or a reload would say about a file, all of
//! it, with carets. Touches nothing: no socket, no state folder.

use std::io::{self, IsTerminal as _, Write};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use crate::cli::console::Output;
use crate::config::files::{DiskFiles, Files};
use crate::config::load::{Context, Report, inspect};
use crate::config::print::printed;
use crate::config::problem::render::{Format, Paint, render};

/// The arguments of `check`.
#[derive(Clone, Debug, Args)]
pub struct CheckArgs {
    /// The file to check; default that of --config.
    pub file: Option<PathBuf>,
    /// How problems are written.
    #[arg(long, value_enum, default_value_t = FormatArg::Human)]
    pub format: FormatArg,
    /// Print the file as it was understood; secrets and what came through a reference are stars.
    #[arg(long)]
    pub print: bool,
    /// Exit with 3 when there are only warnings.
    #[arg(long)]
    pub strict: bool,
}

impl CheckArgs {
    /// The same, where `-o json` means what it means to every command.
    pub fn written_as(self, output: Output) -> CheckArgs {
        match (output, self.format) {
            (Output::Json, FormatArg::Human) => CheckArgs { format: FormatArg::Json, ..self },
            (Output::Json | Output::Table, _) => self,
        }
    }
}

/// How problems are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum FormatArg {
    /// With carets.
    Human,
    /// One JSON array.
    Json,
    /// GitHub's workflow commands.
    Github,
}

/// The outcome: the exit code of the program.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// 0.
    Fine,
    /// 1.
    Wrong,
    /// 3: only warnings, and they were to count.
    Doubtful,
}

impl Verdict {
    /// The exit code.
    pub fn exit_code(self) -> u8 {
        match self {
            Verdict::Fine => 0,
            Verdict::Wrong => 1,
            Verdict::Doubtful => 3,
        }
    }
}

/// Checks `args.file`, or `default`. `context` should use `self_signed::ThrowAway`.
pub fn run(args: &CheckArgs, default: &Path, context: &Context<'_>, out: &mut dyn Write) -> io::Result<Verdict> {
    let colour = io::stdout().is_terminal() && DiskFiles.variable("NO_COLOR").is_none_or(|value| value.is_empty());
    let paint = if colour { Paint::Colour } else { Paint::Plain };
    check(args, default, &DiskFiles, context, paint, out)
}

/// The same in any world.
pub fn check(
    args: &CheckArgs,
    default: &Path,
    files: &dyn Files,
    context: &Context<'_>,
    paint: Paint,
    out: &mut dyn Write,
) -> io::Result<Verdict> {
    let path = args.file.as_deref().unwrap_or(default);
    let report = inspect(path, files, context);
    let format = match args.format {
        FormatArg::Human => Format::Human(paint),
        FormatArg::Json => Format::Json,
        FormatArg::Github => Format::Github,
    };
    out.write_all(render(&report.problems, format).as_bytes())?;
    if args.format == FormatArg::Human {
        out.write_all(summary(&report, path).as_bytes())?;
    }
    if args.print
        && let Some(text) = printed(path, files)
    {
        out.write_all(text.as_bytes())?;
    }
    Ok(match (report.problems.errors(), report.problems.warnings()) {
        (0, 0) => Verdict::Fine,
        (0, _) if args.strict => Verdict::Doubtful,
        (0, _) => Verdict::Fine,
        (_, _) => Verdict::Wrong,
    })
}

fn summary(report: &Report, path: &Path) -> String {
    let (errors, warnings) = (report.problems.errors(), report.problems.warnings());
    match &report.snapshot {
        Some(snapshot) => {
            let facts = [
                counted(snapshot.listeners.len(), "listener"),
                counted(snapshot.policy.profiles.len(), "issuer"),
                counted(snapshot.plans.len(), "route"),
                counted(snapshot.upstreams.len(), "upstream"),
            ];
            let doubt = if warnings > 0 { format!("; {}", counted(warnings, "warning")) } else { String::new() };
            format!("ok: {} has {}{doubt}\n", path.display(), facts.join(", "))
        }
        None => format!("{}, {} in {}\n", counted(errors, "error"), counted(warnings, "warning"), path.display()),
    }
}

fn counted(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}
