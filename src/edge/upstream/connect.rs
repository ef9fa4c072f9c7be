//! A TCP connection to a server by name. Names are resolved at every connect, off
//! the worker's thread, so a moved service is found without a reload.

use std::io;
use std::time::Duration;

use tokio::net::TcpStream;

use crate::edge::io::Socket;
use crate::edge::upstream::error::ForwardError;

/// Connects within `patience`, the resolution included.
pub async fn tcp(host: &str, port: u16, patience: Duration) -> Result<Socket, ForwardError> {
    let host = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
    match tokio::time::timeout(patience, TcpStream::connect((host, port))).await {
        Ok(Ok(stream)) => Ok(Socket::clear(stream)),
        Ok(Err(error)) if error.kind() == io::ErrorKind::TimedOut => Err(ForwardError::ConnectTimeout),
        Ok(Err(_)) => Err(ForwardError::Connect),
        Err(_) => Err(ForwardError::ConnectTimeout),
    }
}
