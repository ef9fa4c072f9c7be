//! Settings of the process: state folder, store key, threads, logs, metrics. Most are
//! compared at a reload, since they cannot change without a restart.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};

use crate::config::compile::client::hex_32;
use crate::config::compile::compiler::Compiler;
use crate::config::compile::limits::count;
use crate::config::document::gateway::GatewayDocument;
use crate::config::document::memory::MemoryName;
use crate::config::document::observability::{LogFormatName, LogLevelName};
use crate::config::document::percent::Percent;
use crate::config::document::secret::SecretText;
use crate::config::document::word::{OrBlock, OrNumber};
use crate::config::problem::code::Code;
use crate::config::source::at::At;
use crate::snapshot::{AccessLog, Address, AuditTarget, Fixed, Hashing, LogFormat, LogLevel, MemoryLimit, StoreKey};

/// Most threads that carry traffic.
const MAX_WORKERS: u64 = 1_024;

/// A limit of memory below this would refuse callers of a gateway at rest.
const LEAST_MEMORY: u64 = 64 << 20;

/// More memory than this nobody has to share.
const MOST_MEMORY: u64 = 1 << 40;

/// Password hashes at once by default; each holds 19 MiB while it is computed.
const MOST_HASHERS: usize = 2;

impl Compiler<'_> {
    /// What cannot change while the process runs. The addresses are the listeners'.
    pub fn fixed(&mut self, document: &GatewayDocument, addresses: Vec<(Arc<str>, Address)>) -> Fixed {
        let observability = &document.observability;
        let workers = match document.runtime.workers.as_ref().map(|at| (at, at.value)) {
            Some((at, OrNumber::Number(number, _))) => {
                let written = At { value: number, place: at.place, secrecy: at.secrecy };
                count(self.number(Some(&written), 1, 1..=MAX_WORKERS))
            }
            Some((_, OrNumber::Word)) | None => self.outside.context.processors.max(1),
        };
        Fixed {
            state: self.state(document),
            metrics: self.metrics(document, &addresses),
            workers,
            store_key: document.store.key.as_ref().and_then(|key| self.store_key(key)),
            addresses,
            memory: self.memory(document),
            hashing: Hashing {
                workers: count(self.number(document.hashing.workers.as_ref(), self.hashers(), 1..=MAX_WORKERS)),
                queue: count(self.number(document.hashing.queue.as_ref(), 64, 1..=100_000)),
            },
            audit: match &observability.audit {
                None => AuditTarget::Stderr,
                Some(at) if at.value == "stderr" => AuditTarget::Stderr,
                Some(at) => {
                    if at.value.is_empty() {
                        self.wrong(Code::WrongValue, at.place, "an empty file name", "expected stderr, or a file");
                    }
                    AuditTarget::File(self.path(&at.value))
                }
            },
            log_level: match observability.log.level.as_ref().map(|level| level.value) {
                Some(LogLevelName::Error) => LogLevel::Error,
                Some(LogLevelName::Warn) => LogLevel::Warn,
                Some(LogLevelName::Info) | None => LogLevel::Info,
                Some(LogLevelName::Debug) => LogLevel::Debug,
                Some(LogLevelName::Trace) => LogLevel::Trace,
            },
        }
    }

    fn memory(&mut self, document: &GatewayDocument) -> MemoryLimit {
        let Some(at) = &document.runtime.memory else { return MemoryLimit::Auto };
        let bytes = match at.value {
            MemoryName::Auto => return MemoryLimit::Auto,
            MemoryName::Share(Percent(share @ 1..=100)) => return MemoryLimit::Share(u64::from(share)),
            MemoryName::Share(_) => 0,
            MemoryName::Off => return MemoryLimit::Off,
            MemoryName::Size(size) => size.0,
        };
        if !(LEAST_MEMORY..=MOST_MEMORY).contains(&bytes) {
            let message = "a limit of memory of this size is out of bounds";
            self.wrong(Code::WrongValue, at.place, message, "expected 64MiB to 1024GiB, or 1% to 100%");
        }
        MemoryLimit::Bytes(bytes)
    }

    /// Password hashes at once, where nothing is said: a flood of sign-ins must leave
    /// half of the processors to everybody else's requests.
    fn hashers(&self) -> u64 {
        if self.outside.context.processors < 2 * MOST_HASHERS { 1 } else { MOST_HASHERS as u64 }
    }

    /// The state folder, relative to the configuration file.
    pub fn state(&self, document: &GatewayDocument) -> PathBuf {
        self.path(document.store.folder.as_ref().map_or("state", |folder| folder.value.as_str()))
    }

    /// What is written about each request.
    pub fn access_log(&mut self, document: &GatewayDocument) -> AccessLog {
        let log = &document.observability.log;
        let sample_ok = log.access.sample_2xx.as_ref();
        if let Some(share) = sample_ok.filter(|share| !(0.0..=1.0).contains(&share.value)) {
            self.wrong(Code::WrongValue, share.place, format!("{share} is not a share"), "expected 0.0 to 1.0");
        }
        AccessLog {
            sample_ok: sample_ok.map_or(1.0, |share| share.value),
            path: log.access.path.as_ref().is_some_and(|flag| flag.value),
            format: match log.format.as_ref().map(|format| format.value) {
                Some(LogFormatName::Auto) | None => LogFormat::Auto,
                Some(LogFormatName::Json) => LogFormat::Json,
                Some(LogFormatName::Human) => LogFormat::Human,
            },
        }
    }

    /// How long requests in flight may take after TERM.
    pub fn drain(&mut self, document: &GatewayDocument) -> Duration {
        document.shutdown.drain.as_ref().map_or(Duration::from_secs(30), |span| span.value.0)
    }

    fn metrics(&mut self, document: &GatewayDocument, addresses: &[(Arc<str>, Address)]) -> Option<SocketAddr> {
        let OrBlock::Block(block) = &document.observability.metrics.as_ref()?.value else { return None };
        let address = self.address(&block.listen)?;
        if let Some((name, _)) = addresses.iter().find(|(_, taken)| taken.collides(&Address::Tcp(address))) {
            let message = format!("{} is the address of listener `{name}` too", block.listen);
            self.wrong(Code::Twice, block.listen.place, message, "metrics need their own");
        }
        if !address.ip().is_loopback() {
            let help = "listen on 127.0.0.1, or see that only your Prometheus gets there";
            let message = format!("metrics on {} need no password", block.listen);
            self.wrong_with_help(Code::PublicMetrics, block.listen.place, message, "not only this machine", help);
        }
        Some(address)
    }

    fn store_key(&mut self, written: &At<SecretText>) -> Option<StoreKey> {
        let decoded = key_bytes(written.value.0.expose().trim());
        self.plain_secret(written);
        if decoded.is_none() {
            let label = "expected 32 bytes, as 64 hexadecimal digits or in base64";
            let help = "make one with `openssl rand -hex 32`";
            self.wrong_with_help(Code::WrongValue, written.place, "the store key is malformed", label, help);
        }
        decoded.map(StoreKey)
    }
}

/// 32 bytes, in hexadecimal digits or base64.
pub(super) fn key_bytes(text: &str) -> Option<[u8; 32]> {
    hex_32(text).or_else(|| {
        [STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD]
            .iter()
            .find_map(|engine| <[u8; 32]>::try_from(engine.decode(text).ok()?).ok())
    })
}
