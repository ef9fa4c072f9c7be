//! Callers who never rest, and who notice every request that was sent and not
//! answered. Being refused a connection is no such request; being cut off is.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustls::{ClientConfig, ClientConnection, StreamOwned};
use rustls_pki_types::ServerName;

/// After this an answer has not come.
const PATIENCE: Duration = Duration::from_secs(60);

/// How a member of the crowd calls.
#[derive(Clone)]
pub enum Manner {
    /// One clear connection for as long as the other side keeps it.
    Faithful,
    /// A clear connection for each request.
    Fleeting,
    /// A TLS connection, and so a handshake, for each request.
    Secure(Arc<ClientConfig>),
}

/// A crowd that calls until it is told to stop, or is refused.
pub struct Crowd {
    stop: Arc<AtomicBool>,
    answered: Arc<AtomicUsize>,
    members: Vec<JoinHandle<Vec<String>>>,
}

impl Crowd {
    /// `size` members who ask for `path` at `address`.
    pub fn gather(size: usize, manner: &Manner, address: SocketAddr, path: &'static str) -> Crowd {
        let (stop, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let member = |_| {
            let (manner, stop, answered) = (manner.clone(), Arc::clone(&stop), Arc::clone(&answered));
            std::thread::spawn(move || Member { manner, address, path, stop, answered, faults: Vec::new() }.live())
        };
        let members = (0..size).map(member).collect();
        Crowd { stop, answered, members }
    }

    /// Requests that were answered so far.
    pub fn answered(&self) -> usize {
        self.answered.load(Ordering::SeqCst)
    }

    /// Waits until `more` further requests were answered.
    pub fn wait_for(&self, more: usize) {
        let (begun, goal) = (Instant::now(), self.answered() + more);
        while self.answered() < goal {
            assert!(begun.elapsed() < PATIENCE, "the crowd got {} of {goal} answers", self.answered());
            std::thread::park_timeout(Duration::from_millis(1));
        }
    }

    /// Ends it; returns what went wrong.
    pub fn disperse(self) -> Vec<String> {
        self.stop.store(true, Ordering::SeqCst);
        self.faults()
    }

    /// Waits until everybody was refused or told to stop; returns what went wrong.
    pub fn faults(self) -> Vec<String> {
        self.members.into_iter().flat_map(|member| member.join().expect("no panic")).collect()
    }
}

struct Member {
    manner: Manner,
    address: SocketAddr,
    path: &'static str,
    stop: Arc<AtomicBool>,
    answered: Arc<AtomicUsize>,
    faults: Vec<String>,
}

/// Whether a connection goes on after an answer.
#[derive(PartialEq, Eq)]
enum After {
    Open,
    Closed,
}

impl Member {
    fn live(mut self) -> Vec<String> {
        // A few faults tell as much as all of them.
        while !self.stop.load(Ordering::SeqCst) && self.faults.len() < 3 {
            let stream = match TcpStream::connect(self.address) {
                Ok(stream) => stream,
                Err(error) if error.kind() == ErrorKind::ConnectionRefused => break,
                Err(error) => {
                    self.faults.push(format!("connecting: {error}"));
                    continue;
                }
            };
            stream.set_read_timeout(Some(PATIENCE)).and_then(|()| stream.set_nodelay(true)).expect("options");
            let outcome = match &self.manner {
                Manner::Secure(config) => {
                    let name = ServerName::try_from("localhost").expect("a name");
                    let session = ClientConnection::new(Arc::clone(config), name).expect("a session");
                    self.talk(&mut StreamOwned::new(session, stream))
                }
                Manner::Faithful | Manner::Fleeting => self.talk(&mut { stream }),
            };
            if let Err(fault) = outcome {
                self.faults.push(fault);
            }
        }
        self.faults
    }

    /// Requests on one connection.
    fn talk<S: Read + Write>(&self, stream: &mut S) -> Result<(), String> {
        let last = if matches!(self.manner, Manner::Faithful) { "" } else { "Connection: close\r\n" };
        let request = format!("GET {} HTTP/1.1\r\nHost: localhost\r\n{last}\r\n", self.path);
        for turn in 0.. {
            let at = |what: &str, error: &dyn std::fmt::Display| format!("request {turn}: {what}: {error}");
            stream.write_all(request.as_bytes()).map_err(|error| at("sending", &error))?;
            let after = answer(stream).map_err(|error| at("answer", &error))?;
            self.answered.fetch_add(1, Ordering::SeqCst);
            if after == After::Closed || self.stop.load(Ordering::SeqCst) {
                break;
            }
        }
        Ok(())
    }
}

/// One answer of stated length, which must be good.
fn answer(stream: &mut impl Read) -> Result<After, String> {
    let mut bytes = Vec::new();
    let mut space = [0; 4096];
    loop {
        match stream.read(&mut space) {
            Ok(0) => return Err(format!("it ends after {} bytes", bytes.len())),
            Ok(count) => bytes.extend_from_slice(&space[..count]),
            Err(error) => return Err(format!("{error} after {} bytes", bytes.len())),
        }
        let text = String::from_utf8_lossy(&bytes).to_ascii_lowercase();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        if !head.starts_with("http/1.1 200") {
            return Err(format!("it is {:?}", head.lines().next()));
        }
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
        if body.len() >= length.ok_or("it has no length")? {
            let closes = head.contains("connection: close");
            return Ok(if closes { After::Closed } else { After::Open });
        }
    }
}
