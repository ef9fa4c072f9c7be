//! The body of every answer that leaves the gateway: bytes in hand, or a backend's
//! stream. It carries the request's record to its last byte, so that what is written
//! down is what was sent. Must never: end a broken stream as if it were whole.

pub mod collect;
pub mod duplex;
pub mod hurry;
pub mod inbound;
pub mod inflow;
pub mod outflow;
pub mod pace;
pub mod room;
pub mod stall;
pub mod trailers;
pub mod upload;
pub mod watch;

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::Response;
use http_body::{Body, Frame, SizeHint};

use crate::edge::body::duplex::Duplex;
use crate::edge::body::watch::{Cut, Watch};
use crate::edge::request::record::Record;
use crate::edge::traffic::shrinking::{Place, Shrunk};
use crate::edge::upstream::download::Download;
use crate::edge::upstream::error::ForwardError;
use crate::traffic::encoder::Encoder;

/// An answer on its way to whoever asked. It passes through many hands, so it is a pointer.
pub type BoxedAnswer = Box<Response<AnswerBody>>;

/// An answer's body.
#[derive(Debug)]
pub struct AnswerBody {
    content: Content,
    record: Option<Box<Record>>,
    /// What may end it early.
    watch: Option<Box<Watch>>,
}

#[derive(Debug)]
enum Content {
    /// Bytes in hand; `None` once they were taken.
    Whole(Option<Bytes>),
    /// A backend's answer on its way.
    Stream(Box<Download>),
    /// The same, made smaller as it passes.
    Shrunk(Box<Shrunk>),
}

impl AnswerBody {
    /// These bytes, perhaps none.
    pub fn whole(bytes: Bytes) -> AnswerBody {
        AnswerBody { content: Content::Whole(Some(bytes).filter(|b| !b.is_empty())), record: None, watch: None }
    }

    /// What a backend still sends, unless `watch` ends it.
    pub fn stream(download: Download, watch: Option<Box<Watch>>) -> AnswerBody {
        AnswerBody { content: Content::Stream(Box::new(download)), record: None, watch }
    }

    /// The same through an encoder; a stream takes a place for as long as it lasts.
    ///
    /// # Errors
    /// The body as it was: the encoder failed, or it went through one already.
    pub fn shrunk(self, encoder: Encoder, place: Place) -> Result<AnswerBody, AnswerBody> {
        let AnswerBody { content, record, watch } = self;
        let content = match content {
            Content::Whole(bytes) => match encoder.whole(bytes.as_deref().unwrap_or_default()) {
                Ok(smaller) => Content::Whole(Some(smaller)),
                Err(_) => return Err(AnswerBody { content: Content::Whole(bytes), record, watch }),
            },
            Content::Stream(download) => Content::Shrunk(Box::new(Shrunk::new(*download, encoder, place))),
            Content::Shrunk(_) => return Err(AnswerBody { content, record, watch }),
        };
        Ok(AnswerBody { content, record, watch })
    }

    /// Takes the record that ends with this body.
    pub fn keep(&mut self, mut record: Box<Record>) {
        match &self.content {
            Content::Whole(bytes) => record.sent(bytes.as_ref().map_or(0, Bytes::len)),
            Content::Stream(_) | Content::Shrunk(_) => record.streams(),
        }
        self.record = Some(record);
    }
}

impl Duplex for AnswerBody {
    fn in_hand(&mut self) -> Option<Bytes> {
        match &mut self.content {
            Content::Whole(bytes) => bytes.take(),
            Content::Stream(_) | Content::Shrunk(_) => None,
        }
    }

    fn poll_upload(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        match &mut this.content {
            Content::Whole(_) => {}
            Content::Stream(download) => download.drive_upload(cx),
            Content::Shrunk(shrunk) => shrunk.source().drive_upload(cx),
        }
        let cut = this.watch.as_mut().map_or(Poll::Pending, |watch| watch.poll(cx));
        cut.map(|cut| drop(this.cut(cut)))
    }
}

impl AnswerBody {
    /// Ends the answer where it is: nothing of the backend's follows.
    fn cut(&mut self, cut: Cut) -> Option<Result<Frame<Bytes>, ForwardError>> {
        self.content = Content::Whole(None);
        self.watch = None;
        let (error, end) = match cut {
            Cut::Trailers(error, trailers) => (error, Ok(Frame::trailers(trailers))),
            Cut::Broken(error) => (error, Err(error)),
        };
        self.record.iter_mut().for_each(|record| record.failed(error.label()));
        Some(end)
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = ForwardError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, ForwardError>>> {
        let this = &mut *self;
        let (next, over) = match &mut this.content {
            Content::Whole(bytes) => return Poll::Ready(bytes.take().map(|b| Ok(Frame::data(b)))),
            Content::Stream(download) => (download.poll_frame(cx), download.is_end_stream()),
            Content::Shrunk(shrunk) => (shrunk.poll_frame(cx), shrunk.is_end_stream()),
        };
        let Poll::Ready(next) = next else {
            // Who waits lasts.
            let cut = ready!(this.watch.as_mut().map_or(Poll::Pending, |watch| watch.poll(cx)));
            return Poll::Ready(this.cut(cut));
        };
        if let (Some(Err(error)), Some(watch)) = (&next, &this.watch) {
            let cut = watch.faulted(*error);
            return Poll::Ready(this.cut(cut));
        }
        if let Some(Poll::Ready(cut)) = this.watch.as_mut().filter(|_| next.is_some()).map(|watch| watch.passed(cx)) {
            return Poll::Ready(this.cut(cut));
        }
        if let Some(record) = &mut this.record {
            match &next {
                Some(Ok(frame)) => record.sent(frame.data_ref().map_or(0, Bytes::len)),
                Some(Err(error)) => record.failed(error.label()),
                None => {}
            }
            if next.is_none() || over {
                record.streamed();
            }
        }
        Poll::Ready(next)
    }

    fn is_end_stream(&self) -> bool {
        match &self.content {
            Content::Whole(bytes) => bytes.is_none(),
            Content::Stream(download) => download.is_end_stream(),
            Content::Shrunk(shrunk) => shrunk.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.content {
            Content::Whole(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, |b| b.len() as u64)),
            Content::Stream(download) => download.size_hint(),
            Content::Shrunk(_) => SizeHint::default(),
        }
    }
}
