//! The process's own log: what it does and what went wrong, on standard error. Set up
//! once by `main`; libraries and the rest of the gateway only emit `tracing` events.
//! Must never: be used for requests (access log) or for evidence (audit log).

use std::io::{self, IsTerminal};

use tracing::Subscriber;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

/// How lines look, once `auto` is decided.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shape {
    /// One JSON object a line.
    Json,
    /// For people.
    Human,
}

impl Shape {
    /// What `auto` means for standard output: human on a terminal.
    pub fn of_stdout() -> Shape {
        Shape::of(io::stdout().is_terminal())
    }

    /// What `auto` means for standard error: human on a terminal.
    pub fn of_stderr() -> Shape {
        Shape::of(io::stderr().is_terminal())
    }

    fn of(terminal: bool) -> Shape {
        if terminal { Shape::Human } else { Shape::Json }
    }
}

/// Why the log cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The level is none of error, warn, info, debug, trace, nor a list of directives.
    #[error("log level `{0}` is not one of error, warn, info, debug, trace")]
    Level(String),
    /// A log was set up before in this process.
    #[error("the log is set up already")]
    Twice,
}

/// Sends every event from `level` up to standard error, until the process ends.
pub fn init(shape: Shape, level: &str) -> Result<(), LogError> {
    let subscriber = subscriber(shape, level, io::stderr)?;
    tracing::subscriber::set_global_default(subscriber).map_err(|_| LogError::Twice)
}

/// The same for any writer, without making it the process's own.
pub fn subscriber<W>(shape: Shape, level: &str, writer: W) -> Result<Box<dyn Subscriber + Send + Sync>, LogError>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let filter = EnvFilter::try_new(level).map_err(|_| LogError::Level(level.to_owned()))?;
    let format = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer).with_target(false);
    Ok(match shape {
        Shape::Json => Box::new(format.json().flatten_event(true).finish()),
        Shape::Human => Box::new(format.with_ansi(io::stderr().is_terminal()).finish()),
    })
}
