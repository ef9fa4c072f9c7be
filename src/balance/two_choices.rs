//! Least requests by the power of two choices: two servers are drawn by weight, and the
//! one with less to do is asked. Looking at two is nearly as good as looking at all, and
//! unlike "the least busy of all" it does not send everybody to a server that has just
//! come back or that fails fast.

/// The server to ask among those of positive weight; `None`: there is none. `load` is
/// what a server has to do now; it is compared in proportion to the weight.
pub fn pick(count: usize, weight: impl Fn(usize) -> u32, load: impl Fn(usize) -> usize, random: u64) -> Option<usize> {
    let total: u64 = (0..count).map(|index| u64::from(weight(index))).sum();
    let first = draw(count, &weight, None, total, random)?;
    // The halves of one good random number are as good as two.
    let rest = total - u64::from(weight(first));
    let Some(second) = draw(count, &weight, Some(first), rest, random.rotate_left(32)) else { return Some(first) };
    let busy = |index: usize| (load(index) as u64).saturating_mul(1 << 10) / u64::from(weight(index).max(1));
    Some(if busy(second) < busy(first) { second } else { first })
}

/// One server by weight, but for `other`. `total` is the weight of all that can be drawn.
fn draw(count: usize, weight: &impl Fn(usize) -> u32, other: Option<usize>, total: u64, random: u64) -> Option<usize> {
    // The high half, scaled: even to one part in 2^32 without a division.
    let mut left = ((random >> 32) * total) >> 32;
    let mut last = None;
    for index in (0..count).filter(|index| Some(*index) != other) {
        let share = u64::from(weight(index));
        if share == 0 {
            continue;
        }
        if left < share {
            return Some(index);
        }
        left -= share;
        last = Some(index);
    }
    // Facts may change between the sum and the draw.
    last
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop};
    use proptest::{prop_assert, proptest};

    use super::pick;

    /// SplitMix64: the stream a worker draws from.
    fn stream(mut state: u64) -> impl FnMut() -> u64 {
        move || {
            state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mut z = state;
            z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            z ^ (z >> 31)
        }
    }

    proptest! {
        #[test]
        fn requests_that_stay_are_spread_evenly(count in 2_usize..10, seed: u64) {
            let mut random = stream(seed);
            let mut loads = vec![0_usize; count];
            for _ in 0..count * 200 {
                let at = pick(count, |_| 1, |i| loads[i], random()).expect("all are fit");
                loads[at] += 1;
            }
            // Two choices keep the fullest within log log n of the mean; one choice alone
            // would be some 40 above it.
            prop_assert!(loads.iter().all(|load| load.abs_diff(200) <= 8), "{loads:?}");
        }

        #[test]
        fn idle_servers_are_asked_by_weight(weights in prop::collection::vec(1_u32..=10, 2..6), seed: u64) {
            let mut random = stream(seed);
            let mut counts = vec![0_u32; weights.len()];
            let rounds = 20_000;
            for _ in 0..rounds {
                counts[pick(weights.len(), |i| weights[i] * 1000, |_| 0, random()).expect("fit")] += 1;
            }
            let total: u32 = weights.iter().sum();
            for (count, weight) in counts.iter().zip(&weights) {
                let due = f64::from(rounds) * f64::from(*weight) / f64::from(total);
                prop_assert!((f64::from(*count) - due).abs() < 0.02 * f64::from(rounds), "{counts:?} {weights:?}");
            }
        }

        #[test]
        fn requests_that_stay_settle_in_proportion_to_weight(weights in prop::collection::vec(1_u32..=5, 2..6), seed: u64) {
            let mut random = stream(seed);
            let mut loads = vec![0_usize; weights.len()];
            let total: u32 = weights.iter().sum();
            for _ in 0..total * 300 {
                let at = pick(weights.len(), |i| weights[i] * 1000, |i| loads[i], random()).expect("fit");
                loads[at] += 1;
            }
            for (load, weight) in loads.iter().zip(&weights) {
                let due = (weight * 300) as usize;
                prop_assert!(load.abs_diff(due) <= due / 8 + 8, "{loads:?} {weights:?}");
            }
        }

        #[test]
        fn whoever_has_no_weight_is_not_asked(fit in prop::collection::vec(any::<bool>(), 0..10), random: u64) {
            let at = pick(fit.len(), |i| u32::from(fit[i]), |_| 0, random);
            prop_assert!(at.is_some() == fit.contains(&true) && at.is_none_or(|i| fit[i]));
        }
    }

    #[test]
    fn the_less_busy_of_two_is_asked() {
        for random in [0, 1 << 40, u64::MAX, 0x8000_0000_8000_0000] {
            assert_eq!(pick(2, |_| 1, |i| [3, 1][i], random), Some(1));
            // Four requests on a server of weight four are as much as one on the other.
            assert_eq!(pick(2, |i| [4, 1][i], |i| [3, 1][i], random), Some(0));
        }
    }
}
