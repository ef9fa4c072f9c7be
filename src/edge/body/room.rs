//! Room for reading. The connections of a thread take turns with a few large pieces of
//! memory: what a read brings is written out, and the same memory, still in the
//! processor's cache, serves the next connection. Nobody holds one while he waits.
//! Must never: be given to two readers at once.

use std::cell::RefCell;

use bytes::Bytes;

/// Bytes of one room, and so of the largest read: a large piece of a body, and the head
/// before it.
pub const SIZE: usize = (256 + 16) * 1024;

/// The unit in which a processor guesses whether a load has to wait for a store.
const PAGE: usize = 4096;

/// Where in a page a room begins. What is copied out of it, such as a record to be
/// encrypted, goes to memory that begins a few bytes behind the start of a page; were the
/// same true of the room, each load would seem to wait for the store just before it, and
/// the copy would take fifteen times as long.
const BEGINS_AT: usize = PAGE / 2;

/// Free rooms that a thread keeps; further ones are given back to the system.
const KEPT: usize = 4;

thread_local! {
    static FREE: RefCell<Vec<Box<[u8]>>> = const { RefCell::new(Vec::new()) };
}

/// A room, until it is dropped. Its bytes are those of whoever had it before.
#[derive(Debug)]
pub struct Room {
    memory: Box<[u8]>,
    begin: usize,
    filled: usize,
}

impl Room {
    /// The room that was given back last, or a new one.
    pub fn take() -> Room {
        let free = FREE.with_borrow_mut(Vec::pop);
        let memory = free.unwrap_or_else(|| vec![0; SIZE + PAGE].into_boxed_slice());
        let begin = (memory.as_ptr().align_offset(PAGE) + BEGINS_AT) % PAGE;
        Room { memory, begin, filled: 0 }
    }

    /// All of it, to be written to.
    pub fn memory(&mut self) -> &mut [u8] {
        &mut self.memory[self.begin..self.begin + SIZE]
    }

    /// Its first `filled` bytes, which hold it until the last of them is dropped.
    pub fn holding(mut self, filled: usize) -> Bytes {
        self.filled = filled;
        Bytes::from_owner(self)
    }
}

impl AsRef<[u8]> for Room {
    fn as_ref(&self) -> &[u8] {
        &self.memory[self.begin..self.begin + self.filled]
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
    use super::{BEGINS_AT, FREE, KEPT, PAGE, Room, SIZE};

    #[test]
    fn a_room_begins_in_the_middle_of_a_page_and_has_its_whole_size() {
        let mut room = Room::take();
        assert_eq!(room.memory().as_ptr() as usize % PAGE, BEGINS_AT);
        assert_eq!(room.memory().len(), SIZE);
        room.memory()[SIZE - 1] = b'z';
        assert_eq!(room.holding(SIZE).last(), Some(&b'z'));
    }

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
