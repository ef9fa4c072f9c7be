//! What a connection calls for each request, and for HTTP/2 the little that happens
//! before: the exchange is counted, and a head with too many lines is marked as refused.
//! Must never: answer anything itself.

use std::convert::Infallible;
use std::error::Error;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::request::Parts;
use http::{Request, Response};
use http_body::Body;
use pin_project_lite::pin_project;

use crate::edge::connection::Connection;
use crate::edge::duplex::Duplex;
use crate::edge::head::refusal::Refusal;
use crate::edge::in_flight::{Running, Tracked};
use crate::edge::inbound::Inbound;
use crate::edge::stall::Turn;

/// The life of a request, as a function: `request::serve` in the gateway, a closure in
/// tests. Any `Fn(Arc<Connection>, Box<Parts>, Inbound) -> Future` is one.
pub trait Serve: Clone + Send + Sync + 'static {
    /// The answer's body.
    type Body: Body<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>> + Duplex + Send + Unpin + 'static;
    /// The answer to come.
    type Answer: Future<Output = Result<Box<Response<Self::Body>>, Infallible>> + Send + 'static;

    /// Answers one request.
    fn serve(&self, connection: Arc<Connection>, head: Box<Parts>, body: Inbound) -> Self::Answer;
}

impl<F, A, B> Serve for F
where
    F: Fn(Arc<Connection>, Box<Parts>, Inbound) -> A + Clone + Send + Sync + 'static,
    A: Future<Output = Result<Box<Response<B>>, Infallible>> + Send + 'static,
    B: Body<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>> + Duplex + Send + Unpin + 'static,
{
    type Body = B;
    type Answer = A;

    #[inline(always)]
    fn serve(&self, connection: Arc<Connection>, head: Box<Parts>, body: Inbound) -> A {
        self(connection, head, body)
    }
}

/// A `Serve` bound to its HTTP/2 connection.
pub(in crate::edge) struct Front<S> {
    connection: Arc<Connection>,
    serve: S,
    /// Header lines of one request.
    fields: usize,
    /// The size of its header list.
    bytes: usize,
}

impl<S: Serve> Front<S> {
    pub(in crate::edge) fn http2(connection: Arc<Connection>, serve: S, fields: usize, bytes: usize) -> Front<S> {
        Front { connection, serve, fields, bytes }
    }

    pub(in crate::edge) fn connection(&self) -> &Arc<Connection> {
        &self.connection
    }

    /// Has a request answered.
    pub(in crate::edge) fn call(&self, mut request: Request<Inbound>) -> Answering<S::Answer> {
        let running = Running::begin(&self.connection);
        if request.headers().len() > self.fields {
            request.extensions_mut().insert(Refusal::TooManyHeaders);
        } else if list_size(&request) > self.bytes {
            request.extensions_mut().insert(Refusal::HeadTooLarge);
        }
        let (head, body) = request.into_parts();
        let answer = self.serve.serve(Arc::clone(&self.connection), Box::new(head), body);
        Answering { answer, running: Some(running) }
    }
}

/// What a line counts besides its bytes (RFC 9113 §6.5.2).
const ENTRY: usize = 32;

/// The size of a header list, as RFC 9113 §6.5.2 counts it.
fn list_size<B>(request: &Request<B>) -> usize {
    let target = request.uri().path_and_query().map_or(0, |target| target.as_str().len());
    let authority = request.uri().authority().map_or(0, |authority| authority.as_str().len());
    let lines = request.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + ENTRY);
    lines.sum::<usize>() + target + authority
}

pin_project! {
    /// An answer on its way; hands the exchange over to the answer's body.
    pub(in crate::edge) struct Answering<A> {
        #[pin]
        answer: A,
        running: Option<Running>,
    }
}

impl<A, B> Future for Answering<A>
where
    A: Future<Output = Result<Box<Response<B>>, Infallible>>,
{
    type Output = Result<Response<Tracked<B>>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let Ok(response) = ready!(this.answer.poll(cx));
        match this.running.take() {
            Some(running) => Poll::Ready(Ok(response.map(|body| Tracked::new(body, running, Turn::current())))),
            // Polled again after it was ready, which no executor does.
            None => Poll::Pending,
        }
    }
}
