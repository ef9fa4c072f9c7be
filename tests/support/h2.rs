//! A connection whose every byte is chosen: TLS with ALPN `h2`, frames as RFC 9113 §4.1
//! draws them, header blocks as RFC 7541 §6 does. Reading decodes the gateway's blocks
//! with somebody else's decoder.

use std::collections::VecDeque;
use std::fmt;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use rustls::{ClientConnection, StreamOwned};

use crate::support::tls::trusting;

/// Frame types (RFC 9113 §6).
pub const DATA: u8 = 0;
pub const HEADERS: u8 = 1;
pub const PRIORITY: u8 = 2;
pub const RST_STREAM: u8 = 3;
pub const SETTINGS: u8 = 4;
pub const PUSH_PROMISE: u8 = 5;
pub const PING: u8 = 6;
pub const GOAWAY: u8 = 7;
pub const WINDOW_UPDATE: u8 = 8;
pub const CONTINUATION: u8 = 9;

/// Flags.
pub const ACK: u8 = 1;
pub const END_STREAM: u8 = 1;
pub const END_HEADERS: u8 = 4;
pub const PADDED: u8 = 8;
pub const PRIORITIZED: u8 = 32;

/// What a client says first (RFC 9113 §3.4).
pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// How long a frame may take before a case fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// One frame as bytes.
pub fn frame(kind: u8, flags: u8, stream: u32, payload: impl AsRef<[u8]>) -> Vec<u8> {
    let payload = payload.as_ref();
    let length = u32::try_from(payload.len()).expect("a frame's length").to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// SETTINGS with these parameters.
pub fn settings(parameters: &[(u16, u32)]) -> Vec<u8> {
    let payload: Vec<u8> =
        parameters.iter().flat_map(|(id, value)| [&id.to_be_bytes()[..], &value.to_be_bytes()].concat()).collect();
    frame(SETTINGS, 0, 0, payload)
}

/// A literal field without indexing, its name new, nothing Huffman-coded (RFC 7541 §6.2.2).
pub fn field(name: &str, value: &str) -> Vec<u8> {
    let mut out = vec![0];
    for text in [name, value] {
        integer(7, 0, text.len(), &mut out);
        out.extend_from_slice(text.as_bytes());
    }
    out
}

/// An integer of RFC 7541 §5.1.
fn integer(bits: u32, first: u8, value: usize, out: &mut Vec<u8>) {
    let most = (1_usize << bits) - 1;
    if value < most {
        return out.push(first | value as u8);
    }
    out.push(first | most as u8);
    let mut rest = value - most;
    while rest >= 128 {
        out.push((rest % 128) as u8 | 128);
        rest /= 128;
    }
    out.push(rest as u8);
}

/// A block of such fields.
pub fn block(fields: &[(&str, &str)]) -> Vec<u8> {
    fields.iter().flat_map(|(name, value)| field(name, value)).collect()
}

/// A whole request's block, and what is added to it.
pub fn request(method: &str, more: &[(&str, &str)]) -> Vec<u8> {
    let own = [(":method", method), (":scheme", "https"), (":path", "/hello"), (":authority", "localhost")];
    [block(&own), block(more)].concat()
}

/// `GET /hello`, and what is added to its block.
pub fn get(more: &[(&str, &str)]) -> Vec<u8> {
    request("GET", more)
}

/// What the gateway said.
#[derive(Clone, PartialEq, Eq)]
pub enum Said {
    Head { stream: u32, fields: Vec<(String, String)>, last: bool },
    Data { stream: u32, bytes: Vec<u8>, last: bool },
    Reset { stream: u32, code: u32 },
    Goaway { last: u32, code: u32 },
    Settings(Vec<(u16, u32)>),
    SettingsAck,
    Pong(Vec<u8>),
    Ping(Vec<u8>),
    Window,
    Closed,
    Nothing,
}

impl fmt::Debug for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Said::Head { stream, fields, last } => write!(f, "HEADERS({stream}, {fields:?}, last: {last})"),
            Said::Data { stream, bytes, last } => write!(f, "DATA({stream}, {} bytes, last: {last})", bytes.len()),
            Said::Reset { stream, code } => write!(f, "RST_STREAM({stream}, {code})"),
            Said::Goaway { last, code } => write!(f, "GOAWAY({last}, {code})"),
            Said::Settings(parameters) => write!(f, "SETTINGS({parameters:?})"),
            Said::SettingsAck => f.write_str("SETTINGS(ACK)"),
            Said::Pong(_) => f.write_str("PING(ACK)"),
            Said::Ping(_) => f.write_str("PING"),
            Said::Window => f.write_str("WINDOW_UPDATE"),
            Said::Closed => f.write_str("the end of the connection"),
            Said::Nothing => f.write_str("nothing in time"),
        }
    }
}

/// What frames travel in.
enum Link {
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
    /// By prior knowledge (RFC 9113 §3.3).
    Clear(TcpStream),
}

impl Link {
    fn socket(&self) -> &TcpStream {
        match self {
            Link::Tls(tls) => &tls.sock,
            Link::Clear(socket) => socket,
        }
    }

    fn send(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        match self {
            Link::Tls(tls) => tls.write_all(bytes).and_then(|()| tls.flush()),
            Link::Clear(socket) => socket.write_all(bytes),
        }
    }

    fn read(&mut self, piece: &mut [u8]) -> std::io::Result<usize> {
        match self {
            Link::Tls(tls) => tls.read(piece),
            Link::Clear(socket) => socket.read(piece),
        }
    }
}

/// A connection to the gateway.
pub struct Wire {
    link: Link,
    read: VecDeque<u8>,
    decoder: hpack::Decoder<'static>,
    head: Option<(u32, bool, Vec<u8>)>,
}

impl Wire {
    /// Connects, and says nothing.
    pub fn silent(address: SocketAddr) -> Wire {
        let name = ServerName::try_from("localhost").expect("a name");
        let session = ClientConnection::new(Arc::new(trusting(&[b"h2"])), name).expect("a session");
        Wire::over(Link::Tls(Box::new(StreamOwned::new(session, connect(address)))))
    }

    /// The same in clear text.
    pub fn silent_in_clear(address: SocketAddr) -> Wire {
        Wire::over(Link::Clear(connect(address)))
    }

    fn over(link: Link) -> Wire {
        Wire { link, read: VecDeque::new(), decoder: hpack::Decoder::new(), head: None }
    }

    /// Connects and brings the greeting behind it, with these settings of ours.
    pub fn greeted(address: SocketAddr, parameters: &[(u16, u32)]) -> Wire {
        Wire::silent(address).greeting(parameters)
    }

    /// The same in clear text.
    pub fn greeted_in_clear(address: SocketAddr, parameters: &[(u16, u32)]) -> Wire {
        Wire::silent_in_clear(address).greeting(parameters)
    }

    fn greeting(mut self, parameters: &[(u16, u32)]) -> Wire {
        let wire = &mut self;
        wire.send(&[PREFACE.to_vec(), settings(parameters)].concat());
        let (mut settled, mut acknowledged) = (false, false);
        while !(settled && acknowledged) {
            match wire.hear() {
                Said::Settings(_) => settled = true,
                Said::SettingsAck => acknowledged = true,
                Said::Window => {}
                other => panic!("no greeting but {other:?}"),
            }
        }
        wire.send(&frame(SETTINGS, ACK, 0, []));
        self
    }

    /// From here on `hear` waits for so long only.
    pub fn be_patient_for(&mut self, span: Duration) {
        self.link.socket().set_read_timeout(Some(span)).expect("a time limit");
    }

    /// Sends bytes; whether the other side still takes them is found by hearing.
    pub fn send(&mut self, bytes: &[u8]) -> bool {
        self.link.send(bytes).is_ok()
    }

    /// Sends bytes to whom may have hung up.
    pub fn say(&mut self, bytes: &[u8]) {
        let _ = self.send(bytes);
    }

    /// The next thing that is said.
    pub fn hear(&mut self) -> Said {
        loop {
            if let Some(said) = self.next() {
                return said;
            }
            let mut piece = [0; 16 * 1024];
            match self.link.read(&mut piece) {
                Ok(0) => return Said::Closed,
                Ok(count) => self.read.extend(&piece[..count]),
                Err(error) if matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut) => {
                    return Said::Nothing;
                }
                Err(_) => return Said::Closed,
            }
        }
    }

    fn next(&mut self) -> Option<Said> {
        let bytes = self.read.make_contiguous();
        let header: [u8; 9] = bytes.get(..9)?.try_into().expect("nine bytes");
        let length = u32::from_be_bytes([0, header[0], header[1], header[2]]) as usize;
        let payload = bytes.get(9..9 + length)?.to_vec();
        self.read.drain(..9 + length);
        let stream = number(&header[5..9]) & 0x7FFF_FFFF;
        self.understood(header[3], header[4], stream, payload)
    }

    fn understood(&mut self, kind: u8, flags: u8, stream: u32, payload: Vec<u8>) -> Option<Said> {
        let last = flags & END_STREAM != 0;
        Some(match kind {
            DATA => Said::Data { stream, bytes: payload, last },
            HEADERS | CONTINUATION => {
                let (stream, last, mut whole) = self.head.take().unwrap_or((stream, last, Vec::new()));
                whole.extend(payload);
                if flags & END_HEADERS == 0 {
                    self.head = Some((stream, last, whole));
                    return None;
                }
                let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
                let fields = self.decoder.decode(&whole).expect("a header block");
                let fields = fields.into_iter().map(|(name, value)| (text(name), text(value))).collect();
                Said::Head { stream, fields, last }
            }
            RST_STREAM => Said::Reset { stream, code: number(&payload) },
            GOAWAY => Said::Goaway { last: number(&payload[..4]), code: number(&payload[4..8]) },
            SETTINGS if flags & ACK != 0 => Said::SettingsAck,
            SETTINGS => Said::Settings(
                payload.chunks(6).map(|six| (u16::from_be_bytes([six[0], six[1]]), number(&six[2..]))).collect(),
            ),
            PING if flags & ACK != 0 => Said::Pong(payload),
            PING => Said::Ping(payload),
            WINDOW_UPDATE => Said::Window,
            other => panic!("a frame of type {other} from a server"),
        })
    }
}

fn connect(address: SocketAddr) -> TcpStream {
    let socket = TcpStream::connect(address).expect("connected");
    socket.set_read_timeout(Some(PATIENCE)).expect("a time limit");
    socket.set_write_timeout(Some(PATIENCE)).expect("a time limit");
    socket
}

fn number(bytes: &[u8]) -> u32 {
    bytes.iter().take(4).fold(0, |sum, byte| sum << 8 | u32::from(*byte))
}
