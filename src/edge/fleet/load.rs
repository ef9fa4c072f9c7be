//! Requests under way to one server. Each worker counts its own in a line of its own, so
//! that counting costs nobody else anything; who has to choose between two servers sums
//! the lines, and so sees what all workers have sent.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// A counter in a cache line of its own.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(in crate::edge::fleet) struct Cell<T>(pub(in crate::edge::fleet) T);

/// One counter for each worker.
pub(in crate::edge::fleet) fn cells<T: Default>(workers: usize) -> Box<[Cell<T>]> {
    (0..workers.max(1)).map(|_| Cell::default()).collect()
}

/// Requests ever sent, by worker.
pub(in crate::edge::fleet) type Asked = Box<[Cell<AtomicU64>]>;

/// How many requests are under way.
#[derive(Debug)]
pub struct Load(Box<[Cell<AtomicUsize>]>);

impl Default for Load {
    fn default() -> Load {
        Load::of(1)
    }
}

impl Load {
    /// Nothing is under way, for so many workers.
    pub fn of(workers: usize) -> Load {
        Load(cells(workers))
    }

    /// `worker` sends one more.
    pub fn begin(&self, worker: usize) {
        if let Some(Cell(cell)) = self.0.get(worker) {
            cell.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// One of `worker`'s has ended. Law: as often as `begin`, and after it.
    pub fn end(&self, worker: usize) {
        if let Some(Cell(cell)) = self.0.get(worker) {
            cell.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// Of all workers; what begins or ends meanwhile may or may not be in it.
    pub fn under_way(&self) -> usize {
        self.0.iter().map(|Cell(cell)| cell.load(Ordering::Relaxed)).fold(0, usize::wrapping_add)
    }
}

#[cfg(test)]
mod tests {
    use super::Load;

    #[test]
    fn what_all_workers_send_is_summed() {
        let load = Load::of(3);
        [0, 2, 2].into_iter().for_each(|worker| load.begin(worker));
        assert_eq!(load.under_way(), 3);
        load.end(2);
        assert_eq!(load.under_way(), 2);
        load.begin(7);
        load.end(7);
        assert_eq!(load.under_way(), 2, "a worker that does not exist counts nothing");
    }
}
