//! Headers as HAProxy, nginx and the big load balancers write them, and everything
//! that only looks like one.

use std::net::SocketAddr;

use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

use super::{FIXED, MAX_BYTES, Reading, SIGNATURE, Source, read};

fn caller(text: &str) -> Source {
    Source::Caller(text.parse().expect("an address"))
}

/// A header of version 2.
fn binary(command: u8, family: u8, block: &[u8]) -> Vec<u8> {
    let length = u16::try_from(block.len()).expect("short");
    [&SIGNATURE[..], &[command, family], &length.to_be_bytes(), block].concat()
}

const FOUR: [u8; 12] = [192, 0, 2, 7, 10, 0, 0, 1, 0x1f, 0x90, 0x01, 0xbb];

#[test]
fn lines_of_version_1() {
    for (line, source) in [
        ("PROXY TCP4 192.0.2.7 10.0.0.1 8080 443\r\n", caller("192.0.2.7:8080")),
        ("PROXY TCP6 2001:db8::7 ::1 65535 443\r\n", caller("[2001:db8::7]:65535")),
        ("PROXY UNKNOWN\r\n", Source::Proxy),
        ("PROXY UNKNOWN ffff::1 whatever 1 2\r\n", Source::Proxy),
    ] {
        let bytes = [line.as_bytes(), b"GET / HTTP/1.1\r\n"].concat();
        assert_eq!(read(&bytes), Reading::Whole(line.len(), source), "{line:?}");
    }
}

#[test]
fn lines_that_are_none() {
    for line in [
        "PROXY TCP4 192.0.2.7 10.0.0.1 8080 443\n",
        "PROXY TCP4 192.0.2.7 10.0.0.1 8080\r\n",
        "PROXY TCP4 192.0.2.7 10.0.0.1 8080 443 1\r\n",
        "PROXY TCP4 192.0.2.7 10.0.0.1 08080 443\r\n",
        "PROXY TCP4 192.0.2.7 10.0.0.1 +8080 443\r\n",
        "PROXY TCP4 192.0.2.7 10.0.0.1 80800 443\r\n",
        "PROXY TCP4 192.0.2.07 10.0.0.1 8080 443\r\n",
        "PROXY TCP4  192.0.2.7 10.0.0.1 8080 443\r\n",
        "PROXY TCP4 2001:db8::7 ::1 8080 443\r\n",
        "PROXY TCP6 192.0.2.7 10.0.0.1 8080 443\r\n",
        "PROXY UDP4 192.0.2.7 10.0.0.1 8080 443\r\n",
        "PROXY tcp4 192.0.2.7 10.0.0.1 8080 443\r\n",
        "PROXY \r\n",
        "PROXY TCP4 192.0.2.7\r 10.0.0.1 8080 443\r\n",
        "PROXY TCP4 \u{e9} 10.0.0.1 8080 443\r\n",
    ] {
        assert_eq!(read(line.as_bytes()), Reading::Malformed, "{line:?}");
    }
    assert_eq!(read(format!("PROXY UNKNOWN {}\r\n", "x".repeat(100)).as_bytes()), Reading::Malformed);
    assert_eq!(read(&[b"PROXY "[..].to_vec(), vec![b'x'; 101]].concat()), Reading::Malformed);
}

#[test]
fn other_protocols_have_none() {
    for text in
        ["GET / HTTP/1.1\r\n", "POST / HTTP/1.1", "PRI * HTTP/2.0", "\x16\x03\x01\x02", "PROXYING", "\r\n\r\nGET"]
    {
        assert_eq!(read(text.as_bytes()), Reading::Absent, "{text:?}");
    }
    for (text, left) in [("", 12), ("P", 5), ("PROX", 2), ("\r\n\r", 9)] {
        assert_eq!(read(text.as_bytes()), Reading::Incomplete(left), "{text:?}");
    }
}

#[test]
fn headers_of_version_2() {
    assert_eq!(read(&binary(0x21, 0x11, &FOUR)), Reading::Whole(28, caller("192.0.2.7:8080")));
    let six = [&"2001:db8::7".parse::<std::net::Ipv6Addr>().expect("an address").octets()[..], &[0; 16], &[1, 0, 1, 0]];
    assert_eq!(read(&binary(0x21, 0x21, &six.concat())), Reading::Whole(52, caller("[2001:db8::7]:256")));
    // A health check, and what has no address for us: unspecified, datagrams, paths.
    for (command, family, block) in
        [(0x20, 0x00, 0), (0x20, 0x11, 12), (0x20, 0x11, 0), (0x21, 0x00, 5), (0x21, 0x12, 12), (0x21, 0x31, 216)]
    {
        let bytes = binary(command, family, &vec![0; block]);
        assert_eq!(read(&bytes), Reading::Whole(bytes.len(), Source::Proxy), "{command:x} {family:x}");
    }
    // Extensions are skipped: a name, a checksum, padding.
    let extended = [&FOUR[..], &[2, 0, 3], b"a.b", &[3, 0, 4, 1, 2, 3, 4, 4, 0, 0]].concat();
    assert_eq!(read(&binary(0x21, 0x11, &extended)), Reading::Whole(16 + extended.len(), caller("192.0.2.7:8080")));
}

#[test]
fn headers_of_version_2_that_are_none() {
    let long = vec![0; MAX_BYTES];
    let cut = [&FOUR[..], &[2, 0, 9], b"a.b"].concat();
    let crumbs = [&FOUR[..], &[2, 0]].concat();
    for (command, family, block) in [
        (0x11, 0x11, &FOUR[..]),
        (0x22, 0x11, &FOUR),
        (0x21, 0x41, &FOUR),
        (0x21, 0x13, &FOUR),
        (0x21, 0x11, &FOUR[..11]),
        (0x21, 0x21, &FOUR),
        (0x21, 0x11, &long),
        (0x21, 0x11, &cut),
        (0x21, 0x11, &crumbs),
    ] {
        assert_eq!(read(&binary(command, family, block)), Reading::Malformed, "{command:x} {family:x} {block:?}");
    }
}

proptest! {
    /// Whatever comes, the reader neither panics nor claims bytes it has not seen.
    #[test]
    fn nothing_is_read_beyond_the_bytes(start in 0_usize..3, tail in proptest::collection::vec(any::<u8>(), 0..300)) {
        let head: &[u8] = [&b""[..], b"PROXY ", SIGNATURE][start];
        let bytes = [head, &tail].concat();
        match read(&bytes) {
            Reading::Whole(length, _) => prop_assert!(length <= bytes.len() && length >= 8),
            Reading::Incomplete(left) => prop_assert!(left > 0 && bytes.len() + left <= MAX_BYTES),
            Reading::Absent | Reading::Malformed => {}
        }
    }

    /// A header in pieces is incomplete at every cut, never says that more is to come
    /// than is, and at its end names its caller whatever follows.
    #[test]
    fn pieces_come_to_the_same(
        from in any::<SocketAddr>(),
        version in 1_u8..3,
        rest in proptest::collection::vec(any::<u8>(), 0..40),
    ) {
        let bytes = written(from, version);
        for cut in 0..bytes.len() {
            match read(&bytes[..cut]) {
                Reading::Incomplete(left) => prop_assert!(left <= bytes.len() - cut),
                other => prop_assert!(false, "{other:?} after {cut} bytes"),
            }
        }
        let followed = [&bytes[..], &rest].concat();
        let expected = SocketAddr::new(from.ip(), from.port());
        prop_assert_eq!(read(&followed), Reading::Whole(bytes.len(), Source::Caller(expected)));
    }

    /// One wrong byte in the fixed part is never taken for another caller's address of
    /// the same length silently read past.
    #[test]
    fn a_wrong_byte_never_lengthens_the_header(at in 0..FIXED, by in 1_u8..=255) {
        let mut bytes = binary(0x21, 0x11, &FOUR);
        bytes[at] = bytes[at].wrapping_add(by);
        if let Reading::Whole(length, _) = read(&bytes) {
            prop_assert!(length <= bytes.len());
        }
    }
}

/// A header that names `from`.
fn written(from: SocketAddr, version: u8) -> Vec<u8> {
    match (version, from) {
        (1, SocketAddr::V4(v4)) => format!("PROXY TCP4 {} 10.0.0.1 {} 443\r\n", v4.ip(), v4.port()).into_bytes(),
        (1, SocketAddr::V6(v6)) => format!("PROXY TCP6 {} ::1 {} 443\r\n", v6.ip(), v6.port()).into_bytes(),
        (_, SocketAddr::V4(v4)) => {
            let block = [&v4.ip().octets()[..], &[10, 0, 0, 1], &v4.port().to_be_bytes(), &[1, 187]].concat();
            binary(0x21, 0x11, &block)
        }
        (_, SocketAddr::V6(v6)) => {
            let block = [&v6.ip().octets()[..], &[0; 16], &v6.port().to_be_bytes(), &[1, 187]].concat();
            binary(0x21, 0x21, &block)
        }
    }
}
