//! Our patience with a caller's body that comes by HTTP/2, where the socket says nothing
//! about one stream: a bound on each pause, and on the average rate (`pace`). A gRPC call
//! may be silent rightly, so for it only silence in both directions is counted, by the
//! route's own time-out. Bodies of HTTP/1 are timed where they are read.
//! Must never: count the time in which the backend or we are the slow ones.

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use crate::edge::body::pace::{Pace, Verdict};
use crate::edge::body::upload::UploadState;
use crate::edge::worker::Worker;
use crate::edge::worker::pulse::Pulse;
use crate::snapshot::DoorLimits;

/// One body's time-out.
pub struct Hurry {
    worker: Arc<Worker>,
    pulse: Arc<Pulse>,
    limit: Duration,
    stage: Stage,
    of: Of,
}

/// What is hurried.
enum Of {
    /// A body that is to come without long pauses.
    Body(Pace),
    /// A call, which goes on while either side speaks: so many pieces of its answer had
    /// come when the wait began.
    Call(Arc<UploadState>, u64),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stage {
    AtRest,
    Armed,
}

impl Hurry {
    /// A body under the limits of its listener.
    pub fn body(worker: &Arc<Worker>, limits: &DoorLimits) -> Hurry {
        Hurry::new(worker, limits.body_timeout, Of::Body(Pace::of(limits)))
    }

    /// A gRPC call, of which `state` tells how far its answer has come.
    pub fn call(worker: &Arc<Worker>, silence: Duration, state: Arc<UploadState>) -> Hurry {
        Hurry::new(worker, silence, Of::Call(state, 0))
    }

    fn new(worker: &Arc<Worker>, limit: Duration, of: Of) -> Hurry {
        Hurry { worker: Arc::clone(worker), pulse: worker.pulses.enrol(), limit, stage: Stage::AtRest, of }
    }

    /// So many bytes have come, or the end; whether that was fast enough.
    pub fn came(&mut self, bytes: usize) -> Verdict {
        if std::mem::replace(&mut self.stage, Stage::AtRest) == Stage::Armed {
            self.pulse.rest();
        }
        match &mut self.of {
            Of::Body(pace) => pace.came(bytes, self.worker.pulses.tick()),
            Of::Call(..) => Verdict::Bearable,
        }
    }

    /// None has: `Ready` when that has lasted too long.
    pub fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if std::mem::replace(&mut self.stage, Stage::Armed) == Stage::AtRest {
            self.pulse.arm(self.limit);
            match &mut self.of {
                Of::Body(pace) => pace.waits(self.worker.pulses.tick()),
                Of::Call(state, seen) => *seen = state.answered(),
            }
        }
        self.pulse.register(cx.waker());
        if !self.pulse.fired() {
            return Poll::Pending;
        }
        if let Of::Call(state, seen) = &mut self.of
            && std::mem::replace(seen, state.answered()) != state.answered()
        {
            self.pulse.arm(self.limit);
            return Poll::Pending;
        }
        Poll::Ready(())
    }
}

impl std::fmt::Debug for Hurry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hurry").field("limit", &self.limit).finish_non_exhaustive()
    }
}
