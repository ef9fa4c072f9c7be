//! An answer's body into its stream, one piece for each room that the caller's window has
//! (RFC 9113 §5.2). A body that breaks off resets the stream, so that it can never look
//! complete; one whose token has ended is CANCEL, any other is INTERNAL_ERROR.
//! Must never: ask the body for more than the caller has room for.

use std::error::Error;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use h2::{Reason, SendStream};
use http_body::Body;
use pin_project_lite::pin_project;

use crate::edge::duplex::Duplex;
use crate::edge::upstream::error::ForwardError;

pin_project! {
    /// A body on its way out; done when all of it, or its end, was handed over.
    pub(super) struct Pump<B> {
        #[pin]
        body: B,
        stream: SendStream<Bytes>,
    }
}

impl<B> Pump<B> {
    pub(super) fn new(body: B, stream: SendStream<Bytes>) -> Pump<B> {
        Pump { body, stream }
    }
}

impl<B> Future for Pump<B>
where
    B: Body<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>> + Duplex,
{
    type Output = Result<(), h2::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), h2::Error>> {
        let mut this = self.project();
        loop {
            // Room for a first byte is enough: the piece itself waits in the library, which
            // keeps one at most, since the next is asked for only when there is room again.
            this.stream.reserve_capacity(1);
            while this.stream.capacity() == 0 {
                match this.stream.poll_capacity(cx) {
                    Poll::Ready(Some(Ok(0))) => {}
                    Poll::Ready(Some(room)) => drop(room?),
                    Poll::Ready(None) => return Poll::Ready(Ok(())),
                    Poll::Pending => {
                        // The request's body goes on while its answer is not taken.
                        if this.body.as_mut().poll_upload(cx).is_ready() {
                            this.stream.send_reset(Reason::CANCEL);
                            return Poll::Ready(Ok(()));
                        }
                        ready!(this.stream.poll_reset(cx))?;
                        return Poll::Ready(Ok(()));
                    }
                }
            }
            let Poll::Ready(next) = this.body.as_mut().poll_frame(cx) else {
                ready!(this.stream.poll_reset(cx))?;
                return Poll::Ready(Ok(()));
            };
            match next {
                None => return Poll::Ready(this.stream.send_data(Bytes::new(), true)),
                Some(Err(error)) => {
                    this.stream.send_reset(reason(error.into().as_ref()));
                    return Poll::Ready(Ok(()));
                }
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => {
                        let last = this.body.is_end_stream();
                        this.stream.send_data(data, last)?;
                        if last {
                            return Poll::Ready(Ok(()));
                        }
                    }
                    Err(frame) => {
                        if let Ok(trailers) = frame.into_trailers() {
                            return Poll::Ready(this.stream.send_trailers(trailers));
                        }
                    }
                },
            }
        }
    }
}

/// What the caller's library is told (RFC 9113 §7).
fn reason(error: &(dyn Error + Send + Sync + 'static)) -> Reason {
    match error.downcast_ref::<ForwardError>() {
        Some(ForwardError::TokenEnded(_)) => Reason::CANCEL,
        _ => Reason::INTERNAL_ERROR,
    }
}
