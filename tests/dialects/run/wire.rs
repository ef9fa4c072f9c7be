//! A stage with everything on it: TLS, sockets, store, backend. Where no time has to
//! pass, the built program; where it has, the same gateway in this process, under a
//! clock that the transcript moves.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tollgate::clock::{Clock, ManualClock, Seconds, SystemClock};
use tollgate::config::files::{DiskFiles, Files};
use tollgate::config::load::{Context, load};
use tollgate::config::self_signed::ThrowAway;
use tollgate::gateway::{self, Parts, start};
use tollgate::random::{OsRandom, Random};
use tollgate::token::secret::Secret;
use tollgate::users::hash_password;

use crate::run::play::{Passage, Reply, Request, Stage};
use crate::run::tls;
use crate::run::transcript::{Fault, Transcript};
use crate::support::backend::{Backend, Seen};
use crate::support::example::Example;
use crate::support::gateway::{Folder, Gateway, finish, tollgate};

/// What the backend says.
const REACHED: &str = "reached";

/// A gateway with its backend.
pub struct Wire {
    gateway: Running,
    example: Example,
    backend: Backend,
    host: Option<&'static str>,
    issuer: Option<&'static str>,
}

enum Running {
    Program(Gateway),
    Inside { gateway: Box<gateway::Gateway>, folder: Folder, clock: Arc<ManualClock> },
}

/// Whose clock it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Time {
    /// The machine's.
    Real,
    /// The transcript's.
    Moved,
}

impl Time {
    /// What a transcript needs.
    pub fn of(transcript: &Transcript) -> Time {
        if transcript.needs_clock() { Time::Moved } else { Time::Real }
    }
}

/// A backend that says that it was reached.
pub fn backend() -> Backend {
    Backend::start(|_| format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{REACHED}", REACHED.len()).into_bytes())
}

impl Wire {
    /// Starts what the example says, in a folder of its own with the files of `beside`.
    pub fn start(example: Example, beside: &Path, backend: Backend, time: Time) -> Wire {
        let folder = Folder::new("dialects");
        for entry in std::fs::read_dir(beside).expect("the folder of the example") {
            let path = entry.expect("an entry").path();
            if path.is_file() {
                std::fs::copy(&path, folder.path().join(path.file_name().expect("a name"))).expect("a copy");
            }
        }
        std::fs::write(folder.path().join("gateway.yaml"), &example.yaml).expect("the configuration");
        let gateway = match time {
            Time::Real => Running::Program(Gateway::start_in(folder)),
            Time::Moved => inside(folder),
        };
        Wire { gateway, example, backend, host: None, issuer: None }
    }

    /// Asks another host than the transcripts say, behind which that issuer answers.
    pub fn asking(self, host: &'static str, issuer: &'static str) -> Wire {
        Wire { host: Some(host), issuer: Some(issuer), ..self }
    }

    fn folder(&self) -> &Path {
        match &self.gateway {
            Running::Program(gateway) => gateway.folder.path(),
            Running::Inside { folder, .. } => folder.path(),
        }
    }

    /// What the program has logged, as far as it is a program.
    pub fn logged(&self) -> String {
        match &self.gateway {
            Running::Program(gateway) => gateway.stderr() + &gateway.banner.join("\n"),
            Running::Inside { .. } => String::new(),
        }
    }

    /// Where the listener of that port in the shipped file really is.
    pub fn address(&self, port: u16) -> SocketAddr {
        let name = self.example.listeners.get(&port).unwrap_or_else(|| panic!("no listener on {port}"));
        match &self.gateway {
            Running::Program(gateway) => gateway.address(name),
            Running::Inside { gateway, .. } => gateway
                .doors
                .iter()
                .find(|(door, _)| **door == **name)
                .expect("the listener")
                .1
                .tcp()
                .expect("an address"),
        }
    }
}

fn inside(folder: Folder) -> Running {
    let clock = Arc::new(ManualClock::at(SystemClock.now()));
    let random = OsRandom::default();
    let files = Disk(folder.path().join("state"));
    let hash = |password: &Secret, random: &dyn Random| hash_password(password.expose(), random);
    let context =
        Context { now: clock.now(), random: &random, processors: 1, self_signed: &ThrowAway, hash_password: &hash };
    let snapshot = load(&folder.path().join("gateway.yaml"), &files, &context).unwrap_or_else(|p| panic!("{p}"));
    let parts = Parts { clock: Arc::clone(&clock) as Arc<dyn Clock>, random: Arc::new(OsRandom::default()) };
    let gateway = start(snapshot, &parts).unwrap_or_else(|error| panic!("{error}"));
    Running::Inside { gateway: Box::new(gateway), folder, clock }
}

/// The disk, with a state folder of the test's own.
struct Disk(PathBuf);

impl Files for Disk {
    fn read(&self, path: &Path, limit: usize) -> io::Result<Vec<u8>> {
        DiskFiles.read(path, limit)
    }

    fn variable(&self, name: &str) -> Option<String> {
        (name == "TOLLGATE_STATE").then(|| self.0.display().to_string())
    }
}

impl Stage for Wire {
    fn ask(&mut self, request: &Request) -> Reply {
        let before = self.backend.seen().len();
        let mut request = request.clone();
        request.host = self.host.map_or(request.host, str::to_owned);
        let (status, headers, body) = tls::ask(self.address(request.port), &request);
        let seen = self.backend.seen();
        let passage = match seen.get(before..) {
            Some([one]) => Passage::Seen(headers_of(one)),
            Some([]) | None => Passage::None,
            Some(more) => panic!("the backend saw one request several times: {more:?}"),
        };
        assert_eq!(matches!(passage, Passage::Seen(_)), body == REACHED, "{request:?}: {body}");
        Reply { status, headers, body, passage }
    }

    fn later(&mut self, seconds: u64) {
        match &self.gateway {
            Running::Program(_) => panic!("the program's clock cannot be moved"),
            Running::Inside { clock, .. } => clock.advance(Seconds(seconds)),
        }
    }

    fn fail(&mut self, fault: Fault) {
        panic!("{fault:?}: nothing fails here on request");
    }

    fn revoke(&mut self, user: &str) {
        let mut command = tollgate(self.folder(), &["token", "revoke", "--user", user]);
        command.args(self.issuer.iter().flat_map(|issuer| ["--issuer", issuer]));
        let (code, out, err) = finish(&mut command);
        assert_eq!(code, 0, "{out}{err}");
    }
}

fn headers_of(seen: &Seen) -> Vec<(String, String)> {
    let header = |line: &String| line.split_once(':').map(|(name, value)| (name.to_owned(), value.trim().to_owned()));
    seen.head[1..].iter().filter_map(header).collect()
}
