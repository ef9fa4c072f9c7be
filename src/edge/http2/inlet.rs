//! What has come on a stream and was not taken, and what a tunnel has to say: the place
//! where the connection and whoever holds the stream's body meet. Small pieces are joined,
//! so that what is held costs what it counts. Must never: hold more than the window let in.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use bytes::{Bytes, BytesMut};
use http::HeaderMap;

use crate::edge::http2::fault::Reason;
use crate::edge::http2::ready::Bell;
use crate::edge::worker::lock;

/// Pieces below this are joined, up to so many bytes.
const SMALL: usize = 4 * 1024;
const JOINED: usize = 16 * 1024;

/// So much of what comes faster than it is taken is put side by side in a wide stream, to go
/// on by one write.
pub const SIDE_BY_SIDE: usize = 64 * 1024;

/// What a tunnel may have said and not sent.
const SAID: usize = 16 * 1024;

/// Bytes that were taken before the connection is told to give room.
const NEWS: usize = 16 * 1024;

/// Both ends' meeting place.
#[derive(Debug)]
pub struct Inlet {
    state: Mutex<State>,
    bell: Arc<Bell>,
}

#[derive(Debug, Default)]
struct State {
    whole: VecDeque<Bytes>,
    tail: BytesMut,
    /// Bytes taken since the connection looked.
    taken: usize,
    end: Option<End>,
    reader: Option<Waker>,
    /// Nobody takes anything any more.
    left: bool,
    said: BytesMut,
    closed: bool,
}

#[derive(Debug)]
enum End {
    /// All has come.
    Whole(Option<HeaderMap>),
    /// It broke off.
    Broken(Reason),
}

/// What a stream's caller may send at once.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Width {
    /// A first window, or little more.
    Usual,
    /// More than that by `SIDE_BY_SIDE` at least, which few streams of a connection have.
    Wide,
}

/// The next of a body.
#[derive(Debug)]
pub enum Next {
    /// A piece.
    Data(Bytes),
    /// The end.
    End(Option<HeaderMap>),
    /// It broke off.
    Broken(Reason),
}

impl Inlet {
    /// An empty one; `bell` is that of its stream.
    pub fn new(bell: Arc<Bell>) -> Arc<Inlet> {
        Arc::new(Inlet { state: Mutex::default(), bell })
    }

    /// More has come. `false`: nobody wants it.
    pub fn push(&self, data: &[u8], width: Width) -> bool {
        let mut state = lock(&self.state);
        if state.left {
            return false;
        }
        if state.tail.len() + data.len() > state.tail.capacity().max(JOINED) {
            state.turn_over();
        }
        if data.len() < SMALL || state.tail.capacity() >= SIDE_BY_SIDE {
            state.tail.extend_from_slice(data);
        } else {
            state.turn_over();
            if width == Width::Usual || state.whole.is_empty() {
                state.whole.push_back(Bytes::copy_from_slice(data));
            } else {
                state.tail = BytesMut::with_capacity(SIDE_BY_SIDE);
                state.tail.extend_from_slice(data);
            }
        }
        state.tell();
        true
    }

    /// All has come.
    pub fn end(&self, trailers: Option<HeaderMap>) {
        let mut state = lock(&self.state);
        state.end.get_or_insert(End::Whole(trailers));
        state.tell();
    }

    /// Nothing more comes.
    pub fn break_off(&self, reason: Reason) {
        let mut state = lock(&self.state);
        state.end = Some(End::Broken(reason));
        state.tell();
    }

    /// Bytes that were taken since this was asked last.
    pub fn taken(&self) -> usize {
        std::mem::take(&mut lock(&self.state).taken)
    }

    /// The next piece.
    pub fn poll_next(&self, cx: &mut Context<'_>) -> Poll<Next> {
        let mut state = lock(&self.state);
        if let Some(End::Broken(reason)) = &state.end {
            return Poll::Ready(Next::Broken(*reason));
        }
        if state.whole.is_empty() {
            state.turn_over();
        }
        if let Some(data) = state.whole.pop_front() {
            state.taken += data.len();
            let news = state.taken >= NEWS;
            drop(state);
            if news {
                self.bell.ring();
            }
            return Poll::Ready(Next::Data(data));
        }
        if let Some(End::Whole(trailers)) = &mut state.end {
            return Poll::Ready(Next::End(trailers.take()));
        }
        if !state.reader.as_ref().is_some_and(|known| known.will_wake(cx.waker())) {
            state.reader = Some(cx.waker().clone());
        }
        Poll::Pending
    }

    /// Whether nothing comes any more.
    pub fn is_over(&self) -> bool {
        let state = lock(&self.state);
        state.whole.is_empty() && state.tail.is_empty() && matches!(state.end, Some(End::Whole(None)))
    }

    /// The reader leaves.
    pub fn leave(&self) {
        let mut state = lock(&self.state);
        state.left = true;
        let here = state.whole.iter().map(Bytes::len).sum::<usize>() + state.tail.len();
        state.taken += here;
        state.whole = VecDeque::new();
        state.tail = BytesMut::new();
    }

    /// Says something, as much as there is room for; `None`: there is none.
    pub fn say(&self, bytes: &[u8]) -> Option<usize> {
        let mut state = lock(&self.state);
        let room = SAID.saturating_sub(state.said.len()).min(bytes.len());
        state.said.extend_from_slice(&bytes[..room]);
        (room > 0).then_some(room)
    }

    /// Has said all.
    pub fn close(&self) {
        lock(&self.state).closed = true;
    }

    /// Whether the stream was reset.
    pub fn is_broken(&self) -> bool {
        matches!(lock(&self.state).end, Some(End::Broken(_)))
    }

    /// What was said, and whether it was all.
    pub fn heard(&self) -> (Bytes, bool) {
        let mut state = lock(&self.state);
        (state.said.split().freeze(), state.closed)
    }
}

impl State {
    fn turn_over(&mut self) {
        if !self.tail.is_empty() {
            let tail = std::mem::take(&mut self.tail).freeze();
            self.whole.push_back(tail);
        }
    }

    fn tell(&mut self) {
        self.reader.take().into_iter().for_each(Waker::wake);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::task::{Context, Poll, Waker};

    use http::HeaderMap;

    use super::{Inlet, JOINED, NEWS, Next, SAID, SIDE_BY_SIDE, SMALL, Width};
    use crate::edge::http2::fault::Reason;
    use crate::edge::http2::ready::Ready;

    fn inlet() -> (Arc<Inlet>, Ready) {
        let ready = Ready::default();
        (Inlet::new(ready.bell(3)), ready)
    }

    fn next(inlet: &Inlet) -> Poll<Next> {
        inlet.poll_next(&mut Context::from_waker(Waker::noop()))
    }

    /// The sizes of all pieces that are there.
    fn pieces(inlet: &Inlet) -> Vec<usize> {
        std::iter::from_fn(|| match next(inlet) {
            Poll::Ready(Next::Data(data)) => Some(data.len()),
            _ => None,
        })
        .collect()
    }

    #[test]
    fn what_comes_is_taken_in_order_and_only_once() {
        let (inlet, _) = inlet();
        let sizes = [1, SMALL - 1, SMALL, 1, 16_384, 16_384, 16_384, 5, SIDE_BY_SIDE, 16_384, 1];
        for width in [Width::Usual, Width::Wide] {
            let sent: Vec<Vec<u8>> = (0_u8..).zip(sizes).map(|(n, size)| vec![n; size]).collect();
            assert!(sent.iter().all(|piece| inlet.push(piece, width)));
            let mut came = Vec::new();
            while let Poll::Ready(Next::Data(data)) = next(&inlet) {
                came.extend_from_slice(&data);
            }
            assert!(came == sent.concat(), "{width:?}");
            assert_eq!((inlet.taken(), inlet.taken()), (came.len(), 0));
        }
        inlet.end(Some(HeaderMap::new()));
        assert!(!inlet.is_over(), "trailers are still to be taken");
        assert!(matches!(next(&inlet), Poll::Ready(Next::End(Some(_)))));
        assert!(matches!(next(&inlet), Poll::Ready(Next::End(None))) && inlet.is_over());
    }

    #[test]
    fn small_pieces_are_joined_and_large_ones_where_the_stream_is_wide() {
        let (inlet, _) = inlet();
        (0..5).for_each(|_| assert!(inlet.push(&[7; SMALL - 1], Width::Usual)));
        assert_eq!(pieces(&inlet), [4 * (SMALL - 1), SMALL - 1], "up to {JOINED}");
        let large = |width| (0..6).for_each(|_| assert!(inlet.push(&[7; 16_384], width)));
        large(Width::Usual);
        assert_eq!(pieces(&inlet), [16_384; 6]);
        large(Width::Wide);
        assert_eq!(pieces(&inlet), [16_384, SIDE_BY_SIDE, 16_384]);
    }

    #[test]
    fn the_connection_is_told_when_enough_was_taken() {
        let (inlet, ready) = inlet();
        let told = |ready: &Ready| {
            let mut places = Vec::new();
            ready.take(&mut places);
            places
        };
        inlet.push(&vec![0; NEWS - 1], Width::Usual);
        assert_eq!((pieces(&inlet).len(), told(&ready)), (1, vec![]));
        inlet.push(&[0], Width::Usual);
        assert_eq!((pieces(&inlet).len(), told(&ready)), (1, vec![3]));
    }

    #[test]
    fn what_broke_off_is_never_an_end() {
        let (inlet, _) = inlet();
        inlet.push(b"half", Width::Usual);
        inlet.break_off(Reason::NO_ERROR);
        assert!(matches!(next(&inlet), Poll::Ready(Next::Broken(Reason::NO_ERROR))));
        inlet.end(None);
        assert!(inlet.is_broken() && !inlet.is_over());
        assert!(matches!(next(&inlet), Poll::Ready(Next::Broken(_))), "not even where an end follows");
    }

    #[test]
    fn who_leaves_gives_all_of_it_back_and_takes_no_more() {
        let (inlet, _) = inlet();
        inlet.push(&[0; 16_384], Width::Usual);
        inlet.push(&[0; 10], Width::Usual);
        inlet.leave();
        assert_eq!(inlet.taken(), 16_394);
        assert!(!inlet.push(b"x", Width::Usual));
        assert_eq!(inlet.taken(), 0);
    }

    #[test]
    fn a_tunnel_says_so_much_and_waits() {
        let (inlet, _) = inlet();
        assert_eq!(inlet.say(&[1; 10]), Some(10));
        assert_eq!(inlet.say(&vec![2; SAID]), Some(SAID - 10));
        assert_eq!(inlet.say(&[3]), None);
        let (words, closed) = inlet.heard();
        assert_eq!((words.len(), closed), (SAID, false));
        inlet.close();
        assert_eq!(inlet.heard(), (bytes::Bytes::new(), true));
    }
}
