//! Real sockets, scripted backends: what a connection is used for, when it is thrown
//! away, and what is repeated.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

use crate::clock::SystemClock;
use crate::edge::body::upload::Outgoing;
use crate::edge::fleet::Fleet;
use crate::edge::fleet::member::Member;
use crate::edge::interim::Awaiting;
use crate::edge::upstream::balance::{Balance, Search, Target};
use crate::edge::upstream::bounds::Bounds;
use crate::edge::upstream::download::Download;
use crate::edge::upstream::error::ForwardError;
use crate::edge::upstream::exchange::{Outcome, exchange};
use crate::edge::upstream::pool::{Pool, Tally};
use crate::edge::worker::pulse::Pulses;
use crate::snapshot::upstream::Limits;
use crate::snapshot::{Server, Site, Upstream};
use crate::telemetry::Telemetry;

/// Longer than anything here takes.
const LONG: Duration = Duration::from_secs(60);
/// For what does not come.
const BRIEF: Duration = Duration::from_millis(200);

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

/// What a scripted backend does with one request.
#[derive(Clone, Copy)]
enum Move {
    /// Answers and keeps the connection.
    Say(&'static str),
    /// Answers, then closes without having said so.
    SayAndClose(&'static str),
    /// Reads the request and closes.
    Close,
    /// Reads the request and never answers.
    Hang,
}

struct Backend {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
    requests: Arc<AtomicUsize>,
}

/// A backend that makes these moves, one a request, over all of its connections.
async fn backend(script: Vec<Move>) -> Backend {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let connections = Arc::new(AtomicUsize::new(0));
    let requests = Arc::new(AtomicUsize::new(0));
    let (count, next) = (Arc::clone(&connections), Arc::clone(&requests));
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(play(socket, script.clone(), Arc::clone(&next)));
        }
    });
    Backend { address, connections, requests }
}

async fn play(mut socket: TcpStream, script: Vec<Move>, next: Arc<AtomicUsize>) {
    let mut seen = Vec::new();
    let mut buffer = [0; 4096];
    while let Ok(n @ 1..) = socket.read(&mut buffer).await {
        seen.extend_from_slice(&buffer[..n]);
        if !seen.windows(4).any(|w| w == b"\r\n\r\n") {
            continue;
        }
        seen.clear();
        match script[next.fetch_add(1, Ordering::SeqCst).min(script.len() - 1)] {
            Move::Say(text) => socket.write_all(text.as_bytes()).await.expect("written"),
            Move::SayAndClose(text) => return socket.write_all(text.as_bytes()).await.expect("written"),
            Move::Close => return,
            Move::Hang => {
                let _ = socket.read(&mut buffer).await;
                return;
            }
        }
    }
}

fn bounds() -> Bounds {
    Bounds {
        idle: 4,
        idle_timeout: LONG,
        open: 4,
        connect_timeout: LONG,
        limits: Limits::default(),
        protocol: Default::default(),
    }
}

fn tally() -> Tally {
    let telemetry = Telemetry::quiet(1, Arc::new(SystemClock)).expect("telemetry");
    Tally { meter: telemetry.meter(0), upstream: 0 }
}

fn over(servers: &[SocketAddr], bounds: Bounds) -> Balance {
    crew(servers, bounds, 1).pop().expect("one worker")
}

/// What each of so many workers has of one upstream.
fn crew(servers: &[SocketAddr], bounds: Bounds, workers: usize) -> Vec<Balance> {
    let server = |at: &SocketAddr| {
        let site = Site::Network { host: at.ip().to_string().into(), port: at.port() };
        Server { site, weight: 1, tls: None }
    };
    let upstream = Upstream::of("u".into(), servers.iter().map(server).collect());
    let group = Fleet::new(workers, std::slice::from_ref(&upstream)).group(&upstream.name);
    let balance = |worker: usize| {
        let target = |member: &Arc<Member>| {
            let pool = Arc::new(Pool::new(Arc::clone(&group), Arc::clone(member), bounds, tally(), worker));
            Target::Http { member: Arc::clone(member), pool }
        };
        Balance::over(group.members().iter().map(target).collect(), &upstream, &group, worker)
    };
    (0..workers).map(balance).collect()
}

fn pulses() -> Arc<Pulses> {
    let pulses = Arc::new(Pulses::default());
    pulses.fit(Duration::from_millis(100));
    let sweeper = Arc::clone(&pulses);
    tokio::spawn(async move { sweeper.run().await });
    pulses
}

/// Asks, and waits so long for each part of the answer.
async fn ask_within(
    wait: Duration,
    balance: &Balance,
    pulses: &Pulses,
    method: Method,
    body: Outgoing,
) -> Result<(u16, Bytes), ForwardError> {
    let head = move |body: Outgoing| {
        let mut request = Request::new(body);
        *request.method_mut() = method.clone();
        *request.uri_mut() = "/x".parse().expect("a path");
        request.headers_mut().insert("host", "b.test".parse().expect("a value"));
        request
    };
    let awaiting = Awaiting { wait, interims: None, stamp: None };
    match exchange(balance, pulses, awaiting, &mut Search::default(), &head, body).await? {
        Outcome::Answer(answer, lease) => {
            let status = answer.status().as_u16();
            let mut body = Download::new(lease, wait);
            Ok((status, body.whole().await.expect("a small answer")?))
        }
        Outcome::Echo(_) => panic!("no echo was configured"),
    }
}

async fn ask(balance: &Balance, pulses: &Pulses, method: Method, body: Outgoing) -> Result<(u16, Bytes), ForwardError> {
    ask_within(LONG, balance, pulses, method, body).await
}

async fn get_briefly(balance: &Balance, pulses: &Pulses) -> Result<(u16, Bytes), ForwardError> {
    ask_within(BRIEF, balance, pulses, Method::GET, Outgoing::Empty).await
}

/// Whether the other side of a connection to this address has closed it, and we have not.
fn is_left(address: SocketAddr) -> bool {
    let sockets = std::fs::read_to_string("/proc/net/tcp").expect("Linux tells");
    let remote = format!(":{:04X}", address.port());
    sockets.lines().any(|line| {
        let mut fields = line.split_whitespace().skip(2);
        // CLOSE_WAIT, in the numbers of the kernel.
        fields.next().is_some_and(|field| field.ends_with(&remote)) && fields.next() == Some("08")
    })
}

async fn get(balance: &Balance, pulses: &Pulses) -> Result<(u16, Bytes), ForwardError> {
    ask(balance, pulses, Method::GET, Outgoing::Empty).await
}

#[tokio::test]
async fn a_clean_connection_serves_again() {
    let backend = backend(vec![Move::Say(OK)]).await;
    let (balance, pulses) = (over(&[backend.address], bounds()), pulses());
    for _ in 0..5 {
        assert_eq!(get(&balance, &pulses).await, Ok((200, Bytes::from_static(b"ok"))));
    }
    let body = Outgoing::Whole(Some(Bytes::from_static(b"hello")));
    assert_eq!(ask(&balance, &pulses, Method::POST, body).await.map(|a| a.0), Ok(200));
    assert_eq!(backend.connections.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn the_least_requests_are_those_of_all_workers() {
    let (one, other) = (backend(vec![Move::Say(OK)]).await, backend(vec![Move::Say(OK)]).await);
    let (crew, pulses) = (crew(&[one.address, other.address], bounds(), 2), pulses());
    let held = crew[0].lease_for(&mut Search::default(), &pulses).await.expect("a connection");
    for _ in 0..20 {
        assert!(get(&crew[1], &pulses).await.is_ok());
    }
    let asked = [&one, &other].map(|backend| backend.requests.load(Ordering::SeqCst));
    assert!(asked == [0, 20] || asked == [20, 0], "{asked:?}");
    drop(held);
    assert!(crew[1].group().members().iter().all(|member| member.state.load.under_way() == 0));
}

#[tokio::test]
async fn a_kept_connection_that_dies_is_replaced_for_what_may_be_repeated() {
    let backend = backend(vec![Move::Say(OK), Move::Close, Move::Say(OK)]).await;
    let (balance, pulses) = (over(&[backend.address], bounds()), pulses());
    assert!(get(&balance, &pulses).await.is_ok());
    assert!(get(&balance, &pulses).await.is_ok());
    assert_eq!(backend.connections.load(Ordering::SeqCst), 2);
    assert_eq!(backend.requests.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn what_may_act_twice_is_not_sent_twice() {
    let backend = backend(vec![Move::Say(OK), Move::Close, Move::Say(OK)]).await;
    let (balance, pulses) = (over(&[backend.address], bounds()), pulses());
    assert!(get(&balance, &pulses).await.is_ok());
    let lost = ask(&balance, &pulses, Method::POST, Outgoing::Whole(Some(Bytes::from_static(b"x")))).await;
    assert_eq!(lost, Err(ForwardError::Reset));
    assert_eq!(backend.requests.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_fresh_connection_that_dies_is_the_backends_fault() {
    let backend = backend(vec![Move::Close]).await;
    let (balance, pulses) = (over(&[backend.address], bounds()), pulses());
    assert_eq!(get(&balance, &pulses).await, Err(ForwardError::Reset));
    assert_eq!(backend.requests.load(Ordering::SeqCst), 3, "two more tries, and no more");
    let posted = ask(&balance, &pulses, Method::POST, Outgoing::Empty).await;
    assert_eq!(posted, Err(ForwardError::Reset));
    assert_eq!(backend.requests.load(Ordering::SeqCst), 4, "what may act twice is sent once");
}

#[tokio::test]
async fn a_connection_closed_after_the_answer_is_found_before_it_is_used() {
    let backend = backend(vec![Move::SayAndClose(OK)]).await;
    let (balance, pulses) = (over(&[backend.address], bounds()), pulses());
    for _ in 0..4 {
        let body = Outgoing::Whole(Some(Bytes::from_static(b"x")));
        assert!(ask(&balance, &pulses, Method::POST, body).await.is_ok());
        let closed = async {
            while !is_left(backend.address) {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::time::timeout(LONG, closed).await.expect("closed in time");
        // One more turn of the reactor, so that the end is known to it too.
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert_eq!(backend.connections.load(Ordering::SeqCst), 4);
}

#[tokio::test]
async fn silence_is_a_timeout() {
    let backend = backend(vec![Move::Hang]).await;
    let (balance, pulses) = (over(&[backend.address], bounds()), pulses());
    assert_eq!(get_briefly(&balance, &pulses).await, Err(ForwardError::Timeout));
}

#[tokio::test]
async fn half_a_body_is_never_a_whole_one() {
    const HALF: &str = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhal";
    for (said, wait, fault) in
        [(Move::SayAndClose(HALF), LONG, ForwardError::Reset), (Move::Say(HALF), BRIEF, ForwardError::Timeout)]
    {
        let backend = backend(vec![said]).await;
        let (balance, pulses) = (over(&[backend.address], bounds()), pulses());
        assert_eq!(ask_within(wait, &balance, &pulses, Method::GET, Outgoing::Empty).await, Err(fault));
    }
}

#[tokio::test]
async fn what_is_no_answer_is_a_bad_one() {
    for said in [
        "SPAM\r\n\r\n",
        "HTTP/1.1 200 OK\r\nbad header\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
        "HTTP/1.1 200 OK\r\nx: a\0b\r\n\r\n",
        "HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    ] {
        let backend = backend(vec![Move::SayAndClose(said)]).await;
        let (balance, pulses) = (over(&[backend.address], bounds()), pulses());
        assert_eq!(get(&balance, &pulses).await, Err(ForwardError::BadAnswer), "{said:?}");
    }
}

#[tokio::test]
async fn spare_bytes_after_an_answer_cost_the_connection() {
    let backend =
        backend(vec![Move::Say("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n\r\n")]).await;
    let (balance, pulses) = (over(&[backend.address], bounds()), pulses());
    assert_eq!(get(&balance, &pulses).await, Ok((200, Bytes::from_static(b"ok"))));
    assert_eq!(get(&balance, &pulses).await, Ok((200, Bytes::from_static(b"ok"))));
    assert_eq!(backend.connections.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn answers_that_only_inform_are_passed_over() {
    let said = "HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n";
    let whole: &'static str = Box::leak(format!("{said}{OK}").into_boxed_str());
    let backend = backend(vec![Move::Say(whole)]).await;
    let (balance, pulses) = (over(&[backend.address], bounds()), pulses());
    assert_eq!(get(&balance, &pulses).await.map(|a| a.0), Ok(200));
}

#[tokio::test]
async fn one_dead_server_of_two_is_no_error() {
    // Bound, so that nobody else gets it, and nobody listens.
    let held = TcpSocket::new_v4().expect("a socket");
    held.bind(SocketAddr::from(([127, 0, 0, 1], 0))).expect("a port");
    let dead = held.local_addr().expect("an address");
    let backend = backend(vec![Move::Say(OK)]).await;
    let balance = over(&[dead, backend.address], bounds());
    let pulses = pulses();
    for _ in 0..10 {
        assert!(get(&balance, &pulses).await.is_ok());
    }
    let only_dead = over(&[dead], bounds());
    assert_eq!(get(&only_dead, &pulses).await, Err(ForwardError::Connect));
}

#[tokio::test]
async fn at_the_bound_requests_wait_and_then_are_told() {
    let tight = Bounds { open: 1, ..bounds() };
    let slow = backend(vec![Move::Hang]).await;
    let (balance, pulses) = (Arc::new(over(&[slow.address], tight)), pulses());
    let (first, second) = tokio::join!(get_briefly(&balance, &pulses), get_briefly(&balance, &pulses));
    // The first one's seat comes free when it times out, in time for the second.
    assert_eq!((first, second), (Err(ForwardError::Timeout), Err(ForwardError::Timeout)));
    let balance = over(&[slow.address], tight);
    let held = balance.lease_for(&mut Search::default(), &pulses).await.expect("a connection");
    let Target::Http { pool, .. } = &balance.targets()[0] else { panic!("a pool") };
    pool.adapt(Bounds { connect_timeout: BRIEF, ..tight }, tally());
    assert_eq!(get(&balance, &pulses).await, Err(ForwardError::Busy));
    drop(held);
}

#[tokio::test]
async fn idle_connections_are_closed_in_time() {
    let brief = Bounds { idle_timeout: Duration::from_millis(60), ..bounds() };
    let backend = backend(vec![Move::Say(OK)]).await;
    let (balance, pulses) = (over(&[backend.address], brief), pulses());
    assert!(get(&balance, &pulses).await.is_ok());
    let Target::Http { pool, .. } = &balance.targets()[0] else { panic!("a pool") };
    let closed = async {
        while pool.open() > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(LONG, closed).await.expect("closed in time");
}

#[tokio::test]
async fn a_retired_pool_keeps_nothing() {
    let backend = backend(vec![Move::Say(OK)]).await;
    let (balance, pulses) = (over(&[backend.address], bounds()), pulses());
    assert!(get(&balance, &pulses).await.is_ok());
    let Target::Http { pool, .. } = &balance.targets()[0] else { panic!("a pool") };
    assert_eq!(pool.open(), 1);
    pool.retire();
    assert_eq!(pool.open(), 0);
    assert!(get(&balance, &pulses).await.is_ok());
    assert_eq!(pool.open(), 0);
}
