//! Every bound on what a caller may cost, one after the other, at one gateway: the answer
//! or the close that it promises comes, a metric says so, and everybody else is served as
//! before. The table of `deploy/docs/running.md` names the bounds.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use crate::support::gateway::Gateway;
use crate::support::h2::{
    CONTINUATION, END_HEADERS, END_STREAM, HEADERS, PING, RST_STREAM, Said, Wire, block, frame, settings,
};
use crate::support::http::{curl, series, until};

/// After this an answer has not come.
const PATIENCE: Duration = Duration::from_secs(60);
/// No flood needs as many frames.
const FLOOD: u32 = 20_000;

/// One bound.
struct Case {
    name: &'static str,
    /// Runs into it; what came of it: a status, `closed`, or an HTTP/2 word.
    act: fn(&Gateway) -> String,
    ends: &'static str,
    /// The beginning of the series that move.
    metric: &'static str,
}

const fn case(name: &'static str, ends: &'static str, metric: &'static str, act: fn(&Gateway) -> String) -> Case {
    Case { name, act, ends, metric }
}

const YAML: &str = r#"version: 1
listeners:
  well: { address: "127.0.0.1:0" }
  crowded: { address: "127.0.0.1:0", limits: { connections: 1 } }
  few: { address: "127.0.0.1:0", limits: { per_address: { connections: 1 } } }
  seldom: { address: "127.0.0.1:0", limits: { per_address: { new_per_second: 1 } } }
  slow: { address: "127.0.0.1:0", limits: { header: 200ms, body: 200ms } }
  small: { address: "127.0.0.1:0", limits: { headers: 1KiB, header_count: 8 } }
  hasty: { address: "127.0.0.1:0", tls: self-signed, limits: { handshake: 200ms } }
  shy: { address: "127.0.0.1:0", tls: self-signed, limits: { per_address: { handshakes: 1 } } }
  two: { address: "127.0.0.1:0", tls: self-signed, limits: { streams: 2, headers: 8KiB, header_count: 20 } }
issuers:
  main: { url: https://issuer.example, host: any, generate_client: { grants: [client_credentials] }, scopes: { read: Read } }
upstreams:
  echo: { servers: ["builtin:echo"] }
limits:
  rated: { key: address, rate: 1/h }
  alone: { key: route, at_once: 1 }
routes:
  - { name: open, path: /open/**, upstream: echo, access: public }
  - { name: short, path: /short/**, upstream: echo, access: public, max_body: 10B }
  - { name: rated, path: /rated/**, upstream: echo, access: public, limits: [rated] }
  - { name: alone, path: /alone/**, upstream: echo, access: public, limits: [alone] }
store: { folder: "${env:TOLLGATE_STATE:-state}" }
observability: { metrics: { listen: "127.0.0.1:0" } }
shutdown: { drain: 30s }
"#;

fn begin(gateway: &Gateway, listener: &str, bytes: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(gateway.address(listener)).expect("the kernel accepts");
    stream.set_read_timeout(Some(PATIENCE)).expect("a deadline");
    // Who was turned away already is told so by what he reads.
    let _ = stream.write_all(bytes);
    stream
}

/// The status of what comes, or `closed`.
fn end(mut stream: TcpStream) -> String {
    let mut bytes = Vec::new();
    let mut space = [0; 1024];
    loop {
        match stream.read(&mut space) {
            Ok(count @ 1..) => bytes.extend_from_slice(&space[..count]),
            Ok(0) => break,
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => return "nothing in time".to_owned(),
            Err(_) => break,
        }
        if let Some(status) = String::from_utf8_lossy(&bytes).strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)) {
            return status.to_owned();
        }
    }
    "closed".to_owned()
}

fn asked(gateway: &Gateway, listener: &str, path: &str, more: &str) -> TcpStream {
    begin(gateway, listener, format!("GET {path} HTTP/1.1\r\nhost: a\r\n{more}\r\n").as_bytes())
}

/// What comes of a second connection while a first one is served.
fn second(gateway: &Gateway, listener: &str) -> String {
    let mut first = asked(gateway, listener, "/open/x", "");
    assert!(first.read(&mut [0; 12]).is_ok_and(|count| count > 0), "the first is served");
    end(asked(gateway, listener, "/open/x", ""))
}

fn head(more: &[(&str, &str)]) -> Vec<u8> {
    let own = [(":method", "GET"), (":scheme", "https"), (":path", "/open/x"), (":authority", "localhost")];
    [block(&own), block(more)].concat()
}

/// Sends what `nth` makes until the gateway has enough; `calm` where it says so.
fn flood(gateway: &Gateway, nth: fn(u32) -> Vec<u8>) -> String {
    let mut wire = Wire::greeted(gateway.address("two"), &[]);
    for n in (0..FLOOD).step_by(50) {
        let blow: Vec<u8> = (n..n + 50).flat_map(nth).collect();
        if !wire.send(&blow) {
            break;
        }
    }
    loop {
        match wire.hear() {
            Said::Goaway { code: 11, .. } | Said::Closed => return "calm".to_owned(),
            Said::Nothing => return "nothing in time".to_owned(),
            _ => {}
        }
    }
}

const OF_CALLERS: [Case; 6] = [
    case("connections in all", "closed", "connection_refusals_total{listener=\"crowded\",reason=\"limit\"}", |g| {
        second(g, "crowded")
    }),
    case("of an address", "closed", "connection_refusals_total{listener=\"few\",reason=\"address_limit\"}", |g| {
        second(g, "few")
    }),
    case("new ones", "closed", "connection_refusals_total{listener=\"seldom\",reason=\"address_rate\"}", |g| {
        second(g, "seldom")
    }),
    case("a slow handshake", "closed", "tls_handshakes_total{listener=\"hasty\",result=\"timeout\"", |g| {
        end(begin(g, "hasty", b"\x16\x03\x01\x02\x00\x01"))
    }),
    case("handshakes", "closed", "connection_refusals_total{listener=\"shy\",reason=\"address_handshakes\"}", |g| {
        let first = begin(g, "shy", b"\x16\x03\x01\x02\x00\x01");
        let under_way = "tollgate_tls_handshakes_in_flight{listener=\"shy\"}";
        until("one is under way", || series(g.address("metrics"), under_way) == 1);
        let second = end(begin(g, "shy", b""));
        drop(first);
        second
    }),
    case("requests of an address", "429", "rate_limited_total{policy=\"rated\",route=\"rated\"}", |g| {
        assert_eq!(end(asked(g, "well", "/rated/x", "")), "200");
        end(asked(g, "well", "/rated/x", ""))
    }),
];

const OF_REQUESTS: [Case; 7] = [
    case("a slow head", "408", "requests_total{code=\"408\"", |g| end(begin(g, "slow", b"GET / HTTP/1.1\r\nho"))),
    case("a slow body", "408", "requests_total{code=\"408\"", |g| {
        end(begin(g, "slow", b"POST /open/x HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\nx"))
    }),
    case("a large head", "431", "requests_total{code=\"431\"", |g| {
        end(asked(g, "small", "/open/x", &format!("x: {}\r\n", "v".repeat(2000))))
    }),
    case("many lines", "431", "requests_total{code=\"431\"", |g| {
        end(asked(g, "small", "/open/x", &"x: 1\r\n".repeat(9)))
    }),
    case("a large body", "413", "requests_total{code=\"413\"", |g| {
        end(begin(g, "well", b"POST /short/x HTTP/1.1\r\nhost: a\r\ncontent-length: 11\r\n\r\nhello world"))
    }),
    case("requests at once", "503", "rate_limited_total{policy=\"alone\",route=\"alone\"}", |g| {
        let _first = begin(g, "well", b"POST /alone/x HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\nx");
        let under_way = "tollgate_requests_in_flight{listener=\"well\"}";
        until("one is under way", || series(g.address("metrics"), under_way) >= 1);
        end(asked(g, "well", "/alone/x", ""))
    }),
    case("a list of headers", "431", "requests_total{code=\"431\"", |g| {
        let mut wire = Wire::greeted(g.address("two"), &[]);
        wire.send(&frame(HEADERS, END_HEADERS | END_STREAM, 1, head(&[("x", &"v".repeat(9000))])));
        loop {
            match wire.hear() {
                Said::Head { fields, .. } => return fields[0].1.clone(),
                Said::Closed | Said::Nothing => return "closed".to_owned(),
                _ => {}
            }
        }
    }),
];

const FLOODS: [Case; 6] = [
    case("streams over the limit", "calm", "http2_connections_ended_total{listener=\"two\"", |g| {
        flood(g, |n| frame(HEADERS, END_HEADERS, 2 * n + 1, head(&[])))
    }),
    case("rapid reset", "calm", "http2_connections_ended_total{listener=\"two\"", |g| {
        flood(g, |n| {
            let ask = frame(HEADERS, END_HEADERS | END_STREAM, 2 * n + 1, head(&[]));
            [ask, frame(RST_STREAM, 0, 2 * n + 1, [0, 0, 0, 8])].concat()
        })
    }),
    case(
        "CONTINUATION",
        "calm",
        "http2_connections_ended_total{listener=\"two\",reason=\"flood_continuation\"}",
        |g| flood(g, |n| if n == 0 { frame(HEADERS, 0, 1, []) } else { frame(CONTINUATION, 0, 1, []) }),
    ),
    case("SETTINGS", "calm", "http2_connections_ended_total{listener=\"two\",reason=\"flood_settings\"}", |g| {
        flood(g, |_| settings(&[]))
    }),
    case("PING", "calm", "http2_connections_ended_total{listener=\"two\",reason=\"flood_ping\"}", |g| {
        flood(g, |_| frame(PING, 0, 0, [0; 8]))
    }),
    case("empty DATA", "calm", "http2_connections_ended_total{listener=\"two\"", |g| {
        flood(g, |n| {
            let ask = if n == 0 { frame(HEADERS, END_HEADERS, 1, head(&[])) } else { Vec::new() };
            [ask, frame(0, 0, 1, [])].concat()
        })
    }),
];

#[test]
fn at_every_bound_the_promised_end_comes_and_a_metric_moves() {
    let gateway = Gateway::start("overload", YAML);
    let metrics = gateway.address("metrics");
    let well = format!("http://{}/open/well", gateway.address("well"));
    let mut faults = Vec::new();
    for case in OF_CALLERS.iter().chain(&OF_REQUESTS).chain(&FLOODS) {
        let metric = format!("tollgate_{}", case.metric);
        let before = series(metrics, &metric);
        let ends = (case.act)(&gateway);
        if ends != case.ends {
            faults.push(format!("{}: {ends} instead of {}", case.name, case.ends));
            continue;
        }
        until(case.name, || series(metrics, &metric) > before);
        assert_eq!(curl(&[&well]).status, 200, "everybody else, after: {}", case.name);
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert_eq!(gateway.stop().0, Some(0), "it ends as if nothing had been");
}
