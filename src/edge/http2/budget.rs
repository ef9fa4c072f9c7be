//! What a caller may make the gateway do for nothing. Frames that carry no content (PING,
//! SETTINGS, RST_STREAM, WINDOW_UPDATE …) are paid for out of a budget, which content in
//! either direction and time refill; who runs out of it floods, and his connection ends
//! with ENHANCE_YOUR_CALM. Honest clients stay far below: they send such frames for
//! content. Covers CVE-2019-9512, -9513, -9514, -9515, -9518, CVE-2023-44487 and
//! CVE-2025-8671, each by the same count. Must never: charge for content.

use std::time::Duration;

use crate::edge::http2::fault::Fault;
use crate::edge::http2::frame::{END_STREAM, FrameHeader, Kind};
use crate::edge::worker::pulse::Tick;

/// What a connection begins with, and may save up at most.
const FULL: u32 = 2_000;

/// What a second gives back.
const PER_SECOND: u64 = 100;

/// Bytes of content, in either direction, that give back one.
const BYTES_PER_CREDIT: u64 = 256;

/// What a stream costs that had to be reset for its caller's mistake (CVE-2025-8671): its
/// request was begun for nothing, and it is we who must say so.
const MISTAKE: u32 = 16;

/// Refilled by time at most so often.
const REFILL_EVERY: Duration = Duration::from_millis(500);

/// What a frame is, for its price and for metrics.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Flood {
    /// DATA without data that ends nothing.
    EmptyData,
    /// PRIORITY.
    Priority,
    /// RST_STREAM: a request was begun for nothing.
    Reset,
    /// SETTINGS, which have to be applied and acknowledged.
    Settings,
    /// PING, which has to be answered.
    Ping,
    /// WINDOW_UPDATE.
    Window,
    /// CONTINUATION of a block that does not end.
    Continuation,
    /// A kind that is ignored (RFC 9113 §4.1), or a stream's that is.
    Unknown,
}

impl Flood {
    /// Every kind.
    pub const ALL: [Flood; 8] = [
        Flood::EmptyData,
        Flood::Priority,
        Flood::Reset,
        Flood::Settings,
        Flood::Ping,
        Flood::Window,
        Flood::Continuation,
        Flood::Unknown,
    ];

    /// The word in metrics.
    pub fn label(self) -> &'static str {
        match self {
            Flood::EmptyData => "flood_empty_data",
            Flood::Priority => "flood_priority",
            Flood::Reset => "flood_rst_stream",
            Flood::Settings => "flood_settings",
            Flood::Ping => "flood_ping",
            Flood::Window => "flood_window_update",
            Flood::Continuation => "flood_continuation",
            Flood::Unknown => "flood_unknown",
        }
    }

    /// What one costs: as much more as it makes the gateway do.
    fn price(self) -> u32 {
        match self {
            Flood::EmptyData | Flood::Priority | Flood::Window | Flood::Unknown => 1,
            Flood::Ping => 2,
            Flood::Settings | Flood::Reset | Flood::Continuation => 8,
        }
    }

    /// What a frame is if it carries nothing; `None`: it does.
    fn of(frame: FrameHeader) -> Option<Flood> {
        match frame.kind {
            Kind::Data => (frame.length == 0 && !frame.has(END_STREAM)).then_some(Flood::EmptyData),
            // HEADERS: bounded by the number of streams.
            Kind::Headers => None,
            Kind::Priority => Some(Flood::Priority),
            Kind::Reset => Some(Flood::Reset),
            Kind::Settings => Some(Flood::Settings),
            Kind::Ping => Some(Flood::Ping),
            Kind::Window => Some(Flood::Window),
            Kind::Continuation => Some(Flood::Continuation),
            Kind::PushPromise | Kind::Goaway | Kind::Unknown => Some(Flood::Unknown),
        }
    }
}

/// One connection's budget.
#[derive(Debug)]
pub struct Budget {
    left: u32,
    /// Bytes that did not make a whole credit yet.
    bytes: u64,
    refilled: Tick,
    stage: Stage,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stage {
    /// No frame has come.
    Greeting,
    Greeted,
}

impl Budget {
    /// A full one.
    pub fn full(now: Tick) -> Budget {
        Budget { left: FULL, bytes: 0, refilled: now, stage: Stage::Greeting }
    }

    /// So many bytes of content went either way.
    pub fn moved(&mut self, bytes: u64) {
        self.bytes += bytes;
        self.give(self.bytes / BYTES_PER_CREDIT);
        self.bytes %= BYTES_PER_CREDIT;
    }

    /// The time, now and then.
    pub fn at(&mut self, now: Tick) {
        let passed = now.since(self.refilled);
        if passed >= REFILL_EVERY {
            self.refilled = now;
            self.give(u64::try_from(passed.as_millis()).unwrap_or(u64::MAX).saturating_mul(PER_SECOND) / 1000);
        }
    }

    /// Pays for a frame; an error when that is too much, or when it cannot come now.
    pub fn pay(&mut self, frame: FrameHeader) -> Result<(), Fault> {
        if std::mem::replace(&mut self.stage, Stage::Greeted) == Stage::Greeting && frame.kind != Kind::Settings {
            // RFC 9113 §3.4.
            return Err(Fault::Protocol);
        }
        let Some(flood) = Flood::of(frame) else {
            if frame.kind == Kind::Data {
                self.moved(frame.length as u64);
            }
            return Ok(());
        };
        self.take(flood.price(), Fault::Flood(flood))
    }

    /// Pays for a frame that belongs to a stream of which nothing is wanted any more.
    pub fn ignore(&mut self) -> Result<(), Fault> {
        self.take(Flood::Unknown.price(), Fault::Flood(Flood::Unknown))
    }

    /// Pays for a stream that is reset for its caller's mistake.
    pub fn forgive(&mut self) -> Result<(), Fault> {
        self.take(MISTAKE, Fault::Calm)
    }

    fn take(&mut self, price: u32, fault: Fault) -> Result<(), Fault> {
        self.left = self.left.checked_sub(price).ok_or(fault)?;
        Ok(())
    }

    fn give(&mut self, credits: u64) {
        self.left = u32::try_from(credits).unwrap_or(u32::MAX).saturating_add(self.left).min(FULL);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Budget, FULL, Fault, Flood};
    use crate::edge::http2::frame::{END_STREAM, FrameHeader, Kind};
    use crate::edge::worker::pulse::Tick;

    /// One that the caller has greeted, and so paid for.
    fn greeted(now: Tick) -> Budget {
        let mut budget = Budget::full(now);
        assert_eq!(budget.pay(frame(Kind::Settings, 0)), Ok(()));
        budget.moved(8 * 256);
        budget
    }

    #[test]
    fn settings_come_first() {
        for kind in [Kind::Data, Kind::Headers, Kind::Priority, Kind::Ping, Kind::Window, Kind::Unknown] {
            assert_eq!(Budget::full(Tick::now()).pay(frame(kind, 8)), Err(Fault::Protocol), "{kind:?}");
        }
    }

    fn frame(kind: Kind, length: usize) -> FrameHeader {
        FrameHeader { kind, flags: 0, length, stream: 0 }
    }

    #[test]
    fn each_flood_ends_after_a_bounded_number_of_frames() {
        for (kind, flood, most) in [
            (Kind::Data, Flood::EmptyData, 2000),
            (Kind::Priority, Flood::Priority, 2000),
            (Kind::Reset, Flood::Reset, 250),
            (Kind::Settings, Flood::Settings, 250),
            (Kind::Ping, Flood::Ping, 1000),
            (Kind::Window, Flood::Window, 2000),
            (Kind::Continuation, Flood::Continuation, 250),
            (Kind::Unknown, Flood::Unknown, 2000),
        ] {
            let mut budget = greeted(Tick::now());
            let passed = (0..).take_while(|_| budget.pay(frame(kind, 0)).is_ok()).count();
            assert_eq!(passed, most, "{flood:?}");
            assert_eq!(budget.pay(frame(kind, 0)), Err(Fault::Flood(flood)));
        }
    }

    #[test]
    fn content_and_time_refill_it_to_its_bound() {
        let start = Tick::now();
        let mut budget = greeted(start);
        while budget.pay(frame(Kind::Ping, 8)).is_ok() {}
        budget.moved(255);
        assert!(budget.pay(frame(Kind::Window, 4)).is_err());
        budget.moved(1);
        assert!(budget.pay(frame(Kind::Window, 4)).is_ok());
        budget.at(start.after(Duration::from_secs(1)));
        assert_eq!((0..).take_while(|_| budget.pay(frame(Kind::Window, 4)).is_ok()).count(), 100);
        budget.moved(u64::from(u32::MAX) * 1000);
        assert_eq!((0..).take_while(|_| budget.pay(frame(Kind::Window, 4)).is_ok()).count(), FULL as usize);
    }

    #[test]
    fn mistakes_and_what_is_ignored_are_paid_for_as_well() {
        let start = Tick::now();
        let mut budget = greeted(start);
        assert_eq!((0..).take_while(|_| budget.forgive().is_ok()).count(), 125);
        assert_eq!(budget.forgive(), Err(Fault::Calm));
        budget.at(start.after(Duration::from_secs(1)));
        assert_eq!((0..).take_while(|_| budget.forgive().is_ok()).count(), 6, "time forgives");
        let mut budget = greeted(start);
        assert_eq!((0..).take_while(|_| budget.ignore().is_ok()).count(), FULL as usize);
        assert_eq!(budget.ignore(), Err(Fault::Flood(Flood::Unknown)));
    }

    #[test]
    fn content_costs_nothing() {
        let mut budget = greeted(Tick::now());
        let end = FrameHeader { flags: END_STREAM, ..frame(Kind::Data, 0) };
        assert!((0..10_000).all(|_| budget.pay(frame(Kind::Data, 1)).is_ok()));
        assert!((0..10_000).all(|_| budget.pay(frame(Kind::Headers, 30)).is_ok()));
        assert!((0..10_000).all(|_| budget.pay(end).is_ok()), "an empty frame that ends its stream is no flood");
    }
}
