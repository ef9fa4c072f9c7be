//! What may end an answer that is still on its way, or a request that is: its token, the
//! time that a gRPC caller gave it, or a fault, which gRPC's trailers can name. Takes a
//! lifeline once the answer outlives its first bytes.
//! Must never: let an answer that was ended look complete.

use std::future::Future as _;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::HeaderMap;
use tokio::time::Sleep;

use crate::access::tenure::Tenure;
use crate::edge::connection::Connection;
use crate::edge::grpc::{self, Code};
use crate::edge::lifeline::Lifeline;
use crate::edge::upstream::error::ForwardError;
use crate::telemetry::outcome::Lasting;

/// Pieces after which an answer is a long one, however fast they come.
const LONG: u32 = 16;

/// One answer's watch.
#[derive(Debug)]
pub struct Watch {
    connection: Arc<Connection>,
    kind: Lasting,
    /// What its right to go on rests on, until it has a lifeline; `None`: nothing.
    tenure: Option<Tenure>,
    lifeline: Option<Arc<Lifeline>>,
    deadline: Option<Pin<Box<Sleep>>>,
    pieces: u32,
}

/// How an answer is ended.
#[derive(Debug)]
pub enum Cut {
    /// By trailers that say why.
    Trailers(ForwardError, HeaderMap),
    /// By breaking off.
    Broken(ForwardError),
}

impl Cut {
    /// What ended it.
    pub fn error(&self) -> ForwardError {
        match self {
            Cut::Trailers(error, _) | Cut::Broken(error) => *error,
        }
    }
}

impl Watch {
    /// Watches an answer; `None` where nothing may end it.
    pub fn over(
        connection: &Arc<Connection>,
        kind: Lasting,
        tenure: Option<Tenure>,
        deadline: Option<Pin<Box<Sleep>>>,
    ) -> Option<Box<Watch>> {
        let needed = tenure.is_some() || deadline.is_some() || kind == Lasting::Grpc;
        let connection = Arc::clone(connection);
        needed.then(|| Box::new(Watch { connection, kind, tenure, lifeline: None, deadline, pieces: 0 }))
    }

    /// A piece has passed. Ready when no other may.
    pub fn passed(&mut self, cx: &mut Context<'_>) -> Poll<Cut> {
        self.pieces = self.pieces.saturating_add(1);
        if self.pieces < LONG { Poll::Pending } else { self.poll(cx) }
    }

    /// Ready when the answer must end. Whoever asks while he waits makes it one that lasts.
    pub fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Cut> {
        if let Some(tenure) = self.tenure.take() {
            let shared = &self.connection.worker.shared;
            let lifelines = &self.connection.worker.lifelines;
            self.lifeline = Some(lifelines.enter(tenure, &shared.revoked, shared.clock.now()));
            shared.telemetry.lasts(self.kind);
        }
        if let Some(Poll::Ready(ending)) = self.lifeline.as_ref().map(|lifeline| lifeline.poll_cut(cx)) {
            self.connection.worker.shared.telemetry.live_ended(self.kind, ending.label());
            return Poll::Ready(self.cut(ForwardError::TokenEnded(ending), Code::Unauthenticated, ending.sentence()));
        }
        if self.deadline.as_mut().is_some_and(|deadline| deadline.as_mut().poll(cx).is_ready()) {
            let error = ForwardError::Deadline;
            return Poll::Ready(self.cut(error, Code::DeadlineExceeded, error.words().1));
        }
        Poll::Pending
    }

    /// What becomes of a fault: where trailers can say it, they do.
    pub fn faulted(&self, error: ForwardError) -> Cut {
        self.cut(error, Code::of(error.status()), error.words().1)
    }

    fn cut(&self, error: ForwardError, code: Code, sentence: &str) -> Cut {
        match self.kind {
            Lasting::Grpc => Cut::Trailers(error, grpc::trailers(code, sentence)),
            Lasting::Stream | Lasting::WebSocket => Cut::Broken(error),
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if self.lifeline.is_some() {
            self.connection.worker.shared.telemetry.left(self.kind);
        }
    }
}
