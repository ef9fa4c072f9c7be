//! gRPC's messages, counted as they pass: each has five bytes in front of it, a flag and
//! its length ("Length-Prefixed-Message" in gRPC over HTTP/2). A stream of them may go on
//! for days, so what is bounded is the message and not their sum.
//! Must never: change a byte, or wait for one.

/// Bytes in front of a message.
const PREFIX: usize = 5;

/// A message is larger than it may be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TooLarge;

/// The messages of one direction of a call.
#[derive(Debug)]
pub struct Messages {
    most: u64,
    prefix: [u8; PREFIX],
    /// Bytes of the prefix that have come.
    come: usize,
    /// What is to come of the message behind it.
    left: u64,
}

impl Messages {
    /// Messages of at most so many bytes.
    pub fn of(most: u64) -> Messages {
        Messages { most, prefix: [0; PREFIX], come: 0, left: 0 }
    }

    /// These bytes pass, unless they begin a message that is too large.
    pub fn pass(&mut self, mut bytes: &[u8]) -> Result<(), TooLarge> {
        while !bytes.is_empty() {
            if self.left > 0 {
                let count = usize::try_from(self.left).unwrap_or(usize::MAX).min(bytes.len());
                self.left -= count as u64;
                bytes = &bytes[count..];
                continue;
            }
            let count = (PREFIX - self.come).min(bytes.len());
            self.prefix[self.come..self.come + count].copy_from_slice(&bytes[..count]);
            self.come += count;
            bytes = &bytes[count..];
            if self.come == PREFIX {
                let [_, length @ ..] = self.prefix;
                self.left = u64::from(u32::from_be_bytes(length));
                self.come = 0;
                if self.left > self.most {
                    return Err(TooLarge);
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Messages, TooLarge};

    fn message(length: usize) -> Vec<u8> {
        [&[0][..], &(length as u32).to_be_bytes(), &vec![7; length]].concat()
    }

    #[test]
    fn each_is_bounded_and_their_sum_is_not_however_they_are_cut() {
        let all: Vec<u8> = [10, 0, 9, 10, 1].into_iter().flat_map(message).collect();
        for piece in 1..=all.len() {
            let mut messages = Messages::of(10);
            for _ in 0..1000 {
                assert!(all.chunks(piece).all(|bytes| messages.pass(bytes) == Ok(())), "in pieces of {piece}");
            }
        }
    }

    #[test]
    fn one_that_is_too_large_is_found_by_its_length_alone() {
        let long = message(11);
        for cut in 0..=4 {
            let mut messages = Messages::of(10);
            assert_eq!(messages.pass(&message(10)), Ok(()));
            assert_eq!(messages.pass(&long[..cut]), Ok(()));
            assert_eq!(messages.pass(&long[cut..5]), Err(TooLarge));
        }
    }
}
