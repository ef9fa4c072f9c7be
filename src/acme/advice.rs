//! When an authority wants a certificate renewed (RFC 9773): it may call some back, and its
//! word comes before that is felt. It is asked a few times a day, and can only make a
//! renewal earlier than our own rule does.

use instant_acme::{CertificateIdentifier, Error};
use rustls_pki_types::CertificateDer;

use crate::acme::account;
use crate::acme::error::{AcmeError, bounded};
use crate::acme::fetch::Fetch;
use crate::acme::kept::Kept;
use crate::acme::timing::Window;
use crate::acme::wanted::Wanted;
use crate::clock::{Seconds, UnixTime};

/// What an authority suggests.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Advice {
    /// When to renew.
    pub window: Window,
    /// When to ask again.
    pub again: Seconds,
    /// A page that says why, if there is a reason.
    pub explanation: Option<String>,
}

/// Asks about a certificate; `None`: this authority gives no advice, or there is no account
/// to ask by.
pub async fn ask(
    wanted: &Wanted,
    kept: &Kept,
    fetch: &Fetch,
    certificate: &CertificateDer<'_>,
) -> Result<Option<Advice>, AcmeError> {
    let Some(account) = account::known(wanted, kept, fetch).await? else { return Ok(None) };
    let Ok(identifier) = CertificateIdentifier::try_from(certificate) else { return Ok(None) };
    match account.renewal_info(&identifier).await {
        Ok((info, again)) => {
            let second = |at: i64| UnixTime(u64::try_from(at).unwrap_or(0));
            let window = info.suggested_window;
            Ok(Some(Advice {
                window: Window {
                    from: second(window.start.unix_timestamp()),
                    until: second(window.end.unix_timestamp()),
                },
                again: Seconds(again.as_secs()),
                explanation: info.explanation_url.map(bounded),
            }))
        }
        Err(Error::Unsupported(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
