//! Callers over HTTP/2 while the process changes: its end, a new program, new
//! certificates. They notice every request that was sent and not answered; being told to
//! leave (GOAWAY) is no such thing.

use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use h2::Reason;
use h2::client::SendRequest;
use http::Request;
use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;

use crate::authority::Authority;
use crate::succession::Orphan;
use crate::support::backend::Backend;
use crate::support::gateway::{Folder, Gateway};
use crate::support::http::until;
use crate::support::tls::trusting;
use crate::support::yaml::standard;

/// Connections, and streams of each at once.
const CROWD: (usize, usize) = (6, 8);
/// After this an answer has not come.
const PATIENCE: Duration = Duration::from_secs(60);

/// How they fared.
#[derive(Default)]
struct Tally {
    answered: AtomicUsize,
    /// Requests that the gateway has not begun and says so: sent again, as RFC 9113 §8.7 and
    /// §6.8 allow.
    again: AtomicUsize,
    stop: AtomicBool,
}

/// Where they knock.
#[derive(Clone, Copy)]
enum Door {
    Secure(SocketAddr),
    Clear(SocketAddr),
}

/// What a door that lets nobody in means to them.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shut {
    /// The end.
    End,
    /// A fault.
    Fault,
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

impl Door {
    /// A connection; `None`: nobody is let in.
    async fn enter(self) -> Option<Result<Box<dyn Stream>, String>> {
        match self {
            Door::Clear(address) => TcpStream::connect(address).await.ok().map(|socket| Ok(Box::new(socket) as _)),
            Door::Secure(address) => {
                let socket = TcpStream::connect(address).await.ok()?;
                let name = ServerName::try_from("localhost").expect("a name");
                let tls = TlsConnector::from(Arc::new(trusting(&[b"h2"]))).connect(name, socket).await;
                Some(tls.map(|tls| Box::new(tls) as _).map_err(|error| format!("handshake: {error}")))
            }
        }
    }

    fn scheme(self) -> &'static str {
        match self {
            Door::Secure(_) => "https",
            Door::Clear(_) => "http",
        }
    }
}

impl Tally {
    fn wait_for(&self, more: usize) {
        let goal = self.answered.load(Ordering::SeqCst) + more;
        until("answers", || self.answered.load(Ordering::SeqCst) >= goal);
    }

    fn stops(&self) -> bool {
        self.stop.load(Ordering::SeqCst)
    }
}

/// Asks over one connection after the other, until nobody lets it in.
async fn member(door: Door, shut: Shut, tally: Arc<Tally>) -> Vec<String> {
    let mut faults = Vec::new();
    while !tally.stops() && faults.len() < 3 {
        let stream = match door.enter().await {
            Some(Ok(stream)) => stream,
            None if shut == Shut::End => break,
            None => {
                faults.push("nobody listens".to_owned());
                continue;
            }
            Some(Err(error)) => {
                faults.push(error);
                continue;
            }
        };
        let Ok((sender, connection)) = h2::client::handshake(stream).await else { continue };
        let moves = tokio::spawn(async move { drop(connection.await) });
        let mut streams = JoinSet::new();
        for _ in 0..CROWD.1 {
            streams.spawn(ask(sender.clone(), door.scheme(), Arc::clone(&tally)));
        }
        drop(sender);
        faults.extend(streams.join_all().await.into_iter().flatten());
        moves.abort();
    }
    faults
}

/// One request after the other, as long as the connection takes them; what went wrong.
async fn ask(mut sender: SendRequest<Bytes>, scheme: &'static str, tally: Arc<Tally>) -> Option<String> {
    for turn in 0.. {
        // Who is told to leave finds no room for a request more.
        sender = sender.ready().await.ok()?;
        let request = Request::get(format!("{scheme}://localhost/open/x")).body(()).expect("a request");
        let (answer, _) = sender.send_request(request, true).ok()?;
        let whole = async {
            let answer = answer.await?;
            let status = answer.status();
            let mut body = answer.into_body();
            while let Some(piece) = body.data().await {
                let length = piece?.len();
                let _ = body.flow_control().release_capacity(length);
            }
            Ok::<_, h2::Error>(status)
        };
        match tokio::time::timeout(PATIENCE, whole).await {
            Ok(Ok(status)) if status == 200 => tally.answered.fetch_add(1, Ordering::SeqCst),
            Ok(Ok(status)) => return Some(format!("request {turn}: {status}")),
            // Nothing was done: the next connection asks again.
            Ok(Err(error)) if was_not_begun(&error) => {
                tally.again.fetch_add(1, Ordering::SeqCst);
                return None;
            }
            Ok(Err(error)) => return Some(format!("request {turn}: {error}")),
            Err(_) => return Some(format!("request {turn}: no answer")),
        };
        if tally.stops() {
            return None;
        }
    }
    None
}

/// Whether the request is above the last stream that GOAWAY names (RFC 9113 §6.8), or was
/// refused before anything was done (§8.7).
fn was_not_begun(error: &h2::Error) -> bool {
    error.is_go_away() && error.reason() == Some(Reason::NO_ERROR)
        || error.is_reset() && error.reason() == Some(Reason::REFUSED_STREAM)
}

struct Crowd {
    tally: Arc<Tally>,
    members: JoinSet<Vec<String>>,
}

fn gather(runtime: &Runtime, door: Door, shut: Shut) -> Crowd {
    let (tally, mut members) = (Arc::<Tally>::default(), JoinSet::new());
    for _ in 0..CROWD.0 {
        members.spawn_on(member(door, shut, Arc::clone(&tally)), runtime.handle());
    }
    Crowd { tally, members }
}

impl Crowd {
    fn faults(self, runtime: &Runtime) -> Vec<String> {
        runtime.block_on(self.members.join_all()).into_iter().flatten().collect()
    }
}

#[test]
fn term_under_http2_load_fails_no_request() {
    let (backend, runtime) = (Backend::ok(), Runtime::new().expect("a runtime"));
    let gateway = Gateway::start("term-h2", &standard(&backend.url()));
    let crowd = gather(&runtime, Door::Secure(gateway.address("public")), Shut::End);
    crowd.tally.wait_for(500);
    gateway.signal("TERM");
    let tally = Arc::clone(&crowd.tally);
    let faults = crowd.faults(&runtime);
    assert!(faults.is_empty(), "after {} answers: {faults:#?}", tally.answered.load(Ordering::SeqCst));
    assert_eq!(gateway.wait().0, Some(0), "a graceful end");
}

#[test]
fn a_new_program_takes_over_under_http2_load_and_no_request_fails() {
    let (backend, runtime) = (Backend::ok(), Runtime::new().expect("a runtime"));
    let authority = Authority::new("roots of the test");
    let folder = Folder::new("succession-h2");
    authority.issue("localhost", &["localhost"]).write(folder.path());
    let yaml = standard(&backend.url())
        .replace("tls: self-signed", "tls: { certificates: [{ cert: tls.crt, key: tls.key }] }")
        .replace("store:", "runtime: { workers: 2 }\nstore:");
    std::fs::write(folder.path().join("gateway.yaml"), yaml).expect("the configuration");
    let mut gateway = Gateway::start_in(folder);
    let doors = [Door::Secure(gateway.address("public")), Door::Clear(gateway.address("clear"))];
    let crowds = doors.map(|door| gather(&runtime, door, Shut::Fault));
    let all_get_answers = || crowds.iter().for_each(|crowd| crowd.tally.wait_for(300));
    all_get_answers();
    // Twice: the second program has inherited what it hands on.
    let mut last = Orphan::of(gateway.pid());
    for _ in 0..2 {
        last.signal("USR2");
        gateway.next_banner();
        all_get_answers();
        // Its end under load: everybody was told to leave, and left for the next one.
        last.wait();
        last = Orphan::owner_of(gateway.folder.path(), last.id());
        all_get_answers();
    }
    for crowd in crowds {
        crowd.tally.stop.store(true, Ordering::SeqCst);
        let tally = Arc::clone(&crowd.tally);
        let faults = crowd.faults(&runtime);
        let (answered, again) = (tally.answered.load(Ordering::SeqCst), tally.again.load(Ordering::SeqCst));
        println!("{answered} answers, {again} requests sent again");
        assert!(faults.is_empty(), "after {answered} answers: {faults:#?}");
    }
    assert_eq!(gateway.wait_for_end(), Some(0), "the first one ended well");
    last.end();
}

#[test]
fn certificates_change_under_http2_load() {
    let authority = Authority::new("roots of the test");
    let (folder, runtime) = (Folder::new("swap-h2"), Runtime::new().expect("a runtime"));
    authority.issue("localhost", &["localhost"]).write(folder.path());
    let files = "tls: { certificates: [{ cert: tls.crt, key: tls.key }] }";
    let yaml = standard("builtin:echo").replace("tls: self-signed", files);
    std::fs::write(folder.path().join("gateway.yaml"), yaml).expect("the configuration");
    let gateway = Gateway::start_in(folder);
    let crowd = gather(&runtime, Door::Secure(gateway.address("public")), Shut::End);
    crowd.tally.wait_for(200);
    // A tool of the field beside it, whose connections come one after the other.
    let load = Command::new("h2load")
        .args(["-n", "3000", "-c", "60", "-r", "20", "-m", "10", &format!("{}/open/x", gateway.https("public"))])
        .stdout(Stdio::piped())
        .spawn();
    let reloads = "tollgate_config_reloads_total{result=\"ok\"}";
    for turn in 1..=3 {
        authority.issue("localhost", &["localhost"]).write(gateway.folder.path());
        until("the reload", || crate::support::http::series(gateway.address("metrics"), reloads) >= turn);
        crowd.tally.wait_for(100);
    }
    match load {
        Ok(load) => {
            let out = load.wait_with_output().expect("its end");
            let text = String::from_utf8_lossy(&out.stdout).into_owned();
            assert!(text.contains("3000 succeeded, 0 failed, 0 errored, 0 timeout"), "{text}");
        }
        Err(error) => println!("NOT CHECKED: h2load cannot be run here: {error}"),
    }
    crowd.tally.stop.store(true, Ordering::SeqCst);
    let faults = crowd.faults(&runtime);
    assert!(faults.is_empty(), "{faults:#?}");
    let failed = "tollgate_tls_handshakes_total{listener=\"public\",result=\"failed\"";
    assert_eq!(crate::support::http::series(gateway.address("metrics"), failed), 0);
}
