//! TLS handshakes under way at one listener, over all workers. They are bounded, since each
//! holds a session's memory and a seat for a caller who has shown nothing yet. At the bound
//! a worker leaves newcomers in the kernel's queue, and whoever has kept us waiting longer
//! than honest callers do makes room for the next.
//! Must never: end a handshake while there is room, or forget one that has ended.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::timeout;

use crate::edge::listen::callers;
use crate::edge::worker::pulse::Tick;

/// How long a handshake is left alone while others wait for its place. Two round trips and
/// our own work take a caller at the far end of the world less.
pub const PATIENCE: Duration = Duration::from_secs(1);

/// The handshakes of one listener.
#[derive(Clone, Debug, Default)]
pub struct HalfOpen(Arc<Shaking>);

#[derive(Debug, Default)]
struct Shaking {
    table: Mutex<Table>,
    /// A handshake has ended.
    freed: Notify,
}

#[derive(Debug, Default)]
struct Table {
    next: u64,
    /// By turn, so the oldest is first.
    under_way: BTreeMap<u64, Begun>,
    /// How many each address has, where somebody asked.
    addresses: HashMap<IpAddr, u32>,
}

/// One handshake.
#[derive(Debug)]
struct Begun {
    at: Tick,
    /// Tells its task to end; `None`: it was told.
    leave: Option<Arc<Notify>>,
}

/// A handshake's place; dropping it makes room.
#[derive(Debug)]
pub struct Place {
    home: HalfOpen,
    turn: u64,
    address: Option<IpAddr>,
    leave: Arc<Notify>,
}

/// Whether a place was there at once.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wait {
    /// It was.
    None,
    /// Somebody had to end first.
    Some,
}

impl HalfOpen {
    /// A place among `most`, as soon as there is one. Given up, it has taken none.
    pub async fn enter(&self, most: usize) -> (Place, Wait) {
        let mut wait = Wait::None;
        loop {
            let patience = {
                let mut table = self.table();
                if table.under_way.len() < most {
                    let place = self.seat(&mut table);
                    if table.under_way.len() < most {
                        // One word may have stood for two who left.
                        self.0.freed.notify_one();
                    }
                    return (place, wait);
                }
                table.press(Tick::now())
            };
            wait = Wait::Some;
            // Either way the table is looked at again.
            let _ = timeout(patience, self.0.freed.notified()).await;
        }
    }

    /// A place whether or not there is room, for who has been promised one.
    pub fn enter_anyway(&self) -> Place {
        let mut table = self.table();
        self.seat(&mut table)
    }

    /// Handshakes under way.
    pub fn count(&self) -> usize {
        self.table().under_way.len()
    }

    fn seat(&self, table: &mut Table) -> Place {
        let (turn, leave) = (table.next, Arc::<Notify>::default());
        table.next += 1;
        table.under_way.insert(turn, Begun { at: Tick::now(), leave: Some(Arc::clone(&leave)) });
        Place { home: self.clone(), turn, address: None, leave }
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.0.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    /// Tells the oldest to end if it has had its time; when to look again.
    fn press(&mut self, now: Tick) -> Duration {
        let Some(oldest) = self.under_way.values_mut().find(|begun| begun.leave.is_some()) else { return PATIENCE };
        let left = PATIENCE.saturating_sub(now.since(oldest.at));
        if !left.is_zero() {
            return left;
        }
        oldest.leave.take().iter().for_each(|leave| leave.notify_one());
        PATIENCE
    }
}

impl Place {
    /// Counts it for `address`, which may have `most`; `false`: it has as many already.
    pub fn of(&mut self, address: IpAddr, most: Option<u32>) -> bool {
        let Some(most) = most else { return true };
        let address = callers::key(address);
        let mut table = self.home.table();
        let count = table.addresses.entry(address).or_default();
        if *count >= most {
            return false;
        }
        *count += 1;
        self.address = Some(address);
        true
    }

    /// Waits until it has to make room.
    pub async fn crowded_out(&self) {
        self.leave.notified().await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut table = self.home.table();
        table.under_way.remove(&self.turn);
        if let Some(address) = self.address
            && let Some(count) = table.addresses.get_mut(&address)
        {
            *count -= 1;
            if *count == 0 {
                table.addresses.remove(&address);
            }
        }
        drop(table);
        self.home.0.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;
    use std::task::Poll;
    use std::time::Duration;

    use super::{HalfOpen, PATIENCE, Wait};
    use crate::edge::worker::pulse::Tick;

    async fn looks<T>(future: impl Future<Output = T>) -> Poll<T> {
        let mut future = std::pin::pin!(future);
        std::future::poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx))).await
    }

    #[tokio::test]
    async fn newcomers_wait_for_a_place_and_get_the_one_that_is_left() {
        let half_open = HalfOpen::default();
        let (first, wait) = half_open.enter(2).await;
        let (_second, _) = half_open.enter(2).await;
        assert_eq!((wait, half_open.count()), (Wait::None, 2));
        assert!(looks(half_open.enter(2)).await.is_pending());
        drop(first);
        let (_third, _) = half_open.enter(2).await;
        assert_eq!(half_open.count(), 2);
        let _fourth = half_open.enter_anyway();
        assert_eq!(half_open.count(), 3);
    }

    #[tokio::test]
    async fn the_oldest_makes_room_once_it_has_had_its_time() {
        let half_open = HalfOpen::default();
        let before = Tick::now();
        let (old, _) = half_open.enter(2).await;
        let (young, _) = half_open.enter(2).await;
        let now = Tick::now();
        let press = |after: Duration| half_open.table().press(now.after(after));
        // Half of its time from before it was there: what is left is half at least.
        let left = half_open.table().press(before.after(PATIENCE / 2));
        assert!((PATIENCE / 2..=PATIENCE).contains(&left), "{left:?}");
        assert!(looks(old.crowded_out()).await.is_pending());
        assert_eq!(press(PATIENCE), PATIENCE);
        old.crowded_out().await;
        assert!(looks(young.crowded_out()).await.is_pending(), "one for each who waits");
        press(PATIENCE);
        young.crowded_out().await;
        assert_eq!(press(PATIENCE * 2), PATIENCE, "nobody is told twice");
    }

    #[tokio::test]
    async fn each_address_has_its_share_and_gets_it_back() {
        let half_open = HalfOpen::default();
        let address = |text: &str| text.parse::<IpAddr>().expect("an address");
        let mut places = [half_open.enter_anyway(), half_open.enter_anyway(), half_open.enter_anyway()];
        assert!(places[0].of(address("2001:db8::1"), Some(1)));
        assert!(!places[1].of(address("2001:db8::2"), Some(1)), "the same network");
        assert!(places[2].of(address("192.0.2.1"), Some(1)));
        drop(places);
        assert!(half_open.enter_anyway().of(address("2001:db8::3"), Some(1)));
        assert!(half_open.table().addresses.is_empty() && half_open.count() == 0);
    }
}
