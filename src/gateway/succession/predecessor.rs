//! The process whose place this one takes, as this one sees it: what it leaves is on
//! standard input, and it waits there for the word that this one serves.

use std::io;
use std::os::fd::AsFd as _;
use std::time::Duration;

use crate::config::files::{DiskFiles, Files as _};
use crate::gateway::succession::channel::{Channel, Message};
use crate::gateway::succession::estate::{Estate, Socket};

/// Set for a process that is to take another's place; its value says by what.
pub const VARIABLE: &str = "TOLLGATE_SUCCEEDS";

/// The only value: the channel is standard input.
pub const BY_STDIN: &str = "stdin";

/// How long the estate may take to arrive. The other side has it ready.
const TIME: Duration = Duration::from_secs(10);

/// Sockets of an estate; more are a fault.
const MAX_SOCKETS: usize = 16_384;

/// The process before this one.
#[derive(Debug)]
pub struct Predecessor(Channel);

impl Predecessor {
    /// The one that has started this process to take its place, if one has.
    pub fn of_this_process() -> io::Result<Option<Predecessor>> {
        if DiskFiles.variable(VARIABLE).as_deref() != Some(BY_STDIN) {
            return Ok(None);
        }
        let channel = Channel::over(io::stdin().as_fd().try_clone_to_owned()?);
        channel.limit(TIME)?;
        Ok(Some(Predecessor(channel)))
    }

    /// What it leaves.
    pub fn receive(&self) -> io::Result<Estate> {
        let mut estate = Estate::default();
        loop {
            match self.0.receive()? {
                (Message::Socket(listener, holder), Some(handle)) if estate.sockets.len() < MAX_SOCKETS => {
                    estate.sockets.push(Socket { listener, handle, holder });
                }
                (Message::Metrics, Some(handle)) => estate.metrics = Some(handle),
                (Message::Lock, Some(handle)) => estate.lock = Some(handle),
                (Message::End, None) => return Ok(estate),
                (message, _) => {
                    let fault = format!("the process before this one sent {message:?} out of turn");
                    return Err(io::Error::new(io::ErrorKind::InvalidData, fault));
                }
            }
        }
    }

    /// Tells it that it may go.
    pub fn tell_ready(&self) -> io::Result<()> {
        self.0.send(&Message::Ready, None)
    }
}
