//! The body of every answer that leaves the gateway: bytes in hand, or a backend's
//! stream. It carries the request's record to its last byte, so that what is written
//! down is what was sent. Must never: end a broken stream as if it were whole.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use crate::edge::duplex::Duplex;
use crate::edge::record::Record;
use crate::edge::upstream::download::Download;
use crate::edge::upstream::error::ForwardError;

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

    /// The record that ends with this body.
    pub fn with(mut self, mut record: Box<Record>) -> AnswerBody {
        match &self.content {
            Content::Whole(bytes) => record.sent(bytes.as_ref().map_or(0, Bytes::len)),
            Content::Stream(_) => record.streams(),
        }
        self.record = Some(record);
        self
    }
}

impl Duplex for AnswerBody {
    fn poll_upload(mut self: Pin<&mut Self>, cx: &mut Context<'_>) {
        if let Content::Stream(download) = &mut self.content {
            download.drive_upload(cx);
        }
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = ForwardError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, ForwardError>>> {
        let this = &mut *self;
        let download = match &mut this.content {
            Content::Whole(bytes) => return Poll::Ready(bytes.take().map(|b| Ok(Frame::data(b)))),
            Content::Stream(download) => download,
        };
        let next = ready!(download.poll_frame(cx));
        if let Some(record) = &mut this.record {
            match &next {
                Some(Ok(frame)) => record.sent(frame.data_ref().map_or(0, Bytes::len)),
                Some(Err(error)) => record.failed(error.label()),
                None => {}
            }
            if next.is_none() || download.is_end_stream() {
                record.streamed();
            }
        }
        Poll::Ready(next)
    }

    fn is_end_stream(&self) -> bool {
        match &self.content {
            Content::Whole(bytes) => bytes.is_none(),
            Content::Stream(download) => download.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.content {
            Content::Whole(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, |b| b.len() as u64)),
            Content::Stream(download) => download.size_hint(),
        }
    }
}
