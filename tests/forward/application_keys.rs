//! Routes of a dialect in which an application's key is a bearer credential: what callers
//! make up costs a bounded number of reads at once and drives out no key that is known.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use tollgate::dialect::Dialect;
use tollgate::dialect::knobs::ClientAuth;
use tollgate::edge::credential::inquiry::KEYS;
use tollgate::oauth::client::{Client, ClientSecret, GrantKind, Origin};
use tollgate::oauth::store::{AtHand, Directory as _};
use tollgate::snapshot::Snapshot;
use tollgate::store::change::By;
use tollgate::token::id::{ClientId, IssuerName};
use tollgate::token::scope::Scopes;
use tollgate::token::secret::SecretDigest;

use crate::gateway::{Gateway, NOW, echo, token};
use crate::wire::{Answer, get};

const KEY: &str = "the-key-of-an-application-0123456789";

/// Keys are bearer credentials of the only issuer, whose tokens are all JWTs.
fn keys_are_credentials(snapshot: &mut Snapshot) {
    let policy = Arc::get_mut(&mut snapshot.policy).expect("nobody else has it yet");
    let mut dialect = Dialect::standard();
    dialect.reading.client_auth.push(ClientAuth::Key);
    policy.profiles[0].dialect = Arc::new(dialect);
    policy.profiles[0].opaque = false;
}

fn application() -> Client {
    Client {
        id: ClientId::new("stored"),
        display_name: None,
        secrets: vec![ClientSecret { digest: SecretDigest::of(KEY.as_bytes()), slot: 0 }],
        keys: None,
        grants: vec![GrantKind::ClientCredentials],
        scopes: Scopes::default(),
        bots: Vec::new(),
        fields: Default::default(),
        secrets_in_url: Default::default(),
        application: Default::default(),
        disabled: false,
        origin: Origin::Store,
    }
}

/// The one thread that the store is asked on, which a test can hold up.
struct Stage {
    runtime: Option<tokio::runtime::Runtime>,
}

impl Stage {
    fn new() -> Stage {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        Stage { runtime: Some(runtime.expect("a runtime")) }
    }

    fn handle(&self) -> &tokio::runtime::Handle {
        self.runtime.as_ref().expect("there until dropped").handle()
    }

    /// Nothing moves on it until the sender is dropped.
    fn hold_up(&self) -> Sender<()> {
        let (go, gone): (Sender<()>, Receiver<()>) = channel();
        let (begun, begins) = channel();
        self.handle().spawn(async move {
            begun.send(()).expect("somebody waits");
            let _ = gone.recv();
        });
        begins.recv().expect("its one thread is held up");
        go
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn shown(gateway: &Gateway, credential: &str) -> Answer {
    get(gateway.address, "/a", &format!("authorization: Bearer {credential}")).await
}

fn sample(gateway: &Gateway, series: &str) -> f64 {
    let page = gateway.shared.telemetry.render().expect("metrics");
    let line = page.lines().find_map(|line| line.strip_prefix(series)).unwrap_or_default();
    line.trim().parse().unwrap_or(0.0)
}

const READS: &str = "tollgate_store_duration_seconds_count{op=\"client_of_key\"}";
const FULL: &str = "tollgate_store_inquiries_unanswered_total{about=\"application_key\",reason=\"full\"}";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_made_up_keys_waits_at_its_bound_and_spares_what_is_known() {
    let stage = Stage::new();
    let gateway = Gateway::on(stage.handle(), vec![echo("/a").scoped(&[], "a:read")], keys_are_credentials);
    let issuer = IssuerName::new("main");
    let by = By { actor: "test".to_owned(), now: NOW };
    gateway.store.add_client(&issuer, application(), by).expect("a client of the store");
    // An application that shows its key is told that, and not that its token is bad.
    let real = shown(&gateway, KEY).await;
    assert_eq!(real.status, 401);
    assert!(matches!(
        gateway.store.client_of_key_at_hand(&issuer, SecretDigest::of(KEY.as_bytes())),
        AtHand::Known(Some(_))
    ));
    assert_eq!(sample(&gateway, READS), 1.0);
    // A request is counted when its answer is out.
    while sample(&gateway, "tollgate_auth_decisions_total{result=\"wrong_kind\",route=\"/a\"}") < 1.0 {
        tokio::task::yield_now().await;
    }

    let go = stage.hold_up();
    let flood = 3 * KEYS;
    let mut callers = tokio::task::JoinSet::new();
    for number in 0..flood {
        let (address, line) = (gateway.address, format!("authorization: Bearer made-up-{number:032}"));
        callers.spawn(async move { get(address, "/a", &line).await });
    }
    // Those who find no place are told at once; the others wait.
    let mut turned_away = 0;
    while turned_away < flood - KEYS {
        let answer = callers.join_next().await.expect("more of them").expect("answered");
        assert_eq!((answer.status, answer.all("retry-after")), (503, vec!["1"]), "{answer:?}");
        turned_away += 1;
    }
    assert_eq!(sample(&gateway, FULL), (flood - KEYS) as f64);
    // Neither a known key nor a token notices.
    assert_eq!(shown(&gateway, KEY).await.status, 401);
    assert_eq!(shown(&gateway, &token(&gateway, "u", "a:read")).await.status, 200);
    // Who shows what is asked about already waits for the same answer.
    let waiting = callers.len();
    drop(go);
    while let Some(answer) = callers.join_next().await {
        let answer = answer.expect("answered");
        assert!(answer.status == 401 && answer.head.contains("invalid_token"), "{answer:?}");
    }
    assert_eq!(waiting, KEYS);
    assert_eq!(sample(&gateway, READS), (1 + KEYS) as f64, "one read for each that found a place");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_made_up_key_is_read_once_however_many_show_it() {
    let stage = Stage::new();
    let gateway = Gateway::on(stage.handle(), vec![echo("/a").scoped(&[], "a:read")], keys_are_credentials);
    let go = stage.hold_up();
    let mut callers = tokio::task::JoinSet::new();
    for _ in 0..2 * KEYS {
        let address = gateway.address;
        callers.spawn(async move { get(address, "/a", "authorization: Bearer the-same-made-up-key").await });
    }
    // All are in, and none has been turned away, when nobody new arrives.
    let in_flight = "tollgate_requests_in_flight{listener=\"public\"}";
    while sample(&gateway, in_flight) < (2 * KEYS) as f64 {
        tokio::task::yield_now().await;
    }
    drop(go);
    while let Some(answer) = callers.join_next().await {
        assert_eq!(answer.expect("answered").status, 401);
    }
    assert_eq!((sample(&gateway, READS), sample(&gateway, FULL)), (1.0, 0.0));
    // It stays known as no key.
    assert_eq!(get(gateway.address, "/a", "authorization: Bearer the-same-made-up-key").await.status, 401);
    // What is spelled like a JWT is no key, and nobody is asked.
    assert_eq!(get(gateway.address, "/a", "authorization: Bearer a.made.up").await.status, 401);
    assert_eq!(sample(&gateway, READS), 1.0);
}
