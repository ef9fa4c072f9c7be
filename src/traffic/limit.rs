//! A named limit: whom it tells apart, how much it lets through, how it speaks of
//! itself. The limit is the operator's word and belongs to a snapshot; its tables are
//! what has happened, and survive a reload as long as a limit of that name is there.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::traffic::caller::Mark;
use crate::traffic::flight::Flights;
use crate::traffic::quota::Telling;
use crate::traffic::rate::{Buckets, Moment, Rate};

/// A limit as the file names it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Limit {
    /// Its key in the file.
    pub name: Arc<str>,
    /// What tells its callers apart; empty: all are one.
    pub key: Vec<Mark>,
    /// How much it lets through.
    pub bound: Bound,
    /// How answers speak of it.
    pub telling: Telling,
}

/// How much a limit lets through.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Bound {
    /// So many in so long.
    Rate(Rate),
    /// So many at once.
    AtOnce(u32),
}

impl Limit {
    /// Whether it can only be asked once the token was looked at.
    pub fn needs_token(&self) -> bool {
        self.key.iter().any(Mark::needs_token)
    }

    /// Whether it counts what callers ask of a route together: being full is then nobody's
    /// fault but the route's.
    pub fn is_of_all(&self) -> bool {
        self.key.iter().all(|mark| *mark == Mark::Route)
    }
}

/// What one limit has counted.
#[derive(Clone, Debug)]
pub enum Table {
    /// Of a rate.
    Rate(Arc<Buckets>),
    /// Of requests at once.
    AtOnce(Arc<Flights>),
}

/// What all limits have counted, by name.
#[derive(Debug, Default)]
pub struct Tables(Mutex<Book>);

#[derive(Debug, Default)]
struct Book {
    rates: HashMap<Arc<str>, Arc<Buckets>>,
    flights: HashMap<Arc<str>, Arc<Flights>>,
}

impl Tables {
    /// The tables of these limits, in their order: those of before, or fresh ones.
    pub fn of(&self, limits: &[Limit]) -> Vec<Table> {
        let mut book = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let table = |limit: &Limit| match limit.bound {
            Bound::Rate(_) => Table::Rate(Arc::clone(book.rates.entry(Arc::clone(&limit.name)).or_default())),
            Bound::AtOnce(_) => Table::AtOnce(Arc::clone(book.flights.entry(Arc::clone(&limit.name)).or_default())),
        };
        limits.iter().map(table).collect()
    }

    /// Forgets full buckets, and tables that nobody but this book holds any more;
    /// returns how many buckets are left.
    pub fn sweep(&self, now: Moment) -> usize {
        let mut book = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        book.rates.retain(|_, buckets| {
            buckets.sweep(now);
            Arc::strong_count(buckets) > 1 || !buckets.is_empty()
        });
        book.flights.retain(|_, flights| Arc::strong_count(flights) > 1);
        book.rates.values().map(|buckets| buckets.len()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::{Bound, Limit, Table, Tables};
    use crate::token::fingerprint::Fingerprint;
    use crate::traffic::caller::Mark;
    use crate::traffic::quota::Telling;
    use crate::traffic::rate::{Moment, Rate};

    fn limit(name: &str, bound: Bound) -> Limit {
        Limit { name: name.into(), key: vec![Mark::Address], bound, telling: Telling::Fields }
    }

    #[test]
    fn counts_survive_a_reload_and_end_with_their_limit() {
        let (tables, rate) = (Tables::default(), Rate::new(1, 1000, 1));
        let caller = Fingerprint([1; 16]);
        let take = |table: &Table| match table {
            Table::Rate(buckets) => buckets.take(caller, &rate, Moment(10)).is_ok(),
            Table::AtOnce(_) => panic!("a rate has buckets"),
        };
        let limits = [limit("one", Bound::Rate(rate))];
        assert!(take(&tables.of(&limits)[0]));
        assert!(!take(&tables.of(&limits)[0]), "the same bucket");
        assert!(take(&tables.of(&[limit("two", Bound::Rate(rate))])[0]), "another limit's");
        assert_eq!(tables.sweep(Moment(5000)), 0);
        assert!(take(&tables.of(&limits)[0]), "it was full and is forgotten");
        assert!(matches!(tables.of(&[limit("one", Bound::AtOnce(1))])[0], Table::AtOnce(_)));
    }
}
