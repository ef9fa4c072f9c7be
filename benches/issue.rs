//! What a token costs, from the raw request to the bytes of the answer: client
//! credentials, signed with ES256 and RS256 or opaque, over a store that forgets at
//! once, so that only this side of the store is measured.

use std::collections::HashMap;
use std::hint::black_box;
use std::net::IpAddr;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use criterion::{Criterion, criterion_group, criterion_main};
use http::{HeaderMap, HeaderValue, Method};

use tollgate::clock::{Seconds, UnixTime};
use tollgate::dialect::Dialect;
use tollgate::dialect::endpoint::Endpoint;
use tollgate::dialect::wire::RawRequest;
use tollgate::oauth::application_store::{Alteration, Altered, ApplicationStore, KeptApplication};
use tollgate::oauth::authorize::code::Code;
use tollgate::oauth::authorize::pending::Pending;
use tollgate::oauth::authorize::store::{AuthorizationStore, CodeTaken, Consent, KeptCode, Left, Redemption, Sent};
use tollgate::oauth::bot::KeptBot;
use tollgate::oauth::client::{Client, ClientSecret, GrantKind, Origin};
use tollgate::oauth::issuer::{
    Issuer, KeySettings, RefreshSettings, Sessions, ThrottleSettings, TokenFormat, TokenSettings,
};
use tollgate::oauth::session::{Session, SessionId, SessionStore, Which};
use tollgate::oauth::store::{
    Access, AtHand, Directory, Family, GrantStore, NewRefresh, Refresh, Reusable, Rotation, Spent, StoreError, Taken,
};
use tollgate::oauth::user::{Checked, PasswordCheck, User};
use tollgate::oauth::{Desk, Service};
use tollgate::random::OsRandom;
use tollgate::revocation::list::List;
use tollgate::revocation::narrowing::Narrowing;
use tollgate::revocation::notice::Notice;
use tollgate::token::handle::Handle;
use tollgate::token::id::{ClientId, FamilyId, IssuerName, Subject, UserName};
use tollgate::token::key::{Algorithm, KeyMaterial};
use tollgate::token::ring::{KeyRing, RingKey};
use tollgate::token::scope::{Scope, Scopes};
use tollgate::token::secret::{Secret, SecretDigest};

const NOW: UnixTime = UnixTime(1_800_000_000);

/// Says yes and keeps nothing.
struct Forgetful;

impl GrantStore for Forgetful {
    async fn access_of_family(&self, _: FamilyId) -> Result<Vec<(Handle, Option<UnixTime>)>, StoreError> {
        Ok(Vec::new())
    }

    async fn open_family(&self, _: Family, _: NewRefresh, _: Option<Access>, _: Sessions) -> Result<(), StoreError> {
        Ok(())
    }

    async fn find_refresh(&self, _: SecretDigest) -> Result<Option<Refresh>, StoreError> {
        Ok(None)
    }

    async fn take_refresh(&self, _: Rotation) -> Result<Taken, StoreError> {
        Ok(Taken::Unknown)
    }

    async fn put_reusable(&self, _: Reusable) -> Result<(), StoreError> {
        Ok(())
    }

    async fn find_reusable(&self, _: [u8; 32]) -> Result<Option<Reusable>, StoreError> {
        Ok(None)
    }

    async fn spend(&self, _: [u8; 32], _: UnixTime) -> Result<Spent, StoreError> {
        Ok(Spent::Now)
    }

    async fn put_access(&self, access: Access) -> Result<(), StoreError> {
        black_box(access);
        Ok(())
    }

    async fn find_access(&self, _: SecretDigest) -> Result<Option<Access>, StoreError> {
        Ok(None)
    }

    async fn revoke_sessions(
        &self,
        _: &IssuerName,
        _: &Subject,
        _: &ClientId,
        _: UnixTime,
    ) -> Result<Vec<Notice>, StoreError> {
        Ok(Vec::new())
    }

    async fn revoke(&self, _: Vec<Notice>, _: &'static str) -> Result<(), StoreError> {
        Ok(())
    }
}

impl AuthorizationStore for Forgetful {
    async fn keep_pending(&self, _: Pending) -> Result<(), StoreError> {
        Ok(())
    }

    async fn find_pending(&self, _: SecretDigest, _: UnixTime) -> Result<Option<Pending>, StoreError> {
        Ok(None)
    }

    async fn drop_pending(&self, _: SecretDigest) -> Result<Sent, StoreError> {
        Ok(Sent::Gone)
    }

    async fn send_code(&self, _: Code, _: Option<SecretDigest>) -> Result<Sent, StoreError> {
        Ok(Sent::Gone)
    }

    async fn find_code(&self, _: SecretDigest) -> Result<Option<KeptCode>, StoreError> {
        Ok(None)
    }

    async fn take_code(&self, _: Redemption) -> Result<CodeTaken, StoreError> {
        Ok(CodeTaken::Unknown)
    }

    async fn burn_code(&self, _: SecretDigest, _: UnixTime) -> Result<(), StoreError> {
        Ok(())
    }

    async fn consent(
        &self,
        _: &IssuerName,
        _: &Subject,
        _: &ClientId,
        _: UnixTime,
    ) -> Result<Option<Consent>, StoreError> {
        Ok(None)
    }

    async fn consents(&self, _: &IssuerName, _: &Subject, _: UnixTime) -> Result<Vec<Consent>, StoreError> {
        Ok(Vec::new())
    }

    async fn narrow(&self, _: &IssuerName, _: &Subject, _: &ClientId, _: Left) -> Result<Vec<Narrowing>, StoreError> {
        Ok(Vec::new())
    }

    async fn take_back(
        &self,
        _: &IssuerName,
        _: &Subject,
        _: &ClientId,
        _: UnixTime,
    ) -> Result<Option<Vec<Notice>>, StoreError> {
        Ok(None)
    }
}

impl ApplicationStore for Forgetful {
    async fn add_application(
        &self,
        _: &IssuerName,
        _: Client,
        _: Option<SecretDigest>,
        _: UnixTime,
    ) -> Result<(), StoreError> {
        Ok(())
    }

    async fn application(&self, _: &IssuerName, _: &ClientId) -> Result<Option<KeptApplication>, StoreError> {
        Ok(None)
    }

    async fn applications_of(&self, _: &IssuerName, _: &Subject) -> Result<Vec<KeptApplication>, StoreError> {
        Ok(Vec::new())
    }

    async fn waiting_applications(&self, _: &IssuerName) -> Result<Vec<KeptApplication>, StoreError> {
        Ok(Vec::new())
    }

    async fn alter_application(
        &self,
        _: &IssuerName,
        _: &ClientId,
        _: Alteration,
        _: UnixTime,
    ) -> Result<Altered, StoreError> {
        Ok(Altered::Missing)
    }

    async fn remove_application(
        &self,
        _: &IssuerName,
        _: &ClientId,
        _: Notice,
        _: UnixTime,
    ) -> Result<Altered, StoreError> {
        Ok(Altered::Missing)
    }
}

impl SessionStore for Forgetful {
    async fn begin_session(&self, _: Session) -> Result<(), StoreError> {
        Ok(())
    }

    async fn find_session(&self, _: &IssuerName, _: SecretDigest, _: UnixTime) -> Result<Option<Session>, StoreError> {
        Ok(None)
    }

    async fn keep_session(&self, _: SessionId, _: UnixTime, _: UnixTime) -> Result<(), StoreError> {
        Ok(())
    }

    async fn sessions_of(&self, _: &IssuerName, _: &Subject, _: UnixTime) -> Result<Vec<Session>, StoreError> {
        Ok(Vec::new())
    }

    async fn end_sessions(&self, _: &IssuerName, _: &Subject, _: Which) -> Result<usize, StoreError> {
        Ok(0)
    }
}

impl Directory for Forgetful {
    async fn client(&self, _: &IssuerName, _: &ClientId) -> Result<Option<Arc<Client>>, StoreError> {
        Ok(None)
    }

    async fn client_of_key(&self, _: &IssuerName, _: SecretDigest) -> Result<Option<ClientId>, StoreError> {
        Ok(None)
    }

    async fn bot(&self, _: &IssuerName, _: &Subject) -> Result<Option<Arc<KeptBot>>, StoreError> {
        Ok(None)
    }

    async fn backend_token(&self, _: &IssuerName, _: &Subject) -> Result<Option<Arc<Secret>>, StoreError> {
        Ok(None)
    }

    fn client_of_key_at_hand(&self, _: &IssuerName, _: SecretDigest) -> AtHand<Arc<ClientId>> {
        AtHand::Unknown
    }

    fn backend_token_at_hand(&self, _: &IssuerName, _: &Subject) -> AtHand<Arc<Secret>> {
        AtHand::Unknown
    }

    async fn user(&self, _: &IssuerName, _: &UserName) -> Result<Option<Arc<User>>, StoreError> {
        Ok(None)
    }

    async fn subject(&self, _: &IssuerName, _: &Subject) -> Result<Option<Arc<User>>, StoreError> {
        Ok(None)
    }

    fn secret_used(&self, _: &IssuerName, _: &ClientId, _: u8, _: UnixTime) {}
}

impl PasswordCheck for Forgetful {
    async fn check(&self, _: Secret, _: Option<String>) -> Checked {
        Checked::Busy
    }
}

fn issuer(algorithm: Algorithm, format: TokenFormat) -> Issuer {
    let scopes = Scopes::parse("orders:read orders:write").unwrap_or_default();
    let client = Client {
        bots: Vec::new(),
        keys: None,
        fields: Default::default(),
        secrets_in_url: Default::default(),
        application: Default::default(),
        id: ClientId::new("machine"),
        display_name: None,
        secrets: vec![ClientSecret { digest: SecretDigest::of(b"s3cret"), slot: 0 }],
        grants: vec![GrantKind::ClientCredentials],
        scopes: scopes.clone(),
        disabled: false,
        origin: Origin::File,
    };
    let an_hour = Seconds(3_600);
    Issuer {
        name: IssuerName::new("main"),
        profile: 0,
        url: "https://login.example".into(),
        base: "/oauth2".into(),
        token: TokenSettings {
            format,
            lifetime: Some(Seconds(600)),
            audience: vec!["https://api.example".into()],
            ..TokenSettings::default()
        },
        refresh: RefreshSettings { rotate: true, grace: Seconds(10), ..RefreshSettings::default() },
        keys: KeySettings { algorithm, given: None, rotate: None, publish_ahead: an_hour, keep_verifying: an_hour },
        catalogue: scopes.iter().map(|scope: &Scope| (scope.clone(), String::new())).collect(),
        default_scopes: None,
        scope_rules: Default::default(),
        dialect: std::sync::Arc::new(Dialect::standard()),
        clients: HashMap::from([(client.id.clone(), Arc::new(client))]),
        users: HashMap::new(),
        generate_client: None,
        cors_origins: Vec::new(),
        assertions: None,
        throttle: ThrottleSettings { per_address: u32::MAX, free_failures: 10, within: Seconds(900) },
        people: None,
        registration: None,
    }
}

fn request() -> RawRequest {
    let mut headers = HeaderMap::new();
    headers.insert("content-type", HeaderValue::from_static("application/x-www-form-urlencoded"));
    headers.insert("authorization", HeaderValue::from_static("Basic bWFjaGluZTpzM2NyZXQ="));
    RawRequest {
        method: Method::POST,
        path: "/oauth2/token".into(),
        query: None,
        headers,
        body: Bytes::from_static(b"grant_type=client_credentials&scope=orders%3Aread"),
        peer: IpAddr::from([192, 0, 2, 1]),
    }
}

fn issue(criterion: &mut Criterion) {
    let (random, raw, dialect) = (Arc::new(OsRandom::default()), request(), Dialect::standard());
    let service = Service::new(Forgetful, Forgetful, Arc::new(List::new([1; 32])), random.clone());
    for (name, algorithm, format) in [
        ("issue/opaque", Algorithm::Es256, TokenFormat::Opaque),
        ("issue/es256", Algorithm::Es256, TokenFormat::Jwt),
        ("issue/eddsa", Algorithm::EdDsa, TokenFormat::Jwt),
        ("issue/rs256", Algorithm::Rs256, TokenFormat::Jwt),
    ] {
        let Ok(material) = KeyMaterial::generate(algorithm, &*random) else { continue };
        let key = RingKey { material, signs_from: UnixTime(0), verify_until: None };
        let Ok(ring) = KeyRing::of_ours(vec![key], NOW) else { continue };
        let issuer = issuer(algorithm, format);
        let desk =
            Desk { issuer: &issuer, ring: &ring, refresh_ring: &ring, dialect: &dialect, seat: 0, millisecond: 0 };
        criterion.bench_function(name, |bencher| {
            bencher.iter(|| {
                // Nothing here waits, so one poll is the whole answer.
                let mut answer = std::pin::pin!(service.answer(desk, Endpoint::Token, black_box(&raw), NOW));
                let Poll::Ready(answer) = answer.as_mut().poll(&mut Context::from_waker(Waker::noop())) else {
                    panic!("the answer waits for something");
                };
                assert_eq!(answer.result, "ok");
                answer
            });
        });
    }
}

criterion_group!(benches, issue);
criterion_main!(benches);
