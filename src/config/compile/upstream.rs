//! Upstreams: who answers, how long it may take, how many connections it gets. Names are
//! resolved when connecting, so a backend that is down does not stop a start.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;

use crate::config::compile::compiler::Compiler;
use crate::config::compile::limits::count;
use crate::config::compile::parts::Growing;
use crate::config::compile::url::{Scheme, Url};
use crate::config::document::gateway::GatewayDocument;
use crate::config::document::upstream::UpstreamDocument;
use crate::config::problem::code::Code;
use crate::config::problem::fact::Problem;
use crate::config::source::at::At;
use crate::snapshot::{Server, Upstream};

/// The backend that comes with the gateway.
const ECHO: &str = "builtin:echo";
/// Most servers of one upstream.
const MAX_SERVERS: usize = 256;

/// An upstream with the timeouts that routes inherit.
pub(super) struct Backend {
    pub upstream: Upstream,
    pub first_byte: Duration,
    pub idle: Duration,
}

impl Compiler<'_> {
    /// Every upstream of the file.
    pub fn upstreams(&mut self, document: &GatewayDocument) -> Vec<Backend> {
        document.upstreams.iter().map(|(name, written)| self.upstream(name, written)).collect()
    }

    fn upstream(&mut self, name: &At<String>, written: &At<UpstreamDocument>) -> Backend {
        self.name(name);
        let document = &written.value;
        let list = &document.servers.value;
        if list.is_empty() && !self.damaged(document.servers.place) {
            let message = format!("upstream `{name}` has no server");
            self.wrong(Code::WrongValue, written.place, message, "expected at least one under `servers`");
        }
        if list.len() > MAX_SERVERS {
            let message = format!("upstream `{name}` has more than {MAX_SERVERS} servers");
            self.wrong(Code::WrongValue, written.place, message, "too many");
        }
        let mut servers: Vec<Server> = Vec::new();
        for text in list {
            let Some(server) = self.server_at(text) else { continue };
            if servers.contains(&server) {
                self.wrong(Code::Twice, text.place, format!("the server `{text}` is there twice"), "again here");
            }
            servers.push(server);
        }
        let seconds = Duration::from_secs;
        let (timeouts, pool) = (&document.timeouts, &document.pool);
        let upstream = Upstream {
            name: Arc::from(name.value.as_str()),
            servers,
            connect_timeout: self.span(timeouts.connect.as_ref(), seconds(1)),
            pool_idle: count(self.number(pool.idle_connections.as_ref(), 64, 0..=100_000)),
            pool_idle_timeout: self.span(pool.idle.as_ref(), seconds(60)),
            max_connections: count(self.number(pool.max_connections.as_ref(), 256, 1..=100_000)),
        };
        let first_byte = self.span(timeouts.first_byte.as_ref(), seconds(30));
        Backend { upstream, first_byte, idle: self.span(timeouts.idle.as_ref(), seconds(60)) }
    }

    /// The place of an upstream that a route leads to.
    pub fn upstream_index(&mut self, name: &At<String>, upstreams: &[Backend], growing: &mut Growing) -> Option<usize> {
        let index = upstreams.iter().position(|backend| *backend.upstream.name == *name.value);
        match index {
            Some(index) => growing.used_upstreams.push(index),
            None => self.undefined("upstreams", "upstream", name),
        }
        index
    }

    fn server_at(&mut self, text: &At<String>) -> Option<Server> {
        if text.value == ECHO {
            return Some(Server::Echo);
        }
        let why = match Url::parse(&text.value) {
            Ok(url) if url.scheme == Scheme::Https => "https to backends is not spoken yet",
            Ok(url) if !url.path.is_empty() && url.path != "/" => "it has a path; routes have `strip_prefix`",
            Ok(url) => {
                let port = url.port.unwrap_or(80);
                let authority = if port == 80 { url.host.clone() } else { format!("{}:{port}", url.host) };
                if let (Ok(authority), 1..) = (HeaderValue::from_str(&authority), port) {
                    return Some(Server::Http { host: url.host.into(), port, authority });
                }
                "its host or port cannot be used"
            }
            Err(why) => why,
        };
        let problem = Problem::new(Code::WrongValue, format!("`{text}` is not a server: {why}"))
            .at(self.places(), text.place, "not a server")
            .help("write http://HOST:PORT, or builtin:echo");
        self.report(problem);
        None
    }
}
