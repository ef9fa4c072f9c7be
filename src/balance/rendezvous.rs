//! Consistent hashing by rendezvous (highest random weight): each server draws a lot for
//! the key, and the best one wins. A server that leaves gives away exactly its own keys,
//! in proportion to the others' weights, and takes exactly those back. Nothing is kept,
//! so two gateways with one file agree without a word. Costs one pass over the servers.

/// The server to ask for `key` among those of positive weight; `None`: there is none.
/// `seed` tells servers apart and must be the same wherever the choice is to agree.
pub fn pick(count: usize, weight: impl Fn(usize) -> u32, seed: impl Fn(usize) -> u64, key: u64) -> Option<usize> {
    let mut best: Option<(usize, f64)> = None;
    for index in 0..count {
        let weight = weight(index);
        if weight == 0 {
            continue;
        }
        // An exponential lot of rate `weight`: the least of several is each one's in
        // proportion to its rate.
        let lot = -unit(mix(seed(index) ^ key)).ln() / f64::from(weight);
        if best.is_none_or(|(_, least)| lot < least) {
            best = Some((index, lot));
        }
    }
    best.map(|(index, _)| index)
}

/// A stable 64-bit hash of bytes (FNV-1a, finished by SplitMix64). It is no secret: who
/// chooses his own key may choose his server.
pub fn hash(bytes: &[u8]) -> u64 {
    let fnv = |state: u64, byte: &u8| (state ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01B3);
    mix(bytes.iter().fold(0xCBF2_9CE4_8422_2325, fnv))
}

/// Spreads every bit over all (SplitMix64's last step).
fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// A number above 0 and at most 1, of 53 bits.
fn unit(bits: u64) -> f64 {
    ((bits >> 11) + 1) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::prop;
    use proptest::{prop_assert, prop_assert_eq, prop_assume, proptest};

    use super::{hash, pick};

    fn seed(index: usize) -> u64 {
        hash(format!("10.0.0.{index}:80").as_bytes())
    }

    fn key(number: u32) -> u64 {
        hash(&number.to_le_bytes())
    }

    proptest! {
        #[test]
        fn only_the_keys_of_a_server_that_left_move(count in 2_usize..12, gone in 0_usize..12) {
            prop_assume!(gone < count);
            let keys = 4_000;
            let mut moved = 0;
            for number in 0..keys {
                let before = pick(count, |_| 1, seed, key(number));
                let after = pick(count, |i| u32::from(i != gone), seed, key(number));
                if before == Some(gone) {
                    moved += 1;
                    prop_assert!(after.is_some() && after != before);
                } else {
                    prop_assert_eq!(before, after);
                }
            }
            let due = keys as f64 / count as f64;
            prop_assert!((f64::from(moved) - due).abs() < 0.03 * f64::from(keys), "{moved} of {keys}, {count} servers");
        }

        #[test]
        fn keys_are_spread_by_weight(weights in prop::collection::vec(1_u32..=10, 2..8)) {
            let keys = 10_000;
            let mut counts = vec![0_u32; weights.len()];
            for number in 0..keys {
                counts[pick(weights.len(), |i| weights[i], seed, key(number)).expect("fit")] += 1;
            }
            let total: u32 = weights.iter().sum();
            for (count, weight) in counts.iter().zip(&weights) {
                let due = f64::from(keys) * f64::from(*weight) / f64::from(total);
                prop_assert!((f64::from(*count) - due).abs() < 0.03 * f64::from(keys), "{counts:?} {weights:?}");
            }
        }

        #[test]
        fn the_order_of_the_file_does_not_matter(count in 1_usize..10, number: u32) {
            let there = pick(count, |_| 1, seed, key(number));
            let back = pick(count, |_| 1, |i| seed(count - 1 - i), key(number));
            prop_assert_eq!(there, back.map(|i| count - 1 - i));
        }
    }

    #[test]
    fn nobody_is_asked_where_nobody_has_weight() {
        assert_eq!(pick(3, |_| 0, seed, 1), None);
        assert_eq!(pick(0, |_| 1, seed, 1), None);
    }

    #[test]
    fn the_hash_is_the_same_for_ever() {
        // Gateways of different versions stand side by side during an upgrade.
        assert_eq!(hash(b""), 0xF52A_15E9_A9B5_E89B);
        assert_ne!(hash(b"ana"), hash(b"anb"));
    }
}
