//! What a caller may cost. Each flood ends its own connection after a bounded number of
//! frames, a metric says which, the backend sees next to nothing of it, and another
//! caller notices nothing.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::support::gateway::Gateway;
use crate::support::http::until;
use crate::wire::{
    CONTINUATION, DATA, END_HEADERS, END_STREAM, HEADERS, PING, PRIORITY, RST_STREAM, SETTINGS, Said, WINDOW_UPDATE,
    Wire, frame, get, request, settings,
};
use crate::{ended, gateway};

const WHOLE: u8 = END_HEADERS | END_STREAM;

/// Frames that a flood has, unless it is stopped.
const MANY: u32 = 20_000;

/// No bigger than this may a process grow under all of them together.
const MAX_GROWTH_KIB: u64 = 64 * 1024;

/// What a caller who floods sends with his `n`th blow.
type Blow = fn(u32) -> Vec<u8>;

fn ask(stream: u32) -> Vec<u8> {
    frame(HEADERS, WHOLE, stream, get(&[]))
}

/// The first is a request whose body does not end, the others are `then`.
fn behind_a_request(n: u32, then: Vec<u8>) -> Vec<u8> {
    if n == 0 { frame(HEADERS, END_HEADERS, 1, request("POST", &[])) } else { then }
}

/// Sends blow after blow until the gateway ends the connection; how many it took.
fn flood(address: SocketAddr, blow: Blow) -> u32 {
    let mut wire = Wire::greeted(address, &[]);
    let taken = (0..MANY).take_while(|n| wire.send(&blow(*n))).count();
    let began = Instant::now();
    while wire.hear() != Said::Closed {
        assert!(began.elapsed() < Duration::from_secs(60), "the connection goes on");
    }
    u32::try_from(taken).expect("a count")
}

/// The process's resident memory.
pub fn resident(gateway: &Gateway) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", gateway.pid())).expect("Linux tells");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("a line");
    line.split_whitespace().nth(1).expect("a number").parse().expect("KiB")
}

#[test]
fn each_flood_ends_its_own_connection_and_is_counted() {
    let gateway = gateway("h2-floods", "");
    let address = gateway.address("public");
    let mut well = Wire::greeted(address, &[]);
    let floods: [(&str, &str, Blow); 11] =
        [
            ("rapid reset", "enhance_your_calm", |n| {
                [ask(2 * n + 1), frame(RST_STREAM, 0, 2 * n + 1, [0, 0, 0, 8])].concat()
            }),
            ("resets of what runs", "flood_rst_stream", |n| {
                [
                    frame(HEADERS, END_HEADERS, 2 * n + 1, request("POST", &[])),
                    frame(PING, 0, 0, [0; 8]),
                    frame(RST_STREAM, 0, 2 * n + 1, [0, 0, 0, 8]),
                ]
                .concat()
            }),
            ("ping", "flood_ping", |_| frame(PING, 0, 0, [0; 8])),
            ("settings", "flood_settings", |_| settings(&[(4, 65_535)])),
            ("empty settings", "flood_settings", |_| frame(SETTINGS, 0, 0, [])),
            ("priority", "flood_priority", |n| frame(PRIORITY, 0, 2 * n + 1, [0, 0, 0, 0, 1])),
            ("window", "flood_window_update", |n| {
                if n < 10_000 { frame(WINDOW_UPDATE, 0, 0, [0, 0, 0, 1]) } else { vec![] }
            }),
            ("empty data", "flood_empty_data", |n| behind_a_request(n, frame(DATA, 0, 1, []))),
            ("empty continuation", "flood_continuation", |n| {
                if n == 0 { frame(HEADERS, END_STREAM, 1, []) } else { frame(CONTINUATION, 0, 1, []) }
            }),
            ("continuation", "enhance_your_calm", |n| {
                if n == 0 {
                    frame(HEADERS, END_STREAM, 1, get(&[]))
                } else {
                    frame(CONTINUATION, 0, 1, crate::wire::field("x-a", &"a".repeat(8000)))
                }
            }),
            ("unknown", "flood_unknown", |_| frame(99, 0, 0, [])),
        ];
    let before = resident(&gateway);
    for (n, (name, reason, blow)) in floods.into_iter().enumerate() {
        let counted = |reason: &str| ended(&gateway, reason) + ended(&gateway, "enhance_your_calm");
        let earlier = counted(reason);
        flood(address, blow);
        until(&format!("{name}: a metric says {reason}"), || counted(reason) > earlier);
        let stream = 2 * u32::try_from(n).expect("small") + 1;
        well.send(&ask(stream));
        while !matches!(well.hear(), Said::Data { last: true, .. }) {}
    }
    let grown = resident(&gateway).saturating_sub(before);
    assert!(grown < MAX_GROWTH_KIB, "{grown} KiB more than before the floods");
}

#[test]
fn a_header_list_over_the_limit_is_answered_and_the_connection_lives() {
    let gateway = gateway("h2-headers", ", limits: { headers: 8KiB, header_count: 20 }");
    let mut wire = Wire::greeted(gateway.address("public"), &[]);
    let large = get(&[("x-large", &"a".repeat(9000))]);
    let many = get(&(0..30).map(|_| ("x-many", "1")).collect::<Vec<_>>());
    for (stream, block) in [(1, large), (3, many)] {
        wire.send(&frame(HEADERS, WHOLE, stream, block));
        loop {
            match wire.hear() {
                Said::Head { stream: of, fields, .. } if of == stream => break assert_eq!(fields[0].1, "431"),
                Said::Closed | Said::Nothing | Said::Goaway { .. } => panic!("{stream}: the connection ended"),
                _ => {}
            }
        }
    }
    let page = crate::support::http::raw(
        gateway.address("metrics"),
        b"GET /metrics HTTP/1.1\r\nhost: m\r\nconnection: close\r\n\r\n",
    );
    assert!(
        page.contains("tollgate_requests_total{code=\"431\",method=\"GET\",route=\"none\"} 2"),
        "{}",
        page.lines().filter(|line| line.contains("431")).collect::<String>()
    );
    // 4,000 octets that stand for 16 MiB of fields: refused, not unpacked into memory.
    let bomb = [get(&[]), [&[0x40][..], b"\x01x\x7f\x81\x1e", &[b'y'; 3968]].concat(), vec![0xBE; 4000]].concat();
    wire.send(&frame(HEADERS, WHOLE, 5, bomb));
    loop {
        match wire.hear() {
            Said::Head { stream: 5, fields, .. } => break assert_eq!(fields[0].1, "431"),
            Said::Reset { stream: 5, .. } | Said::Goaway { .. } | Said::Closed => break,
            Said::Nothing => panic!("nothing in time"),
            _ => {}
        }
    }
}

#[test]
fn a_drain_says_goaway_and_finishes_what_runs() {
    let gateway = gateway("h2-drain", "");
    let mut wire = Wire::greeted(gateway.address("public"), &[]);
    wire.send(&frame(HEADERS, END_HEADERS, 1, request("POST", &[])));
    // The stream is there when the ping behind it is answered.
    wire.send(&frame(PING, 0, 0, [1; 8]));
    while !matches!(wire.hear(), Said::Pong(_)) {}
    gateway.signal("TERM");
    loop {
        match wire.hear() {
            Said::Goaway { code, .. } => break assert_eq!(code, 0, "NO_ERROR"),
            Said::Ping(payload) => wire.say(&frame(PING, 1, 0, payload)),
            Said::Closed | Said::Nothing => panic!("no GOAWAY"),
            _ => {}
        }
    }
    wire.send(&frame(DATA, END_STREAM, 1, b"the rest"));
    let (mut status, mut body) = (String::new(), Vec::new());
    loop {
        match wire.hear() {
            Said::Head { stream: 1, fields, .. } => status = fields[0].1.clone(),
            Said::Data { stream: 1, bytes, last } => {
                body.extend(bytes);
                if last {
                    break;
                }
            }
            Said::Ping(payload) => wire.say(&frame(PING, 1, 0, payload)),
            Said::Closed | Said::Nothing => panic!("cut off: {status}"),
            _ => {}
        }
    }
    assert_eq!(status, "200");
    assert!(String::from_utf8_lossy(&body).contains("the rest"));
    assert_eq!(gateway.wait().0, Some(0), "everything was finished");
}
