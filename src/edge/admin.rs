//! Metrics and health on an address of their own, on the shared runtime: a scrape
//! must work while every worker is busy, and must cost them nothing. One request a
//! connection, ten seconds each, few at once. Must never: serve anything secret.

use std::convert::Infallible;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::sync::Semaphore;

use crate::telemetry::Telemetry;

/// Connections at once; further ones wait in the system's queue.
const MAX_CONNECTIONS: usize = 32;

/// From accept to the last byte of the answer; then the connection is closed.
const CONNECTION_TIME: Duration = Duration::from_secs(10);

/// From accept to the last byte of a request's head.
const HEAD_TIME: Duration = Duration::from_secs(5);

/// Bytes of a request's head, and the most that is buffered of an answer.
const BUFFER_BYTES: usize = 16 * 1024;

/// Lines of a request's head.
const MAX_HEADERS: usize = 64;

/// Pause after an accept that failed, so that a process out of files does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Whether the gateway should be sent traffic, asked anew for each probe. Law: never
/// blocks, since it is asked on the runtime.
pub trait Readiness: Send + Sync {
    /// Everything that has to be well, in the order of the verbose answer.
    fn checks(&self) -> Vec<Check>;
}

/// One thing that has to be well.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Check {
    /// `config`, `revocations`, `store`, `drain` …
    pub name: &'static str,
    /// Whether it is.
    pub state: CheckState,
    /// A few words for people: `generation 3`, `0 s behind`. No secrets.
    pub detail: String,
}

/// Whether one thing is well.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CheckState {
    /// It is.
    Well,
    /// Traffic should go elsewhere.
    NotReady,
}

/// A socket that listens and is not served yet.
#[derive(Debug)]
pub struct Bound(TcpListener);

/// Why the address cannot be had.
#[derive(Debug, thiserror::Error)]
#[error("metrics listener: cannot listen on {address}: {cause}")]
pub struct BindError {
    /// The address that was asked for.
    pub address: SocketAddr,
    /// What the system says.
    #[source]
    pub cause: std::io::Error,
}

/// Takes the address; port 0 takes any that is free.
pub fn bind(address: SocketAddr) -> Result<Bound, BindError> {
    let bound = TcpListener::bind(address).and_then(|listener| {
        listener.set_nonblocking(true)?;
        Ok(Bound(listener))
    });
    bound.map_err(|cause| BindError { address, cause })
}

impl Bound {
    /// A socket that listens already, if it is the one that `address` asks for.
    pub fn taken(socket: OwnedFd, address: SocketAddr) -> Option<Bound> {
        let listener = TcpListener::from(socket);
        let at = listener.local_addr().ok()?;
        listener.set_nonblocking(true).ok()?;
        (at == address || address.port() == 0 && at.ip() == address.ip()).then_some(Bound(listener))
    }

    /// Another handle to the socket, for a successor.
    pub fn another(&self) -> std::io::Result<OwnedFd> {
        self.0.try_clone().map(OwnedFd::from)
    }

    /// Where it listens, with the port that was found.
    pub fn address(&self) -> std::io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

/// What the pages are made from.
#[derive(Clone)]
struct Sources {
    telemetry: Arc<Telemetry>,
    readiness: Arc<dyn Readiness>,
}

/// Serves until `stop` ends; scrapes under way are cut then. Runs on a tokio runtime.
pub async fn serve(
    bound: Bound,
    telemetry: Arc<Telemetry>,
    readiness: Arc<dyn Readiness>,
    stop: impl Future<Output = ()>,
) -> std::io::Result<()> {
    let listener = tokio::net::TcpListener::from_std(bound.0)?;
    let sources = Sources { telemetry, readiness };
    tokio::select! {
        () = accept(listener, sources) => {}
        () = stop => {}
    }
    Ok(())
}

async fn accept(listener: tokio::net::TcpListener, sources: Sources) {
    let room = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    // Connections end with the set, and the set with this future.
    let mut connections = tokio::task::JoinSet::new();
    while let Ok(place) = Arc::clone(&room).acquire_owned().await {
        match listener.accept().await {
            Ok((stream, _)) => {
                let sources = sources.clone();
                connections.spawn(async move {
                    let _ = tokio::time::timeout(CONNECTION_TIME, connection(stream, sources)).await;
                    drop(place);
                });
            }
            Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
        }
        while connections.try_join_next().is_some() {}
    }
}

async fn connection(stream: tokio::net::TcpStream, sources: Sources) {
    let service = service_fn(move |request: Request<hyper::body::Incoming>| {
        let sources = sources.clone();
        async move { Ok::<_, Infallible>(answer(&request, sources).await) }
    });
    // What a prober does wrong, or that it left, is of no interest to anybody.
    let _ = http1::Builder::new()
        .keep_alive(false)
        .max_headers(MAX_HEADERS)
        .max_buf_size(BUFFER_BYTES)
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

async fn answer<B>(request: &Request<B>, sources: Sources) -> Response<Full<Bytes>> {
    let page = match request.uri().path() {
        "/metrics" => Page::Metrics,
        "/healthz" | "/livez" => Page::Alive,
        "/readyz" => Page::Ready,
        _ => return text(StatusCode::NOT_FOUND, "not found\n"),
    };
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let mut refusal = text(StatusCode::METHOD_NOT_ALLOWED, "method not allowed\n");
        refusal.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
        return refusal;
    }
    match page {
        Page::Metrics => metrics(sources.telemetry).await,
        Page::Alive => text(StatusCode::OK, "ok\n"),
        Page::Ready => readiness(&sources.readiness.checks(), Detail::of(request.uri().query())),
    }
}

enum Page {
    Metrics,
    Alive,
    Ready,
}

/// How much `/readyz` says.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Detail {
    Brief,
    Verbose,
}

impl Detail {
    fn of(query: Option<&str>) -> Detail {
        let asked = query.unwrap_or("").split('&').any(|pair| pair.split('=').next() == Some("verbose"));
        if asked { Detail::Verbose } else { Detail::Brief }
    }
}

/// Summing and spelling thousands of series takes milliseconds: not on the runtime.
async fn metrics(telemetry: Arc<Telemetry>) -> Response<Full<Bytes>> {
    match tokio::task::spawn_blocking(move || telemetry.render()).await {
        Ok(Ok(page)) => {
            let mut answer = text(StatusCode::OK, page);
            let kind = HeaderValue::from_static(prometheus::TEXT_FORMAT);
            answer.headers_mut().insert(header::CONTENT_TYPE, kind);
            answer
        }
        Ok(Err(_)) | Err(_) => text(StatusCode::INTERNAL_SERVER_ERROR, "metrics could not be collected\n"),
    }
}

fn readiness(checks: &[Check], detail: Detail) -> Response<Full<Bytes>> {
    let ready = checks.iter().all(|check| check.state == CheckState::Well);
    let (status, word) =
        if ready { (StatusCode::OK, "ready\n") } else { (StatusCode::SERVICE_UNAVAILABLE, "not ready\n") };
    let mut page = String::new();
    if detail == Detail::Verbose {
        for check in checks {
            let sign = if check.state == CheckState::Well { '+' } else { '-' };
            page.push_str(&format!("[{sign}] {}: {}\n", check.name, check.detail));
        }
    }
    page.push_str(word);
    text(status, page)
}

fn text(status: StatusCode, page: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let mut answer = Response::new(Full::new(page.into()));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    answer
}

#[cfg(test)]
mod tests;
