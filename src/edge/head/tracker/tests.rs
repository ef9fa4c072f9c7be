//! Heads and bodies as data: each is shown at once, byte by byte, and cut in two at
//! every place, and must be judged the same.

use proptest::prelude::{Just, Strategy, any, proptest};
use proptest::{collection, prop_assert_eq, prop_oneof};

use crate::edge::head::refusal::Refusal;
use crate::edge::head::scanner::HeadLimits;
use crate::edge::head::tracker::{Passage, Stage, Tracker};

const LIMITS: HeadLimits = HeadLimits { bytes: 512, fields: 8 };

/// Shows `bytes` in pieces of the given sizes, as the guard would: what was not
/// cleared is shown again. How much passed in all, and how it ended.
fn show(bytes: &[u8], sizes: impl Iterator<Item = usize>) -> (usize, Option<(Stage, Refusal)>, Stage) {
    let mut tracker = Tracker::new(LIMITS);
    let (mut cleared, mut shown) = (0, 0);
    for size in sizes {
        shown = bytes.len().min(shown + size);
        let Passage { cleared: more, refused } = tracker.advance(&bytes[cleared..shown]);
        cleared += more;
        if refused.is_some() {
            return (cleared, refused, tracker.stage());
        }
    }
    (cleared, None, tracker.stage())
}

fn judge(bytes: &[u8]) -> (usize, Option<(Stage, Refusal)>, Stage) {
    let whole = show(bytes, [bytes.len()].into_iter());
    assert_eq!(show(bytes, std::iter::repeat_n(1, bytes.len())), whole, "{}", String::from_utf8_lossy(bytes));
    for cut in 1..bytes.len() {
        let (cleared, refused, _) = show(bytes, [cut, bytes.len()].into_iter());
        assert_eq!((cleared, refused), (whole.0, whole.1), "cut at {cut}: {}", String::from_utf8_lossy(bytes));
    }
    whole
}

fn passes(text: &str) {
    assert_eq!(judge(text.as_bytes()), (text.len(), None, Stage::Head), "{text:?}");
}

fn refuses(text: &str, refusal: Refusal) {
    assert_eq!(judge(text.as_bytes()).1, Some((Stage::Head, refusal)), "{text:?}");
}

/// A request with these lines after its host.
fn with(lines: &str) -> String {
    format!("GET / HTTP/1.1\r\nHost: a\r\n{lines}\r\n\r\n")
}

#[test]
fn good_messages_pass_whole_one_after_the_other() {
    passes("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    passes("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
    passes("GET / HTTP/1.0\r\nhOsT:\ta:80 \r\n\r\n");
    passes("GET http://A:80/ HTTP/1.1\r\nHost: a:80\r\n\r\n");
    passes("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhelloGET / HTTP/1.1\r\nHost: b\r\n\r\n");
    passes("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\nGET / HTTP/1.1\r\nHost: b\r\n\r\n");
    let chunked = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\na\r\n\r\n0\r\nx: y\r\n\r\n";
    passes(&format!("{chunked}{chunked}GET / HTTP/1.1\r\nHost: b\r\n\r\n"));
    passes(&with("X-A: \u{e9}\r\nX-B:"));
}

#[test]
fn ambiguous_heads_are_refused() {
    refuses("GET / HTTP/1.1\nHost: a\r\n\r\n", Refusal::BareLf);
    refuses("GET / HTTP/1.1\r\nHost: a\n\r\n", Refusal::BareLf);
    refuses("GET / HTTP/1.1\r\nHost: a\r\n\n", Refusal::BareLf);
    refuses("\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", Refusal::BareLf);
    refuses("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", Refusal::RequestLine);
    refuses(&with("X: a\rb"), Refusal::BareCr);
    refuses(&with("X: a\r"), Refusal::BareCr);
    refuses(&with("X: a\0b"), Refusal::ControlByte);
    refuses(&with("X: a\u{1}b"), Refusal::ControlByte);
    refuses(&with("X: a\r\n b"), Refusal::Fold);
    refuses("GET / HTTP/1.1\r\n Host: a\r\n\r\n", Refusal::Fold);
    refuses(&with("X : a"), Refusal::HeaderSyntax);
    refuses(&with("X"), Refusal::HeaderSyntax);
    refuses(&with(": a"), Refusal::HeaderSyntax);
    refuses(&with("Content-Length : 5"), Refusal::HeaderSyntax);
    refuses("GET /\r\n", Refusal::RequestLine);
    refuses("GET / HTTP/2.0\r\nHost: a\r\n\r\n", Refusal::Version);
}

#[test]
fn two_ways_to_end_a_body_are_refused() {
    refuses(&with("Content-Length: 5\r\nTransfer-Encoding: chunked"), Refusal::LengthConflict);
    refuses(&with("Transfer-Encoding: chunked\r\nContent-Length: 5"), Refusal::LengthConflict);
    refuses(&with("Content-Length: 5\r\nContent-Length: 6"), Refusal::ContentLength);
    refuses(&with("Content-Length: 5\r\ncontent-length: 5"), Refusal::ContentLength);
    for value in ["+5", "5, 5", "5 5", "-1", "0x5", "", "5;", "99999999999999999999"] {
        refuses(&with(&format!("Content-Length: {value}")), Refusal::ContentLength);
    }
    for value in ["gzip", "chunked, gzip", "gzip, chunked", "xchunked", "chunked;q=1", "", "identity", "chunked,"] {
        refuses(&with(&format!("Transfer-Encoding: {value}")), Refusal::TransferEncoding);
    }
    refuses(&with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"), Refusal::TransferEncoding);
    let old = "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    refuses(old, Refusal::TransferEncoding);
}

#[test]
fn one_host_and_no_other() {
    refuses("GET / HTTP/1.1\r\n\r\n", Refusal::HostMissing);
    refuses("GET / HTTP/1.0\r\n\r\n", Refusal::HostMissing);
    refuses(&with("Host: a"), Refusal::HostRepeated);
    refuses(&with("host: b"), Refusal::HostRepeated);
    for host in ["", "a, b", "a b", "u@a", "a/b", "a:x"] {
        refuses(&format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n"), Refusal::HostSyntax);
    }
    refuses("GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n", Refusal::HostMismatch);
    refuses("GET http://a:80/ HTTP/1.1\r\nHost: a\r\n\r\n", Refusal::HostMismatch);
}

#[test]
fn bounds_hold_with_and_without_an_end_in_sight() {
    refuses(&format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}", "a".repeat(600)), Refusal::HeadTooLarge);
    refuses(&with(&format!("X: {}", "a".repeat(600))), Refusal::HeadTooLarge);
    refuses(&with("X: 1\r\n".repeat(8).trim_end()), Refusal::TooManyHeaders);
    passes(&with("X: 1\r\n".repeat(7).trim_end()));
    let roomy = HeadLimits { bytes: 64 * 1024, fields: 8 };
    let endless = format!("GET /{}", "a".repeat(9000));
    let refused = Tracker::new(roomy).advance(endless.as_bytes()).refused;
    assert_eq!(refused, Some((Stage::Head, Refusal::TargetTooLong)));
}

#[test]
fn a_fault_in_a_body_is_found_after_what_is_good() {
    let good = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n";
    let (cleared, refused, _) = judge(format!("{good}x\r\n").as_bytes());
    assert_eq!((cleared, refused), (good.len(), Some((Stage::Body, Refusal::Chunk))));
    let (_, refused, _) = judge(format!("{good}0\r\nHost: b\r\n\r\n").as_bytes());
    assert_eq!(refused, Some((Stage::Body, Refusal::Trailer)));
}

#[test]
fn a_refused_head_lets_the_requests_before_it_through() {
    let good = with("X: 1");
    let (cleared, refused, _) = judge(format!("{good}GET / HTTP/1.1\nHost: a\r\n\r\n").as_bytes());
    assert_eq!((cleared, refused), (good.len(), Some((Stage::Head, Refusal::BareLf))));
}

/// Text that comes close to being a request.
fn nearly() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just(&b"GET / HTTP/1.1\r\nHost: a\r\n"[..]),
        Just(&b"Content-Length: 3\r\n"[..]),
        Just(&b"Transfer-Encoding: chunked\r\n"[..]),
        Just(&b"\r\n"[..]),
        Just(&b"\n"[..]),
        Just(&b"3\r\nabc\r\n"[..]),
        Just(&b"0\r\n"[..]),
        Just(&b" "[..]),
        Just(&b"X: y\r\n"[..]),
    ];
    collection::vec(piece, 0..10).prop_map(|pieces| pieces.concat())
}

proptest! {
    /// However the bytes are cut, the verdict is the same.
    #[test]
    fn cuts_do_not_matter(bytes in nearly(), sizes in collection::vec(1usize..20, 0..40)) {
        let (cleared, refused, _) = show(&bytes, [bytes.len()].into_iter());
        let pieces = sizes.into_iter().chain(std::iter::once(bytes.len()));
        let cut = show(&bytes, pieces);
        prop_assert_eq!((cut.0, cut.1), (cleared, refused));
    }

    /// No bytes make it panic, and never more passes than was shown.
    #[test]
    fn any_bytes_are_survived(bytes in collection::vec(any::<u8>(), 0..200)) {
        prop_assert_eq!(show(&bytes, [bytes.len()].into_iter()).0 <= bytes.len(), true);
    }
}
