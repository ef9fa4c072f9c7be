//! What a caller's frames do to his streams: the states of RFC 9113 §5.1, the messages of
//! §8.1, and what each mistake costs.

use crate::edge::http2::budget::Flood;
use crate::edge::http2::engine::{FIRST_WINDOW, LARGEST_WINDOW, Leaving, REMEMBERED};
use crate::edge::http2::fault::{Fault, Reason};
use crate::edge::http2::frame::{ACK, END_HEADERS, END_STREAM, PADDED};
use crate::edge::http2::tests::bench::{
    Bench, CONTINUATION, DATA, Frame, GOAWAY, HEADERS, PING, PRIORITY, RESET, SETTINGS, WHOLE, WINDOW, block, get,
    head, limits, post, put, reset, widen,
};

/// What a caller sends on a stream of his choice.
type Blow = fn(u32) -> Vec<u8>;

fn resets(frames: &[Frame]) -> Vec<(u32, Reason)> {
    frames.iter().filter(|frame| frame.kind == RESET).map(|frame| (frame.stream, Reason(frame.code()))).collect()
}

/// The streams whose answers begin in some frames.
fn answered(frames: &[Frame]) -> Vec<u32> {
    frames.iter().filter(|frame| frame.kind == HEADERS).map(|frame| frame.stream).collect()
}

#[test]
fn a_stream_lives_from_its_head_to_both_ends() {
    let mut bench = Bench::new();
    let frames = bench.asked(&get(1, "/hello"));
    assert_eq!((answered(&frames), Bench::body(&frames, 1)), (vec![1], b"/hello".to_vec()));
    assert_eq!(frames.last().map(|frame| frame.flags), Some(END_STREAM));
    assert_eq!(bench.engine.under_way(), 0);
    let frames = bench.asked(&[post(3, "/echo", &[]), put(DATA, 0, 3, b"ab"), put(DATA, END_STREAM, 3, b"c")].concat());
    assert_eq!(Bench::body(&frames, 3), b"abc");
    // §8.1: trailers are an end as well; without END_STREAM they are none.
    let trailers = |flags, stream| put(HEADERS, flags, stream, &block(&[("x-sum", "1")]));
    let frames = bench.asked(&[post(5, "/echo", &[]), put(DATA, 0, 5, b"ab"), trailers(WHOLE, 5)].concat());
    assert_eq!(Bench::body(&frames, 5), b"ab");
    let frames = bench.asked(&[post(7, "/echo", &[]), trailers(END_HEADERS, 7)].concat());
    assert_eq!(resets(&frames), [(7, Reason::PROTOCOL)]);
}

#[test]
fn a_length_that_was_announced_is_kept_to_the_byte() {
    for (length, pieces, good) in [
        ("3", &[&b"abc"[..]][..], true),
        ("3", &[b"ab", b"c"], true),
        ("3", &[b"abc", b""], true),
        ("0", &[b""], true),
        ("3", &[b"ab"], false),
        ("3", &[b"abcd"], false),
        ("3", &[b"abc", b"d"], false),
        ("18446744073709551615", &[b"a"], false),
        ("18446744073709551616", &[b"a"], false),
        ("+3", &[b"abc"], false),
        ("3, 3", &[b"abc"], false),
        ("", &[b""], false),
    ] {
        let mut bench = Bench::new();
        let mut bytes = post(1, "/echo", &[("content-length", length)]);
        for (n, piece) in pieces.iter().enumerate() {
            bytes.extend(put(DATA, if n + 1 == pieces.len() { END_STREAM } else { 0 }, 1, piece));
        }
        let frames = bench.asked(&bytes);
        let expected = if good { vec![] } else { vec![(1, Reason::PROTOCOL)] };
        assert_eq!(resets(&frames), expected, "{length:?} {pieces:?}");
    }
    // With trailers at its end as well.
    let mut bench = Bench::new();
    let trailers = put(HEADERS, WHOLE, 1, &block(&[("x-sum", "1")]));
    let frames =
        bench.asked(&[post(1, "/echo", &[("content-length", "3")]), put(DATA, 0, 1, b"ab"), trailers].concat());
    assert_eq!(resets(&frames), [(1, Reason::PROTOCOL)]);
    // Twice the same is once; twice another is none.
    let twice = |second| head(END_HEADERS, 3, "POST", "/echo", &[("content-length", "1"), ("content-length", second)]);
    assert_eq!(resets(&bench.asked(&[twice("1"), put(DATA, END_STREAM, 3, b"a")].concat())), []);
    let mut bench = Bench::new();
    assert_eq!(resets(&bench.asked(&twice("2"))), [(3, Reason::PROTOCOL)]);
}

/// §6.1 and §6.9: padding counts as much as data does.
#[test]
fn a_window_is_overrun_by_its_first_byte_too_many() {
    let piece = vec![b'x'; 16_383];
    for (last, whole) in [(3, true), (4, false)] {
        let mut bench = Bench::new();
        let mut bytes = post(1, "/never", &[]);
        (0..4).for_each(|_| bytes.extend(put(DATA, 0, 1, &piece)));
        assert_eq!(4 * 16_383 + 3, FIRST_WINDOW);
        bytes.extend(put(DATA, PADDED, 1, &[&[last as u8 - 1][..], &vec![0; last - 1]].concat()));
        let frames = bench.asked(&bytes);
        assert_eq!(resets(&frames).is_empty(), whole, "{frames:?}");
        assert!(whole || resets(&frames) == [(1, Reason::FLOW_CONTROL)]);
    }
}

#[test]
fn room_is_given_for_what_was_taken_and_never_for_what_was_not() {
    let mut bench = Bench::new();
    let piece = vec![b'x'; 16_000];
    // Nobody takes it: nothing is given.
    let frames = bench.asked(&[post(1, "/never", &[]), put(DATA, 0, 1, &piece), put(DATA, 0, 1, &piece)].concat());
    assert!(frames.iter().all(|frame| frame.kind != WINDOW), "{frames:?}");
    // Taken at once: all of it comes back, and more, since it is read.
    let frames = bench.asked(&[post(3, "/echo", &[]), put(DATA, 0, 3, &piece), put(DATA, 0, 3, &piece)].concat());
    let given: u32 = frames
        .iter()
        .filter(|frame| frame.kind == WINDOW)
        .map(|frame| {
            assert_eq!(frame.stream, 3);
            u32::from_be_bytes(frame.payload[..4].try_into().expect("four"))
        })
        .sum();
    assert!(given >= 32_000, "{given}");
    // Nobody needs room for what he has not to send.
    let frames =
        bench.asked(&[post(5, "/echo", &[("content-length", "16000")]), put(DATA, END_STREAM, 5, &piece)].concat());
    assert!(frames.iter().all(|frame| frame.kind != WINDOW), "{frames:?}");
}

/// CVE-2025-8671: each of these has us reset a stream, and each is paid for.
#[test]
fn every_mistake_that_resets_a_stream_is_paid_for() {
    let mistakes: [(&str, Blow); 9] = [
        ("a window widened by nothing", |id| [get(id, "/never"), widen(id, 0)].concat()),
        ("a window too wide", |id| [get(id, "/never"), widen(id, 0x7FFF_FFFF)].concat()),
        ("DATA behind its end", |id| [get(id, "/never"), put(DATA, 0, id, b"x")].concat()),
        ("HEADERS behind its end", |id| [get(id, "/never"), get(id, "/never")].concat()),
        ("PRIORITY of four octets", |id| [get(id, "/never"), put(PRIORITY, 0, id, &[0; 4])].concat()),
        ("PRIORITY on itself", |id| {
            [get(id, "/never"), put(PRIORITY, 0, id, &[&id.to_be_bytes()[..], &[1]].concat())].concat()
        }),
        ("more than was announced", |id| {
            [post(id, "/never", &[("content-length", "1")]), put(DATA, 0, id, b"xy")].concat()
        }),
        ("no path", |id| put(HEADERS, WHOLE, id, &block(&[(":method", "GET"), (":scheme", "http")]))),
        ("trailers that end nothing", |id| [post(id, "/never", &[]), post(id, "/never", &[])].concat()),
    ];
    for (what, blow) in mistakes {
        let mut bench = Bench::new();
        let ended = (0..2000).find_map(|n| {
            let id = 2 * n + 1;
            let fault = bench.hears(&blow(id)).err();
            // Looked at at once, so that these are no resets of what had not begun.
            let frames = bench.says();
            assert_eq!(resets(&frames).len(), usize::from(fault.is_none()), "{what}");
            fault.map(|fault| (n, fault))
        });
        let (count, fault) = ended.unwrap_or_else(|| panic!("{what} goes on for ever"));
        assert!((100..=125).contains(&count) && fault == Fault::Calm, "{what}: {count}, {fault:?}");
    }
}

#[test]
fn what_crosses_our_reset_is_nobodys_fault_but_no_way_to_work_for_nothing() {
    let mut bench = Bench::new();
    let wrong = [post(1, "/never", &[("content-length", "1")]), put(DATA, 0, 1, b"xy")].concat();
    assert_eq!(resets(&bench.asked(&wrong)), [(1, Reason::PROTOCOL)]);
    let trailers = put(HEADERS, WHOLE, 1, &block(&[("x-sum", "1")]));
    let crossing = [put(DATA, 0, 1, &[7; 1000]), widen(1, 5), put(PRIORITY, 0, 1, &[0; 5]), trailers.clone()].concat();
    assert_eq!(bench.asked(&crossing), []);
    let faults: Vec<_> = [put(DATA, END_STREAM, 1, b""), trailers]
        .into_iter()
        .map(|frame| {
            let mut bench = Bench::new();
            bench.asked(&wrong);
            (0..5000).find_map(|_| bench.hears(&frame).err())
        })
        .collect();
    assert_eq!(faults, [Some(Fault::Flood(Flood::Unknown)); 2]);
}

/// §5.1: a stream that was never opened, one that has ended, and one of which nobody knows.
#[test]
fn how_a_stream_ended_is_remembered_for_a_while() {
    let mut bench = Bench::new();
    let last = u32::try_from(2 * REMEMBERED + 5).expect("small");
    for id in (1..=last).step_by(2).filter(|id| *id != 5) {
        assert_eq!(bench.asked(&get(id, "/")).len(), 2, "{id}");
    }
    assert_eq!(bench.engine.gone.len(), REMEMBERED);
    let again = |id| (bench_after(last).hears(&get(id, "/")), id);
    assert_eq!(again(last), (Err(Fault::StreamClosed), last));
    assert_eq!(again(1), (Ok(()), 1), "it may have been reset before he heard of it");
    // One that was left out, while nothing is forgotten.
    let mut bench = Bench::new();
    bench.asked(&get(7, "/"));
    assert_eq!(bench.hears(&get(5, "/")), Err(Fault::Protocol));
}

fn bench_after(last: u32) -> Bench {
    let mut bench = Bench::new();
    (1..=last).step_by(2).filter(|id| *id != 5).for_each(|id| drop(bench.asked(&get(id, "/"))));
    bench
}

/// §5.1.1: numbers grow, are odd, and have an end.
#[test]
fn a_caller_has_odd_numbers_up_to_the_last() {
    for id in [0, 2, 8] {
        assert_eq!(Bench::new().hears(&get(id, "/")), Err(Fault::Protocol), "HEADERS {id}");
    }
    for frame in [put(DATA, 0, 2, b"x"), widen(2, 1), reset(2, 8)] {
        let mut bench = Bench::new();
        bench.asked(&get(7, "/"));
        assert_eq!(bench.hears(&frame), Err(Fault::Protocol), "an even number below the newest is idle: {frame:?}");
    }
    let mut bench = Bench::new();
    let last = 0x7FFF_FFFF;
    assert_eq!(answered(&bench.asked(&get(last, "/"))), [last]);
    assert_eq!(bench.hears(&get(1, "/")), Err(Fault::Protocol), "no number is left");
}

/// §6.8: behind our last goodbye whatever belongs to a new stream is ignored; the old ones live.
#[test]
fn behind_the_last_goodbye_new_streams_are_ignored_with_all_that_is_theirs() {
    let mut bench = Bench::new();
    bench.asked(&post(1, "/echo", &[]));
    bench.engine.leave();
    let told = bench.says();
    assert_eq!(told[0].kind, GOAWAY);
    assert_eq!(told[0].payload[..4], 0x7FFF_FFFF_u32.to_be_bytes(), "what is on its way is still taken");
    assert_eq!(answered(&bench.asked(&get(3, "/"))), [3]);
    let closed = bench.asked(&put(PING, ACK, 0, &told[1].payload));
    assert_eq!((closed[0].kind, &closed[0].payload[..4]), (GOAWAY, &3_u32.to_be_bytes()[..]));
    assert_eq!(bench.engine.leaving, Leaving::Closed);
    let late = [post(5, "/echo", &[]), put(DATA, 0, 5, b"x"), widen(5, 1), reset(5, 8), put(PRIORITY, 0, 5, &[0; 5])];
    assert_eq!(bench.asked(&late.concat()), []);
    assert!(!bench.engine.is_over());
    let frames = bench.asked(&put(DATA, END_STREAM, 1, b"the rest"));
    assert_eq!(Bench::body(&frames, 1), b"the rest");
    assert!(bench.engine.is_over());
    // The table of its blocks was kept up all the same.
    let mut flood = (0..5000).map(|n| get(7 + 2 * n, "/"));
    assert_eq!(flood.find_map(|frame| bench.hears(&frame).err()), Some(Fault::Flood(Flood::Unknown)));
}

#[test]
fn a_callers_goodbye_ends_the_connection_when_all_is_answered() {
    let mut bench = Bench::new();
    bench.hears(&[post(1, "/echo", &[]), put(GOAWAY, 0, 0, &[0; 8])].concat()).expect("no fault");
    bench.says();
    assert!(!bench.engine.is_over());
    bench.asked(&put(DATA, END_STREAM, 1, b"x"));
    assert!(bench.engine.is_over());
}

/// §5.1.2: one stream more than is allowed is refused, and may be tried again.
#[test]
fn streams_over_the_bound_are_refused() {
    let mut limits = limits();
    limits.streams = 2;
    let mut bench = Bench::with(limits, &[]);
    let frames = bench.asked(&[get(1, "/never"), get(3, "/never"), get(5, "/")].concat());
    assert_eq!(resets(&frames), [(5, Reason::REFUSED)]);
    assert_eq!(answered(&bench.asked(&[reset(1, 8), get(7, "/")].concat())), [7], "a place was given back");
}

/// CVE-2023-44487, and that who has been looked at is no part of it.
#[test]
fn resets_of_what_nobody_has_looked_at_end_the_connection() {
    let blow = |n: u32| [get(2 * n + 1, "/never"), reset(2 * n + 1, 8)].concat();
    let mut bench = Bench::new();
    assert_eq!((0..).find_map(|n| bench.hears(&blow(n)).err().map(|fault| (n, fault))), Some((20, Fault::Calm)));
    let mut bench = Bench::new();
    for n in 0..100 {
        bench.hears(&get(2 * n + 1, "/never")).expect("a request");
        bench.says();
        bench.hears(&reset(2 * n + 1, 8)).expect("he may change his mind");
    }
    assert_eq!(bench.engine.under_way(), 0);
}

/// A block may be four times the bound on its wire, and a list eight times it unpacked.
#[test]
fn heads_over_the_bound_are_answered_and_hopeless_ones_end_the_connection() {
    let mut bench = Bench::new();
    let large = vec![("x-large", "v".repeat(8_000)); 2];
    let large: Vec<(&str, &str)> = large.iter().map(|(name, value)| (*name, &**value)).collect();
    let whole = head(0, 1, "GET", "/", &large);
    assert!(whole.len() < 9 + 16_384);
    let frames = bench.asked(&[whole, put(CONTINUATION, END_HEADERS, 1, &block(&large))].concat());
    assert_eq!(answered(&frames), [1], "431");
    // A line of the table that is 3,900 octets long, by one octet each time.
    let seed = [&[0x40, 1, b'x', 0x7F, 0x81, 0x1E][..], &[b'y'; 3968]].concat();
    assert_eq!(bench.hears(&put(HEADERS, WHOLE, 3, &[&seed[..], &[0xBE; 40]].concat())), Err(Fault::Calm));
    let mut bench = Bench::new();
    let mut more = (0..).map(|_| put(CONTINUATION, 0, 1, &block(&large[..1])));
    bench.hears(&head(0, 1, "GET", "/", &[])).expect("a beginning");
    let ended = (0..20).find_map(|n| bench.hears(&more.next()?).err().map(|fault| (n, fault)));
    assert_eq!(ended, Some((8, Fault::Calm)), "4 x 16 KiB of block");
}

/// §6.5: what SETTINGS may say, each at its edge.
#[test]
fn settings_are_judged_one_by_one() {
    let say = |parameters: &[(u16, u32)]| {
        let mut bytes = Vec::new();
        crate::edge::http2::frame::put_settings(parameters, &mut bytes);
        Bench::new().hears(&bytes)
    };
    for (id, value, outcome) in [
        (1, u32::MAX, Ok(())),
        (2, 0, Ok(())),
        (2, 1, Ok(())),
        (2, 2, Err(Fault::Protocol)),
        (3, 0, Ok(())),
        (4, LARGEST_WINDOW as u32, Ok(())),
        (4, LARGEST_WINDOW as u32 + 1, Err(Fault::FlowControl)),
        (5, 16_383, Err(Fault::Protocol)),
        (5, 16_384, Ok(())),
        (5, (1 << 24) - 1, Ok(())),
        (5, 1 << 24, Err(Fault::Protocol)),
        (6, 0, Ok(())),
        (8, 1, Ok(())),
        (8, 2, Err(Fault::Protocol)),
        (9, 1, Ok(())),
        (9, 2, Err(Fault::Protocol)),
        (0xFFFF, u32::MAX, Ok(())),
    ] {
        assert_eq!(say(&[(id, value)]), outcome, "{id}: {value}");
    }
    // CVE-2020-11080.
    assert_eq!(say(&[(4, 1); 64]), Ok(()));
    assert_eq!(say(&[(4, 1); 65]), Err(Fault::Calm));
    assert_eq!(Bench::new().hears(&put(SETTINGS, ACK, 0, &[0; 6])), Err(Fault::Size));
}
