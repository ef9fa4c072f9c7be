//! How long a wire waits: for a head, for the rest of one, for a caller who may have left.
//! One pulse serves all of it, since a wire waits for one thing at a time.

use std::task::{Context, Poll};
use std::time::Duration;

use crate::edge::body::inflow::Want;
use crate::edge::drain::LAST_CALL;
use crate::edge::head::refusal::Refusal;
use crate::edge::http1::wire::{Flow, Waiting, Wire};
use crate::edge::memory::Pressure;
use crate::telemetry::outcome::Relief;

/// How long an exchange goes on for a caller who has ended his side. He may only have
/// said all he had to say, or be gone; the two look the same until we write.
const HALF_CLOSED: Duration = Duration::from_secs(5);

/// What became of a wait that was too long.
pub(in crate::edge::http1::wire) enum Overdue {
    /// It is answered.
    Refused(Refusal),
    /// Nobody is there to be told.
    Over,
}

impl Wire {
    /// Begins to wait for something, unless it is waited for already.
    pub(in crate::edge::http1::wire) fn wait_for(&mut self, what: Waiting, limit: Duration) {
        if self.waiting != what {
            self.waiting = what;
            self.pulse.arm(limit);
        }
    }

    /// Makes sure that waiting for a head does not last for ever.
    pub(in crate::edge::http1::wire) fn poll_patience(&mut self, cx: &mut Context<'_>) -> Poll<Overdue> {
        if !self.inflow.is_empty() {
            self.wait_for(Waiting::RestOfHead, self.limits.header_timeout);
        } else if self.connection.worker.shared.drain.draining() {
            self.wait_for(Waiting::LastCall, LAST_CALL);
        } else {
            self.wait_for(Waiting::NextHead, self.limits.idle_timeout);
        }
        self.pulse.register(cx.waker());
        let memory = &self.connection.worker.shared.memory;
        let hurried = self.waiting == Waiting::NextHead && memory.pressure() == Pressure::Full;
        if !self.pulse.fired() && !hurried {
            return Poll::Pending;
        }
        match self.waiting {
            Waiting::RestOfHead => Poll::Ready(Overdue::Refused(Refusal::HeadTimeout)),
            Waiting::NextHead => {
                let idle = self.connection.worker.pulses.tick().since(self.touched);
                let left = memory.patience(self.limits.idle_timeout).saturating_sub(idle);
                if left.is_zero() {
                    if hurried {
                        self.connection.worker.shared.telemetry.relieved(Relief::Closed);
                    }
                    return Poll::Ready(Overdue::Over);
                }
                self.pulse.arm(left);
                Poll::Pending
            }
            Waiting::LastCall | Waiting::Body | Waiting::HalfClosed | Waiting::Nothing => Poll::Ready(Overdue::Over),
        }
    }

    /// Looks whether the caller is still there while his answer is made. Ready when he
    /// has left.
    pub(in crate::edge::http1) fn poll_left(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if !self.outflow.is_empty() && matches!(self.poll_flush(cx), Poll::Ready(Err(_))) {
            return Poll::Ready(());
        }
        if !self.body.is_done() || matches!(self.flow, Flow::Refused(_)) {
            // Whoever reads the body sees it.
            return Poll::Pending;
        }
        while self.flow == Flow::Open && self.inflow.bytes().len() < self.limits.header_bytes {
            match self.inflow.poll_fill(&mut self.stream, cx, Want::Little) {
                Poll::Ready(Ok(0)) => self.flow = Flow::Ended,
                Poll::Ready(Ok(_)) => {}
                Poll::Ready(Err(_)) => return Poll::Ready(()),
                Poll::Pending => return Poll::Pending,
            }
        }
        if self.flow == Flow::Ended {
            self.wait_for(Waiting::HalfClosed, HALF_CLOSED);
            self.pulse.register(cx.waker());
            if self.pulse.fired() {
                return Poll::Ready(());
            }
        }
        Poll::Pending
    }
}
