//! A backend's answer that is made smaller while it passes. Whenever the backend pauses,
//! everything it has sent so far goes on, so that a reader of a stream waits no longer
//! than without. At most so many at once: an encoder holds memory for as long as its
//! reader takes. Must never: end a broken stream as if it were whole.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::CONTENT_LENGTH;
use http::request::Parts;
use http::{HeaderMap, Response};
use http_body::{Body as _, Frame};

use crate::edge::body::BoxedAnswer;
use crate::edge::upstream::download::Download;
use crate::edge::upstream::error::ForwardError;
use crate::traffic::compress::Compress;
use crate::traffic::encoder::Encoder;

/// Answers of one worker that are made smaller at once, each with an encoder of up to
/// some 2 MB; beyond it they go as they are.
const MAX_AT_ONCE: usize = 128;

/// The answer as this caller gets it: smaller, if the rule, the backend and he want it so
/// and a place is free.
pub fn shrink(rule: &Compress, asked: &Parts, places: &Shrinking, mut answer: BoxedAnswer) -> BoxedAnswer {
    // The answer to a `HEAD` has no body, but says how long it would be.
    let said = answer.headers().get(CONTENT_LENGTH).and_then(|line| line.to_str().ok()?.parse().ok());
    let length = said.or_else(|| answer.body().size_hint().exact());
    let place = places.enter();
    let nothing = HeaderMap::new();
    // Where no place is free, a caller gets what one gets who takes no encoding.
    let wishes = if place.is_some() { &asked.headers } else { &nothing };
    let mut smaller = answer.headers().clone();
    let coding = rule.negotiate(&asked.method, wishes, answer.status(), length, &mut smaller);
    match (coding.map(Encoder::new), place) {
        (Some(Ok(encoder)), Some(place)) => {
            let (mut head, body) = (*answer).into_parts();
            let body = body.shrunk(encoder, place).inspect(|body| {
                smaller.extend(body.size_hint().exact().map(|length| (CONTENT_LENGTH, length.into())));
                head.headers = smaller;
            });
            Box::new(Response::from_parts(head, body.unwrap_or_else(|body| body)))
        }
        (Some(_), _) => answer,
        (None, _) => {
            *answer.headers_mut() = smaller;
            answer
        }
    }
}

/// How many are being made smaller now.
#[derive(Debug, Default)]
pub struct Shrinking(Arc<AtomicUsize>);

/// One of the places.
#[derive(Debug)]
pub struct Place(Arc<AtomicUsize>);

impl Shrinking {
    /// A place, if one is free.
    pub fn enter(&self) -> Option<Place> {
        if self.0.fetch_add(1, Ordering::Relaxed) < MAX_AT_ONCE {
            return Some(Place(Arc::clone(&self.0)));
        }
        self.0.fetch_sub(1, Ordering::Relaxed);
        None
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A body on its way through an encoder.
#[derive(Debug)]
pub struct Shrunk {
    download: Download,
    /// `None` once it gave its last bytes.
    encoder: Option<Encoder>,
    held: Held,
    _place: Place,
}

/// Whether the encoder holds bytes back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Held {
    Nothing,
    Something,
}

impl Shrunk {
    /// What comes of `download` in this encoder.
    pub fn new(download: Download, encoder: Encoder, place: Place) -> Shrunk {
        Shrunk { download, encoder: Some(encoder), held: Held::Nothing, _place: place }
    }

    /// What it is made of.
    pub fn source(&mut self) -> &mut Download {
        &mut self.download
    }

    /// True when nothing more will come.
    pub fn is_end_stream(&self) -> bool {
        self.encoder.is_none()
    }

    /// The next piece.
    pub fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, ForwardError>>> {
        loop {
            let Some(encoder) = &mut self.encoder else { return Poll::Ready(None) };
            let (made, held) = match self.download.poll_frame(cx) {
                Poll::Pending if self.held == Held::Nothing => return Poll::Pending,
                Poll::Pending => (encoder.flush(), Held::Nothing),
                Poll::Ready(Some(Ok(frame))) => match frame.into_data() {
                    Ok(data) => (encoder.push(&data), Held::Something),
                    Err(_trailers) => continue,
                },
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Some(Err(error))),
                Poll::Ready(None) => match self.encoder.take().map(Encoder::finish) {
                    Some(last) => (last, Held::Nothing),
                    None => return Poll::Ready(None),
                },
            };
            self.held = held;
            match made {
                Ok(bytes) if bytes.is_empty() => {}
                Ok(bytes) => return Poll::Ready(Some(Ok(Frame::data(bytes)))),
                Err(_) => return Poll::Ready(Some(Err(ForwardError::BadAnswer))),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{MAX_AT_ONCE, Shrinking};

    #[test]
    fn places_are_bounded_and_given_back() {
        let shrinking = Shrinking::default();
        let places: Vec<_> = (0..MAX_AT_ONCE).map(|_| shrinking.enter()).collect();
        assert!(places.iter().all(Option::is_some) && shrinking.enter().is_none());
        drop(places);
        assert!(shrinking.enter().is_some());
    }
}
