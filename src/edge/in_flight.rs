//! How many exchanges of a connection are under way, from the call of the service to
//! the last byte of the answer's body. Idle time-outs and the drain ask for it.
//! Must never: miss an end; the count goes down in `drop`, so an abort counts too.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use crate::edge::connection::Connection;
use crate::edge::duplex::Duplex;
use crate::edge::stall::{self, PIECE, Turn};

/// The count of one connection.
#[derive(Debug, Default)]
pub struct InFlight(AtomicUsize);

impl InFlight {
    /// Exchanges that have begun and not ended.
    pub fn count(&self) -> usize {
        self.0.load(Ordering::Acquire)
    }
}

/// One exchange under way.
pub struct Running(Arc<Connection>);

impl Running {
    pub(in crate::edge) fn begin(connection: &Arc<Connection>) -> Running {
        connection.in_flight.0.fetch_add(1, Ordering::AcqRel);
        Running(Arc::clone(connection))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.touch();
        self.0.in_flight.0.fetch_sub(1, Ordering::AcqRel);
    }
}

pin_project! {
    /// An answer's body that ends its exchange when it is dropped.
    pub struct Tracked<B> {
        #[pin]
        body: B,
        running: Running,
        turn: Option<Arc<Turn>>,
        // The rest of a piece that was too large to be handed over at once.
        rest: Bytes,
    }
}

impl<B> Tracked<B> {
    /// `turn` is that of its stream, if its caller is timed by the piece.
    pub(in crate::edge) fn new(body: B, running: Running, turn: Option<Arc<Turn>>) -> Tracked<B> {
        Tracked { body, running, turn, rest: Bytes::new() }
    }
}

impl<B: Duplex> Duplex for Tracked<B> {
    fn poll_upload(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.project().body.poll_upload(cx)
    }
}

impl<B: Body<Data = Bytes>> Body for Tracked<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let this = self.project();
        let Some(turn) = this.turn else { return this.body.poll_frame(cx) };
        turn.taken();
        let mut frame = if this.rest.is_empty() {
            match ready!(this.body.poll_frame(cx)) {
                Some(Ok(frame)) => frame,
                end => return Poll::Ready(end),
            }
        } else {
            Frame::data(std::mem::take(this.rest))
        };
        let most = PIECE.min(stall::share().unwrap_or(PIECE));
        if let Some(data) = frame.data_mut().filter(|data| data.len() > most) {
            *this.rest = data.split_off(most);
        }
        turn.handed();
        Poll::Ready(Some(Ok(frame)))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let mut hint = self.body.size_hint();
        if !self.rest.is_empty() {
            let rest = self.rest.len() as u64;
            let upper = hint.upper().map(|upper| upper.saturating_add(rest));
            hint.set_lower(0);
            upper.into_iter().for_each(|upper| hint.set_upper(upper));
        }
        hint
    }
}
