//! Blocks of a caller, unpacked (RFC 7541 §3.2): every representation and both tables.
//! What is over the caller's bound is read, since the table depends on it, and not kept.
//! Must never: go on with a connection whose block it could not read.

use crate::edge::hpack::list::{Line, List, Name};
use crate::edge::hpack::malformed::Malformed;
use crate::edge::hpack::recent::Recent;
use crate::edge::hpack::{fixed, huffman, integer};

/// The size of the dynamic table, which is that of whoever says nothing else
/// (SETTINGS_HEADER_TABLE_SIZE, RFC 9113 §6.5.2).
const TABLE: usize = 4096;

/// Room for what an ordinary block takes from the tables, and for its lines.
const USUAL: (usize, usize) = (256, 16);

/// In front of a string: it is packed.
const PACKED: u8 = 0x80;

/// Size updates that may stand before a block's first line (RFC 7541 §4.2).
const MOST_UPDATES: usize = 2;

/// One connection's decoder.
#[derive(Debug)]
pub struct Decoder {
    recent: Recent,
}

impl Default for Decoder {
    fn default() -> Decoder {
        Decoder { recent: Recent::of(TABLE) }
    }
}

impl Decoder {
    /// Reads a whole block into `list`.
    ///
    /// # Errors
    /// It cannot be read, or is hopelessly long; neither can any that follows be read.
    pub fn read(&mut self, mut block: &[u8], list: &mut List) -> Result<(), Malformed> {
        // A packed octet stands for more than one, and names of the tables for many.
        list.bytes.reserve(2 * block.len() + USUAL.0);
        list.lines.reserve(USUAL.1);
        self.resize(&mut block)?;
        while let Some(first) = block.first().copied() {
            if list.is_hopeless() {
                return Err(Malformed);
            }
            match first {
                // §6.1: a line of a table.
                0x80.. => {
                    let index = integer::read(&mut block, 7)?;
                    self.known(index, list)?;
                }
                // §6.2.1: a line that joins the table.
                0x40.. => {
                    let index = integer::read(&mut block, 6)?;
                    let line = self.literal(index, &mut block, list)?;
                    self.recent.add(list.name(&line.0), list.value(&line.0));
                    list.push(line.0, line.1);
                }
                // §6.3: sizes come before lines.
                0x20.. => return Err(Malformed),
                // §6.2.2 and §6.2.3: one that does not.
                _ => {
                    let index = integer::read(&mut block, 4)?;
                    let line = self.literal(index, &mut block, list)?;
                    list.push(line.0, line.1);
                }
            }
        }
        Ok(())
    }

    fn resize(&mut self, block: &mut &[u8]) -> Result<(), Malformed> {
        let mut updates = 0;
        while block.first().is_some_and(|first| first & 0xE0 == 0x20) {
            let size = integer::read(block, 5)?;
            updates += 1;
            if size > TABLE || updates > MOST_UPDATES {
                return Err(Malformed);
            }
            self.recent.resize(size);
        }
        Ok(())
    }

    /// A line that stands in a table.
    fn known(&self, index: usize, list: &mut List) -> Result<(), Malformed> {
        let start = list.bytes.len();
        let name = match fixed::LINES.get(index.checked_sub(1).ok_or(Malformed)?) {
            Some((_, value)) => {
                list.bytes.extend_from_slice(value.as_bytes());
                return push(Name::Known(index as u8), start, start, list);
            }
            None => self.recent.get(index - fixed::LINES.len() - 1).ok_or(Malformed)?,
        };
        if list.is_cut() {
            // One octet stands for all of it: what is not kept is not copied either.
            list.count(name.0.len() + name.1.len());
            return Ok(());
        }
        list.bytes.extend_from_slice(name.0);
        let (spelled, from) = (Name::Spelled(list.span(start)), list.bytes.len());
        list.bytes.extend_from_slice(name.1);
        push(spelled, from, start, list)
    }

    /// A line whose value is spelled, and its name if `index` is 0; and where its text begins.
    fn literal(&self, index: usize, block: &mut &[u8], list: &mut List) -> Result<(Line, usize), Malformed> {
        let start = list.bytes.len();
        let name = match index {
            0 => {
                string(block, &mut list.bytes)?;
                Name::Spelled(list.span(start))
            }
            1..=61 => Name::Known(index as u8),
            _ => {
                let (name, _) = self.recent.get(index - fixed::LINES.len() - 1).ok_or(Malformed)?;
                list.bytes.extend_from_slice(name);
                Name::Spelled(list.span(start))
            }
        };
        let from = list.bytes.len();
        string(block, &mut list.bytes)?;
        Ok((Line { name, value: list.span(from) }, start))
    }
}

fn push(name: Name, from: usize, start: usize, list: &mut List) -> Result<(), Malformed> {
    let line = Line { name, value: list.span(from) };
    list.push(line, start);
    Ok(())
}

/// Appends a string (§5.2).
fn string(block: &mut &[u8], out: &mut Vec<u8>) -> Result<(), Malformed> {
    let packed = block.first().is_some_and(|first| first & PACKED != 0);
    let length = integer::read(block, 7)?;
    let (text, rest) = block.split_at_checked(length).ok_or(Malformed)?;
    *block = rest;
    if packed {
        return huffman::decode(text, out);
    }
    out.extend_from_slice(text);
    Ok(())
}
