//! A transcript is a text: what a client sends and what it gets, byte for byte.
//!
//! ```text
//! # what this is about                      only before the first exchange
//! @let name = text                          <$name> stands for it from here on
//! @block name … @end                        a line `&name` stands for its lines
//! @variant deployed                         the preset's other variant
//! @replace old => new                       a change to the example's text; \n is a line's end
//! @set { … }                                a change to the dialect, as `set:` has it
//! === what is shown                         one exchange
//! POST https://127.0.0.1:8443/path?query    method and address
//! Name: value                               headers, an empty line, the body
//! --- 401                                   the status, then headers and body again
//! --- forwarded                             or: it passed; headers that the backend saw,
//!                                           behind `< ` those that the client got
//! --- jwt <$name>                           then header and payload of a token, a line each
//! --- differ <$a> <$b>                      two that must not be equal
//! @later 90001s                             the clock goes on (s or d)
//! @revoke user                              the operator calls a user's tokens back
//! @fault store                              the store fails during the next exchange, or
//! @fault internal                           something of ours does, or
//! @fault upstream                           the backend gives no answer, or
//! @fault rate 3000s                         its asker asked too often, until then; on the
//!                                           core alone
//! @gap reason                               the next exchange is not yet answered so;
//!                                           when it is, the transcript fails until told
//! ```
//!
//! `pattern` says what may stand for volatile places. A transcript that cannot be read
//! fails the test that reads it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::run::pattern::{Captured, fill};

/// One file.
#[derive(Debug)]
pub struct Transcript {
    /// Where it is.
    pub path: PathBuf,
    /// Which variant of the preset it is about, if not the first.
    pub variant: Option<String>,
    /// A change to the dialect, if any.
    pub set: Option<String>,
    /// Changes to the example: what is replaced by what.
    pub replaced: Vec<(String, String)>,
    /// What `@let` said.
    pub given: Captured,
    /// What happens, in order.
    pub steps: Vec<Step>,
}

/// One thing that happens.
#[derive(Debug)]
pub enum Step {
    /// A request and its answer.
    Exchange(Exchange),
    /// The clock goes on, in seconds.
    Later(u64),
    /// Something of ours fails during the next exchange.
    Fault(Fault),
    /// The operator calls a user's tokens back.
    Revoke(String),
}

/// What can fail.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// The store does not answer.
    Store,
    /// A mistake of ours.
    Internal,
    /// The backend gives no answer.
    Upstream,
    /// Its asker asked too often, and is to wait so many seconds.
    Rate(u64),
}

/// A request and its answer.
#[derive(Debug, Default)]
pub struct Exchange {
    /// What it shows.
    pub title: String,
    /// The line of its title.
    pub line: usize,
    /// Method and address.
    pub request: String,
    /// Headers and body of the request.
    pub sent: Message,
    /// The answer's status; `None`: forwarded.
    pub status: Option<u16>,
    /// Headers and body of the answer, or headers that the backend saw.
    pub told: Message,
    /// What is looked at afterwards.
    pub checks: Vec<Check>,
    /// Why it is known to be answered otherwise, if it is.
    pub gap: Option<String>,
}

/// Headers and body.
#[derive(Debug, Default)]
pub struct Message {
    /// Names and values.
    pub headers: Vec<(String, String)>,
    /// The body, its lines joined.
    pub body: String,
}

/// A look at what was captured.
#[derive(Debug)]
pub enum Check {
    /// A token, its header and its payload.
    Jwt(String, String, String),
    /// Two that are not equal.
    Differ(String, String),
}

impl Transcript {
    /// Whether time passes in it.
    pub fn needs_clock(&self) -> bool {
        self.steps.iter().any(|step| matches!(step, Step::Later(_)))
    }

    /// Whether something fails in it that only fails on a stage of the test's own.
    pub fn has_faults(&self) -> bool {
        self.steps.iter().any(|step| matches!(step, Step::Fault(_)))
    }

    /// Whether it is about the example as it is shipped.
    pub fn is_plain(&self) -> bool {
        self.variant.is_none() && self.set.is_none() && self.replaced.is_empty() && !self.has_faults()
    }
}

/// Reads every transcript of a folder, in the order of names.
pub fn read_folder(folder: &Path) -> Vec<Transcript> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "txt"));
    paths.sort();
    assert!(!paths.is_empty(), "no transcripts in {}", folder.display());
    paths.iter().map(|path| read(path)).collect()
}

/// Reads one.
pub fn read(path: &Path) -> Transcript {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    parse(path, &text).unwrap_or_else(|(line, what)| panic!("{}:{line}: {what}", path.display()))
}

type Wrong = (usize, String);

/// A line and its number.
type Line = (usize, String);

/// Reads a text; `Err` is a line and what is wrong there.
pub fn parse(path: &Path, text: &str) -> Result<Transcript, Wrong> {
    let lines = expand(text)?;
    let (path, given) = (path.to_owned(), Captured::new());
    let mut out = Transcript { path, variant: None, set: None, replaced: vec![], given, steps: vec![] };
    let mut at = 0;
    let mut gap = None;
    while let Some((number, line)) = lines.get(at) {
        let wrong = |what: &str| (*number, format!("{what}: {line}"));
        at += 1;
        if let Some(title) = line.strip_prefix("=== ") {
            let end = lines[at..].iter().position(|(_, l)| l.starts_with("=== ") || l.starts_with('@'));
            let end = end.map_or(lines.len(), |length| at + length);
            let exchange = exchange(title, *number, &lines[at..end])?;
            out.steps.push(Step::Exchange(Exchange { gap: gap.take(), ..exchange }));
            at = end;
        } else if let Some(directive) = line.strip_prefix('@') {
            let (word, rest) = directive.split_once(' ').ok_or_else(|| wrong("a directive says more"))?;
            match word {
                "gap" => gap = Some(rest.to_owned()),
                "variant" => out.variant = Some(rest.to_owned()),
                "let" => {
                    let (name, value) = rest.split_once(" = ").ok_or_else(|| wrong("no ` = `"))?;
                    let value = fill(value, &out.given).map_err(|error| wrong(&error))?;
                    out.given.insert(name.to_owned(), value);
                }
                "replace" => {
                    let (old, new) = rest.split_once(" => ").ok_or_else(|| wrong("no ` => `"))?;
                    out.replaced.push((old.to_owned(), new.replace("\\n", "\n")));
                }
                "set" => out.set = Some(rest.to_owned()),
                "fault" => out.steps.push(Step::Fault(match rest {
                    "store" => Fault::Store,
                    "internal" => Fault::Internal,
                    "upstream" => Fault::Upstream,
                    rate if rate.starts_with("rate ") => {
                        Fault::Rate(span(&rate["rate ".len()..]).ok_or_else(|| wrong("no span"))?)
                    }
                    _ => return Err(wrong("no such fault")),
                })),
                "later" => out.steps.push(Step::Later(span(rest).ok_or_else(|| wrong("no span"))?)),
                "revoke" => out.steps.push(Step::Revoke(rest.to_owned())),
                _ => return Err(wrong("no such directive")),
            }
        } else if !line.is_empty() && (!line.starts_with('#') || !out.steps.is_empty()) {
            return Err(wrong("neither exchange nor directive"));
        }
    }
    if out.steps.is_empty() { Err((1, "nothing happens".to_owned())) } else { Ok(out) }
}

fn span(text: &str) -> Option<u64> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let unit = match unit {
        "s" => 1,
        "d" => 86_400,
        _ => return None,
    };
    Some(number.parse::<u64>().ok()? * unit)
}

/// The lines with every block in its places.
fn expand(text: &str) -> Result<Vec<Line>, Wrong> {
    let mut blocks: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let mut open: Option<(&str, Vec<String>)> = None;
    let mut out = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let number = index + 1;
        let expanded = match line.strip_prefix('&') {
            Some(name) => blocks.get(name).cloned().ok_or_else(|| (number, format!("no block `{name}`")))?,
            None => vec![line.to_owned()],
        };
        match (&mut open, line.strip_prefix("@block ")) {
            (None, Some(name)) => open = Some((name, Vec::new())),
            (Some(_), Some(_)) => return Err((number, "a block in a block".to_owned())),
            (Some(_), None) if line == "@end" => blocks.extend(open.take()),
            (Some((_, lines)), None) => lines.extend(expanded),
            (None, None) => out.extend(expanded.into_iter().map(|line| (number, line))),
        }
    }
    match open {
        Some((name, _)) => Err((text.lines().count(), format!("block `{name}` has no end"))),
        None => Ok(out),
    }
}

fn exchange(title: &str, line: usize, lines: &[Line]) -> Result<Exchange, Wrong> {
    let mut parts: Vec<&[Line]> = Vec::new();
    let mut start = 0;
    for (index, (_, text)) in lines.iter().enumerate() {
        if text.starts_with("--- ") {
            parts.push(&lines[start..index]);
            start = index;
        }
    }
    parts.push(&lines[start..]);
    let [asked, told, checks @ ..] = &parts[..] else { return Err((line, "no answer".to_owned())) };
    let (number, request) = asked.first().ok_or((line, "no request".to_owned()))?;
    if request.split(' ').count() != 2 {
        return Err((*number, format!("not a method and an address: {request}")));
    }
    let (number, first) = &told[0];
    let status = match first.trim_start_matches("--- ") {
        "forwarded" => None,
        status => Some(status.parse().map_err(|_| (*number, format!("no status: {status}")))?),
    };
    Ok(Exchange {
        title: title.to_owned(),
        line,
        request: request.clone(),
        sent: message(&asked[1..])?,
        status,
        told: message(&told[1..])?,
        checks: checks.iter().map(|lines| check(lines)).collect::<Result<_, _>>()?,
        gap: None,
    })
}

fn message(lines: &[Line]) -> Result<Message, Wrong> {
    let body = lines.iter().position(|(_, line)| line.is_empty()).unwrap_or(lines.len());
    let mut headers = Vec::new();
    for (number, line) in &lines[..body] {
        let (name, value) = line.split_once(": ").ok_or_else(|| (*number, format!("no header: {line}")))?;
        headers.push((name.to_owned(), value.to_owned()));
    }
    let text: Vec<&str> = lines.get(body + 1..).unwrap_or_default().iter().map(|(_, line)| line.as_str()).collect();
    let parts = headers.iter().any(|(_, value)| value.starts_with("multipart/"));
    // Parts end their lines as mail does, and the last one too.
    let (between, end) = if parts { ("\r\n", "\r\n") } else { ("\n", "") };
    let body = text.join(between).trim_end_matches(['\r', '\n']).to_owned() + end;
    Ok(Message { headers, body })
}

fn check(lines: &[Line]) -> Result<Check, Wrong> {
    let (number, first) = &lines[0];
    let wrong = || (*number, format!("no such look: {first}"));
    let words: Vec<&str> = first.split(' ').collect();
    let rest: Vec<&str> = lines[1..].iter().map(|(_, line)| line.as_str()).filter(|line| !line.is_empty()).collect();
    match (&words[..], &rest[..]) {
        (["---", "jwt", token], [header, payload]) => {
            Ok(Check::Jwt((*token).to_owned(), (*header).to_owned(), (*payload).to_owned()))
        }
        (["---", "differ", one, other], []) => Ok(Check::Differ((*one).to_owned(), (*other).to_owned())),
        _ => Err(wrong()),
    }
}

#[test]
fn what_cannot_be_read_is_said_loudly() {
    for (text, line, what) in [
        ("", 1, "nothing happens"),
        ("=== a\nGET /\n", 1, "no answer"),
        ("=== a\n--- 200\n", 1, "no request"),
        ("=== a\nGET\n--- 200\n", 2, "not a method and an address"),
        ("=== a\nGET /\nX\n--- 200\n", 3, "no header"),
        ("=== a\nGET /\n--- fine\n", 3, "no status"),
        ("=== a\nGET /\n--- 200\n--- jwt <$a>\n{}\n", 4, "no such look"),
        ("=== a\nGET /\n--- 200\n@later soon\n", 4, "no span"),
        ("@fly high\n", 1, "no such directive"),
        ("@fault of mine\n", 1, "no such fault"),
        ("words\n", 1, "neither exchange nor directive"),
        ("&a\n", 1, "no block `a`"),
        ("@block a\nb\n", 2, "block `a` has no end"),
        ("@let a = <$b>\n", 1, "nothing was captured as `b`"),
    ] {
        let (at, found) = parse(Path::new("x"), text).expect_err(text);
        assert!(at == line && found.contains(what), "{text:?}: {at}: {found}");
    }
}
