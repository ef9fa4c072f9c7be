//! What follows a `101 Switching Protocols`: bytes, both ways, until both sides have
//! ended or one fails. Nothing in them is looked at.
//! Must never: begin without an answer that agreed to it.

use std::io;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};

use crate::edge::upstream::pool::Lease;

/// The backend's end of a tunnel. An answer carries it in its extensions.
#[derive(Debug)]
pub struct Far {
    /// The connection to it, no longer of any use to its pool.
    pub lease: Lease,
}

/// Carries bytes between a caller and a backend until both have ended.
pub async fn run<N>(mut near: N, mut far: Far) -> io::Result<(u64, u64)>
where
    N: AsyncRead + AsyncWrite + Unpin,
{
    let (early, stream) = far.lease.link().into_tunnel();
    near.write_all(&early).await?;
    near.flush().await?;
    tokio::io::copy_bidirectional(&mut near, stream).await
}
