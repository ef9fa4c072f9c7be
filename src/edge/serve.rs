//! What a connection calls for each request, and the little that happens before:
//! the exchange is counted, and a head that was refused is marked as such.
//! Must never: answer anything itself.

use std::convert::Infallible;
use std::error::Error;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use crate::edge::inbound::Inbound;
use bytes::Bytes;
use http::{HeaderValue, Request, Response, header};
use http_body::Body;
use hyper::service::Service;
use pin_project_lite::pin_project;

use crate::edge::connection::Connection;
use crate::edge::head::refusal::Refusal;
use crate::edge::in_flight::{Running, Tracked};
use crate::edge::stall::Turn;

/// What a line counts besides its bytes (RFC 9113 §6.5.2).
const ENTRY: usize = 32;

/// The life of a request, as a function: `request::serve` in the gateway, a closure in
/// tests. Any `Fn(Arc<Connection>, Request<Inbound>) -> Future` is one.
pub trait Serve: Clone + Send + Sync + 'static {
    /// The answer's body.
    type Body: Body<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static;
    /// The answer to come.
    type Answer: Future<Output = Result<Response<Self::Body>, Infallible>> + Send + 'static;

    /// Answers one request.
    fn serve(&self, connection: Arc<Connection>, request: Request<Inbound>) -> Self::Answer;
}

impl<F, A, B> Serve for F
where
    F: Fn(Arc<Connection>, Request<Inbound>) -> A + Clone + Send + Sync + 'static,
    A: Future<Output = Result<Response<B>, Infallible>> + Send + 'static,
    B: Body<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static,
{
    type Body = B;
    type Answer = A;

    fn serve(&self, connection: Arc<Connection>, request: Request<Inbound>) -> A {
        self(connection, request)
    }
}

/// A `Serve` bound to its connection, in the shape hyper wants.
pub(in crate::edge) struct Front<S> {
    connection: Arc<Connection>,
    serve: S,
    checks: Checks,
}

/// What is left to find out about a head.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Checks {
    /// Whether it stands for one that the guard refused.
    Substitute,
    /// Whether it has more fields, or more bytes in them, than so many; the guard reads no
    /// HTTP/2.
    Fields(usize, usize),
}

impl<S> Front<S> {
    pub(in crate::edge) fn http1(connection: Arc<Connection>, serve: S) -> Front<S> {
        Front { connection, serve, checks: Checks::Substitute }
    }

    pub(in crate::edge) fn http2(connection: Arc<Connection>, serve: S, fields: usize, bytes: usize) -> Front<S> {
        Front { connection, serve, checks: Checks::Fields(fields, bytes) }
    }

    pub(in crate::edge) fn connection(&self) -> &Connection {
        &self.connection
    }

    fn refusal(&self, request: &Request<Inbound>) -> Option<Refusal> {
        match self.checks {
            // The guard lets no head without a host through but its own substitute; the
            // requests before it may still be on their way when it is known.
            Checks::Substitute => {
                self.connection.refused_head().filter(|_| !request.headers().contains_key(header::HOST))
            }
            Checks::Fields(most, _) if request.headers().len() > most => Some(Refusal::TooManyHeaders),
            Checks::Fields(_, most) => (list_size(request) > most).then_some(Refusal::HeadTooLarge),
        }
    }
}

/// The size of a header list, as RFC 9113 §6.5.2 counts it.
fn list_size<B>(request: &Request<B>) -> usize {
    let target = request.uri().path_and_query().map_or(0, |target| target.as_str().len());
    let authority = request.uri().authority().map_or(0, |authority| authority.as_str().len());
    let lines = request.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + ENTRY);
    lines.sum::<usize>() + target + authority
}

impl<S: Serve> Service<Request<Inbound>> for Front<S> {
    type Response = Response<Tracked<S::Body>>;
    type Error = Infallible;
    type Future = Answering<S::Answer>;

    fn call(&self, mut request: Request<Inbound>) -> Answering<S::Answer> {
        let running = Running::begin(&self.connection);
        if let Some(refusal) = self.refusal(&request) {
            request.extensions_mut().insert(refusal);
        }
        let last_words = match self.checks {
            Checks::Substitute => LastWords::InDrain,
            Checks::Fields(..) => LastWords::Never,
        };
        Answering {
            answer: self.serve.serve(Arc::clone(&self.connection), request),
            running: Some(running),
            last_words,
        }
    }
}

pin_project! {
    /// An answer on its way; hands the exchange over to the answer's body.
    pub(in crate::edge) struct Answering<A> {
        #[pin]
        answer: A,
        running: Option<Running>,
        last_words: LastWords,
    }
}

/// Whether an answer must say that no further one follows on its connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum LastWords {
    /// HTTP/2 says so by itself.
    Never,
    InDrain,
}

impl<A, B> Future for Answering<A>
where
    A: Future<Output = Result<Response<B>, Infallible>>,
{
    type Output = Result<Response<Tracked<B>>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let Ok(mut response) = ready!(this.answer.poll(cx));
        match this.running.take() {
            Some(running) => {
                if *this.last_words == LastWords::InDrain && running.draining() {
                    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
                }
                let turn = match this.last_words {
                    LastWords::Never => Turn::current(),
                    LastWords::InDrain => None,
                };
                Poll::Ready(Ok(response.map(|body| Tracked::new(body, running, turn))))
            }
            // Polled again after it was ready, which no executor does.
            None => Poll::Pending,
        }
    }
}
