//! The account at an authority (RFC 8555 §7.3): made at the first order, bound to one that
//! the operator has there already if the authority asks for that, and kept. Its key is
//! kept with it and is shown to nobody.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use instant_acme::{Account, AccountCredentials, ExternalAccountKey, NewAccount};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::acme::error::{AcmeError, Known};
use crate::acme::fetch::Fetch;
use crate::acme::kept::Kept;
use crate::acme::wanted::{ExternalAccount, Wanted};

/// An account in its file.
#[derive(Serialize, Deserialize)]
struct Record {
    contact: Vec<String>,
    credentials: AccountCredentials,
}

/// The account for a certificate: the one that is kept, or a new one.
pub async fn open(wanted: &Wanted, kept: &Kept, fetch: &Fetch) -> Result<Account, AcmeError> {
    let Some(Record { contact, credentials }) = read(wanted, kept) else { return make(wanted, kept, fetch).await };
    let account = Account::builder_with_http(Box::new(fetch.clone())).from_credentials(credentials).await?;
    if contact != wanted.contact {
        let listed: Vec<&str> = wanted.contact.iter().map(String::as_str).collect();
        match account.update_contacts(&listed).await.map_err(AcmeError::from) {
            Ok(()) => rewrite(wanted, kept)?,
            Err(error) => return Err(forgetting(error, wanted, kept)),
        }
    }
    Ok(account)
}

/// The one that is kept; none is made.
pub async fn known(wanted: &Wanted, kept: &Kept, fetch: &Fetch) -> Result<Option<Account>, AcmeError> {
    let Some(record) = read(wanted, kept) else { return Ok(None) };
    let builder = Account::builder_with_http(Box::new(fetch.clone()));
    Ok(Some(builder.from_credentials(record.credentials).await?))
}

fn read(wanted: &Wanted, kept: &Kept) -> Option<Record> {
    serde_json::from_slice(&kept.account(&wanted.account_id())?).ok()
}

/// Makes an account. The operator has agreed to the terms in the file, or there would be
/// nothing to order.
async fn make(wanted: &Wanted, kept: &Kept, fetch: &Fetch) -> Result<Account, AcmeError> {
    let contact: Vec<&str> = wanted.contact.iter().map(String::as_str).collect();
    let new = NewAccount { contact: &contact, terms_of_service_agreed: true, only_return_existing: false };
    let external = wanted.external.as_ref().map(bound_to).transpose()?;
    let builder = Account::builder_with_http(Box::new(fetch.clone()));
    let (account, credentials) = builder.create(&new, wanted.directory.clone(), external.as_ref()).await?;
    keep(wanted, kept, credentials)?;
    Ok(account)
}

/// Writes down that the authority knows the addresses of now.
fn rewrite(wanted: &Wanted, kept: &Kept) -> Result<(), AcmeError> {
    match read(wanted, kept) {
        Some(record) => keep(wanted, kept, record.credentials),
        None => Ok(()),
    }
}

fn keep(wanted: &Wanted, kept: &Kept, credentials: AccountCredentials) -> Result<(), AcmeError> {
    let record = Record { contact: wanted.contact.clone(), credentials };
    let text = serde_json::to_string(&record).map(Zeroizing::new);
    let text = text.map_err(|error| AcmeError::Here(format!("the account cannot be written: {error}")))?;
    kept.keep_account(&wanted.account_id(), &text)
}

/// Forgets an account that the authority has lost, so that the next attempt makes another.
pub fn forgetting(error: AcmeError, wanted: &Wanted, kept: &Kept) -> AcmeError {
    if matches!(&error, AcmeError::Refused { account: Known::No, .. }) {
        kept.forget_account(&wanted.account_id());
    }
    error
}

fn bound_to(external: &ExternalAccount) -> Result<ExternalAccountKey, AcmeError> {
    let key = hmac_key(external.key.expose()).ok_or_else(|| AcmeError::Here("the HMAC key is malformed".to_owned()))?;
    Ok(ExternalAccountKey::new(external.key_id.clone(), &key))
}

/// The bytes of an HMAC key in base64url, with or without padding.
pub fn hmac_key(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let bare = text.trim().trim_end_matches('=');
    URL_SAFE_NO_PAD.decode(bare).ok().filter(|key| !key.is_empty()).map(Zeroizing::new)
}
