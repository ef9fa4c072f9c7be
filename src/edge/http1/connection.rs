//! A connection that speaks HTTP/1.1 or 1.0, from its first byte to its close: one task
//! that reads a head, has it answered, and writes the answer, over and over. The body of
//! a request is read by whoever wants it, over the same wire.
//! Must never: answer requests in another order than they came in.

use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::header::CONNECTION;
use http::request::Parts;
use http::{HeaderValue, Method, Response, Version};

use crate::edge::body::inbound::Inbound;
use crate::edge::connection::Connection;
use crate::edge::head::refusal::Refusal;
use crate::edge::head::scanner::Wishes;
use crate::edge::http1::deliver::{Ending, deliver};
use crate::edge::http1::wire::{Arrival, Opens, Wire};
use crate::edge::http2::opened::Opened;
use crate::edge::interim::Interims;
use crate::edge::serve::Serve;
use crate::edge::stream::Stream;
use crate::edge::worker::lock;
use crate::edge::worker::spare;
use crate::snapshot::DoorLimits;

/// What an answer has to know of its request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::edge::http1) struct Terms {
    /// The caller's own version, which decides what framings he understands.
    pub(in crate::edge::http1) version: Version,
    /// Whether it was a `HEAD`, whose answer has no body.
    pub(in crate::edge::http1) body: Wanted,
    /// What he asked of the connection.
    pub(in crate::edge::http1) wishes: Wishes,
}

/// Whether the answer's body is wanted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::edge::http1) enum Wanted {
    Yes,
    HeadOnly,
}

/// What has come on a connection.
enum Begun {
    /// A request.
    Request(Box<Parts>, Inbound, Terms),
    /// The preface of HTTP/2.
    Http2,
    /// Nothing, and nothing will.
    End,
}

/// Serves the connection until it closes, or turns out to speak HTTP/2, where it may.
pub(in crate::edge) async fn run<S: Serve>(
    connection: Arc<Connection>,
    stream: impl Into<Stream>,
    opens: Opens,
    limits: DoorLimits,
    serve: S,
) -> Option<Opened> {
    let wire = Arc::new(Mutex::new(Wire::new(stream.into(), opens, Arc::clone(&connection), limits)));
    loop {
        let begun = poll_fn(|cx| {
            let mut held = lock(&wire);
            let (head, body, terms) = match ready!(held.poll_head(cx)) {
                Arrival::Head(head) => received(&head, &mut held, &wire),
                Arrival::Refused(refusal) => refused(refusal),
                Arrival::Http2 => return Poll::Ready(Begun::Http2),
                Arrival::End => return Poll::Ready(Begun::End),
            };
            Poll::Ready(Begun::Request(head, body, terms))
        });
        let (head, body, terms) = match begun.await {
            Begun::Request(head, body, terms) => (head, body, terms),
            Begun::Http2 => return opened(wire),
            Begun::End => break,
        };
        let answer = {
            // Made in this task's own memory: in a box of its own it would be copied there.
            let mut answer = pin!(serve.serve(Arc::clone(&connection), head, body));
            poll_fn(|cx| attend(answer.as_mut(), &wire, &connection.interims, cx)).await?
        };
        match deliver(&connection, &wire, terms, answer).await {
            Ending::Next => {}
            Ending::Close => break,
            Ending::Cut => return None,
        }
    }
    poll_fn(|cx| lock(&wire).poll_close(cx)).await;
    None
}

/// The connection as it was when its first byte came. No request was read from it, so
/// nobody else holds the wire.
fn opened(wire: Arc<Mutex<Wire>>) -> Option<Opened> {
    let wire = Arc::into_inner(wire)?.into_inner().unwrap_or_else(PoisonError::into_inner);
    let (early, stream) = wire.into_parts();
    Some(Opened::of(early, stream))
}

/// A request with its body, and what its answer has to know of it.
fn received(head: &Bytes, held: &mut Wire, wire: &Arc<Mutex<Wire>>) -> (Box<Parts>, Inbound, Terms) {
    match held.read(head) {
        Ok((request, length, wishes)) => {
            let body = if request.method == Method::HEAD { Wanted::HeadOnly } else { Wanted::Yes };
            let terms = Terms { version: request.version, body, wishes };
            (request, Inbound::http1(wire, length), terms)
        }
        Err(refusal) => refused(refusal),
    }
}

/// What stands for a head that was refused: it asks for nothing, and carries the refusal.
fn refused(refusal: Refusal) -> (Box<Parts>, Inbound, Terms) {
    let mut request = spare::head(1);
    request.headers.insert(CONNECTION, HeaderValue::from_static("close"));
    request.extensions.insert(refusal);
    let terms = Terms { version: Version::HTTP_11, body: Wanted::Yes, wishes: Wishes::default() };
    (request, Inbound::empty(), terms)
}

/// An answer on its way, unless the caller leaves before it is there.
fn attend<A, B>(
    answer: Pin<&mut A>,
    wire: &Mutex<Wire>,
    interims: &Interims,
    cx: &mut Context<'_>,
) -> Poll<Option<Box<Response<B>>>>
where
    A: Future<Output = Result<Box<Response<B>>, Infallible>>,
{
    let outcome = answer.poll(cx);
    for interim in interims.take() {
        lock(wire).inform(&interim);
    }
    if let Poll::Ready(Ok(answer)) = outcome {
        return Poll::Ready(Some(answer));
    }
    lock(wire).poll_left(cx).map(|()| None)
}
