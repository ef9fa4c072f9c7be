//! DATA on its way out: windows (RFC 9113 §5.2, §6.9), turns, and callers who do not take
//! what they asked for.

use std::time::Duration;

use crate::edge::http2::fault::Reason;
use crate::edge::http2::frame::{END_STREAM, LARGEST};
use crate::edge::http2::tests::bench::{
    Bench, DATA, Frame, HEADERS, RESET, SETTINGS, get, head, limits, much, post, put, reset, widen,
};

/// Every window as wide as it can be.
fn open() -> Bench {
    let mut bench = Bench::with(limits(), &[(4, 0x7FFF_FFFF)]);
    bench.asked(&widen(0, 0x7FFF_FFFF - 65_535));
    bench
}

fn setting(id: u16, value: u32) -> Vec<u8> {
    put(SETTINGS, 0, 0, &[&id.to_be_bytes()[..], &value.to_be_bytes()].concat())
}

fn data(frames: &[Frame]) -> Vec<(u32, usize)> {
    frames.iter().filter(|frame| frame.kind == DATA).map(|frame| (frame.stream, frame.payload.len())).collect()
}

#[test]
fn a_body_leaves_in_frames_that_everybody_takes_and_ends_with_the_last() {
    let mut bench = open();
    for (n, size) in [1, LARGEST - 1, LARGEST, LARGEST + 1, 10 * LARGEST + 7].into_iter().enumerate() {
        let id = 2 * u32::try_from(n).expect("small") + 1;
        let frames = bench.asked(&get(id, &format!("/much/{size}")));
        assert_eq!(Bench::body(&frames, id), much(size));
        assert!(frames.iter().all(|frame| frame.payload.len() <= LARGEST));
        let ends = frames.iter().filter(|frame| frame.kind == DATA && frame.flags & END_STREAM != 0).count();
        assert_eq!((ends, frames.last().map(|frame| frame.flags)), (1, Some(END_STREAM)), "{size}");
    }
    // Nothing, and the answer to a HEAD, end with their heads.
    for (id, frame) in [(101, get(101, "/much/0")), (103, head(5, 103, "HEAD", "/much/5000", &[]))] {
        let frames = bench.asked(&frame);
        assert_eq!((frames.len(), frames[0].kind, frames[0].flags & END_STREAM, frames[0].stream), (1, HEADERS, 1, id));
    }
}

/// CVE-2019-9511: whoever opens his windows by the byte gets bytes, and pays for asking.
#[test]
fn tiny_windows_get_what_they_have_room_for_and_nothing_is_lost() {
    let mut bench = Bench::with(limits(), &[(4, 1)]);
    let ids: Vec<u32> = (0..100).map(|n| 2 * n + 1).collect();
    let all: Vec<u8> = ids.iter().flat_map(|id| get(*id, "/much/14")).collect();
    let frames = bench.asked(&all);
    assert_eq!(data(&frames), ids.iter().map(|id| (*id, 1)).collect::<Vec<_>>(), "one byte each, in turn");
    let mut bodies: Vec<Vec<u8>> = ids.iter().map(|id| Bench::body(&frames, *id)).collect();
    for more in [0, 1, 3, 9] {
        let widened: Vec<u8> = ids.iter().filter(|_| more > 0).flat_map(|id| widen(*id, more)).collect();
        let frames = bench.asked(&widened);
        assert_eq!(data(&frames).is_empty(), more == 0);
        ids.iter().zip(&mut bodies).for_each(|(id, body)| body.extend(Bench::body(&frames, *id)));
    }
    assert!(bodies.iter().all(|body| **body == much(14)), "{bodies:?}");
    assert_eq!(bench.engine.under_way(), 0);
}

/// §6.9.2: a window that is made smaller may fall below nothing, and opens again by itself.
#[test]
fn a_window_may_be_below_nothing() {
    let mut bench = Bench::with(limits(), &[(4, 10)]);
    assert_eq!(data(&bench.asked(&get(1, "/much/30"))), [(1, 10)]);
    assert_eq!(data(&bench.asked(&setting(4, 0))), []);
    assert_eq!(data(&bench.asked(&widen(1, 10))), [], "it is at nothing now");
    assert_eq!(data(&bench.asked(&widen(1, 1))), [(1, 1)]);
    assert_eq!(data(&bench.asked(&setting(4, 100))), [(1, 19)]);
}

#[test]
fn the_connections_window_is_shared_in_turns() {
    let mut bench = Bench::with(limits(), &[(4, 0x7FFF_FFFF)]);
    let frames = bench.asked(&[get(1, "/much/100000"), get(3, "/much/100000")].concat());
    assert_eq!(data(&frames).iter().map(|(_, size)| size).sum::<usize>(), 65_535);
    let of = |id| data(&frames).iter().filter(|(stream, _)| *stream == id).map(|(_, size)| size).sum::<usize>();
    // The first had its first frame before the second was there.
    assert!(of(1).abs_diff(of(3)) < 2 * LARGEST, "{} and {}", of(1), of(3));
    // An answer without a body needs no window.
    assert_eq!(bench.asked(&get(5, "/much/0")).len(), 1);
    let mut rest = bench.asked(&widen(0, 200_000));
    rest.splice(0..0, frames);
    assert_eq!((Bench::body(&rest, 1), Bench::body(&rest, 3)), (much(100_000).to_vec(), much(100_000).to_vec()));
}

#[test]
fn large_answers_take_turns_frame_by_frame() {
    let mut bench = open();
    let all: Vec<u8> = (0..8).flat_map(|n| get(2 * n + 1, "/much/500000")).collect();
    bench.hears(&all).expect("requests");
    let frames = bench.says();
    let order: Vec<u32> = data(&frames).into_iter().map(|(stream, _)| stream).collect();
    // From where all of them are there, any eight frames are of eight streams.
    for eight in order[16..200].windows(8) {
        let mut streams = eight.to_vec();
        streams.sort_unstable();
        assert_eq!(streams, [1, 3, 5, 7, 9, 11, 13, 15], "{eight:?}");
    }
    (0..8).for_each(|n| assert_eq!(Bench::body(&frames, 2 * n + 1), much(500_000)));
}

#[test]
fn streams_that_left_the_line_hold_nobody_up() {
    let mut bench = open();
    bench.hears(&[get(1, "/much/900000"), get(3, "/much/900000"), get(5, "/much/900000")].concat()).expect("requests");
    // As much as waits for a socket that takes nothing.
    bench.engine.attend();
    bench.engine.flow();
    assert!(bench.engine.out.is_full());
    let line: Vec<u32> =
        bench.engine.line.iter().map(|at| bench.engine.places[usize::from(*at)].id).filter(|id| *id != 0).collect();
    assert_eq!(line.len(), 3, "{line:?}");
    // Those in front are reset; then the socket takes all, and nothing else happens.
    bench.hears(&[reset(line[0], 8), reset(line[1], 8)].concat()).expect("resets");
    bench.flush();
    bench.out.clear();
    bench.engine.flow();
    assert!(bench.engine.out.is_full(), "the third goes on at once");
}

#[test]
fn who_takes_nothing_of_a_stream_loses_that_stream() {
    let mut bench = Bench::new();
    bench.asked(&[get(1, "/much/100000"), get(3, "/never")].concat());
    bench.later(Duration::from_secs(29));
    assert_eq!(bench.says(), []);
    bench.later(Duration::from_secs(31));
    let frames = bench.says();
    assert_eq!((frames.len(), frames[0].kind, frames[0].stream), (1, RESET, 1));
    assert_eq!(frames[0].code(), Reason::CANCEL.0);
    assert_eq!(bench.engine.under_way(), 1, "nothing else is ended");
}

/// A slow caller with many streams takes each of them slowly; that is our order, not his sloth.
#[test]
fn who_takes_the_others_meanwhile_is_not_late() {
    let mut bench = open();
    bench.hears(&(0..20).flat_map(|n| get(2 * n + 1, "/much/300000")).collect::<Vec<u8>>()).expect("requests");
    bench.engine.attend();
    for _ in 0..3 {
        // 80 KiB or so in the time that one of them may take for 64 KiB.
        bench.flush();
        bench.engine.flow();
        bench.later(Duration::from_secs(31));
        bench.engine.attend();
    }
    assert_eq!(bench.engine.under_way(), 20, "all of them live");
    // He takes nothing any more: they end.
    bench.engine.flow();
    bench.later(Duration::from_secs(31));
    bench.engine.attend();
    assert!(bench.engine.under_way() < 20);
}

/// §8.1: an answer that is whole before its request gives the caller a moment, then a reset
/// that blames nobody.
#[test]
fn who_was_answered_early_has_a_moment_to_end() {
    for ends in [true, false] {
        let mut bench = Bench::new();
        let frames = bench.asked(&[post(1, "/hello", &[]), put(DATA, 0, 1, b"x")].concat());
        assert_eq!(Bench::body(&frames, 1), b"/hello");
        if ends {
            assert_eq!(bench.asked(&put(DATA, END_STREAM, 1, b"y")), []);
        }
        bench.later(Duration::from_secs(1));
        let frames = bench.says();
        assert_eq!(frames.iter().map(Frame::code).collect::<Vec<_>>(), if ends { vec![] } else { vec![0] });
        assert_eq!(bench.engine.under_way(), 0);
    }
}
