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
    /// The level is not one of the five words.
    #[error("log level `{0}` is not one of error, warn, info, debug, trace")]
    Level(String),
    /// A log was set up before in this process.
    #[error("the log is set up already")]
    Twice,
}

/// The words for `level`, from quiet to loud.
pub const LEVELS: [&str; 5] = ["error", "warn", "info", "debug", "trace"];

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
    // Below warnings only the gateway itself is heard: libraries debug byte by byte, and
    // what they say was never looked at for secrets.
    let libraries = if level == "error" { "error" } else { "warn" };
    let filter = LEVELS
        .contains(&level)
        .then(|| EnvFilter::try_new(format!("{libraries},tollgate={level}")).ok())
        .flatten()
        .ok_or_else(|| LogError::Level(level.to_owned()))?;
    let format = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer).with_target(false);
    Ok(match shape {
        Shape::Json => Box::new(format.json().flatten_event(true).finish()),
        Shape::Human => Box::new(format.with_ansi(io::stderr().is_terminal()).finish()),
    })
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::sync::{Arc, Mutex};

    use super::{LogError, Shape, subscriber};

    #[derive(Clone, Default)]
    struct Paper(Arc<Mutex<Vec<u8>>>);

    impl Write for Paper {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("no writer panics").extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn written(shape: Shape, level: &str) -> String {
        let paper = Paper::default();
        let sink = paper.clone();
        let log = subscriber(shape, level, move || sink.clone()).expect("a level");
        tracing::subscriber::with_default(log, || {
            tracing::info!(generation = 3, "configuration taken");
            tracing::debug!("not at this level");
            tracing::info!(target: "hyper::proto", "what a library says");
        });
        let bytes = paper.0.lock().expect("no writer panics").clone();
        String::from_utf8(bytes).expect("text")
    }

    #[test]
    fn an_event_is_one_line_in_either_shape() {
        let line: serde_json::Value = serde_json::from_str(&written(Shape::Json, "info")).expect("one JSON object");
        assert_eq!((&line["level"], &line["message"]), (&"INFO".into(), &"configuration taken".into()));
        assert_eq!(line["generation"], 3);
        let human = written(Shape::Human, "info");
        assert!(human.contains("configuration taken") && human.lines().count() == 1, "{human}");
    }

    #[test]
    fn a_level_is_obeyed_or_refused() {
        assert_eq!(written(Shape::Json, "debug").lines().count(), 2);
        assert_eq!(written(Shape::Json, "warn"), "");
        for wrong in ["loud", "INFO", "", "info,hyper=trace"] {
            let refused = subscriber(Shape::Json, wrong, io::stderr).map(drop);
            assert!(matches!(refused, Err(LogError::Level(level)) if level == wrong), "{wrong}");
        }
    }
}
