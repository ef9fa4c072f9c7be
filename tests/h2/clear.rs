//! HTTP/2 in clear text by prior knowledge (RFC 9113 §3.3): beside HTTP/1.1 on the same
//! listener, told apart by the first bytes, and under the same bounds. There is no
//! `Upgrade: h2c`, which RFC 9113 has given up.

use std::time::{Duration, Instant};

use crate::support::gateway::Gateway;
use crate::support::http::{raw, until};
use crate::wire::{ACK, END_HEADERS, END_STREAM, HEADERS, PING, PREFACE, Said, Wire, frame, get, settings};
use crate::{ended_at, gateway};

const WHOLE: u8 = END_HEADERS | END_STREAM;

fn start(name: &str) -> Gateway {
    gateway(name, ", limits: { header: 1s }")
}

/// The status of a `GET` on this stream.
fn status(wire: &mut Wire, stream: u32) -> String {
    wire.say(&frame(HEADERS, WHOLE, stream, get(&[])));
    loop {
        match wire.hear() {
            Said::Head { stream: of, fields, .. } if of == stream => return fields[0].1.clone(),
            Said::Closed | Said::Nothing => panic!("no answer"),
            _ => {}
        }
    }
}

#[test]
fn both_versions_are_told_apart_however_their_first_bytes_come() {
    let gateway = gateway("h2c-both", "");
    let clear = gateway.address("clear");
    let mut wire = Wire::silent_in_clear(clear);
    for byte in [PREFACE, &settings(&[])].concat() {
        assert!(wire.send(&[byte]));
    }
    assert_eq!(status(&mut wire, 1), "200");
    let mut again = Wire::greeted_in_clear(clear, &[]);
    assert_eq!((status(&mut again, 1), status(&mut again, 3)), ("200".to_owned(), "200".to_owned()));
    let old = raw(clear, b"GET /hello HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
    assert!(old.starts_with("HTTP/1.1 200 "), "{old}");
    // A method that only begins like the preface is HTTP/1.1.
    let close = raw(clear, b"PRIX /hello HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
    assert!(close.starts_with("HTTP/1.1 200 "), "{close}");
}

#[test]
fn elsewhere_the_preface_is_refused() {
    let gateway = start("h2c-elsewhere");
    let clear = gateway.address("clear");
    // Behind a request, at a listener that redirects, or broken off in the middle.
    let late = [&b"GET /hello HTTP/1.1\r\nhost: a\r\n\r\n"[..], PREFACE].concat();
    let late = raw(clear, &late);
    assert!(late.starts_with("HTTP/1.1 200 ") && late.contains("HTTP/1.1 505 "), "{late}");
    let away = raw(gateway.address("away"), PREFACE);
    assert!(away.starts_with("HTTP/1.1 505 "), "{away}");
    let other = raw(clear, b"PRI * HTTP/2.0\r\n\r\nXM\r\n\r\n");
    assert!(other.starts_with("HTTP/1.1 505 "), "{other}");
    let slow = raw(clear, b"PRI * HTTP/2.0\r\n\r\nSM");
    assert!(slow.starts_with("HTTP/1.1 408 "), "{slow}");
    // An upgrade is not taken up: the answer is HTTP/1.1's.
    let upgrade = raw(
        clear,
        b"GET /hello HTTP/1.1\r\nhost: a\r\nconnection: upgrade, http2-settings, close\r\nupgrade: h2c\r\n\
          http2-settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n",
    );
    assert!(upgrade.starts_with("HTTP/1.1 200 ") && !upgrade.contains("h2c"), "{upgrade}");
}

#[test]
fn a_flood_ends_there_too_and_is_counted() {
    let gateway = start("h2c-flood");
    let mut well = Wire::greeted_in_clear(gateway.address("clear"), &[]);
    let mut wire = Wire::greeted_in_clear(gateway.address("clear"), &[]);
    let ping = frame(PING, ACK, 0, [1; 8]);
    let sent = (0..20_000).take_while(|_| wire.send(&ping)).count();
    let began = Instant::now();
    while wire.hear() != Said::Closed {
        assert!(began.elapsed() < Duration::from_secs(60), "the connection goes on after {sent}");
    }
    until("it is counted", || ended_at(&gateway, "clear", "flood_ping") == 1);
    assert_eq!(status(&mut well, 1), "200", "another caller notices nothing");
}
