//! `observability:` as it is written. Nothing listens unless it is said, and no option
//! makes a secret visible.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::config::document::word::{Off, OrBlock};
use crate::config::source::at::At;

/// Logs and metrics.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Observability")]
pub struct ObservabilityDocument {
    /// What is logged, and how.
    #[serde(default)]
    pub log: LogDocument,
    /// Where the audit log goes: `stderr` (default), or a file.
    pub audit: Option<At<String>>,
    /// The listener of metrics and health; default off.
    pub metrics: Option<At<OrBlock<Off, MetricsDocument>>>,
}

/// What is logged, and how.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Log")]
pub struct LogDocument {
    /// How lines look; default auto: for people on a terminal, JSON elsewhere.
    pub format: Option<At<LogFormatName>>,
    /// How much; default info.
    pub level: Option<At<LogLevelName>>,
    /// One line per request.
    #[serde(default)]
    pub access: AccessLogDocument,
}

/// How log lines look.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LogFormatName {
    /// For people on a terminal, JSON elsewhere.
    Auto,
    /// One JSON object a line.
    Json,
    /// For people.
    Human,
}

/// How much is logged.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LogLevelName {
    /// What failed.
    Error,
    /// And what somebody should look at.
    Warn,
    /// And what happened.
    Info,
    /// And why.
    Debug,
    /// Everything.
    Trace,
}

/// One line per request.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "AccessLog")]
pub struct AccessLogDocument {
    /// Share of the successful requests that are written, 0.0 to 1.0; default 1.0.
    pub sample_2xx: Option<At<f64>>,
    /// Whether the path is written; default false.
    pub path: Option<At<bool>>,
}

/// The listener of metrics and health.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Metrics")]
pub struct MetricsDocument {
    /// Address and port, such as `127.0.0.1:9464`.
    pub listen: At<String>,
}
