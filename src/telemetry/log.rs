//! The process's own log: what it does and what went wrong, on standard error. Set up
//! once by `main`; libraries and the rest of the gateway only emit `tracing` events.
//! Must never: be used for requests (access log) or for evidence (audit log).

use std::fmt;
use std::io::{self, IsTerminal};

use serde_json::Value;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime as _, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, MakeWriter};
use tracing_subscriber::registry::LookupSpan;

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
    // what they say was never looked at for secrets. What h2 warns of is what callers do
    // wrong, which would let them fill the log.
    let libraries = if level == "error" { "error" } else { "warn" };
    let filter = LEVELS
        .contains(&level)
        .then(|| EnvFilter::try_new(format!("{libraries},h2=error,tollgate={level}")).ok())
        .flatten()
        .ok_or_else(|| LogError::Level(level.to_owned()))?;
    let format = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer).with_target(false);
    Ok(match shape {
        Shape::Json => Box::new(format.with_ansi(false).event_format(JsonLine).finish()),
        Shape::Human => Box::new(format.with_ansi(io::stderr().is_terminal()).finish()),
    })
}

/// One JSON object a line with `time`, `level` and `msg` first, as in the access log,
/// so that one pipeline reads both.
struct JsonLine;

impl<S, N> FormatEvent<S, N> for JsonLine
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let mut time = String::new();
        SystemTime.format_time(&mut Writer::new(&mut time))?;
        let mut line = serde_json::Map::new();
        line.insert("time".to_owned(), Value::from(time));
        line.insert("level".to_owned(), Value::from(event.metadata().level().as_str().to_lowercase()));
        line.insert("msg".to_owned(), Value::from(fields.message));
        line.extend(fields.others);
        writeln!(writer, "{}", Value::Object(line))
    }
}

/// What an event says: its message and its other fields, each as JSON.
#[derive(Default)]
struct Fields {
    message: String,
    others: serde_json::Map<String, Value>,
}

impl Fields {
    fn put(&mut self, field: &Field, value: Value) {
        self.others.insert(field.name().to_owned(), value);
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        match field.name() {
            "message" => self.message = format!("{value:?}"),
            _ => self.put(field, Value::from(format!("{value:?}"))),
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "message" => self.message = value.to_owned(),
            _ => self.put(field, Value::from(value)),
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, Value::from(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, Value::from(value));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, Value::from(value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, Value::from(value));
    }
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
        assert_eq!((&line["level"], &line["msg"]), (&"info".into(), &"configuration taken".into()));
        assert_eq!(line["generation"], 3);
        let names: Vec<_> = line.as_object().expect("an object").keys().map(String::as_str).collect();
        assert_eq!(names, ["time", "level", "msg", "generation"]);
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
