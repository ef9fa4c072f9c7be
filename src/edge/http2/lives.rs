//! The streams' lives: each is looked at when it was woken, its answer's head is written
//! when it is there, and its body asked for a piece whenever the one before has left.
//! Must never: ask the body for more than the caller has room for.

use std::error::Error;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::Response;
use http_body::Body as _;

use crate::edge::body::duplex::Duplex as _;
use crate::edge::body::stall::PIECE;
use crate::edge::http2::engine::{Engine, Gone};
use crate::edge::http2::fault::Reason;
use crate::edge::http2::frame::{self, HEADER};
use crate::edge::http2::message;
use crate::edge::http2::near::Near;
use crate::edge::http2::stream::Life;
use crate::edge::serve::Serve;
use crate::edge::upstream::error::ForwardError;
use crate::edge::websocket::handover::Handover;
use crate::edge::websocket::tunnel;
use crate::edge::worker::spare;

/// Looks at the lists of what is ready before the other connections of the worker have
/// their turn.
const ROUNDS: usize = 4;

impl<S: Serve> Engine<S> {
    /// Looks at all lives that were woken; whether any was.
    pub(super) fn attend(&mut self) -> bool {
        let mut listed = Vec::new();
        for round in 0..ROUNDS {
            listed.clear();
            self.ready.take(&mut listed);
            if listed.is_empty() {
                self.unbegun = 0;
                return round > 0;
            }
            for at in &listed {
                self.places[usize::from(*at)].bell.answered();
                self.look(*at);
                self.replenish(*at);
            }
        }
        true
    }

    fn look(&mut self, at: u16) {
        let place = &mut self.places[usize::from(at)];
        place.begun = true;
        let late = place.pulse.as_ref().is_some_and(|pulse| pulse.fired());
        if place.lingers && late {
            return self.reset(at, Reason::NO_ERROR);
        }
        if place.owed > 0 && late && !self.waits_for_others(at) {
            return self.reset(at, Reason::CANCEL);
        }
        let place = &mut self.places[usize::from(at)];
        let mut cx = Context::from_waker(&self.wakers[usize::from(at)]);
        match &mut place.life {
            Life::Free | Life::Said => {}
            Life::Answering(answering) => {
                let outcome = answering.answer.as_mut().poll(&mut cx);
                let (interims, bare, connect) = (answering.interims.take(), answering.bare, answering.connect);
                for interim in interims {
                    let out = self.out.text();
                    let start = begin_block(out);
                    message::put_interim(interim.status(), interim.headers(), &mut self.encoder, out);
                    frame::close_block(start, false, place.id, out);
                }
                if let Poll::Ready(Ok(answer)) = outcome {
                    self.answer(at, answer, bare, connect);
                }
            }
            Life::Sending(_) => self.pump(at),
            Life::Tunnel(future) => {
                if future.as_mut().poll(&mut cx).is_ready() {
                    place.life = Life::Over;
                }
                self.carry(at);
            }
            Life::Over => self.carry(at),
        }
    }

    /// Writes an answer's head, and as much of the rest as is there.
    fn answer(&mut self, at: u16, mut answer: Box<Response<S::Body>>, bare: bool, connect: bool) {
        let far = connect
            .then(|| answer.extensions_mut().remove::<Handover>().and_then(|handover| handover.take()))
            .flatten();
        let place = &mut self.places[usize::from(at)];
        let empty = answer.body().is_end_stream();
        let length = answer.body().size_hint().exact().filter(|_| !empty && far.is_none());
        // The answer to a HEAD is as long as it would be to a GET, and has no body.
        let ends = (empty || bare) && far.is_none();
        let out = self.out.text();
        let start = begin_block(out);
        message::put_answer(&answer, length, &self.connection.worker, &mut self.encoder, out);
        frame::close_block(start, ends, place.id, out);
        spare::keep(std::mem::take(answer.headers_mut()));
        match (far, &place.inlet) {
            (Some(far), Some(inlet)) => {
                place.life = Life::Tunnel(Box::pin(tunnel::run(Near::new(std::sync::Arc::clone(inlet)), far)));
                place.bell.ring();
            }
            _ if ends => self.said_all(at),
            _ => {
                place.life = Life::Sending(answer);
                self.pump(at);
            }
        }
    }

    /// Sends the pieces of a body, as long as the caller takes them and no other waits.
    pub(super) fn pump(&mut self, at: u16) {
        loop {
            let place = &mut self.places[usize::from(at)];
            let mut cx = Context::from_waker(&self.wakers[usize::from(at)]);
            let waits = place.waits();
            let Life::Sending(answer) = &mut place.life else { return };
            let mut body = Pin::new(answer.body_mut());
            if waits {
                // The request's body goes on while its answer is not taken.
                return if body.as_mut().poll_upload(&mut cx).is_ready() {
                    self.reset(at, Reason::CANCEL)
                };
            }
            let Poll::Ready(next) = body.as_mut().poll_frame(&mut cx) else { return };
            match next.map(|next| next.map(http_body::Frame::into_data)) {
                None => (place.last, place.life) = (true, Life::Said),
                Some(Err(error)) => return self.reset(at, reason(error.into().as_ref())),
                Some(Ok(Ok(data))) => {
                    place.last = body.is_end_stream();
                    place.piece = data;
                    if place.last {
                        place.life = Life::Said;
                    }
                }
                Some(Ok(Err(frame))) => {
                    let trailers = frame.into_trailers().unwrap_or_default();
                    let out = self.out.text();
                    let start = begin_block(out);
                    self.encoder.begin(out);
                    message::put_trailers(&trailers, out);
                    frame::close_block(start, true, place.id, out);
                    return self.said_all(at);
                }
            }
            if self.line.is_empty() {
                self.send(at);
            }
            self.wait(at);
        }
    }

    /// Takes what a tunnel has said. One that ends without a last word breaks off (RFC 8441
    /// §5), but not before the caller has all that it said.
    fn carry(&mut self, at: u16) {
        let place = &mut self.places[usize::from(at)];
        let over = matches!(place.life, Life::Over);
        match (place.id, place.shut) {
            (0, _) if over => return self.finish(at, Gone::ByCaller),
            (_, true) if over => return self.said_all(at),
            (0, _) | (_, true) => return,
            (_, false) => {}
        }
        if !place.waits()
            && let Some(inlet) = &place.inlet
        {
            (place.piece, place.last) = inlet.heard();
            if over && !place.waits() {
                return self.reset(at, Reason::CANCEL);
            }
        }
        self.wait(at);
    }

    /// Begins to count the time in which a caller does not take what is here for him.
    pub(super) fn wait(&mut self, at: u16) {
        self.enqueue(at);
        let place = &mut self.places[usize::from(at)];
        if place.piece.is_empty() || place.owed > 0 || matches!(place.life, Life::Tunnel(_)) {
            return;
        }
        (place.owed, place.sent_then) = (place.piece.len().min(PIECE), self.sent);
        let pulse = place.pulse.get_or_insert_with(|| self.connection.worker.pulses.enrol());
        pulse.arm(self.limits.body_timeout);
        pulse.register(&self.wakers[usize::from(at)]);
    }

    /// Whether a stream that is late stands in the line for nothing but its turn, since others
    /// were sent meanwhile: the caller does take what is here for him. It may wait on.
    fn waits_for_others(&mut self, at: u16) -> bool {
        let place = &mut self.places[usize::from(at)];
        let taken = self.sent - place.sent_then >= PIECE as u64;
        let others = place.queued && self.window > 0 && taken;
        if others {
            place.sent_then = self.sent;
            place.pulse.iter().for_each(|pulse| pulse.arm(self.limits.body_timeout));
        }
        others
    }
}

/// Leaves room for a frame's header; where it begins.
fn begin_block(out: &mut Vec<u8>) -> usize {
    let start = out.len();
    out.extend_from_slice(&[0; HEADER]);
    start
}

/// What the caller is told (RFC 9113 §7): a body that breaks off can never look complete.
fn reason(error: &(dyn Error + Send + Sync + 'static)) -> Reason {
    match error.downcast_ref::<ForwardError>() {
        Some(ForwardError::TokenEnded(_)) => Reason::CANCEL,
        _ => Reason::INTERNAL,
    }
}
