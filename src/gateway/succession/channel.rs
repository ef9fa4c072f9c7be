//! The wire between two processes: one JSON text a message, with the handles it speaks
//! of. A sequenced-packet socket keeps messages apart, so nothing has to be framed.

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage,
    SendFlags, SocketFlags, SocketType, recvmsg, sendmsg, socketpair, sockopt,
};
use serde::{Deserialize, Serialize};

use crate::edge::listen::ear::Holder;

/// Longest text of a message, in bytes.
const MAX_TEXT: usize = 1024;

/// Handles of one message.
const MAX_HANDLES: usize = 4;

/// A message.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::gateway) enum Message {
    /// A listening socket of the listener of this name, and who else has it.
    Socket(String, Holder),
    /// The socket of metrics and health.
    Metrics,
    /// The lock of the state folder.
    Lock,
    /// That was all.
    End,
    /// The successor serves.
    Ready,
}

/// One end.
#[derive(Debug)]
pub(in crate::gateway) struct Channel(OwnedFd);

impl Channel {
    /// Two ends. Neither survives into a program that is started, unless it is given.
    pub(in crate::gateway) fn pair() -> io::Result<(Channel, OwnedFd)> {
        let (ours, theirs) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?;
        Ok((Channel(ours), theirs))
    }

    /// The end that somebody else has made.
    pub(in crate::gateway) fn over(socket: OwnedFd) -> Channel {
        Channel(socket)
    }

    /// How long a message may be waited for, on either way.
    pub(in crate::gateway) fn limit(&self, time: Duration) -> io::Result<()> {
        sockopt::set_socket_timeout(&self.0, sockopt::Timeout::Recv, Some(time))?;
        sockopt::set_socket_timeout(&self.0, sockopt::Timeout::Send, Some(time))?;
        Ok(())
    }

    /// Sends a message, with the handle it speaks of.
    pub(in crate::gateway) fn send(&self, message: &Message, handle: Option<BorrowedFd<'_>>) -> io::Result<()> {
        let text = serde_json::to_vec(message)?;
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        let handles: Vec<BorrowedFd<'_>> = handle.into_iter().collect();
        if !handles.is_empty() && !control.push(SendAncillaryMessage::ScmRights(&handles)) {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        sendmsg(self.0.as_fd(), &[IoSlice::new(&text)], &mut control, SendFlags::NOSIGNAL)?;
        Ok(())
    }

    /// The next message, with its handle; an error when the other side is gone.
    pub(in crate::gateway) fn receive(&self) -> io::Result<(Message, Option<OwnedFd>)> {
        let mut text = [0; MAX_TEXT];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MAX_HANDLES))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let got = recvmsg(self.0.as_fd(), &mut [IoSliceMut::new(&mut text)], &mut control, RecvFlags::CMSG_CLOEXEC)?;
        if got.bytes == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let handle = control.drain().find_map(|part| match part {
            RecvAncillaryMessage::ScmRights(mut handles) => handles.next(),
            _ => None,
        });
        Ok((serde_json::from_slice(&text[..got.bytes])?, handle))
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::os::fd::AsFd as _;
    use std::os::unix::net::UnixStream;
    use std::time::Duration;

    use super::{Channel, Message};
    use crate::edge::listen::ear::Holder;

    #[test]
    fn a_handle_travels_with_its_message() {
        let (ours, theirs) = Channel::pair().expect("a pair");
        let theirs = Channel::over(theirs);
        let (mut near, far) = UnixStream::pair().expect("a pair");
        ours.send(&Message::Socket("public".to_owned(), Holder::Us), Some(far.as_fd())).expect("sent");
        ours.send(&Message::End, None).expect("sent");
        drop(far);
        let (message, handle) = theirs.receive().expect("a message");
        assert_eq!(message, Message::Socket("public".to_owned(), Holder::Us));
        let mut far = UnixStream::from(handle.expect("a handle"));
        near.write_all(b"hello").expect("sent");
        let mut heard = [0; 5];
        far.read_exact(&mut heard).expect("it is the same socket");
        assert_eq!((&heard, theirs.receive().expect("a message").0), (b"hello", Message::End));
        theirs.send(&Message::Ready, None).expect("sent");
        assert_eq!(ours.receive().expect("a message").0, Message::Ready);
        drop(theirs);
        assert!(ours.receive().is_err(), "the other side is gone");
    }

    #[test]
    fn silence_has_a_limit() {
        let (ours, _theirs) = Channel::pair().expect("a pair");
        ours.limit(Duration::from_millis(20)).expect("an option");
        assert!(ours.receive().is_err());
    }
}
