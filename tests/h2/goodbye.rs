//! The end of a connection in two steps (RFC 9113 §6.8): the caller is told, what he has
//! sent before that is taken, and what he opens later is ignored with all that belongs to
//! it. What runs is finished whatever comes.

use crate::gateway;
use crate::wire::{
    ACK, DATA, END_HEADERS, END_STREAM, HEADERS, PING, RST_STREAM, Said, WINDOW_UPDATE, Wire, frame, get, request,
};

/// Highest number that a stream can have.
const HIGHEST: u32 = (1 << 31) - 1;

/// What is said next that is neither room nor a question; questions are answered.
fn next(wire: &mut Wire) -> Said {
    loop {
        match wire.hear() {
            Said::Window => {}
            Said::Ping(payload) => wire.say(&frame(PING, ACK, 0, payload)),
            said => return said,
        }
    }
}

#[test]
fn what_is_opened_behind_the_last_goodbye_is_ignored_and_what_runs_is_finished() {
    let gateway = gateway("h2-goodbye", "");
    let mut wire = Wire::greeted(gateway.address("public"), &[]);
    wire.say(&frame(HEADERS, END_HEADERS, 1, request("POST", &[])));
    wire.say(&frame(PING, 0, 0, [1; 8]));
    assert!(matches!(next(&mut wire), Said::Pong(_)));
    gateway.signal("TERM");
    assert_eq!(next(&mut wire), Said::Goaway { last: HIGHEST, code: 0 });
    // Between the two, a request is still taken; the first answer to it is that to the farewell.
    assert_eq!(next(&mut wire), Said::Goaway { last: 1, code: 0 }, "once the farewell was heard");
    let open = |stream| frame(HEADERS, END_HEADERS, stream, request("POST", &[]));
    wire.say(&[open(3), frame(DATA, 0, 3, b"unheard")].concat());
    wire.say(&[frame(WINDOW_UPDATE, 0, 3, [0, 0, 0, 9]), frame(RST_STREAM, 0, 3, [0, 0, 0, 8])].concat());
    wire.say(&[frame(HEADERS, END_HEADERS | END_STREAM, 5, get(&[])), frame(DATA, END_STREAM, 5, b"x")].concat());
    wire.say(&frame(DATA, END_STREAM, 1, b"the rest"));
    let (mut status, mut body) = (String::new(), Vec::new());
    loop {
        match next(&mut wire) {
            Said::Head { stream: 1, fields, .. } => status.clone_from(&fields[0].1),
            Said::Data { stream: 1, bytes, last } => {
                body.extend(bytes);
                if last {
                    break;
                }
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(status, "200");
    assert!(String::from_utf8_lossy(&body).contains("the rest"));
    assert_eq!(next(&mut wire), Said::Closed);
    assert_eq!(gateway.wait().0, Some(0), "everything was finished");
}
