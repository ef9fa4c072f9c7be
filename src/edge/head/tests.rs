//! Heads and bodies as data: each is shown at once, byte by byte, and cut in two at
//! every place, and must be judged the same.

use bytes::Bytes;
use proptest::prelude::{Just, Strategy, any, proptest};
use proptest::{collection, prop_assert_eq, prop_oneof};

use crate::edge::head::framed::{Framed, Step};
use crate::edge::head::refusal::Refusal;
use crate::edge::head::request;
use crate::edge::head::scanner::{HeadLimits, Scan, Scanner};

const LIMITS: HeadLimits = HeadLimits { bytes: 512, fields: 8 };

/// What is expected next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stage {
    Head,
    Body,
}

/// A connection's incoming side: one message after the other, as the wire reads them.
struct Messages {
    limits: HeadLimits,
    scanner: Scanner,
    body: Framed,
}

impl Messages {
    fn new(limits: HeadLimits) -> Messages {
        Messages { limits, scanner: Scanner::default(), body: Framed::Done }
    }

    fn stage(&self) -> Stage {
        if self.body.is_done() { Stage::Head } else { Stage::Body }
    }

    /// How many bytes from the front are done with, and why nothing after them ever will be.
    fn advance(&mut self, bytes: &[u8]) -> (usize, Option<(Stage, Refusal)>) {
        let mut at = 0;
        while at < bytes.len() {
            let rest = &bytes[at..];
            if self.body.is_done() {
                match self.scanner.scan(rest, self.limits) {
                    Scan::More => break,
                    Scan::Refused(refusal) => return (at, Some((Stage::Head, refusal))),
                    Scan::Whole(length, framing) => {
                        let head = Bytes::copy_from_slice(&rest[..length]);
                        if let Err(refusal) = request::of(&self.scanner, &head) {
                            return (at, Some((Stage::Head, refusal)));
                        }
                        at += length;
                        self.scanner.reset();
                        self.body = framing.into();
                    }
                }
                continue;
            }
            match self.body.next(rest, self.limits) {
                Step::Data { skip, data } => at += skip + data,
                Step::End { skip, .. } => at += skip,
                Step::More { skip } => return (at + skip, None),
                Step::Refused(refusal) => return (at, Some((Stage::Body, refusal))),
            }
        }
        (at, None)
    }
}

/// Shows `bytes` in pieces of the given sizes, as a wire would: what was not done with
/// is shown again. How much passed in all, and how it ended.
fn show(bytes: &[u8], sizes: impl Iterator<Item = usize>) -> (usize, Option<(Stage, Refusal)>, Stage) {
    let mut messages = Messages::new(LIMITS);
    let (mut passed, mut shown) = (0, 0);
    for size in sizes {
        shown = bytes.len().min(shown + size);
        let (more, refused) = messages.advance(&bytes[passed..shown]);
        passed += more;
        if refused.is_some() {
            return (passed, refused, messages.stage());
        }
    }
    (passed, None, messages.stage())
}

fn judge(bytes: &[u8]) -> (usize, Option<(Stage, Refusal)>, Stage) {
    let whole = show(bytes, [bytes.len()].into_iter());
    let verdict = |(passed, refused, _): (usize, Option<(Stage, Refusal)>, Stage)| match refused {
        // Where within a body the fault was found depends on the cut.
        Some((Stage::Body, refusal)) => (0, Some((Stage::Body, refusal))),
        refused => (passed, refused),
    };
    let slow = show(bytes, std::iter::repeat_n(1, bytes.len()));
    assert_eq!(verdict(slow), verdict(whole), "{}", String::from_utf8_lossy(bytes));
    for cut in 1..bytes.len() {
        let cut_once = show(bytes, [cut, bytes.len()].into_iter());
        assert_eq!(verdict(cut_once), verdict(whole), "cut at {cut}: {}", String::from_utf8_lossy(bytes));
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
    // The whole URI says which one, where HTTP/1.0 has no `Host`.
    passes("GET http://a/ HTTP/1.0\r\n\r\n");
    refuses("GET http://a/ HTTP/1.1\r\n\r\n", Refusal::HostMissing);
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
    let (_, refused) = Messages::new(roomy).advance(endless.as_bytes());
    assert_eq!(refused, Some((Stage::Head, Refusal::TargetTooLong)));
}

#[test]
fn a_fault_in_a_body_is_found_after_what_is_good() {
    let good = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n";
    let (_, refused, _) = judge(format!("{good}x\r\n").as_bytes());
    assert_eq!(refused, Some((Stage::Body, Refusal::Chunk)));
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
        let (passed, refused, _) = show(&bytes, [bytes.len()].into_iter());
        let pieces = sizes.into_iter().chain(std::iter::once(bytes.len()));
        let cut = show(&bytes, pieces);
        prop_assert_eq!(cut.1, refused);
        prop_assert_eq!(cut.0 == passed || refused.is_some(), true);
    }

    /// No bytes make it panic, and never more passes than was shown.
    #[test]
    fn any_bytes_are_survived(bytes in collection::vec(any::<u8>(), 0..200)) {
        prop_assert_eq!(show(&bytes, [bytes.len()].into_iter()).0 <= bytes.len(), true);
    }
}
