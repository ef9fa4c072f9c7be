//! A stage without anything on it: the configuration is compiled, and its rules are
//! asked directly. No socket, no thread, no disk, no hashing; the clock, the store and
//! the keys are the test's. Fast enough to ask hundreds of broken presets.

use std::collections::BTreeMap;
use std::io;
use std::net::IpAddr;
use std::path::Path;
use std::sync::{Arc, LazyLock, Mutex};

use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue};
use tokio::runtime::{Builder, Runtime};
use zeroize::Zeroizing;

use tollgate::access::admit::{Decision, Known, Presented, Question, admit, admit_with};
use tollgate::access::denial::Denial;
use tollgate::access::host::CanonicalHost;
use tollgate::access::path::CanonicalPath;
use tollgate::access::permit::Permit;
use tollgate::access::route::Route;
use tollgate::access::seen::Seen;
use tollgate::access::table::Target;
use tollgate::access::verifier::OpaqueFacts;
use tollgate::clock::{Seconds, UnixTime};
use tollgate::config::files::{DiskFiles, Files};
use tollgate::config::load::{Context, load};
use tollgate::config::self_signed::{Pair, SelfSigned, ThrowAway};
use tollgate::dialect::condition::Challenge;
use tollgate::dialect::endpoint::{Endpoint, EndpointRef};
use tollgate::dialect::wire::{RawRequest, Reply as Told};
use tollgate::dialect::{Dialect, challenge};
use tollgate::edge::credential::{deprecated, mint, user_token};
use tollgate::edge::forward::identity;
use tollgate::edge::respond::page;
use tollgate::edge::upstream::error::ForwardError;
use tollgate::oauth::issuer::KeySettings;
use tollgate::oauth::store::GrantStore as _;
use tollgate::oauth::user::{Checked, PasswordCheck};
use tollgate::oauth::{Desk, Service};
use tollgate::random::{OsRandom, Random, SeededRandom};
use tollgate::revocation::list::List;
use tollgate::revocation::notice::Notice;
use tollgate::snapshot::Snapshot;
use tollgate::token::fingerprint::Fingerprinter;
use tollgate::token::handle::{Handle, HandleKind};
use tollgate::token::key::{Algorithm, KeyMaterial};
use tollgate::token::ring::{KeyRing, RingKey};
use tollgate::token::secret::Secret;
use tollgate::traffic::template::Facts;

use crate::memory::Memory;
use crate::run::made;
use crate::run::play::{Passage, Reply, Request, Stage};
use crate::run::transcript::Fault;

/// When every transcript begins: in November 2026.
const START: UnixTime = UnixTime(1_795_000_000);

/// Who asks.
const PEER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

/// The rules of one configuration.
pub struct Core {
    snapshot: Snapshot,
    rings: Vec<Arc<KeyRing>>,
    service: Service<Memory, Plain>,
    fingerprints: Fingerprinter,
    seen: Seen,
    ports: Vec<u16>,
    now: UnixTime,
    fault: Option<Fault>,
    runtime: Runtime,
}

/// A request that was let in.
struct Passed {
    /// The headers that the backend would see.
    sent: HeaderMap,
    /// Those that its answer would get.
    answered: HeaderMap,
}

/// Knows a password by its own text.
struct Plain;

impl PasswordCheck for Plain {
    async fn check(&self, password: Secret, hash: Option<String>) -> Checked {
        match hash {
            Some(hash) if hash == format!("plain:{}", password.expose()) => Checked::Right,
            _ => Checked::Wrong,
        }
    }
}

/// Keys that are made once for all.
struct Made;

impl SelfSigned for Made {
    fn pair(&self, state: &Path, names: &[String], now: UnixTime) -> Result<Pair, String> {
        ThrowAway.pair(state, names, now)
    }

    fn key(&self, _: &Path, algorithm: Algorithm, _: &dyn Random) -> Result<Zeroizing<String>, String> {
        Ok(match algorithm {
            Algorithm::Hs256 => Zeroizing::new("k".repeat(64)),
            _ => made(algorithm, "file").to_text(),
        })
    }
}

/// The name under which a configuration may name a dialect that is not on the disk.
pub const OWN_DIALECT: &str = "own-dialect.yaml";

/// These files are these texts, everything else is on the disk.
struct Texts<'a>(&'a [(&'a str, &'a str)]);

impl Files for Texts<'_> {
    fn read(&self, path: &Path, limit: usize) -> io::Result<Vec<u8>> {
        let name = path.file_name().unwrap_or_default();
        match self.0.iter().find(|(known, _)| *known == name) {
            Some((_, text)) => Ok(text.as_bytes().to_vec()),
            None => DiskFiles.read(path, limit),
        }
    }

    fn variable(&self, _: &str) -> Option<String> {
        None
    }
}

impl Core {
    /// Compiles a configuration that stands, as far as its file names go, in `folder`;
    /// what it may call [`OWN_DIALECT`] is `own`.
    pub fn of(folder: &Path, yaml: &str, own: &str) -> Result<Core, String> {
        let path = folder.join("gateway.yaml");
        let files = Texts(&[("gateway.yaml", yaml), (OWN_DIALECT, own)]);
        let random = Arc::new(SeededRandom::new(42));
        let hash = |password: &Secret, _: &dyn Random| format!("plain:{}", password.expose());
        let context = Context { now: START, random: &*random, processors: 1, self_signed: &Made, hash_password: &hash };
        let snapshot = load(&path, &files, &context).map_err(|problems| problems.to_string())?;
        let empty = Arc::new(KeyRing::default());
        let mut rings = vec![Arc::clone(&empty); snapshot.policy.profiles.len()];
        for issuer in &snapshot.issuers {
            rings[issuer.profile] = ring(&issuer.keys, "access")?;
            rings.push(issuer.refresh.keys.as_ref().map_or(Ok(Arc::clone(&empty)), |keys| ring(keys, "refresh"))?);
        }
        let list = Arc::new(List::new([7; 32]));
        let ports = snapshot
            .listeners
            .iter()
            .map(|listener| listener.address.tcp().map_or(0, |address| address.port()))
            .collect();
        Ok(Core {
            snapshot,
            rings,
            service: Service::new(Memory::default(), Plain, list, random),
            fingerprints: Fingerprinter::new([7; 16]),
            seen: Seen::new(64),
            ports,
            now: START,
            fault: None,
            runtime: Builder::new_current_thread().build().expect("a runtime"),
        })
    }

    /// Everything that the configuration comes to once it is compiled. Two documents that
    /// come to the same are the same.
    pub fn made_of(&self) -> String {
        let issuers = self.snapshot.issuers.iter().map(made::issuer);
        let profiles = self.snapshot.policy.profiles.iter().map(made::profile);
        issuers.chain(profiles).collect()
    }

    /// THE function: one request in, its answer out, or what the backend would see of it.
    fn answer(&mut self, request: &Request) -> Result<Passed, Box<Told>> {
        let index = self.ports.iter().position(|port| *port == request.port).expect("a listener on that port");
        let (raw_path, query) = request.target.split_once('?').map_or((&*request.target, None), |(p, q)| (p, Some(q)));
        let host = CanonicalHost::parse(&request.host).expect("a host");
        let path = CanonicalPath::parse(raw_path).expect("a path");
        let raw = RawRequest {
            method: request.method.parse().expect("a method"),
            path: path.as_str().to_owned(),
            query: query.map(str::to_owned),
            headers: headers(request),
            body: Bytes::copy_from_slice(request.body.as_bytes()),
            peer: PEER,
        };
        let target = self.snapshot.policy.tables[index].find(host.as_str(), &path).cloned();
        match target {
            None => Err(Box::new(self.nowhere(index, host.as_str(), path.as_str()))),
            Some(Target::Endpoint(place)) => Err(Box::new(self.endpoint(place, &raw))),
            Some(Target::Route(route)) => self.pass(&route, &raw),
        }
    }

    fn endpoint(&self, place: EndpointRef, raw: &RawRequest) -> Told {
        let issuer = &self.snapshot.issuers[place.issuer];
        let refresh_ring = &self.rings[self.snapshot.policy.profiles.len() + place.issuer];
        let (ring, dialect) = (&self.rings[issuer.profile], &*issuer.dialect);
        let desk = Desk { issuer, ring, refresh_ring, dialect, seat: place.seat, millisecond: 0 };
        // What no dialect here serves is a mistake of ours.
        let endpoint = if self.fault == Some(Fault::Internal) { Endpoint::Introspect } else { place.endpoint };
        if endpoint == Endpoint::Assets {
            return page::asset(issuer, raw);
        }
        let answer = self.runtime.block_on(self.service.answer(desk, endpoint, raw, self.now));
        match &answer.page {
            Some(shown) => page::reply(shown, answer.reply, issuer, &raw.headers).reply,
            None => answer.reply,
        }
    }

    /// Refuses a request that has no route as the only dialect of listener and host does.
    fn nowhere(&self, listener: usize, host: &str, path: &str) -> Told {
        let policy = &self.snapshot.policy;
        let mut heard = policy.voices[listener].iter().filter(|voice| voice.host.fits(host)).map(|voice| voice.profile);
        let only = heard.next().filter(|first| heard.all(|other| other == *first));
        match only.map(|index| &policy.profiles[index]) {
            Some(profile) => challenge::write(&profile.dialect, &profile.dialect.nowhere(path), profile.name.as_str()),
            None => challenge::write(&Dialect::standard(), &Dialect::standard().nowhere(path), ""),
        }
    }

    fn pass(&mut self, route: &Arc<Route>, raw: &RawRequest) -> Result<Passed, Box<Told>> {
        let form = raw.headers.get("content-type").is_some_and(|kind| kind == "application/x-www-form-urlencoded");
        let presented = Presented {
            method: &raw.method,
            headers: &raw.headers,
            query: raw.query.as_deref(),
            form: form.then_some(&raw.body),
        };
        let profile = |index: &usize| &self.snapshot.policy.profiles[*index];
        if let (Some(Fault::Rate(wait)), Some(profile)) = (self.fault, route.issuers.first().map(profile)) {
            let often = Challenge::RateLimited(Seconds(wait));
            return Err(Box::new(challenge::write(&profile.dialect, &often, profile.name.as_str())));
        }
        match self.decide(route, &presented) {
            Ok(permit) if self.fault == Some(Fault::Upstream) => Err(Box::new(self.unanswered(&permit))),
            Ok(permit) => {
                let mut answered = HeaderMap::new();
                let profile = permit.claims().map(|claims| &self.snapshot.policy.profiles[claims.issuer]);
                deprecated::dress(&permit, profile.map(|profile| &*profile.dialect), self.now, &mut answered);
                Ok(Passed { sent: self.sent_on(&permit, raw), answered })
            }
            Err(denial) => {
                let index = route.issuers.first().expect("an issuer");
                let profile = &self.snapshot.policy.profiles[*index];
                let told = challenge::write(&profile.dialect, &denial.challenge(), profile.name.as_str());
                Err(Box::new(told))
            }
        }
    }

    /// What is said where the backend gives no answer.
    fn unanswered(&self, permit: &Permit) -> Told {
        let error = ForwardError::Connect;
        let (profile, (code, text)) = (&self.snapshot.policy.profiles[permit.route().issuers[0]], error.words());
        let told = challenge::Told { status: error.status(), code, text, wait: None };
        let fault = error.in_tables().expect("a row");
        challenge::failed(&profile.dialect, fault, told, profile.name.as_str()).expect("a dialect with that row")
    }

    /// The headers that the backend would see.
    fn sent_on(&self, permit: &Permit, raw: &RawRequest) -> HeaderMap {
        let plan = &self.snapshot.plans[permit.route().index];
        let mut headers = raw.headers.clone();
        if !plan.keep_authorization {
            headers.remove(AUTHORIZATION);
            self.snapshot.policy.token_headers.iter().for_each(|name| drop(headers.remove(name)));
        }
        let facts = Facts {
            claims: permit.claims().map(|claims| &**claims),
            path: &raw.path,
            host: "",
            method: raw.method.as_str(),
            address: raw.peer,
            request_id: None,
            certificate: None,
        };
        if let Some(rules) = &plan.rules {
            rules.request.apply(&facts, &mut headers);
        }
        identity::set(plan, &facts, &mut headers);
        let own = plan.user_tokens.as_deref().zip(facts.claims);
        let own = own.and_then(|(tokens, claims)| user_token::of_file(tokens, claims));
        identity::set_user_token(plan, own, &mut headers);
        if let (Some(minted), Some(claims)) = (&plan.mint, permit.claims()) {
            headers.insert(AUTHORIZATION, mint::bearer(minted, claims, self.now).expect("a token"));
        }
        headers
    }

    fn decide(&mut self, route: &Arc<Route>, presented: &Presented<'_>) -> Result<Permit, Denial> {
        let known = Known {
            policy: &self.snapshot.policy,
            rings: &self.rings,
            revoked: &self.service.list,
            fingerprints: &self.fingerprints,
        };
        let mut decision = admit(route, presented, &known, &mut self.seen, self.now);
        if let Decision::Ask(question) = decision {
            let Question::Opaque { digest, .. } = &question;
            let row = self.runtime.block_on(self.service.store.find_access(*digest));
            let row = row.map_err(|_| Denial::CannotTell(Seconds(1)))?;
            let facts = row.and_then(|row| {
                Some(OpaqueFacts {
                    issuer: self.snapshot.policy.profiles.iter().position(|profile| profile.name == row.issuer)?,
                    token: row.token,
                    family: row.family,
                    client: row.client.clone(),
                    subject: row.subject.clone(),
                    scopes: row.scopes.clone(),
                    issued: row.issued,
                    expires: row.expires,
                })
            });
            let answered = question.answer(facts, &self.snapshot.policy, self.now)?;
            decision = admit_with(route, presented, answered, &known, &mut self.seen, self.now);
        }
        match decision {
            Decision::Permit(permit) => Ok(permit),
            Decision::Denial(denial) => Err(denial),
            Decision::Ask(question) => panic!("asked again: {question:?}"),
        }
    }
}

impl Stage for Core {
    fn ask(&mut self, request: &Request) -> Reply {
        let texts = |headers: &HeaderMap| {
            let text = |(name, value): (&HeaderName, &HeaderValue)| {
                (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())
            };
            headers.iter().map(text).collect::<Vec<_>>()
        };
        self.service.store.state().fails = self.fault == Some(Fault::Store);
        let answer = self.answer(request);
        self.fault = None;
        self.service.store.state().fails = false;
        match answer {
            Ok(Passed { sent, answered }) => {
                let passage = Passage::Seen(texts(&sent));
                Reply { status: 200, headers: texts(&answered), body: String::new(), passage }
            }
            Err(told) => Reply {
                status: told.status.as_u16(),
                headers: texts(&told.headers),
                body: String::from_utf8_lossy(&told.body).into_owned(),
                passage: Passage::None,
            },
        }
    }

    fn fail(&mut self, fault: Fault) {
        self.fault = Some(fault);
    }

    fn later(&mut self, seconds: u64) {
        self.now = self.now.after(Seconds(seconds));
    }

    fn revoke(&mut self, user: &str) {
        for issuer in &self.snapshot.issuers {
            let Some(user) = issuer.users.get(user) else { continue };
            self.service.list.add(&Notice {
                kind: HandleKind::User,
                issuer: issuer.name.clone(),
                handle: Handle::of_user(&issuer.name, &user.subject),
                issued_before: Some(self.now),
                until: self.now.after(Seconds(1_000_000)),
            });
        }
    }
}

fn headers(request: &Request) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in &request.headers {
        let name: HeaderName = name.parse().expect("a header's name");
        headers.append(name, HeaderValue::from_str(value).expect("a header's value"));
    }
    headers
}

/// A ring with the key that was given, or one that was made once for this use.
fn ring(settings: &KeySettings, usage: &'static str) -> Result<Arc<KeyRing>, String> {
    let material = settings.given.clone().unwrap_or_else(|| made(settings.algorithm, usage));
    let key = RingKey { material, signs_from: UnixTime(0), verify_until: None };
    KeyRing::of_ours(vec![key], START).map(Arc::new).map_err(|error| error.to_string())
}

/// A key of that algorithm for that use, made once.
fn made(algorithm: Algorithm, usage: &'static str) -> KeyMaterial {
    static MADE: LazyLock<Mutex<BTreeMap<(&str, &str), KeyMaterial>>> = LazyLock::new(Mutex::default);
    let mut made = MADE.lock().expect("not poisoned");
    let make = || KeyMaterial::generate(algorithm, &OsRandom::default()).expect("a key");
    made.entry((algorithm.as_str(), usage)).or_insert_with(make).clone()
}
