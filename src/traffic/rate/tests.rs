//! Buckets: what passes over time, in a crowd, and at the bound.

use proptest::prelude::{Strategy, any, proptest};
use proptest::prop_assert;

use super::{Buckets, Level, MAX_CALLERS, Moment, Rate};
use crate::token::fingerprint::Fingerprint;

const SECOND: u64 = 1_000_000_000;
const ANN: Fingerprint = Fingerprint([1; 16]);
const BEN: Fingerprint = Fingerprint([2; 16]);

fn caller(number: usize) -> Fingerprint {
    let mut bytes = [7; 16];
    bytes[..8].copy_from_slice(&number.to_le_bytes());
    Fingerprint(bytes)
}

#[test]
fn a_burst_then_the_rate() {
    let (buckets, rate) = (Buckets::default(), Rate::new(10, SECOND, 3));
    let start = Moment(5 * SECOND);
    let remaining: Vec<_> = (0..3).map(|_| buckets.take(ANN, &rate, start).map(|level| level.remaining)).collect();
    assert_eq!(remaining, [Ok(2), Ok(1), Ok(0)]);
    let empty = buckets.take(ANN, &rate, start).unwrap_err();
    assert_eq!((empty.wait, empty.full_in), (SECOND / 10, 3 * SECOND / 10));
    assert!(buckets.take(BEN, &rate, start).is_ok(), "another caller's bucket is another");
    let later = Moment(start.0 + empty.wait);
    assert_eq!(buckets.take(ANN, &rate, later), Ok(Level { remaining: 0, full_in: 3 * SECOND / 10 }));
    assert!(buckets.take(ANN, &rate, later).is_err());
}

#[test]
fn what_another_limit_refused_is_given_back() {
    let (buckets, rate, now) = (Buckets::default(), Rate::new(1, SECOND, 1), Moment(SECOND));
    assert!(buckets.take(ANN, &rate, now).is_ok());
    buckets.give_back(ANN, &rate);
    assert!(buckets.take(ANN, &rate, now).is_ok());
    assert!(buckets.take(ANN, &rate, now).is_err());
}

#[test]
fn full_buckets_are_forgotten_and_the_table_is_bounded() {
    let (buckets, rate) = (Buckets::default(), Rate::new(1, SECOND, 1));
    assert!(buckets.take(ANN, &rate, Moment(SECOND)).is_ok());
    assert_eq!(buckets.sweep(Moment(SECOND + 1)), 0, "it is not full yet");
    assert_eq!(buckets.sweep(Moment(2 * SECOND)), 1);
    assert!(buckets.is_empty());
    for number in 0..MAX_CALLERS + 100 {
        assert!(buckets.take(caller(number), &rate, Moment(SECOND)).is_ok());
    }
    assert_eq!(buckets.len(), MAX_CALLERS);
}

#[test]
fn a_crowd_gets_no_more_than_one_would() {
    let (buckets, rate) = (Buckets::default(), Rate::new(1, 3600 * SECOND, 100));
    let passed: usize = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| (0..100).filter(|_| buckets.take(ANN, &rate, Moment(SECOND)).is_ok()).count()))
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!(passed, 100);
}

proptest! {
    #[test]
    fn no_more_pass_than_burst_and_rate_allow(
        count in 1u32..50, burst in 1u32..20,
        steps in proptest::collection::vec(any::<u32>().prop_map(|step| u64::from(step) / 16), 1..200),
    ) {
        let (buckets, rate) = (Buckets::default(), Rate::new(count, SECOND, burst));
        let mut now = Moment(SECOND);
        let mut passed = 0u64;
        for step in steps {
            now.0 += step;
            match buckets.take(ANN, &rate, now) {
                Ok(level) => {
                    passed += 1;
                    prop_assert!(level.remaining < burst);
                }
                Err(empty) => prop_assert!(empty.wait > 0 && empty.wait <= rate.interval),
            }
            prop_assert!(passed <= u64::from(burst) + (now.0 - SECOND) / rate.interval);
        }
    }
}
