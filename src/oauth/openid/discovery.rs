//! OpenID Connect Discovery §3: the metadata of RFC 8414, and what a client needs to
//! know of ID tokens and sign-ins.

use serde_json::Value;

use crate::clock::Seconds;
use crate::dialect::endpoint::Endpoint;
use crate::dialect::knobs::Seat;
use crate::dialect::wire::RawRequest;
use crate::oauth::answer::{Answer, Refused};
use crate::oauth::authorize::request::Prompt;
use crate::oauth::endpoints::{origin, path_of};
use crate::oauth::jwks::public;
use crate::oauth::metadata::document;
use crate::oauth::openid::claims;
use crate::oauth::service::Desk;

/// How long a cache may keep the document.
const KEEP: Seconds = Seconds(300);

/// Answers one request for the document.
pub(in crate::oauth) fn answer(desk: Desk<'_>, seat: &Seat, raw: &RawRequest) -> Result<Answer, Refused> {
    seat.answers(raw)?;
    let issuer = desk.issuer;
    let mut out = document(desk);
    let at = |endpoint| path_of(issuer, endpoint).map(|path| Value::from(format!("{}{path}", origin(&issuer.url))));
    let mut put = |name: &str, value: Option<Value>| value.and_then(|value| out.insert(name.to_owned(), value));
    put("userinfo_endpoint", at(Endpoint::UserInfo));
    put("end_session_endpoint", at(Endpoint::EndSession));
    put("subject_types_supported", Some(vec!["public"].into()));
    put("id_token_signing_alg_values_supported", Some(vec![issuer.keys.algorithm.as_str()].into()));
    put("claims_supported", Some(claims::all().into()));
    put("prompt_values_supported", Some(Prompt::WORDS.to_vec().into()));
    put("claims_parameter_supported", Some(false.into()));
    put("request_parameter_supported", Some(false.into()));
    put("request_uri_parameter_supported", Some(false.into()));
    Ok(public(Value::Object(out).to_string(), "application/json", KEEP))
}
