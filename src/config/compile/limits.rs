//! The bounds of a listener, each with its default and its own bounds. A limit of zero or
//! of everything is a mistake in the file, never a way to switch a bound off.

use std::time::Duration;

use crate::config::compile::compiler::Compiler;
use crate::config::document::listener::{LimitsDocument, PerAddressDocument};
use crate::config::document::size::ByteSize;
use crate::config::problem::code::Code;
use crate::config::source::at::At;
use crate::snapshot::{DoorLimits, PerAddress};

/// Bytes of a header block, smallest and largest that may be asked for.
const HEADER_BYTES: (u64, u64) = (1 << 10, 1 << 20);
/// Default bytes of a header block.
const DEFAULT_HEADER_BYTES: u64 = 32 << 10;
/// Bytes a second that a body must bring, smallest and largest that may be asked for.
const BODY_RATE: (u64, u64) = (1, 1 << 20);
/// Default bytes a second that a body must bring.
const DEFAULT_BODY_RATE: u64 = 240;
/// TLS handshakes at once, by default and at most.
const DEFAULT_HANDSHAKES: u64 = 1_000;
const MAX_HANDSHAKES: u64 = 100_000;
/// Most connections that one address may be given, at once or in a second.
const MAX_PER_ADDRESS: u64 = 1_000_000;

impl Compiler<'_> {
    /// The bounds of one listener.
    pub fn door_limits(&mut self, written: &LimitsDocument) -> DoorLimits {
        let seconds = Duration::from_secs;
        DoorLimits {
            connections: count(self.number(written.connections.as_ref(), 10_000, 1..=1_000_000)),
            handshakes: count(self.number(written.handshakes.as_ref(), DEFAULT_HANDSHAKES, 1..=MAX_HANDSHAKES)),
            per_address: self.per_address(&written.per_address),
            header_bytes: count(self.header_bytes(written.headers.as_ref())),
            header_count: count(self.number(written.header_count.as_ref(), 100, 8..=1_000)),
            handshake_timeout: self.span(written.handshake.as_ref(), seconds(10)),
            header_timeout: self.span(written.header.as_ref(), seconds(10)),
            idle_timeout: self.span(written.idle.as_ref(), seconds(75)),
            body_timeout: self.span(written.body.as_ref(), seconds(30)),
            body_rate: self.body_rate(written.body_rate.as_ref()),
            streams: u32::try_from(self.number(written.streams.as_ref(), 128, 1..=10_000)).unwrap_or(u32::MAX),
        }
    }

    fn per_address(&mut self, written: &PerAddressDocument) -> PerAddress {
        let mut bounded = |number: Option<&At<u64>>| {
            let number = number.map(|number| self.number(Some(number), 1, 1..=MAX_PER_ADDRESS))?;
            Some(u32::try_from(number).unwrap_or(u32::MAX))
        };
        PerAddress {
            connections: bounded(written.connections.as_ref()),
            rate: bounded(written.new_per_second.as_ref()),
            handshakes: bounded(written.handshakes.as_ref()),
        }
    }

    fn body_rate(&mut self, written: Option<&At<ByteSize>>) -> u64 {
        let Some(size) = written else { return DEFAULT_BODY_RATE };
        let (least, most) = BODY_RATE;
        if !(least..=most).contains(&size.value.0) {
            let message = "a body of this rate is out of bounds";
            self.wrong(Code::WrongValue, size.place, message, "expected 1B to 1MiB, in a second");
        }
        size.value.0.clamp(least, most)
    }

    fn header_bytes(&mut self, written: Option<&At<ByteSize>>) -> u64 {
        let Some(size) = written else { return DEFAULT_HEADER_BYTES };
        let (least, most) = HEADER_BYTES;
        if !(least..=most).contains(&size.value.0) {
            let message = "a header block of this size is out of bounds";
            self.wrong(Code::WrongValue, size.place, message, "expected 1KiB to 1MiB");
        }
        size.value.0.clamp(least, most)
    }
}

/// A number that was bounded far below the end of `usize`.
pub(super) fn count(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
