//! How a command talks: data to standard output, as a table or as JSON, talk to
//! standard error. Given as a value, so that a test hears all of it. What destroys
//! something asks first on a terminal, and without one wants to be told `--yes`.

use std::io::{BufRead, Write};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::cli::failure::Failure;
use crate::token::secret::Secret;

/// Longest answer or password that is read, in bytes.
const LINE: u64 = 4096;

/// The form of the data.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, clap::ValueEnum)]
pub enum Output {
    /// Columns for people.
    #[default]
    Table,
    /// JSON for programs.
    Json,
}

/// Whether somebody can be asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Presence {
    /// Standard input is a terminal.
    Terminal,
    /// It is a pipe or a file.
    Nobody,
}

/// Whether the operator said yes beforehand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Consent {
    /// With `--yes`.
    Given,
    /// He has to be asked.
    Wanted,
}

impl Consent {
    /// Of the flag `--yes`.
    pub fn of(yes: bool) -> Consent {
        if yes { Consent::Given } else { Consent::Wanted }
    }
}

/// The three streams of a command.
pub struct Console<'a> {
    /// Where data go.
    pub out: &'a mut dyn Write,
    /// Where talk goes.
    pub talk: &'a mut dyn Write,
    /// Where answers and passwords come from.
    pub input: &'a mut dyn BufRead,
    /// Whether `input` is a person.
    pub presence: Presence,
    /// The form of the data.
    pub output: Output,
}

impl Console<'_> {
    /// Prints rows under the heads as a table, or as a JSON array of objects whose
    /// members are the heads in lower case.
    pub fn rows(&mut self, heads: &[&str], rows: &[Vec<Value>]) -> Result<(), Failure> {
        if self.output == Output::Json {
            let objects: Vec<Value> = rows.iter().map(|row| object(heads, row)).collect();
            return self.json(&Value::Array(objects));
        }
        let cells: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(cell).collect()).collect();
        let width = |column: usize| {
            let widest = cells.iter().filter_map(|row| row.get(column)).map(|text| text.chars().count()).max();
            widest.unwrap_or(0).max(heads.get(column).map_or(0, |head| head.len()))
        };
        let heads: Vec<String> = heads.iter().map(|head| head.replace('_', " ").to_uppercase()).collect();
        for row in std::iter::once(&heads).chain(&cells) {
            let mut line = String::new();
            for (column, text) in row.iter().enumerate() {
                line.push_str(text);
                line.extend(std::iter::repeat_n(' ', width(column) - text.chars().count() + 2));
            }
            writeln!(self.out, "{}", line.trim_end())?;
        }
        Ok(())
    }

    /// Prints one thing: lines of name and value, or a JSON object.
    pub fn facts(&mut self, facts: &[(&str, Value)]) -> Result<(), Failure> {
        if self.output == Output::Json {
            let members = facts.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
            return self.json(&Value::Object(members));
        }
        let width = facts.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
        for (name, value) in facts {
            writeln!(self.out, "{:width$}  {}", name.replace('_', " "), cell(value))?;
        }
        Ok(())
    }

    /// Says something that is no data.
    pub fn say(&mut self, text: &str) -> Result<(), Failure> {
        writeln!(self.talk, "{text}").map_err(Failure::from)
    }

    /// Goes on only if the operator wants it.
    pub fn confirm(&mut self, question: &str, consent: Consent) -> Result<(), Failure> {
        if consent == Consent::Given {
            return Ok(());
        }
        if self.presence == Presence::Nobody {
            return Err(Failure::usage(format!("{question} Nobody is there to ask: say --yes")));
        }
        write!(self.talk, "{question} [y/N] ")?;
        self.talk.flush()?;
        match self.line()?.trim() {
            "y" | "Y" | "yes" => Ok(()),
            _ => Err(Failure::new("nothing was changed")),
        }
    }

    /// Reads a password: one line of standard input, or asked for twice on a terminal.
    pub fn password(&mut self) -> Result<Secret, Failure> {
        if self.presence == Presence::Nobody {
            return acceptable(self.line()?);
        }
        let quiet = echo("-echo");
        let asked = self.ask_twice();
        if quiet {
            echo("echo");
        }
        asked
    }

    fn ask_twice(&mut self) -> Result<Secret, Failure> {
        let mut ask = |prompt: &str| {
            write!(self.talk, "{prompt}: ")?;
            self.talk.flush()?;
            let answer = self.line();
            writeln!(self.talk)?;
            answer
        };
        let first = acceptable(ask("password")?)?;
        if Secret::new(ask("once more")?).digest() == first.digest() {
            Ok(first)
        } else {
            Err(Failure::new("the two passwords differ; nothing was changed"))
        }
    }

    /// One line of the input without its end.
    pub fn line(&mut self) -> Result<String, Failure> {
        let mut text = String::new();
        let read = std::io::Read::take(&mut *self.input, LINE).read_line(&mut text);
        read.map_err(|e| Failure::new(format!("cannot read standard input: {e}")))?;
        if text.ends_with('\n') {
            text.pop();
        } else if text.len() as u64 == LINE {
            return Err(Failure::new(format!("the line is longer than {LINE} bytes")));
        }
        if text.ends_with('\r') {
            text.pop();
        }
        Ok(text)
    }

    fn json(&mut self, value: &Value) -> Result<(), Failure> {
        writeln!(self.out, "{value:#}").map_err(Failure::from)
    }
}

fn acceptable(password: String) -> Result<Secret, Failure> {
    if password.is_empty() { Err(Failure::new("the password is empty")) } else { Ok(Secret::new(password)) }
}

/// Switches the terminal's echo; where that fails typing shows, and nothing else.
fn echo(setting: &str) -> bool {
    let stty = Command::new("stty").arg(setting).stdin(Stdio::inherit()).stderr(Stdio::null()).status();
    stty.is_ok_and(|status| status.success())
}

fn object(heads: &[&str], row: &[Value]) -> Value {
    Value::Object(heads.iter().zip(row).map(|(head, value)| ((*head).to_owned(), value.clone())).collect())
}

/// A value as a cell; what could confuse a terminal is escaped.
fn cell(value: &Value) -> String {
    let text = match value {
        Value::Null => "-".to_owned(),
        Value::String(text) if text.is_empty() => "-".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(members) => members.iter().map(cell).collect::<Vec<_>>().join(" "),
        other => other.to_string(),
    };
    let safe = text.chars().flat_map(|c| if c.is_control() { c.escape_default().collect() } else { vec![c] });
    safe.collect()
}
