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

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::{Wake, Waker};

    use super::Ready;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[test]
    fn each_place_is_listed_once_and_the_first_wakes() {
        let (ready, count) = (Ready::default(), Arc::new(Count::default()));
        let woken = || count.0.load(Ordering::SeqCst);
        let bells: Vec<_> = (0..3).map(|place| ready.bell(place)).collect();
        bells[1].ring();
        assert_eq!(woken(), 0, "nobody is there yet");
        let mut listed = Vec::new();
        ready.take(&mut listed);
        assert_eq!(listed, [1]);
        ready.register(&Waker::from(Arc::clone(&count)));
        bells[1].ring();
        assert_eq!(woken(), 0, "it is still being looked at");
        bells[1].answered();
        Waker::from(Arc::clone(&bells[1])).wake();
        bells[0].ring();
        bells[0].ring();
        assert_eq!(woken(), 1);
        listed.clear();
        ready.take(&mut listed);
        assert_eq!(listed, [1, 0]);
        bells[2].ring();
        assert_eq!(woken(), 2, "an empty list wakes again");
    }
}
