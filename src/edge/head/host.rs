//! The spelling of `Host` (RFC 9110 §7.2): one host, perhaps a port. Narrower than
//! RFC 3986: no percent-encoding and no punctuation that some backend might split at.

/// The longest `Host` that is read: a DNS name is at most 253 bytes, a port 5.
const MAX_HOST_BYTES: usize = 260;

/// Whether `value` is `name`, `name:port`, `[v6]` or `[v6]:port`.
pub fn is_host(value: &[u8]) -> bool {
    if value.len() > MAX_HOST_BYTES {
        return false;
    }
    let (host, port) = match value.strip_prefix(b"[") {
        Some(rest) => {
            let Some(end) = rest.iter().position(|byte| *byte == b']') else { return false };
            let (inside, after) = rest.split_at(end);
            let literal = inside.contains(&b':')
                && inside.iter().all(|byte| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.'));
            if !literal {
                return false;
            }
            (inside, &after[1..])
        }
        None => {
            // What follows the name is a port, or nothing that a host may have.
            let end = value.iter().position(|byte| !NAME[usize::from(*byte)]).unwrap_or(value.len());
            value.split_at(end)
        }
    };
    !host.is_empty() && is_port(port)
}

/// Whether `text` is nothing, or a colon and a port number.
fn is_port(text: &[u8]) -> bool {
    match text.strip_prefix(b":") {
        None => text.is_empty(),
        Some(digits) => {
            let mut number = 0;
            for digit in digits {
                if !digit.is_ascii_digit() || number > u32::from(u16::MAX) {
                    return false;
                }
                number = number * 10 + u32::from(digit - b'0');
            }
            !digits.is_empty() && number <= u32::from(u16::MAX)
        }
    }
}

/// Bytes of a name or an IPv4 address.
const NAME: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 128 {
        let c = byte as u8;
        table[byte] = c.is_ascii_alphanumeric() || matches!(c, b'-' | b'.' | b'_');
        byte += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::is_host;

    #[test]
    fn hosts_and_what_is_none() {
        for good in
            ["a", "a.example", "A.Example:8443", "127.0.0.1:1", "[::1]", "[::1]:443", "my_service", "a.example."]
        {
            assert!(is_host(good.as_bytes()), "{good}");
        }
        let bad = [
            "",
            ":80",
            "a:",
            "a:b",
            "a:1:2",
            "a:65536",
            "a:+1",
            "a,b",
            "a b",
            "u@a",
            "a/b",
            "a?b",
            "a#b",
            "a\\b",
            "a%2eb",
            "[::1",
            "[]",
            "[1.2.3.4]",
            "[::1]x",
            "[::1]:",
            "[::g]",
            "a\u{e9}",
            "a\0",
            "a*",
        ];
        for bad in bad {
            assert!(!is_host(bad.as_bytes()), "{bad:?}");
        }
        assert!(!is_host("a".repeat(261).as_bytes()));
    }
}
