//! Limits by name, and the words for what tells callers apart. A limit without a bound,
//! or with two, is a mistake; so is a key that callers could choose.

use std::sync::Arc;

use crate::config::compile::compiler::Compiler;
use crate::config::compile::parts::Growing;
use crate::config::compile::template::KeptClaims;
use crate::config::document::gateway::GatewayDocument;
use crate::config::document::limit::{LimitDocument, TellingName};
use crate::config::document::one_or_many::OneOrMany;
use crate::config::problem::code::Code;
use crate::config::problem::fact::Problem;
use crate::config::problem::suggest::closest;
use crate::config::source::at::At;
use crate::traffic::caller::Mark;
use crate::traffic::limit::{Bound, Limit};
use crate::traffic::quota::Telling;
use crate::traffic::rate::Rate;

/// Most requests of one burst, or at once.
const MOST: u64 = 1_000_000;
/// Nanoseconds of a second.
const SECOND: u64 = 1_000_000_000;
/// What may tell the callers of a limit apart.
const OF_LIMITS: [&str; 5] = ["address", "client_id", "sub", "claims.NAME", "route"];
/// What may keep the callers of a split on their way.
const OF_SPLITS: [&str; 6] = ["sub", "client_id", "claims.NAME", "header.NAME", "address", "cookie"];

/// Whose key it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum KeyOf {
    Limit,
    Split,
}

impl Compiler<'_> {
    /// Every limit of the file.
    pub fn limits(&mut self, document: &GatewayDocument, kept: &mut KeptClaims) -> Vec<Limit> {
        document.limits.iter().map(|(name, written)| self.limit(name, written, kept)).collect()
    }

    fn limit(&mut self, name: &At<String>, written: &At<LimitDocument>, kept: &mut KeptClaims) -> Limit {
        self.name(name);
        let document = &written.value;
        let key = self.key(&document.key, kept);
        let telling = match document.headers.as_ref().map(|word| word.value) {
            None | Some(TellingName::Ratelimit) => Telling::Fields,
            Some(TellingName::XRatelimit) => Telling::XFields,
            Some(TellingName::Structured) => Telling::Structured,
            Some(TellingName::Off) => Telling::Silent,
        };
        Limit { name: Arc::from(name.value.as_str()), key, bound: self.bound(name, written), telling }
    }

    fn bound(&mut self, name: &At<String>, written: &At<LimitDocument>) -> Bound {
        let LimitDocument { rate, burst, at_once, headers, .. } = &written.value;
        match (rate, at_once) {
            (Some(rate), None) => {
                let burst = self.number(burst.as_ref(), u64::from(rate.value.count), 1..=MOST);
                let burst = u32::try_from(burst).unwrap_or(u32::MAX);
                return Bound::Rate(Rate::new(rate.value.count, rate.value.window * SECOND, burst));
            }
            (None, Some(most)) => {
                let extra = burst.as_ref().map(|at| at.place).or(headers.as_ref().map(|at| at.place));
                if let Some(place) = extra {
                    self.wrong(Code::Combination, place, "this belongs to a `rate`", "the limit has none");
                }
                let most = self.number(Some(most), 1, 1..=MOST);
                return Bound::AtOnce(u32::try_from(most).unwrap_or(u32::MAX));
            }
            (Some(rate), Some(_)) => {
                let message = format!("the limit `{name}` has both `rate` and `at_once`");
                self.wrong_with_help(Code::Combination, rate.place, message, "one too many", "make it two limits");
            }
            (None, None) if self.damaged(written.place) => {}
            (None, None) => {
                let message = format!("the limit `{name}` has no bound");
                self.wrong(Code::MissingKey, written.place, message, "expected `rate` or `at_once`");
            }
        }
        Bound::AtOnce(1)
    }

    fn key(&mut self, written: &At<OneOrMany>, kept: &mut KeptClaims) -> Vec<Mark> {
        if written.value.is_empty() && !self.damaged(written.place) {
            let label = "expected such as client_id, address or route";
            self.wrong(Code::WrongValue, written.place, "an empty key tells nobody apart", label);
        }
        written.value.iter().filter_map(|word| self.mark(word, KeyOf::Limit, kept)).collect()
    }

    /// One thing that callers differ in.
    pub fn mark(&mut self, written: &At<String>, of: KeyOf, kept: &mut KeptClaims) -> Option<Mark> {
        let word = written.value.as_str();
        match (word, of) {
            ("address", _) => return Some(Mark::Address),
            ("client_id", _) => return Some(Mark::Client),
            ("sub", _) => return Some(Mark::Subject),
            ("route", KeyOf::Limit) => return Some(Mark::Route),
            ("cookie", KeyOf::Split) => return Some(Mark::Cookie),
            _ => {}
        }
        if let Some(claim) = word.strip_prefix("claims.").filter(|claim| !claim.is_empty()) {
            return Some(Mark::Claim(kept.index(claim)));
        }
        if let (Some(name), KeyOf::Split) = (word.strip_prefix("header."), of) {
            let header = At { value: name.to_owned(), place: written.place, secrecy: written.secrecy };
            return self.plain_name(&header).map(Mark::Header);
        }
        let known: &[&str] = if of == KeyOf::Limit { &OF_LIMITS } else { &OF_SPLITS };
        let label = format!("expected {}", known.join(", "));
        let message = format!("`{written}` tells no callers apart");
        if of == KeyOf::Limit && word.starts_with("header.") {
            let help = "a caller could choose another value for every request; use what is in the token";
            self.wrong_with_help(Code::WrongValue, written.place, message, label, help);
        } else {
            let meant = closest(word, known.iter().copied()).map(|meant| format!("did you mean `{meant}`?"));
            let problem = Problem::new(Code::UnknownWord, message).at(self.places(), written.place, label);
            self.report(problem.maybe_help(meant));
        }
        None
    }

    /// The limits a route is under: those before its token is looked at, and the others.
    pub fn limits_of(&mut self, written: Option<&At<OneOrMany>>, growing: &mut Growing) -> (Vec<usize>, Vec<usize>) {
        let mut chosen: Vec<usize> = Vec::new();
        for name in written.iter().flat_map(|list| list.value.iter()) {
            match growing.limits.iter().position(|limit| *limit.name == *name.value) {
                Some(index) if chosen.contains(&index) => {
                    self.wrong(Code::Twice, name.place, format!("limit `{name}` is there twice"), "again here");
                }
                Some(index) => chosen.push(index),
                None => self.undefined("limits", "limit", name),
            }
        }
        growing.used_limits.extend(&chosen);
        chosen.into_iter().partition(|index| !growing.limits.get(*index).is_some_and(Limit::needs_token))
    }

    /// A word of a closed list, or a problem that names the list.
    pub fn unknown_word(&mut self, written: &At<String>, what: &str, known: &[&str]) {
        let meant = closest(&written.value, known.iter().copied()).map(|meant| format!("did you mean `{meant}`?"));
        let problem =
            crate::config::problem::fact::Problem::new(Code::UnknownWord, format!("`{written}` is not {what}"));
        let label = format!("expected {}", known.join(", "));
        self.report(problem.at(self.places(), written.place, label).maybe_help(meant));
    }
}
