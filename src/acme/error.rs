//! Why there is no certificate, for the operator: the authority's own words where it has
//! some. Must never: hold a key, or more text than a log line should.

use instant_acme::Problem;

use crate::clock::Seconds;

/// Bytes of an authority's words that are repeated.
const MAX_WORDS: usize = 1_000;

/// The problem of an authority that does not know our account (RFC 8555 §6.7).
const NO_ACCOUNT: &str = "urn:ietf:params:acme:error:accountDoesNotExist";

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
pub enum AcmeError {
    /// The authority said no.
    #[error("the authority refuses: {words}")]
    Refused {
        /// Its words.
        words: String,
        /// Whether it does not know the account.
        account: Known,
    },
    /// It could not be asked, or what it said is not the protocol.
    #[error("the authority cannot be asked: {0}")]
    Unreachable(String),
    /// Something on this side.
    #[error("{0}")]
    Here(String),
}

/// Whether an authority knows the account.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Known {
    /// Nothing else was said.
    Yes,
    /// It was lost there; another one has to be made.
    No,
}

/// A failed attempt.
#[derive(Debug)]
pub struct Failure {
    /// Why.
    pub error: AcmeError,
    /// When the authority wants to be asked again, if it said so.
    pub retry_after: Option<Seconds>,
}

impl From<AcmeError> for Failure {
    fn from(error: AcmeError) -> Failure {
        Failure { error, retry_after: None }
    }
}

impl From<instant_acme::Error> for AcmeError {
    fn from(error: instant_acme::Error) -> AcmeError {
        match error {
            instant_acme::Error::Api(problem) => AcmeError::refused(&problem),
            other => AcmeError::Unreachable(bounded(chain(&other))),
        }
    }
}

impl AcmeError {
    /// A problem document (RFC 7807) in one line.
    pub fn refused(problem: &Problem) -> AcmeError {
        AcmeError::refused_for("", problem)
    }

    /// The same about one name.
    pub fn refused_for(name: &str, problem: &Problem) -> AcmeError {
        let mut words = if name.is_empty() { String::new() } else { format!("{name}: ") };
        words.push_str(problem.detail.as_deref().unwrap_or("no reason given"));
        for part in &problem.subproblems {
            words.push_str(&format!("; {part}"));
        }
        let kind = problem.r#type.as_deref().unwrap_or_default();
        if let Some(kind) = kind.rsplit(':').next().filter(|kind| !kind.is_empty()) {
            words.push_str(&format!(" ({kind})"));
        }
        let account = if kind == NO_ACCOUNT { Known::No } else { Known::Yes };
        AcmeError::Refused { words: bounded(words), account }
    }
}

/// An error with what lies behind it.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        let words = source.to_string();
        if !text.contains(&words) {
            text.push_str(&format!(": {words}"));
        }
        next = source.source();
    }
    text
}

/// One line of bounded length.
pub(in crate::acme) fn bounded(text: String) -> String {
    let mut end = text.len().min(MAX_WORDS);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default().replace(char::is_control, " ")
}

#[cfg(test)]
mod tests {
    use instant_acme::Problem;

    use super::{AcmeError, Known, MAX_WORDS};

    fn problem(kind: &str, detail: &str) -> Problem {
        Problem {
            r#type: Some(kind.to_owned()),
            detail: Some(detail.to_owned()),
            status: None,
            subproblems: Vec::new(),
        }
    }

    #[test]
    fn an_authoritys_words_come_in_one_bounded_line() {
        let error = AcmeError::refused_for("a.example", &problem("urn:ietf:params:acme:error:dns", "no such name"));
        assert_eq!(error.to_string(), "the authority refuses: a.example: no such name (dns)");
        let long = AcmeError::refused(&problem("", &"ä".repeat(MAX_WORDS))).to_string();
        assert!(long.len() <= MAX_WORDS + 40, "{} bytes", long.len());
    }

    #[test]
    fn a_lost_account_is_noticed() {
        let of = |kind: &str| match AcmeError::refused(&problem(kind, "")) {
            AcmeError::Refused { account, .. } => account,
            AcmeError::Unreachable(_) | AcmeError::Here(_) => Known::Yes,
        };
        assert_eq!(of("urn:ietf:params:acme:error:accountDoesNotExist"), Known::No);
        assert_eq!(of("urn:ietf:params:acme:error:rateLimited"), Known::Yes);
    }
}
