//! Frames by chance, with a fixed seed: whatever comes, and in whatever pieces, the engine
//! says the same, ends somehow, and holds no more than its bounds.

use crate::edge::http2::engine::REMEMBERED;
use crate::edge::http2::fault::Fault;
use crate::edge::http2::frame::END_HEADERS;
use crate::edge::http2::tests::bench::{Bench, Frame, WHOLE, block, get, head, limits, post, put, taken_apart};

/// Connections of each test, and frames of each.
const CONNECTIONS: usize = 300;
const FRAMES: usize = 80;

/// Numbers that look like chance and are the same every time (xorshift64).
struct Dice(u64);

impl Dice {
    fn throw(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % sides as u64) as usize
    }

    fn bytes(&mut self, most: usize) -> Vec<u8> {
        (0..self.throw(most + 1)).map(|_| self.throw(256) as u8).collect()
    }

    /// A frame: of a polite caller one that may be, of a wild one whatever comes to his mind.
    fn frame(&mut self, newest: &mut u32, wild: bool) -> Vec<u8> {
        let kind = self.throw(if wild { 16 } else { 13 });
        if kind < 6 {
            *newest += 2;
        }
        let stream = match self.throw(8) {
            0 if wild => self.throw(12) as u32,
            1 if wild => 0,
            2..6 if kind >= 6 => newest.saturating_sub(2 * self.throw(4) as u32).max(1),
            _ => *newest,
        };
        let path = ["/hello", "/echo", "/never", "/much/70000", "/much/9", ":", "*", ""][self.throw(8)];
        let four = [1, 100, 0, 0x7FFF_FFFF, 0x8000_0000_u32][self.throw(if wild { 5 } else { 4 })].to_be_bytes();
        match kind {
            0..5 => head(WHOLE, stream, "GET", path, &[("x-a", "b")][..self.throw(2)]),
            5 => post(stream, path, &[("content-length", "5"), ("expect", "100-continue")][..self.throw(3)]),
            6..9 => put(0, self.throw(2) as u8, stream, &self.bytes(300)),
            9 => put(8, 0, if self.throw(3) == 0 { 0 } else { stream }, &(1 + self.throw(9) as u32).to_be_bytes()),
            10 => put([3, 8][self.throw(2)], 0, stream, &four),
            11 => put(4, 0, 0, &[&(self.throw(10) as u16).to_be_bytes()[..], &[0, 0, 0, 1]].concat()),
            12 => put(1, WHOLE, stream, &block(&[("x-sum", "1")])),
            13 => [get(stream, path)[..20].to_vec(), self.bytes(9)].concat(),
            _ => put(self.throw(11) as u8, self.throw(256) as u8, stream, &self.bytes(40)),
        }
    }

    /// What a connection brings.
    fn connection(&mut self) -> Vec<u8> {
        let (mut newest, mut bytes, wild) = (1, get(1, "/hello"), self.throw(2) == 0);
        (0..=self.throw(FRAMES)).for_each(|_| bytes.extend(self.frame(&mut newest, wild)));
        if !wild {
            return bytes;
        }
        if self.throw(3) == 0 {
            let at = self.throw(bytes.len());
            bytes[at] ^= 1 << self.throw(8);
        }
        bytes
    }
}

/// What is said to these bytes when they come in these pieces, and how it ends.
fn outcome<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> (Vec<Frame>, Option<Fault>) {
    let mut bench = Bench::new();
    let mut fault = None;
    for piece in pieces {
        fault = fault.or_else(|| bench.hears(piece).err());
    }
    while bench.flush() {}
    // What is answered behind a fault is nobody's business any more.
    (if fault.is_none() { bench.says() } else { taken_apart(&bench.out) }, fault)
}

#[test]
fn the_same_is_said_in_whatever_pieces_it_comes() {
    let mut dice = Dice(0x5EED_2718_2818);
    let (mut whole, mut ended) = (0, 0);
    for _ in 0..CONNECTIONS {
        let bytes = dice.connection();
        let expected = outcome(std::iter::once(&bytes[..]));
        let mut cuts: Vec<usize> = (0..dice.throw(12)).map(|_| dice.throw(bytes.len())).collect();
        cuts.sort_unstable();
        let ends = cuts.iter().copied().chain([bytes.len()]);
        let starts = std::iter::once(0).chain(cuts.iter().copied());
        let pieces: Vec<&[u8]> = starts.zip(ends).map(|(from, to)| &bytes[from..to]).collect();
        assert!(outcome(pieces.into_iter()) == expected, "{cuts:?} {bytes:?}");
        assert!(outcome(bytes.chunks(1)) == expected, "{bytes:?}");
        whole += usize::from(expected.0.len() > 3);
        ended += usize::from(expected.1.is_some());
    }
    assert!(whole > 50 && ended > 50, "{whole} said something, {ended} ended");
}

#[test]
fn whatever_comes_is_held_within_bounds() {
    let mut dice = Dice(0x5EED_3141_5926);
    let mut limits = limits();
    limits.streams = 8;
    for _ in 0..CONNECTIONS {
        let mut bench = Bench::with(limits.clone(), &[(4, 100)]);
        for _ in 0..4 {
            let bytes = dice.connection();
            if bytes.chunks(1 + dice.throw(500)).any(|piece| bench.hears(piece).is_err()) {
                break;
            }
            bench.says();
            let engine = &bench.engine;
            assert!(engine.places.len() <= 8 && engine.gone.len() <= REMEMBERED);
            assert!(engine.line.len() <= 8 && engine.wakers.len() == engine.places.len());
            assert_eq!(
                engine.connection.in_flight.count(),
                engine.places.iter().filter(|p| p.running.is_some()).count()
            );
            assert!(engine.extra >= 0 && engine.places.iter().all(|place| place.held >= 0));
            assert_eq!(engine.extra, engine.places.iter().map(|place| place.extra).sum::<i64>());
        }
        let connection = std::sync::Arc::clone(&bench.engine.connection);
        drop(bench);
        assert_eq!(connection.in_flight.count(), 0, "nothing outlives its connection");
    }
}

#[test]
fn bytes_without_any_sense_end_the_connection_or_are_ignored() {
    let mut dice = Dice(0x5EED_1618_0339);
    for _ in 0..CONNECTIONS {
        let mut bench = Bench::new();
        for _ in 0..50 {
            let bytes = dice.bytes(200);
            if bench.hears(&bytes).is_err() {
                break;
            }
        }
        bench.says();
    }
    // The same inside a block, where they reach the decoder.
    for _ in 0..CONNECTIONS {
        let mut bench = Bench::new();
        for n in 0..10 {
            let junk = dice.bytes(120);
            if bench.hears(&put(1, END_HEADERS | (n & 1) as u8, 2 * n + 1, &junk)).is_err() {
                break;
            }
            bench.says();
        }
    }
}
