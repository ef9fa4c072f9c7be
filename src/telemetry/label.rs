//! The closed lists behind the labels of per-request series. A caller can choose a
//! method or provoke a status, so both are cut to a fixed list here and counted by
//! its slot; the text of a label is looked at only when somebody scrapes.

use http::Method;

/// Values of `method`; what a caller invents counts as the last.
pub const METHODS: [&str; 8] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "other"];

/// Statuses that are counted by themselves, ascending; others count by their class.
const STATUSES: [u16; 51] = [
    200, 201, 202, 203, 204, 205, 206, 207, 300, 301, 302, 303, 304, 307, 308, 400, 401, 402, 403, 404, 405, 406, 408,
    409, 410, 411, 412, 413, 414, 415, 416, 417, 421, 422, 423, 424, 425, 426, 428, 429, 431, 451, 500, 501, 502, 503,
    504, 505, 507, 508, 511,
];

/// Values of `code` behind the single statuses. `aborted`: the caller left before
/// there was a status. `other` takes what is in no class and, when the bound on
/// series is reached, everything that has no series yet.
const STATUS_CLASSES: [&str; 7] = ["1xx", "2xx", "3xx", "4xx", "5xx", "aborted", "other"];

/// How many values `code` has.
pub const CODES: usize = STATUSES.len() + STATUS_CLASSES.len();

// A series is claimed by one bit of a word.
const _: () = assert!(CODES <= 64);

/// Values of `result` of an admission, the common ones first.
pub const DECISIONS: [&str; 24] = [
    "ok",
    "public",
    "missing",
    "expired",
    "insufficient_scope",
    "revoked",
    "malformed",
    "unknown",
    "bad_signature",
    "unknown_key",
    "ambiguous",
    "not_yet",
    "wrong_issuer",
    "wrong_audience",
    "wrong_type",
    "claim_mismatch",
    "wrong_kind",
    "user_required",
    "media",
    "cannot_tell",
    "method",
    "no_route",
    "certificate_missing",
    "other",
];

/// Values of `result` of a request to a backend: the class of its answer, what kept
/// it from giving one, `aborted` where the caller did.
pub const UPSTREAM_RESULTS: [&str; 12] = [
    "1xx",
    "2xx",
    "3xx",
    "4xx",
    "5xx",
    "connect_error",
    "timeout",
    "reset",
    "bad_answer",
    "refused",
    "aborted",
    "other",
];

/// The slot of a method.
pub fn method_slot(method: &Method) -> usize {
    METHODS.iter().position(|known| *known == method.as_str()).unwrap_or(METHODS.len() - 1)
}

/// The slot of a status; 0 stands for a caller that left early.
pub fn code_slot(status: u16) -> usize {
    match STATUSES.binary_search(&status) {
        Ok(at) => at,
        Err(_) if status == 0 => STATUSES.len() + 5,
        Err(_) => match status / 100 {
            class @ 1..=5 => STATUSES.len() + usize::from(class) - 1,
            _ => CODES - 1,
        },
    }
}

/// The text of a slot that `code_slot` gave.
pub fn code_text(slot: usize) -> String {
    match STATUSES.get(slot) {
        Some(status) => status.to_string(),
        None => STATUS_CLASSES.get(slot - STATUSES.len()).copied().unwrap_or("other").to_owned(),
    }
}

/// The slot of an admission's label; `None` where nothing was asked.
pub fn decision_slot(label: &str) -> Option<usize> {
    if label.is_empty() {
        return None;
    }
    Some(DECISIONS.iter().position(|known| *known == label).unwrap_or(DECISIONS.len() - 1))
}

/// The slot of what a backend gave. The reasons are those of the edge's forwarding
/// errors; one that is not about the backend leaves the word to the status.
pub fn upstream_slot(status: u16, reason: Option<&str>) -> usize {
    let word = match reason {
        Some(
            "upstream_connect"
            | "upstream_connect_timeout"
            | "upstream_tls"
            | "upstream_tls_untrusted"
            | "upstream_tls_name"
            | "upstream_tls_expired"
            | "upstream_tls_refused",
        ) => "connect_error",
        Some("upstream_timeout" | "upstream_total_timeout") => "timeout",
        Some("upstream_reset") => "reset",
        Some("upstream_bad_answer") => "bad_answer",
        Some("upstream_busy" | "upstream_pending" | "upstream_overload" | "upstream_down" | "upstream_unresolved") => {
            "refused"
        }
        Some("body_too_large" | "body_timeout" | "body_broken") => "aborted",
        Some(_) | None => match status {
            0 => "aborted",
            1..=599 => return usize::from(status / 100).saturating_sub(1),
            _ => "other",
        },
    };
    UPSTREAM_RESULTS.iter().position(|known| *known == word).unwrap_or(UPSTREAM_RESULTS.len() - 1)
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::{
        CODES, DECISIONS, METHODS, UPSTREAM_RESULTS, code_slot, code_text, decision_slot, method_slot, upstream_slot,
    };

    #[test]
    fn every_status_has_a_slot_and_a_text_of_its_own() {
        let texts: std::collections::BTreeSet<String> = (0..CODES).map(code_text).collect();
        assert_eq!(texts.len(), CODES);
        for (status, text) in
            [(200, "200"), (404, "404"), (511, "511"), (299, "2xx"), (418, "4xx"), (599, "5xx"), (0, "aborted")]
        {
            assert_eq!(code_text(code_slot(status)), text, "status {status}");
        }
        assert_eq!(code_text(code_slot(999)), "other");
    }

    #[test]
    fn an_invented_method_counts_as_other() {
        let invented = Method::from_bytes(b"BREW").unwrap_or_default();
        assert_eq!(METHODS[method_slot(&invented)], "other");
        assert_eq!(METHODS[method_slot(&Method::PATCH)], "PATCH");
    }

    #[test]
    fn nothing_asked_is_no_decision() {
        assert_eq!(decision_slot(""), None);
        assert_eq!(decision_slot("ok"), Some(0));
        assert_eq!(decision_slot("never heard of"), Some(DECISIONS.len() - 1));
    }

    #[test]
    fn a_backend_is_blamed_by_reason_before_status() {
        for (status, reason, word) in [
            (204, None, "2xx"),
            (502, Some("upstream_connect"), "connect_error"),
            (504, Some("upstream_timeout"), "timeout"),
            (200, Some("upstream_reset"), "reset"),
            (502, Some("upstream_bad_answer"), "bad_answer"),
            (503, Some("upstream_busy"), "refused"),
            (200, Some("client_closed"), "2xx"),
            (0, Some("client_closed"), "aborted"),
            (413, Some("body_too_large"), "aborted"),
            (999, None, "other"),
        ] {
            assert_eq!(UPSTREAM_RESULTS[upstream_slot(status, reason)], word, "{status} {reason:?}");
        }
    }
}
