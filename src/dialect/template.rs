//! A text with references in braces: `{scopes|each_suffix(;)}`. One reference alone
//! keeps its type, so that a number stays a number; anything else is text. `{{` and
//! `}}` are the characters themselves. Nothing here can fail once it has been read.

use serde_json::Value;

use crate::dialect::braces;
use crate::dialect::fact::{Fact, Facts, Kind};
use crate::dialect::filter::Filter;
use crate::dialect::vocabulary::{self, Vocabulary};

/// A checked template.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Template(Vec<Piece>);

#[derive(Clone, PartialEq, Eq, Debug)]
enum Piece {
    Text(Box<str>),
    Reference(Box<str>, Vec<Filter>),
}

/// What a template comes to.
#[derive(Clone, PartialEq, Debug)]
pub enum Rendered {
    /// This value.
    Value(Value),
    /// The member is left out.
    Omitted,
}

impl Template {
    /// Reads a template whose references are in `words`.
    ///
    /// # Errors
    /// The first thing that is wrong, in the operator's words.
    pub fn parse(text: &str, words: Vocabulary) -> Result<Template, String> {
        let read = braces::pieces(text)?.into_iter().map(|piece| match piece {
            braces::Piece::Text(text) => Ok(Piece::Text(text)),
            braces::Piece::Reference(inside) => reference(inside, words),
        });
        Ok(Template(read.collect::<Result<_, String>>()?))
    }

    /// One reference of the standard dialect, known to be right.
    pub(in crate::dialect) fn of(name: &str, filters: &[Filter]) -> Template {
        Template(vec![Piece::Reference(name.into(), filters.to_vec())])
    }

    /// `before` and the realm in quotes.
    pub(in crate::dialect) fn text_in(before: &str) -> Template {
        Template::quoted(before, "realm", &[])
    }

    /// `before` and one reference in quotes.
    pub(in crate::dialect) fn quoted(before: &str, name: &str, filters: &[Filter]) -> Template {
        let reference = Piece::Reference(name.into(), filters.to_vec());
        Template(vec![Piece::Text(format!("{before}\"").into()), reference, Piece::Text("\"".into())])
    }

    /// Several, one behind the other.
    pub(in crate::dialect) fn chain(parts: &[Template]) -> Template {
        Template(parts.iter().flat_map(|part| part.0.iter().cloned()).collect())
    }

    /// A text without references.
    pub fn plain(text: &str) -> Template {
        Template(if text.is_empty() { Vec::new() } else { vec![Piece::Text(text.into())] })
    }

    /// What it will be: the kind of its only reference, else text.
    pub fn kind(&self, words: Vocabulary) -> Kind {
        match &self.0[..] {
            [Piece::Reference(name, filters)] => {
                let first = vocabulary::kind(words, name).unwrap_or(Kind::Text);
                filters.iter().fold(first, |kind, filter| filter.gives(kind).unwrap_or(kind))
            }
            _ => Kind::Text,
        }
    }

    /// Whether a filter of it turns seconds into milliseconds.
    pub fn tells_milliseconds(&self) -> bool {
        let filters = |piece: &Piece| match piece {
            Piece::Reference(_, filters) => filters.contains(&Filter::Milliseconds),
            Piece::Text(_) => false,
        };
        self.0.iter().any(filters)
    }

    /// Its value, with its type.
    pub fn render(&self, facts: &dyn Facts) -> Rendered {
        if let [Piece::Reference(name, filters)] = &self.0[..] {
            let fact = resolve(name, filters, facts);
            return if omits(&fact, filters, facts) { Rendered::Omitted } else { Rendered::Value(value(fact)) };
        }
        for piece in &self.0 {
            if let Piece::Reference(name, filters) = piece
                && omits(&resolve(name, filters, facts), filters, facts)
            {
                return Rendered::Omitted;
            }
        }
        Rendered::Value(Value::String(self.text(facts)))
    }

    /// Its text; what is not there is no text.
    pub fn text(&self, facts: &dyn Facts) -> String {
        let mut out = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Reference(name, filters) => out.push_str(&spoken(resolve(name, filters, facts))),
            }
        }
        out
    }
}

fn reference(inside: &str, words: Vocabulary) -> Result<Piece, String> {
    let mut parts = pipeline(inside).into_iter();
    let name = parts.next().unwrap_or("").trim();
    let mut kind = vocabulary::kind(words, name).ok_or_else(|| {
        let known: Vec<&str> = words.iter().map(|(name, _)| *name).collect();
        format!("`{{{name}}}` is not known here; there is {}", known.join(", "))
    })?;
    let mut filters = Vec::new();
    for text in parts {
        let filter = Filter::parse(text)?;
        if let Filter::OmitWithout(other) = &filter
            && vocabulary::kind(words, other).is_none()
        {
            return Err(format!("`{other}` in `{{{inside}}}` is not known here"));
        }
        kind = filter.gives(kind).map_err(|filter| format!("`{filter}` cannot follow in `{{{inside}}}`"))?;
        filters.push(filter);
    }
    Ok(Piece::Reference(name.into(), filters))
}

/// A name and its filters: what stands between bars, but for those in a filter's brackets.
fn pipeline(inside: &str) -> Vec<&str> {
    let (mut out, mut from, mut depth) = (Vec::new(), 0, 0_usize);
    for (at, c) in inside.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            '|' if depth == 0 => {
                out.push(&inside[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    out.push(&inside[from..]);
    out
}

/// Whether a reference that came to this leaves its member out.
fn omits(fact: &Fact, filters: &[Filter], facts: &dyn Facts) -> bool {
    filters.iter().any(|filter| match filter {
        Filter::OmitIfEmpty => fact.is_empty(),
        Filter::OmitWithout(other) => facts.fact(other).is_empty(),
        _ => false,
    })
}

fn resolve(name: &str, filters: &[Filter], facts: &dyn Facts) -> Fact {
    filters.iter().fold(facts.fact(name), |fact, filter| filter.apply(fact, facts))
}

fn value(fact: Fact) -> Value {
    match fact {
        Fact::Nothing => Value::Null,
        Fact::Text(text) => Value::String(text),
        Fact::Number(number) => Value::from(number),
        Fact::Time(time) => Value::from(time.0),
        Fact::List(list) => Value::from(list),
    }
}

fn spoken(fact: Fact) -> String {
    match fact {
        Fact::Nothing => String::new(),
        Fact::Text(text) => text,
        Fact::Number(number) => number.to_string(),
        Fact::Time(time) => time.0.to_string(),
        Fact::List(list) => list.join(","),
    }
}

#[cfg(test)]
mod tests;
