//! What a caller's streams bring: blocks, from which requests and trailers are made, and
//! DATA. Must never: lose a block, since the next one may speak of it.

use std::sync::Arc;

use http::{Method, header};

use crate::edge::body::inbound::Inbound;
use crate::edge::head::refusal::Refusal;
use crate::edge::hpack::list::List;
use crate::edge::http2::engine::{Engine, FIRST_WINDOW, Gone, LIST_SLACK, Leaving};
use crate::edge::http2::fault::{Fault, Reason};
use crate::edge::http2::frame::{self, END_HEADERS, END_STREAM, FrameHeader, PRIORITIZED};
use crate::edge::http2::inlet::{Inlet, SIDE_BY_SIDE, Width};
use crate::edge::http2::message::{self, Protocol};
use crate::edge::http2::received::Received;
use crate::edge::http2::stream::{Answering, Life, Place, Remote};
use crate::edge::in_flight::Running;
use crate::edge::interim::Interims;
use crate::edge::serve::Serve;

/// A block may be so many times the listener's limit on its wire; more ends the connection.
const BLOCK_SLACK: usize = 4;

/// A piece of a body below this is a crumb, and so many may come while nobody takes any:
/// each costs as much work as a large piece does.
const CRUMB: usize = 64;
const MOST_CRUMBS: u32 = 16 * 1024;

/// What a caller says who waits before he sends his body (RFC 9110 §10.1.1).
const CONTINUE: &[u8] = b"100-continue";

/// A block that goes on.
pub(super) struct Block {
    pub(super) stream: u32,
    end: bool,
    on_itself: bool,
    bytes: Vec<u8>,
}

impl<S: Serve> Engine<S> {
    /// HEADERS (RFC 9113 §6.2): a request, or the trailers of one.
    pub(super) fn headers(&mut self, header: FrameHeader, payload: &[u8]) -> Result<(), Fault> {
        if header.stream.is_multiple_of(2) {
            return Err(Fault::Protocol);
        }
        let (from, to) = frame::unpadded(&header, payload).ok_or(Fault::Protocol)?;
        let mut fragment = &payload[from..to];
        let mut on_itself = false;
        if header.flags & PRIORITIZED != 0 {
            let (priority, rest) = fragment.split_at_checked(5).ok_or(Fault::Size)?;
            on_itself = frame::number(priority) & 0x7FFF_FFFF == header.stream;
            fragment = rest;
        }
        let end = header.has(END_STREAM);
        if header.has(END_HEADERS) {
            return self.opened(header.stream, end, on_itself, fragment);
        }
        self.block = Some(Block { stream: header.stream, end, on_itself, bytes: fragment.to_vec() });
        Ok(())
    }

    /// CONTINUATION (RFC 9113 §6.10) of the block that is open; a block over its bound is a flood.
    pub(super) fn continuation(&mut self, header: FrameHeader, payload: &[u8]) -> Result<(), Fault> {
        let Some(block) = &mut self.block else { return Err(Fault::Protocol) };
        if block.bytes.len() + payload.len() > self.limits.header_bytes.saturating_mul(BLOCK_SLACK) {
            return Err(Fault::Calm);
        }
        block.bytes.extend_from_slice(payload);
        if header.has(END_HEADERS)
            && let Some(block) = self.block.take()
        {
            return self.opened(block.stream, block.end, block.on_itself, &block.bytes);
        }
        Ok(())
    }

    /// A whole block: a request's head, or trailers.
    fn opened(&mut self, id: u32, end: bool, on_itself: bool, block: &[u8]) -> Result<(), Fault> {
        let mut list = List::within(self.limits.header_bytes.saturating_mul(LIST_SLACK));
        if self.decoder.read(block, &mut list).is_err() {
            return Err(if list.is_hopeless() { Fault::Calm } else { Fault::Compression });
        }
        if let Some(place) = self.find(id) {
            return self.trailed(place, end, list);
        }
        if id <= self.newest {
            return match self.how_gone(id) {
                Some(Gone::ByUs) => self.budget.ignore(),
                Some(Gone::ByCaller) => self.mistake(id, Reason::STREAM_CLOSED),
                Some(Gone::Ended) => Err(Fault::StreamClosed),
                None if self.is_forgotten(id) => self.budget.ignore(),
                None => Err(Fault::Protocol),
            };
        }
        if self.leaving == Leaving::Closed {
            return self.budget.ignore();
        }
        self.newest = id;
        if self.under_way() >= self.limits.streams as usize {
            return self.mistake(id, Reason::REFUSED);
        }
        if on_itself {
            return self.mistake(id, Reason::PROTOCOL);
        }
        self.begin(id, end, list)
    }

    fn trailed(&mut self, at: u16, end: bool, list: List) -> Result<(), Fault> {
        let place = &self.places[usize::from(at)];
        let id = place.id;
        if place.remote == Remote::Ended {
            return self.mistake(id, Reason::STREAM_CLOSED);
        }
        let whole = place.expected.is_none_or(|left| left == 0);
        // A tunnel has nothing but DATA (§8.5).
        let body = !matches!(place.life, Life::Tunnel(_) | Life::Over);
        match message::trailers(list) {
            Ok(trailers) if end && whole && body => {
                self.ended(at, Some(trailers));
                Ok(())
            }
            Ok(_) | Err(_) => self.mistake(id, Reason::PROTOCOL),
        }
    }

    /// A request begins.
    fn begin(&mut self, id: u32, end: bool, list: List) -> Result<(), Fault> {
        let size = list.size();
        let Ok((mut head, length)) = message::request(list) else { return self.mistake(id, Reason::PROTOCOL) };
        let connect = head.method == Method::CONNECT && head.extensions.get::<Protocol>().is_some();
        if end && length.is_some_and(|length| length > 0) {
            return self.mistake(id, Reason::PROTOCOL);
        }
        if head.headers.len() > self.limits.header_count {
            head.extensions.insert(Refusal::TooManyHeaders);
        } else if size > self.limits.header_bytes {
            head.extensions.insert(Refusal::HeadTooLarge);
        }
        let waits = head.headers.get(header::EXPECT).is_some_and(|word| word.as_bytes().eq_ignore_ascii_case(CONTINUE));
        let interims = Arc::new(Interims::default());
        head.extensions.insert(Arc::clone(&interims));
        let bare = head.method == Method::HEAD;
        let at = self.place();
        let place = &mut self.places[usize::from(at)];
        place.id = id;
        place.window = self.first_window;
        place.room = FIRST_WINDOW;
        place.expected = length.filter(|_| !connect);
        place.remote = if end { Remote::Ended } else { Remote::Open };
        place.inlet = (!end || connect).then(|| Inlet::new(Arc::clone(&place.bell)));
        // What follows an extended CONNECT is a tunnel's, not a body's.
        let body = match &place.inlet {
            Some(inlet) if !connect => {
                Inbound::http2(Received::new(Arc::clone(inlet), length, waits.then(|| Arc::clone(&interims))))
            }
            Some(_) | None => Inbound::empty(),
        };
        if let Some(inlet) = place.inlet.as_ref().filter(|_| end) {
            inlet.end(None);
        }
        place.running = Some(Running::begin(&self.connection));
        // Made where it stays: the life of a request is large.
        let answer = Box::write(Box::new_uninit(), self.serve.serve(Arc::clone(&self.connection), head, body));
        place.life = Life::Answering(Answering { answer: Box::into_pin(answer), interims, bare, connect });
        place.bell.ring();
        Ok(())
    }

    /// A place that is free.
    fn place(&mut self) -> u16 {
        if let Some(at) = self.free.pop() {
            return at;
        }
        let at = u16::try_from(self.places.len()).unwrap_or(u16::MAX);
        let bell = self.ready.bell(at);
        self.wakers.push(Arc::clone(&bell).into());
        self.places.push(Place::new(bell));
        at
    }

    /// DATA (RFC 9113 §6.1), counted against both windows with its padding.
    pub(super) fn data(&mut self, header: FrameHeader, payload: &[u8]) -> Result<(), Fault> {
        let id = header.stream;
        let (from, to) = frame::unpadded(&header, payload).filter(|_| id != 0).ok_or(Fault::Protocol)?;
        let (payload, counted) = (&payload[from..to], header.length as i64);
        self.received += counted;
        self.give_room();
        let Some(at) = self.find(id) else {
            return match self.how_gone(id) {
                _ if self.is_unheard_of(id) => Err(Fault::Protocol),
                Some(Gone::ByUs) | None if payload.is_empty() => self.budget.ignore(),
                Some(Gone::ByUs) | None => Ok(()),
                Some(Gone::Ended | Gone::ByCaller) => self.mistake(id, Reason::STREAM_CLOSED),
            };
        };
        let place = &mut self.places[usize::from(at)];
        if place.remote == Remote::Ended {
            return self.mistake(id, Reason::STREAM_CLOSED);
        }
        place.room -= counted;
        if place.room < 0 {
            return self.mistake(id, Reason::FLOW_CONTROL);
        }
        let end = header.has(END_STREAM);
        if let Some(left) = &mut place.expected {
            match left.checked_sub(payload.len() as u64) {
                Some(rest) if rest == 0 || !end => *left = rest,
                Some(_) | None => return self.mistake(id, Reason::PROTOCOL),
            }
        }
        let width = if place.extra >= SIDE_BY_SIDE as i64 { Width::Wide } else { Width::Usual };
        let kept = !payload.is_empty() && place.inlet.as_ref().is_some_and(|inlet| inlet.push(payload, width));
        place.held += if kept { payload.len() as i64 } else { 0 };
        place.crumbs += u32::from(payload.len() < CRUMB);
        if place.crumbs > MOST_CRUMBS {
            return Err(Fault::Calm);
        }
        if end {
            self.ended(at, None);
        } else if !kept {
            self.replenish(at);
        }
        Ok(())
    }

    /// The caller has said all.
    fn ended(&mut self, at: u16, trailers: Option<http::HeaderMap>) {
        let place = &mut self.places[usize::from(at)];
        place.remote = Remote::Ended;
        place.inlet.iter().for_each(|inlet| inlet.end(trailers.clone()));
        if place.lingers {
            self.finish(at, Gone::Ended);
        }
    }
}
