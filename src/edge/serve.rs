//! What a connection calls for each request: the life of a request, as a function.
//! Must never: know which protocol brought it.

use std::convert::Infallible;
use std::error::Error;
use std::sync::Arc;

use bytes::Bytes;
use http::Response;
use http::request::Parts;
use http_body::Body;

use crate::edge::body::duplex::Duplex;
use crate::edge::body::inbound::Inbound;
use crate::edge::connection::Connection;

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
