//! A connection that speaks HTTP/2, from its preface to its close: one task, which reads
//! what has come, looks at the streams that were woken, and writes what they say at once.
//! Must never: go on reading from a caller who floods, or who takes nothing.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::edge::body::room::Room;
use crate::edge::body::stall;
use crate::edge::connection::Connection;
use crate::edge::http2::engine::Engine;
use crate::edge::http2::fault::{Fault, Reason};
use crate::edge::http2::frame;
use crate::edge::http2::idle::{IdleWatch, Idleness};
use crate::edge::http2::ping::{Heartbeat, Life};
use crate::edge::io::WriteWatch;
use crate::edge::listen::linger::Linger;
use crate::edge::serve::Serve;
use crate::snapshot::DoorLimits;

/// What is read before it is answered, and how often that is done before the other
/// connections of the worker have their turn.
const READ: usize = 128 * 1024;
const ROUNDS: usize = 8;

/// Serves the connection until it closes, floods, or idles too long.
pub(in crate::edge) async fn run<S, T>(connection: Arc<Connection>, stream: T, limits: DoorLimits, serve: S)
where
    S: Serve,
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let worker = Arc::clone(&connection.worker);
    let idle = IdleWatch::new(Arc::clone(&connection), limits.idle_timeout);
    let writes = WriteWatch::new(limits.body_timeout);
    let beat = Heartbeat::new(&worker.pulses);
    let engine = Engine::new(Arc::clone(&connection), limits, serve);
    let mut driver = Driver { engine, stream, idle, beat, writes };
    let fault = poll_fn(|cx| driver.poll(cx)).await;
    if let Some(fault) = fault {
        worker.shared.telemetry.http2_ended(&connection.listener_name(), fault.label());
        tracing::debug!(reason = fault.label(), "an HTTP/2 connection ended early");
    }
    let Driver { mut engine, mut stream, mut writes, .. } = driver;
    if let Some(fault) = fault {
        frame::put_goaway(engine.newest, fault.reason(), engine.out.text());
    } else if engine.is_greeted() && !engine.is_over() {
        frame::put_goaway(engine.newest, Reason::NO_ERROR, engine.out.text());
    }
    let mut out = std::mem::take(&mut engine.out);
    // Nobody waits for the answers any more.
    drop(engine);
    let said = poll_fn(|cx| {
        let flushed = out.poll_flush(&mut stream, cx, |_| {});
        ready!(writes.watch(&worker.pulses, cx, flushed))?;
        Pin::new(&mut stream).poll_shutdown(cx)
    });
    if said.await.is_ok() && fault.is_some() {
        let mut linger = Linger::begin(&worker.pulses);
        poll_fn(|cx| linger.poll(&mut stream, cx)).await;
    }
}

struct Driver<S: Serve, T> {
    engine: Engine<S>,
    stream: T,
    idle: IdleWatch,
    beat: Heartbeat,
    writes: WriteWatch,
}

/// Why a connection ended; `None`: the caller closed it, or it idled.
type Ended = Option<Fault>;

/// What a round of reading came to.
enum Read {
    Some,
    Nothing,
    End,
}

impl<S, T> Driver<S, T>
where
    S: Serve,
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Ended> {
        self.engine.ready.register(cx.waker());
        if self.beat.poll(&mut self.engine, cx) == Life::Gone {
            return Poll::Ready(None);
        }
        match self.idle.poll(cx) {
            Idleness::Bearable => {}
            // Nothing of a request was read, so there is nobody to be told.
            Idleness::TooLong if !self.engine.is_greeted() => return Poll::Ready(None),
            Idleness::TooLong => self.engine.leave(),
            Idleness::Hopeless => return Poll::Ready(None),
        }
        for _ in 0..ROUNDS {
            let read = match self.read(cx) {
                Ok(Read::End) => return Poll::Ready(None),
                Ok(Read::Some) => true,
                Ok(Read::Nothing) => false,
                Err(fault) => return Poll::Ready(Some(fault)),
            };
            let lived = {
                let _company = stall::company(self.engine.under_way());
                let lived = self.engine.attend();
                self.engine.flow();
                lived
            };
            let full = self.engine.out.is_full();
            match self.flush(cx) {
                Poll::Ready(Err(_)) => return Poll::Ready(None),
                Poll::Ready(Ok(())) if self.engine.is_over() => return Poll::Ready(None),
                Poll::Ready(Ok(())) if read || lived || full => {}
                Poll::Ready(Ok(())) => return Poll::Pending,
                Poll::Pending if read || lived => {}
                Poll::Pending => return Poll::Pending,
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Takes what has come, unless more waits to go out than should. All of it before any
    /// of it is answered: a request and its small body often come as two records of TLS. And
    /// side by side, since frames begin and end where records do not.
    fn read(&mut self, cx: &mut Context<'_>) -> Result<Read, Fault> {
        if self.engine.out.is_full() {
            return Ok(Read::Nothing);
        }
        let mut room = Room::take();
        let mut buffer = ReadBuf::new(&mut room.memory()[..READ]);
        let over = loop {
            let before = buffer.filled().len();
            match Pin::new(&mut self.stream).poll_read(cx, &mut buffer) {
                Poll::Pending => break false,
                Poll::Ready(Ok(())) if buffer.remaining() == 0 => break false,
                Poll::Ready(Ok(())) if buffer.filled().len() > before => {}
                Poll::Ready(_) => break true,
            }
        };
        if !buffer.filled().is_empty() {
            self.engine.take(buffer.filled())?;
        }
        Ok(match (over, buffer.filled().is_empty()) {
            (true, _) => Read::End,
            (false, true) => Read::Nothing,
            (false, false) => Read::Some,
        })
    }

    fn flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Driver { engine, stream, writes, .. } = self;
        let (out, budget, sent) = (&mut engine.out, &mut engine.budget, &mut engine.sent);
        let flushed = out.poll_flush(stream, cx, |count| {
            budget.moved(count as u64);
            *sent += count as u64;
            writes.moved();
        });
        writes.watch(&engine.connection.worker.pulses, cx, flushed)
    }
}
