//! A caller that writes bytes and reads bytes, so that nothing between test and
//! gateway repairs anything.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

pub use crate::answer::{Answer, parse};

/// Longer than anything here takes; a test that hits it has hung.
const PATIENCE: Duration = Duration::from_secs(60);

/// Sends `bytes` on a connection of its own and reads everything that comes until the
/// gateway closes it.
pub async fn raw(to: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let exchange = async {
        let mut socket = TcpStream::connect(to).await.expect("connected");
        socket.write_all(bytes).await.expect("written");
        let mut said = Vec::new();
        let _ = socket.read_to_end(&mut said).await;
        said
    };
    tokio::time::timeout(PATIENCE, exchange).await.expect("answered in time")
}

/// Sends one request that asks for the connection to be closed, and reads its answer.
pub async fn ask(to: SocketAddr, head: &str, body: &[u8]) -> Answer {
    let mut bytes = format!("{}\r\nconnection: close\r\n\r\n", head.trim_end().replace('\n', "\r\n")).into_bytes();
    bytes.extend_from_slice(body);
    parse(&raw(to, &bytes).await)
}

/// Asks for a path with `GET`, with further header lines.
pub async fn get(to: SocketAddr, path: &str, lines: &str) -> Answer {
    ask(to, format!("GET {path} HTTP/1.1\nhost: api.test\n{lines}").trim_end(), b"").await
}
