//! What the operator is warned about for each client at most once an hour, however
//! often it happens. Bounded: beyond its room it forgets, and warns again.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::clock::{Seconds, UnixTime};
use crate::token::id::ClientId;

/// Between two warnings about one client.
const PAUSE: Seconds = Seconds(3600);

/// Clients that are remembered at once.
const MAX_CLIENTS: usize = 4096;

/// When each client was last warned about.
#[derive(Debug, Default)]
pub struct Warnings(Mutex<HashMap<ClientId, UnixTime>>);

impl Warnings {
    /// True if nobody was warned about this client within the last hour.
    pub fn due(&self, client: &ClientId, now: UnixTime) -> bool {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if last.get(client).is_some_and(|last| now.since(*last) < PAUSE) {
            return false;
        }
        if last.len() >= MAX_CLIENTS {
            last.clear();
        }
        last.insert(client.clone(), now);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::Warnings;
    use crate::clock::UnixTime;
    use crate::token::id::ClientId;

    #[test]
    fn once_an_hour_for_each_client() {
        let (warnings, one, two) = (Warnings::default(), ClientId::new("one"), ClientId::new("two"));
        assert!(warnings.due(&one, UnixTime(10)) && warnings.due(&two, UnixTime(11)));
        assert!(!warnings.due(&one, UnixTime(3609)));
        assert!(warnings.due(&one, UnixTime(3610)));
    }
}
