//! One issuer with its clients and users, ready to be asked: `Fixture::ask` sends a
//! form as a client would and gives back status, headers and JSON.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method};
use serde_json::Value;

use tollgate::clock::{Seconds, UnixTime};
use tollgate::dialect::Dialect;
use tollgate::dialect::endpoint::Endpoint;
use tollgate::dialect::wire::RawRequest;
use tollgate::oauth::client::{Client, ClientSecret, GrantKind, Origin};
use tollgate::oauth::issuer::{Issuer, KeySettings, RefreshSettings, ThrottleSettings, TokenFormat, TokenSettings};
use tollgate::oauth::user::{Checked, PasswordCheck, User};
use tollgate::oauth::{Answer, Desk, Service};
use tollgate::random::SeededRandom;
use tollgate::revocation::list::List;
use tollgate::token::id::{ClientId, IssuerName, Subject, UserName};
use tollgate::token::key::{Algorithm, KeyMaterial};
use tollgate::token::ring::{KeyRing, RingKey};
use tollgate::token::scope::{Scope, Scopes};
use tollgate::token::secret::{Secret, SecretDigest};

use crate::memory::Memory;

/// Knows the password of a user whose hash is `hash:PASSWORD`; counts its calls.
#[derive(Clone, Default)]
pub struct Passwords(Arc<Mutex<Vec<Option<String>>>>);

impl Passwords {
    /// The hashes that passwords were checked with, in order.
    pub fn checked(&self) -> Vec<Option<String>> {
        self.0.lock().unwrap().clone()
    }
}

impl PasswordCheck for Passwords {
    async fn check(&self, password: Secret, hash: Option<String>) -> Checked {
        self.0.lock().unwrap().push(hash.clone());
        // As with a real hash, others get their turn meanwhile.
        tokio::task::yield_now().await;
        match hash {
            _ if password.expose() == "busy" => Checked::Busy,
            Some(hash) if hash == format!("hash:{}", password.expose()) => Checked::Right,
            _ => Checked::Wrong,
        }
    }
}

pub struct Fixture {
    pub service: Service<Memory, Passwords>,
    pub store: Memory,
    pub passwords: Passwords,
    pub issuer: Issuer,
    pub ring: KeyRing,
    pub dialect: Dialect,
    pub now: UnixTime,
}

/// One answer, taken apart.
#[derive(Debug)]
pub struct Told {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
    pub json: Value,
    pub answer: Answer,
}

pub fn scopes(text: &str) -> Scopes {
    Scopes::parse(text).unwrap()
}

pub fn client(id: &str, secrets: &[&str], grants: &[GrantKind]) -> Arc<Client> {
    let live = |(slot, text): (usize, &&str)| ClientSecret {
        digest: SecretDigest::of(text.as_bytes()),
        slot: u8::try_from(slot).unwrap(),
    };
    Arc::new(Client {
        id: ClientId::new(id),
        display_name: None,
        secrets: secrets.iter().enumerate().map(live).collect(),
        grants: grants.to_vec(),
        scopes: scopes("read write admin"),
        bots: Vec::new(),
        keys: None,
        fields: BTreeMap::new(),
        secrets_in_url: Default::default(),
        application: Default::default(),
        disabled: false,
        origin: Origin::File,
    })
}

pub fn user(name: &str, may_grant: Option<&str>) -> Arc<User> {
    Arc::new(User {
        name: UserName::new(name),
        subject: Subject::new(format!("id-of-{name}")),
        password_hash: format!("hash:{name}-password"),
        disabled: false,
        may_grant: may_grant.map(scopes),
        fields: BTreeMap::new(),
        origin: Origin::File,
    })
}

pub fn disabled_client(id: &str) -> Arc<Client> {
    let whole = client(id, &["s3cret"], &GrantKind::ALL);
    Arc::new(Client { disabled: true, ..(*whole).clone() })
}

pub fn disabled_user(name: &str) -> Arc<User> {
    Arc::new(User { disabled: true, ..(*user(name, None)).clone() })
}

fn issuer(algorithm: Algorithm) -> Issuer {
    let all = &GrantKind::ALL[..];
    let clients = [
        client("app", &["s3cret", "n3w"], all),
        client("other", &["s3cret"], all),
        client("public", &[], all),
        client("machine", &["s3cret"], &[GrantKind::ClientCredentials]),
        client("sign-in", &["s3cret"], &[GrantKind::Password]),
        disabled_client("gone"),
    ];
    let users = [user("ana", None), user("bob", Some("read")), disabled_user("off")];
    Issuer {
        name: IssuerName::new("main"),
        profile: 0,
        url: "https://login.example".into(),
        base: "/oauth2".into(),
        token: TokenSettings {
            format: TokenFormat::Jwt,
            lifetime: Some(Seconds(600)),
            audience: vec!["https://api.example".into()],
            ..TokenSettings::default()
        },
        refresh: RefreshSettings {
            lifetime: Some(Seconds(86_400)),
            idle: Some(Seconds(3_600)),
            rotate: true,
            grace: Seconds(10),
            ..RefreshSettings::default()
        },
        keys: KeySettings {
            algorithm,
            given: None,
            rotate: None,
            publish_ahead: Seconds(3_600),
            keep_verifying: Seconds(3_600),
        },
        catalogue: ["read", "write", "admin"].map(|s| (Scope::parse(s).unwrap(), s.to_owned())).to_vec(),
        default_scopes: None,
        scope_rules: Default::default(),
        dialect: std::sync::Arc::new(Dialect::standard()),
        clients: clients.into_iter().map(|client| (client.id.clone(), client)).collect(),
        users: users.into_iter().map(|user| (user.name.clone(), user)).collect(),
        generate_client: None,
        cors_origins: vec!["https://app.example".into()],
        assertions: None,
        throttle: ThrottleSettings { per_address: 0, free_failures: 10, within: Seconds(900) },
        people: None,
        registration: None,
    }
}

impl Fixture {
    pub fn new() -> Fixture {
        Fixture::signing(Algorithm::Es256)
    }

    pub fn opaque() -> Fixture {
        let mut fixture = Fixture::new();
        fixture.issuer.token.format = TokenFormat::Opaque;
        fixture
    }

    pub fn signing(algorithm: Algorithm) -> Fixture {
        let (random, now) = (Arc::new(SeededRandom::new(42)), UnixTime(1_700_000_000));
        let material = KeyMaterial::generate(algorithm, &*random).unwrap();
        let key = RingKey { material, signs_from: UnixTime(0), verify_until: None };
        let (store, passwords) = (Memory::default(), Passwords::default());
        let list = Arc::new(List::new([7; 32]));
        Fixture {
            service: Service::new(store.clone(), passwords.clone(), list, random),
            store,
            passwords,
            issuer: issuer(algorithm),
            ring: KeyRing::of_ours(vec![key], now).unwrap(),
            dialect: Dialect::standard(),
            now,
        }
    }

    /// Sends the request as it is.
    pub async fn send(&self, endpoint: Endpoint, raw: &RawRequest) -> Told {
        let desk = Desk {
            issuer: &self.issuer,
            ring: &self.ring,
            refresh_ring: &self.ring,
            dialect: &self.dialect,
            seat: 0,
            millisecond: 0,
        };
        let answer = self.service.answer(desk, endpoint, raw, self.now).await;
        let reply = answer.reply.clone();
        let json = serde_json::from_slice(&reply.body).unwrap_or(Value::Null);
        Told { status: reply.status.as_u16(), headers: reply.headers, body: reply.body, json, answer }
    }

    /// Posts a form with the client `id:s3cret` in the header; an empty id sends none.
    pub async fn ask(&self, endpoint: Endpoint, id: &str, form: &str) -> Told {
        self.send(endpoint, &post(id, form)).await
    }

    /// A token request.
    pub async fn token(&self, id: &str, form: &str) -> Told {
        self.ask(Endpoint::Token, id, form).await
    }

    /// Ana's first tokens through client `app`: access and refresh.
    pub async fn ana(&self) -> (String, String) {
        let told = self.token("app", "grant_type=password&username=ana&password=ana-password").await;
        (told.text("access_token"), told.text("refresh_token"))
    }

    pub async fn introspect(&self, id: &str, token: &str) -> Value {
        self.ask(Endpoint::Introspect, id, &format!("token={token}")).await.json
    }
}

impl Told {
    pub fn text(&self, member: &str) -> String {
        self.json[member].as_str().unwrap_or_else(|| panic!("no {member} in {}", self.json)).to_owned()
    }

    /// Status and `error`.
    pub fn error(&self) -> (u16, &str) {
        (self.status, self.json["error"].as_str().unwrap_or(""))
    }

    /// Name and detail of the only audit event.
    pub fn audited(&self) -> (&str, &str) {
        let [event] = &self.answer.audit[..] else { panic!("{:?}", self.answer.audit) };
        (event.event, event.detail.as_deref().unwrap_or(""))
    }
}

pub fn post(id: &str, form: &str) -> RawRequest {
    let mut raw = RawRequest {
        method: Method::POST,
        path: "/oauth2/token".into(),
        query: None,
        headers: HeaderMap::new(),
        body: Bytes::copy_from_slice(form.as_bytes()),
        peer: IpAddr::from([192, 0, 2, 1]),
    };
    set(&mut raw, "content-type", "application/x-www-form-urlencoded");
    if !id.is_empty() {
        let plain = if id.contains(':') { id.to_owned() } else { format!("{id}:s3cret") };
        set(&mut raw, "authorization", &format!("Basic {}", STANDARD.encode(plain)));
    }
    raw
}

pub fn set(raw: &mut RawRequest, name: &'static str, value: &str) {
    raw.headers.insert(name, HeaderValue::from_str(value).unwrap());
}

/// What a JWT of the fixture says, its signature checked.
pub fn claims(ring: &KeyRing, token: &str) -> HashMap<String, Value> {
    let opened = tollgate::token::jws::open(ring, token).unwrap();
    assert_eq!(opened.header_typ.as_deref(), Some("at+jwt"));
    serde_json::Map::from(opened.payload).into_iter().collect()
}
