//! Frames that steer: SETTINGS, PING, WINDOW_UPDATE, RST_STREAM, PRIORITY (RFC 9113 §6),
//! and what we say of ourselves. Must never: answer one that is itself an answer.

use crate::edge::http2::engine::{Engine, Gone, LARGEST_WINDOW, Leaving, MOST_UNBEGUN};
use crate::edge::http2::fault::{Fault, Reason};
use crate::edge::http2::frame::{self, ACK, FrameHeader, LARGEST};
use crate::edge::http2::stream::Life;
use crate::edge::serve::Serve;

/// What our own pings carry: whether he is there, and whether he has heard that we leave.
const THERE: [u8; 8] = *b"tollgate";
const FAREWELL: [u8; 8] = *b"farewell";

/// Parameters that one SETTINGS may have, where RFCs know nine: each can move every
/// stream's window (CVE-2020-11080).
const MOST_PARAMETERS: usize = 64;

/// The largest size that a frame may be allowed to have (§6.5.2).
const LARGEST_FRAME: u32 = (1 << 24) - 1;

/// The highest number that a stream can have.
const HIGHEST: u32 = (1 << 31) - 1;

impl<S: Serve> Engine<S> {
    /// SETTINGS (RFC 9113 §6.5): put in force, and acknowledged.
    pub(super) fn settings(&mut self, header: FrameHeader, payload: &[u8]) -> Result<(), Fault> {
        if header.stream != 0 {
            return Err(Fault::Protocol);
        }
        if header.has(ACK) {
            return Ok(());
        }
        if payload.len() > 6 * MOST_PARAMETERS {
            return Err(Fault::Calm);
        }
        for six in payload.chunks_exact(6) {
            let (id, value) = (u16::from_be_bytes([six[0], six[1]]), frame::number(&six[2..]));
            match id {
                1 => self.encoder.limit(value),
                // Push, extended CONNECT (RFC 8441 §3) and other priorities (RFC 9218 §2.1): yes or no.
                2 | 8 | 9 if value > 1 => return Err(Fault::Protocol),
                4 => self.resize(i64::from(value))?,
                5 if !(LARGEST as u32..=LARGEST_FRAME).contains(&value) => return Err(Fault::Protocol),
                _ => {}
            }
        }
        frame::put_header(0, 4, ACK, 0, self.out.text());
        Ok(())
    }

    /// Streams begin with another window, and those that have begun are moved along (§6.9.2).
    fn resize(&mut self, window: i64) -> Result<(), Fault> {
        if window > LARGEST_WINDOW {
            return Err(Fault::FlowControl);
        }
        let more = window - std::mem::replace(&mut self.first_window, window);
        for at in 0..self.places.len() {
            let place = &mut self.places[at];
            place.window += more;
            if place.id != 0 && place.window > LARGEST_WINDOW {
                return Err(Fault::FlowControl);
            }
            self.enqueue(u16::try_from(at).unwrap_or(u16::MAX));
        }
        Ok(())
    }

    /// WINDOW_UPDATE (RFC 9113 §6.9): so many bytes `more` may be sent.
    pub(super) fn widen(&mut self, header: FrameHeader, more: u32) -> Result<(), Fault> {
        let more = i64::from(more & 0x7FFF_FFFF);
        if header.stream == 0 {
            self.window += more;
            return match more {
                0 => Err(Fault::Protocol),
                _ if self.window > LARGEST_WINDOW => Err(Fault::FlowControl),
                _ => Ok(()),
            };
        }
        let Some(at) = self.find(header.stream) else {
            return if self.is_unheard_of(header.stream) { Err(Fault::Protocol) } else { Ok(()) };
        };
        let place = &mut self.places[usize::from(at)];
        place.window += more;
        if more == 0 {
            return self.mistake(header.stream, Reason::PROTOCOL);
        }
        if place.window > LARGEST_WINDOW {
            return self.mistake(header.stream, Reason::FLOW_CONTROL);
        }
        self.enqueue(at);
        Ok(())
    }

    /// PING (RFC 9113 §6.7): answered, or the answer to one of ours.
    pub(super) fn ping(&mut self, header: FrameHeader, payload: &[u8]) -> Result<(), Fault> {
        let (true, Some(payload)) = (header.stream == 0, payload.first_chunk::<8>()) else {
            return Err(Fault::Protocol);
        };
        if !header.has(ACK) {
            frame::put_ping(ACK, *payload, self.out.text());
        } else if *payload == THERE {
            self.alive = true;
        } else if *payload == FAREWELL && self.leaving == Leaving::Told {
            self.leaving = Leaving::Closed;
            frame::put_goaway(self.newest, Reason::NO_ERROR, self.out.text());
        }
        Ok(())
    }

    /// Priorities are of no consequence, but must be well-formed.
    pub(super) fn priority(&mut self, header: FrameHeader, payload: &[u8]) -> Result<(), Fault> {
        let on_itself = frame::number(payload) & 0x7FFF_FFFF == header.stream;
        match header.stream {
            0 => Err(Fault::Protocol),
            id if header.length != 5 && id <= self.newest => self.mistake(id, Reason::FRAME_SIZE),
            _ if header.length != 5 => Err(Fault::Size),
            id if on_itself && id <= self.newest => self.mistake(id, Reason::PROTOCOL),
            _ if on_itself => Err(Fault::Protocol),
            _ => Ok(()),
        }
    }

    /// RST_STREAM (RFC 9113 §6.4); resets of what was never begun are paid for.
    pub(super) fn reset_by_caller(&mut self, header: FrameHeader, reason: Reason) -> Result<(), Fault> {
        if header.stream == 0 || self.is_unheard_of(header.stream) {
            return Err(Fault::Protocol);
        }
        let Some(at) = self.find(header.stream) else { return Ok(()) };
        let place = &mut self.places[usize::from(at)];
        if !place.begun {
            self.unbegun += 1;
            if self.unbegun > MOST_UNBEGUN {
                return Err(Fault::Calm);
            }
        }
        place.inlet.iter().for_each(|inlet| inlet.break_off(reason));
        if matches!(place.life, Life::Tunnel(_)) {
            // Its other end is told in its own words; the caller hears nothing more.
            let id = std::mem::take(&mut place.id);
            self.remember(id, Gone::ByCaller);
            place_rings(self, at);
        } else {
            self.finish(at, Gone::ByCaller);
        }
        Ok(())
    }

    /// Asks whether the caller is there.
    pub(super) fn ask(&mut self) {
        self.alive = false;
        frame::put_ping(0, THERE, self.out.text());
    }

    /// Says that we leave, and asks whether that was heard.
    pub(super) fn leave(&mut self) {
        if self.leaving == Leaving::No {
            self.leaving = Leaving::Told;
            frame::put_goaway(HIGHEST, Reason::NO_ERROR, self.out.text());
            frame::put_ping(0, FAREWELL, self.out.text());
        }
    }

    /// Whether nothing is under way and nothing can begin.
    pub(super) fn is_over(&self) -> bool {
        self.under_way() == 0 && (self.left || self.leaving == Leaving::Closed)
    }
}

fn place_rings<S: Serve>(engine: &Engine<S>, at: u16) {
    engine.places[usize::from(at)].bell.ring();
}
