//! Where an issuer speaks otherwise than the RFCs, for the operator: said once at start,
//! so that nobody has to find out from a client. Read off what was compiled, so it is
//! true whatever preset, variant or change it came from. Must never: hold a secret.

use http::StatusCode;

use crate::dialect::answer::Answer;
use crate::dialect::endpoint::Endpoint;
use crate::dialect::fault::Fault;
use crate::dialect::knobs::{QueryRule, Seat};
use crate::dialect::shape::Shape;
use crate::oauth::endpoints::path;
use crate::oauth::issuer::{Issuer, MachineRefresh};

/// Refusals whose status and code RFC 6749 §5.2 fixes.
const FIXED: [(Fault, StatusCode, &str); 8] = [
    (Fault::MissingGrant, StatusCode::BAD_REQUEST, "invalid_request"),
    (Fault::UnsupportedGrant, StatusCode::BAD_REQUEST, "unsupported_grant_type"),
    (Fault::ClientMissing, StatusCode::UNAUTHORIZED, "invalid_client"),
    (Fault::ClientBad, StatusCode::UNAUTHORIZED, "invalid_client"),
    (Fault::GrantNotAllowed, StatusCode::BAD_REQUEST, "unauthorized_client"),
    (Fault::UserBad, StatusCode::BAD_REQUEST, "invalid_grant"),
    (Fault::RefreshBad, StatusCode::BAD_REQUEST, "invalid_grant"),
    (Fault::ScopeBad, StatusCode::BAD_REQUEST, "invalid_scope"),
];

/// One thing that an issuer does otherwise.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Deviation {
    /// How much it matters.
    pub weight: Weight,
    /// What, in a sentence.
    pub what: String,
}

/// How much a deviation matters.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Weight {
    /// Clients of the RFCs would stumble.
    Odd,
    /// Somebody could come to harm.
    Risky,
}

/// Everything that the issuer does otherwise, endpoint by endpoint.
pub fn of(issuer: &Issuer) -> Vec<Deviation> {
    let mut out = Vec::new();
    let seats = issuer.dialect.seats.iter().filter(|seat| seat.endpoint == Endpoint::Token);
    for seat in seats {
        of_seat(issuer, seat, &mut out);
    }
    let mut say = |weight, what: &str| out.push(Deviation { weight, what: what.to_owned() });
    if issuer.token.lifetime.is_none() {
        say(Weight::Risky, "access tokens never end; nothing but a revocation ends them");
    }
    if issuer.refresh.lifetime.is_none() && issuer.refresh.idle.is_none() {
        say(Weight::Odd, "refresh tokens never end while they are used or lie unused");
    }
    if issuer.refresh.machines == MachineRefresh::Issued {
        say(Weight::Odd, "clients without a user get refresh tokens (RFC 6749 section 4.4.3 advises against it)");
    }
    if !issuer.dialect.query.is_empty() {
        say(Weight::Odd, "the API takes tokens in the URL (RFC 6750 section 2.3); clients that do so are named hourly");
    }
    out
}

fn of_seat(issuer: &Issuer, seat: &Seat, out: &mut Vec<Deviation>) {
    let (dialect, path) = (&issuer.dialect, path(issuer, seat));
    let mut say = |weight, what: String| out.push(Deviation { weight, what: format!("{path}: {what}") });
    let answer = seat.success.as_ref().unwrap_or(&dialect.success);
    if answer.status != StatusCode::OK {
        let status = answer.status.as_u16();
        say(Weight::Odd, format!("tokens come with status {status}, not 200 (RFC 6749 section 5.1)"));
    }
    if answer.forms.len() > 1 {
        say(Weight::Odd, format!("tokens come in {} formats, chosen by Accept", answer.forms.len()));
    }
    if in_milliseconds(answer) {
        let what = "expires_in is told in milliseconds; a client that counts seconds keeps a token that has ended";
        say(Weight::Risky, what.to_owned());
    }
    let lacks = lacking(answer);
    if !lacks.is_empty() {
        say(Weight::Odd, format!("tokens come without {} (RFC 6749 section 5.1)", lacks.join(" and ")));
    }
    let table = seat.refusals.as_ref().unwrap_or(&dialect.refusals);
    let differs = |(fault, status, code): &(Fault, StatusCode, &str)| {
        let said = table.says(*fault);
        let told = (said.0.unwrap_or(*status), said.1.unwrap_or_else(|| (*code).to_owned()));
        (told.0 != *status || told.1 != *code).then(|| format!("{} {} {}", fault.as_str(), told.0.as_u16(), told.1))
    };
    let others: Vec<String> = FIXED.iter().filter_map(differs).collect();
    if !others.is_empty() {
        say(Weight::Odd, format!("refused otherwise than by RFC 6749 section 5.2: {}", others.join(", ")));
    }
    if matches!(dialect.reading(seat).query, QueryRule::OnGet | QueryRule::Only | QueryRule::Merge) {
        let what = "secrets may stand in the URL, where logs of others see them; clients that do so are named hourly";
        say(Weight::Risky, what.to_owned());
    }
}

fn in_milliseconds(answer: &Answer) -> bool {
    let told = answer.forms.iter().filter_map(|form| form.body.member("expires_in"));
    told.into_iter().any(|shape| matches!(shape, Shape::Text(text) if text.tells_milliseconds()))
}

/// What RFC 6749 §5.1 asks for and no body has.
fn lacking(answer: &Answer) -> Vec<&'static str> {
    let there = |name: &str| answer.forms.iter().any(|form| form.body.member(name).is_some());
    ["token_type", "expires_in"].into_iter().filter(|name| !there(name)).collect()
}
