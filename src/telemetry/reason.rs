//! Why the gateway answered by itself, or why an answer broke off: the closed list of the
//! words that the access log has as `reason`, so that each can be counted. The edge's own
//! types make the words; its tests hold them to this list.

/// Reasons that are about an upstream, and are counted by its name.
pub const OF_UPSTREAMS: [&str; 17] = [
    "upstream_connect",
    "upstream_connect_timeout",
    "upstream_tls",
    "upstream_tls_untrusted",
    "upstream_tls_name",
    "upstream_tls_expired",
    "upstream_tls_refused",
    "upstream_reset",
    "upstream_bad_answer",
    "upstream_timeout",
    "upstream_total_timeout",
    "upstream_busy",
    "upstream_pending",
    "upstream_overload",
    "upstream_down",
    "upstream_unresolved",
    "backend_token_unread",
];

/// All others; the last takes what is in neither list.
pub const OTHERS: [&str; 60] = [
    "client_closed",
    "rate_limited",
    "too_many_at_once",
    "maintenance",
    "cors_preflight",
    "cors_refused",
    "rewrite_refused",
    "memory_full",
    "deadline",
    "drain",
    "tunnel_idle",
    "token_expired",
    "token_revoked",
    "token_narrowed",
    "body_too_large",
    "body_timeout",
    "body_too_slow",
    "body_broken",
    "body_chunk",
    "body_trailer",
    "head_timeout",
    "head_too_large",
    "head_too_many_headers",
    "head_target_too_long",
    "head_bare_lf",
    "head_bare_cr",
    "head_control_byte",
    "head_fold",
    "head_header_syntax",
    "head_request_line",
    "head_version",
    "head_target",
    "head_content_length",
    "head_transfer_encoding",
    "head_length_conflict",
    "head_host_missing",
    "head_host_repeated",
    "head_host_syntax",
    "head_host_mismatch",
    "method_refused",
    "host_invalid",
    "host_misdirected",
    "query_invalid",
    "path_not_absolute",
    "path_too_long",
    "path_control",
    "path_not_ascii",
    "path_broken_encoding",
    "path_not_utf8",
    "path_encoded_slash",
    "path_backslash",
    "path_dot_segment",
    "path_semicolon",
    "path_double_encoding",
    "path_not_a_path",
    "websocket_version",
    "websocket_key",
    "websocket_body",
    "websocket_refused",
    "other",
];

/// Where a reason is counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Slot {
    /// In `OF_UPSTREAMS`.
    OfUpstream(usize),
    /// In `OTHERS`.
    Other(usize),
}

/// The slot of a reason.
pub fn slot(reason: &str) -> Slot {
    let at = |list: &[&str]| list.iter().position(|known| *known == reason);
    match at(&OF_UPSTREAMS) {
        Some(slot) => Slot::OfUpstream(slot),
        None => Slot::Other(at(&OTHERS).unwrap_or(OTHERS.len() - 1)),
    }
}

#[cfg(test)]
mod tests {
    use super::{OF_UPSTREAMS, OTHERS, Slot, slot};

    #[test]
    fn each_word_has_one_slot_and_an_unknown_one_the_last() {
        for (at, word) in OF_UPSTREAMS.iter().enumerate() {
            assert_eq!(slot(word), Slot::OfUpstream(at));
        }
        for (at, word) in OTHERS.iter().enumerate() {
            assert_eq!(slot(word), Slot::Other(at));
        }
        assert_eq!(slot("never heard of"), Slot::Other(OTHERS.len() - 1));
    }
}
