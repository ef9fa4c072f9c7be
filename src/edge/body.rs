//! The body of every answer that leaves the gateway: bytes in hand, or a backend's
//! stream. It carries the request's record to its last byte, so that what is written
//! down is what was sent. Must never: end a broken stream as if it were whole.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use crate::edge::duplex::Duplex;
use crate::edge::record::Record;
use crate::edge::traffic::shrinking::{Place, Shrunk};
use crate::edge::upstream::download::Download;
use crate::edge::upstream::error::ForwardError;
use crate::traffic::encoder::Encoder;

/// An answer's body.
#[derive(Debug)]
pub struct AnswerBody {
    content: Content,
    record: Option<Box<Record>>,
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
        AnswerBody { content: Content::Whole(Some(bytes).filter(|b| !b.is_empty())), record: None }
    }

    /// What a backend still sends.
    pub fn stream(download: Download) -> AnswerBody {
        AnswerBody { content: Content::Stream(Box::new(download)), record: None }
    }

    /// The same through an encoder; a stream takes a place for as long as it lasts.
    ///
    /// # Errors
    /// The body as it was: the encoder failed, or it went through one already.
    pub fn shrunk(self, encoder: Encoder, place: Place) -> Result<AnswerBody, AnswerBody> {
        let AnswerBody { content, record } = self;
        let content = match content {
            Content::Whole(bytes) => match encoder.whole(bytes.as_deref().unwrap_or_default()) {
                Ok(smaller) => Content::Whole(Some(smaller)),
                Err(_) => return Err(AnswerBody { content: Content::Whole(bytes), record }),
            },
            Content::Stream(download) => Content::Shrunk(Box::new(Shrunk::new(*download, encoder, place))),
            Content::Shrunk(_) => return Err(AnswerBody { content, record }),
        };
        Ok(AnswerBody { content, record })
    }

    /// The record that ends with this body.
    pub fn with(mut self, mut record: Box<Record>) -> AnswerBody {
        match &self.content {
            Content::Whole(bytes) => record.sent(bytes.as_ref().map_or(0, Bytes::len)),
            Content::Stream(_) | Content::Shrunk(_) => record.streams(),
        }
        self.record = Some(record);
        self
    }
}

impl Duplex for AnswerBody {
    fn poll_upload(mut self: Pin<&mut Self>, cx: &mut Context<'_>) {
        match &mut self.content {
            Content::Whole(_) => {}
            Content::Stream(download) => download.drive_upload(cx),
            Content::Shrunk(shrunk) => shrunk.source().drive_upload(cx),
        }
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = ForwardError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, ForwardError>>> {
        let this = &mut *self;
        let (next, over) = match &mut this.content {
            Content::Whole(bytes) => return Poll::Ready(bytes.take().map(|b| Ok(Frame::data(b)))),
            Content::Stream(download) => (ready!(download.poll_frame(cx)), download.is_end_stream()),
            Content::Shrunk(shrunk) => (ready!(shrunk.poll_frame(cx)), shrunk.is_end_stream()),
        };
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
