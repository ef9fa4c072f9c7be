//! The end of a whole exchange, retries and the answer's last byte included. Other
//! time-outs begin again with every piece; this one does not, so a backend that trickles
//! cannot hold a caller for ever. Costs nothing where the file sets none.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use pin_project_lite::pin_project;

use crate::edge::upstream::error::ForwardError;
use crate::edge::worker::pulse::{Pulse, Pulses};

/// When an exchange has to be over.
#[derive(Clone, Debug)]
pub struct Deadline(Arc<Pulse>);

impl Deadline {
    /// `limit` from now.
    pub fn begin(pulses: &Pulses, limit: Duration) -> Deadline {
        let pulse = pulses.enrol();
        pulse.arm(limit);
        Deadline(pulse)
    }

    /// Whether it is over; if not, the task of `cx` is woken when it is.
    pub fn is_over(&self, cx: &Context<'_>) -> bool {
        self.0.register(cx.waker());
        self.0.fired()
    }
}

pin_project! {
    /// A future that has to end before a deadline, if there is one.
    pub struct Bounded<F> {
        #[pin]
        inner: F,
        deadline: Option<Deadline>,
    }
}

impl<F> Bounded<F> {
    /// Ends `inner` at `deadline`.
    pub fn new(inner: F, deadline: Option<Deadline>) -> Bounded<F> {
        Bounded { inner, deadline }
    }
}

impl<T, F: Future<Output = Result<T, ForwardError>>> Future for Bounded<F> {
    type Output = Result<T, ForwardError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let outcome = this.inner.poll(cx);
        if outcome.is_pending()
            && let Some(deadline) = this.deadline
            && deadline.is_over(cx)
        {
            return Poll::Ready(Err(ForwardError::TotalTimeout));
        }
        outcome
    }
}
