//! The composition: each part compiled in turn and put together. Decides nothing.
//! An error in any part means that there is no snapshot at all.

use crate::access::policy::Policy;
use crate::config::compile::compiler::{Compiler, Outside};
use crate::config::compile::issuer::Kind;
use crate::config::compile::limits::count;
use crate::config::compile::parts::Growing;
use crate::config::compile::rules::identified;
use crate::config::compile::table::voices;
use crate::config::compile::token_header;
use crate::config::document::gateway::GatewayDocument;
use crate::config::problem::code::{Code, Severity};
use crate::config::problem::fact::Problem;
use crate::config::source::parse::Tree;
use crate::snapshot::Snapshot;

/// The version of the language that this program speaks.
const VERSION: u64 = 1;
/// Most tokens a worker may remember.
const MAX_CACHE: u64 = 10_000_000;

/// The snapshot of a document, unless something in it is an error.
pub fn compile(
    document: &GatewayDocument,
    tree: &Tree,
    outside: &Outside<'_>,
    revision: &[u8; 32],
    problems: &mut Vec<Problem>,
) -> Option<Snapshot> {
    let mut compiler = Compiler { tree, outside, problems };
    if document.version.value != VERSION {
        let message = format!("version {} of the language is not known", document.version);
        compiler.wrong(Code::WrongValue, document.version.place, message, "this program speaks version 1");
    }
    let state = compiler.state(document);
    let fronts = compiler.listeners(document, &state);
    let addresses = fronts.iter().map(|front| (front.listener.name.clone(), front.listener.address.clone())).collect();
    let fixed = compiler.fixed(document, addresses);
    let access_log = compiler.access_log(document);
    let drain = compiler.drain(document);
    let cache_entries = count(compiler.number(document.runtime.cache.as_ref(), 20_000, 0..=MAX_CACHE));
    let issuers = compiler.issuers(document);
    let mut growing = Growing::default();
    let backends = compiler.upstreams(document, &mut growing.kept);
    growing.limits = compiler.limits(document, &mut growing.kept);
    let ways = compiler.routes(document, &issuers, &backends, &mut growing);
    let tables = compiler.tables(&fronts, &issuers, &ways);
    compiler.certificates_are_asked_for(document);
    if compiler.problems.iter().any(|problem| problem.severity() == Severity::Error) {
        return None;
    }
    // What is unused or risky can only be told of a file that is right.
    compiler.lint(document, &issuers, &ways, &growing);
    let policy = Policy {
        voices: voices(&fronts, &issuers, &ways),
        tables,
        profiles: issuers.iter().map(|issuer| issuer.profile.clone()).collect(),
        scopes: growing.scopes,
        kept_claims: growing.kept.0,
        token_headers: token_header::of_routes(&ways),
        route_names: ways.iter().map(|way| way.route.name.clone()).collect(),
    };
    let mut ours = Vec::new();
    let mut foreign_rings = Vec::new();
    for issuer in issuers {
        match issuer.kind {
            Kind::Ours(own) => {
                ours.push(own.issuer);
                foreign_rings.push(None);
            }
            Kind::Foreign(ring) => foreign_rings.push(ring),
        }
    }
    Some(Snapshot {
        listeners: fronts.into_iter().map(|front| front.listener).collect(),
        policy: policy.into(),
        plans: ways.into_iter().map(|way| way.plan).collect(),
        limits: growing.limits,
        upstreams: backends.into_iter().map(|backend| backend.upstream).collect(),
        issuers: ours,
        foreign_rings,
        fixed,
        request_id: identified(document.defaults.request_id.as_ref()),
        access_log,
        cache_entries,
        drain,
        revision: revision.iter().take(8).map(|byte| format!("{byte:02x}")).collect(),
        warnings: Vec::new(),
    })
}
