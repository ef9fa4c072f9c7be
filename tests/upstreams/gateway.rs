//! A gateway with one upstream behind one public route, and callers of it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use crate::support::gateway::{Folder, Gateway};
pub use crate::support::http::until;

use crate::support::http::curl;

/// How long anything may take to be seen.
pub const SOON: Duration = Duration::from_secs(60);

/// The file with `upstream` as the block of the only upstream, `b`.
pub fn yaml(upstream: &str) -> String {
    format!(
        "version: 1\n\
         listeners: {{ clear: {{ address: \"127.0.0.1:0\" }} }}\n\
         upstreams:\n  b: {upstream}\n\
         routes: [{{ name: all, path: /**, upstream: b, access: public }}]\n\
         store: {{ folder: \"${{env:TOLLGATE_STATE:-state}}\" }}\n\
         observability: {{ metrics: {{ listen: \"127.0.0.1:0\" }}, log: {{ format: json, access: {{ sample_2xx: 1.0 }} }} }}\n\
         runtime: {{ workers: 2 }}\n"
    )
}

/// A gateway in front of `upstream`.
pub fn start(name: &str, upstream: &str) -> Gateway {
    Gateway::start(name, &yaml(upstream))
}

/// The same, in a folder that has files already.
pub fn start_in(folder: Folder, upstream: &str) -> Gateway {
    std::fs::write(folder.path().join("gateway.yaml"), yaml(upstream)).expect("the configuration");
    Gateway::start_in(folder)
}

/// Puts another file in place and lets the gateway find out by itself.
pub fn rewrite(gateway: &Gateway, upstream: &str) {
    let next = gateway.folder.path().join("next.yaml");
    std::fs::write(&next, yaml(upstream)).expect("the new file");
    std::fs::rename(next, gateway.folder.path().join("gateway.yaml")).expect("moved into place");
    gateway.signal("HUP");
}

/// The value of a series, by its name and a part of its labels.
pub fn metric(gateway: &Gateway, name: &str, labels: &str) -> Option<f64> {
    let page = curl(&[&format!("http://{}/metrics", gateway.address("metrics"))]).body;
    let line = page.lines().find(|line| line.starts_with(name) && line.contains(labels))?;
    line.rsplit(' ').next()?.parse().ok()
}

/// Waits until a series has this value: counts follow what callers see.
pub fn counts(gateway: &Gateway, name: &str, labels: &str, wanted: f64) {
    until(&format!("{name} {labels} {wanted}"), || metric(gateway, name, labels) == Some(wanted));
}

/// Whether a server is up, as the metrics say.
pub fn is_up(gateway: &Gateway, server: SocketAddr) -> bool {
    metric(gateway, "tollgate_upstream_up", &format!("server=\"{server}\"")) == Some(1.0)
}

/// One answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Got {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Got {
    /// The reason code of an error of the gateway's own.
    pub fn reason(&self) -> String {
        let json: serde_json::Value = serde_json::from_str(&self.body).unwrap_or_default();
        json["reason"].as_str().unwrap_or_default().to_owned()
    }
}

/// A caller on one connection.
pub struct Caller {
    address: SocketAddr,
    stream: BufReader<TcpStream>,
}

impl Caller {
    pub fn of(gateway: &Gateway) -> Caller {
        Caller::at(gateway.address("clear"))
    }

    pub fn at(address: SocketAddr) -> Caller {
        let stream = TcpStream::connect(address).expect("a connection");
        stream.set_read_timeout(Some(SOON)).expect("a time limit");
        stream.set_nodelay(true).expect("no delay");
        Caller { address, stream: BufReader::new(stream) }
    }

    pub fn get(&mut self, path: &str) -> Got {
        self.ask("GET", path, "")
    }

    /// One request with further header lines, each with its end.
    pub fn ask(&mut self, method: &str, path: &str, lines: &str) -> Got {
        let request = format!("{method} {path} HTTP/1.1\r\nhost: a.test\r\n{lines}\r\n");
        self.stream.get_mut().write_all(request.as_bytes()).expect("sent");
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert_ne!(self.stream.read_line(&mut head).expect("an answer in time"), 0, "no whole head: {head:?}");
        }
        let value = |name: &str| {
            head.lines().filter_map(|line| line.split_once(':')).find(|(n, _)| n.eq_ignore_ascii_case(name))
        };
        let length = value("content-length").and_then(|(_, v)| v.trim().parse().ok()).unwrap_or(0);
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).expect("the body in time");
        let status = head.split(' ').nth(1).and_then(|s| s.parse().ok()).expect("a status");
        if value("connection").is_some_and(|(_, v)| v.trim() == "close") {
            *self = Caller::at(self.address);
        }
        Got { status, body: String::from_utf8_lossy(&body).into_owned(), head }
    }
}
