//! Emptied header maps, kept for the next request. A request goes on with a map of
//! its own while the one it came with is still read; hyper takes over the memory of
//! the map that was sent and of the one that was answered, so each request leaves one
//! map over and needs one. Must never: hand out a map with anything in it.

use std::sync::{Mutex, PoisonError};

use http::HeaderMap;

/// Maps that are kept; further ones are freed.
const KEPT: usize = 128;

/// A map with room for more lines than this is freed.
const MAX_LINES: usize = 64;

/// The spare maps of one worker.
#[derive(Debug, Default)]
pub struct Spares(Mutex<Vec<HeaderMap>>);

impl Spares {
    /// An empty map with room for at least `lines`.
    pub fn take(&self, lines: usize) -> HeaderMap {
        let spare = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        match spare {
            Some(mut map) => {
                map.reserve(lines);
                map
            }
            None => HeaderMap::with_capacity(lines),
        }
    }

    /// Empties a map that is no longer read, and keeps it if there is room.
    pub fn keep(&self, mut map: HeaderMap) {
        map.clear();
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < KEPT && (1..=MAX_LINES).contains(&map.capacity()) {
            kept.push(map);
        }
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;
    use http::header::{HOST, HeaderValue};

    use super::{KEPT, MAX_LINES, Spares};

    #[test]
    fn what_comes_back_is_empty_and_bounded() {
        let spares = Spares::default();
        for _ in 0..2 * KEPT {
            spares.keep(HeaderMap::from_iter([(HOST, HeaderValue::from_static("a"))]));
        }
        assert_eq!(spares.0.lock().expect("unpoisoned").len(), KEPT);
        let map = spares.take(20);
        assert!(map.is_empty() && map.capacity() >= 20);
        let few = Spares::default();
        few.keep(HeaderMap::with_capacity(2 * MAX_LINES));
        few.keep(HeaderMap::new());
        assert!(few.0.lock().expect("unpoisoned").is_empty());
    }
}
