//! Takes the header of the PROXY protocol from the front of a connection. The bytes
//! are looked at before they are taken, so that not one of the caller's own is: what
//! follows is TLS or HTTP as if the header had never been there.
//! Must never: wait longer, or look at more, than its bounds.

use std::io;
use std::time::Duration;

use rustix::net::{RecvFlags, recv};

use crate::edge::listen::plug::Plug;
use crate::edge::listen::proxy_protocol::header::{MAX_BYTES, Reading, Source, read};

/// How long the whole header may take. Proxies send it as the first thing.
pub const TIME: Duration = Duration::from_secs(3);

/// What a connection began with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Received {
    /// A header.
    Header(Source),
    /// Something else, of which nothing was taken.
    Nothing,
}

/// Why no header could be taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// It is malformed.
    Malformed,
    /// It did not come in time, or the other side left.
    Missing,
}

/// Takes a header if there is one.
pub async fn receive(stream: &Plug) -> Result<Received, Fault> {
    tokio::time::timeout(TIME, take(stream)).await.unwrap_or(Err(Fault::Missing))
}

async fn take(stream: &Plug) -> Result<Received, Fault> {
    let mut space = [0; MAX_BYTES];
    let mut seen = 0;
    loop {
        let count = look(stream, &mut space, seen).await.map_err(|_| Fault::Missing)?;
        if count <= seen {
            return Err(Fault::Missing);
        }
        seen = count;
        match read(&space[..seen]) {
            // No header is longer than the space, so an incomplete one always fits.
            Reading::Incomplete(_) => {}
            Reading::Absent => return Ok(Received::Nothing),
            Reading::Malformed => return Err(Fault::Malformed),
            Reading::Whole(length, source) => {
                drop_front(stream, &mut space[..length]).map_err(|_| Fault::Missing)?;
                return Ok(Received::Header(source));
            }
        }
    }
}

/// Waits until more than `known` bytes are there, or the other side has closed, and
/// copies them without taking them; returns how many there are.
async fn look(stream: &Plug, space: &mut [u8], known: usize) -> io::Result<usize> {
    loop {
        stream.readable().await?;
        let looked = stream.try_read_by(|socket| match recv(socket, &mut *space, RecvFlags::PEEK) {
            // Only what is known: to the runtime that is as good as nothing, and it
            // waits for the next arrival. At the end of a stream there is none.
            Ok((count, _)) if count == known && known > 0 && !ended(socket)? => Err(io::ErrorKind::WouldBlock.into()),
            Ok((count, _)) => Ok(count),
            Err(error) => Err(error.into()),
        });
        match looked {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            looked => return looked,
        }
    }
}

/// Whether the other side has closed behind the bytes that are there.
fn ended(socket: std::os::fd::BorrowedFd<'_>) -> io::Result<bool> {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let mut watched = [PollFd::new(&socket, PollFlags::RDHUP)];
    poll(&mut watched, Some(&Timespec::default()))?;
    Ok(watched[0].revents().intersects(PollFlags::RDHUP | PollFlags::HUP | PollFlags::ERR))
}

/// Takes what was looked at. It is there, so this neither waits nor falls short.
fn drop_front(stream: &Plug, front: &mut [u8]) -> io::Result<()> {
    let length = front.len();
    let taken = stream.try_read_by(|socket| Ok(recv(socket, front, RecvFlags::empty())?.0))?;
    if taken == length { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}
