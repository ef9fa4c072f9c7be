//! The gateway's own last word in a WebSocket: a close frame with a code and a reason
//! (RFC 6455 §5.5.1, §7.4.1).

use crate::access::tenure::Ending;

/// Why the gateway ends a WebSocket.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Why {
    /// Its token has ended.
    Token(Ending),
    /// Nothing passed in either direction for too long.
    Idle,
    /// The gateway is stopping.
    Drain,
}

/// The policy's word: who may not be here (RFC 6455 §7.4.1).
const POLICY_VIOLATION: u16 = 1008;

/// The word of an endpoint that leaves (RFC 6455 §7.4.1).
const GOING_AWAY: u16 = 1001;

impl Why {
    /// The close code.
    pub fn code(self) -> u16 {
        match self {
            Why::Token(_) => POLICY_VIOLATION,
            Why::Idle | Why::Drain => GOING_AWAY,
        }
    }

    /// What it says beside the code.
    pub fn sentence(self) -> &'static str {
        match self {
            Why::Token(ending) => ending.sentence(),
            Why::Idle => "nothing was said for too long",
            Why::Drain => "the gateway is stopping",
        }
    }

    /// The word in the access log.
    pub fn reason(self) -> &'static str {
        match self {
            Why::Token(Ending::Expired) => "token_expired",
            Why::Token(Ending::Revoked) => "token_revoked",
            Why::Token(Ending::Narrowed) => "token_narrowed",
            Why::Idle => "tunnel_idle",
            Why::Drain => "drain",
        }
    }

    /// The word in metrics.
    pub fn label(self) -> &'static str {
        match self {
            Why::Token(ending) => ending.label(),
            Why::Idle => "idle",
            Why::Drain => "drain",
        }
    }
}

/// The frame, unmasked, as a server sends it. Always at most 125 bytes of payload, as a
/// control frame must have: the sentences above are short.
pub fn frame(why: Why) -> Vec<u8> {
    let reason = why.sentence().as_bytes();
    let mut out = vec![0x88, (2 + reason.len()) as u8];
    out.extend_from_slice(&why.code().to_be_bytes());
    out.extend_from_slice(reason);
    out
}

/// The same as a client sends it to a backend: masked (RFC 6455 §5.3), by fresh chance.
pub fn masked(why: Why, mask: [u8; 4]) -> Vec<u8> {
    let plain = frame(why);
    let mut out = vec![plain[0], plain[1] | 0x80];
    out.extend_from_slice(&mask);
    out.extend(plain[2..].iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    out
}

#[cfg(test)]
mod tests {
    use super::{Why, frame, masked};
    use crate::access::tenure::Ending;
    use crate::edge::websocket::frames::Frames;

    #[test]
    fn both_are_one_whole_control_frame() {
        for why in Ending::ALL.map(Why::Token).into_iter().chain([Why::Idle, Why::Drain]) {
            for bytes in [frame(why), masked(why, [1, 2, 3, 4])] {
                let mut frames = Frames::default();
                frames.pass(&bytes);
                assert!(frames.at_boundary() && frames.closing());
                assert!(bytes[1] & 0x7F <= 125);
            }
        }
        assert_eq!(&frame(Why::Token(Ending::Revoked))[2..4], [0x03, 0xF0]);
    }
}
