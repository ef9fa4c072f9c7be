//! Gets the certificates that the file asks for, and renews them in time: a task of the
//! shared runtime, since an order waits for minutes and a worker never may. Orders run one
//! after the other, and at a succession in one process at a time. After a failure the
//! certificate before stays, the log says why and when it is tried again.

use std::sync::Arc;
use std::time::Duration;

use crate::acme::account;
use crate::acme::error::{AcmeError, Failure};
use crate::acme::fetch::Fetch;
use crate::acme::order;
use crate::acme::pair::{self, Pair};
use crate::acme::shelf::Slot;
use crate::acme::timing::{MAX_ORDERS_AN_HOUR, next_order, wait_after};
use crate::acme::wanted::Wanted;
use crate::clock::UnixTime;
use crate::edge::drain::Phase;
use crate::edge::shared::Shared;
use crate::gateway::certificates::Certificates;
use crate::telemetry::outcome::Ordered;

/// How often is looked whether something is due.
const LOOK: Duration = Duration::from_secs(1);

/// How long one attempt may take.
const ATTEMPT: Duration = Duration::from_secs(300);

/// What came of looking after one certificate.
enum Done {
    /// A new one is shown.
    Issued(Pair),
    /// Another process has got one meanwhile.
    Found(Pair),
    /// Another process is ordering.
    Elsewhere,
    /// There were as many orders as an hour may have; the next one is then.
    Enough(UnixTime),
}

/// Keeps them until the drain begins; an order that is under way then is given up.
pub async fn keep(shared: Arc<Shared>, certificates: Arc<Certificates>) {
    let work = async {
        loop {
            let snapshot = Arc::clone(&shared.worlds.load().snapshot);
            for wanted in snapshot.managed() {
                let slot = certificates.slot(wanted);
                if slot.is_due(wanted, shared.clock.now()) {
                    look_after(wanted, &slot, &shared, &certificates).await;
                    certificates.tell(&shared.telemetry, &snapshot);
                }
            }
            tokio::time::sleep(LOOK).await;
        }
    };
    tokio::select! {
        () = shared.drain.reached(Phase::Draining) => {}
        () = work => {}
    }
}

async fn look_after(wanted: &Wanted, slot: &Slot, shared: &Shared, certificates: &Certificates) {
    let name = wanted.name();
    match attempt(wanted, shared, certificates).await {
        Ok(Done::Issued(pair)) => {
            let (until, now) = (pair.life.until, shared.clock.now());
            certificates.show(slot, pair);
            shared.telemetry.certificate_ordered(name, Ordered::Issued);
            let renewal = slot.standing().due;
            tracing::info!(certificate = name, names = names(wanted), %until, %renewal, "a certificate was issued");
            if renewal <= now {
                // A clock that is wrong, here or there: without a wait it would be ordered for ever.
                let why = format!("it should be renewed at {renewal} already; is the clock right?");
                give_up(wanted, slot, AcmeError::Here(why).into(), shared, certificates);
            }
        }
        Ok(Done::Found(pair)) => {
            tracing::info!(certificate = name, until = %pair.life.until, "a certificate was found in the state folder");
            certificates.show(slot, pair);
        }
        Ok(Done::Elsewhere) => tracing::debug!(certificate = name, "another process is ordering"),
        Ok(Done::Enough(next)) => {
            slot.rest(next);
            let message = "no further order within this hour";
            tracing::warn!(certificate = name, orders = MAX_ORDERS_AN_HOUR, %next, "{message}");
        }
        Err(failure) => {
            shared.telemetry.certificate_ordered(name, Ordered::Failed);
            give_up(wanted, slot, failure, shared, certificates);
        }
    }
}

/// Says what went wrong, and when it is tried again.
fn give_up(wanted: &Wanted, slot: &Slot, failure: Failure, shared: &Shared, certificates: &Certificates) {
    let Failure { error, retry_after } = failure;
    let failures = slot.standing().failures.saturating_add(1);
    let next = shared.clock.now().after(wait_after(failures, retry_after, certificates.chance()));
    slot.failed(error.to_string(), next);
    let (certificate, names) = (wanted.name(), names(wanted));
    tracing::error!(certificate, names, failures, %error, %next, "no certificate was issued");
}

/// One attempt, in which at most one order is placed.
async fn attempt(wanted: &Wanted, shared: &Shared, certificates: &Certificates) -> Result<Done, Failure> {
    let kept = &certificates.kept;
    let Some(_lock) = kept.lock()? else { return Ok(Done::Elsewhere) };
    // Only now nobody else can write: what is read is the last word.
    let now = shared.clock.now();
    if let Some(pair) = certificates.read(wanted).filter(|pair| now < pair.life.renewal(0)) {
        return Ok(Done::Found(pair));
    }
    let next = next_order(&kept.orders(&wanted.id()), now);
    if now < next {
        return Ok(Done::Enough(next));
    }
    let fetch = Fetch::new(wanted.roots.as_deref())?;
    let got = tokio::time::timeout(ATTEMPT, order(wanted, &fetch, certificates, now)).await;
    let got = got.unwrap_or_else(|_| Err(AcmeError::Unreachable("the order took too long".to_owned())));
    got.map(Done::Issued)
        .map_err(|error| Failure { error: account::forgetting(error, wanted, kept), retry_after: fetch.retry_after() })
}

async fn order(wanted: &Wanted, fetch: &Fetch, certificates: &Certificates, now: UnixTime) -> Result<Pair, AcmeError> {
    let kept = &certificates.kept;
    let account = account::open(wanted, kept, fetch).await?;
    // Noted before it is placed: what crashes here has cost the authority something too.
    kept.note_order(&wanted.id(), now)?;
    tracing::info!(certificate = wanted.name(), names = names(wanted), directory = wanted.directory, "ordering");
    let pem = order::place(&account, wanted, &certificates.board).await?;
    let pair = pair::read(pem.as_bytes(), &wanted.names)?;
    kept.keep_certificate(&wanted.id(), &pem)?;
    Ok(pair)
}

fn names(wanted: &Wanted) -> String {
    wanted.names.join(" ")
}
