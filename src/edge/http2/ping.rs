//! Whether a silent caller is still there: he is asked now and then (PING, RFC 9113
//! §6.7), and has some time to say so. Must never: wait for him for ever.

use std::sync::Arc;
use std::task::Context;
use std::time::Duration;

use crate::edge::http2::engine::Engine;
use crate::edge::serve::Serve;
use crate::edge::worker::pulse::{Pulse, Pulses};

/// How often he is asked, and how long he has to answer.
const EVERY: Duration = Duration::from_secs(30);
const PATIENCE: Duration = Duration::from_secs(20);

/// The asking.
pub(super) struct Heartbeat {
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
    pub(super) fn new(pulses: &Pulses) -> Heartbeat {
        let pulse = pulses.enrol();
        pulse.arm(EVERY);
        Heartbeat { pulse, stage: Stage::Resting }
    }

    /// Asks when it was silent for long, and says whether it answers.
    pub(super) fn poll<S: Serve>(&mut self, engine: &mut Engine<S>, cx: &mut Context<'_>) -> Life {
        self.pulse.register(cx.waker());
        if self.stage == Stage::Asked && engine.alive {
            self.stage = Stage::Resting;
            self.pulse.arm(EVERY);
        }
        match (self.stage, self.pulse.fired()) {
            (_, false) => Life::Likely,
            (Stage::Asked, true) => Life::Gone,
            (Stage::Resting, true) => {
                engine.ask();
                self.stage = Stage::Asked;
                self.pulse.arm(PATIENCE);
                Life::Likely
            }
        }
    }
}
