//! What one process leaves to the next: sockets that listen, and the lock that says
//! whose state folder it is. Sockets that systemd has opened come the same way.

use std::io;
use std::os::fd::OwnedFd;

use crate::edge::admin;
use crate::edge::listen::ear::Holder;
use crate::edge::listen::listener::Bound;
use crate::edge::listen::unix_socket::Left;
use crate::snapshot::Address;
use crate::store::StateLock;

/// Handles to what has to be held without a gap.
#[derive(Debug, Default)]
pub struct Estate {
    /// Listening sockets.
    pub sockets: Vec<Socket>,
    /// The one of metrics and health.
    pub metrics: Option<OwnedFd>,
    /// The lock of the state folder.
    pub lock: Option<OwnedFd>,
}

/// A socket that listens.
#[derive(Debug)]
pub struct Socket {
    /// The name of its listener.
    pub listener: String,
    /// A handle to it.
    pub handle: OwnedFd,
    /// Who has it besides the gateways.
    pub holder: Holder,
}

/// What this process keeps for the day on which it has a successor. Its handles keep
/// the sockets open, so they are closed before a drain begins.
#[derive(Debug)]
pub struct Heirlooms {
    sockets: Vec<Socket>,
    metrics: Option<OwnedFd>,
    paths: Vec<Left>,
}

impl Heirlooms {
    /// Second handles to all of these.
    pub fn of(doors: &[Bound], admin: Option<&admin::Bound>) -> io::Result<Heirlooms> {
        let mut sockets = Vec::new();
        let mut paths = Vec::new();
        for bound in doors {
            for socket in &bound.sockets {
                let handle = socket.another()?.into();
                sockets.push(Socket { listener: bound.name.to_string(), handle, holder: socket.holder });
            }
            // What a supervisor has made is his to remove.
            let ours = bound.sockets.iter().all(|socket| socket.holder == Holder::Us);
            if let (Address::Unix(place), true) = (&bound.address, ours) {
                paths.extend(Left::at(&place.path));
            }
        }
        Ok(Heirlooms { sockets, metrics: admin.map(admin::Bound::another).transpose()?, paths })
    }

    /// An estate of them and the lock.
    pub fn estate(&self, lock: &StateLock) -> io::Result<Estate> {
        let again = |socket: &Socket| {
            Ok(Socket { listener: socket.listener.clone(), handle: socket.handle.try_clone()?, holder: socket.holder })
        };
        Ok(Estate {
            sockets: self.sockets.iter().map(again).collect::<io::Result<_>>()?,
            metrics: self.metrics.as_ref().map(OwnedFd::try_clone).transpose()?,
            lock: Some(lock.handle()?),
        })
    }

    /// Closes them. Paths are removed, unless somebody listens there after us.
    pub fn close(self, succeeded: bool) {
        if !succeeded {
            self.paths.into_iter().for_each(Left::remove);
        }
    }
}
