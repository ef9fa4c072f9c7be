//! Lines on their way to a slow place. Whoever has something to say pushes a value
//! into a bounded queue and goes on; one thread of the log's own renders and writes.
//! At the bound, or when writing fails, lines are lost and counted, never waited for.

use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::Duration;

/// Rendered bytes that are handed over in one write.
const WRITE_BYTES: usize = 64 * 1024;

/// How long `close` waits for a place that takes no more: a stalled reader must not
/// keep the process from ending. What is not written by then is lost and counted.
const CLOSE_TIME: Duration = Duration::from_secs(2);

/// How a log behaves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bounds {
    /// Lines that may wait; further ones are lost and counted.
    pub lines: usize,
    /// How long the thread lets lines gather, so that a busy gateway pays one wake-up
    /// and one write for many of them.
    pub gather: Duration,
}

/// A bounded queue of `T` with the thread that empties it.
#[derive(Debug)]
pub struct Spool<T> {
    queue: Arc<Queue<T>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Debug)]
struct Queue<T> {
    waiting: Mutex<Waiting<T>>,
    wake: Condvar,
    lost: Arc<AtomicU64>,
    bounds: Bounds,
}

#[derive(Debug)]
struct Waiting<T> {
    lines: Vec<T>,
    stage: Stage,
    writer: Attention,
}

/// What the thread is doing, as far as those who push have to know.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Attention {
    /// It writes, or waits for no longer than lines may gather: it looks by itself.
    Awake,
    /// It sleeps until somebody wakes it.
    Asleep,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stage {
    Open,
    Closing,
    Closed,
}

impl<T: Send + 'static> Spool<T> {
    /// Starts the thread. `render` appends one line, with its end, to the buffer.
    pub fn start(
        name: &str,
        bounds: Bounds,
        sink: Box<dyn Write + Send>,
        render: impl FnMut(&T, &mut Vec<u8>) + Send + 'static,
    ) -> io::Result<Spool<T>> {
        let queue = Arc::new(Queue::new(bounds));
        let writer = Writer { queue: Arc::clone(&queue), sink, render };
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(move || writer.run())?;
        Ok(Spool { queue, thread: Mutex::new(Some(thread)) })
    }

    /// A queue that takes nothing and counts nothing.
    pub fn discarded() -> Spool<T> {
        let queue = Queue::new(Bounds { lines: 0, gather: Duration::ZERO });
        Spool { queue: Arc::new(queue), thread: Mutex::new(None) }
    }

    /// Hands a line over; never waits for the place it goes to.
    pub fn push(&self, line: T) {
        let bounds = self.queue.bounds;
        if bounds.lines == 0 {
            return;
        }
        let mut waiting = self.queue.lock();
        if waiting.stage != Stage::Open || waiting.lines.len() >= bounds.lines {
            drop(waiting);
            self.queue.lost.fetch_add(1, Ordering::Relaxed);
            return;
        }
        waiting.lines.push(line);
        // Only the first line after a silence, and the one that makes a batch urgent, pay
        // for a wake-up.
        let wakes = waiting.writer == Attention::Asleep || waiting.lines.len() == bounds.urgent();
        waiting.writer = Attention::Awake;
        drop(waiting);
        if wakes {
            self.queue.wake.notify_one();
        }
    }

    /// Lines that were lost so far.
    pub fn lost(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.queue.lost)
    }
}

impl<T> Spool<T> {
    /// Writes what waits, then ends the thread; what is pushed later is lost and
    /// counted. Gives up after two seconds.
    pub fn close(&self) {
        let thread = self.thread.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).take();
        let Some(thread) = thread else { return };
        let mut waiting = self.queue.lock();
        waiting.stage = Stage::Closing;
        self.queue.wake.notify_all();
        let unwritten = |waiting: &mut Waiting<T>| waiting.stage != Stage::Closed;
        let (waiting, time) = self
            .queue
            .wake
            .wait_timeout_while(waiting, CLOSE_TIME, unwritten)
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        self.queue.lost.fetch_add(waiting.lines.len() as u64, Ordering::Relaxed);
        drop(waiting);
        if !time.timed_out() {
            let _ = thread.join();
        }
    }
}

impl<T> Drop for Spool<T> {
    fn drop(&mut self) {
        self.close();
    }
}

impl Bounds {
    fn urgent(self) -> usize {
        (self.lines / 2).max(1)
    }
}

impl<T> Queue<T> {
    fn new(bounds: Bounds) -> Queue<T> {
        let waiting = Waiting { lines: Vec::new(), stage: Stage::Open, writer: Attention::Awake };
        Queue { waiting: Mutex::new(waiting), wake: Condvar::new(), lost: Arc::default(), bounds }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting<T>> {
        self.waiting.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Lets lines gather, and swaps them for the empty `spare`. Where none have come in that
    /// time, sleeps until one does, and lets more gather behind it.
    fn take(&self, spare: Vec<T>) -> (Vec<T>, Stage) {
        let mut waiting = self.gather(self.lock());
        if waiting.lines.is_empty() && waiting.stage == Stage::Open {
            waiting.writer = Attention::Asleep;
            let idle = |waiting: &mut Waiting<T>| waiting.lines.is_empty() && waiting.stage == Stage::Open;
            waiting = self.wake.wait_while(waiting, idle).unwrap_or_else(|poisoned| poisoned.into_inner());
            waiting.writer = Attention::Awake;
            waiting = self.gather(waiting);
        }
        (std::mem::replace(&mut waiting.lines, spare), waiting.stage)
    }

    fn gather<'a>(&self, waiting: MutexGuard<'a, Waiting<T>>) -> MutexGuard<'a, Waiting<T>> {
        let calm =
            |waiting: &mut Waiting<T>| waiting.lines.len() < self.bounds.urgent() && waiting.stage == Stage::Open;
        self.wake
            .wait_timeout_while(waiting, self.bounds.gather, calm)
            .unwrap_or_else(|poisoned| poisoned.into_inner())
            .0
    }
}

/// The thread's half.
struct Writer<T, R> {
    queue: Arc<Queue<T>>,
    sink: Box<dyn Write + Send>,
    render: R,
}

impl<T, R: FnMut(&T, &mut Vec<u8>)> Writer<T, R> {
    fn run(mut self) {
        let mut spare = Vec::new();
        loop {
            let (mut batch, stage) = self.queue.take(spare);
            self.write(&batch);
            batch.clear();
            spare = batch;
            if stage != Stage::Open {
                self.queue.lock().stage = Stage::Closed;
                self.queue.wake.notify_all();
                return;
            }
        }
    }

    fn write(&mut self, batch: &[T]) {
        let (mut bytes, mut lines) = (Vec::new(), 0);
        for (at, line) in batch.iter().enumerate() {
            (self.render)(line, &mut bytes);
            lines += 1;
            if bytes.len() >= WRITE_BYTES || at + 1 == batch.len() {
                let written = self.sink.write_all(&bytes).and_then(|()| self.sink.flush());
                if written.is_err() {
                    self.queue.lost.fetch_add(lines, Ordering::Relaxed);
                }
                bytes.clear();
                lines = 0;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::sync::atomic::Ordering;
    use std::sync::mpsc::{Receiver, Sender, channel};
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    use super::{Bounds, Spool};

    const QUICK: Bounds = Bounds { lines: 4, gather: Duration::ZERO };

    #[derive(Clone, Default)]
    struct Page(Arc<Mutex<Vec<u8>>>);

    impl Write for Page {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("no writer panics").extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// Takes a write only when the test says so.
    struct Gate(Receiver<()>, Sender<()>);

    impl Write for Gate {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let _ = self.1.send(());
            let _ = self.0.recv();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    struct Broken;

    impl Write for Broken {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn plain(line: &u32, out: &mut Vec<u8>) {
        out.extend_from_slice(format!("{line}\n").as_bytes());
    }

    #[test]
    fn close_writes_what_waits_in_order() {
        let page = Page::default();
        let bounds = Bounds { lines: 100, gather: Duration::from_secs(3600) };
        let spool = Spool::start("test", bounds, Box::new(page.clone()), plain).expect("a thread");
        (0..3).for_each(|line| spool.push(line));
        spool.close();
        assert_eq!(page.0.lock().expect("no panic").as_slice(), b"0\n1\n2\n");
        spool.push(9);
        assert_eq!(spool.lost().load(Ordering::Relaxed), 1, "after the end a line is lost and counted");
    }

    #[test]
    fn a_full_queue_loses_and_counts_but_never_waits() {
        let (open, gate) = channel();
        let (entered, inside) = channel();
        let spool = Spool::start("test", QUICK, Box::new(Gate(gate, entered)), plain).expect("a thread");
        spool.push(0);
        inside.recv().expect("the writer is held inside its first write");
        (0..10).for_each(|line| spool.push(line));
        assert_eq!(spool.lost().load(Ordering::Relaxed), 6, "four wait, six are lost");
        drop(open);
        spool.close();
        assert_eq!(spool.lost().load(Ordering::Relaxed), 6);
    }

    #[test]
    fn a_reader_that_never_reads_does_not_keep_the_process() {
        let (open, gate) = channel();
        let (entered, inside) = channel();
        let spool = Spool::start("test", QUICK, Box::new(Gate(gate, entered)), plain).expect("a thread");
        spool.push(0);
        inside.recv().expect("the writer is held inside its first write");
        spool.push(1);
        spool.close();
        assert_eq!(spool.lost().load(Ordering::Relaxed), 1, "the line behind the held one");
        drop(open);
    }

    #[test]
    fn lines_that_cannot_be_written_are_counted() {
        let spool = Spool::start("test", QUICK, Box::new(Broken), plain).expect("a thread");
        spool.push(1);
        spool.push(2);
        spool.close();
        assert_eq!(spool.lost().load(Ordering::Relaxed), 2);
    }
}
