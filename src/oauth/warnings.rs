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

/// What a client does that its operator may want to end.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Habit {
    /// It puts secrets into URLs.
    SecretInUrl,
    /// It presents tokens in URLs.
    TokenInUrl,
    /// It presents tokens in a header that is deprecated.
    DeprecatedHeader,
}

/// When each client was last warned about, for each habit.
#[derive(Debug, Default)]
pub struct Warnings(Mutex<HashMap<(Habit, ClientId), UnixTime>>);

impl Warnings {
    /// True if nobody was warned about this habit of this client within the last hour.
    pub fn due(&self, habit: Habit, client: &ClientId, now: UnixTime) -> bool {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (habit, client.clone());
        if last.get(&key).is_some_and(|last| now.since(*last) < PAUSE) {
            return false;
        }
        if last.len() >= MAX_CLIENTS {
            last.clear();
        }
        last.insert(key, now);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::{Habit, Warnings};
    use crate::clock::UnixTime;
    use crate::token::id::ClientId;

    #[test]
    fn once_an_hour_for_each_client() {
        let (warnings, one, two) = (Warnings::default(), ClientId::new("one"), ClientId::new("two"));
        let due = |client, now| warnings.due(Habit::SecretInUrl, client, UnixTime(now));
        assert!(due(&one, 10) && due(&two, 11));
        assert!(!due(&one, 3609));
        assert!(warnings.due(Habit::DeprecatedHeader, &one, UnixTime(3609)));
        assert!(due(&one, 3610));
    }
}
