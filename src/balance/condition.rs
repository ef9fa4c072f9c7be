//! What can go wrong with one attempt at a server, and sets of it: the same words say
//! when a request is tried again and what counts against a server. A set is one number,
//! so asking it costs nothing on the way of a request.

use std::fmt;
use std::ops::RangeInclusive;

/// Statuses that a set may hold: a server's own errors.
pub const STATUSES: RangeInclusive<u16> = 500..=599;

/// What went wrong with one attempt.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// No connection came about, so nothing was sent.
    Connect,
    /// The connection ended before there was an answer.
    Reset,
    /// The answer did not begin in time.
    Timeout,
    /// The server answered with this status.
    Status(u16),
}

impl fmt::Display for Fault {
    /// The word that the file has for it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Connect => f.write_str("connect-failure"),
            Fault::Reset => f.write_str("reset"),
            Fault::Timeout => f.write_str("timeout"),
            Fault::Status(status) => status.fmt(f),
        }
    }
}

/// A set of faults.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Conditions(u128);

/// Bits above the hundred of the statuses.
const CONNECT: u32 = 100;
const RESET: u32 = 101;
const TIMEOUT: u32 = 102;

impl Conditions {
    /// None.
    pub const NONE: Conditions = Conditions(0);

    /// What shows that a server, or the way to it, is ill: no connection, a broken one,
    /// silence, and the three statuses that gateways give.
    pub const GATEWAY: Conditions = Conditions::NONE
        .with(Fault::Connect)
        .with(Fault::Reset)
        .with(Fault::Timeout)
        .with(Fault::Status(502))
        .with(Fault::Status(503))
        .with(Fault::Status(504));

    /// What may be tried again without a word from the operator.
    pub const UNANSWERED: Conditions = Conditions::NONE.with(Fault::Connect).with(Fault::Reset);

    /// This set and one fault more; a status outside of `STATUSES` adds nothing.
    pub const fn with(self, fault: Fault) -> Conditions {
        Conditions(self.0 | bit(fault))
    }

    /// Every status of `STATUSES` as well.
    pub const fn with_all_statuses(self) -> Conditions {
        Conditions(self.0 | ((1 << CONNECT) - 1))
    }

    /// Whether `fault` is in it.
    pub const fn has(self, fault: Fault) -> bool {
        self.0 & bit(fault) != 0
    }

    /// Whether some status is in it.
    pub const fn has_statuses(self) -> bool {
        self.0 & ((1 << CONNECT) - 1) != 0
    }
}

const fn bit(fault: Fault) -> u128 {
    match fault {
        Fault::Connect => 1 << CONNECT,
        Fault::Reset => 1 << RESET,
        Fault::Timeout => 1 << TIMEOUT,
        Fault::Status(status) => {
            if status >= 500 && status <= 599 {
                1 << (status - 500)
            } else {
                0
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Conditions, Fault};

    #[test]
    fn a_set_has_what_was_put_in_and_nothing_else() {
        let every: Vec<Fault> =
            (500..=599).map(Fault::Status).chain([Fault::Connect, Fault::Reset, Fault::Timeout]).collect();
        for fault in &every {
            let only = Conditions::NONE.with(*fault);
            assert!(every.iter().all(|other| only.has(*other) == (other == fault)), "{fault:?}");
        }
        let all = Conditions::NONE.with_all_statuses();
        assert!(all.has(Fault::Status(500)) && all.has(Fault::Status(599)) && !all.has(Fault::Connect));
        assert!(all.has_statuses() && !Conditions::UNANSWERED.has_statuses());
    }

    #[test]
    fn good_answers_are_in_no_set() {
        let all = Conditions::GATEWAY.with_all_statuses().with(Fault::Status(200)).with(Fault::Status(600));
        assert!([0, 100, 200, 304, 404, 499, 600].iter().all(|status| !all.has(Fault::Status(*status))));
    }
}
