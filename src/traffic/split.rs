//! Which of several upstreams a request of a route goes to. The same caller goes the
//! same way, on every worker, in every process, after every restart: where he stands
//! follows from a hash of what the route tells callers apart by. When a share grows,
//! whoever was in it stays in it.

use aws_lc_rs::digest;

use crate::traffic::caller::{Caller, Mark, write_address};

/// The whole of a share: a hundred per cent in ten-thousandths of one.
pub const WHOLE: u32 = 1_000_000;

/// Shares of a route's requests that go elsewhere than to its upstream.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Split {
    /// What tells callers apart; who lacks it is told apart by address.
    pub key: Mark,
    /// Mixed into the hash, so that two splits need not choose the same callers.
    pub salt: Box<str>,
    /// Upstream by index with its share of `WHOLE`; the rest stays with the route's own.
    pub shares: Vec<(usize, u32)>,
}

impl Split {
    /// The upstream of this caller; `None`: the route's own.
    pub fn choose(&self, caller: &Caller<'_>) -> Option<usize> {
        match self.key.text(caller) {
            Some(text) => self.upstream(text.as_bytes()),
            None => {
                let mut address = Vec::with_capacity(8);
                write_address(caller.address, &mut address);
                self.upstream(&address)
            }
        }
    }

    /// The upstream of a caller with this key.
    pub fn upstream(&self, key: &[u8]) -> Option<usize> {
        let point = self.point(key);
        let mut end = 0;
        let mut ends = self.shares.iter().map(|(upstream, share)| {
            end += share;
            (*upstream, end)
        });
        ends.find(|(_, end)| point < *end).map(|(upstream, _)| upstream)
    }

    /// Where a key stands, from 0 to `WHOLE`.
    fn point(&self, key: &[u8]) -> u32 {
        let mut context = digest::Context::new(&digest::SHA256);
        context.update(self.salt.as_bytes());
        context.update(&[0]);
        context.update(key);
        let mut first = [0; 8];
        first.copy_from_slice(&context.finish().as_ref()[..8]);
        (u64::from_be_bytes(first) % u64::from(WHOLE)) as u32
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderName};

    use super::{Split, WHOLE};
    use crate::traffic::caller::{Caller, Mark};

    fn split(shares: &[(usize, u32)]) -> Split {
        Split { key: Mark::Header(HeaderName::from_static("x-tenant")), salt: "".into(), shares: shares.to_vec() }
    }

    #[test]
    fn shares_are_kept() {
        let split = split(&[(1, WHOLE / 20), (2, WHOLE / 4)]);
        let mut counts = [0; 3];
        for number in 0..20_000 {
            counts[split.upstream(format!("user-{number}").as_bytes()).unwrap_or(0)] += 1;
        }
        let near = |count: i32, share: i32| (count - 20_000 * share / 100).abs() < 400;
        assert!(near(counts[0], 70) && near(counts[1], 5) && near(counts[2], 25), "{counts:?}");
    }

    #[test]
    fn who_was_in_a_share_stays_in_it_when_it_grows() {
        let (small, large) = (split(&[(1, WHOLE / 20)]), split(&[(1, WHOLE / 2)]));
        for number in 0..2_000 {
            let key = format!("user-{number}");
            assert!(small.upstream(key.as_bytes()).is_none() || large.upstream(key.as_bytes()).is_some());
        }
        assert_eq!(split(&[(1, WHOLE)]).upstream(b"anybody"), Some(1));
        assert_eq!(split(&[(1, 0)]).upstream(b"anybody"), None);
    }

    #[test]
    fn the_place_of_a_key_never_moves() {
        // Fixed for ever: another value here would move callers between upstreams.
        let salted = Split { salt: "b".into(), ..split(&[]) };
        assert_eq!((split(&[]).point(b"user-1"), salted.point(b"user-1")), (807_032, 716_890));
    }

    #[test]
    fn who_lacks_the_key_goes_by_his_address() {
        let headers = HeaderMap::new();
        let split = split(&[(1, WHOLE / 2)]);
        let way = |address: &str| {
            let address = address.parse().unwrap();
            split.choose(&Caller { address, claims: None, route: "r", headers: &headers, cookie: None })
        };
        let ways: Vec<_> = (0..=50).map(|last| way(&format!("10.0.0.{last}"))).collect();
        assert!(ways.contains(&None) && ways.contains(&Some(1)));
        assert_eq!(way("10.0.0.7"), way("::ffff:10.0.0.7"));
    }
}
