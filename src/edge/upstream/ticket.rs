//! A request's place among those that may be under way at once, over all workers. Where
//! the file bounds nothing there is nothing to hold, and nothing is counted.

use std::sync::Arc;

use crate::edge::fleet::group::Group;
use crate::edge::fleet::member::State;
use crate::edge::upstream::error::ForwardError;
use crate::snapshot::upstream::Limits;

/// A place, given back when it is dropped.
#[derive(Debug, Default)]
pub struct Ticket {
    group: Option<Arc<Group>>,
    server: Option<Arc<State>>,
}

impl Ticket {
    /// A place with `group` and with the server of `state`, if their limits leave one.
    pub fn take(limits: &Limits, group: &Arc<Group>, state: &Arc<State>) -> Result<Ticket, ForwardError> {
        let mut ticket = Ticket::default();
        if let Some(limit) = limits.requests {
            if !group.requests.enter(limit) {
                return Err(ForwardError::Overload);
            }
            ticket.group = Some(Arc::clone(group));
        }
        if let Some(limit) = limits.server_requests {
            if !state.requests.enter(limit) {
                return Err(ForwardError::Overload);
            }
            ticket.server = Some(Arc::clone(state));
        }
        Ok(ticket)
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if let Some(group) = &self.group {
            group.requests.leave();
        }
        if let Some(state) = &self.server {
            state.requests.leave();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::Ticket;
    use crate::edge::fleet::group::Group;
    use crate::edge::upstream::error::ForwardError;
    use crate::snapshot::upstream::Limits;

    #[test]
    fn places_come_back_and_a_refused_one_holds_nothing() {
        let group = Arc::new(Group::new("a".into(), 1));
        let (one, other) = (Arc::default(), Arc::default());
        let limits = Limits { requests: Some(2), server_requests: Some(1), ..Limits::default() };
        let first = Ticket::take(&limits, &group, &one).expect("room");
        assert_eq!(Ticket::take(&limits, &group, &one).err(), Some(ForwardError::Overload));
        assert_eq!(group.requests.inside(), 1, "the refused one gave its place back");
        let second = Ticket::take(&limits, &group, &other).expect("another server");
        assert!(Ticket::take(&limits, &group, &Arc::default()).is_err(), "the group is full");
        drop((first, second));
        assert!(Ticket::take(&limits, &group, &one).is_ok());
        let free = Ticket::take(&Limits::default(), &group, &one);
        assert!(free.is_ok() && group.requests.inside() == 0);
    }
}
