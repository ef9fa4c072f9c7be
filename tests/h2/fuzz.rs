//! Frames by chance, with a fixed seed: of every kind and length, on streams that are and
//! are not, whole, broken off, in any pieces. Whatever comes, the gateway ends it within
//! its bounds, and the next caller is served.

use std::time::Duration;

use crate::floods::resident;
use crate::gateway;
use crate::support::stopwatch::Stopwatch;
use crate::wire::{END_HEADERS, END_STREAM, HEADERS, PREFACE, Said, Wire, frame, get, settings};

/// Connections, and frames of each.
const CONNECTIONS: usize = 400;
const FRAMES: u64 = 60;

/// All of it may take so much time, by the stopwatch, and so much memory.
const BOUND: Duration = Duration::from_secs(120);
const MAX_GROWTH_KIB: u64 = 32 * 1024;

/// Numbers that look like chance and are the same every time (xorshift64).
struct Dice(u64);

impl Dice {
    fn throw(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }

    fn bytes(&mut self, most: u64) -> Vec<u8> {
        (0..self.throw(most + 1)).map(|_| self.throw(256) as u8).collect()
    }

    /// A frame: mostly one that could be, sometimes with bits turned.
    fn frame(&mut self) -> Vec<u8> {
        let stream = [0, 1, 3, 5, 7, 9, 2, 0x7FFF_FFFF][self.throw(8) as usize];
        let kind = self.throw(11) as u8;
        let flags = if self.throw(4) == 0 { self.throw(256) as u8 } else { [0, 1, 4, 5][self.throw(4) as usize] };
        let mut payload = match (kind, self.throw(4)) {
            (HEADERS, 0..3) => get(&[("x-chance", "1")]),
            (3 | 8, 0..3) => (self.throw(1 << 31) as u32).to_be_bytes().to_vec(),
            (4, 0..3) => {
                [&(self.throw(9) as u16).to_be_bytes()[..], &(self.throw(1 << 20) as u32).to_be_bytes()].concat()
            }
            (6, 0..3) => vec![7; 8],
            _ => self.bytes(300),
        };
        if self.throw(8) == 0 && !payload.is_empty() {
            let at = self.throw(payload.len() as u64) as usize;
            payload[at] ^= 1 << self.throw(8);
        }
        frame(kind, flags, stream, payload)
    }
}

#[test]
fn frames_by_chance_end_nothing_but_their_own_connection() {
    let gateway = gateway("h2-fuzz", "");
    let (before, began) = (resident(&gateway), Stopwatch::start());
    let mut dice = Dice(0x5EED_0FF4_A3E5);
    for _ in 0..CONNECTIONS {
        let mut wire = Wire::silent_in_clear(gateway.address("clear"));
        let mut bytes = [PREFACE.to_vec(), settings(&[])].concat();
        (0..1 + dice.throw(FRAMES)).for_each(|_| bytes.extend(dice.frame()));
        if dice.throw(4) == 0 {
            bytes.truncate(dice.throw(bytes.len() as u64) as usize);
        }
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            let count = (1 + dice.throw(400) as usize).min(rest.len());
            if !wire.send(&rest[..count]) {
                break;
            }
            rest = &rest[count..];
        }
    }
    let mut wire = Wire::greeted_in_clear(gateway.address("clear"), &[]);
    wire.say(&frame(HEADERS, END_HEADERS | END_STREAM, 1, get(&[])));
    loop {
        match wire.hear() {
            Said::Head { stream: 1, fields, .. } => break assert_eq!(fields[0].1, "200"),
            Said::Closed | Said::Nothing => panic!("nobody is served any more"),
            _ => {}
        }
    }
    assert!(began.elapsed() < BOUND, "{:?}", began.elapsed());
    let grown = resident(&gateway).saturating_sub(before);
    assert!(grown < MAX_GROWTH_KIB, "{grown} KiB more than before");
    assert!(!gateway.stderr().contains("panicked"), "{}", gateway.stderr());
    drop(wire);
    assert_eq!(gateway.stop().0, Some(0));
}
