//! Sockets that systemd opened before it started us (sd_listen_fds(3)): a restart then
//! queues callers instead of refusing them, and ports below 1024 need no privilege.
//! Each comes under the name of its socket unit, or what `FileDescriptorName=` says.

use std::io;
use std::os::fd::{AsFd as _, OwnedFd};

use listenfd::ListenFd;
use rustix::io::{FdFlags, fcntl_setfd};

use crate::config::files::{DiskFiles, Files as _};
use crate::edge::listen::ear::Holder;
use crate::gateway::succession::estate::{Estate, Socket};

/// The sockets that were passed to this very process; none without systemd.
pub fn sockets() -> io::Result<Estate> {
    let names = DiskFiles.variable("LISTEN_FDNAMES").unwrap_or_default();
    let mut names = names.split(':');
    let mut passed = ListenFd::from_env();
    let mut estate = Estate::default();
    for index in 0..passed.len() {
        let name = names.next().unwrap_or_default().to_owned();
        let socket = take(&mut passed, index)?;
        // Nothing that we start may hold the port after us.
        fcntl_setfd(socket.as_fd(), FdFlags::CLOEXEC)?;
        estate.sockets.push(Socket { listener: name, handle: socket, holder: Holder::Supervisor });
    }
    Ok(estate)
}

fn take(passed: &mut ListenFd, index: usize) -> io::Result<OwnedFd> {
    let missing = || io::Error::new(io::ErrorKind::InvalidInput, format!("socket {index} of systemd is no listener"));
    match passed.take_tcp_listener(index) {
        Ok(socket) => socket.map(OwnedFd::from).ok_or_else(missing),
        Err(_) => passed.take_unix_listener(index)?.map(OwnedFd::from).ok_or_else(missing),
    }
}
