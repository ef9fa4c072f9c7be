//! One connection to a backend, driven by the task of the request that uses it: no
//! task of its own, hence no wake-up from one task to another per request.
//! Must never: be used by two requests at once, or again after an unclean end.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::TrySendError;
use hyper::client::conn::http1::{Builder, Connection, SendRequest};
use hyper_util::rt::TokioIo;
use pin_project_lite::pin_project;

use crate::edge::pulse::{Pulse, Tick};
use crate::edge::stream::Stream;
use crate::edge::upload::Outgoing;
use crate::edge::upstream::error::ForwardError;

/// Bytes of an answer's head; more is a bad answer. Lines are bounded at 100 by hyper.
const MAX_ANSWER_HEAD: usize = 64 * 1024;

type Io = TokioIo<Stream>;

/// A connection to one server.
#[derive(Debug)]
pub struct Link {
    sender: SendRequest<Outgoing>,
    /// `None` once the connection has ended.
    driver: Option<Pin<Box<Connection<Io, Outgoing>>>>,
    pulse: Arc<Pulse>,
    /// The pulse's own: the driver knows no other, and the pulse is deaf unless a
    /// request is under way.
    waker: Waker,
    /// When it last came free.
    pub(in crate::edge::upstream) idle_since: Tick,
}

/// Why a request got no answer over this link.
#[derive(Debug)]
pub enum LinkError {
    /// Not a byte of it was written: it may be sent again over another link.
    Unsent(Box<Request<Outgoing>>),
    /// It was written, at least in part.
    Failed(ForwardError),
}

impl Link {
    /// Speaks HTTP/1.1 over a fresh socket. `pulse` times every wait of this link.
    pub async fn open(socket: Stream, pulse: Arc<Pulse>) -> Result<Link, ForwardError> {
        let mut builder = Builder::new();
        builder.max_header_size(MAX_ANSWER_HEAD);
        let (sender, driver) = builder.handshake(TokioIo::new(socket)).await.map_err(|_| ForwardError::Connect)?;
        pulse.go_deaf();
        let (driver, waker) = (Some(Box::pin(driver)), pulse.waker());
        let mut link = Link { sender, driver, pulse, waker, idle_since: Tick::now() };
        link.is_usable();
        Ok(link)
    }

    /// Times the waits of this link.
    pub fn pulse(&self) -> &Arc<Pulse> {
        &self.pulse
    }

    /// Looks at what has come in meanwhile; true when a request can be sent now. A
    /// backend that closed the connection, or said something unasked, is found here.
    pub fn is_usable(&mut self) -> bool {
        self.drive();
        self.looks_usable()
    }

    /// As `is_usable`, by what is known already. `send` looks before it writes, so a
    /// connection that ended meanwhile gives the request back unsent.
    pub fn looks_usable(&self) -> bool {
        self.driver.is_some() && self.sender.is_ready()
    }

    /// Sends a request and waits for the head of its answer, at most `wait` after the
    /// backend has all of it. Dropped before the end, it leaves the link unusable.
    pub fn send(
        &mut self,
        mut request: Request<Outgoing>,
        wait: Duration,
    ) -> impl Future<Output = Result<Response<Incoming>, LinkError>> {
        if let Outgoing::Stream(upload) = request.body_mut() {
            upload.be_patient(Arc::clone(&self.pulse), wait);
        }
        self.pulse.arm(wait);
        let answer = self.sender.try_send_request(request);
        Sending { driver: &mut self.driver, pulse: &self.pulse, waker: &self.waker, answer }
    }

    /// Moves whatever can be moved in either direction. Who waits for more registers
    /// with the pulse and makes it heed before.
    pub fn drive(&mut self) {
        drive(&mut self.driver, &self.waker);
    }
}

pin_project! {
    /// A request on its way and the head of its answer. A type of its own, since an
    /// `async` block would hold the request several times over.
    struct Sending<'a, F> {
        driver: &'a mut Option<Pin<Box<Connection<Io, Outgoing>>>>,
        pulse: &'a Pulse,
        waker: &'a Waker,
        #[pin]
        answer: F,
    }
}

impl<F> Future for Sending<'_, F>
where
    F: Future<Output = Result<Response<Incoming>, TrySendError<Request<Outgoing>>>>,
{
    type Output = Result<Response<Incoming>, LinkError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        this.pulse.register(cx.waker());
        this.pulse.heed();
        drive(this.driver, this.waker);
        // The driver is polled right here, so nobody else needs to wake us.
        let Poll::Ready(answer) = this.answer.poll(&mut Context::from_waker(Waker::noop())) else {
            if this.pulse.fired() {
                return Poll::Ready(Err(LinkError::Failed(ForwardError::Timeout)));
            }
            return Poll::Pending;
        };
        this.pulse.rest();
        this.pulse.go_deaf();
        Poll::Ready(answer.map_err(|mut error| match error.take_message() {
            Some(request) => LinkError::Unsent(Box::new(request)),
            None => LinkError::Failed(blame(&error.into_error())),
        }))
    }
}

fn drive(driver: &mut Option<Pin<Box<Connection<Io, Outgoing>>>>, waker: &Waker) {
    if let Some(connection) = driver
        && connection.as_mut().poll(&mut Context::from_waker(waker)).is_ready()
    {
        *driver = None;
    }
}

/// The backend's part in an error of hyper's.
pub fn blame(error: &hyper::Error) -> ForwardError {
    if error.is_parse() || error.is_parse_too_large() {
        return ForwardError::BadAnswer;
    }
    let cause = std::error::Error::source(error).and_then(|source| source.downcast_ref::<std::io::Error>());
    cause.map_or(ForwardError::Reset, ForwardError::of_io)
}
