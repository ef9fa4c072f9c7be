//! The rules of one route: its own where it has them, else those of the defaults. A route
//! without any gets none at all.

use std::sync::Arc;

use http::HeaderName;

use crate::access::rule::AccessLine;
use crate::config::compile::compiler::Compiler;
use crate::config::compile::issuer::Authority;
use crate::config::compile::limit::KeyOf;
use crate::config::compile::limits::count;
use crate::config::compile::parts::Growing;
use crate::config::compile::route::scoping;
use crate::config::compile::template::Words;
use crate::config::compile::upstream::Backend;
use crate::config::document::gateway::DefaultsDocument;
use crate::config::document::route::{ClientCertificateName, RouteDocument};
use crate::config::document::share::Share;
use crate::config::document::traffic::{CompressDocument, MaintenanceDocument, MirrorDocument, SplitDocument};
use crate::config::document::word::{Off, OrBlock};
use crate::config::problem::code::Code;
use crate::config::source::at::At;
use crate::snapshot::{Plan, WebSocket};
use crate::traffic::coding::Coding;
use crate::traffic::compress::{Compress, MediaRange, TYPES};
use crate::traffic::maintenance::Maintenance;
use crate::traffic::mirror::Mirror;
use crate::traffic::rules::{CertificateRule, Identified, Rules};
use crate::traffic::split::{Split, WHOLE};

/// Largest body that a mirror copies, unless it is said, and at all.
const MIRRORED: (u64, u64) = (64 << 10, 1 << 20);
/// Answers shorter than this are not compressed, unless it is said.
const MIN_COMPRESSED: u64 = 1 << 10;
/// Seconds after which a closed route may be tried again, unless it is said.
const CLOSED_FOR: u64 = 300;
/// What a closed route says, unless it is said.
const CLOSED: &str = "this service is closed for maintenance";

/// What stands around a route.
pub(super) struct Around<'a> {
    pub defaults: &'a DefaultsDocument,
    pub issuers: &'a [Authority],
    pub accepted: &'a [usize],
    pub access: &'a [AccessLine],
    pub upstreams: &'a [Backend],
    /// What a template of the route may speak of.
    pub words: &'a Words,
}

/// Whether requests have an id.
pub(super) fn identified(flag: Option<&At<bool>>) -> Identified {
    if flag.is_some_and(|flag| flag.value) { Identified::Yes } else { Identified::No }
}

/// A share in parts of `WHOLE`.
fn parts_of(share: &At<Share>) -> u32 {
    (share.value.0 * f64::from(WHOLE)).round() as u32
}

/// A route's own block if it has one, the defaults' if it says nothing, none if it says `off`.
fn own_or<'a, T>(own: Option<&'a At<OrBlock<Off, T>>>, default: Option<&'a At<T>>) -> Option<&'a T> {
    match own.map(|at| &at.value) {
        Some(OrBlock::Block(block)) => Some(block),
        Some(OrBlock::Word(_)) => None,
        None => default.map(|at| &at.value),
    }
}

impl Compiler<'_> {
    /// The rules of a route with this plan.
    pub fn rules(
        &mut self,
        written: &RouteDocument,
        plan: &Plan,
        around: &Around<'_>,
        growing: &mut Growing,
    ) -> Option<Arc<Rules>> {
        let defaults = around.defaults;
        let own = plan.identity.iter().map(|(name, _)| name).chain(plan.set.iter().map(|(name, _)| name));
        let guaranteed: Vec<HeaderName> = own.cloned().collect();
        let (limits_before, limits_after) =
            self.limits_of(written.limits.as_ref().or(defaults.limits.as_ref()), growing);
        if let (Some(rewrite), Some(_)) = (&written.rewrite, &plan.strip_prefix) {
            let message = "the path is both stripped and rewritten";
            self.wrong(Code::Combination, rewrite.place, message, "choose one");
        }
        let rewrite = written.rewrite.as_ref();
        let cors = own_or(written.cors.as_ref(), defaults.cors.as_ref());
        let compress = own_or(written.compress.as_ref(), defaults.compress.as_ref());
        let maintenance = own_or(written.maintenance.as_ref(), defaults.maintenance.as_ref());
        let request_id = identified(written.request_id.as_ref().or(defaults.request_id.as_ref()));
        let rules = Rules {
            limits_before,
            limits_after,
            maintenance: maintenance.map(|document| self.maintenance(document, around, growing)),
            cors: cors.map(|document| self.cors(document, around.access)),
            split: written.split.as_ref().and_then(|document| self.split(&document.value, plan, around, growing)),
            mirror: written.mirror.as_ref().and_then(|document| self.mirror(&document.value, plan, around, growing)),
            own: self.own_answer(written, around.words, &mut growing.kept),
            rewrite: rewrite.and_then(|at| self.rewrite(at, &written.path, around.words, &mut growing.kept)),
            request: self.request_rules(&written.forward, &defaults.forward, around.words, &guaranteed, growing),
            response: self.response_rules(&written.response, &defaults.response, around.words, growing),
            compress: compress.map(|document| self.compress(document)),
            request_id,
            client_certificate: match written.client_certificate.as_ref().map(|at| at.value) {
                Some(ClientCertificateName::Required) => CertificateRule::Required,
                Some(ClientCertificateName::Any) | None => CertificateRule::Any,
            },
        };
        (!rules.is_empty()).then(|| Arc::new(rules))
    }

    fn split(
        &mut self,
        written: &SplitDocument,
        plan: &Plan,
        around: &Around<'_>,
        growing: &mut Growing,
    ) -> Option<Split> {
        let key = self.mark(&written.key, KeyOf::Split, &mut growing.kept);
        if written.to.value.is_empty() && !self.damaged(written.to.place) {
            self.wrong(Code::WrongValue, written.to.place, "a split needs another upstream", "expected NAME: SHARE");
        }
        let mut shares: Vec<(usize, u32)> = Vec::new();
        for (name, share) in written.to.value.iter() {
            let parts = parts_of(share);
            match self.upstream_index(name, around.upstreams, growing) {
                Some(index) if index == plan.upstream => {
                    let message = format!("`{name}` is the route's own upstream, which gets the rest");
                    self.wrong(Code::Twice, name.place, message, "again here");
                }
                Some(index) => {
                    shares.push((index, parts));
                    if let (WebSocket::Carried(_), Some(backend)) = (plan.websocket, around.upstreams.get(index)) {
                        self.carries_sockets(backend, name.place, "split it from an upstream with `protocol: http1`");
                    }
                    if let Some(backend) = around.upstreams.get(index).filter(|_| plan.keep_authorization) {
                        self.lint_kept_authorization(name.place, backend);
                    }
                }
                None => {}
            }
        }
        let sum: u64 = shares.iter().map(|(_, share)| u64::from(*share)).sum();
        if sum > u64::from(WHOLE) {
            self.wrong(
                Code::WrongValue,
                written.to.place,
                "the shares are more than the whole",
                "expected 1.0, or 100%, at most",
            );
        }
        let salt = written.salt.as_ref().map_or("", |salt| salt.value.as_str()).into();
        Some(Split { key: key?, salt, shares })
    }

    fn mirror(
        &mut self,
        written: &MirrorDocument,
        plan: &Plan,
        around: &Around<'_>,
        growing: &mut Growing,
    ) -> Option<Mirror> {
        let upstream = self.upstream_index(&written.upstream, around.upstreams, growing);
        if upstream == Some(plan.upstream) {
            let message = format!("`{}` is the route's own upstream", written.upstream);
            self.wrong(Code::Twice, written.upstream.place, message, "it would get everything twice");
        }
        let share = written.share.as_ref().map_or(WHOLE, parts_of);
        let (usual, most) = MIRRORED;
        let max_body = written.max_body.as_ref().map_or(usual, |size| size.value.0);
        if let Some(size) = written.max_body.as_ref().filter(|size| size.value.0 > most) {
            let message = "a copy is kept in memory until it is sent";
            self.wrong(Code::WrongValue, size.place, message, "expected 1MiB at most");
        }
        Some(Mirror { upstream: upstream?, share, max_body: count(max_body) })
    }

    fn compress(&mut self, written: &CompressDocument) -> Compress {
        let mut codings = Vec::new();
        for name in written.encodings.iter().flat_map(|list| list.value.iter()) {
            match Coding::ALL.iter().find(|coding| coding.as_str() == name.value) {
                Some(coding) if codings.contains(coding) => {
                    self.wrong(Code::Twice, name.place, format!("`{name}` is there twice"), "again here");
                }
                Some(coding) => codings.push(*coding),
                None => self.unknown_word(name, "an encoding", &Coding::ALL.map(Coding::as_str)),
            }
        }
        if codings.is_empty() {
            codings = Coding::ALL.to_vec();
        }
        let mut types = Vec::new();
        for media in written.types.iter().flat_map(|list| list.value.iter()) {
            match MediaRange::parse(&media.value).filter(|_| !media.value.starts_with("application/grpc")) {
                Some(range) => types.push(range),
                None => {
                    let message = format!("`{media}` is not a type that can be compressed");
                    let label = "expected such as application/json, text/* or application/*+json";
                    self.wrong(Code::WrongValue, media.place, message, label);
                }
            }
        }
        if written.types.is_none() {
            types = TYPES.iter().filter_map(|media| MediaRange::parse(media)).collect();
        }
        Compress { codings, types, min: written.min.as_ref().map_or(MIN_COMPRESSED, |size| size.value.0) }
    }

    fn maintenance(
        &mut self,
        written: &MaintenanceDocument,
        around: &Around<'_>,
        growing: &mut Growing,
    ) -> Maintenance {
        let addresses = written.allow.addresses.iter().filter_map(|network| self.network(network)).collect();
        let mut scoping = scoping(around.issuers, around.accepted, growing);
        let mut scopes = Vec::new();
        for list in written.allow.scopes.iter().flat_map(|list| &list.value) {
            let whose = scoping.whose.clone();
            let names = self.scopes(list.value.iter(), &scoping.catalogue, &whose);
            if list.value.is_empty() && !self.damaged(list.place) {
                self.wrong(Code::WrongValue, list.place, "an empty list is open to every token", "expected a scope");
            }
            scopes.push(scoping.alternative(names).set);
        }
        let message = written.message.as_ref().map_or(CLOSED, |text| text.value.as_str()).into();
        let retry_after =
            written.retry_after.as_ref().map_or(crate::clock::Seconds(CLOSED_FOR), |at| at.value.seconds());
        Maintenance { message, retry_after, addresses, scopes }
    }
}
