//! Plays a transcript on a stage and says where the two part. What a stage is (the core
//! alone, the program over TLS) is no business of this file.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::run::pattern::{Captured, fill, fits};
use crate::run::transcript::{Check, Exchange, Fault, Message, Step, Transcript};
use crate::support::stopwatch::Stopwatch;

/// How long a revocation may take to be felt, or a new time to be known to all, by the stopwatch.
const SOON: Duration = Duration::from_secs(10);

/// Headers of an answer that say nothing about a dialect.
const FRAMING: [&str; 5] = ["date", "content-length", "connection", "vary", "transfer-encoding"];

/// A request, filled in.
#[derive(Clone, Debug)]
pub struct Request {
    /// The method.
    pub method: String,
    /// The host that is asked, as the address names it.
    pub host: String,
    /// The port by which the transcripts name a listener.
    pub port: u16,
    /// Path and query.
    pub target: String,
    /// Names and values.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

/// What came of a request.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// Names and values.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
    /// Whether it reached the backend.
    pub passage: Passage,
}

/// Whether a request reached the backend.
#[derive(Clone, Debug)]
pub enum Passage {
    /// It was answered here.
    None,
    /// The backend saw these headers, or would have.
    Seen(Vec<(String, String)>),
}

/// Where a transcript is played.
pub trait Stage {
    /// Sends a request and waits for its answer.
    fn ask(&mut self, request: &Request) -> Reply;
    /// Lets seconds go by.
    fn later(&mut self, seconds: u64);
    /// Calls the tokens of a user back.
    fn revoke(&mut self, user: &str);
    /// Lets something fail during the next request.
    fn fail(&mut self, fault: Fault);
}

/// How much of a transcript is played.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Until {
    /// All of it, for whoever wants to see everything that is wrong.
    End,
    /// No more than shows that something is.
    FirstDifference,
}

/// Plays it and gives what was captured; `Err` says where and how answers are others.
pub fn play(transcript: &Transcript, stage: &mut dyn Stage, until: Until) -> Result<Captured, String> {
    let mut captured = transcript.given.clone();
    let mut changed = None;
    let mut differ: Vec<String> = Vec::new();
    for step in &transcript.steps {
        match step {
            Step::Later(seconds) => {
                stage.later(*seconds);
                changed = Some(Stopwatch::start());
            }
            Step::Fault(fault) => stage.fail(*fault),
            Step::Revoke(user) => {
                stage.revoke(user);
                changed = Some(Stopwatch::start());
            }
            Step::Exchange(exchange) => loop {
                let (before, mut told) = (captured.clone(), None);
                let at = || format!("{}:{}: {}", transcript.path.display(), exchange.line, exchange.title);
                match (perform(exchange, stage, &mut captured, &mut told), &exchange.gap, &changed) {
                    (Ok(()), None, _) | (Err(_), Some(_), _) => break,
                    (Ok(()), Some(gap), _) => {
                        differ.push(format!("{}\nno longer a gap: {gap}", at()));
                        break;
                    }
                    // A revocation by another process, or a leap of the clock, needs its moment.
                    (Err(_), None, Some(since)) if since.elapsed() < SOON && not_yet(told.as_ref()) => {
                        captured = before
                    }
                    (Err(what), None, _) => {
                        differ.push(format!("{}\n{what}", at()));
                        break;
                    }
                }
            },
        }
        if until == Until::FirstDifference && !differ.is_empty() {
            break;
        }
    }
    if differ.is_empty() { Ok(captured) } else { Err(differ.join("\n")) }
}

/// Whether an answer may be another in a moment, and asking again does nothing: it could
/// not be told yet, or the request still passed. Asking a token endpoint again would be
/// another question.
fn not_yet(told: Option<&Reply>) -> bool {
    told.is_some_and(|reply| reply.status == 503 || matches!(reply.passage, Passage::Seen(_)))
}

fn perform(
    exchange: &Exchange,
    stage: &mut dyn Stage,
    captured: &mut Captured,
    told: &mut Option<Reply>,
) -> Result<(), String> {
    let reply = told.insert(stage.ask(&request(exchange, captured)?));
    let shown = || format!("got: {} {:?} {}", reply.status, reply.headers, reply.body);
    let reply = &*reply;
    match (exchange.status, &reply.passage) {
        (Some(status), Passage::None) if status == reply.status => {
            compare(&exchange.told, reply, captured).map_err(|what| format!("{what}\n{}", shown()))?;
        }
        (Some(status), _) => return Err(format!("expected {status}\n{}", shown())),
        (None, Passage::None) => return Err(format!("expected it to pass\n{}", shown())),
        (None, Passage::Seen(headers)) => {
            let got = |(name, value): &(String, String)| Some((name.strip_prefix("< ")?.to_owned(), value.clone()));
            let (answered, seen): (Vec<_>, Vec<_>) =
                exchange.told.headers.iter().cloned().partition(|header| got(header).is_some());
            has(&seen, headers, captured)?;
            has(&answered.iter().filter_map(got).collect::<Vec<_>>(), &reply.headers, captured)?;
        }
    }
    exchange.checks.iter().try_for_each(|check| look(check, captured))
}

fn request(exchange: &Exchange, captured: &Captured) -> Result<Request, String> {
    let line = fill(&exchange.request, captured)?;
    let (method, address) = line.split_once(' ').unwrap_or_default();
    let rest = address.strip_prefix("https://").ok_or(format!("no address: {address}"))?;
    let (authority, target) = rest.split_at(rest.find('/').ok_or(format!("no path: {address}"))?);
    let (host, port) = authority.split_once(':').ok_or(format!("no port: {address}"))?;
    let filled = |(name, value): &(String, String)| Ok((name.clone(), fill(value, captured)?));
    Ok(Request {
        method: method.to_owned(),
        host: host.to_owned(),
        port: port.parse().map_err(|error| format!("{port}: {error}"))?,
        target: target.to_owned(),
        headers: exchange.sent.headers.iter().map(filled).collect::<Result<_, String>>()?,
        body: fill(&exchange.sent.body, captured)?,
    })
}

/// Every header that was told must be expected, every expected one told; only what
/// forbids keeping an answer may come along anywhere.
fn compare(expected: &Message, reply: &Reply, captured: &mut Captured) -> Result<(), String> {
    has(&expected.headers, &reply.headers, captured)?;
    for (name, value) in &reply.headers {
        let name = name.to_ascii_lowercase();
        let known = expected.headers.iter().any(|(expected, _)| expected.eq_ignore_ascii_case(&name));
        let harmless =
            matches!((name.as_str(), value.as_str()), ("cache-control", "no-store") | ("pragma", "no-cache"));
        if !known && !harmless && !FRAMING.contains(&name.as_str()) {
            return Err(format!("nobody expected `{name}: {value}`"));
        }
    }
    if fits(&expected.body, &reply.body, captured)? {
        return Ok(());
    }
    Err(format!("expected the body {}\n     and not       {}", expected.body, reply.body))
}

/// Each expected header is there exactly once, with a value that fits; a `!` before the
/// name means that it is not there.
fn has(expected: &[(String, String)], headers: &[(String, String)], captured: &mut Captured) -> Result<(), String> {
    for (name, pattern) in expected {
        let bare = name.trim_start_matches('!');
        let values: Vec<&str> =
            headers.iter().filter(|(n, _)| n.eq_ignore_ascii_case(bare)).map(|(_, v)| v.as_str()).collect();
        let right = match (&values[..], name.starts_with('!')) {
            ([], true) => true,
            ([value], false) => fits(pattern, value, captured)?,
            _ => false,
        };
        if !right {
            return Err(format!("expected `{name}: {pattern}`, found {values:?}"));
        }
    }
    Ok(())
}

fn look(check: &Check, captured: &mut Captured) -> Result<(), String> {
    match check {
        Check::Differ(one, other) => {
            let (first, second) = (fill(one, captured)?, fill(other, captured)?);
            if first == second { Err(format!("{one} and {other} are both {first}")) } else { Ok(()) }
        }
        Check::Jwt(token, header, payload) => {
            let token = fill(token, captured)?;
            let parts: Vec<&str> = token.split('.').collect();
            for (pattern, part) in [header, payload].into_iter().zip(parts) {
                let bytes = URL_SAFE_NO_PAD.decode(part).map_err(|error| format!("{part}: {error}"))?;
                let text = String::from_utf8(bytes).map_err(|error| error.to_string())?;
                if !fits(pattern, &text, captured)? {
                    return Err(format!("expected the token to say {pattern}\n            and not           {text}"));
                }
            }
            Ok(())
        }
    }
}
