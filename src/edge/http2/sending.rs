//! DATA on its way out under the windows of stream and connection (RFC 9113 §5.2), one
//! frame of each stream in turn; the ends of streams; and the room that callers are given,
//! to each upload its share. Must never: let one stream's body hold up another's.

use std::time::Duration;

use crate::edge::http2::engine::{Engine, FIRST_WINDOW, Gone};
use crate::edge::http2::fault::Reason;
use crate::edge::http2::frame::{self, END_STREAM, LARGEST};
use crate::edge::http2::stream::{Life, Remote};
use crate::edge::serve::Serve;

/// What the uploads of a connection are given together beyond their first windows. Those
/// that are read share it.
pub(in crate::edge) const GROWTH: i64 = 1024 * 1024;

/// Room is given back in pieces of so much at least.
const LEAST_ROOM: i64 = 16 * 1024;

/// How long a caller who was answered may take to end his request.
const MOMENT: Duration = Duration::from_millis(200);

/// What may come on the connection before its window is filled up again: its streams are
/// what is bounded.
const LARGE: i64 = 1 << 30;

impl<S: Serve> Engine<S> {
    /// Puts a stream into the line of those who wait to send, if it can.
    pub(super) fn enqueue(&mut self, at: u16) {
        let place = &mut self.places[usize::from(at)];
        let can = place.window > 0 || place.piece.is_empty();
        if place.waits() && can && !place.queued && place.id != 0 {
            place.queued = true;
            self.line.push_back(at);
        }
    }

    /// Sends what waits, a frame of each stream in turn, until nothing can be sent.
    pub(super) fn flow(&mut self) {
        let mut blocked = 0;
        while !self.out.is_full() && blocked < self.line.len() {
            let Some(at) = self.line.pop_front() else { return };
            self.places[usize::from(at)].queued = false;
            let sent = self.send(at);
            if sent {
                blocked = 0;
                self.go_on(at);
            }
            self.enqueue(at);
            // Who has left the line meanwhile, since his stream is gone or its window closed,
            // is nobody for whom others have to be tried again.
            blocked += usize::from(!sent && self.places[usize::from(at)].queued);
        }
    }

    /// The stream's next piece is wanted, if there is none.
    fn go_on(&mut self, at: u16) {
        let place = &self.places[usize::from(at)];
        if place.waits() {
            return;
        }
        match place.life {
            Life::Sending(_) => self.pump(at),
            Life::Tunnel(_) | Life::Over => place.bell.ring(),
            Life::Free | Life::Answering(_) | Life::Said => {}
        }
    }

    /// Sends a frame of a stream, if it may; whether it did.
    pub(super) fn send(&mut self, at: u16) -> bool {
        let place = &mut self.places[usize::from(at)];
        if !place.waits() || place.id == 0 || self.out.is_full() {
            return false;
        }
        let room = place.window.min(self.window).clamp(0, LARGEST as i64) as usize;
        let count = place.piece.len().min(room);
        if count == 0 && !place.piece.is_empty() {
            return false;
        }
        let piece = place.piece.split_to(count);
        let ends = place.last && place.piece.is_empty();
        frame::put_header(count, 0, if ends { END_STREAM } else { 0 }, place.id, self.out.text());
        self.out.push(piece);
        place.window -= count as i64;
        self.window -= count as i64;
        if place.owed > 0 {
            place.owed = place.owed.saturating_sub(count);
            if place.owed == 0 {
                place.pulse.iter().for_each(|pulse| pulse.rest());
            }
        }
        match place.life {
            // It may still have its goodbye to say to the other end.
            Life::Tunnel(_) if ends => (place.last, place.shut) = (false, true),
            _ if ends => self.said_all(at),
            _ => self.wait_on(at),
        }
        true
    }

    /// The next piece's time begins when this one's is over.
    fn wait_on(&mut self, at: u16) {
        let place = &self.places[usize::from(at)];
        if !place.piece.is_empty() && place.owed == 0 {
            self.wait(at);
        }
    }

    /// The answer has left. What the caller still sends is of no use (§8.1), but he may be
    /// about to end, and some clients take a reset for the answer's fault: he has a moment.
    pub(super) fn said_all(&mut self, at: u16) {
        let place = &mut self.places[usize::from(at)];
        if place.remote == Remote::Ended {
            return self.finish(at, Gone::Ended);
        }
        place.life = Life::Said;
        (place.last, place.lingers, place.running) = (false, true, None);
        place.inlet.iter().for_each(|inlet| inlet.leave());
        let pulse = place.pulse.get_or_insert_with(|| self.connection.worker.pulses.enrol());
        pulse.arm(MOMENT);
        pulse.register(&self.wakers[usize::from(at)]);
    }

    /// Resets a stream.
    pub(super) fn reset(&mut self, at: u16, reason: Reason) {
        let place = &self.places[usize::from(at)];
        if place.id != 0 {
            frame::put_reset(place.id, reason, self.out.text());
        }
        place.inlet.iter().for_each(|inlet| inlet.break_off(reason));
        self.finish(at, Gone::ByUs);
    }

    /// Ends a stream with all that it holds.
    pub(super) fn finish(&mut self, at: u16, how: Gone) {
        let place = &mut self.places[usize::from(at)];
        let id = std::mem::take(&mut place.id);
        let life = std::mem::replace(&mut place.life, Life::Free);
        if matches!(life, Life::Free) {
            return;
        }
        (place.begun, place.last, place.owed, place.held) = (false, false, 0, 0);
        (place.shut, place.lingers, place.crumbs) = (false, false, 0);
        place.piece = bytes::Bytes::new();
        place.pulse = None;
        place.expected = None;
        let (inlet, running) = (place.inlet.take(), place.running.take());
        self.extra -= std::mem::take(&mut place.extra);
        self.free.push(at);
        if id != 0 {
            self.remember(id, how);
        }
        drop((life, inlet, running));
    }

    /// Gives a stream room for what was taken, up to its share.
    pub(super) fn replenish(&mut self, at: u16) {
        let place = &self.places[usize::from(at)];
        let Some(inlet) =
            place.inlet.as_ref().filter(|_| place.remote == Remote::Open && place.id != 0 && !place.lingers)
        else {
            return;
        };
        let taken = inlet.taken() as i64;
        let uploads = self.places.iter().filter(|place| place.remote == Remote::Open && place.id != 0).count().max(1);
        let place = &mut self.places[usize::from(at)];
        place.held -= taken.min(place.held);
        if taken > 0 {
            place.crumbs = 0;
        }
        let share = (GROWTH / uploads as i64).min(place.extra + GROWTH - self.extra).max(0);
        let more = FIRST_WINDOW + share - place.room - place.held;
        let enough = place.expected.is_some_and(|left| i64::try_from(left).is_ok_and(|left| left <= place.room));
        let reads = taken > 0 || place.extra > 0 || place.room < FIRST_WINDOW / 2;
        if more < LEAST_ROOM || enough || !reads {
            return;
        }
        place.room += more;
        self.extra += share - std::mem::replace(&mut place.extra, share);
        frame::put_window(place.id, more as u32, self.out.text());
    }

    /// Fills the connection's window up.
    pub(super) fn give_room(&mut self) {
        if self.received >= LARGE {
            let more = std::mem::take(&mut self.received);
            frame::put_window(0, more as u32, self.out.text());
        }
    }
}
