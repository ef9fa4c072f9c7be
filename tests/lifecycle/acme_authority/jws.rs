//! Signed requests (RFC 8555 §6.2): a nonce that was given and never used, the URL that is
//! asked, ES256 by the account's key, or by a new one where an account is made.

use aws_lc_rs::hmac;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use serde_json::Value;

use crate::acme_authority::books::{Books, Fault};
use crate::acme_authority::wire::Asked;

/// What was signed, and by whom.
pub struct Signed {
    /// The account, or `None` for one that is to be made.
    pub account: Option<String>,
    /// The key.
    pub key: Value,
    /// What was said; null for nothing (POST-as-GET).
    pub payload: Value,
}

/// The bytes behind base64url.
pub fn decoded(text: &Value) -> Result<Vec<u8>, String> {
    BASE64.decode(text.as_str().unwrap_or_default()).map_err(|error| error.to_string())
}

/// A fault of whoever asks.
pub fn malformed(detail: impl Into<String>) -> Fault {
    Fault { kind: "malformed", detail: detail.into(), retry_after: None }
}

/// Reads a request; `url` is what it has to be signed for, `prefix` what accounts begin with.
pub fn verify(asked: &Asked, url: &str, prefix: &str, books: &mut Books) -> Result<Signed, Fault> {
    let jws: Value = serde_json::from_str(&asked.body).map_err(|error| malformed(error.to_string()))?;
    let head = decoded(&jws["protected"]).map_err(malformed)?;
    let head: Value = serde_json::from_slice(&head).map_err(|error| malformed(error.to_string()))?;
    let known = books.nonces.remove(head["nonce"].as_str().unwrap_or_default());
    if !known || books.script.bad_nonces > 0 {
        books.script.bad_nonces = books.script.bad_nonces.saturating_sub(1);
        return Err(Fault { kind: "badNonce", detail: "another nonce, please".to_owned(), retry_after: None });
    }
    if head["url"] != url || head["alg"] != "ES256" {
        return Err(malformed(format!("signed for something else: {head}")));
    }
    let account = head["kid"].as_str().and_then(|kid| kid.strip_prefix(prefix)).map(str::to_owned);
    let key = match &account {
        None => head["jwk"].clone(),
        Some(account) => books.accounts.get(account).cloned().ok_or_else(|| Fault {
            kind: "accountDoesNotExist",
            detail: format!("no account {account}"),
            retry_after: None,
        })?,
    };
    let part = |name: &str| decoded(&key[name]).map_err(malformed);
    let point = [vec![4], part("x")?, part("y")?].concat();
    let signature = decoded(&jws["signature"]).map_err(malformed)?;
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
        .verify(signed_text(&jws).as_bytes(), &signature)
        .map_err(|_| malformed("a wrong signature"))?;
    let payload = decoded(&jws["payload"]).map_err(malformed)?;
    let payload = if payload.is_empty() {
        Value::Null
    } else {
        serde_json::from_slice(&payload).map_err(|error| malformed(error.to_string()))?
    };
    Ok(Signed { account, key, payload })
}

/// Whether an account's key is bound to another account (RFC 8555 §7.3.4).
pub fn is_bound(binding: &Value, key: &Value, url: &str, (id, secret): &(&str, Vec<u8>)) -> bool {
    let head = decoded(&binding["protected"]).unwrap_or_default();
    let head: Value = serde_json::from_slice(&head).unwrap_or_default();
    let payload: Value = serde_json::from_slice(&decoded(&binding["payload"]).unwrap_or_default()).unwrap_or_default();
    let tag = decoded(&binding["signature"]).unwrap_or_default();
    let hmac_key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    head["kid"] == *id
        && head["url"] == url
        && head["alg"] == "HS256"
        && payload == *key
        && hmac::verify(&hmac_key, signed_text(binding).as_bytes(), &tag).is_ok()
}

fn signed_text(jws: &Value) -> String {
    let part = |name: &str| jws[name].as_str().unwrap_or_default();
    format!("{}.{}", part("protected"), part("payload"))
}
