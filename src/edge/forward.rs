//! An admitted request's way to its backend and back. It needs a `Permit`, which only
//! admission can make. The request is written anew: path and query in the form that
//! was judged, header lines that may pass, our own about who passes and where he came
//! from, and a framing that follows from the body. The answer is checked the same way.
//! Must never: copy what could be read in two ways, in either direction.

use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderValue};
use http::request::Parts;
use http::uri::PathAndQuery;
use http::{Method, Request, Response, StatusCode, Uri, Version};
use http_body::Body as _;

use crate::access::permit::Permit;
use crate::edge::body::AnswerBody;
use crate::edge::connection::Connection;
use crate::edge::headers::{Credential, clean_answer};
use crate::edge::inbound::Inbound;
use crate::edge::locate::Located;
use crate::edge::record::Record;
use crate::edge::upload::{Outgoing, Upload};
use crate::edge::upstream::download::Download;
use crate::edge::upstream::error::ForwardError;
use crate::edge::upstream::exchange::{Outcome, exchange};
use crate::edge::upstream::layout::Layout;
use crate::edge::{echo, identity, mint, spare, target};
use crate::snapshot::{Listener, Plan, World};

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
    /// Its world.
    pub world: &'a World,
    /// What the worker made of that world.
    pub layout: &'a Layout,
    /// Its head as it came.
    pub head: &'a Parts,
    /// What the head means.
    pub located: &'a Located<'a>,
}

impl Errand<'_> {
    /// Sends the request and brings the answer, its body perhaps still on the way.
    pub async fn run(&self, load: Load, record: &mut Record) -> Result<Response<AnswerBody>, ForwardError> {
        let plan = &self.world.snapshot.plans[self.permit.route().index];
        let body = self.body(plan, load, record)?;
        let upload = match &body {
            Outgoing::Stream(upload) => Some(upload.state()),
            Outgoing::Empty | Outgoing::Whole(_) => None,
        };
        let target = self.target(plan)?;
        let write = |body: Outgoing| self.write(plan, target.clone(), body);
        record.asks(plan.upstream);
        let balance = &self.layout.upstreams[plan.upstream];
        let pulses = &self.connection.worker.pulses;
        let outcome = exchange(balance, pulses, plan.first_byte_timeout, &write, body).await;
        let fault = |error| upload.as_ref().and_then(|u| u.fault()).unwrap_or(error);
        let (answer, lease) = match outcome {
            Ok(Outcome::Answer(answer, lease)) => (answer, lease),
            Ok(Outcome::Echo(request)) => {
                let answer = Box::pin(echo::answer(*request)).await.map_err(fault);
                record.answered();
                return answer;
            }
            Err(error) => return Err(fault(error)),
        };
        if answer.status == StatusCode::SWITCHING_PROTOCOLS {
            return Err(ForwardError::BadAnswer);
        }
        let mut download = Download::new(lease, plan.idle_timeout);
        let whole = download.whole().await.transpose().map_err(fault)?;
        record.answered();
        let body = whole.map_or_else(|| AnswerBody::stream(download), AnswerBody::whole);
        Ok(rewrite(answer, body))
    }

    /// The body as it goes on, within the route's bound.
    fn body(&self, plan: &Plan, load: Load, record: &mut Record) -> Result<Outgoing, ForwardError> {
        match load {
            Load::Form(bytes) if bytes.is_empty() => Ok(Outgoing::Empty),
            Load::Form(bytes) => Ok(Outgoing::Whole(Some(bytes))),
            Load::Unread(body) if body.is_end_stream() => Ok(Outgoing::Empty),
            Load::Unread(body) if body.size_hint().lower() > plan.max_body => Err(ForwardError::BodyTooLarge),
            Load::Unread(body) => {
                let mut upload = Upload::new(body, plan.max_body);
                if self.head.version == Version::HTTP_2 {
                    let pulse = self.connection.worker.pulses.enrol();
                    upload.hurry(pulse, self.listener().limits.body_timeout);
                }
                record.uploads(upload.state());
                Ok(Outgoing::Stream(upload))
            }
        }
    }

    /// Path and query as the backend sees them.
    fn target(&self, plan: &Plan) -> Result<PathAndQuery, ForwardError> {
        let path = target::strip(self.located.path.as_str(), plan.strip_prefix.as_deref());
        let query = match &self.permit.route().presentation.query {
            Some(name) => target::without(self.located.query, name),
            None => self.located.query.map(std::borrow::Cow::Borrowed),
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

    /// The request as the backend gets it.
    fn write(&self, plan: &Plan, target: PathAndQuery, body: Outgoing) -> Request<Outgoing> {
        let lines = self.head.headers.len() + plan.identity.len() + plan.set.len() + OWN_LINES;
        let mut headers = spare::take(lines);
        headers.insert(header::HOST, self.located.authority.clone());
        let credential = if plan.keep_authorization { Credential::Keep } else { Credential::Strip };
        self.layout.screen.copy(&self.head.headers, credential, &mut headers);
        let listener = self.listener();
        let hop = &self.connection.hop;
        let trust = hop.trust(&listener.trusted_proxies);
        hop.stamp(trust, &self.head.headers, &self.located.authority, &mut headers);
        identity::set(plan, self.permit.claims().map(|claims| &**claims), &mut headers);
        if let (Some(mint), Some(claims)) = (&plan.mint, self.permit.claims())
            && let Some(bearer) = mint::bearer(mint, claims, self.connection.worker.shared.clock.now())
        {
            headers.insert(header::AUTHORIZATION, bearer);
        }
        frame(&self.head.method, &self.head.headers, &body, &mut headers);
        let mut request = Request::new(body);
        *request.method_mut() = self.head.method.clone();
        *request.uri_mut() = Uri::from(target);
        *request.version_mut() = Version::HTTP_11;
        *request.headers_mut() = headers;
        request
    }

    fn listener(&self) -> &Listener {
        &self.world.snapshot.listeners[self.connection.listener]
    }
}

/// The caller's address as far as the listener's trusted proxies say.
pub fn caller(connection: &Connection, listener: &Listener, headers: &HeaderMap) -> IpAddr {
    connection.hop.caller(headers, &listener.trusted_proxies)
}

/// Says how long the body is, from the body itself.
fn frame(method: &Method, came: &HeaderMap, body: &Outgoing, headers: &mut HeaderMap) {
    let length = match body {
        Outgoing::Empty => {
            // RFC 9110 §8.6: where a body would mean something, its absence is said.
            let meant = matches!(*method, Method::POST | Method::PUT | Method::PATCH);
            (meant || came.contains_key(header::CONTENT_LENGTH)).then_some(0)
        }
        Outgoing::Whole(bytes) => Some(bytes.as_ref().map_or(0, |b| b.len() as u64)),
        Outgoing::Stream(_) => match body.size_hint().exact() {
            Some(length) => Some(length),
            None => {
                headers.insert(header::TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
                None
            }
        },
    };
    if let Some(length) = length {
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    }
}

/// The answer as the caller gets it: status, cleaned header lines, body.
fn rewrite(head: http::response::Parts, body: AnswerBody) -> Response<AnswerBody> {
    let mut answer = Response::new(body);
    *answer.status_mut() = head.status;
    *answer.headers_mut() = head.headers;
    clean_answer(answer.headers_mut());
    if matches!(head.status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED) {
        answer.headers_mut().remove(header::CONTENT_LENGTH);
    }
    answer
}
