//! HTTP by hand: `curl` for what clients do, raw sockets for what they must not.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::time::{Duration, Instant};

/// What has not come by then does not come. Nothing waits for it to pass.
const PATIENCE: Duration = Duration::from_secs(60);

/// One answer as curl saw it.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The header block, lower-case names.
    pub head: String,
    /// The body.
    pub body: String,
}

impl Answer {
    /// The first value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|l| {
            let (n, v) = l.split_once(':')?;
            n.eq_ignore_ascii_case(name).then(|| v.trim())
        })
    }

    /// The body as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|e| panic!("no JSON ({e}): {self:?}"))
    }
}

/// Runs curl with certificate checks off and a time limit.
pub fn curl(args: &[&str]) -> Answer {
    let output = Command::new("curl")
        .args(["-sk", "-i", "--max-time", "60", "-H", "Expect:"])
        .args(args)
        .output()
        .expect("curl is installed by tests/run");
    assert!(output.status.success(), "curl {args:?}: {output:?}");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut rest = text.as_str();
    loop {
        let (head, body) = rest.split_once("\r\n\r\n").unwrap_or((rest, ""));
        let status = head.split_whitespace().nth(1).and_then(|s| s.parse().ok()).unwrap_or(0);
        if (100..200).contains(&status) {
            rest = body;
            continue;
        }
        return Answer { status, head: head.to_owned(), body: body.to_owned() };
    }
}

/// Sends bytes as they are and reads until the other side closes.
pub fn raw(address: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).expect("a connection");
    stream.set_read_timeout(Some(PATIENCE)).expect("a time limit");
    let _ = stream.write_all(bytes);
    let mut out = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        match stream.read(&mut chunk) {
            Ok(0) => break,
            Ok(count) => out.extend_from_slice(&chunk[..count]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                panic!("it stays open after {}", String::from_utf8_lossy(&out))
            }
            // A process that was stopped and goes on.
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            // A reset is an end too.
            Err(_) => break,
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// The sum of the series whose names and labels begin with `prefix`.
pub fn series(metrics: SocketAddr, prefix: &str) -> u64 {
    let page = raw(metrics, b"GET /metrics HTTP/1.1\r\nhost: m\r\nconnection: close\r\n\r\n");
    let values = page.lines().filter(|line| line.starts_with(prefix)).filter_map(|line| line.rsplit(' ').next());
    values.filter_map(|value| value.parse::<f64>().ok()).sum::<f64>() as u64
}

/// Waits until `fact` holds.
pub fn until(what: &str, mut fact: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !fact() {
        assert!(begun.elapsed() < PATIENCE, "in vain: {what}");
        // The cores are for whoever is waited for.
        std::thread::park_timeout(Duration::from_millis(1));
    }
}
