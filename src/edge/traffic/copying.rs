//! A copy of a request on its way to a second upstream. It is a task of its own that
//! nobody waits for; its answer is read to a bound and dropped. Where too many are under
//! way, one more is dropped instead. Must never: slow or fail the request it is a copy of.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Uri, header};

use crate::edge::body::upload::Outgoing;
use crate::edge::interim::Awaiting;
use crate::edge::respond::echo;
use crate::edge::upstream::balance::Search;
use crate::edge::upstream::download::Download;
use crate::edge::upstream::exchange::{Outcome, exchange};
use crate::edge::upstream::layout::Layout;
use crate::edge::worker::Worker;
use crate::edge::worker::pulse::Pulses;
use crate::traffic::mirror::MAX_UNDER_WAY;

/// What became of a copy.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fate {
    /// The second upstream answered, whatever it said.
    Sent,
    /// It did not.
    Failed,
    /// Too many were under way, or the caller's body broke off.
    Dropped,
    /// The body is larger than what is copied.
    TooLarge,
}

impl Fate {
    /// The word in metrics.
    pub fn label(self) -> &'static str {
        match self {
            Fate::Sent => "sent",
            Fate::Failed => "failed",
            Fate::Dropped => "dropped",
            Fate::TooLarge => "too_large",
        }
    }
}

/// A copy that is about to be sent, in the place that was free for it.
pub struct Copying {
    /// Given back when its fate is known.
    pub seat: Seat,
    /// Whose copy it is, for metrics.
    pub route: Arc<str>,
    /// The worker whose connections it takes.
    pub worker: Arc<Worker>,
    /// What the worker made of its world.
    pub layout: Arc<Layout>,
    /// Index of the second upstream.
    pub upstream: usize,
    /// The first byte of its answer may take so long.
    pub wait: Duration,
    /// The method.
    pub method: Method,
    /// Path and query, as for the first upstream.
    pub target: Uri,
    /// Header lines without credentials and framing.
    pub headers: HeaderMap,
}

impl Copying {
    /// Sends it with this body, and comes back at once.
    pub fn send(self, body: Bytes) {
        tokio::spawn(async move {
            let fate = self.exchange(body).await;
            self.ends(fate);
        });
    }

    /// Counts what became of it.
    pub fn ends(&self, fate: Fate) {
        self.worker.shared.telemetry.mirrored(&self.route, fate.label());
    }

    async fn exchange(&self, body: Bytes) -> Fate {
        let Some(balance) = self.layout.upstreams.get(self.upstream) else { return Fate::Failed };
        let pulses: &Pulses = &self.worker.pulses;
        let length = body.len();
        let write = |body: Outgoing| self.request(length, body);
        let body = if length == 0 { Outgoing::Empty } else { Outgoing::Whole(Some(body)) };
        let awaiting = Awaiting { wait: self.wait, interims: None, stamp: None };
        match exchange(balance, pulses, awaiting, &mut Search::default(), &write, body).await {
            Ok(Outcome::Answer(_, lease)) => {
                // A small answer is read, so that the connection can serve again.
                let mut download = Download::new(lease, self.wait);
                match download.whole().await {
                    Some(Ok(_)) | None => Fate::Sent,
                    Some(Err(_)) => Fate::Failed,
                }
            }
            Ok(Outcome::Echo(request)) => match echo::answer(*request).await {
                Ok(_) => Fate::Sent,
                Err(_) => Fate::Failed,
            },
            Err(_) => Fate::Failed,
        }
    }

    fn request(&self, length: usize, body: Outgoing) -> Request<Outgoing> {
        let mut request = Request::new(body);
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.target.clone();
        *request.headers_mut() = self.headers.clone();
        if length > 0 {
            request.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(length));
        }
        request
    }
}

/// A place among the copies of one worker, from the moment its body begins to be kept.
pub struct Seat(Arc<AtomicUsize>);

impl Seat {
    /// A place, if one is free.
    pub fn take(layout: &Layout) -> Option<Seat> {
        let under_way = &layout.copies;
        if under_way.fetch_add(1, Ordering::Relaxed) < MAX_UNDER_WAY {
            return Some(Seat(Arc::clone(under_way)));
        }
        under_way.fetch_sub(1, Ordering::Relaxed);
        None
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
