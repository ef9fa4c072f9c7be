//! The dynamic table (RFC 7541 §2.3.2): lines of earlier blocks, the newest first, as many
//! as its size allows. Must never: hold more than that.

use std::collections::VecDeque;

use crate::edge::hpack::list::ENTRY;

/// One line.
#[derive(Debug)]
struct Entry {
    text: Box<[u8]>,
    /// Bytes of the name, which comes first.
    name: usize,
}

/// The table.
#[derive(Debug, Default)]
pub struct Recent {
    entries: VecDeque<Entry>,
    size: usize,
    most: usize,
}

impl Recent {
    /// An empty one that may hold `most` bytes, as RFC 7541 §4.1 counts them.
    pub fn of(most: usize) -> Recent {
        Recent { most, ..Recent::default() }
    }

    /// The line at `index`, of which 0 is the newest: name and value.
    pub fn get(&self, index: usize) -> Option<(&[u8], &[u8])> {
        self.entries.get(index).map(|entry| entry.text.split_at(entry.name))
    }

    /// Adds a line; what it drives out is the oldest (§4.4).
    pub fn add(&mut self, name: &[u8], value: &[u8]) {
        let size = name.len() + value.len() + ENTRY;
        self.shrink(self.most.saturating_sub(size));
        if size <= self.most {
            self.size += size;
            self.entries.push_front(Entry { text: [name, value].concat().into(), name: name.len() });
        }
    }

    /// From here on it may hold so much (§4.3).
    pub fn resize(&mut self, most: usize) {
        self.most = most;
        self.shrink(most);
    }

    fn shrink(&mut self, to: usize) {
        while self.size > to {
            let Some(entry) = self.entries.pop_back() else { break };
            self.size -= entry.text.len() + ENTRY;
        }
    }
}
