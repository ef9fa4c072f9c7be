//! Room for reading. The connections of a thread take turns with a few large pieces of
//! memory: what a read brings is written out, and the same memory, still in the
//! processor's cache, serves the next connection. Nobody holds one while he waits.
//! Must never: be given to two readers at once.

use std::cell::RefCell;

use bytes::Bytes;

/// Bytes of one room, and so of the largest read: a large piece of a body, and the head
/// before it.
pub const SIZE: usize = (256 + 16) * 1024;

/// Free rooms that a thread keeps; further ones are given back to the system.
const KEPT: usize = 4;

thread_local! {
    static FREE: RefCell<Vec<Box<[u8]>>> = const { RefCell::new(Vec::new()) };
}

/// A room, until it is dropped. Its bytes are those of whoever had it before.
#[derive(Debug)]
pub struct Room {
    memory: Box<[u8]>,
    filled: usize,
}

impl Room {
    /// The room that was given back last, or a new one.
    pub fn take() -> Room {
        let free = FREE.with_borrow_mut(Vec::pop);
        Room { memory: free.unwrap_or_else(|| vec![0; SIZE].into_boxed_slice()), filled: 0 }
    }

    /// All of it, to be written to.
    pub fn memory(&mut self) -> &mut [u8] {
        &mut self.memory
    }

    /// Its first `filled` bytes, which hold it until the last of them is dropped.
    pub fn holding(mut self, filled: usize) -> Bytes {
        self.filled = filled;
        Bytes::from_owner(self)
    }
}

impl AsRef<[u8]> for Room {
    fn as_ref(&self) -> &[u8] {
        &self.memory[..self.filled]
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        let memory = std::mem::take(&mut self.memory);
        // A thread that ends has no use for it.
        let _ = FREE.try_with(|free| {
            let mut free = free.borrow_mut();
            if free.len() < KEPT {
                free.push(memory);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::{FREE, KEPT, Room};

    #[test]
    fn a_room_comes_back_when_its_last_byte_is_dropped_and_only_a_few_are_kept() {
        let mut room = Room::take();
        room.memory()[..3].copy_from_slice(b"abc");
        let mut whole = room.holding(3);
        let first = whole.split_to(1);
        drop(whole);
        FREE.with_borrow(|free| assert!(free.is_empty()));
        assert_eq!(&first[..], b"a");
        drop(first);
        FREE.with_borrow(|free| assert_eq!(free.len(), 1));
        let many: Vec<Room> = std::iter::repeat_with(Room::take).take(2 * KEPT).collect();
        drop(many);
        FREE.with_borrow(|free| assert_eq!(free.len(), KEPT));
    }
}
