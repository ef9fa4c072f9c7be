//! An admitted request's way to its backend and back. It needs a `Permit`, which only
//! admission can make. The request is written anew: path and query in the form that
//! was judged, header lines that may pass, our own about who passes and where he came
//! from, and a framing that follows from the body. The answer is checked the same way.
//! Must never: copy what could be read in two ways, in either direction.

pub mod forwarded;
pub mod framing;
pub mod headers;
pub mod identity;
pub mod stamp;
pub mod target;
pub mod underway;
pub mod via;

use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderValue};
use http::request::Parts;
use http::uri::PathAndQuery;
use http::{Request, Response, StatusCode, Uri, Version};
use http_body::Body as _;
use tokio::time::Instant;

use crate::access::permit::Permit;
use crate::access::tenure::Tenure;
use crate::edge::body::hurry::Hurry;
use crate::edge::body::inbound::Inbound;
use crate::edge::body::trailers::Trailers;
use crate::edge::body::upload::{Outgoing, Upload};
use crate::edge::body::watch::Watch;
use crate::edge::body::{AnswerBody, BoxedAnswer};
use crate::edge::connection::Connection;
use crate::edge::credential::{deprecated, mint, user_token};
use crate::edge::deadline::{Bounded, Deadline};
use crate::edge::forward::headers::{Credential, clean_answer};
use crate::edge::forward::stamp::Stamp;
use crate::edge::forward::underway::Underway;
use crate::edge::head::reason::Reason;
use crate::edge::head::scanner::HeadLimits;
use crate::edge::interim::{Awaiting, Interims};
use crate::edge::request::locate::Located;
use crate::edge::request::record::Record;
use crate::edge::respond::echo;
use crate::edge::traffic::copying::{Copying, Fate, Seat};
use crate::edge::traffic::ruling::Ruling;
use crate::edge::traffic::tee::Tee;
use crate::edge::upstream::balance::{Balance, Search};
use crate::edge::upstream::download::Download;
use crate::edge::upstream::error::ForwardError;
use crate::edge::upstream::exchange::{Outcome, exchange};
use crate::edge::upstream::key;
use crate::edge::upstream::layout::Layout;
use crate::edge::upstream::lease::Lease;
use crate::edge::websocket::handover::{Far, Handover};
use crate::edge::websocket::handshake::{self, Handshake};
use crate::edge::worker::spare;
use crate::snapshot::{Listener, OnExpiry, Plan, WebSocket, World};
use crate::telemetry::outcome::Lasting;
use crate::traffic::mirror::Mirror;
use crate::traffic::template::Facts;

/// Lines that a request may get besides the caller's and those of its plan.
const OWN_LINES: usize = 6;

/// What a request carries when it is admitted.
#[derive(Debug)]
pub enum Load {
    /// Its body, not yet read.
    Unread(Inbound),
    /// A form that was read to find the token, and is sent on without it.
    Form(Bytes),
}

/// One admitted request.
pub struct Errand<'a> {
    /// The right to send it.
    pub permit: &'a Permit,
    /// Where it came in.
    pub connection: &'a Arc<Connection>,
    /// Whose request it is, as far as trusted proxies say.
    pub peer: IpAddr,
    /// Its world.
    pub world: &'a World,
    /// What the worker made of that world.
    pub layout: &'a Arc<Layout>,
    /// Its head as it came.
    pub head: &'a Parts,
    /// What the head means.
    pub located: &'a Located<'a>,
    /// The rules it is under, where its route has some.
    pub ruling: Option<&'a Ruling<'a>>,
    /// Whether it speaks gRPC, and until when its caller waits.
    pub call: Option<Call>,
    /// The WebSocket it asks for.
    pub handshake: Option<&'a Handshake>,
}

/// A gRPC call.
#[derive(Clone, Copy, Debug)]
pub struct Call {
    /// When the time that the caller gave is over.
    pub deadline: Option<Instant>,
}

impl Errand<'_> {
    /// Sends the request and brings the answer, its body perhaps still on the way.
    pub async fn run(&self, load: Load, record: &mut Record) -> Result<BoxedAnswer, ForwardError> {
        let plan = &self.world.snapshot.plans[self.permit.route().index];
        deprecated::notice(self.permit, &self.head.headers, self.connection);
        let mut body = self.body(plan, load, record)?;
        let upload = match &body {
            Outgoing::Stream(upload) => Some(upload.state()),
            Outgoing::Empty | Outgoing::Whole(_) => None,
        };
        let target = self.target(plan)?;
        if let Some(mirror) = self.ruling.and_then(Ruling::mirror) {
            self.copy(mirror, plan, &target, &mut body);
        }
        let shared = &self.connection.worker.shared;
        let own = user_token::find(plan, self.permit.claims().map(|claims| &**claims), shared).await?;
        let write = |body: Outgoing| self.write(plan, target.clone(), own.as_ref(), body);
        let upstream = self.ruling.map_or(plan.upstream, |ruling| ruling.upstream(plan));
        record.asks(upstream);
        let balance = &self.layout.upstreams[upstream];
        let pulses = &self.connection.worker.pulses;
        let deadline = plan.total_timeout.map(|limit| Deadline::begin(pulses, limit));
        let search = record.searches(Search::by(self.key(balance)));
        let stamp = self.stamp(upstream);
        let awaiting = Awaiting { wait: plan.first_byte_timeout, interims: self.interims(), stamp: Some(&stamp) };
        let asked = exchange(balance, pulses, awaiting, search, &write, body);
        let mut watch = None;
        let asked = Underway::new(asked, upload.clone(), || self.rests(plan), &mut watch);
        let outcome = Bounded::new(asked, deadline.clone()).await;
        let fault = |error| upload.as_ref().and_then(|u| u.fault()).unwrap_or(error);
        let (mut answer, lease) = match outcome {
            Ok(Outcome::Answer(answer, lease)) => (answer, lease),
            Ok(Outcome::Echo(mut request)) => {
                stamp.set(request.headers_mut());
                let answer = Box::pin(echo::answer(*request)).await.map_err(fault);
                record.answered();
                return answer;
            }
            Err(error) => return Err(fault(error)),
        };
        if answer.status() == StatusCode::SWITCHING_PROTOCOLS {
            record.answered();
            return self.switched(plan, answer, lease);
        }
        let mut download = Download::new(lease, plan.idle_timeout);
        download.end_by(deadline);
        let whole = match self.call {
            // Its trailers are what counts, whatever its length.
            Some(_) => None,
            None => download.whole().await.transpose().map_err(fault)?,
        };
        download.beside(upload);
        record.answered();
        let streamed = |download| AnswerBody::stream(download, watch.or_else(|| self.watch(plan)));
        *answer.body_mut() = whole.map_or_else(|| streamed(download), AnswerBody::whole);
        self.rewrite(&mut answer);
        Ok(answer)
    }

    /// What may end the answer while it is on its way.
    fn watch(&self, plan: &Plan) -> Option<Box<Watch>> {
        self.watch_over(self.tenure(plan))
    }

    /// The same while the request is on its way; `None`: it does not rest on a token.
    fn rests(&self, plan: &Plan) -> Option<Box<Watch>> {
        self.tenure(plan).and_then(|tenure| self.watch_over(Some(tenure)))
    }

    fn watch_over(&self, tenure: Option<Tenure>) -> Option<Box<Watch>> {
        let kind = if self.call.is_some() { Lasting::Grpc } else { Lasting::Stream };
        let deadline = self.call.and_then(|call| call.deadline).map(|end| Box::pin(tokio::time::sleep_until(end)));
        Watch::over(self.connection, kind, tenure, deadline)
    }

    fn tenure(&self, plan: &Plan) -> Option<Tenure> {
        let closes = plan.on_expiry == OnExpiry::Close;
        closes.then(|| Tenure::of(self.permit, &self.world.snapshot.policy)).flatten()
    }

    /// A backend that switches protocols does so rightly if a WebSocket was asked for, and
    /// its answer proves that it means one; then the connection becomes a tunnel.
    fn switched(&self, plan: &Plan, mut answer: BoxedAnswer, lease: Lease) -> Result<BoxedAnswer, ForwardError> {
        let (Some(handshake), WebSocket::Carried(silence)) = (self.handshake, plan.websocket) else {
            return Err(ForwardError::BadAnswer);
        };
        if !handshake::agreed(handshake, answer.status(), answer.headers()) {
            return Err(ForwardError::BadAnswer);
        }
        self.rewrite(&mut answer);
        let status = handshake::answer(handshake, answer.headers_mut());
        *answer.status_mut() = status;
        if let Some(name) = &self.permit.route().presentation.subprotocol {
            handshake::choose(name, &self.head.headers, answer.headers_mut());
        }
        let (tenure, connection) = (self.tenure(plan), Arc::clone(self.connection));
        answer.extensions_mut().insert(Handover::of(Far { lease, tenure, silence, connection, record: None }));
        Ok(answer)
    }

    /// The body as it goes on, within the route's bound.
    fn body(&self, plan: &Plan, load: Load, record: &mut Record) -> Result<Outgoing, ForwardError> {
        match load {
            Load::Form(bytes) if bytes.is_empty() => Ok(Outgoing::Empty),
            Load::Form(bytes) => Ok(Outgoing::Whole(Some(bytes))),
            Load::Unread(body) if body.is_end_stream() => Ok(Outgoing::Empty),
            Load::Unread(body) if self.call.is_none() && body.size_hint().lower() > plan.max_body => {
                Err(ForwardError::BodyTooLarge)
            }
            Load::Unread(body) => {
                let upload = self.upload(plan, body);
                record.uploads(upload.state());
                Ok(Outgoing::Stream(Box::new(upload)))
            }
        }
    }

    fn upload(&self, plan: &Plan, body: Inbound) -> Upload {
        let (worker, limits) = (&self.connection.worker, &self.listener().limits);
        let mut upload = match self.call {
            Some(_) => Upload::of_messages(body, plan.max_body),
            None => Upload::new(body, plan.max_body),
        };
        if self.head.version == Version::HTTP_2 {
            upload.hurry(match self.call {
                Some(_) => Hurry::call(worker, plan.idle_timeout, upload.state()),
                None => Hurry::body(worker, limits),
            });
        }
        let bounds = HeadLimits { bytes: limits.header_bytes, fields: limits.header_count };
        upload.trail(Trailers::of(&self.layout.screen, bounds, self.ruling.map(Ruling::request_lines)));
        upload
    }

    /// Where interim answers go on; `None`: the caller's version knows none.
    fn interims(&self) -> Option<&Interims> {
        match self.head.version {
            Version::HTTP_11 => Some(&self.connection.interims),
            Version::HTTP_2 => self.head.extensions.get::<Arc<Interims>>().map(|interims| &**interims),
            _ => None,
        }
    }

    /// What a consistent hash chooses the server by.
    fn key(&self, balance: &Balance) -> Option<u64> {
        let source = balance.key_source()?;
        let caller = caller(self.connection, self.listener(), &self.head.headers);
        key::of(source, self.permit.claims().map(|claims| &**claims), &self.head.headers, caller)
    }

    /// Path and query as the backend sees them.
    fn target(&self, plan: &Plan) -> Result<PathAndQuery, ForwardError> {
        let judged = self.located.path.as_str();
        let rewritten = self.ruling.and_then(Ruling::path);
        let path = rewritten.unwrap_or_else(|| target::strip(judged, plan.strip_prefix.as_deref()));
        let query = match &self.permit.route().presentation.query[..] {
            [] => self.located.query.map(std::borrow::Cow::Borrowed),
            names => target::without(self.located.query, names),
        };
        if let Some(as_it_came) = self.head.uri.path_and_query()
            && as_it_came.path() == path
            && as_it_came.query() == query.as_deref()
        {
            return Ok(as_it_came.clone());
        }
        let text = match query {
            Some(query) => format!("{path}?{query}"),
            None => path.to_owned(),
        };
        // Both parts were checked byte by byte, so this is always a target.
        PathAndQuery::from_maybe_shared(Bytes::from(text)).map_err(|_| ForwardError::BodyBroken)
    }

    /// The header lines as a backend gets them, but for the stamp, its own token and the framing.
    fn lines(&self, plan: &Plan) -> HeaderMap {
        let lines = self.head.headers.len() + plan.identity.len() + plan.set.len() + OWN_LINES;
        let mut headers = spare::take(lines);
        let credential = if plan.keep_authorization { Credential::Keep } else { Credential::Strip };
        self.layout.screen.copy(&self.head.headers, credential, &mut headers);
        identity::set(plan, &self.facts(), &mut headers);
        if let Some(ruling) = self.ruling {
            ruling.write(&mut headers);
        }
        if let Some(name) = &self.listener().via {
            via::of_request(name, self.head.version, &self.head.headers, &mut headers);
        }
        headers
    }

    /// What it says of where it came from.
    fn stamp(&self, upstream: usize) -> Arc<Stamp> {
        let hop = &self.connection.hop;
        let trust = hop.trust(&self.listener().trusted_proxies);
        let instead = self.world.snapshot.upstreams[upstream].host.as_ref();
        hop.stamp(trust, &self.head.headers, &self.located.authority, instead)
    }

    /// The request as the backend gets it, but for its stamp.
    fn write(&self, plan: &Plan, target: PathAndQuery, own: Option<&HeaderValue>, body: Outgoing) -> Request<Outgoing> {
        let mut headers = self.lines(plan);
        if let (Some(mint), Some(claims)) = (&plan.mint, self.permit.claims())
            && let Some(bearer) = mint::bearer(mint, claims, self.connection.worker.shared.clock.now())
        {
            headers.insert(header::AUTHORIZATION, bearer);
        }
        identity::set_user_token(plan, own, &mut headers);
        framing::say(&self.head.method, &self.head.headers, &body, &mut headers);
        if let Some(handshake) = self.handshake {
            handshake::ask(handshake, &mut headers);
            if let Some(name) = &self.permit.route().presentation.subprotocol {
                handshake::hide(name, &mut headers);
            }
        }
        let mut request = Request::new(body);
        *request.method_mut() = self.head.method.clone();
        *request.uri_mut() = Uri::from(target);
        *request.version_mut() = Version::HTTP_11;
        *request.headers_mut() = headers;
        request
    }

    /// What templates may speak of.
    fn facts(&self) -> Facts<'_> {
        self.ruling.map_or_else(|| self.plain_facts(), Ruling::facts)
    }

    fn plain_facts(&self) -> Facts<'_> {
        Facts {
            claims: self.permit.claims().map(|claims| &**claims),
            path: self.located.path.as_str(),
            host: self.located.host.as_str(),
            method: self.head.method.as_str(),
            address: self.peer,
            request_id: None,
            certificate: self.connection.certificate.as_deref(),
        }
    }

    /// Sends a copy of the request to a second upstream, or arranges that one is sent when
    /// its body has passed.
    fn copy(&self, mirror: &Mirror, plan: &Plan, target: &PathAndQuery, body: &mut Outgoing) {
        let Some(seat) = Seat::take(self.layout) else {
            let telemetry = &self.connection.worker.shared.telemetry;
            return telemetry.mirrored(&self.permit.route().name, Fate::Dropped.label());
        };
        let mut lines = self.lines(plan);
        self.stamp(mirror.upstream).set(&mut lines);
        let mut headers = mirror.head(lines, plan.set.iter().map(|(name, _)| name));
        headers.remove(header::CONTENT_LENGTH);
        let copying = Copying {
            seat,
            route: Arc::clone(&self.permit.route().name),
            worker: Arc::clone(&self.connection.worker),
            layout: Arc::clone(self.layout),
            upstream: mirror.upstream,
            wait: plan.first_byte_timeout,
            method: self.head.method.clone(),
            target: Uri::from(target.clone()),
            headers,
        };
        match body {
            Outgoing::Empty => copying.send(Bytes::new()),
            Outgoing::Whole(bytes) => match bytes.clone().unwrap_or_default() {
                bytes if bytes.len() <= mirror.max_body => copying.send(bytes),
                _ => copying.ends(Fate::TooLarge),
            },
            Outgoing::Stream(upload) => upload.look_on(Tee::new(mirror.max_body, copying)),
        }
    }

    /// Makes a backend's answer what the caller gets: its header lines cleaned, nothing of the
    /// backend's protocol but the words behind its status.
    fn rewrite(&self, answer: &mut Response<AnswerBody>) {
        let came = std::mem::take(answer.version_mut());
        Reason::alone(answer.extensions_mut());
        clean_answer(answer.headers_mut());
        if let Some(name) = &self.listener().via {
            via::add(name, came, answer.headers_mut());
        }
        if matches!(answer.status(), StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED) {
            answer.headers_mut().remove(header::CONTENT_LENGTH);
        }
    }

    fn listener(&self) -> &Listener {
        &self.world.snapshot.listeners[self.connection.listener]
    }
}

/// The caller's address as far as the listener's trusted proxies say.
pub fn caller(connection: &Connection, listener: &Listener, headers: &HeaderMap) -> IpAddr {
    connection.hop.caller(headers, &listener.trusted_proxies)
}
