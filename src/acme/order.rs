//! One order from its beginning to its certificate (RFC 8555 §7.4): a proof for each name,
//! a key that was never used before, and the chain.
//! Must never: put a key into an error, or leave a proof behind.

use std::sync::Arc;
use std::time::Duration;

use instant_acme::{
    Account, AuthorizationStatus, CertificateIdentifier, ChallengeHandle, ChallengeType, Identifier, NewOrder, Order,
    OrderStatus, Problem, RetryPolicy,
};
use rcgen::{CertificateParams, DistinguishedName, KeyPair};
use rustls_pki_types::CertificateDer;
use zeroize::Zeroizing;

use crate::acme::board::{Board, Posted};
use crate::acme::error::AcmeError;
use crate::acme::pair;
use crate::acme::wanted::{Challenge, Wanted};

/// How long an authority may take to look at the proofs, and then to sign; it is asked at
/// growing distances.
const PATIENCE: RetryPolicy =
    RetryPolicy::new().initial_delay(Duration::from_millis(250)).backoff(1.5).timeout(Duration::from_secs(90));

/// Gets a certificate, perhaps in place of the one before: chain and key in PEM. The proofs hang until this future ends,
/// however it ends.
pub async fn place(
    account: &Account,
    wanted: &Wanted,
    before: Option<&CertificateDer<'_>>,
    board: &Arc<Board>,
) -> Result<Zeroizing<String>, AcmeError> {
    let names: Vec<Identifier> = wanted.names.iter().cloned().map(Identifier::Dns).collect();
    let mut order = begin(account, &names, before).await?;
    let proofs = prove(&mut order, wanted.challenge, board).await?;
    let status = order.poll_ready(&PATIENCE).await;
    drop(proofs);
    match status {
        Ok(OrderStatus::Ready | OrderStatus::Valid) => {}
        Ok(OrderStatus::Pending | OrderStatus::Processing | OrderStatus::Invalid) => {
            return Err(refusal(&mut order)
                .await
                .unwrap_or_else(|| AcmeError::Unreachable("the order was given up without a reason".to_owned())));
        }
        Err(error @ instant_acme::Error::Api(_)) => {
            return Err(refusal(&mut order).await.unwrap_or_else(|| error.into()));
        }
        Err(error) => return Err(error.into()),
    }
    let made = |error: rcgen::Error| AcmeError::Here(format!("no request could be made: {error}"));
    let key = KeyPair::generate().map_err(made)?;
    let mut params = CertificateParams::new(wanted.names.clone()).map_err(made)?;
    params.distinguished_name = DistinguishedName::new();
    let request = params.serialize_request(&key).map_err(made)?;
    order.finalize_csr(request.der()).await?;
    let chain = order.poll_certificate(&PATIENCE).await?;
    let key = Zeroizing::new(key.serialize_pem());
    Ok(Zeroizing::new(format!("{}\n{}", chain.trim_end(), *key)))
}

/// Makes the order. One that says which certificate it replaces is under no rate limit at
/// some authorities (RFC 9773 §5); where that is not understood or not believed, it is made
/// without.
async fn begin(
    account: &Account,
    names: &[Identifier],
    before: Option<&CertificateDer<'_>>,
) -> Result<Order, instant_acme::Error> {
    let replaced = before.and_then(|before| CertificateIdentifier::try_from(before).ok());
    if let Some(replaced) = replaced {
        match account.new_order(&NewOrder::new(names).replaces(replaced)).await {
            Err(instant_acme::Error::Unsupported(_)) => {}
            Err(instant_acme::Error::Api(problem)) if !is_limit(&problem) => {}
            made => return made,
        }
    }
    account.new_order(&NewOrder::new(names)).await
}

/// Whether an order was refused for what it would cost: asking twice would cost more.
fn is_limit(problem: &Problem) -> bool {
    problem.r#type.as_deref().is_some_and(|kind| kind.ends_with(":rateLimited"))
}

/// Puts up a proof for each name that needs one, and says that it may be looked at.
async fn prove(order: &mut Order, challenge: Challenge, board: &Arc<Board>) -> Result<Vec<Posted>, AcmeError> {
    let mut proofs = Vec::new();
    let mut authorizations = order.authorizations();
    while let Some(authorization) = authorizations.next().await {
        let mut authorization = authorization?;
        match authorization.status {
            AuthorizationStatus::Valid => continue,
            AuthorizationStatus::Pending => {}
            AuthorizationStatus::Invalid
            | AuthorizationStatus::Revoked
            | AuthorizationStatus::Expired
            | AuthorizationStatus::Deactivated => {
                return Err(AcmeError::Unreachable("an authorization of a new order is over already".to_owned()));
            }
        }
        let (kind, name) = match challenge {
            Challenge::Http01 => (ChallengeType::Http01, "http-01"),
            Challenge::TlsAlpn01 => (ChallengeType::TlsAlpn01, "tls-alpn-01"),
        };
        let Some(mut offered) = authorization.challenge(kind) else {
            return Err(AcmeError::Unreachable(format!("it does not offer the challenge {name}")));
        };
        proofs.push(post(&offered, challenge, board)?);
        offered.set_ready().await?;
    }
    Ok(proofs)
}

/// Puts up what one challenge asks for.
fn post(offered: &ChallengeHandle<'_>, challenge: Challenge, board: &Arc<Board>) -> Result<Posted, AcmeError> {
    let authorization = offered.key_authorization();
    let posted = match (challenge, offered.identifier().identifier) {
        (Challenge::Http01, _) => board.post_text(&offered.token, authorization.as_str()),
        (Challenge::TlsAlpn01, Identifier::Dns(name)) => {
            board.post_certificate(name, pair::proof(name, authorization.digest().as_ref())?)
        }
        (Challenge::TlsAlpn01, other) => {
            return Err(AcmeError::Unreachable(format!("{other:?} cannot be proven in a handshake")));
        }
    };
    posted.ok_or_else(|| AcmeError::Here("too many proofs are under way".to_owned()))
}

/// Why a proof was not accepted, in the authority's words; `None`: it says nothing.
async fn refusal(order: &mut Order) -> Option<AcmeError> {
    let mut authorizations = order.authorizations();
    while let Some(Ok(mut authorization)) = authorizations.next().await {
        let Ok(state) = authorization.refresh().await else { continue };
        if let Some(problem) = state.challenges.iter().find_map(|challenge| challenge.error.as_ref()) {
            return Some(AcmeError::refused_for(&state.identifier().to_string(), problem));
        }
    }
    None
}
