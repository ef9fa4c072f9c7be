//! A message's body in the bytes of its connection: where its data stands and where it
//! ends. One pass over whatever has come, in pieces of any size; data is never copied.
//! Must never: take a byte of the next message.

use crate::edge::head::chunked::{Chunks, Progress, Trailers};
use crate::edge::head::refusal::Refusal;
use crate::edge::head::scanner::{Framing, HeadLimits};

/// What is still to come of a body.
#[derive(Clone, Debug, Default)]
pub enum Framed {
    /// Nothing.
    #[default]
    Done,
    /// So many bytes.
    Length(u64),
    /// Chunks.
    Chunks(Chunks),
    /// The section behind the last chunk.
    Trailers(Trailers),
    /// Everything up to the end of the connection; only an answer may be so.
    UntilClose,
}

/// What the next bytes are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    /// After `skip` bytes that are none, `data` bytes of data.
    Data {
        /// Bytes to forget.
        skip: usize,
        /// Bytes behind them that belong to the body.
        data: usize,
    },
    /// After `skip` bytes to forget, more has to come.
    More {
        /// Bytes to forget.
        skip: usize,
    },
    /// The body is over after `skip` bytes, the last of which are its trailer section.
    End {
        /// Bytes to forget.
        skip: usize,
        /// Length of the trailer section; 2 or less: it is empty.
        trailers: usize,
    },
    /// It must not go on.
    Refused(Refusal),
}

impl From<Framing> for Framed {
    fn from(framing: Framing) -> Framed {
        match framing {
            Framing::Length(0) => Framed::Done,
            Framing::Length(length) => Framed::Length(length),
            Framing::Chunked => Framed::Chunks(Chunks::default()),
        }
    }
}

impl Framed {
    /// True when nothing is to come.
    pub fn is_done(&self) -> bool {
        matches!(self, Framed::Done)
    }

    /// How many bytes of data are to come, where that is known.
    pub fn left(&self) -> Option<u64> {
        match self {
            Framed::Done => Some(0),
            Framed::Length(left) => Some(*left),
            Framed::Chunks(_) | Framed::Trailers(_) | Framed::UntilClose => None,
        }
    }

    /// Reads on. `bytes` begins with the first byte that was neither forgotten nor taken.
    pub fn next(&mut self, bytes: &[u8], limits: HeadLimits) -> Step {
        let mut skip = 0;
        loop {
            let rest = &bytes[skip..];
            match self {
                Framed::Done => return Step::End { skip, trailers: 0 },
                Framed::Length(_) | Framed::UntilClose if rest.is_empty() => return Step::More { skip },
                Framed::UntilClose => return Step::Data { skip, data: rest.len() },
                Framed::Length(left) => {
                    let data = most(*left, rest.len());
                    *left -= data as u64;
                    if *left == 0 {
                        *self = Framed::Done;
                    }
                    return Step::Data { skip, data };
                }
                Framed::Chunks(chunks) => {
                    let (good, progress) = chunks.advance(rest);
                    skip += good;
                    match progress {
                        Progress::More => return Step::More { skip },
                        Progress::Data(_) if skip == bytes.len() => return Step::More { skip },
                        Progress::Data(left) => {
                            let data = most(left, bytes.len() - skip);
                            chunks.taken(data as u64);
                            return Step::Data { skip, data };
                        }
                        Progress::Last => *self = Framed::Trailers(Trailers::default()),
                        Progress::Refused(refusal) => return Step::Refused(refusal),
                    }
                }
                Framed::Trailers(trailers) => match trailers.scan(rest, limits) {
                    Ok(None) => return Step::More { skip },
                    Ok(Some(length)) => {
                        *self = Framed::Done;
                        return Step::End { skip: skip + length, trailers: length };
                    }
                    Err(refusal) => return Step::Refused(refusal),
                },
            }
        }
    }
}

fn most(left: u64, here: usize) -> usize {
    usize::try_from(left).unwrap_or(usize::MAX).min(here)
}
