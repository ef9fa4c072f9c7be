//! HTTP/2 without its socket: bytes of a caller in, frames for him out, and between them
//! the streams, each with the life of its request. What costs us is counted where it is
//! read. Must never: touch a socket, or go on after a fault.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::Waker;

use crate::edge::connection::Connection;
use crate::edge::hpack::decoder::Decoder;
use crate::edge::hpack::encoder::Encoder;
use crate::edge::http2::budget::Budget;
use crate::edge::http2::fault::{Fault, Reason};
use crate::edge::http2::frame::{self, FrameHeader, HEADER, Kind};
use crate::edge::http2::opened::PREFACE;
use crate::edge::http2::outgoing::Outgoing;
use crate::edge::http2::ready::Ready;
use crate::edge::http2::requests::Block;
use crate::edge::http2::stream::Place;
use crate::edge::serve::Serve;
use crate::snapshot::DoorLimits;

/// Every window's size before anybody says something else, and the largest there is
/// (RFC 9113 §6.9).
pub(in crate::edge) const FIRST_WINDOW: i64 = 65_535;
pub(super) const LARGEST_WINDOW: i64 = (1 << 31) - 1;

/// Streams reset by the caller before we looked at them; more ends the connection
/// (CVE-2023-44487).
pub(super) const MOST_UNBEGUN: usize = 20;

/// Streams whose end is remembered, so that frames which crossed it are understood.
pub(super) const REMEMBERED: usize = 256;

/// Header lists up to so many times the listener's limit are told by a whole SETTINGS
/// parameter, so that what is over the limit is answered (431) and counted.
pub(super) const LIST_SLACK: usize = 2;

/// Streams of one connection, whatever its listener allows: places are numbered.
const MOST_STREAMS: u32 = 1 << 15;

/// How a stream ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Gone {
    /// Both sides have said all.
    Ended,
    /// The caller has reset it.
    ByCaller,
    /// We have: what he sent before he heard of it is nobody's fault.
    ByUs,
}

/// How far our goodbye is (§6.8).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Leaving {
    No,
    /// He knows that we leave; what he has sent before that is still taken.
    Told,
    /// Nothing new is taken.
    Closed,
}

/// One connection's engine.
pub(super) struct Engine<S: Serve> {
    pub(super) connection: Arc<Connection>,
    pub(super) serve: S,
    pub(super) limits: DoorLimits,
    pub(super) ready: Ready,
    pub(super) out: Outgoing,
    pub(super) places: Vec<Place<S>>,
    pub(super) wakers: Vec<Waker>,
    pub(super) free: Vec<u16>,
    pub(super) gone: VecDeque<(u32, Gone)>,
    /// The highest stream whose end was remembered once and is not any more.
    forgotten: u32,
    pub(super) decoder: Decoder,
    pub(super) encoder: Encoder,
    pub(super) budget: Budget,
    pub(super) block: Option<Block>,
    /// The highest stream that the caller has opened.
    pub(super) newest: u32,
    /// What he takes on the connection, and on a new stream.
    pub(super) window: i64,
    pub(super) first_window: i64,
    /// What came since he was last given room on the connection.
    pub(super) received: i64,
    /// What uploads were given beyond their first windows.
    pub(super) extra: i64,
    pub(super) line: VecDeque<u16>,
    /// Bytes that the socket has taken of us.
    pub(super) sent: u64,
    pub(super) unbegun: usize,
    pub(super) leaving: Leaving,
    /// He leaves.
    pub(super) left: bool,
    /// He has answered our question.
    pub(super) alive: bool,
    greeted: usize,
    /// The beginning of a frame.
    held: Vec<u8>,
}

impl<S: Serve> Engine<S> {
    pub(super) fn new(connection: Arc<Connection>, mut limits: DoorLimits, serve: S) -> Engine<S> {
        limits.streams = limits.streams.min(MOST_STREAMS);
        let budget = Budget::full(connection.worker.pulses.tick());
        let mut out = Outgoing::default();
        let list = u32::try_from(limits.header_bytes.saturating_mul(LIST_SLACK)).unwrap_or(u32::MAX);
        // Streams, header lists, and extended CONNECT (RFC 8441 §3).
        frame::put_settings(&[(3, limits.streams), (6, list), (8, 1)], out.text());
        // Streams hold what they are given; together they are bounded by that.
        frame::put_window(0, (LARGEST_WINDOW - FIRST_WINDOW) as u32, out.text());
        Engine {
            connection,
            serve,
            limits,
            ready: Ready::default(),
            out,
            places: Vec::new(),
            wakers: Vec::new(),
            free: Vec::new(),
            gone: VecDeque::new(),
            forgotten: 0,
            decoder: Decoder::default(),
            encoder: Encoder::default(),
            budget,
            block: None,
            newest: 0,
            window: FIRST_WINDOW,
            first_window: FIRST_WINDOW,
            received: 0,
            extra: 0,
            line: VecDeque::new(),
            sent: 0,
            unbegun: 0,
            leaving: Leaving::No,
            left: false,
            alive: false,
            greeted: 0,
            held: Vec::new(),
        }
    }

    /// Streams that have a place.
    pub(super) fn under_way(&self) -> usize {
        self.places.len() - self.free.len()
    }

    /// Whether the caller has said who he is.
    pub(super) fn is_greeted(&self) -> bool {
        self.greeted == PREFACE.len()
    }

    /// Takes bytes of the caller's.
    pub(super) fn take(&mut self, mut bytes: &[u8]) -> Result<(), Fault> {
        self.budget.at(self.connection.worker.pulses.tick());
        let rest = &PREFACE[self.greeted..];
        let count = rest.len().min(bytes.len());
        if rest[..count] != bytes[..count] {
            return Err(Fault::Protocol);
        }
        self.greeted += count;
        bytes = &bytes[count..];
        while !self.held.is_empty() && !bytes.is_empty() {
            let wanted = match self.held.first_chunk::<HEADER>() {
                None => HEADER,
                Some(header) => HEADER + FrameHeader::of(header).length,
            };
            let count = (wanted - self.held.len()).min(bytes.len());
            self.held.extend_from_slice(&bytes[..count]);
            bytes = &bytes[count..];
            let Some(header) = self.held.first_chunk::<HEADER>().map(FrameHeader::of) else { continue };
            header.check()?;
            if self.held.len() == HEADER + header.length {
                let frame = std::mem::take(&mut self.held);
                self.frame(header, &frame[HEADER..])?;
            }
        }
        while let Some((header, rest)) = bytes.split_first_chunk::<HEADER>() {
            let header = FrameHeader::of(header);
            header.check()?;
            let Some((payload, rest)) = rest.split_at_checked(header.length) else { break };
            self.frame(header, payload)?;
            bytes = rest;
        }
        self.held.extend_from_slice(bytes);
        Ok(())
    }

    fn frame(&mut self, header: FrameHeader, payload: &[u8]) -> Result<(), Fault> {
        self.budget.pay(header)?;
        if self.block.as_ref().is_some_and(|block| header.kind != Kind::Continuation || header.stream != block.stream) {
            return Err(Fault::Protocol);
        }
        match header.kind {
            Kind::Data => self.data(header, payload),
            Kind::Headers => self.headers(header, payload),
            Kind::Continuation => self.continuation(header, payload),
            Kind::Priority => self.priority(header, payload),
            Kind::Reset => self.reset_by_caller(header, Reason(frame::number(payload))),
            Kind::Settings => self.settings(header, payload),
            Kind::PushPromise => Err(Fault::Protocol),
            Kind::Ping => self.ping(header, payload),
            Kind::Goaway if header.stream != 0 => Err(Fault::Protocol),
            Kind::Goaway => {
                self.left = true;
                Ok(())
            }
            Kind::Window => self.widen(header, frame::number(payload)),
            Kind::Unknown => Ok(()),
        }
    }

    /// The place of a stream that the caller may speak of.
    pub(super) fn find(&self, id: u32) -> Option<u16> {
        self.places.iter().position(|place| place.id == id).and_then(|at| u16::try_from(at).ok())
    }

    /// Whether the caller has not opened this stream; those with even numbers are not his
    /// (§5.1.1). What he opens after our last goodbye is ignored with all that belongs to it
    /// (§6.8).
    pub(super) fn is_unheard_of(&self, id: u32) -> bool {
        id.is_multiple_of(2) || id > self.newest && self.leaving != Leaving::Closed
    }

    /// Whether this stream may have ended so long ago that nobody knows how.
    pub(super) fn is_forgotten(&self, id: u32) -> bool {
        id <= self.forgotten
    }

    /// How a stream ended, as far as is known.
    pub(super) fn how_gone(&self, id: u32) -> Option<Gone> {
        self.gone.iter().rev().find(|(gone, _)| *gone == id).map(|(_, how)| *how)
    }

    /// Notes how a stream ended; the oldest note makes room.
    pub(super) fn remember(&mut self, id: u32, how: Gone) {
        if self.gone.len() == REMEMBERED {
            let oldest = self.gone.pop_front().map_or(0, |(id, _)| id);
            self.forgotten = self.forgotten.max(oldest);
        }
        self.gone.push_back((id, how));
    }

    /// Resets a stream for the caller's mistake.
    pub(super) fn mistake(&mut self, id: u32, reason: Reason) -> Result<(), Fault> {
        self.budget.forgive()?;
        match self.find(id) {
            Some(place) => self.reset(place, reason),
            None => {
                frame::put_reset(id, reason, self.out.text());
                if self.how_gone(id).is_none() {
                    self.remember(id, Gone::ByUs);
                }
            }
        }
        Ok(())
    }
}
