//! A bound on how many may be inside at once, over all workers: connections, requests,
//! those who wait. One atomic; whoever enters must leave.

use std::sync::atomic::{AtomicUsize, Ordering};

/// How many are inside.
#[derive(Debug, Default)]
pub struct Gate(AtomicUsize);

impl Gate {
    /// One more goes in if that keeps within `limit`; `false`: nobody entered.
    #[must_use]
    pub fn enter(&self, limit: usize) -> bool {
        let entered = self.0.fetch_add(1, Ordering::AcqRel) < limit;
        if !entered {
            self.leave();
        }
        entered
    }

    /// One goes out.
    pub fn leave(&self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }

    /// Inside now.
    pub fn inside(&self) -> usize {
        self.0.load(Ordering::Acquire)
    }
}

#[cfg(test)]
mod tests {
    use super::Gate;

    #[test]
    fn a_gate_never_holds_more_than_its_limit() {
        let gate = Gate::default();
        assert!(gate.enter(2) && gate.enter(2) && !gate.enter(2));
        assert_eq!(gate.inside(), 2);
        gate.leave();
        assert!(gate.enter(2) && !gate.enter(0));
        assert_eq!(gate.inside(), 2);
    }
}
