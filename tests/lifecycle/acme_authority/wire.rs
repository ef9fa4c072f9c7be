//! HTTP over TLS, one request a connection: enough for a client that closes after each.

use std::io::{Read, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::acme_authority::Shared;

/// Bytes of a request at most.
const MAX_REQUEST: usize = 1 << 16;

/// A request.
pub struct Asked {
    /// The method.
    pub method: String,
    /// The path.
    pub path: String,
    /// The body.
    pub body: String,
}

/// An answer.
pub struct Told {
    /// The status.
    pub status: u16,
    /// Further header lines.
    pub lines: String,
    /// The body.
    pub body: String,
}

/// Serves until the process ends.
pub fn serve(listener: TcpListener, config: Arc<ServerConfig>, shared: Arc<Shared>) {
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (config, shared) = (Arc::clone(&config), Arc::clone(&shared));
            std::thread::spawn(move || one(stream, config, &shared));
        }
    });
}

fn one(stream: TcpStream, config: Arc<ServerConfig>, shared: &Arc<Shared>) {
    let _ = stream.set_read_timeout(Some(Duration::from_secs(60)));
    let Ok(session) = ServerConnection::new(config) else { return };
    let mut stream = StreamOwned::new(session, stream);
    let Some(asked) = read(&mut stream) else { return };
    let Told { status, lines, body } = shared.answer(&asked);
    let length = if asked.method == "HEAD" { 0 } else { body.len() };
    let nonce = shared.nonce();
    let head = format!(
        "HTTP/1.1 {status} X\r\nReplay-Nonce: {nonce}\r\nContent-Length: {length}\r\nConnection: close\r\n{lines}\r\n"
    );
    let _ = stream.write_all(head.as_bytes());
    let _ = stream.write_all(&body.as_bytes()[..length]);
    stream.conn.send_close_notify();
    let _ = stream.flush();
}

fn read(stream: &mut impl Read) -> Option<Asked> {
    let mut bytes = Vec::new();
    let mut space = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let mut words = head.split(' ');
            let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
            let lower = head.to_ascii_lowercase();
            let length = lower.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
            if body.len() >= length.unwrap_or(0) {
                return Some(Asked { method, path, body: body.to_owned() });
            }
        }
        match stream.read(&mut space) {
            Ok(0) | Err(_) => return None,
            Ok(_) if bytes.len() > MAX_REQUEST => return None,
            Ok(count) => bytes.extend_from_slice(&space[..count]),
        }
    }
}
