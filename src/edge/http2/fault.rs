//! What can go wrong with a connection or a stream: the codes of RFC 9113 §7, and the
//! words that metrics have for a connection's end.

use crate::edge::http2::budget::Flood;

/// An error code, as frames carry it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Reason(pub u32);

impl Reason {
    /// Nothing went wrong.
    pub const NO_ERROR: Reason = Reason(0);
    /// The protocol's rules were broken.
    pub const PROTOCOL: Reason = Reason(1);
    /// It is our fault.
    pub const INTERNAL: Reason = Reason(2);
    /// A window was overrun, or made too wide.
    pub const FLOW_CONTROL: Reason = Reason(3);
    /// A frame for a stream that has ended.
    pub const STREAM_CLOSED: Reason = Reason(5);
    /// A frame of a length that it cannot have.
    pub const FRAME_SIZE: Reason = Reason(6);
    /// Nothing was done for the stream: it may be tried again.
    pub const REFUSED: Reason = Reason(7);
    /// The stream is of no use any more.
    pub const CANCEL: Reason = Reason(8);
    /// A block could not be read.
    pub const COMPRESSION: Reason = Reason(9);
    /// Too much was asked for.
    pub const CALM: Reason = Reason(11);
}

/// Why a connection is ended for its caller's mistake.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// Too many frames of a kind.
    Flood(Flood),
    /// Too much of anything else: resets, mistakes, bytes of one block.
    Calm,
    /// The protocol's rules were broken.
    Protocol,
    /// A window was overrun, or made too wide.
    FlowControl,
    /// A frame for a stream that has ended.
    StreamClosed,
    /// A length that frames of its kind cannot have (RFC 9113 §4.2).
    Size,
    /// A block could not be read.
    Compression,
}

impl Fault {
    /// The word in metrics.
    pub fn label(self) -> &'static str {
        match self {
            Fault::Flood(flood) => flood.label(),
            Fault::Calm => "enhance_your_calm",
            Fault::Protocol => "protocol_error",
            Fault::FlowControl => "flow_control_error",
            Fault::StreamClosed => "stream_closed",
            Fault::Size => "frame_size_error",
            Fault::Compression => "compression_error",
        }
    }

    /// What GOAWAY says.
    pub fn reason(self) -> Reason {
        match self {
            Fault::Flood(_) | Fault::Calm => Reason::CALM,
            Fault::Protocol => Reason::PROTOCOL,
            Fault::FlowControl => Reason::FLOW_CONTROL,
            Fault::StreamClosed => Reason::STREAM_CLOSED,
            Fault::Size => Reason::FRAME_SIZE,
            Fault::Compression => Reason::COMPRESSION,
        }
    }
}
