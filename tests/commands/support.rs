//! A store, a configuration made by hand and a console that is heard: what the
//! commands need, without a file, a process or a terminal.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use clap::{Parser, Subcommand};
use tollgate::access::policy::Policy;
use tollgate::access::profile::TokenProfile;
use tollgate::cli::bot::{self, BotArgs};
use tollgate::cli::client::{self, ClientArgs};
use tollgate::cli::console::{Console, Output, Presence};
use tollgate::cli::failure::Failure;
use tollgate::cli::keys::{self, KeysArgs};
use tollgate::cli::place::Place;
use tollgate::cli::revocations::{self, RevocationsArgs};
use tollgate::cli::token::{self, TokenArgs};
use tollgate::cli::user::{self, UserArgs};
use tollgate::clock::{Seconds, UnixTime};
use tollgate::dialect::Dialect;
use tollgate::oauth::issuer::{Issuer, KeySettings, RefreshSettings, ThrottleSettings, TokenFormat, TokenSettings};
use tollgate::random::OsRandom;
use tollgate::snapshot::{AccessLog, AuditTarget, Fixed, Hashing, LogFormat, LogLevel, Snapshot};
use tollgate::store::Store;
use tollgate::token::id::IssuerName;
use tollgate::token::key::Algorithm;
use tollgate::token::scope::Scope;

pub const NOW: UnixTime = UnixTime(1_800_000_000);

#[derive(Debug, Parser)]
struct Line {
    #[arg(short, long, global = true, value_enum, default_value_t)]
    output: Output,
    #[command(subcommand)]
    noun: Noun,
}

#[derive(Debug, Subcommand)]
enum Noun {
    Client(ClientArgs),
    Bot(BotArgs),
    User(UserArgs),
    Token(TokenArgs),
    Revocations(RevocationsArgs),
    Keys(KeysArgs),
}

/// What a command said and did.
pub struct Heard {
    pub out: String,
    pub talk: String,
    pub result: Result<(), Failure>,
}

impl Heard {
    /// The output as JSON, of a command that succeeded.
    pub fn json(&self) -> serde_json::Value {
        assert_eq!(self.result, Ok(()), "{}", self.talk);
        serde_json::from_str(&self.out).expect("JSON on standard output")
    }

    /// The words of the failure.
    pub fn failure(&self) -> String {
        self.result.as_ref().expect_err("the command failed").to_string()
    }
}

pub struct World {
    pub folder: PathBuf,
    pub store: Store,
    pub snapshot: Snapshot,
}

impl World {
    pub fn new() -> World {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("tollgate-commands-{}-{number}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        let store = Store::open(&folder, None).expect("a fresh store opens");
        World { snapshot: snapshot(&folder), store, folder }
    }

    /// Runs a command line as from a script, with `input` on standard input.
    pub fn run(&self, line: &str, input: &str) -> Heard {
        self.run_as(line, input, Presence::Nobody)
    }

    pub fn run_as(&self, line: &str, input: &str, presence: Presence) -> Heard {
        let args = Line::try_parse_from(std::iter::once("tollgate").chain(line.split_whitespace()));
        let Line { output, noun } = args.unwrap_or_else(|e| panic!("{line}: {e}"));
        let random = OsRandom::default();
        let place = Place { store: &self.store, snapshot: &self.snapshot, random: &random, now: NOW };
        let (mut out, mut talk, mut input) = (Vec::new(), Vec::new(), input.as_bytes());
        let console = &mut Console { out: &mut out, talk: &mut talk, input: &mut input, presence, output };
        let result = match noun {
            Noun::Client(args) => client::run(args, &place, console),
            Noun::Bot(args) => bot::run(args, &place, console),
            Noun::User(args) => user::run(args, &place, console),
            Noun::Token(args) => token::run(args, &place, console),
            Noun::Revocations(args) => revocations::run(args, &place, console),
            Noun::Keys(args) => keys::run(args, &place, console),
        };
        let text = |bytes| String::from_utf8(bytes).expect("commands speak UTF-8");
        Heard { out: text(out), talk: text(talk), result }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// One issuer of ours, `main`, and a foreign one, `partner`.
fn snapshot(folder: &std::path::Path) -> Snapshot {
    let profile = |name: &str, url: &str| TokenProfile {
        name: IssuerName::new(name),
        issuer_url: url.into(),
        audience: Vec::new(),
        types: Vec::new(),
        require: Vec::new(),
        leeway: Seconds(0),
        opaque: false,
        looks: tollgate::access::profile::Looks::Prefix("".into()),
        application_keys: Vec::new(),
        subjects: Default::default(),
        dialect: std::sync::Arc::new(tollgate::dialect::Dialect::standard()),
        claims: Default::default(),
        implies: Vec::new(),
        endless: Default::default(),
    };
    let profiles = vec![profile("main", "https://main.example"), profile("partner", "https://partner.example")];
    Snapshot {
        listeners: Vec::new(),
        policy: Policy { profiles, ..Policy::default() }.into(),
        plans: Vec::new(),
        limits: Vec::new(),
        upstreams: Vec::new(),
        issuers: vec![issuer()],
        foreign_rings: Vec::new(),
        fixed: Fixed {
            state: folder.to_owned(),
            metrics: None,
            workers: 1,
            store_key: None,
            addresses: Vec::new(),
            memory: Default::default(),
            hashing: Hashing { workers: 1, queue: 1 },
            audit: AuditTarget::Stderr,
            log_level: LogLevel::Info,
        },
        access_log: AccessLog { sample_ok: 1.0, path: false, format: LogFormat::Json },
        request_id: tollgate::traffic::rules::Identified::No,
        cache_entries: 0,
        drain: Duration::ZERO,
        revision: String::new(),
        warnings: Vec::new(),
    }
}

fn issuer() -> Issuer {
    let scope = |name: &str| (Scope::parse(name).expect("a scope"), String::new());
    Issuer {
        name: IssuerName::new("main"),
        profile: 0,
        url: "https://main.example".to_owned(),
        base: "/oauth2".to_owned(),
        token: TokenSettings { format: TokenFormat::Jwt, lifetime: Some(Seconds(600)), ..TokenSettings::default() },
        refresh: RefreshSettings { rotate: true, grace: Seconds(10), ..RefreshSettings::default() },
        keys: KeySettings {
            algorithm: Algorithm::EdDsa,
            given: None,
            rotate: Some(Seconds(86_400)),
            publish_ahead: Seconds(3_600),
            keep_verifying: Seconds(1_200),
        },
        catalogue: vec![scope("a"), scope("b")],
        default_scopes: None,
        scope_rules: Default::default(),
        dialect: std::sync::Arc::new(Dialect::standard()),
        clients: HashMap::new(),
        users: HashMap::new(),
        generate_client: None,
        cors_origins: Vec::new(),
        assertions: None,
        throttle: ThrottleSettings { per_address: 100, free_failures: 5, within: Seconds(60) },
        people: None,
        registration: None,
    }
}
