//! Which streams of a connection have something to do. Each place for a stream has a waker
//! of its own, which outlives the streams that take it in turns; waking one puts its
//! number into a list, and the first of a list wakes the connection.
//! Must never: hold a number twice.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Wake, Waker};

use crate::edge::worker::lock;

/// The list of one connection.
#[derive(Clone, Debug, Default)]
pub struct Ready(Arc<Mutex<List>>);

#[derive(Debug, Default)]
struct List {
    places: Vec<u16>,
    task: Option<Waker>,
}

/// What wakes one place.
#[derive(Debug)]
pub struct Bell {
    ready: Ready,
    place: u16,
    listed: AtomicBool,
}

impl Ready {
    /// What wakes `place`.
    pub fn bell(&self, place: u16) -> Arc<Bell> {
        Arc::new(Bell { ready: self.clone(), place, listed: AtomicBool::new(false) })
    }

    /// Who is woken. Call it before every look.
    pub fn register(&self, task: &Waker) {
        let mut list = lock(&self.0);
        if !list.task.as_ref().is_some_and(|known| known.will_wake(task)) {
            list.task = Some(task.clone());
        }
    }

    /// Swaps what is ready for an empty list.
    pub fn take(&self, places: &mut Vec<u16>) {
        std::mem::swap(&mut lock(&self.0).places, places);
    }
}

impl Bell {
    /// The place is being looked at: from here on it may be listed again.
    pub fn answered(&self) {
        // Not a store: who found it listed must have been heard by the look that follows.
        self.listed.swap(false, Ordering::AcqRel);
    }

    /// Lists the place.
    pub fn ring(&self) {
        if self.listed.swap(true, Ordering::AcqRel) {
            return;
        }
        let mut list = lock(&self.ready.0);
        list.places.push(self.place);
        let task = (list.places.len() == 1).then(|| list.task.clone()).flatten();
        drop(list);
        task.into_iter().for_each(Waker::wake);
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.ring();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.ring();
    }
}
