//! Follows the messages of one connection through its bytes: heads, bodies, and
//! where the next head begins, so that pipelined requests are judged one by one.
//! Body bytes pass as they come; a head or a trailer section passes whole or not.

use crate::edge::head::chunked::{Chunks, Progress, Trailers};
use crate::edge::head::refusal::Refusal;
use crate::edge::head::scanner::{Framing, HeadLimits, Scan, Scanner};

/// What is expected next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stage {
    /// A head, or the rest of one.
    Head,
    /// A body, or the rest of one.
    Body,
}

/// What may pass of the bytes shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Passage {
    /// So many from the front.
    pub cleared: usize,
    /// Why nothing after them ever will, if so; `Body` when the fault is in a body.
    pub refused: Option<(Stage, Refusal)>,
}

/// The state of one connection's incoming side.
#[derive(Debug)]
pub struct Tracker {
    limits: HeadLimits,
    state: State,
}

#[derive(Debug)]
enum State {
    Head(Scanner),
    Length(u64),
    Chunks(Chunks),
    Trailers(Trailers),
}

impl Tracker {
    /// Begins before the first head.
    pub fn new(limits: HeadLimits) -> Tracker {
        Tracker { limits, state: State::Head(Scanner::default()) }
    }

    /// What is expected next.
    pub fn stage(&self) -> Stage {
        match self.state {
            State::Head(_) => Stage::Head,
            State::Length(_) | State::Chunks(_) | State::Trailers(_) => Stage::Body,
        }
    }

    /// Reads on. `bytes` begins with the first byte that has not been cleared yet, at
    /// every call; what was shown and not cleared must be shown again.
    pub fn advance(&mut self, bytes: &[u8]) -> Passage {
        let mut at = 0;
        while at < bytes.len() {
            let rest = &bytes[at..];
            let next = match &mut self.state {
                State::Head(scanner) => match scanner.scan(rest, self.limits) {
                    Scan::More => break,
                    Scan::Refused(refusal) => return refused(at, Stage::Head, refusal),
                    Scan::Whole(length, framing) => {
                        at += length;
                        match framing {
                            Framing::Length(0) => State::Head(Scanner::default()),
                            Framing::Length(length) => State::Length(length),
                            Framing::Chunked => State::Chunks(Chunks::default()),
                        }
                    }
                },
                State::Length(left) => {
                    let here = usize::try_from(*left).unwrap_or(usize::MAX).min(rest.len());
                    at += here;
                    *left -= here as u64;
                    if *left > 0 {
                        break;
                    }
                    State::Head(Scanner::default())
                }
                State::Chunks(chunks) => {
                    let (taken, progress) = chunks.advance(rest);
                    at += taken;
                    match progress {
                        Progress::More => break,
                        Progress::Refused(refusal) => return refused(at, Stage::Body, refusal),
                        Progress::Last => State::Trailers(Trailers::default()),
                    }
                }
                State::Trailers(trailers) => match trailers.scan(rest, self.limits) {
                    Ok(None) => break,
                    Err(refusal) => return refused(at, Stage::Body, refusal),
                    Ok(Some(length)) => {
                        at += length;
                        State::Head(Scanner::default())
                    }
                },
            };
            self.state = next;
        }
        Passage { cleared: at, refused: None }
    }
}

fn refused(cleared: usize, stage: Stage, refusal: Refusal) -> Passage {
    Passage { cleared, refused: Some((stage, refusal)) }
}

#[cfg(test)]
mod tests;
