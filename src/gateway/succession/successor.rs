//! The process that is to take this one's place, as this one sees it: started with the
//! same arguments from the file this one was started from, which is the new program
//! once that was moved there.

use std::ffi::OsString;
use std::io;
use std::os::fd::AsFd as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::gateway::succession::channel::{Channel, Message};
use crate::gateway::succession::estate::Estate;
use crate::gateway::succession::predecessor::{BY_STDIN, VARIABLE};

/// How long a successor may take until it serves.
pub const TIME: Duration = Duration::from_secs(60);

/// What is of this process only: a supervisor's words to it, by its number.
const NOT_INHERITED: [&str; 4] = ["LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES", "WATCHDOG_PID"];

/// How to start a program like this one again.
#[derive(Clone, Debug)]
pub struct Program {
    file: PathBuf,
    arguments: Vec<OsString>,
}

impl Program {
    /// As this process was started. Asked early: once the file is replaced, the system
    /// calls it deleted.
    pub fn of_this_process() -> io::Result<Program> {
        Ok(Program { file: std::env::current_exe()?, arguments: std::env::args_os().skip(1).collect() })
    }
}

/// A successor under way. Dropped before it is ready, it is ended.
#[derive(Debug)]
pub struct Successor {
    child: Child,
    ready: Readiness,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Readiness {
    NotYet,
    Serves,
}

/// The wait for a successor; blocks, so it is for a thread that has nothing else to do.
#[derive(Debug)]
pub struct Wait(Channel);

impl Successor {
    /// Starts the program; what follows is the wait.
    pub fn start(program: &Program) -> io::Result<(Successor, Wait)> {
        let (channel, theirs) = Channel::pair()?;
        channel.limit(TIME)?;
        let mut command = Command::new(&program.file);
        command.args(&program.arguments).env(VARIABLE, BY_STDIN).stdin(Stdio::from(theirs));
        for variable in NOT_INHERITED {
            command.env_remove(variable);
        }
        let child = command.spawn()?;
        // The command holds the child's end; while it did, the child's death would go unseen.
        drop(command);
        Ok((Successor { child, ready: Readiness::NotYet }, Wait(channel)))
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Lets it live on by itself.
    pub fn serves(mut self) {
        self.ready = Readiness::Serves;
    }
}

impl Drop for Successor {
    fn drop(&mut self) {
        if self.ready == Readiness::NotYet {
            // It may have ended by itself, which is as good.
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

impl Wait {
    /// Hands over the estate and returns when the successor serves.
    pub fn hand_over(self, estate: &Estate) -> io::Result<()> {
        let Wait(channel) = self;
        for socket in &estate.sockets {
            let message = Message::Socket(socket.listener.clone(), socket.holder);
            channel.send(&message, Some(socket.handle.as_fd()))?;
        }
        for (message, handle) in [(Message::Metrics, &estate.metrics), (Message::Lock, &estate.lock)] {
            if let Some(handle) = handle {
                channel.send(&message, Some(handle.as_fd()))?;
            }
        }
        channel.send(&Message::End, None)?;
        match channel.receive()? {
            (Message::Ready, None) => Ok(()),
            (message, _) => {
                Err(io::Error::new(io::ErrorKind::InvalidData, format!("it answered {message:?} out of turn")))
            }
        }
    }
}
