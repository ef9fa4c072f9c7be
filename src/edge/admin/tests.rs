//! The admin listener over real sockets: what each page answers, and what it refuses.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{Check, CheckState, MAX_CONNECTIONS, Readiness, bind, serve};
use crate::clock::{ManualClock, UnixTime};
use crate::telemetry::Telemetry;

#[derive(Default)]
struct Switch(AtomicBool);

impl Readiness for Switch {
    fn checks(&self) -> Vec<Check> {
        let state = if self.0.load(Ordering::SeqCst) { CheckState::NotReady } else { CheckState::Well };
        let config = Check { name: "config", state: CheckState::Well, detail: "generation 3".to_owned() };
        vec![config, Check { name: "drain", state, detail: "as the test says".to_owned() }]
    }
}

struct Running {
    address: SocketAddr,
    switch: Arc<Switch>,
    telemetry: Arc<Telemetry>,
    stop: Mutex<Option<tokio::sync::oneshot::Sender<()>>>,
    served: tokio::task::JoinHandle<std::io::Result<()>>,
}

fn start() -> Running {
    let bound = bind(SocketAddr::from(([127, 0, 0, 1], 0))).expect("a free port");
    let address = bound.address().expect("an address");
    let telemetry = Telemetry::quiet(1, Arc::new(ManualClock::at(UnixTime(1_000)))).expect("a registry");
    let switch = Arc::new(Switch::default());
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let served = tokio::spawn(serve(bound, Arc::clone(&telemetry), Arc::clone(&switch) as _, async {
        let _ = stopped.await;
    }));
    Running { address, switch, telemetry, stop: Mutex::new(Some(stop)), served }
}

async fn ask(address: SocketAddr, head: &str) -> String {
    let mut stream = TcpStream::connect(address).await.expect("it listens");
    stream.write_all(format!("{head} HTTP/1.1\r\nHost: admin\r\n\r\n").as_bytes()).await.expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("text, then the end");
    answer
}

#[tokio::test]
async fn health_is_about_the_process_and_readiness_about_traffic() {
    let admin = start();
    for path in ["/healthz", "/livez", "/readyz"] {
        assert!(ask(admin.address, &format!("GET {path}")).await.starts_with("HTTP/1.1 200"), "{path}");
    }
    admin.switch.0.store(true, Ordering::SeqCst);
    assert!(ask(admin.address, "GET /healthz").await.starts_with("HTTP/1.1 200"));
    let brief = ask(admin.address, "GET /readyz").await;
    assert!(brief.starts_with("HTTP/1.1 503") && brief.ends_with("\r\n\r\nnot ready\n"), "{brief}");
    let verbose = ask(admin.address, "GET /readyz?verbose").await;
    assert!(verbose.contains("[+] config: generation 3\n[-] drain: as the test says\nnot ready\n"), "{verbose}");
}

#[tokio::test]
async fn metrics_are_text_and_move() {
    let admin = start();
    admin.telemetry.refresh_reused();
    let page = ask(admin.address, "GET /metrics").await;
    assert!(page.starts_with("HTTP/1.1 200"), "{page}");
    assert!(page.contains("content-type: text/plain; version=0.0.4"), "{page}");
    assert!(page.contains("\ntollgate_refresh_reuse_total 1\n"), "{page}");
    let head = ask(admin.address, "HEAD /metrics").await;
    assert!(head.starts_with("HTTP/1.1 200") && head.ends_with("\r\n\r\n"), "{head}");
}

#[tokio::test]
async fn other_paths_and_methods_are_refused() {
    let admin = start();
    assert!(ask(admin.address, "GET /").await.starts_with("HTTP/1.1 404"));
    assert!(ask(admin.address, "GET /metrics/").await.starts_with("HTTP/1.1 404"));
    let refused = ask(admin.address, "POST /metrics").await;
    assert!(refused.starts_with("HTTP/1.1 405") && refused.contains("allow: GET, HEAD"), "{refused}");
    let long = format!("GET /healthz?{}", "x".repeat(20_000));
    let refused = ask_bytes(admin.address, &long).await;
    assert!(!refused.starts_with("HTTP/1.1 200"), "{refused}");
}

/// Like `ask`, for requests whose answer may be a reset.
async fn ask_bytes(address: SocketAddr, head: &str) -> String {
    let mut stream = TcpStream::connect(address).await.expect("it listens");
    let _ = stream.write_all(format!("{head} HTTP/1.1\r\nHost: admin\r\n\r\n").as_bytes()).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn silent_connections_leave_when_their_caller_does() {
    let admin = start();
    let mut silent = Vec::new();
    for _ in 0..MAX_CONNECTIONS {
        silent.push(TcpStream::connect(admin.address).await.expect("it listens"));
    }
    drop(silent);
    assert!(ask(admin.address, "GET /healthz").await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn stop_ends_it_and_a_taken_address_is_named() {
    let admin = start();
    let taken = bind(admin.address).expect_err("somebody listens there");
    assert!(taken.to_string().contains(&admin.address.to_string()), "{taken}");
    drop(admin.stop.lock().expect("no panic").take());
    admin.served.await.expect("no panic").expect("no error");
    assert!(TcpStream::connect(admin.address).await.is_err(), "the address is free again");
}
