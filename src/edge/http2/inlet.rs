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
    pub fn push(&self, data: &[u8]) -> bool {
        let mut state = lock(&self.state);
        if state.left {
            return false;
        }
        if data.len() < SMALL {
            if state.tail.len() + data.len() > JOINED {
                state.turn_over();
            }
            state.tail.extend_from_slice(data);
        } else {
            state.turn_over();
            state.whole.push_back(Bytes::copy_from_slice(data));
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
        let data = state.whole.pop_front().or_else(|| (!state.tail.is_empty()).then(|| state.tail.split().freeze()));
        if let Some(data) = data {
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
