//! One request under its route's rules. It is asked four times: when the request arrives
//! (preflight, maintenance, limits by address), when it is admitted (maintenance by scope,
//! limits by token, the new path), when it is written for a backend, and when its answer
//! leaves. Must never: let a request pass that admission did not, or hold it up.

use std::net::IpAddr;
use std::sync::Arc;

use http::request::Parts;
use http::{HeaderMap, HeaderValue, header};

use crate::access::path::CanonicalPath;
use crate::access::permit::Permit;
use crate::access::route::Route;
use crate::dialect::condition::Challenge;
use crate::dialect::wire::Reply;
use crate::edge::body::BoxedAnswer;
use crate::edge::connection::Connection;
use crate::edge::forward::forwarded::Scheme;
use crate::edge::request::locate::Located;
use crate::edge::request::name::identify;
use crate::edge::request::record::Record;
use crate::edge::respond;
use crate::edge::traffic::moment;
use crate::edge::traffic::shrinking::shrink;
use crate::edge::upstream::layout::Layout;
use crate::random::{OsRandom, bytes};
use crate::snapshot::{Plan, World};
use crate::token::claims::Claims;
use crate::traffic::caller::{Caller, Mark};
use crate::traffic::cookie::{self, Channel};
use crate::traffic::cors::Preflight;
use crate::traffic::gate::{Blame, Refused, pass};
use crate::traffic::header::HeaderRules;
use crate::traffic::maintenance::Maintenance;
use crate::traffic::mirror::Mirror;
use crate::traffic::quota::Quota;
use crate::traffic::request_id::REQUEST_ID;
use crate::traffic::rules::{CertificateRule, Identified, Rules};
use crate::traffic::split::WHOLE;
use crate::traffic::template::Facts;

/// Why a request of a route was answered here, in metrics and logs.
mod reason {
    pub const PREFLIGHT: &str = "cors_preflight";
    pub const FOREIGN_ORIGIN: &str = "cors_refused";
    pub const CLOSED: &str = "maintenance";
    pub const LIMITED: &str = "rate_limited";
    pub const CROWDED: &str = "too_many_at_once";
    pub const NO_CERTIFICATE: &str = "certificate_missing";
    pub const NO_PATH: &str = "rewrite_refused";
}

/// What stands around a request.
#[derive(Clone, Copy)]
pub struct Scene<'a> {
    /// Its route.
    pub route: &'a Route,
    /// Its head as it came.
    pub head: &'a Parts,
    /// What the head means.
    pub located: &'a Located<'a>,
    /// Whose it is, as far as trusted proxies say.
    pub peer: IpAddr,
    /// Where it came in.
    pub connection: &'a Connection,
    /// Its world.
    pub world: &'a World,
    /// What the worker made of that world.
    pub layout: &'a Layout,
}

/// One request under rules.
pub struct Ruling<'a> {
    rules: &'a Rules,
    scene: Scene<'a>,
    request_id: Option<Arc<str>>,
    sticky: Sticky<'a>,
    door: Door<'a>,
    kind: Kind,
    quota: Option<Quota>,
    claims: Option<Arc<Claims>>,
    path: Option<String>,
}

/// The cookie of a split.
enum Sticky<'a> {
    /// The route needs none.
    None,
    /// The caller has one.
    Brought(&'a str),
    /// He gets this one.
    Made(String),
}

/// What the request is to the CORS protocol.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// One like any other.
    Request,
    /// A question of a browser, with an answer of its own.
    Preflight,
}

/// Whether the route is open.
#[derive(Clone, Copy)]
enum Door<'a> {
    /// To this request.
    Open,
    /// To a token with the right scopes only.
    ToScopes(&'a Maintenance),
}

impl<'a> Ruling<'a> {
    /// A request has come to a route with these rules.
    pub fn begin(rules: &'a Rules, scene: Scene<'a>) -> Ruling<'a> {
        let door = Door::Open;
        let mut ruling = Ruling {
            rules,
            scene,
            request_id: None,
            sticky: Sticky::None,
            door,
            kind: Kind::Request,
            quota: None,
            claims: None,
            path: None,
        };
        if rules.request_id == Identified::Yes {
            ruling.request_id = Some(identify(scene.head, scene.connection, scene.world));
        }
        if rules.split.as_ref().is_some_and(|split| split.key == Mark::Cookie) {
            ruling.sticky = match cookie::read(&scene.head.headers, ruling.channel()) {
                Some(id) => Sticky::Brought(id),
                None => Sticky::Made(cookie::id(bytes(&OsRandom::default()))),
            };
        }
        ruling
    }

    /// Before anybody is asked for a token: the answer, if this is all there is to say.
    pub fn arrives(&mut self, record: &mut Record) -> Option<BoxedAnswer> {
        self.request_id.iter().for_each(|id| record.named(id));
        if self.rules.client_certificate == CertificateRule::Required && self.scene.connection.certificate.is_none() {
            record.denied(reason::NO_CERTIFICATE);
            return Some(respond::certificate_missing(reason::NO_CERTIFICATE));
        }
        let head = self.scene.head;
        match self.rules.cors.as_ref().map(|cors| cors.preflight(&head.method, &head.headers)) {
            Some(Preflight::Granted(reply)) => return Some(self.preflight(reply, reason::PREFLIGHT, record)),
            Some(Preflight::Refused(reply)) => return Some(self.preflight(reply, reason::FOREIGN_ORIGIN, record)),
            Some(Preflight::None) | None => {}
        }
        if let Some(closed) = self.rules.maintenance.as_ref().filter(|closed| !closed.lets_address(self.scene.peer)) {
            if closed.scopes.is_empty() {
                return Some(self.closed(closed, record));
            }
            self.door = Door::ToScopes(closed);
        }
        self.limited(&self.rules.limits_before, record)
    }

    /// Admission refused it: a closed route says so instead.
    pub fn denied(&self, record: &mut Record) -> Option<BoxedAnswer> {
        match self.door {
            Door::Open => None,
            Door::ToScopes(closed) => Some(self.closed(closed, record)),
        }
    }

    /// Admission lets it pass: the answer, if the rules do not.
    pub fn admitted(&mut self, permit: &Permit, record: &mut Record) -> Option<BoxedAnswer> {
        self.claims = permit.claims().cloned();
        if let Door::ToScopes(closed) = self.door
            && !self.claims.as_ref().is_some_and(|claims| closed.lets_token(claims))
        {
            return Some(self.closed(closed, record));
        }
        if let Some(refusal) = self.limited(&self.rules.limits_after, record) {
            return Some(refusal);
        }
        if let Some(own) = &self.rules.own {
            let reply = own.reply(&self.facts(), self.scene.located.query);
            return Some(reply.map_or_else(|| self.nowhere(record), respond::replied));
        }
        let rewrite = self.rules.rewrite.as_ref()?;
        let made = rewrite.apply(&self.facts()).map(|path| path.into_owned());
        let canonical = made.as_deref().and_then(|path| CanonicalPath::parse(path).ok());
        match canonical.map(|path| path.as_str().to_owned()) {
            Some(path) => {
                self.path = Some(path);
                None
            }
            None => Some(self.nowhere(record)),
        }
    }

    /// Its path cannot be made into another.
    fn nowhere(&self, record: &mut Record) -> BoxedAnswer {
        record.failed(reason::NO_PATH);
        respond::unfit(reason::NO_PATH, "this request does not lead to a path of the service")
    }

    /// What becomes of the lines of a request to a backend.
    pub fn request_lines(&self) -> &'a HeaderRules {
        &self.rules.request
    }

    /// The path for the backend, where it is another one than the plan's.
    pub fn path(&self) -> Option<&str> {
        self.path.as_deref()
    }

    /// The upstream this caller goes to.
    pub fn upstream(&self, plan: &Plan) -> usize {
        let split = self.rules.split.as_ref();
        split.and_then(|split| split.choose(&self.caller())).unwrap_or(plan.upstream)
    }

    /// The mirror of this request, if it is among those that are copied.
    pub fn mirror(&self) -> Option<&Mirror> {
        let mirror = self.rules.mirror.as_ref()?;
        let drawn = || u32::from_le_bytes(bytes(&OsRandom::default()));
        (mirror.share == WHOLE || mirror.draws(drawn())).then_some(mirror)
    }

    /// What templates may speak of.
    pub fn facts(&self) -> Facts<'_> {
        Facts {
            claims: self.claims.as_deref(),
            path: self.scene.located.path.as_str(),
            host: self.scene.located.host.as_str(),
            method: self.scene.head.method.as_str(),
            address: self.scene.peer,
            request_id: self.request_id.as_deref(),
            certificate: self.scene.connection.certificate.as_deref(),
        }
    }

    /// Changes the lines of a request to a backend. None of the names in the rules is one
    /// that the gateway guarantees, so it does not matter that those stand there already.
    pub fn write(&self, headers: &mut HeaderMap) {
        self.rules.request.apply(&self.facts(), headers);
        self.name(headers);
    }

    /// The answer as it leaves, whoever made it.
    pub fn departs(&self, mut answer: BoxedAnswer) -> BoxedAnswer {
        if let Some(compress) = &self.rules.compress {
            let Scene { head, layout, .. } = self.scene;
            answer = shrink(compress, head, &layout.shrinking, answer);
        }
        let headers = answer.headers_mut();
        self.rules.response.apply(&self.facts(), headers);
        if let (Some(cors), Kind::Request) = (&self.rules.cors, self.kind) {
            cors.open(&self.scene.head.headers, headers);
        }
        if let Some(quota) = &self.quota {
            quota.tell(headers);
        }
        self.name(headers);
        if let Sticky::Made(id) = &self.sticky
            && let Some(cookie) = cookie::set(id, self.channel())
        {
            headers.append(header::SET_COOKIE, cookie);
        }
        answer
    }

    fn limited(&mut self, limits: &[usize], record: &mut Record) -> Option<BoxedAnswer> {
        if limits.is_empty() {
            return None;
        }
        let (snapshot, shared) = (&self.scene.world.snapshot, &self.scene.connection.worker.shared);
        let chosen = limits.iter().filter_map(|at| snapshot.limits.get(*at).zip(self.scene.layout.tables.get(*at)));
        match pass(chosen, &self.caller(), &shared.fingerprints, moment::now()) {
            Ok(passage) => {
                self.quota = Quota::tighter(self.quota.take(), passage.quota);
                record.holds(passage.flights);
                None
            }
            Err(refused) => Some(self.refused(refused, record)),
        }
    }

    fn refused(&mut self, refused: Refused, record: &mut Record) -> BoxedAnswer {
        let route = self.scene.route;
        self.scene.connection.worker.shared.telemetry.rate_limited(&route.name, &refused.limit);
        let (challenge, reason, sentence) = match refused.blame {
            Blame::Caller => (Challenge::RateLimited(refused.wait), reason::LIMITED, "too many requests"),
            Blame::Everybody => (Challenge::Busy(refused.wait), reason::CROWDED, "this path is too busy at present"),
        };
        record.failed(reason);
        self.quota = refused.quota;
        respond::in_words_of(route, &self.scene.world.snapshot.policy, &challenge, sentence)
    }

    fn preflight(&mut self, reply: Reply, reason: &'static str, record: &mut Record) -> BoxedAnswer {
        self.kind = Kind::Preflight;
        answered(reply, reason, record)
    }

    fn closed(&self, closed: &Maintenance, record: &mut Record) -> BoxedAnswer {
        let answer = answered(closed.answer(&self.scene.head.headers), reason::CLOSED, record);
        respond::own(answer, "this path is closed at present")
    }

    fn caller(&self) -> Caller<'_> {
        Caller {
            address: self.scene.peer,
            claims: self.claims.as_deref(),
            route: &self.scene.route.name,
            headers: &self.scene.head.headers,
            cookie: match &self.sticky {
                Sticky::None => None,
                Sticky::Brought(id) => Some(id),
                Sticky::Made(id) => Some(id),
            },
        }
    }

    fn name(&self, headers: &mut HeaderMap) {
        if let Some(Ok(id)) = self.request_id.as_deref().map(HeaderValue::from_str) {
            headers.insert(REQUEST_ID, id);
        }
    }

    fn channel(&self) -> Channel {
        match self.scene.connection.hop.scheme() {
            Scheme::Https => Channel::Secure,
            Scheme::Http => Channel::Plain,
        }
    }
}

fn answered(reply: Reply, reason: &'static str, record: &mut Record) -> BoxedAnswer {
    record.failed(reason);
    respond::replied(reply)
}
