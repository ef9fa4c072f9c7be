//! An answer on its way to its caller: the head and as much of the body as is at hand
//! leave together, the rest as fast as the caller takes it, with one piece in hand and
//! no more. While he takes nothing his own body may still go on to the backend.
//! Must never: end a broken answer as if it were whole.

use std::error::Error;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Mutex;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{Response, Version};
use http_body::{Body, Frame as Piece};

use crate::edge::body::duplex::Duplex;
use crate::edge::connection::Connection;
use crate::edge::http1::connection::Terms;
use crate::edge::http1::near::Near;
use crate::edge::http1::reply::{self, Frame, Said, Then};
use crate::edge::http1::wire::Wire;
use crate::edge::websocket::handover::Handover;
use crate::edge::websocket::tunnel;
use crate::edge::worker::lock;
use crate::edge::worker::spare;
use crate::edge::worker::wave::Wave;

/// Bytes of one answer after which the other connections of the worker have their turn.
/// Meanwhile more of it comes in, so that large answers take fewer and larger reads.
const TURN: usize = 64 * 1024;

/// How an answer ended, for its connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::edge::http1) enum Ending {
    /// Another request may follow.
    Next,
    /// None may.
    Close,
    /// The answer broke off, and the caller must see that; or it became a tunnel, which
    /// has ended too. Nothing more is said.
    Cut,
}

/// Writes the answer.
pub(in crate::edge::http1) async fn deliver<B>(
    connection: &Connection,
    wire: &Mutex<Wire>,
    terms: Terms,
    mut answer: Box<Response<B>>,
) -> Ending
where
    B: Body<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>> + Duplex + Unpin,
{
    let (frame, then, mut sending) = {
        let mut wire = lock(wire);
        wire.begin_answer();
        let said = reply::write_lines(&answer, wire.outflow.text());
        let frame = reply::framing(terms, answer.status(), said, answer.body().size_hint().exact());
        let then = then(connection, &mut wire, terms, frame, said);
        reply::write_end(&connection.worker, terms, said, frame, then, wire.outflow.text());
        let mut sending = Sending::new(frame, terms);
        if sending.begin(&mut wire, answer.body_mut()).is_err() {
            return Ending::Cut;
        }
        (frame, then, sending)
    };
    spare::keep(std::mem::take(answer.headers_mut()));
    if poll_fn(|cx| sending.poll(wire, Pin::new(answer.body_mut()), cx)).await.is_err() {
        if frame == Frame::UntilClose {
            // The close of the connection is what ends this answer (RFC 9112 §8).
            lock(wire).stream().cut();
        }
        return Ending::Cut;
    }
    if frame == Frame::Switched {
        if let Some(far) = answer.extensions_mut().remove::<Handover>().and_then(|handover| handover.take()) {
            Box::pin(tunnel::run(Near::of(wire), far)).await;
        }
        return Ending::Cut;
    }
    let mut wire = lock(wire);
    wire.rest();
    // A body that was still coming when the head was written may be through by now.
    if then == Then::Keep && wire.may_follow() { Ending::Next } else { Ending::Close }
}

/// Whether another request may follow, as far as can be told before the answer.
fn then(connection: &Connection, wire: &mut Wire, terms: Terms, frame: Frame, said: Said) -> Then {
    let wished = match terms.version {
        Version::HTTP_10 => terms.wishes.keep_alive && !terms.wishes.close,
        _ => !terms.wishes.close,
    };
    let keeps = wished
        && frame != Frame::UntilClose
        && !said.close
        && !connection.worker.shared.drain.draining()
        && wire.may_follow();
    if keeps { Then::Keep } else { Then::Close }
}

/// A body's way out.
struct Sending {
    frame: Frame,
    /// Whether the caller takes trailers.
    trailers: bool,
    stage: Stage,
    /// The answers to one wave of requests leave together.
    wave: Wave,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Body,
    /// All of it is in the outflow.
    Over,
    /// It broke off; what came before is in the outflow.
    BrokenOff,
}

/// The answer cannot be finished.
struct Broken;

impl Sending {
    fn new(frame: Frame, terms: Terms) -> Sending {
        let stage = match frame {
            Frame::Nothing(_) | Frame::Switched => Stage::Over,
            Frame::Length(_) | Frame::Chunks | Frame::UntilClose => Stage::Body,
        };
        Sending { frame, trailers: terms.wishes.trailers, stage, wave: Wave::default() }
    }

    /// What is in hand leaves with the head.
    fn begin<B: Duplex>(&mut self, wire: &mut Wire, body: &mut B) -> Result<(), Broken> {
        if self.stage == Stage::Body
            && wire.outflow.has_room()
            && let Some(all) = body.in_hand()
        {
            self.put(wire, Piece::data(all))?;
            self.end(wire)?;
        }
        Ok(())
    }

    fn poll<B: Body<Data = Bytes> + Duplex>(
        &mut self,
        wire: &Mutex<Wire>,
        mut body: Pin<&mut B>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Broken>> {
        let mut turn = 0;
        loop {
            let mut dry = false;
            while self.stage == Stage::Body && !dry && lock(wire).outflow.has_room() {
                match body.as_mut().poll_frame(cx) {
                    Poll::Ready(Some(Ok(piece))) => {
                        let mut wire = lock(wire);
                        self.put(&mut wire, piece)?;
                        if self.stage == Stage::Body && body.is_end_stream() {
                            self.end(&mut wire)?;
                        }
                    }
                    Poll::Ready(None) => self.end(&mut lock(wire))?,
                    // A caller who sees a head knows that his request was taken, and does not
                    // repeat it as if nobody had; but where only the end would tell, none may.
                    Poll::Ready(Some(Err(_))) if self.frame == Frame::UntilClose => return Poll::Ready(Err(Broken)),
                    Poll::Ready(Some(Err(_))) => self.stage = Stage::BrokenOff,
                    Poll::Pending => dry = true,
                }
            }
            ready!(self.wave.poll(cx));
            let mut wire = lock(wire);
            turn += wire.outflow.waiting();
            match wire.poll_flush(cx) {
                Poll::Ready(Ok(())) if self.stage == Stage::Over => return Poll::Ready(Ok(())),
                Poll::Ready(Ok(())) if self.stage == Stage::BrokenOff => return Poll::Ready(Err(Broken)),
                Poll::Ready(Ok(())) if dry => return wire.poll_left(cx).map(|()| Err(Broken)),
                Poll::Ready(Ok(())) if turn < TURN => {}
                Poll::Ready(Ok(())) => {
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                Poll::Ready(Err(_)) => return Poll::Ready(Err(Broken)),
                Poll::Pending => {
                    drop(wire);
                    return body.poll_upload(cx).map(|()| Err(Broken));
                }
            }
        }
    }

    fn put(&mut self, wire: &mut Wire, piece: Piece<Bytes>) -> Result<(), Broken> {
        let out = &mut wire.outflow;
        let data = match piece.into_data() {
            Ok(data) => data,
            Err(piece) => {
                let trailers = piece.into_trailers().unwrap_or_default();
                if self.frame == Frame::Chunks && self.trailers && !trailers.is_empty() {
                    self.stage = Stage::Over;
                    reply::last_chunk(&trailers, out.text());
                }
                return Ok(());
            }
        };
        match &mut self.frame {
            Frame::Length(left) => {
                *left = left.checked_sub(data.len() as u64).ok_or(Broken)?;
                out.push(data);
            }
            Frame::Chunks => out.push_chunk(data),
            Frame::UntilClose => out.push(data),
            Frame::Nothing(_) | Frame::Switched => {}
        }
        Ok(())
    }

    fn end(&mut self, wire: &mut Wire) -> Result<(), Broken> {
        self.stage = Stage::Over;
        match self.frame {
            Frame::Length(1..) => return Err(Broken),
            Frame::Chunks => wire.outflow.push_end(),
            Frame::Length(0) | Frame::UntilClose | Frame::Nothing(_) | Frame::Switched => {}
        }
        Ok(())
    }
}
