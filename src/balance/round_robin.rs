//! Smooth weighted round robin, as nginx made it known: every server earns its weight
//! each turn, the richest one is asked and pays what all of them earned. Equal weights
//! take plain turns, and a heavy server's turns are spread among the others'.

/// One worker's memory of whose turn it is.
#[derive(Clone, Debug, Default)]
pub struct RoundRobin {
    credits: Vec<i64>,
}

impl RoundRobin {
    /// Turns among `count` servers. `random` decides who is first, so that workers that
    /// begin together do not ask the same server together.
    pub fn new(count: usize, random: u64) -> RoundRobin {
        let mut credits = vec![0; count];
        if let Some(first) = (random as usize).checked_rem(count).and_then(|at| credits.get_mut(at)) {
            *first = 1;
        }
        RoundRobin { credits }
    }

    /// Whose turn it is among those of positive weight; `None`: there is none. Whoever
    /// has no weight now earns nothing, and comes back as poor as he was.
    pub fn next(&mut self, weight: impl Fn(usize) -> u32) -> Option<usize> {
        let (mut best, mut total) = (None::<(usize, i64)>, 0);
        for (index, credit) in self.credits.iter_mut().enumerate() {
            let earned = i64::from(weight(index));
            if earned == 0 {
                continue;
            }
            *credit += earned;
            total += earned;
            if best.is_none_or(|(_, most)| *credit > most) {
                best = Some((index, *credit));
            }
        }
        let (index, _) = best?;
        if let Some(credit) = self.credits.get_mut(index) {
            *credit -= total;
        }
        Some(index)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop};
    use proptest::{prop_assert, prop_assert_eq, proptest};

    use super::RoundRobin;

    #[test]
    fn equal_servers_take_turns() {
        let mut turns = RoundRobin::new(3, 1);
        let order: Vec<_> = (0..6).map(|_| turns.next(|_| 1)).collect();
        assert_eq!(order, [1, 0, 2, 1, 0, 2].map(Some));
        assert_eq!(turns.next(|_| 0), None);
        assert_eq!(RoundRobin::new(0, 7).next(|_| 1), None);
    }

    #[test]
    fn a_heavy_servers_turns_are_spread() {
        let mut turns = RoundRobin::new(3, 0);
        let order: Vec<_> = (0..7).filter_map(|_| turns.next(|i| [5, 1, 1][i])).collect();
        assert!(order.windows(4).all(|window| window.iter().any(|i| *i != 0)), "{order:?}");
    }

    proptest! {
        #[test]
        fn weights_are_respected_to_a_turn(weights in prop::collection::vec(1_u32..=50, 1..12), random: u64) {
            let total: u32 = weights.iter().sum();
            let mut turns = RoundRobin::new(weights.len(), random);
            let mut counts = vec![0_u32; weights.len()];
            for _ in 0..total * 3 {
                counts[turns.next(|i| weights[i]).expect("one has weight")] += 1;
            }
            for (count, weight) in counts.iter().zip(&weights) {
                prop_assert!(count.abs_diff(weight * 3) <= 1, "{counts:?} for {weights:?}");
            }
        }

        #[test]
        fn whoever_has_no_weight_gets_no_turn(fit in prop::collection::vec(any::<bool>(), 1..12)) {
            let mut turns = RoundRobin::new(fit.len(), 0);
            for _ in 0..50 {
                let next = turns.next(|i| u32::from(fit[i]));
                prop_assert_eq!(next.is_some(), fit.contains(&true));
                prop_assert!(next.is_none_or(|i| fit[i]));
            }
        }
    }
}
