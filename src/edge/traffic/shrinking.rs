//! A backend's answer that is made smaller while it passes. Whenever the backend pauses,
//! everything it has sent so far goes on, so that a reader of a stream waits no longer
//! than without. At most so many at once: an encoder holds memory for as long as its
//! reader takes. Must never: end a broken stream as if it were whole.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::Frame;

use crate::edge::upstream::download::Download;
use crate::edge::upstream::error::ForwardError;
use crate::traffic::encoder::Encoder;

/// Answers of one worker that are made smaller at once; beyond it they go as they are.
const MAX_AT_ONCE: usize = 256;

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
