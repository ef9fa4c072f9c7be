//! The cookie of a split: a random id that says nothing and decides nothing by itself.
//! Which upstream it leads to follows from a hash, so a caller can draw another id, as
//! anybody can by deleting it, but never name an upstream. Anything that is not of an
//! id's exact form counts as none.

use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};

/// Its name over TLS: the prefix makes browsers refuse it from other hosts and in clear
/// text (RFC 6265bis §4.1.3.2).
const SECURE_NAME: &str = "__Host-tollgate-split";
/// Its name in clear text.
const PLAIN_NAME: &str = "tollgate-split";
/// How long a browser keeps it, in seconds: thirty days.
const MAX_AGE: u32 = 30 * 86_400;
/// Characters of an id: 128 bits in hexadecimal.
const ID_LENGTH: usize = 32;

/// How the caller's connection is protected.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Channel {
    /// TLS.
    Secure,
    /// Clear text.
    Plain,
}

fn name(channel: Channel) -> &'static str {
    match channel {
        Channel::Secure => SECURE_NAME,
        Channel::Plain => PLAIN_NAME,
    }
}

/// The id that a caller brings; the first of the name, if it is one.
pub fn read(headers: &HeaderMap, channel: Channel) -> Option<&str> {
    let lines = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let (_, id) = pairs.find(|(found, _)| *found == name(channel))?;
    let is_hex = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'a'..=b'f');
    (id.len() == ID_LENGTH && id.bytes().all(is_hex)).then_some(id)
}

/// An id of these random bytes.
pub fn id(drawn: [u8; 16]) -> String {
    drawn.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The `Set-Cookie` that gives a caller this id.
pub fn set(id: &str, channel: Channel) -> Option<HeaderValue> {
    let secure = if channel == Channel::Secure { "; Secure" } else { "" };
    let text = format!("{}={id}; Path=/; Max-Age={MAX_AGE}; HttpOnly; SameSite=Lax{secure}", name(channel));
    HeaderValue::from_str(&text).ok()
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;
    use http::header::COOKIE;

    use super::{Channel, id, read, set};

    #[test]
    fn an_id_comes_back() {
        let made = id([0xAB; 16]);
        let cookie = set(&made, Channel::Secure).unwrap();
        let cookie = cookie.to_str().unwrap();
        assert!(cookie.starts_with("__Host-tollgate-split=abab") && cookie.ends_with("HttpOnly; SameSite=Lax; Secure"));
        let pair = cookie.split(';').next().unwrap();
        let sent = HeaderMap::from_iter([(COOKIE, format!("a=b; {pair}; c=d").parse().unwrap())]);
        assert_eq!(read(&sent, Channel::Secure), Some(&*made));
        assert_eq!(read(&sent, Channel::Plain), None, "a name of its own for each");
    }

    #[test]
    fn a_made_up_value_is_no_id() {
        for value in
            ["", "canary", "ABABABABABABABABABABABABABABABAB", &"a".repeat(31), &"a".repeat(33), &"g".repeat(32)]
        {
            let sent = HeaderMap::from_iter([(COOKIE, format!("tollgate-split={value}").parse().unwrap())]);
            assert_eq!(read(&sent, Channel::Plain), None, "{value}");
        }
    }
}
