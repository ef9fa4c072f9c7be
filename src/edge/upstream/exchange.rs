//! One request and its answer, whichever connection carries them. A kept connection
//! that turns out dead is replaced once: always when nothing was sent, and when
//! something may have been only for a request that may be repeated (RFC 9110 §9.2.2)
//! and has no body. Must never: send a request twice that could act twice.

use std::time::Duration;

use http::{Method, Request, response};

use crate::edge::head::answer::Answer;
use crate::edge::pulse::Pulses;
use crate::edge::upload::Outgoing;
use crate::edge::upstream::balance::{Balance, Chosen};
use crate::edge::upstream::error::ForwardError;
use crate::edge::upstream::link::{Link, LinkError};
use crate::edge::upstream::pool::{Lease, Origin};

/// What came of an exchange.
#[derive(Debug)]
pub enum Outcome {
    /// The head of an answer, its body still on the leased connection.
    Answer(response::Parts, Lease),
    /// The upstream is the built-in echo: here is the request back.
    Echo(Box<Request<Outgoing>>),
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
    let (mut lease, origin) = match balance.lease(pulses).await? {
        Chosen::Echo => return Ok(Outcome::Echo(Box::new(head(body)))),
        Chosen::Lease(lease, origin) => (lease, origin),
    };
    let (repeat, sending) = begin(lease.link(), head, body, wait);
    let again = match sending.await {
        Ok(answer) => return Ok(Outcome::Answer(answer.parts, lease)),
        Err(LinkError::Unsent(body)) => head(body),
        Err(LinkError::Failed(ForwardError::Reset)) if repeat == Repeat::Harmless && origin == Origin::Kept => {
            head(Outgoing::Empty)
        }
        Err(LinkError::Failed(error)) => return Err(error),
    };
    Box::pin(retry(balance, pulses, wait, lease, again)).await
}

/// Whether sending a request a second time could act twice.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Repeat {
    Harmless,
    Never,
}

/// Writes the request and hands it to the link. Not part of `exchange`, whose future
/// would keep a place for the request for as long as it waits for the answer.
fn begin<'a>(
    link: &'a mut Link,
    head: &(dyn Fn(Outgoing) -> Request<Outgoing> + Sync),
    body: Outgoing,
    wait: Duration,
) -> (Repeat, impl Future<Output = Result<Answer, LinkError>> + use<'a>) {
    let request = head(body);
    let harmless = matches!(request.body(), Outgoing::Empty) && is_idempotent(request.method());
    (if harmless { Repeat::Harmless } else { Repeat::Never }, link.send(request, wait))
}

/// Sends a request again, over a connection that nobody used before if that can be.
async fn retry(
    balance: &Balance,
    pulses: &Pulses,
    wait: Duration,
    dead: Lease,
    request: Request<Outgoing>,
) -> Result<Outcome, ForwardError> {
    let pool = dead.pool().clone();
    let tally = pool.tally();
    tally.meter.retried(tally.upstream);
    // Its place must be free before another connection can be made.
    drop(dead);
    let mut lease = match pool.lease_fresh(pulses).await {
        Ok(lease) => lease,
        Err(_) => match balance.lease(pulses).await? {
            Chosen::Echo => return Ok(Outcome::Echo(Box::new(request))),
            Chosen::Lease(lease, _) => lease,
        },
    };
    match lease.link().send(request, wait).await {
        Ok(answer) => Ok(Outcome::Answer(answer.parts, lease)),
        Err(LinkError::Unsent(_)) => Err(ForwardError::Reset),
        Err(LinkError::Failed(error)) => Err(error),
    }
}

fn is_idempotent(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS | Method::PUT | Method::DELETE)
}
