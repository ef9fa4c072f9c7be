//! The time a connection spends without a stream, and its part in a drain: the caller is
//! told to leave (GOAWAY, RFC 9113 §6.8), and dropped when he does not.
//! Must never: end a connection with a stream under way.

use std::sync::Arc;
use std::task::Context;
use std::time::Duration;

use crate::edge::connection::Connection;
use crate::edge::drain::LAST_CALL;
use crate::edge::memory::Pressure;
use crate::edge::worker::pulse::Pulse;
use crate::telemetry::outcome::Relief;

/// Watches for the time without a stream.
pub(super) struct IdleWatch {
    connection: Arc<Connection>,
    limit: Duration,
    pulse: Arc<Pulse>,
    stage: Stage,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Serving,
    /// A drain has begun, and the caller gets a moment: told to leave before its first
    /// frames are read, it would be dropped with the request that they hold.
    LastCall,
    /// GOAWAY was sent.
    GoingAway,
}

pub(super) enum Idleness {
    Bearable,
    /// The caller is to be told to leave.
    TooLong,
    /// It was told, and is still there.
    Hopeless,
}

impl IdleWatch {
    pub(super) fn new(connection: Arc<Connection>, limit: Duration) -> IdleWatch {
        let pulse = connection.worker.pulses.enrol();
        let watch = IdleWatch { connection, limit, pulse, stage: Stage::Serving };
        watch.arm(limit);
        watch
    }

    fn arm(&self, after: Duration) {
        self.pulse.arm(after);
    }

    /// What is to be done about the connection now.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Idleness {
        self.pulse.register(cx.waker());
        if self.stage == Stage::Serving && self.connection.worker.shared.drain.draining() {
            self.stage = Stage::LastCall;
            self.arm(LAST_CALL);
        }
        let busy = self.connection.in_flight.count() > 0;
        let memory = &self.connection.worker.shared.memory;
        let hurried = !busy && self.stage == Stage::Serving && memory.pressure() == Pressure::Full;
        match self.stage {
            Stage::LastCall if busy || self.pulse.fired() => self.tell(),
            Stage::Serving | Stage::GoingAway if self.pulse.fired() || hurried => {
                let idle = self.connection.idle_for(self.connection.worker.pulses.tick()).unwrap_or_default();
                match (memory.patience(self.limit).saturating_sub(idle), self.stage) {
                    (left, _) if busy || !left.is_zero() => {
                        self.arm(left);
                        Idleness::Bearable
                    }
                    (_, Stage::GoingAway) => Idleness::Hopeless,
                    (_, Stage::Serving | Stage::LastCall) => {
                        if hurried {
                            self.connection.worker.shared.telemetry.relieved(Relief::Closed);
                        }
                        self.tell()
                    }
                }
            }
            Stage::Serving | Stage::LastCall | Stage::GoingAway => Idleness::Bearable,
        }
    }

    /// The caller has the same time again to leave, or a moment where memory is full.
    fn tell(&mut self) -> Idleness {
        self.stage = Stage::GoingAway;
        self.arm(self.connection.worker.shared.memory.patience(self.limit).max(LAST_CALL));
        Idleness::TooLong
    }
}
