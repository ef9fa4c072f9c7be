//! One request and its answer, whichever connection carries them. A kept connection
//! that turns out dead is replaced once: always when nothing was sent, and when
//! something may have been only for a request that may be repeated (RFC 9110 §9.2.2)
//! and has no body. Must never: send a request twice that could act twice.

use std::time::Duration;

use http::{Method, Request, Response};
use hyper::body::Incoming;

use crate::edge::pulse::Pulses;
use crate::edge::upload::Outgoing;
use crate::edge::upstream::balance::{Balance, Chosen};
use crate::edge::upstream::error::ForwardError;
use crate::edge::upstream::link::LinkError;
use crate::edge::upstream::pool::{Lease, Origin};

/// What came of an exchange.
#[derive(Debug)]
pub enum Outcome {
    /// The head of an answer, its body still on the leased connection.
    Answer(Response<Incoming>, Lease),
    /// The upstream is the built-in echo: here is the request back.
    Echo(Request<Outgoing>),
}

/// Sends what `head` makes, with `body` behind it, to one server of `balance`. The
/// answer's first byte may take `wait`. `head` is asked again for a retry.
pub async fn exchange(
    balance: &Balance,
    pulses: &Pulses,
    wait: Duration,
    head: &(dyn Fn(Outgoing) -> Request<Outgoing> + Sync),
    body: Outgoing,
) -> Result<Outcome, ForwardError> {
    let request = head(body);
    let repeatable = matches!(request.body(), Outgoing::Empty) && is_idempotent(request.method());
    let (mut lease, origin) = match balance.lease(pulses).await? {
        Chosen::Echo => return Ok(Outcome::Echo(request)),
        Chosen::Lease(lease, origin) => (lease, origin),
    };
    let again = match send(&mut lease, request, wait).await {
        Ok(answer) => return Ok(Outcome::Answer(answer, lease)),
        Err(LinkError::Unsent(request)) => *request,
        Err(LinkError::Failed(ForwardError::Reset)) if repeatable && origin == Origin::Kept => head(Outgoing::Empty),
        Err(LinkError::Failed(error)) => return Err(error),
    };
    let pool = lease.pool().clone();
    let tally = pool.tally();
    tally.meter.retried(tally.upstream);
    // Its place must be free before another connection can be made.
    drop(lease);
    let mut lease = match pool.lease_fresh(pulses).await {
        Ok(lease) => lease,
        Err(_) => match balance.lease(pulses).await? {
            Chosen::Echo => return Ok(Outcome::Echo(again)),
            Chosen::Lease(lease, _) => lease,
        },
    };
    match send(&mut lease, again, wait).await {
        Ok(answer) => Ok(Outcome::Answer(answer, lease)),
        Err(LinkError::Unsent(_)) => Err(ForwardError::Reset),
        Err(LinkError::Failed(error)) => Err(error),
    }
}

async fn send(lease: &mut Lease, request: Request<Outgoing>, wait: Duration) -> Result<Response<Incoming>, LinkError> {
    match lease.link() {
        Some(link) => link.send(request, wait).await,
        None => Err(LinkError::Unsent(Box::new(request))),
    }
}

fn is_idempotent(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS | Method::PUT | Method::DELETE)
}
