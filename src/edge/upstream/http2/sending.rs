//! A request's body on its way into its stream, moved by the request's own task: one
//! piece in hand at most, sent as the backend's window opens (RFC 9113 §5.2), trailers
//! behind it. The first piece is kept until a second one goes, so that what a backend
//! refuses unseen can be sent again. Must never: end a body that broke off as if it were
//! whole.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use h2::{Reason, SendStream};
use http_body::{Body as _, Frame};

use crate::edge::body::upload::Outgoing;
use crate::edge::upstream::error::ForwardError;

/// A body on its way.
#[derive(Debug)]
pub(super) struct Sending {
    body: Outgoing,
    /// `None`: all of it is gone, or nothing of it is wanted any more.
    stream: Option<SendStream<Bytes>>,
    /// A piece for which the window has no room yet.
    held: Option<Bytes>,
    first: Option<Bytes>,
    taken: Taken,
}

/// How much of the body was taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Taken {
    Nothing,
    /// One piece, which is kept.
    First,
    /// More than is kept.
    More,
}

impl Sending {
    /// This body into this stream; `None`: its head was all there is.
    pub(super) fn of(body: Outgoing, stream: Option<SendStream<Bytes>>) -> Sending {
        Sending { body, stream, held: None, first: None, taken: Taken::Nothing }
    }

    /// Moves it on as far as it goes; an error is the caller's.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Result<(), ForwardError> {
        while let Some(stream) = &mut self.stream {
            if let Some(piece) = self.held.take() {
                let Some(room) = has_room(stream, cx) else {
                    self.held = Some(piece);
                    return Ok(());
                };
                let last = self.body.is_end_stream();
                // A stream that is over takes nothing; the answer's side says why.
                if !room || stream.send_data(piece, last).is_err() || last {
                    self.stream = None;
                }
                continue;
            }
            let Poll::Ready(next) = Pin::new(&mut self.body).poll_frame(cx) else { return Ok(()) };
            match next {
                Some(Ok(frame)) => self.take(frame),
                None => {
                    let _ = stream.send_data(Bytes::new(), true);
                    self.stream = None;
                }
                Some(Err(fault)) => {
                    stream.send_reset(Reason::CANCEL);
                    self.stream = None;
                    return Err(fault);
                }
            }
        }
        Ok(())
    }

    /// The answer has begun: its own waits are what is timed.
    pub(super) fn be_calm(&mut self) {
        if let Outgoing::Stream(upload) = &mut self.body {
            upload.be_calm();
        }
    }

    /// The body, if nothing of it is lost.
    pub(super) fn take_back(&mut self) -> Option<Outgoing> {
        let mut body = std::mem::replace(&mut self.body, Outgoing::Empty);
        self.stream = None;
        match (self.taken, self.first.take(), &mut body) {
            (Taken::Nothing, _, _) => Some(body),
            (Taken::First, Some(first), Outgoing::Stream(upload)) => {
                upload.put_back(first);
                Some(body)
            }
            (Taken::First, first, _) => Some(Outgoing::Whole(first)),
            (Taken::More, _, _) => None,
        }
    }

    fn take(&mut self, frame: Frame<Bytes>) {
        match frame.into_data() {
            Ok(data) => {
                (self.first, self.taken) = match self.taken {
                    Taken::Nothing => (Some(data.clone()), Taken::First),
                    Taken::First | Taken::More => (None, Taken::More),
                };
                self.held = Some(data);
            }
            Err(frame) => {
                (self.first, self.taken) = (None, Taken::More);
                if let (Some(mut stream), Ok(trailers)) = (self.stream.take(), frame.into_trailers()) {
                    let _ = stream.send_trailers(trailers);
                }
            }
        }
    }
}

/// Whether the backend's window has room for a first byte, which is enough: the library
/// keeps the rest, and one piece at most. `None`: not yet; `false`: it never will.
fn has_room(stream: &mut SendStream<Bytes>, cx: &mut Context<'_>) -> Option<bool> {
    stream.reserve_capacity(1);
    while stream.capacity() == 0 {
        match stream.poll_capacity(cx) {
            Poll::Ready(Some(Ok(_))) => {}
            Poll::Ready(Some(Err(_)) | None) => return Some(false),
            Poll::Pending => return None,
        }
    }
    Some(true)
}
