//! The fixed list of filters that may follow a reference. Each takes one kind of fact
//! and gives another, which is checked when a dialect is read; there are no
//! conditions and no loops, so a template can be believed without being run.

use jiff::Timestamp;

use crate::dialect::fact::{Fact, Facts, Kind};

/// Most digits of chance in one place.
const MAX_DIGITS: usize = 128;

/// What becomes of a fact.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Filter {
    /// A list as one text with this between two members.
    Join(Box<str>),
    /// A list as one text with this behind every member.
    EachSuffix(Box<str>),
    /// A moment in seconds since 1970.
    Unix,
    /// A moment in milliseconds since 1970, or a span in milliseconds.
    Milliseconds,
    /// A span in whole minutes.
    Minutes,
    /// A moment as `2020-04-30T06:02:45+00:00`.
    Rfc3339,
    /// A moment as `2020-04-30T06:02:45+0000`.
    Iso8601,
    /// From now to a moment, in seconds.
    Remaining,
    /// A text as a whole number, or nothing if it is none.
    Number,
    /// So many random decimal digits.
    Digits(usize),
    /// So many random hexadecimal digits.
    Hex(usize),
    /// The member is left out if there is nothing to say.
    OmitIfEmpty,
    /// The member is left out where that other fact is not there.
    OmitWithout(Box<str>),
}

impl Filter {
    /// Reads one filter as it stands behind a `|`.
    ///
    /// # Errors
    /// What is not a filter, in the operator's words.
    pub fn parse(text: &str) -> Result<Filter, String> {
        let (name, argument) = match text.split_once('(') {
            Some((name, rest)) => {
                let inside = rest.strip_suffix(')').ok_or("a filter without its closing bracket")?;
                (name.trim(), Some(inside.strip_prefix('"').and_then(|i| i.strip_suffix('"')).unwrap_or(inside)))
            }
            None => (text.trim(), None),
        };
        let count = |text: &str| text.parse().ok().filter(|n| (1..=MAX_DIGITS).contains(n));
        match (name, argument) {
            ("join", Some(between)) => Ok(Filter::Join(between.into())),
            ("each_suffix", Some(behind)) => Ok(Filter::EachSuffix(behind.into())),
            ("unix", None) => Ok(Filter::Unix),
            ("ms", None) => Ok(Filter::Milliseconds),
            ("minutes", None) => Ok(Filter::Minutes),
            ("rfc3339", None) => Ok(Filter::Rfc3339),
            ("iso8601", None) => Ok(Filter::Iso8601),
            ("remaining", None) => Ok(Filter::Remaining),
            ("number", None) => Ok(Filter::Number),
            ("omit_if_empty", None) => Ok(Filter::OmitIfEmpty),
            ("omit_without", Some(name)) => Ok(Filter::OmitWithout(name.into())),
            ("digits", Some(text)) => {
                count(text).map(Filter::Digits).ok_or_else(|| format!("`digits` takes 1 to {MAX_DIGITS}"))
            }
            ("hex", Some(text)) => count(text).map(Filter::Hex).ok_or_else(|| format!("`hex` takes 1 to {MAX_DIGITS}")),
            _ => Err(format!("`{}` is not a filter", text.trim())),
        }
    }

    /// What it makes of a kind.
    ///
    /// # Errors
    /// Its name, if it takes no such kind.
    pub fn gives(&self, kind: Kind) -> Result<Kind, &'static str> {
        match (self, kind) {
            (Filter::Join(_) | Filter::EachSuffix(_), Kind::List) => Ok(Kind::Text),
            (Filter::Join(_), _) => Err("join"),
            (Filter::EachSuffix(_), _) => Err("each_suffix"),
            (Filter::Unix | Filter::Milliseconds | Filter::Remaining, Kind::Time) => Ok(Kind::Number),
            (Filter::Milliseconds | Filter::Minutes, Kind::Number) => Ok(Kind::Number),
            (Filter::Rfc3339 | Filter::Iso8601, Kind::Time) => Ok(Kind::Text),
            (Filter::Unix, _) => Err("unix"),
            (Filter::Milliseconds, _) => Err("ms"),
            (Filter::Minutes, _) => Err("minutes"),
            (Filter::Remaining, _) => Err("remaining"),
            (Filter::Rfc3339, _) => Err("rfc3339"),
            (Filter::Iso8601, _) => Err("iso8601"),
            (Filter::Number, Kind::Text | Kind::Either) => Ok(Kind::Number),
            (Filter::Number, _) => Err("number"),
            (Filter::Digits(_) | Filter::Hex(_), Kind::Text) => Ok(Kind::Text),
            (Filter::Digits(_), _) => Err("digits"),
            (Filter::Hex(_), _) => Err("hex"),
            (Filter::OmitIfEmpty | Filter::OmitWithout(_), kind) => Ok(kind),
        }
    }

    /// Applies it. What does not fit stays nothing.
    pub fn apply(&self, fact: Fact, facts: &dyn Facts) -> Fact {
        match (self, fact) {
            (Filter::Digits(count), _) => Fact::Text(facts.digits(10, *count)),
            (Filter::Hex(count), _) => Fact::Text(facts.digits(16, *count)),
            (Filter::Join(between), Fact::List(list)) => Fact::Text(list.join(between)),
            (Filter::EachSuffix(behind), Fact::List(list)) => {
                Fact::Text(list.iter().flat_map(|member| [member.as_str(), behind]).collect())
            }
            (Filter::Unix, Fact::Time(time)) => Fact::Number(time.0),
            (Filter::Milliseconds, Fact::Time(time)) => Fact::Number(time.0.saturating_mul(1000)),
            (Filter::Milliseconds, Fact::Number(span)) => Fact::Number(span.saturating_mul(1000)),
            (Filter::Minutes, Fact::Number(span)) => Fact::Number(span / 60),
            (Filter::Remaining, Fact::Time(time)) => Fact::Number(time.since(facts.now()).0),
            (Filter::Rfc3339, Fact::Time(time)) => date(time.0, "%Y-%m-%dT%H:%M:%S+00:00"),
            (Filter::Iso8601, Fact::Time(time)) => date(time.0, "%Y-%m-%dT%H:%M:%S+0000"),
            (Filter::Number, Fact::Text(text)) => text.parse().map_or(Fact::Nothing, Fact::Number),
            (Filter::OmitIfEmpty | Filter::OmitWithout(_), fact) => fact,
            (Filter::Number, number @ Fact::Number(_)) => number,
            (_, _) => Fact::Nothing,
        }
    }
}

fn date(seconds: u64, form: &str) -> Fact {
    let moment = i64::try_from(seconds).ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
    Fact::maybe(moment.map(|moment| moment.strftime(form).to_string()))
}
