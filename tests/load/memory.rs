//! Memory for the whole process has an end. Callers who each stay within every bound of
//! theirs are together more than it: the process stays below, says no, and comes back.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use crate::process::resident;
use crate::support::files;
use crate::support::gateway::Gateway;
use crate::support::http::{Answer, curl, series, until};
use crate::support::yaml::standard;

/// What the gateway may hold beyond what it holds with all callers connected. That much is
/// measured: it depends on how the gateway was built and on the machine.
const ROOM: u64 = 8 << 20;

/// How far beyond it what came between two looks may take the process.
const SLACK: u64 = 32 << 20;

/// Callers, whose heads would be more than the limit together.
const CALLERS: usize = 2_500;

/// The bytes of each one's head.
const HEAD: usize = 30 * 1024;

/// After this an answer has not come.
const PATIENCE: Duration = Duration::from_secs(60);

/// One connection to the backend, for which up to 1,024 requests of each worker wait.
fn bounded(backend: &str, memory: &str) -> String {
    standard(backend)
        .replace("address: \"127.0.0.1:0\" }\n", "address: \"127.0.0.1:0\", limits: { idle: 10m } }\n")
        .replace("store:", &format!("runtime: {{ workers: 2, memory: {memory} }}\nstore:"))
        .replace("backend: { servers", "backend: { pool: { max_connections: 1 }, timeouts: { connect: 10m }, servers")
}

fn ready(gateway: &Gateway) -> Answer {
    curl(&[&format!("http://{}/readyz?verbose", gateway.address("metrics"))])
}

fn pressure(gateway: &Gateway) -> u64 {
    series(gateway.address("metrics"), "tollgate_memory_pressure")
}

fn actions(gateway: &Gateway, action: &str) -> u64 {
    series(gateway.address("metrics"), &format!("tollgate_memory_actions_total{{action=\"{action}\"}}"))
}

/// A caller who has had an answer and stays.
fn arrive(gateway: &Gateway) -> TcpStream {
    let mut stream = TcpStream::connect(gateway.address("clear")).expect("connected");
    stream.set_read_timeout(Some(PATIENCE)).expect("a time limit");
    stream.set_write_timeout(Some(PATIENCE)).expect("a time limit");
    stream.write_all(b"GET /nowhere HTTP/1.1\r\nhost: a\r\n\r\n").expect("sent");
    assert!(stream.read(&mut [0; 4096]).is_ok_and(|count| count > 0), "answered");
    stream
}

/// What comes of a connection until it ends.
fn rest(mut stream: &TcpStream) -> String {
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

/// What a gateway without a limit holds when all callers are connected and idle.
fn idle(backend: &str) -> u64 {
    let gateway = Gateway::start("no-ceiling", &bounded(backend, "off"));
    let callers: Vec<TcpStream> = (0..CALLERS).map(|_| arrive(&gateway)).collect();
    let held = resident(gateway.pid());
    drop(callers);
    held
}

#[test]
fn a_flood_within_every_other_bound_ends_at_the_ceiling_and_leaves_no_trace() {
    assert!(files::most() > 3 * CALLERS as u64, "files for callers and gateway");
    // Takes connections and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let backend = format!("http://{}", silent.local_addr().expect("an address"));
    // Thirteen sixteenths are calm: all callers can come.
    let limit = (idle(&backend) / 13 * 16 + ROOM) >> 20 << 20;
    let gateway = Gateway::start("ceiling", &bounded(&backend, &format!("{}MiB", limit >> 20)));
    let metrics = gateway.address("metrics");
    assert_eq!(series(metrics, "tollgate_memory_limit_bytes"), limit);
    assert!(ready(&gateway).body.contains("[+] memory: calm"));

    // All come while there is room; then each sends a head that is within its bound.
    let first = arrive(&gateway);
    let callers: Vec<TcpStream> = (0..CALLERS).map(|_| arrive(&gateway)).collect();
    let much = "a".repeat(HEAD / 4);
    let head =
        format!("GET /open/x HTTP/1.1\r\nhost: a\r\nx-1: {much}\r\nx-2: {much}\r\nx-3: {much}\r\nx-4: {much}\r\n\r\n");
    let (begun, mut most, mut sent) = (resident(gateway.pid()), 0, 0);
    let stopped = || actions(&gateway, "request_refused") > 64 && actions(&gateway, "idle_closed") > 0;
    for mut caller in &callers {
        if caller.write_all(head.as_bytes()).is_ok() {
            sent += 1;
        }
        most = most.max(resident(gateway.pid()));
        if sent % 64 == 0 && stopped() {
            break;
        }
    }
    // What was sent is not yet read.
    until("the flood has an end", || {
        most = most.max(resident(gateway.pid()));
        stopped()
    });
    println!("{} of {} MiB before the flood, {} MiB at most, {sent} requests", begun >> 20, limit >> 20, most >> 20);
    assert!(most < limit + SLACK, "{most} bytes");
    // The caller who was idle for longest is gone before his time.
    assert_eq!(rest(&first), "");
    assert!(gateway.stderr().contains("memory is full"), "{}", gateway.stderr());
    let not_ready = ready(&gateway);
    assert!(not_ready.status == 503 && not_ready.body.contains("[-] memory: "), "{not_ready:?}");
    // Requests that came too late were answered, and told when to come back.
    drop(silent);
    let answers: Vec<String> = callers[..sent].iter().rev().take(8).map(rest).collect();
    let refused = |answer: &&String| answer.starts_with("HTTP/1.1 503") && answer.contains("memory_full");
    let told = answers.iter().find(refused).unwrap_or_else(|| panic!("nobody was refused: {answers:#?}"));
    assert!(told.contains("retry-after: 1\r\n"), "{told}");
    drop(callers);

    until("memory is calm", || pressure(&gateway) == 0);
    assert_eq!(ready(&gateway).status, 200);
    assert!(gateway.stderr().contains("memory is no longer tight"));
    drop(arrive(&gateway));
}
