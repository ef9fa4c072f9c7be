//! Gets the certificates that the file asks for, and renews them in time: a task of the
//! shared runtime, since an order waits for minutes and a worker never may. Orders run one
//! after the other, and at a succession in one process at a time. After a failure the
//! certificate before stays, the log says why and when it is tried again.

use std::sync::Arc;
use std::time::Duration;

use rustls_pki_types::CertificateDer;

use crate::acme::account;
use crate::acme::advice::{self, Advice};
use crate::acme::error::{AcmeError, Failure};
use crate::acme::fetch::Fetch;
use crate::acme::order;
use crate::acme::pair::{self, Pair};
use crate::acme::shelf::Slot;
use crate::acme::timing::{MAX_ORDERS_AN_HOUR, ask_again, next_order, wait_after};
use crate::acme::wanted::Wanted;
use crate::clock::{Seconds, UnixTime};
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
                let now = shared.clock.now();
                if slot.is_due(wanted, now) {
                    look_after(wanted, &slot, &shared, &certificates).await;
                } else if slot.asks(now) {
                    take_advice(wanted, &slot, &shared, &certificates).await;
                } else {
                    continue;
                }
                certificates.tell(&shared.telemetry, &snapshot);
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
    match attempt(wanted, slot, shared, certificates).await {
        Ok(Done::Issued(pair)) => {
            let (until, now) = (pair.life.until, shared.clock.now());
            certificates.show(slot, pair);
            // An authority that calls back what it has just signed is not heard at once.
            slot.ask_again(now.after(ask_again(None)));
            shared.telemetry.certificate_ordered(name, Ordered::Issued);
            let renewal = slot.standing().due;
            tracing::info!(certificate = name, names = names(wanted), %until, %renewal, "a certificate was issued");
            if renewal <= now {
                // A clock that is wrong, here or there: without a wait it would be ordered for ever.
                let why = format!("it should be renewed at {renewal} already; is the clock right?");
                let (failures, next) = put_off(slot, why, None, shared, certificates);
                tracing::warn!(certificate = name, failures, %next, "the certificate is due for renewal as it comes");
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
            let Failure { error, retry_after } = failure;
            let (failures, next) = put_off(slot, error.to_string(), retry_after, shared, certificates);
            let names = names(wanted);
            tracing::error!(certificate = name, names, failures, %error, %next, "no certificate was issued");
        }
    }
}

/// Asks the authority when it wants the certificate renewed. That it says nothing is no
/// failure: our own rule stands.
async fn take_advice(wanted: &Wanted, slot: &Slot, shared: &Shared, certificates: &Certificates) {
    let name = wanted.name();
    let again = match advice(wanted, slot, certificates).await {
        Ok(None) => None,
        Ok(Some(Advice { window, again, explanation })) => {
            if slot.heed(window, window.moment(certificates.chance())) {
                let (renewal, why) = (slot.standing().due, explanation.unwrap_or_default());
                tracing::info!(certificate = name, %renewal, why, "the authority wants the certificate renewed earlier");
            }
            Some(again)
        }
        Err(error) => {
            tracing::debug!(certificate = name, %error, "the authority gives no advice");
            None
        }
    };
    slot.ask_again(shared.clock.now().after(ask_again(again)));
}

async fn advice(wanted: &Wanted, slot: &Slot, certificates: &Certificates) -> Result<Option<Advice>, AcmeError> {
    let shown = slot.certified();
    let Some(certificate) = shown.as_ref().and_then(|shown| shown.cert.first()) else { return Ok(None) };
    let fetch = Fetch::new(wanted.roots.as_deref())?;
    advice::ask(wanted, &certificates.kept, &fetch, certificate).await
}

/// Notes what went wrong; says how often in a row, and when it is tried again.
fn put_off(
    slot: &Slot,
    why: String,
    asked: Option<Seconds>,
    shared: &Shared,
    certificates: &Certificates,
) -> (u32, UnixTime) {
    let failures = slot.standing().failures.saturating_add(1);
    let next = shared.clock.now().after(wait_after(failures, asked, certificates.chance()));
    slot.failed(why, next);
    (failures, next)
}

/// One attempt, in which at most one order is placed.
async fn attempt(wanted: &Wanted, slot: &Slot, shared: &Shared, certificates: &Certificates) -> Result<Done, Failure> {
    let kept = &certificates.kept;
    let Some(_lock) = kept.lock()? else { return Ok(Done::Elsewhere) };
    // Only now nobody else can write: what is read is the last word.
    let now = shared.clock.now();
    let shown = slot.standing().life.and_then(|_| slot.certified());
    let before = shown.as_ref().and_then(|shown| shown.cert.first());
    let is_news = |pair: &Pair| now < pair.life.renewal(0) && pair.certified.cert.first() != before;
    if let Some(pair) = certificates.read(wanted).filter(is_news) {
        return Ok(Done::Found(pair));
    }
    let next = next_order(&kept.orders(&wanted.id()), now);
    if now < next {
        return Ok(Done::Enough(next));
    }
    let fetch = Fetch::new(wanted.roots.as_deref())?;
    let got = tokio::time::timeout(ATTEMPT, order(wanted, before, &fetch, certificates, now)).await;
    let got = got.unwrap_or_else(|_| Err(AcmeError::Unreachable("the order took too long".to_owned())));
    got.map(Done::Issued)
        .map_err(|error| Failure { error: account::forgetting(error, wanted, kept), retry_after: fetch.retry_after() })
}

async fn order(
    wanted: &Wanted,
    before: Option<&CertificateDer<'_>>,
    fetch: &Fetch,
    certificates: &Certificates,
    now: UnixTime,
) -> Result<Pair, AcmeError> {
    let kept = &certificates.kept;
    let account = account::open(wanted, kept, fetch).await?;
    // Noted before it is placed: what crashes here has cost the authority something too.
    kept.note_order(&wanted.id(), now)?;
    tracing::info!(certificate = wanted.name(), names = names(wanted), directory = wanted.directory, "ordering");
    let pem = order::place(&account, wanted, before, &certificates.board).await?;
    let pair = pair::read(pem.as_bytes(), &wanted.names)?;
    if let Err(error) = kept.keep_certificate(&wanted.id(), &pem) {
        // It is good all the same, and was paid for.
        tracing::error!(certificate = wanted.name(), %error, "a certificate is not kept: a restart orders another");
    }
    Ok(pair)
}

fn names(wanted: &Wanted) -> String {
    wanted.names.join(" ")
}
