//! Requests of one caller that are under way at once. Who enters holds a `Flight`, and
//! leaves when it is dropped, however the request ends. A caller with nothing under way
//! has no entry, so the table is as large as the traffic and no larger.

use std::sync::Arc;

use dashmap::DashMap;

use crate::token::fingerprint::Fingerprint;

/// What is under way for one limit, by caller, shared by all workers.
#[derive(Debug, Default)]
pub struct Flights {
    under_way: DashMap<Fingerprint, u32>,
}

/// One request under way.
#[derive(Debug)]
pub struct Flight {
    flights: Arc<Flights>,
    caller: Fingerprint,
}

impl Flights {
    /// One more for this caller, if that keeps within `most`.
    pub fn enter(self: &Arc<Flights>, caller: Fingerprint, most: u32) -> Option<Flight> {
        let mut count = self.under_way.entry(caller).or_insert(0);
        if *count >= most {
            return None;
        }
        *count += 1;
        Some(Flight { flights: Arc::clone(self), caller })
    }

    /// Callers with something under way.
    pub fn len(&self) -> usize {
        self.under_way.len()
    }

    /// True when nothing is under way.
    pub fn is_empty(&self) -> bool {
        self.under_way.is_empty()
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        if let Some(mut count) = self.flights.under_way.get_mut(&self.caller) {
            *count = count.saturating_sub(1);
        }
        self.flights.under_way.remove_if(&self.caller, |_, count| *count == 0);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::Flights;
    use crate::token::fingerprint::Fingerprint;

    #[test]
    fn as_many_as_may_and_again_when_one_has_left() {
        let flights = Arc::new(Flights::default());
        let (ann, ben) = (Fingerprint([1; 16]), Fingerprint([2; 16]));
        let first = flights.enter(ann, 2);
        let second = flights.enter(ann, 2);
        assert!(first.is_some() && second.is_some() && flights.enter(ann, 2).is_none());
        assert!(flights.enter(ben, 1).is_some());
        drop(first);
        assert!(flights.enter(ann, 2).is_some());
        drop(second);
        assert!(flights.is_empty(), "nothing is left of who has left");
    }
}
