//! The closed lists of results that seldom events are counted by. An enum here is a
//! promise that a label stays bounded: who wants a new value adds a variant.

/// How a TLS handshake ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Handshake {
    /// Both sides agreed.
    Done(TlsVersion, Session),
    /// The handshake failed, or it was no TLS at all.
    Failed,
    /// It took longer than the listener allows.
    TimedOut,
    /// It had to make room for others who waited.
    CrowdedOut,
}

/// The versions that are spoken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TlsVersion {
    /// RFC 5246.
    Tls12,
    /// RFC 8446.
    Tls13,
}

/// Whether a handshake continued an earlier session.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Session {
    /// A full handshake.
    New,
    /// By ticket or identifier.
    Resumed,
}

impl Handshake {
    /// `result`, `version` and `resumed`.
    pub fn labels(self) -> [&'static str; 3] {
        match self {
            Handshake::Done(version, session) => {
                let version = match version {
                    TlsVersion::Tls12 => "1.2",
                    TlsVersion::Tls13 => "1.3",
                };
                let resumed = match session {
                    Session::New => "no",
                    Session::Resumed => "yes",
                };
                ["ok", version, resumed]
            }
            Handshake::Failed => ["failed", "-", "-"],
            Handshake::TimedOut => ["timeout", "-", "-"],
            Handshake::CrowdedOut => ["crowded_out", "-", "-"],
        }
    }
}

/// Why a connection was not served.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ConnectionRefused {
    /// The listener has as many as it may.
    OverLimit,
    /// The system could not hand it over.
    AcceptFailed,
    /// Its address has as many as one address may.
    OverAddressLimit,
    /// Its address opens them faster than one address may.
    OverAddressRate,
    /// Its address has as many TLS handshakes under way as one address may.
    OverAddressHandshakes,
    /// A trusted proxy did not begin with the header it owes, or with a broken one.
    ProxyHeader,
}

impl ConnectionRefused {
    /// All of them.
    pub const ALL: [ConnectionRefused; 6] = [
        ConnectionRefused::OverLimit,
        ConnectionRefused::AcceptFailed,
        ConnectionRefused::OverAddressLimit,
        ConnectionRefused::OverAddressRate,
        ConnectionRefused::OverAddressHandshakes,
        ConnectionRefused::ProxyHeader,
    ];

    /// The value of `reason`.
    pub fn label(self) -> &'static str {
        match self {
            ConnectionRefused::OverLimit => "limit",
            ConnectionRefused::AcceptFailed => "accept",
            ConnectionRefused::OverAddressLimit => "address_limit",
            ConnectionRefused::OverAddressRate => "address_rate",
            ConnectionRefused::OverAddressHandshakes => "address_handshakes",
            ConnectionRefused::ProxyHeader => "proxy_header",
        }
    }
}

/// What an exchange that lasts is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Lasting {
    /// A WebSocket.
    WebSocket,
    /// A gRPC call.
    Grpc,
    /// Anything else that takes its time: events, a download, an upload.
    Stream,
}

impl Lasting {
    /// The value of `kind`.
    pub fn label(self) -> &'static str {
        match self {
            Lasting::WebSocket => "websocket",
            Lasting::Grpc => "grpc",
            Lasting::Stream => "stream",
        }
    }
}

/// What became of a password.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Login {
    /// It was right.
    Right,
    /// It was wrong.
    WrongPassword,
    /// Nobody has that name, or he is disabled.
    UnknownUser,
    /// It was not looked at: too many failures before.
    Throttled,
    /// It could not be looked at.
    SourceError,
}

impl Login {
    /// The value of `result`.
    pub fn label(self) -> &'static str {
        match self {
            Login::Right => "ok",
            Login::WrongPassword => "bad_password",
            Login::UnknownUser => "unknown_user",
            Login::Throttled => "locked",
            Login::SourceError => "source_error",
        }
    }
}

/// What became of a configuration that was read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reload<'a> {
    /// The one the process started with; not counted as a reload.
    First {
        /// Hash of the file.
        revision: &'a str,
    },
    /// It is in force.
    Taken {
        /// Hash of the file.
        revision: &'a str,
    },
    /// It had mistakes; the one before stays in force.
    Refused,
}

impl Reload<'_> {
    /// The value of `result`; `None` for the first load.
    pub fn label(self) -> Option<&'static str> {
        match self {
            Reload::First { .. } => None,
            Reload::Taken { .. } => Some("ok"),
            Reload::Refused => Some("refused"),
        }
    }
}

/// What became of an attempt to get a certificate.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ordered {
    /// It is there.
    Issued,
    /// The one before is still shown.
    Failed,
}

impl Ordered {
    /// All of them.
    pub const ALL: [Ordered; 2] = [Ordered::Issued, Ordered::Failed];

    /// The value of `result`.
    pub fn label(self) -> &'static str {
        match self {
            Ordered::Issued => "ok",
            Ordered::Failed => "failed",
        }
    }
}

/// What became of a store operation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StoreOutcome {
    /// It was done, and is durable if it wrote.
    Done,
    /// It was not.
    Failed,
}

/// What the store is asked about while a request waits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Inquired {
    /// An opaque access token.
    Token,
    /// What may be the key of an application.
    ApplicationKey,
}

impl Inquired {
    /// All of them.
    pub const ALL: [Inquired; 2] = [Inquired::Token, Inquired::ApplicationKey];

    /// The word in `about`.
    pub fn label(self) -> &'static str {
        match self {
            Inquired::Token => "token",
            Inquired::ApplicationKey => "application_key",
        }
    }
}

/// Why there was no answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unanswered {
    /// As many questions are under way as one worker may have.
    Full,
    /// The store failed, or took too long.
    Failed,
}

impl Unanswered {
    /// All of them.
    pub const ALL: [Unanswered; 2] = [Unanswered::Full, Unanswered::Failed];

    /// The word in `reason`.
    pub fn label(self) -> &'static str {
        match self {
            Unanswered::Full => "full",
            Unanswered::Failed => "failed",
        }
    }
}

/// What was done because the process holds as much memory as it may.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Relief {
    /// Accepting paused.
    HeldBack,
    /// A request was refused.
    Refused,
    /// An idle connection was closed.
    Closed,
}

impl Relief {
    /// All of them.
    pub const ALL: [Relief; 3] = [Relief::HeldBack, Relief::Refused, Relief::Closed];

    /// The word in `action`.
    pub fn label(self) -> &'static str {
        match self {
            Relief::HeldBack => "accept_paused",
            Relief::Refused => "request_refused",
            Relief::Closed => "idle_closed",
        }
    }
}
