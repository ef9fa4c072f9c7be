//! What an endpoint of ours wants done: bytes to send, lines for the audit log,
//! numbers for the metrics. Values only; the core has no logger, so it cannot log a
//! secret. A refusal is the same thing before a dialect has spelled it.

use http::HeaderMap;

use crate::dialect::condition::Condition;
use crate::dialect::knobs::{Dialect, Seat};
use crate::dialect::wire::Reply;
use crate::oauth::audit::AuditEvent;
use crate::oauth::store::StoreError;
use crate::oauth::view::Page;
use crate::token::id::ClientId;

/// The result label of an answer that refuses nothing.
pub const OK: &str = "ok";

/// One finished request to an endpoint of ours.
#[derive(Clone, Debug)]
pub struct Answer {
    /// To be sent.
    pub reply: Reply,
    /// The page that becomes the body of the reply, where it is one.
    pub page: Option<Box<Page>>,
    /// To be written to the audit log, each with time and address.
    pub audit: Vec<AuditEvent>,
    /// The `grant_type`, as soon as one was recognised.
    pub grant: Option<&'static str>,
    /// `ok`, or the `error` code (`Condition::code`), for metrics.
    pub result: &'static str,
    /// What was made, for metrics.
    pub issued: IssuedCount,
    /// What failed behind a 503 or 500, for the operator's log.
    pub fault: Option<String>,
    /// The client that put a secret into the URL, to be warned about.
    pub secret_in_url: Option<ClientId>,
}

/// How many tokens an answer made; a repeated answer makes none.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct IssuedCount {
    /// Access tokens.
    pub access: u32,
    /// Refresh tokens.
    pub refresh: u32,
}

/// Why a request is refused, with what the operator shall know about it.
#[derive(Clone, Debug)]
pub(in crate::oauth) struct Refused {
    pub(in crate::oauth) condition: Condition,
    pub(in crate::oauth) grant: Option<&'static str>,
    pub(in crate::oauth) audit: Vec<AuditEvent>,
    pub(in crate::oauth) fault: Option<String>,
}

impl Answer {
    /// An answer that neither made nor refused anything.
    pub(in crate::oauth) fn plain(reply: Reply) -> Answer {
        Answer {
            reply,
            page: None,
            audit: Vec::new(),
            grant: None,
            result: OK,
            issued: IssuedCount::default(),
            fault: None,
            secret_in_url: None,
        }
    }
}

impl Refused {
    /// Refused, with a line for the audit log.
    pub(in crate::oauth) fn audited(condition: Condition, event: AuditEvent) -> Refused {
        Refused { audit: vec![event], ..Refused::from(condition) }
    }

    /// A fault of ours: the caller learns that there is one, the operator learns which.
    pub(in crate::oauth) fn internal(fault: String) -> Refused {
        Refused { fault: Some(fault), ..Refused::from(Condition::Internal) }
    }

    /// The same, known to belong to this grant.
    pub(in crate::oauth) fn of(self, grant: &'static str) -> Refused {
        Refused { grant: Some(grant), ..self }
    }

    /// Spells it.
    pub(in crate::oauth) fn answer(
        self,
        dialect: &Dialect,
        seat: Option<&Seat>,
        asked: &HeaderMap,
        realm: &str,
    ) -> Answer {
        Answer {
            audit: self.audit,
            grant: self.grant,
            result: self.condition.code(),
            fault: self.fault,
            ..Answer::plain(dialect.refused(seat, &self.condition, asked, realm))
        }
    }
}

impl From<Condition> for Refused {
    fn from(condition: Condition) -> Refused {
        Refused { condition, grant: None, audit: Vec::new(), fault: None }
    }
}

impl From<StoreError> for Refused {
    /// A store that cannot answer is neither yes nor no: 503, and come back.
    fn from(error: StoreError) -> Refused {
        let condition = Condition::Unavailable(crate::oauth::service::RETRY);
        Refused { fault: Some(error.detail), ..Refused::from(condition) }
    }
}
