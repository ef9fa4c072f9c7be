//! Why a command did not do what was asked, in words for the operator, and the exit
//! code that scripts see. Must never: hold a secret, a token or a password.

use std::fmt;
use std::io;

use crate::config::problem::fact::Problems;
use crate::oauth::store::StoreError;

/// A command that failed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Failure {
    /// The thing itself failed; exit code 1.
    Failed(String),
    /// It was asked for wrongly; exit code 2, as for a flag that does not exist.
    Usage(String),
    /// The configuration has mistakes, shown as `check` shows them; exit code 1.
    Configuration(String),
}

impl Failure {
    /// The thing itself failed.
    pub fn new(text: impl Into<String>) -> Failure {
        Failure::Failed(text.into())
    }

    /// It was asked for wrongly.
    pub fn usage(text: impl Into<String>) -> Failure {
        Failure::Usage(text.into())
    }

    /// What standard error shows; each mistake of a configuration begins with its own
    /// `error`.
    pub fn shown(&self) -> String {
        match self {
            Failure::Failed(text) | Failure::Usage(text) => format!("error: {text}"),
            Failure::Configuration(text) => text.clone(),
        }
    }

    /// The process's exit code.
    pub fn code(&self) -> u8 {
        match self {
            Failure::Failed(_) | Failure::Configuration(_) => 1,
            Failure::Usage(_) => 2,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Failed(text) | Failure::Usage(text) | Failure::Configuration(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for Failure {}

impl From<Problems> for Failure {
    fn from(problems: Problems) -> Failure {
        Failure::Configuration(problems.to_string().trim_end().to_owned())
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Failure {
        Failure::Failed(error.to_string())
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Failure {
        Failure::Failed(format!("cannot write the output: {error}"))
    }
}
