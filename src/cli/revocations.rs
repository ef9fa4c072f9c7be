//! `tollgate revocations`: the whole list at once, as JSON lines in and out. An import
//! goes in transactions of thousands of lines, so a million take seconds, and a
//! gateway that runs beside it gets its turns in between. Reading a file twice changes
//! nothing, so an import that stopped half way is simply run again.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{BufRead, BufReader, Read as _, Write};

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::cli::console::{Console, Presence};
use crate::cli::failure::Failure;
use crate::cli::place::Place;
use crate::revocation::line::{self, MAX_LINE_BYTES};
use crate::revocation::notice::Notice;
use crate::store::revocation::Entry;
use crate::token::handle::HandleKind;

/// Lines of one transaction.
const BATCH: usize = 10_000;

/// Lines that are read, checked and sorted before they are written; bounds memory.
const CHUNK: usize = 250_000;

/// The list of what was called back
#[derive(Debug, Args)]
pub struct RevocationsArgs {
    #[command(subcommand)]
    command: RevocationsCommand,
}

#[derive(Debug, Subcommand)]
enum RevocationsCommand {
    /// Add the revocations of a file of JSON lines
    Import {
        /// The file; `-`: standard input
        file: String,
    },
    /// Write all revocations in force as JSON lines
    Export,
    /// Show the revocations in force, the newest first
    List {
        /// Only this kind: token, family, user, client, key or issuer
        #[arg(long)]
        kind: Option<String>,
        /// Only this issuer
        #[arg(long, value_name = "NAME")]
        issuer: Option<String>,
        /// At most so many
        #[arg(long, default_value_t = 100)]
        limit: usize,
    },
    /// Remove what has ended; a running gateway does this by itself
    Prune,
}

/// Runs one command.
pub fn run(args: RevocationsArgs, place: &Place<'_>, console: &mut Console<'_>) -> Result<(), Failure> {
    match args.command {
        RevocationsCommand::Import { file } => {
            let Console { input, talk, presence, .. } = console;
            if file == "-" {
                return import(
                    "standard input",
                    &mut **input,
                    place,
                    &mut Said { talk: &mut **talk, presence: Presence::Nobody },
                );
            }
            let opened = File::open(&file).map_err(|e| Failure::new(format!("cannot read `{file}`: {e}")))?;
            let said = &mut Said { talk: &mut **talk, presence: *presence };
            import(&file, &mut BufReader::with_capacity(1 << 16, opened), place, said)
        }
        RevocationsCommand::Export => export(place, console),
        RevocationsCommand::List { kind, issuer, limit } => list(kind, issuer, limit, place, console),
        RevocationsCommand::Prune => {
            let gone = place.store.prune_revocations(place.by())?;
            console.say(&format!("{gone} ended revocations removed."))
        }
    }
}

/// Where an import says how far it is.
struct Said<'a> {
    talk: &'a mut dyn Write,
    presence: Presence,
}

/// How far an import has come.
#[derive(Default)]
struct Progress {
    read: usize,
    new: usize,
    ended: usize,
}

fn import(name: &str, input: &mut dyn BufRead, place: &Place<'_>, said: &mut Said<'_>) -> Result<(), Failure> {
    let mut progress = Progress::default();
    let mut chunk = Vec::new();
    let mut text = String::new();
    for number in 1.. {
        let at = |what: &str, read| at(name, number, what, read);
        if !next_line(input, &mut text).map_err(|what| at(&what, progress.read))? {
            break;
        }
        if text.trim().is_empty() {
            continue;
        }
        let mut notice =
            line::parse(number, text.trim()).map_err(|e| at(&format!("{} ({})", e.what, e.help), progress.read))?;
        let known = place.snapshot.policy.profiles.iter().find(|profile| profile.name == notice.issuer);
        let Some(known) = known else {
            let what = format!("issuer `{}` is not in the configuration", notice.issuer.as_str().escape_debug());
            return Err(at(&what, progress.read));
        };
        if notice.until <= place.now {
            progress.ended += 1;
            continue;
        }
        // One name for all lines instead of a copy for each.
        notice.issuer = known.name.clone();
        chunk.push(notice);
        if chunk.len() == CHUNK {
            record(&mut chunk, place, &mut progress, said)?;
        }
    }
    record(&mut chunk, place, &mut progress, said)?;
    let Progress { read, new, ended } = progress;
    writeln!(said.talk, "{read} revocations read, {new} of them new; {ended} had ended already.")?;
    Ok(())
}

/// Writes a chunk in the order of its handles: then each transaction touches a few
/// neighbouring pages of the index, and not all of them.
fn record(
    chunk: &mut Vec<Notice>,
    place: &Place<'_>,
    progress: &mut Progress,
    said: &mut Said<'_>,
) -> Result<(), Failure> {
    chunk.sort_unstable_by_key(|notice| notice.handle);
    for batch in chunk.chunks(BATCH) {
        progress.new += place.store.record_revocations(batch.to_vec(), "import")?;
        progress.read += batch.len();
    }
    chunk.clear();
    if said.presence == Presence::Terminal {
        writeln!(said.talk, "{} lines …", progress.read)?;
    }
    Ok(())
}

/// Reads one line without its end; `false` at the end of the input.
fn next_line(input: &mut dyn BufRead, text: &mut String) -> Result<bool, String> {
    text.clear();
    let most = MAX_LINE_BYTES as u64 + 2;
    let length = input.take(most).read_line(text).map_err(|e| format!("cannot be read: {e}"))?;
    if length as u64 == most && !text.ends_with('\n') {
        return Err(format!("longer than {MAX_LINE_BYTES} bytes"));
    }
    Ok(length > 0)
}

fn at(name: &str, number: usize, what: &str, read: usize) -> Failure {
    let before = match read {
        0 => "nothing was imported".to_owned(),
        read => format!("{read} revocations before it were imported; mend the line and run the import again"),
    };
    Failure::new(format!("{name}:{number}: {what}; {before}"))
}

fn export(place: &Place<'_>, console: &mut Console<'_>) -> Result<(), Failure> {
    let mut broken = None;
    let now = place.now;
    place.store.each_revocation(|entry| {
        if entry.notice.until > now && broken.is_none() {
            broken = writeln!(console.out, "{}", line::write(&entry.notice)).err();
        }
    })?;
    broken.map_or(Ok(()), |error| Err(Failure::from(error)))
}

fn list(
    kind: Option<String>,
    issuer: Option<String>,
    limit: usize,
    place: &Place<'_>,
    console: &mut Console<'_>,
) -> Result<(), Failure> {
    let kinds = || HandleKind::ALL.map(HandleKind::as_str).join(", ");
    let kind = kind.map(|word| {
        HandleKind::parse(&word).ok_or_else(|| Failure::usage(format!("kind `{word}` is not one of: {}", kinds())))
    });
    let kind = kind.transpose()?;
    let wanted = |notice: &Notice| {
        notice.until > place.now
            && kind.is_none_or(|kind| notice.kind == kind)
            && issuer.as_ref().is_none_or(|issuer| notice.issuer.as_str() == issuer)
    };
    let mut newest: VecDeque<Entry> = VecDeque::new();
    let mut found = 0usize;
    place.store.each_revocation(|entry| {
        if wanted(&entry.notice) {
            found += 1;
            newest.push_front(entry);
            newest.truncate(limit);
        }
    })?;
    let rows: Vec<Vec<Value>> = newest.iter().map(row).collect();
    console.rows(&["kind", "issuer", "handle", "issued_before", "until", "reason", "recorded"], &rows)?;
    if found > rows.len() {
        console.say(&format!("{} of {found} shown; see more with --limit, or all with `export`.", rows.len()))?;
    }
    Ok(())
}

fn row(entry: &Entry) -> Vec<Value> {
    let notice = &entry.notice;
    vec![
        json!(notice.kind.as_str()),
        json!(notice.issuer.as_str()),
        json!(format!("{:032x}", notice.handle.0)),
        notice.issued_before.map_or(Value::Null, |moment| json!(moment.to_string())),
        json!(notice.until.to_string()),
        json!(entry.reason),
        json!(entry.recorded.to_string()),
    ]
}
