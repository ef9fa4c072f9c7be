//! All the rules of one route together. A route without any has none of these at all, so
//! that it pays for them with one look.

use crate::traffic::compress::Compress;
use crate::traffic::cors::Cors;
use crate::traffic::header::HeaderRules;
use crate::traffic::maintenance::Maintenance;
use crate::traffic::mirror::Mirror;
use crate::traffic::own::OwnAnswer;
use crate::traffic::rewrite::Rewrite;
use crate::traffic::split::Split;

/// What a route does with traffic.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// It is closed.
    pub maintenance: Option<Maintenance>,
    /// Limits that are asked before the token is looked at, by index.
    pub limits_before: Vec<usize>,
    /// Limits that ask who passes, by index.
    pub limits_after: Vec<usize>,
    /// Open to other origins.
    pub cors: Option<Cors>,
    /// Shares of its requests go elsewhere.
    pub split: Option<Split>,
    /// Some of its requests are copied.
    pub mirror: Option<Mirror>,
    /// Answered without a backend.
    pub own: Option<OwnAnswer>,
    /// Another path for the backend.
    pub rewrite: Option<Rewrite>,
    /// Header lines of requests, besides the plan's own.
    pub request: HeaderRules,
    /// Header lines of answers, the gateway's own on this route included.
    pub response: HeaderRules,
    /// Which answers are made smaller.
    pub compress: Option<Compress>,
    /// Whether requests have an id.
    pub request_id: Identified,
    /// Whether callers must have shown a certificate.
    pub client_certificate: CertificateRule,
}

/// Whether callers must have shown a certificate.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum CertificateRule {
    /// They must.
    Required,
    /// They may, where the listener asks for one.
    #[default]
    Any,
}

/// Whether requests have an id.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Identified {
    /// Each has one, which the backend and the caller are told.
    Yes,
    /// None has.
    #[default]
    No,
}

impl Rules {
    /// True when nothing is asked for.
    pub fn is_empty(&self) -> bool {
        let parts = [
            self.maintenance.is_some(),
            !self.limits_before.is_empty(),
            !self.limits_after.is_empty(),
            self.cors.is_some(),
            self.split.is_some(),
            self.mirror.is_some(),
            self.own.is_some(),
            self.rewrite.is_some(),
            !self.request.is_empty(),
            !self.response.is_empty(),
            self.compress.is_some(),
            self.request_id == Identified::Yes,
            self.client_certificate == CertificateRule::Required,
        ];
        !parts.contains(&true)
    }
}
