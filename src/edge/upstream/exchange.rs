//! One request and its answer, whichever connection carries them. What fails is tried
//! again where that is safe (nothing was sent, or the request has no body and may be
//! repeated, RFC 9110 §9.2.2), wanted, and within the budget. A kept connection that
//! turns out dead is replaced in any case: its server had no part in it.
//! Must never: send a request twice that could act twice.

use std::sync::Arc;

use http::{Method, Request};

use crate::balance::condition::Fault;
use crate::edge::body::BoxedAnswer;
use crate::edge::body::upload::Outgoing;
use crate::edge::interim::Awaiting;
use crate::edge::upstream::balance::{Balance, Chosen, Search};
use crate::edge::upstream::carrier::Carrier;
use crate::edge::upstream::error::ForwardError;
use crate::edge::upstream::lease::Lease;
use crate::edge::upstream::link::LinkError;
use crate::edge::upstream::pool::{Origin, Pool};
use crate::edge::worker::pulse::Pulses;

/// What came of an exchange.
#[derive(Debug)]
pub enum Outcome {
    /// The head of an answer, its body still on the leased connection.
    Answer(BoxedAnswer, Lease),
    /// The upstream is the built-in echo: here is the request back.
    Echo(Box<Request<Outgoing>>),
}

/// Sends what `head` makes, with `body` behind it, to the server of `balance` that
/// `search` leads to. `head` is asked again for a retry.
pub async fn exchange(
    balance: &Balance,
    pulses: &Pulses,
    awaiting: Awaiting<'_>,
    search: &mut Search,
    head: &(dyn Fn(Outgoing) -> Request<Outgoing> + Sync),
    body: Outgoing,
) -> Result<Outcome, ForwardError> {
    let (mut lease, origin) = match balance.lease_for(search, pulses).await? {
        Chosen::Echo => return Ok(Outcome::Echo(Box::new(head(body)))),
        Chosen::Lease(lease, origin) => (lease, origin),
    };
    let (repeat, sending) = begin(lease.carrier(), head, body, awaiting);
    let answer = sending.await;
    match weigh(balance, search, &lease, (origin, repeat), answer) {
        Next::Deliver(answer) => Ok(Outcome::Answer(answer, lease)),
        Next::Fail(error) => Err(error),
        Next::Again(again) => {
            // Its place must be free before another connection can be made.
            drop(lease);
            Box::pin(retry(balance, pulses, awaiting, search, head, again)).await
        }
    }
}

/// Whether sending a request a second time could act twice.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Repeat {
    Harmless,
    Never,
}

impl Repeat {
    fn of(request: &Request<Outgoing>) -> Repeat {
        let harmless = matches!(request.body(), Outgoing::Empty) && is_idempotent(request.method());
        if harmless { Repeat::Harmless } else { Repeat::Never }
    }
}

/// How an exchange goes on.
enum Next {
    Deliver(BoxedAnswer),
    Fail(ForwardError),
    Again(Again),
}

/// Another try.
struct Again {
    /// What goes behind its head: the body of which nothing was sent, or none.
    body: Outgoing,
    /// Whose kept connection was dead: the same server is asked, over a fresh one.
    stale: Option<Arc<Pool>>,
}

/// Writes the request and hands it to the link. Not part of `exchange`, whose future
/// would keep a place for the request for as long as it waits for the answer.
fn begin<'a>(
    carrier: &'a mut Carrier,
    head: &(dyn Fn(Outgoing) -> Request<Outgoing> + Sync),
    body: Outgoing,
    awaiting: Awaiting<'a>,
) -> (Repeat, impl Future<Output = Result<BoxedAnswer, LinkError>> + use<'a>) {
    let request = head(body);
    (Repeat::of(&request), carrier.send(request, awaiting))
}

/// What one try has come to, for the server that was asked and for the request.
fn weigh(
    balance: &Balance,
    search: &mut Search,
    lease: &Lease,
    (origin, repeat): (Origin, Repeat),
    answer: Result<BoxedAnswer, LinkError>,
) -> Next {
    let server = lease.pool().server_state();
    let harmless = repeat == Repeat::Harmless;
    match answer {
        Ok(answer) if answer.status().as_u16() < 500 => {
            server.vital.well();
            Next::Deliver(answer)
        }
        Ok(answer) => {
            let fault = Fault::Status(answer.status().as_u16());
            balance.group().fault(server, fault);
            if harmless && balance.again(search, fault) {
                return Next::Again(Again { body: Outgoing::Empty, stale: None });
            }
            Next::Deliver(answer)
        }
        Err(LinkError::Unsent(body)) => {
            if origin == Origin::Kept {
                return Next::Again(Again { body, stale: Some(Arc::clone(lease.pool())) });
            }
            balance.group().fault(server, Fault::Reset);
            if balance.again(search, Fault::Reset) {
                return Next::Again(Again { body, stale: None });
            }
            Next::Fail(ForwardError::Reset)
        }
        Err(LinkError::Failed(ForwardError::Reset)) if harmless && origin == Origin::Kept => {
            Next::Again(Again { body: Outgoing::Empty, stale: Some(Arc::clone(lease.pool())) })
        }
        Err(LinkError::Failed(error)) => {
            let Some(fault) = error.fault() else { return Next::Fail(error) };
            balance.group().fault(server, fault);
            // Who answers in another language will do so again.
            if harmless && error != ForwardError::BadAnswer && balance.again(search, fault) {
                return Next::Again(Again { body: Outgoing::Empty, stale: None });
            }
            Next::Fail(error)
        }
    }
}

/// Tries again until there is an answer, or no more tries.
async fn retry(
    balance: &Balance,
    pulses: &Pulses,
    awaiting: Awaiting<'_>,
    search: &mut Search,
    head: &(dyn Fn(Outgoing) -> Request<Outgoing> + Sync),
    mut again: Again,
) -> Result<Outcome, ForwardError> {
    loop {
        let request = head(again.body);
        let (mut lease, origin) = match connect(balance, pulses, search, again.stale).await? {
            Chosen::Echo => return Ok(Outcome::Echo(Box::new(request))),
            Chosen::Lease(lease, origin) => (lease, origin),
        };
        let repeat = Repeat::of(&request);
        let answer = lease.carrier().send(request, awaiting).await;
        match weigh(balance, search, &lease, (origin, repeat), answer) {
            Next::Deliver(answer) => return Ok(Outcome::Answer(answer, lease)),
            Next::Fail(error) => return Err(error),
            Next::Again(next) => again = next,
        }
    }
}

/// A connection for another try: to the same server if only its connection was dead.
async fn connect(
    balance: &Balance,
    pulses: &Pulses,
    search: &mut Search,
    stale: Option<Arc<Pool>>,
) -> Result<Chosen, ForwardError> {
    let Some(pool) = stale else { return balance.lease_for(search, pulses).await };
    balance.resent(search, &pool);
    match pool.lease_fresh(pulses).await {
        Ok(lease) => Ok(Chosen::Lease(lease, Origin::Fresh)),
        Err(error) => balance.lease_after(search, &pool, error, pulses).await,
    }
}

fn is_idempotent(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS | Method::PUT | Method::DELETE)
}
