//! Several limits at once: a request passes if each lets it, and costs nothing at any of
//! them if one does not. What it gets is a `Passage`, which holds its places until it ends.

use crate::clock::Seconds;
use crate::token::fingerprint::{Fingerprint, Fingerprinter};
use crate::traffic::caller::Caller;
use crate::traffic::flight::Flight;
use crate::traffic::limit::{Bound, Limit, Table};
use crate::traffic::quota::{Quota, seconds};
use crate::traffic::rate::{Buckets, Empty, Level, Moment, Rate};

/// When to come back where too much is under way.
const SOON: Seconds = Seconds(1);

/// The right to go on, as far as limits are concerned.
#[derive(Debug, Default)]
pub struct Passage {
    /// What is left of the tightest rate.
    pub quota: Option<Quota>,
    /// Places held while the request is under way.
    pub flights: Vec<Flight>,
}

impl Passage {
    /// This one and another of the same request.
    pub fn and(mut self, other: Passage) -> Passage {
        self.quota = Quota::tighter(self.quota, other.quota);
        self.flights.extend(other.flights);
        self
    }
}

/// A request that one limit refuses.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refused {
    /// The limit's name.
    pub limit: std::sync::Arc<str>,
    /// Whose fault it is.
    pub blame: Blame,
    /// When to come back.
    pub wait: Seconds,
    /// What the refusal tells, of a rate.
    pub quota: Option<Quota>,
}

/// Whose fault a refusal is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Blame {
    /// This caller asked too much: 429.
    Caller,
    /// All callers together did: 503.
    Everybody,
}

/// Asks every limit.
///
/// # Errors
/// The first that refuses; what the ones before it took is given back.
pub fn pass<'l>(
    limits: impl Iterator<Item = (&'l Limit, &'l Table)>,
    caller: &Caller<'_>,
    prints: &Fingerprinter,
    now: Moment,
) -> Result<Passage, Refused> {
    let mut passage = Passage::default();
    let mut taken: Vec<(&Buckets, Rate, Fingerprint)> = Vec::new();
    let mut key = Vec::with_capacity(64);
    for (limit, table) in limits {
        key.clear();
        limit.key.iter().for_each(|mark| mark.write(caller, &mut key));
        let print = prints.of(&key);
        let refused = match (limit.bound, table) {
            (Bound::Rate(rate), Table::Rate(buckets)) => match buckets.take(print, &rate, now) {
                Ok(level) => {
                    taken.push((buckets, rate, print));
                    passage.quota = Quota::tighter(passage.quota.take(), Some(left(limit, &rate, level)));
                    continue;
                }
                Err(empty) => Refused {
                    limit: limit.name.clone(),
                    blame: Blame::Caller,
                    wait: Seconds(seconds(empty.wait).0.max(1)),
                    quota: Some(none_left(limit, &rate, empty)),
                },
            },
            (Bound::AtOnce(most), Table::AtOnce(flights)) => match flights.enter(print, most) {
                Some(flight) => {
                    passage.flights.push(flight);
                    continue;
                }
                None => crowded(limit),
            },
            // A table is made for its limit's kind of bound.
            (Bound::Rate(_), Table::AtOnce(_)) | (Bound::AtOnce(_), Table::Rate(_)) => continue,
        };
        taken.iter().for_each(|(buckets, rate, print)| buckets.give_back(*print, rate));
        return Err(refused);
    }
    Ok(passage)
}

/// Too much is under way: of one caller, or of all together.
fn crowded(limit: &Limit) -> Refused {
    let blame = if limit.is_of_all() { Blame::Everybody } else { Blame::Caller };
    Refused { limit: limit.name.clone(), blame, wait: SOON, quota: None }
}

fn left(limit: &Limit, rate: &Rate, level: Level) -> Quota {
    Quota {
        name: limit.name.clone(),
        limit: rate.burst,
        window: seconds(rate.fill()),
        remaining: level.remaining,
        reset: seconds(level.full_in),
        telling: limit.telling,
    }
}

fn none_left(limit: &Limit, rate: &Rate, empty: Empty) -> Quota {
    left(limit, rate, Level { remaining: 0, full_in: empty.full_in })
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::{Blame, Passage, Refused, pass};
    use crate::clock::Seconds;
    use crate::token::fingerprint::Fingerprinter;
    use crate::traffic::caller::{Caller, Mark};
    use crate::traffic::limit::{Bound, Limit, Table, Tables};
    use crate::traffic::quota::Telling;
    use crate::traffic::rate::{Moment, Rate};

    const SECOND: u64 = 1_000_000_000;

    struct House {
        limits: Vec<Limit>,
        tables: Vec<Table>,
        prints: Fingerprinter,
    }

    impl House {
        fn with(limits: Vec<Limit>) -> House {
            let tables = Tables::default().of(&limits);
            House { limits, tables, prints: Fingerprinter::new([1; 16]) }
        }

        fn ask(&self, address: &str, headers: &[(&'static str, &'static str)]) -> Result<Passage, Refused> {
            let lines = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
            let headers: HeaderMap = lines.collect();
            let address = address.parse().unwrap();
            let caller = Caller { address, claims: None, route: "r", headers: &headers, cookie: None };
            pass(self.limits.iter().zip(&self.tables), &caller, &self.prints, Moment(9 * SECOND))
        }
    }

    fn limit(name: &str, key: Vec<Mark>, bound: Bound) -> Limit {
        Limit { name: name.into(), key, bound, telling: Telling::Fields }
    }

    #[test]
    fn the_tightest_is_told_and_the_first_that_is_empty_refuses() {
        let wide = limit("wide", vec![Mark::Address], Bound::Rate(Rate::new(10, SECOND, 10)));
        let tight = limit("tight", vec![Mark::Address], Bound::Rate(Rate::new(1, 60 * SECOND, 2)));
        let house = House::with(vec![wide, tight]);
        let quota = house.ask("10.0.0.1", &[]).unwrap().quota.unwrap();
        assert_eq!((&*quota.name, quota.limit, quota.remaining, quota.reset), ("tight", 2, 1, Seconds(60)));
        assert!(house.ask("10.0.0.1", &[]).is_ok());
        for _ in 0..20 {
            let refused = house.ask("10.0.0.1", &[]).unwrap_err();
            assert_eq!((&*refused.limit, refused.blame, refused.wait), ("tight", Blame::Caller, Seconds(60)));
        }
        let other = house.ask("10.0.0.2", &[]).unwrap().quota.unwrap();
        assert_eq!(other.remaining, 1, "what was refused cost the wide one nothing either");
    }

    #[test]
    fn a_spent_rate_is_the_callers_also_where_all_share_it() {
        let house = House::with(vec![limit("all", vec![Mark::Route], Bound::Rate(Rate::new(1, SECOND, 1)))]);
        assert!(house.ask("10.0.0.1", &[]).is_ok());
        assert_eq!(house.ask("10.0.0.2", &[]).map_err(|refused| refused.blame).err(), Some(Blame::Caller));
    }

    #[test]
    fn headers_make_no_new_caller() {
        let house = House::with(vec![limit("one", vec![Mark::Subject], Bound::Rate(Rate::new(1, SECOND, 1)))]);
        assert!(house.ask("10.0.0.1", &[]).is_ok());
        for lie in ["x-forwarded-for", "X_Forwarded_For", "forwarded", "x-real-ip", "x-user"] {
            assert!(house.ask("10.0.0.1", &[(lie, "6.6.6.6")]).is_err(), "{lie}");
        }
    }

    #[test]
    fn what_all_share_is_nobodys_fault_and_places_are_given_back() {
        let house = House::with(vec![limit("all", vec![Mark::Route], Bound::AtOnce(1))]);
        let first = house.ask("10.0.0.1", &[]).unwrap();
        let refused = house.ask("10.0.0.2", &[]).unwrap_err();
        assert_eq!((refused.blame, refused.wait, refused.quota), (Blame::Everybody, Seconds(1), None));
        drop(first);
        assert!(house.ask("10.0.0.2", &[]).is_ok());
    }
}
