//! A server that can be told to fail, to hold its answers back, to die and to come back
//! on the same port. It answers each request with its own name.

use std::io::{BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU16, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};

use crate::support::port;

/// What a server does and what has come to it.
#[derive(Default)]
pub struct Mood {
    name: String,
    /// The status of ordinary answers; 0: the connection is closed instead.
    pub status: AtomicU16,
    /// The status of answers to `/healthz`.
    pub health: AtomicU16,
    /// Ordinary requests.
    pub hits: AtomicUsize,
    /// Requests to `/healthz`.
    pub checks: AtomicUsize,
    /// Connections now.
    pub open: AtomicUsize,
    /// Requests to `/hold` that wait.
    pub held: AtomicUsize,
    /// The head of the last ordinary request.
    pub last: Mutex<String>,
    released: Mutex<bool>,
    bell: Condvar,
}

impl Mood {
    /// A server called `name` that is well.
    pub fn new(name: &str) -> Arc<Mood> {
        let well = AtomicU16::new(200);
        Arc::new(Mood { name: name.to_owned(), status: well, health: AtomicU16::new(200), ..Mood::default() })
    }

    /// Lets go every request to `/hold`, now and later.
    pub fn release(&self) {
        *self.released.lock().expect("unpoisoned") = true;
        self.bell.notify_all();
    }

    /// Ordinary requests so far.
    pub fn hits(&self) -> usize {
        self.hits.load(Ordering::SeqCst)
    }

    /// Answers requests from `stream` until it ends.
    pub fn serve(&self, stream: impl Read + Write) {
        let mut stream = BufReader::new(stream);
        while let Some(head) = read_head(&mut stream) {
            let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
            let status = if path == "/healthz" {
                self.checks.fetch_add(1, Ordering::SeqCst);
                self.health.load(Ordering::SeqCst)
            } else {
                self.hits.fetch_add(1, Ordering::SeqCst);
                *self.last.lock().expect("unpoisoned") = head.clone();
                self.status.load(Ordering::SeqCst)
            };
            if path == "/hold" {
                self.hold();
            }
            if path == "/trickle" {
                return trickle(stream.get_mut());
            }
            let body = &self.name;
            let answer = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n\r\n{body}", body.len());
            if status == 0 || stream.get_mut().write_all(answer.as_bytes()).is_err() {
                return;
            }
            if stream.get_mut().flush().is_err() {
                return;
            }
        }
    }

    fn hold(&self) {
        self.held.fetch_add(1, Ordering::SeqCst);
        let released = self.released.lock().expect("unpoisoned");
        drop(self.bell.wait_while(released, |released| !*released).expect("unpoisoned"));
        self.held.fetch_sub(1, Ordering::SeqCst);
    }
}

/// An answer that never ends, a byte at a time.
fn trickle(stream: &mut impl Write) {
    let pause = || std::sync::mpsc::channel::<()>().1.recv_timeout(std::time::Duration::from_millis(20)).is_ok();
    let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
    while stream.write_all(b"1\r\nx\r\n").and_then(|()| stream.flush()).is_ok() {
        pause();
    }
}

fn read_head(stream: &mut impl std::io::BufRead) -> Option<String> {
    let mut head = String::new();
    loop {
        let before = head.len();
        if stream.read_line(&mut head).ok()? == 0 {
            return None;
        }
        if head[before..].trim_end().is_empty() {
            break;
        }
    }
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<u64>().ok())?
    });
    std::io::copy(&mut stream.take(length.unwrap_or(0)), &mut std::io::sink()).ok()?;
    Some(head)
}

/// A server on a port.
pub struct Server {
    pub address: SocketAddr,
    pub mood: Arc<Mood>,
    stopping: Arc<AtomicBool>,
    streams: Arc<Mutex<Vec<TcpStream>>>,
    acceptor: Option<std::thread::JoinHandle<()>>,
}

impl Server {
    /// A server called `name`, on a port that stays its own while it is dead.
    pub fn start(name: &str) -> Server {
        Server::on(port::own(), Mood::new(name))
    }

    /// A server on that address.
    pub fn on(address: SocketAddr, mood: Arc<Mood>) -> Server {
        let listener = TcpListener::bind(address).expect("a port");
        let address = listener.local_addr().expect("an address");
        let stopping = Arc::new(AtomicBool::new(false));
        let streams: Arc<Mutex<Vec<TcpStream>>> = Arc::default();
        let (stop, known, shared) = (Arc::clone(&stopping), Arc::clone(&streams), Arc::clone(&mood));
        let acceptor = std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if stop.load(Ordering::SeqCst) {
                    return;
                }
                let _ = stream.set_nodelay(true);
                known.lock().expect("unpoisoned").push(stream.try_clone().expect("a handle"));
                let mood = Arc::clone(&shared);
                std::thread::spawn(move || {
                    mood.open.fetch_add(1, Ordering::SeqCst);
                    mood.serve(&stream);
                    let _ = stream.shutdown(Shutdown::Both);
                    mood.open.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        Server { address, mood, stopping, streams, acceptor: Some(acceptor) }
    }

    /// `http://HOST:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Ends like a process that is killed: nobody listens, and every connection is cut.
    pub fn kill(&mut self) {
        let Some(acceptor) = self.acceptor.take() else { return };
        self.stopping.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
        acceptor.join().expect("the acceptor");
        for stream in self.streams.lock().expect("unpoisoned").drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// The same server again, on the same port.
    pub fn revive(mut self) -> Server {
        self.kill();
        Server::on(self.address, Arc::clone(&self.mood))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.mood.release();
        self.kill();
    }
}

/// Serves a socket in the file system until the process ends.
pub fn serve_unix(path: &Path, mood: Arc<Mood>) {
    let listener = UnixListener::bind(path).expect("a socket");
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mood = Arc::clone(&mood);
            std::thread::spawn(move || mood.serve(&stream));
        }
    });
}
