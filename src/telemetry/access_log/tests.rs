//! The access log, read back line by line.

use std::io::{self, Write};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::{AccessLog, AccessSettings, Path};
use crate::clock::{ManualClock, UnixTime};
use crate::telemetry::exchange::Exchange;
use crate::telemetry::layout::Layout;
use crate::telemetry::log::Shape;

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

fn exchange(status: u16) -> Exchange {
    Exchange {
        listener: 0,
        route: Some(0),
        endpoint: None,
        version: http::Version::HTTP_11,
        method: http::Method::GET,
        path: Some("/hello/ann".into()),
        status,
        decision: "ok",
        reason: None,
        duration: Duration::from_micros(1_234),
        upstream_time: Some(Duration::from_micros(900)),
        upstream: Some(0),
        server: None,
        retries: 0,
        client: Some("shop \"web\"\n".into()),
        request_id: None,
        bytes_in: 3,
        bytes_out: 40,
        peer: std::net::IpAddr::from([192, 0, 2, 7]),
    }
}

fn written(shape: Shape, settings: AccessSettings, exchanges: Vec<Exchange>) -> String {
    let layout = Arc::new(Layout {
        routes: vec!["hello".into()],
        upstreams: vec!["echo".into()],
        listeners: vec!["web".into()],
    });
    let paper = Paper::default();
    let clock = Arc::new(ManualClock::at(UnixTime(1_700_000_000)));
    let log = AccessLog::start(Box::new(paper.clone()), shape, settings, clock).expect("a thread");
    let turn = AtomicU64::new(0);
    for exchange in exchanges {
        log.write(&mut exchange.clone(), &layout, &turn, |_| {});
    }
    log.close();
    let bytes = paper.0.lock().expect("no writer panics").clone();
    String::from_utf8(bytes).expect("text")
}

const ALL: AccessSettings = AccessSettings { sample_ok: 1.0, path: Path::Written };

#[test]
fn json_names_what_the_exchange_only_numbers() {
    let text = written(Shape::Json, ALL, vec![exchange(200)]);
    let line: serde_json::Value = serde_json::from_str(&text).expect("one JSON object");
    let expected = serde_json::json!({
        "time": "2023-11-14T22:13:20.000Z", "level": "info", "msg": "request", "listener": "web",
        "route": "hello", "protocol": "HTTP/1.1", "method": "GET", "path": "/hello/ann", "status": 200, "duration_ms": 1.234,
        "upstream": "echo", "upstream_ms": 0.9, "client_id": "shop \"web\"\n", "auth_result": "ok",
        "bytes_in": 3, "bytes_out": 40, "peer": "192.0.2.7",
    });
    assert_eq!(line, expected);
    assert!(text.starts_with("{\"time\":") && text.matches('\n').count() == 1);
}

#[test]
fn the_human_line_stays_one_line_whatever_a_client_is_called() {
    let text = written(Shape::Human, ALL, vec![exchange(200)]);
    assert_eq!(
        text,
        "2023-11-14T22:13:20.000Z 200 GET /hello/ann hello 1.2ms echo=0.9ms auth=ok client=shop \\\"web\\\"\\n \
         from 192.0.2.7\n"
    );
}

#[test]
fn paths_are_written_only_where_the_operator_says_so() {
    let hidden = AccessSettings { sample_ok: 1.0, path: Path::Hidden };
    for shape in [Shape::Json, Shape::Human] {
        assert!(!written(shape, hidden, vec![exchange(200)]).contains("/hello"), "{shape:?}");
    }
}

#[test]
fn good_answers_are_sampled_and_bad_ones_are_not() {
    let quarter = AccessSettings { sample_ok: 0.25, path: Path::Hidden };
    let many = (0..400).map(|_| exchange(204)).collect();
    let lines = written(Shape::Json, quarter, many).lines().count();
    assert!((99..=101).contains(&lines), "{lines} of 400");
    let none = AccessSettings { sample_ok: 0.0, path: Path::Hidden };
    let mixed = vec![exchange(200), exchange(401), exchange(302), exchange(0), exchange(503)];
    assert_eq!(written(Shape::Json, none, mixed).lines().count(), 3, "401, a caller that left, 503");
}

#[test]
fn an_exchange_without_route_or_backend_says_so() {
    let mut lost = exchange(404);
    (lost.route, lost.upstream, lost.upstream_time, lost.client) = (None, None, None, None);
    (lost.decision, lost.reason) = ("", Some("head_bad_lf"));
    let line: serde_json::Value =
        serde_json::from_str(&written(Shape::Json, ALL, vec![lost])).expect("one JSON object");
    assert_eq!(line["route"], "-");
    assert_eq!(line["reason"], "head_bad_lf");
    for absent in ["upstream", "upstream_ms", "client_id", "auth_result"] {
        assert!(line.get(absent).is_none(), "{absent}");
    }
}

#[test]
fn an_endpoint_has_the_name_its_metrics_have() {
    let mut token = exchange(200);
    (token.route, token.endpoint) = (None, Some("token"));
    let line: serde_json::Value =
        serde_json::from_str(&written(Shape::Json, ALL, vec![token])).expect("one JSON object");
    assert_eq!(line["route"], "endpoint/token");
}
