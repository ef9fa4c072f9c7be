//! The handshake of a WebSocket, on both sides of the gateway. A request that asks for
//! one must ask rightly (RFC 6455 §4.2.1; RFC 8441 §5 over HTTP/2), and an answer is a
//! WebSocket only if it proves that the backend meant one (§4.1): status 101, both words
//! of the upgrade, and the digest of our key. Must never: let a tunnel begin otherwise.

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderValue};
use http::request::Parts;
use http::{Method, StatusCode, Version};

use crate::access::bearer;
use crate::random::Random;

/// What is hashed behind the key (RFC 6455 §1.3).
const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// The one version there is.
pub const VERSION: &str = "13";

/// Bytes of a key before base64.
const KEY_BYTES: usize = 16;

/// How a request asks for a WebSocket.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Way {
    /// `GET` with `Upgrade: websocket`.
    Upgrade,
    /// `CONNECT` with `:protocol: websocket` (RFC 8441).
    Connect,
}

/// Why a request that asks for a WebSocket gets none.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unfit {
    /// Not version 13 (426, and the version that would do).
    Version,
    /// No key, two keys, or one that is not sixteen bytes.
    Key,
    /// A body announced on a request that cannot have one.
    Body,
    /// The route carries none.
    NotHere,
}

impl Unfit {
    /// What the caller gets.
    pub fn status(self) -> StatusCode {
        match self {
            Unfit::Version => StatusCode::UPGRADE_REQUIRED,
            Unfit::Key | Unfit::Body => StatusCode::BAD_REQUEST,
            Unfit::NotHere => StatusCode::METHOD_NOT_ALLOWED,
        }
    }

    /// The word in logs and metrics.
    pub fn label(self) -> &'static str {
        match self {
            Unfit::Version => "websocket_version",
            Unfit::Key => "websocket_key",
            Unfit::Body => "websocket_body",
            Unfit::NotHere => "websocket_refused",
        }
    }

    /// One sentence for the caller.
    pub fn sentence(self) -> &'static str {
        match self {
            Unfit::Version => "WebSockets are spoken here in version 13 only",
            Unfit::Key => "the request needs one Sec-WebSocket-Key of sixteen bytes",
            Unfit::Body => "a request for a WebSocket has no body",
            Unfit::NotHere => "no WebSocket is served at this path",
        }
    }
}

/// A handshake that may go to the backend.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Handshake {
    /// How the caller asked.
    pub way: Way,
    /// What the backend is challenged with: the caller's own, or ours where the caller
    /// has none.
    pub key: HeaderValue,
}

/// How a request asks for a WebSocket, if it does. `protocol` is the `:protocol` of an
/// extended CONNECT.
pub fn asked(head: &Parts, protocol: Option<&str>) -> Option<Way> {
    if head.method == Method::CONNECT {
        return protocol.filter(|word| word.eq_ignore_ascii_case("websocket")).map(|_| Way::Connect);
    }
    let upgrade = head.version == Version::HTTP_11
        && head.method == Method::GET
        && lists(&head.headers, &header::CONNECTION, "upgrade")
        && lists(&head.headers, &header::UPGRADE, "websocket");
    upgrade.then_some(Way::Upgrade)
}

/// Checks what was asked, and finds the key for the backend.
pub fn check(way: Way, headers: &HeaderMap, random: &dyn Random) -> Result<Handshake, Unfit> {
    if only(headers, &header::SEC_WEBSOCKET_VERSION) != Some(VERSION) {
        return Err(Unfit::Version);
    }
    let body = headers.get(header::CONTENT_LENGTH).is_some_and(|length| length != "0");
    if body || headers.contains_key(header::TRANSFER_ENCODING) {
        return Err(Unfit::Body);
    }
    let key = match way {
        Way::Upgrade => {
            let key = only(headers, &header::SEC_WEBSOCKET_KEY).ok_or(Unfit::Key)?;
            if STANDARD.decode(key).map_or(0, |bytes| bytes.len()) != KEY_BYTES {
                return Err(Unfit::Key);
            }
            headers.get(header::SEC_WEBSOCKET_KEY).cloned().ok_or(Unfit::Key)?
        }
        Way::Connect => {
            let mut bytes = [0; KEY_BYTES];
            random.fill(&mut bytes);
            HeaderValue::try_from(STANDARD.encode(bytes)).map_err(|_| Unfit::Key)?
        }
    };
    Ok(Handshake { way, key })
}

/// The lines that make a request a WebSocket's on its way to a backend. `Sec-WebSocket-*`
/// of the caller pass like any other line; the key is set here.
pub fn ask(handshake: &Handshake, headers: &mut HeaderMap) {
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::SEC_WEBSOCKET_KEY, handshake.key.clone());
    headers.remove(header::CONTENT_LENGTH);
}

/// Takes the subprotocol `name` and the token behind it out of what is offered: they were
/// for the gateway.
pub fn hide(name: &str, headers: &mut HeaderMap) {
    let mut rest: Vec<&[u8]> = Vec::new();
    let mut items = bearer::subprotocols(headers);
    while let Some(item) = items.next() {
        if item == name.as_bytes() {
            items.next();
        } else {
            rest.push(item);
        }
    }
    let rest = rest.join(&b", "[..]);
    drop(items);
    match HeaderValue::from_maybe_shared(Bytes::from(rest)) {
        Ok(rest) if !rest.is_empty() => drop(headers.insert(header::SEC_WEBSOCKET_PROTOCOL, rest)),
        _ => drop(headers.remove(header::SEC_WEBSOCKET_PROTOCOL)),
    }
}

/// A browser that offered subprotocols wants to hear one of them: where the backend chose
/// none, it hears the one that was for the gateway, if it offered that.
pub fn choose(name: &str, offered: &HeaderMap, headers: &mut HeaderMap) {
    let there = bearer::subprotocols(offered).any(|item| item == name.as_bytes());
    if there
        && !headers.contains_key(header::SEC_WEBSOCKET_PROTOCOL)
        && let Ok(name) = HeaderValue::from_str(name)
    {
        headers.insert(header::SEC_WEBSOCKET_PROTOCOL, name);
    }
}

/// Whether the backend's answer makes a WebSocket.
pub fn agreed(handshake: &Handshake, status: StatusCode, headers: &HeaderMap) -> bool {
    status == StatusCode::SWITCHING_PROTOCOLS
        && lists(headers, &header::CONNECTION, "upgrade")
        && only(headers, &header::UPGRADE).is_some_and(|word| word.eq_ignore_ascii_case("websocket"))
        && only(headers, &header::SEC_WEBSOCKET_ACCEPT) == Some(&*accept(handshake.key.as_bytes()))
}

/// The caller's head of an agreed handshake, made from the backend's.
pub fn answer(handshake: &Handshake, headers: &mut HeaderMap) -> StatusCode {
    headers.remove(header::CONTENT_LENGTH);
    match handshake.way {
        Way::Upgrade => {
            headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
            headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
            StatusCode::SWITCHING_PROTOCOLS
        }
        Way::Connect => {
            headers.remove(header::SEC_WEBSOCKET_ACCEPT);
            StatusCode::OK
        }
    }
}

/// `Sec-WebSocket-Accept` for a key (RFC 6455 §4.2.2). SHA-1 is the RFC's; it proves that
/// a WebSocket was meant, and secures nothing.
fn accept(key: &[u8]) -> String {
    let mut context = digest::Context::new(&digest::SHA1_FOR_LEGACY_USE_ONLY);
    context.update(key);
    context.update(GUID);
    STANDARD.encode(context.finish())
}

/// The value of a line that must be there once.
fn only<'a>(headers: &'a HeaderMap, name: &header::HeaderName) -> Option<&'a str> {
    let mut lines = headers.get_all(name).iter();
    let line = lines.next()?;
    if lines.next().is_some() { None } else { line.to_str().ok() }
}

/// Whether a list has a word.
fn lists(headers: &HeaderMap, name: &header::HeaderName, word: &str) -> bool {
    let lines = headers.get_all(name).into_iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).any(|item| item.trim().eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use http::header::HeaderMap;
    use http::request::Parts;
    use http::{Request, StatusCode, Version};

    use super::{Handshake, Unfit, Way, agreed, answer, ask, asked, check, choose, hide};
    use crate::random::SeededRandom;

    fn request(method: &str, version: Version, lines: &[(&str, &str)]) -> Parts {
        let mut request = Request::builder().method(method).version(version).uri("/");
        for (name, value) in lines {
            request = request.header(*name, *value);
        }
        request.body(()).expect("a request").into_parts().0
    }

    fn headers(lines: &[(&str, &str)]) -> HeaderMap {
        request("GET", Version::HTTP_11, lines).headers
    }

    const KEY: (&str, &str) = ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
    const THIRTEEN: (&str, &str) = ("sec-websocket-version", "13");

    #[test]
    fn only_what_asks_for_a_websocket_is_taken_for_it() {
        let lines = [("connection", "keep-alive, Upgrade"), ("upgrade", "WebSocket")];
        assert_eq!(asked(&request("GET", Version::HTTP_11, &lines), None), Some(Way::Upgrade));
        assert_eq!(asked(&request("POST", Version::HTTP_11, &lines), None), None);
        assert_eq!(asked(&request("GET", Version::HTTP_10, &lines), None), None);
        assert_eq!(asked(&request("GET", Version::HTTP_11, &lines[..1]), None), None);
        assert_eq!(asked(&request("GET", Version::HTTP_11, &lines[1..]), None), None);
        assert_eq!(
            asked(&request("GET", Version::HTTP_11, &[("connection", "upgrade"), ("upgrade", "h2c")]), None),
            None
        );
        let connect = request("CONNECT", Version::HTTP_2, &[]);
        assert_eq!(asked(&connect, Some("websocket")), Some(Way::Connect));
        assert_eq!(asked(&connect, Some("connect-udp")), None);
        assert_eq!(asked(&connect, None), None);
    }

    #[test]
    fn a_request_that_asks_wrongly_gets_none() {
        let random = SeededRandom::new(1);
        let fit = |lines: &[(&str, &str)]| check(Way::Upgrade, &headers(lines), &random).map(|_| ());
        assert_eq!(fit(&[KEY, THIRTEEN]), Ok(()));
        for (lines, unfit) in [
            (vec![KEY], Unfit::Version),
            (vec![KEY, ("sec-websocket-version", "8")], Unfit::Version),
            (vec![KEY, THIRTEEN, THIRTEEN], Unfit::Version),
            (vec![THIRTEEN], Unfit::Key),
            (vec![KEY, KEY, THIRTEEN], Unfit::Key),
            (vec![("sec-websocket-key", "c2hvcnQ="), THIRTEEN], Unfit::Key),
            (vec![("sec-websocket-key", "no base64 at all!!!!!!!!"), THIRTEEN], Unfit::Key),
            (vec![KEY, THIRTEEN, ("content-length", "3")], Unfit::Body),
            (vec![KEY, THIRTEEN, ("transfer-encoding", "chunked")], Unfit::Body),
        ] {
            assert_eq!(fit(&lines), Err(unfit), "{lines:?}");
        }
        let ours = check(Way::Connect, &headers(&[THIRTEEN]), &random).expect("it needs no key");
        assert_eq!(ours.key.len(), 24);
    }

    #[test]
    fn an_answer_must_prove_that_it_means_a_websocket() {
        let handshake = Handshake { way: Way::Upgrade, key: headers(&[KEY])["sec-websocket-key"].clone() };
        // The example of RFC 6455 §1.3.
        let accept = ("sec-websocket-accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        let good = [("connection", "Upgrade"), ("upgrade", "websocket"), accept];
        let switching = StatusCode::SWITCHING_PROTOCOLS;
        assert!(agreed(&handshake, switching, &headers(&good)));
        assert!(!agreed(&handshake, StatusCode::OK, &headers(&good)));
        for missing in 0..good.len() {
            let rest: Vec<_> = good.iter().enumerate().filter(|(i, _)| *i != missing).map(|(_, line)| *line).collect();
            assert!(!agreed(&handshake, switching, &headers(&rest)), "without {}", good[missing].0);
        }
        let wrong = [good[0], good[1], ("sec-websocket-accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOO=")];
        assert!(!agreed(&handshake, switching, &headers(&wrong)));
    }

    #[test]
    fn a_token_among_the_subprotocols_stays_behind() {
        for (offered, sent, chosen, told) in [
            ("chat, bearer, eyJ.x.y", Some("chat"), None, Some("bearer")),
            ("bearer, eyJ.x.y", None, None, Some("bearer")),
            ("bearer, eyJ.x.y, a, b", Some("a, b"), Some("b"), Some("b")),
            ("chat", Some("chat"), None, None),
        ] {
            let offered = headers(&[("sec-websocket-protocol", offered)]);
            let mut asked = offered.clone();
            hide("bearer", &mut asked);
            let text = |headers: &HeaderMap| {
                headers.get("sec-websocket-protocol").map(|line| line.to_str().expect("text").to_owned())
            };
            assert_eq!(text(&asked).as_deref(), sent);
            let mut answered = chosen.map_or_else(HeaderMap::new, |name| headers(&[("sec-websocket-protocol", name)]));
            choose("bearer", &offered, &mut answered);
            assert_eq!(text(&answered).as_deref(), told);
        }
    }

    #[test]
    fn over_http2_the_upgrades_words_stay_behind() {
        let handshake = check(Way::Connect, &headers(&[THIRTEEN]), &SeededRandom::new(1)).expect("fit");
        let mut asking = headers(&[THIRTEEN]);
        ask(&handshake, &mut asking);
        assert_eq!(
            (&asking["upgrade"], &asking["connection"]),
            (&"websocket".parse().expect("a value"), &"Upgrade".parse().expect("a value"))
        );
        let mut told = headers(&[("sec-websocket-accept", "x"), ("sec-websocket-protocol", "chat")]);
        assert_eq!(answer(&handshake, &mut told), StatusCode::OK);
        assert_eq!(told.len(), 1);
    }
}
