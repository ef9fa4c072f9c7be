//! A stream that has become a tunnel (RFC 8441 §5, RFC 9113 §8.5): how its ends are told,
//! and that all of it is said before.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::edge::http2::fault::Reason;
use crate::edge::http2::frame::{END_HEADERS, END_STREAM};
use crate::edge::http2::inlet::Inlet;
use crate::edge::http2::stream::Life;
use crate::edge::http2::tests::bench::{Bench, DATA, Frame, RESET, WHOLE, get, head, limits, put, reset, widen};

/// A connection with one tunnel that `run` is, on stream 1, whose window has `window` octets.
fn tunnel<F>(window: u32, run: impl FnOnce(Arc<Inlet>) -> F) -> Bench
where
    F: Future<Output = ()> + Send + 'static,
{
    let mut bench = Bench::with(limits(), &[(4, window)]);
    bench.asked(&head(END_HEADERS, 1, "CONNECT", "/never", &[(":protocol", "websocket")]));
    let place = &mut bench.engine.places[0];
    let inlet = place.inlet.as_ref().map(Arc::clone).expect("an inlet");
    place.life = Life::Tunnel(Box::pin(run(inlet)));
    place.bell.ring();
    bench
}

fn code(frames: &[Frame]) -> Option<u32> {
    frames.last().filter(|frame| frame.kind == RESET).map(Frame::code)
}

#[test]
fn a_tunnel_that_breaks_off_has_said_all_before() {
    let words = vec![b'w'; 10_000];
    let spoken = words.clone();
    let mut bench = tunnel(1, |inlet| async move {
        assert_eq!(inlet.say(&spoken[..4000]), Some(4000));
        // The first piece waits for its window; the rest comes, and the backend is gone.
        let mut once = false;
        std::future::poll_fn(|cx| {
            cx.waker().wake_by_ref();
            if std::mem::replace(&mut once, true) { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
        })
        .await;
        assert_eq!(inlet.say(&spoken[4000..]), Some(6000));
    });
    let mut frames = bench.says();
    assert_eq!(Bench::body(&frames, 1).len(), 1);
    frames.extend(bench.asked(&widen(1, 5000)));
    assert_eq!((Bench::body(&frames, 1).len(), code(&frames)), (5001, None));
    frames.extend(bench.asked(&widen(1, 5000)));
    assert_eq!(Bench::body(&frames, 1), words);
    assert_eq!(code(&frames), Some(Reason::CANCEL.0), "RFC 8441 §5: an end that is none");
    assert_eq!(bench.engine.under_way(), 0);
}

#[test]
fn a_tunnel_that_ends_well_ends_its_stream() {
    let mut bench = tunnel(100, |inlet| async move {
        inlet.say(&[b'w'; 150]);
        inlet.close();
    });
    let mut frames = bench.says();
    frames.extend(bench.asked(&widen(1, 100)));
    assert_eq!(Bench::body(&frames, 1).len(), 150);
    assert_eq!(frames.last().map(|frame| (frame.kind, frame.flags)), Some((DATA, END_STREAM)));
    // The caller ends as well, or loses the stream after a moment.
    bench.asked(&put(DATA, END_STREAM, 1, b""));
    assert_eq!(bench.engine.under_way(), 0);
}

#[test]
fn a_tunnel_whose_last_word_is_not_taken_does_not_wait_for_ever() {
    let mut bench = tunnel(0, |inlet| async move { assert!(inlet.say(b"bye").is_some()) });
    assert_eq!(bench.says(), []);
    bench.later(Duration::from_secs(31));
    assert_eq!(code(&bench.says()), Some(Reason::CANCEL.0));
}

#[test]
fn a_tunnel_lives_on_behind_its_last_word_until_it_is_over() {
    let over = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&over);
    let mut bench = tunnel(100, |inlet| async move {
        inlet.say(b"bye");
        inlet.close();
        // Waits for the caller's own end, then has something to do.
        std::future::poll_fn(|cx| inlet.poll_next(cx)).await;
        told.store(true, Ordering::SeqCst);
    });
    let frames = bench.says();
    assert_eq!(frames.last().map(|frame| (frame.payload.len(), frame.flags)), Some((3, END_STREAM)));
    assert!(!over.load(Ordering::SeqCst));
    let frames = bench.asked(&put(DATA, END_STREAM, 1, b""));
    assert!(over.load(Ordering::SeqCst), "it was not cut off");
    assert_eq!((frames, bench.engine.under_way()), (vec![], 0));
}

#[test]
fn a_tunnel_whose_caller_resets_it_hears_of_it_and_says_nothing_more() {
    let mut bench = tunnel(0, |inlet| async move {
        inlet.say(b"unheard");
        std::future::poll_fn(|cx| inlet.poll_next(cx)).await;
        assert!(inlet.is_broken());
    });
    assert_eq!(bench.says(), []);
    assert_eq!(bench.asked(&[reset(1, 8), get(3, "/much/0")].concat()).len(), 1, "the other stream is answered");
    assert_eq!(bench.engine.under_way(), 0);
}

/// §8.5: a tunnel has nothing but DATA.
#[test]
fn headers_in_a_tunnel_are_a_mistake() {
    let mut bench = tunnel(100, |_| std::future::pending());
    bench.says();
    let trailers = put(1, WHOLE, 1, &super::bench::block(&[("x-sum", "1")]));
    assert_eq!(code(&bench.asked(&trailers)), Some(Reason::PROTOCOL.0));
}
