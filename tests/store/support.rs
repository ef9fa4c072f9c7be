//! What the store's tests share: a folder per test, and grants, tokens and notices
//! with short names. No clock: `NOW` is the beginning of every story.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use tollgate::clock::{Seconds, UnixTime};
use tollgate::oauth::client::{Client, ClientSecret, GrantKind, Origin};
use tollgate::oauth::store::{Access, Family, FamilyHandles, NewRefresh, Rotation};
use tollgate::revocation::notice::Notice;
use tollgate::store::Store;
use tollgate::store::change::By;
use tollgate::token::handle::{Handle, HandleKind};
use tollgate::token::id::{ClientId, FamilyId, IssuerName, Subject, UserName};
use tollgate::token::scope::Scopes;
use tollgate::token::secret::SecretDigest;

pub const NOW: UnixTime = UnixTime(1_800_000_000);
pub const GRACE: Seconds = Seconds(10);

/// A folder of its own for each test, removed at the end.
pub struct Place(pub PathBuf);

impl Place {
    pub fn new() -> Place {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("tollgate-store-{}-{number}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        Place(path)
    }

    pub fn open(&self) -> Store {
        Store::open(&self.0, None).expect("a fresh store opens")
    }

    pub fn database(&self) -> PathBuf {
        self.0.join("tollgate.db")
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

pub fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime starts")
}

pub fn main_issuer() -> IssuerName {
    IssuerName::new("main")
}

pub fn by(now: UnixTime) -> By {
    By { actor: "test".to_owned(), now }
}

pub fn digest(text: &str) -> SecretDigest {
    SecretDigest::of(text.as_bytes())
}

pub fn family(name: &str, opened: UnixTime) -> Family {
    let issuer = main_issuer();
    let mut id = [0; 16];
    id.copy_from_slice(&digest(name).0[..16]);
    let id = FamilyId(id);
    Family {
        id,
        client: ClientId::new("app"),
        subject: Subject::new("u-1"),
        user: UserName::new("alice"),
        scopes: Scopes::parse("a b").expect("scopes"),
        handles: FamilyHandles {
            family: Handle::of_family(&issuer, &id),
            user: Handle::of(HandleKind::User, &issuer, b"u-1"),
            client: Handle::of(HandleKind::Client, &issuer, b"app"),
            issuer: Handle::of_issuer(&issuer),
        },
        opened,
        expires: Some(opened.after(Seconds(1000))),
        issuer,
    }
}

pub fn refresh(text: &str) -> NewRefresh {
    NewRefresh { digest: digest(text), expires: Some(NOW.after(Seconds(900))) }
}

pub fn notice(kind: HandleKind, handle: Handle, issued_before: Option<UnixTime>) -> Notice {
    Notice { kind, issuer: main_issuer(), handle, issued_before, until: NOW.after(Seconds(600)) }
}

pub fn rotation(of: &Family, parent: &str, child: &str, now: UnixTime) -> Rotation {
    Rotation {
        retired: Vec::new(),
        parent: digest(parent),
        now,
        grace: GRACE,
        child: refresh(child),
        access: None,
        sealed_answer: format!("sealed {child}").into_bytes(),
        on_replay: notice(HandleKind::Family, of.handles.family, None),
    }
}

pub fn access(text: &str, of: Option<&Family>, expires: Option<UnixTime>) -> Access {
    let issuer = main_issuer();
    Access {
        digest: digest(text),
        token: Handle::of(HandleKind::Token, &issuer, text.as_bytes()),
        issuer,
        family: of.map(|f| f.id),
        client: ClientId::new("app"),
        subject: Subject::new("app"),
        scopes: Scopes::parse("a").expect("scopes"),
        issued: NOW,
        expires,
    }
}

pub fn client(id: &str) -> Client {
    Client {
        bots: Vec::new(),
        keys: None,
        fields: Default::default(),
        secrets_in_url: Default::default(),
        application: Default::default(),
        id: ClientId::new(id),
        display_name: None,
        secrets: vec![ClientSecret { digest: digest("first"), slot: 0 }],
        grants: vec![GrantKind::ClientCredentials],
        scopes: Scopes::parse("a").unwrap(),
        disabled: false,
        origin: Origin::Store,
    }
}
