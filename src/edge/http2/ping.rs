//! Whether a silent caller is still there: he is asked now and then (PING, RFC 9113
//! §6.7), and has some time to say so. Must never: wait for him for ever.

use std::sync::Arc;
use std::task::Context;
use std::time::Duration;

use h2::{Ping, PingPong};

use crate::edge::pulse::{Pulse, Pulses};

/// How often he is asked, and how long he has to answer.
const EVERY: Duration = Duration::from_secs(30);
const PATIENCE: Duration = Duration::from_secs(20);

/// The asking.
pub(super) struct Heartbeat {
    pings: Option<PingPong>,
    pulse: Arc<Pulse>,
    stage: Stage,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Resting,
    Asked,
}

/// Whether he is there.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Life {
    Likely,
    Gone,
}

impl Heartbeat {
    pub(super) fn new(pings: Option<PingPong>, pulses: &Pulses) -> Heartbeat {
        let pulse = pulses.enrol();
        pulse.arm(EVERY);
        Heartbeat { pings, pulse, stage: Stage::Resting }
    }

    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Life {
        let Some(pings) = &mut self.pings else { return Life::Likely };
        self.pulse.register(cx.waker());
        if self.stage == Stage::Asked && pings.poll_pong(cx).is_ready() {
            self.stage = Stage::Resting;
            self.pulse.arm(EVERY);
        }
        match (self.stage, self.pulse.fired()) {
            (_, false) => Life::Likely,
            (Stage::Asked, true) => Life::Gone,
            (Stage::Resting, true) => {
                // A connection that is closing takes no ping, and needs none.
                if pings.send_ping(Ping::opaque()).is_ok() {
                    self.stage = Stage::Asked;
                    self.pulse.arm(PATIENCE);
                    // The answer must find us listening.
                    let _ = pings.poll_pong(cx);
                }
                Life::Likely
            }
        }
    }
}
