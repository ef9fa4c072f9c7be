//! One case: what the caller sends, and what he must hear. After everything that is not
//! the end of the connection the gateway must still answer a ping, so no mistake of one
//! stream costs another.

use crate::support::gateway::Gateway;
use crate::wire::{ACK, PING, Said, Wire, frame};

/// Error codes (RFC 9113 §7).
pub const PROTOCOL: u32 = 1;
pub const FLOW_CONTROL: u32 = 3;
pub const STREAM_CLOSED: u32 = 5;
pub const FRAME_SIZE: u32 = 6;
pub const REFUSED: u32 = 7;
pub const COMPRESSION: u32 = 9;

/// A block that cannot be read, and a window beyond 2^31 - 1.
pub const UNPACKED: &[u32] = &[COMPRESSION];
pub const TOO_WIDE: &[u32] = &[FLOW_CONTROL];

/// A frame on a stream that has ended: the stream's error, or the connection's
/// (RFC 9113 §5.4).
pub const CLOSED: &[u32] = &[STREAM_CLOSED];

/// One thing that happens.
#[derive(Clone, Debug)]
pub enum Step {
    Send(Vec<u8>),
    Hear(Expect),
}

/// What must be heard next; what does not speak of it may come before.
#[derive(Clone, Debug)]
pub enum Expect {
    /// The connection ends, with one of these codes if it says one.
    Goaway(&'static [u32]),
    /// The connection or the stream ends with one of these codes.
    Reset(u32, &'static [u32]),
    /// The stream is answered with this status and comes to its end; its body has this text.
    Answer(u32, &'static str, &'static str),
    /// The stream's answer begins, with this status.
    Head(u32, &'static str),
    /// A piece of the stream's answer, of exactly so many bytes.
    Piece(u32, usize),
    /// The answer to a ping.
    Pong,
    /// The acknowledgement of our settings.
    SettingsAck,
}

/// One case.
#[derive(Clone, Debug)]
pub struct Case {
    name: &'static str,
    settings: Vec<(u16, u32)>,
    steps: Vec<Step>,
    /// Whether the caller said that he leaves: then nothing more need be answered.
    left: bool,
}

/// `frames`, all at once, and then what must be heard.
pub fn case<const N: usize>(name: &'static str, frames: [Vec<u8>; N], expect: Expect) -> Case {
    let steps = vec![Step::Send(frames.concat()), Step::Hear(expect)];
    Case { name, settings: Vec::new(), steps, left: false }
}

impl Case {
    /// One more thing to send.
    pub fn send(mut self, bytes: Vec<u8>) -> Case {
        self.steps.push(Step::Send(bytes));
        self
    }

    /// One more thing to hear.
    pub fn hear(mut self, expect: Expect) -> Case {
        self.steps.push(Step::Hear(expect));
        self
    }

    /// Greets with these settings.
    pub fn with(mut self, settings: &[(u16, u32)]) -> Case {
        self.settings = settings.to_vec();
        self
    }

    /// Runs it over a connection of its own inside TLS.
    pub fn run(&self, gateway: &Gateway) -> Result<(), String> {
        self.run_over(Wire::greeted(gateway.address("public"), &self.settings))
    }

    /// Runs it in clear text.
    pub fn run_in_clear(&self, gateway: &Gateway) -> Result<(), String> {
        self.run_over(Wire::greeted_in_clear(gateway.address("clear"), &self.settings))
    }

    fn run_over(&self, mut wire: Wire) -> Result<(), String> {
        let mut over = self.left;
        for step in &self.steps {
            match step {
                Step::Send(bytes) => wire.say(bytes),
                Step::Hear(expect) => {
                    over |= self.heard(&mut wire, expect)?;
                }
            }
        }
        if !over {
            wire.say(&frame(PING, 0, 0, *b"and now?"));
            self.heard(&mut wire, &Expect::Pong)?;
        }
        Ok(())
    }

    /// Whether the connection is over.
    fn heard(&self, wire: &mut Wire, expect: &Expect) -> Result<bool, String> {
        let (mut heard, mut status, mut body) = (Vec::new(), String::new(), Vec::new());
        loop {
            let said = wire.hear();
            heard.push(said.clone());
            let fault = || Err(format!("{}: expected {expect:?}, heard {heard:?}", self.name));
            match (&said, expect) {
                (Said::Nothing, _) => return fault(),
                (Said::Closed, Expect::Goaway(_) | Expect::Reset(..)) => return Ok(true),
                (Said::Closed, _) => return fault(),
                (Said::Goaway { code, .. }, Expect::Goaway(codes) | Expect::Reset(_, codes)) => {
                    return if codes.contains(code) { Ok(true) } else { fault() };
                }
                (Said::Goaway { .. }, _) => return fault(),
                (Said::Reset { stream, code }, Expect::Reset(expected, codes)) if stream == expected => {
                    return if codes.contains(code) { Ok(false) } else { fault() };
                }
                (Said::Head { stream, fields, last }, Expect::Answer(expected, code, text)) if stream == expected => {
                    status.clone_from(&fields[0].1);
                    if *last {
                        return if status == *code && text.is_empty() { Ok(false) } else { fault() };
                    }
                }
                (Said::Data { stream, bytes, last }, Expect::Answer(expected, code, text)) if stream == expected => {
                    body.extend_from_slice(bytes);
                    if *last {
                        let there = String::from_utf8_lossy(&body).contains(text);
                        return if status == *code && there { Ok(false) } else { fault() };
                    }
                }
                (Said::Head { stream, fields, .. }, Expect::Head(expected, code)) if stream == expected => {
                    return if fields[0] == (":status".to_owned(), (*code).to_owned()) { Ok(false) } else { fault() };
                }
                (Said::Data { stream, bytes, .. }, Expect::Piece(expected, size)) if stream == expected => {
                    return if bytes.len() == *size { Ok(false) } else { fault() };
                }
                (Said::Pong(_), Expect::Pong) | (Said::SettingsAck, Expect::SettingsAck) => return Ok(false),
                (Said::Ping(payload), _) => wire.say(&frame(PING, ACK, 0, payload)),
                _ => {}
            }
        }
    }
}

impl Case {
    /// Under another name.
    pub fn named(self, name: &'static str) -> Case {
        Case { name, ..self }
    }

    /// The caller leaves in it.
    pub fn left(self) -> Case {
        Case { left: true, ..self }
    }

    /// With a ping behind the first frames.
    pub fn pinged(mut self) -> Case {
        self.steps.insert(1, Step::Send(frame(PING, 0, 0, [7; 8])));
        self
    }
}
