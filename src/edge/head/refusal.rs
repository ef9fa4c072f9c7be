//! Why a message was refused before any route saw it. The caller gets the status and
//! one sentence, logs and metrics get the label. After a refusal the connection is
//! closed: where one message ends and the next begins is no longer agreed.

use http::StatusCode;

/// A refused head or body.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Refusal {
    /// A line that ends without a carriage return (RFC 9112 §2.2).
    BareLf,
    /// A carriage return inside a line (RFC 9112 §2.2).
    BareCr,
    /// NUL or another control byte in the head.
    ControlByte,
    /// A header line that continues the one before (RFC 9112 §5.2).
    Fold,
    /// A header line without a proper name and colon (RFC 9112 §5.1).
    HeaderSyntax,
    /// A request line that is not three words with single spaces.
    RequestLine,
    /// Neither HTTP/1.0 nor HTTP/1.1.
    Version,
    /// A target in a form we do not serve, or with bytes that no URI has.
    Target,
    /// A target over the limit.
    TargetTooLong,
    /// A header block over the limit.
    HeadTooLarge,
    /// More header lines than the limit.
    TooManyHeaders,
    /// A `Content-Length` that is no plain number, or more than one.
    ContentLength,
    /// A `Transfer-Encoding` other than `chunked`, twice, or in HTTP/1.0.
    TransferEncoding,
    /// Both `Content-Length` and `Transfer-Encoding` (RFC 9112 §6.1).
    LengthConflict,
    /// No `Host` (RFC 9112 §3.2).
    HostMissing,
    /// More than one `Host`.
    HostRepeated,
    /// A `Host` that is no host.
    HostSyntax,
    /// An absolute target that names another host than `Host` does.
    HostMismatch,
    /// A chunk whose size, extension or end is malformed (RFC 9112 §7.1).
    Chunk,
    /// A trailer section that is malformed, too large, or holds framing fields.
    Trailer,
    /// The head did not arrive in time.
    HeadTimeout,
    /// The body stopped arriving.
    BodyTimeout,
    /// The body goes on arriving, but far too slowly on the whole.
    BodyTooSlow,
}

impl Refusal {
    /// What the caller gets.
    pub fn status(self) -> StatusCode {
        match self {
            Refusal::Version => StatusCode::HTTP_VERSION_NOT_SUPPORTED,
            Refusal::TargetTooLong => StatusCode::URI_TOO_LONG,
            Refusal::HeadTooLarge | Refusal::TooManyHeaders => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Refusal::HeadTimeout | Refusal::BodyTimeout | Refusal::BodyTooSlow => StatusCode::REQUEST_TIMEOUT,
            Refusal::BareLf
            | Refusal::BareCr
            | Refusal::ControlByte
            | Refusal::Fold
            | Refusal::HeaderSyntax
            | Refusal::RequestLine
            | Refusal::Target
            | Refusal::ContentLength
            | Refusal::TransferEncoding
            | Refusal::LengthConflict
            | Refusal::HostMissing
            | Refusal::HostRepeated
            | Refusal::HostSyntax
            | Refusal::HostMismatch
            | Refusal::Chunk
            | Refusal::Trailer => StatusCode::BAD_REQUEST,
        }
    }

    /// The word in logs and metrics.
    pub fn label(self) -> &'static str {
        match self {
            Refusal::BareLf => "head_bare_lf",
            Refusal::BareCr => "head_bare_cr",
            Refusal::ControlByte => "head_control_byte",
            Refusal::Fold => "head_fold",
            Refusal::HeaderSyntax => "head_header_syntax",
            Refusal::RequestLine => "head_request_line",
            Refusal::Version => "head_version",
            Refusal::Target => "head_target",
            Refusal::TargetTooLong => "head_target_too_long",
            Refusal::HeadTooLarge => "head_too_large",
            Refusal::TooManyHeaders => "head_too_many_headers",
            Refusal::ContentLength => "head_content_length",
            Refusal::TransferEncoding => "head_transfer_encoding",
            Refusal::LengthConflict => "head_length_conflict",
            Refusal::HostMissing => "head_host_missing",
            Refusal::HostRepeated => "head_host_repeated",
            Refusal::HostSyntax => "head_host_syntax",
            Refusal::HostMismatch => "head_host_mismatch",
            Refusal::Chunk => "body_chunk",
            Refusal::Trailer => "body_trailer",
            Refusal::HeadTimeout => "head_timeout",
            Refusal::BodyTimeout => "body_timeout",
            Refusal::BodyTooSlow => "body_too_slow",
        }
    }

    /// One sentence for the caller, who needs to know what to mend.
    pub fn sentence(self) -> &'static str {
        match self {
            Refusal::BareLf => "a line of the request ends without a carriage return",
            Refusal::BareCr => "a line of the request holds a carriage return",
            Refusal::ControlByte => "the request head holds a control character",
            Refusal::Fold => "the request head holds a folded header line",
            Refusal::HeaderSyntax => "the request head holds a malformed header line",
            Refusal::RequestLine => "the request line is malformed",
            Refusal::Version => "only HTTP/1.0, HTTP/1.1 and, by its own preface or over TLS, HTTP/2 are spoken here",
            Refusal::Target => "the request target is malformed or of a form not served here",
            Refusal::TargetTooLong => "the request target is too long",
            Refusal::HeadTooLarge => "the request head is too large",
            Refusal::TooManyHeaders => "the request head has too many header lines",
            Refusal::ContentLength => "the content-length is malformed or given twice",
            Refusal::TransferEncoding => "the transfer-encoding is not exactly chunked",
            Refusal::LengthConflict => "content-length and transfer-encoding exclude each other",
            Refusal::HostMissing => "the host header is missing",
            Refusal::HostRepeated => "the host header is given twice",
            Refusal::HostSyntax => "the host header is malformed",
            Refusal::HostMismatch => "the request target and the host header name different hosts",
            Refusal::Chunk => "the chunked body is malformed",
            Refusal::Trailer => "the trailer section is malformed",
            Refusal::HeadTimeout => "the request head did not arrive in time",
            Refusal::BodyTimeout => "the request body did not arrive in time",
            Refusal::BodyTooSlow => "the request body arrives too slowly",
        }
    }
}
