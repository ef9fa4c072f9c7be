//! TERM while everything is busy: what was sent is answered, then the process ends
//! well. The crowd counts; nothing it sent may be missing.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use crate::authority::Authority;
use crate::crowd::{Crowd, Manner};
use crate::support::backend::Backend;
use crate::support::gateway::{Folder, Gateway};
use crate::support::yaml::standard;

/// Requests in flight of each slow kind when the end is asked for.
const SLOW: usize = 25;

/// A gate that holds the backend's answers to `/open/hold`, and counts who waits.
#[derive(Default)]
struct Gate {
    state: Mutex<(usize, bool)>,
    moved: Condvar,
}

impl Gate {
    fn pass(&self) {
        let mut state = self.state.lock().expect("not poisoned");
        state.0 += 1;
        self.moved.notify_all();
        while !state.1 {
            state = self.moved.wait(state).expect("not poisoned");
        }
    }

    fn wait_for(&self, waiting: usize) {
        let mut state = self.state.lock().expect("not poisoned");
        while state.0 < waiting {
            state = self.moved.wait_timeout(state, Duration::from_secs(20)).expect("not poisoned").0;
        }
    }

    fn open(&self) {
        self.state.lock().expect("not poisoned").1 = true;
        self.moved.notify_all();
    }
}

/// A request of which the first part is sent.
fn begun(address: SocketAddr, bytes: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(address).expect("the door is open");
    stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a deadline");
    stream.write_all(bytes).expect("sent");
    stream
}

fn rest(mut stream: TcpStream) -> String {
    let mut text = String::new();
    stream.read_to_string(&mut text).expect("an answer, then the end");
    text
}

#[test]
fn term_under_load_fails_no_request() {
    let gate = Arc::new(Gate::default());
    let behind = Arc::clone(&gate);
    let backend = Backend::start(move |seen| {
        if seen.head[0].contains("/hold") {
            behind.pass();
        }
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok".to_vec()
    });
    let authority = Authority::new("roots of the test");
    let folder = Folder::new("term");
    authority.issue("localhost", &["localhost"]).write(folder.path());
    let yaml = standard(&backend.url())
        .replace("tls: self-signed", "tls: { certificates: [{ cert: tls.crt, key: tls.key }] }");
    std::fs::write(folder.path().join("gateway.yaml"), yaml).expect("the configuration");
    let gateway = Gateway::start_in(folder);
    let (clear, public) = (gateway.address("clear"), gateway.address("public"));

    let crowds = [
        Crowd::gather(8, &Manner::Faithful, clear, "/open/x"),
        Crowd::gather(4, &Manner::Fleeting, clear, "/open/x"),
        Crowd::gather(4, &Manner::Secure(authority.client(None)), public, "/open/x"),
    ];
    let held: Vec<_> = (0..SLOW).map(|_| begun(clear, b"GET /open/hold HTTP/1.1\r\nHost: a\r\n\r\n")).collect();
    let head = b"POST /open/x HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello";
    let uploads: Vec<_> = (0..SLOW).map(|_| begun(clear, head)).collect();
    let heads: Vec<_> = (0..SLOW).map(|_| begun(clear, b"GET /open/x HTTP/1.1\r\nHo")).collect();
    gate.wait_for(SLOW);
    crowds.iter().for_each(|crowd| crowd.wait_for(200));

    gateway.signal("TERM");
    for crowd in crowds {
        let answered = crowd.answered();
        let faults = crowd.faults();
        assert!(faults.is_empty(), "after {answered} answers: {faults:#?}");
    }
    // The doors are closed by now, for the crowd was refused; what had begun goes on.
    for (mut stream, more) in
        uploads.into_iter().map(|s| (s, &b"world"[..])).chain(heads.into_iter().map(|s| (s, &b"st: a\r\n\r\n"[..])))
    {
        stream.write_all(more).expect("still read");
        assert!(rest(stream).starts_with("HTTP/1.1 200"));
    }
    gate.open();
    for stream in held {
        assert!(rest(stream).starts_with("HTTP/1.1 200"));
    }
    let (code, _folder) = gateway.wait();
    assert_eq!(code, Some(0), "a graceful end");
}
