//! The hash against its formula, in numbers that cannot overflow, and against what is
//! hardest for hashes of its kind: words that are swapped, shifted or all ones, zeros of
//! every length.

use std::collections::HashSet;

use super::{Fingerprint, Fingerprinter, LONG, Lane, PRIME};
use crate::random::{Random, SeededRandom};

/// Bits of numbers of any size, the lowest first: slow and plain.
fn remainder(value: u128, by: u128) -> u128 {
    (0..128).rev().fold(0, |rest, bit| (rest * 2 + (value >> bit & 1)) % by)
}

fn naive(prints: &Fingerprinter, token: &[u8]) -> Fingerprint {
    let mut padded = token.to_vec();
    padded.resize((token.len() / 16 + 1) * 16, 0);
    let word = |at: usize| u64::from_le_bytes(padded[8 * at..8 * at + 8].try_into().unwrap());
    let keys: Vec<u64> = prints.pairs.iter().flatten().copied().collect();
    let half = |shift: usize, lane: &Lane| {
        let mut sum = token.len() as u128 * u128::from(lane.length);
        for at in (0..padded.len() / 8).step_by(2) {
            let a = u128::from(word(at).wrapping_add(keys[at + shift]));
            let b = u128::from(word(at + 1).wrapping_add(keys[at + 1 + shift]));
            sum = sum.wrapping_add(a * b);
        }
        let pieces = [sum % (1 << 43), (sum >> 43) % (1 << 43), sum >> 86];
        let prime = u128::from(PRIME);
        let products = pieces.iter().zip(lane.pieces).map(|(piece, key)| remainder(piece * u128::from(key), prime));
        (products.sum::<u128>() % prime) as u64
    };
    let halves = [half(0, &prints.lanes[0]), half(2, &prints.lanes[1])];
    Fingerprint([halves[0].to_le_bytes(), halves[1].to_le_bytes()].concat().try_into().unwrap())
}

#[test]
fn is_what_its_formula_says_at_every_length() {
    let random = SeededRandom::new(5);
    for length in (0..200).chain([700, 1023, 1024, LONG - 17, LONG - 16, LONG - 1, LONG]) {
        let mut key = [0; 16];
        random.fill(&mut key);
        let mut token = vec![0; length];
        random.fill(&mut token);
        let prints = Fingerprinter::new(key);
        assert_eq!(prints.of(&token), naive(&prints, &token), "{length}");
        let ones = vec![0xff; length];
        assert_eq!(prints.of(&ones), naive(&prints, &ones), "{length} bytes of ones");
    }
}

#[test]
fn every_bit_of_token_and_key_matters() {
    for length in [700, LONG, LONG + 1, LONG + 700] {
        let token = vec![b'a'; length];
        let prints = Fingerprinter::new([1; 16]);
        let mut seen = HashSet::from([prints.of(&token), Fingerprinter::new([2; 16]).of(&token), prints.of(b"")]);
        assert_eq!(seen.len(), 3);
        for i in 0..token.len() {
            let mut bent = token.clone();
            bent[i] ^= 1;
            assert!(seen.insert(prints.of(&bent)), "bit of byte {i}");
            assert!(seen.insert(prints.of(&token[..i.max(1)])) || i < 2, "cut at {i}");
        }
        assert_eq!(prints.of(&token), prints.of(&token));
    }
}

#[test]
fn tokens_made_to_meet_meet_in_neither_half_under_any_of_many_keys() {
    let word = |value: u64| value.to_le_bytes();
    let (zero, one, top, all) = (word(0), word(1), word(1 << 63), word(u64::MAX));
    let pairs: Vec<(Vec<u8>, Vec<u8>)> = vec![
        ([one, zero].concat(), [zero, one].concat()),
        ([one, zero, zero, one].concat(), [zero, one, one, zero].concat()),
        ([one, one, zero, zero].concat(), [zero, zero, one, one].concat()),
        ([top, zero].concat(), [zero, top].concat()),
        ([top, top].concat(), [zero, zero].concat()),
        ([all, all].concat(), [one, one].concat()),
        (vec![0; 15], vec![0; 16]),
        (vec![0; 16], vec![0; 17]),
        (vec![0; 16], vec![0; 48]),
        (vec![], vec![0]),
    ];
    for key in 0..5_000_u128 {
        let prints = Fingerprinter::new(key.to_be_bytes());
        for (a, b) in &pairs {
            let (a, b) = (prints.of(a).0, prints.of(b).0);
            assert!(a[..8] != b[..8] && a[8..] != b[8..], "{key}");
        }
    }
}

#[test]
fn halves_are_below_the_prime() {
    let edge = Lane { length: 0, pieces: [1, 0, 0] };
    assert_eq!(edge.half(5), 5);
    let most = Lane { length: 0, pieces: [PRIME, PRIME, PRIME] };
    assert_eq!(most.half(u128::MAX), 0, "a key of the prime itself is one of zero");
    let less = Lane { length: 0, pieces: [PRIME - 1, PRIME - 1, PRIME - 1] };
    assert!(less.half(u128::MAX) < PRIME);
}
