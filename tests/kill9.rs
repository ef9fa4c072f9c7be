//! Killing the gateway in the middle of things. A crowd issues, refreshes and revokes
//! over TLS and keeps a journal outside of what was acknowledged; at a moment nobody
//! chose the process is killed (KILL, so nothing can be tidied up), started again on the
//! same folder, and asked. Nothing acknowledged may be lost, no refresh token may
//! work twice, no revoked one may work again. The seed of a run is printed.

mod support;

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use tollgate::clock::{Clock as _, SystemClock};

use support::gateway::Gateway;
use support::yaml::standard;

/// How often it is killed.
const CYCLES: usize = 12;

/// Clients at once; each has a chain of refresh tokens of its own.
const CROWD: usize = 8;

/// What one member of the crowd was told, and what it asked without an answer.
#[derive(Default)]
struct Journal {
    /// The newest refresh token it was given.
    leaf: Option<String>,
    /// The token it presented last, if no answer came: used or not, but never half.
    open: Option<String>,
    /// Refresh tokens that were used up; the answer was seen.
    spent: Vec<String>,
    /// Access tokens whose revocation was acknowledged.
    revoked: Vec<String>,
}

#[test]
fn nothing_acknowledged_is_lost_and_nothing_works_twice() {
    let seed = SystemClock.now().0 << 32 | u64::from(std::process::id());
    println!("seed {seed}");
    let chance = Chance(AtomicU64::new(seed));
    // Without a grace every second use is a theft: the strictest reading.
    let yaml = standard("builtin:echo")
        .replace("    token: { lifetime: 10m }", "    token: { lifetime: 10m }\n    refresh: { grace: 0s }");
    let mut gateway = Gateway::start("kill9", &yaml);
    let (mut uses, mut revoked) = (0, Vec::new());
    for _ in 0..CYCLES {
        let journals = storm(&gateway, &chance);
        gateway = Gateway::start_in(gateway.kill());
        let address = gateway.address("clear");
        for (index, journal) in journals.into_iter().enumerate() {
            uses += journal.spent.len();
            if index % 2 == 0 {
                judge_leaf(&journal, address);
            } else {
                judge_spent(&journal, address);
            }
            revoked.extend(journal.revoked);
        }
        // Those of earlier cycles too: they have been through every kill since.
        for token in &revoked {
            let answer = get(address, token);
            assert!(answer.starts_with("HTTP/1.1 401"), "a revoked token works again: {answer}");
        }
    }
    println!("{uses} acknowledged rotations and {} revocations over {CYCLES} kills", revoked.len());
    assert!(uses > CYCLES && !revoked.is_empty(), "the storm did something between the kills");
}

/// Lets the crowd loose, and kills the gateway under it once a number of answers that
/// nobody chose has come.
fn storm(gateway: &Gateway, chance: &Chance) -> Vec<Journal> {
    let address = gateway.address("clear");
    let over = AtomicBool::new(false);
    let (told, answers) = channel();
    let journals: Vec<Mutex<Journal>> = (0..CROWD).map(|_| Mutex::default()).collect();
    std::thread::scope(|scope| {
        for journal in &journals {
            let (told, over) = (told.clone(), &over);
            scope.spawn(move || {
                let mut mine = Journal::default();
                while !over.load(Ordering::SeqCst) && step(address, &mut mine) {
                    // The storm may have been called off meanwhile.
                    let _ = told.send(());
                }
                *journal.lock().expect("no member panicked") = mine;
            });
        }
        wait_for(&answers, 20 + chance.below(150));
        // In flight now: up to one request of each member. The process dies under them.
        gateway.signal("KILL");
        over.store(true, Ordering::SeqCst);
    });
    journals.into_iter().map(|j| j.into_inner().expect("no member panicked")).collect()
}

fn wait_for(answers: &Receiver<()>, count: u64) {
    for _ in 0..count {
        answers.recv_timeout(Duration::from_secs(30)).expect("the gateway answers");
    }
}

/// One operation of one member; `false` when no answer came.
fn step(address: SocketAddr, journal: &mut Journal) -> bool {
    let Some(leaf) = journal.leaf.clone() else {
        let form = "grant_type=password&username=ana&password=p4ssw0rd&scope=read";
        let Some(answer) = ask(address, "token", form) else { return false };
        journal.leaf = Some(member(&answer, "refresh_token"));
        return true;
    };
    journal.open = Some(leaf.clone());
    let Some(answer) = ask(address, "token", &format!("grant_type=refresh_token&refresh_token={leaf}")) else {
        return false;
    };
    assert!(answer.starts_with("HTTP/1.1 200"), "the newest token of a chain works: {answer}");
    journal.open = None;
    journal.leaf = Some(member(&answer, "refresh_token"));
    journal.spent.push(leaf);
    // Every fourth access token is called back.
    if journal.spent.len().is_multiple_of(4) {
        let access = member(&answer, "access_token");
        let Some(answer) = ask(address, "revoke", &format!("token={access}")) else { return false };
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        journal.revoked.push(access);
    }
    true
}

/// Asks the restarted gateway about the newest token of a chain.
fn judge_leaf(journal: &Journal, address: SocketAddr) {
    let Some(leaf) = &journal.leaf else { return };
    let first = refresh(address, leaf);
    if journal.open.is_none() {
        assert!(first.starts_with("HTTP/1.1 200"), "an acknowledged refresh token was lost: {first}");
    }
    // Asked without an answer: it may have been used up, and if not, it is now.
    let second = refresh(address, leaf);
    assert!(second.starts_with("HTTP/1.1 400"), "a refresh token worked twice: {second}");
    if first.starts_with("HTTP/1.1 200") {
        // The second use above was a theft: the whole family is dead with its tokens.
        let answer = get(address, &member(&first, "access_token"));
        assert!(answer.starts_with("HTTP/1.1 401"), "the family outlived its theft: {answer}");
    }
}

/// Asks it about a token that was used up: refused, and the chain ends with it.
fn judge_spent(journal: &Journal, address: SocketAddr) {
    let (Some(spent), Some(leaf)) = (journal.spent.last(), &journal.leaf) else { return };
    let answer = refresh(address, spent);
    assert!(answer.starts_with("HTTP/1.1 400"), "a used refresh token worked again: {answer}");
    let answer = refresh(address, leaf);
    assert!(answer.starts_with("HTTP/1.1 400"), "the chain outlived the theft of its parent: {answer}");
}

fn refresh(address: SocketAddr, token: &str) -> String {
    ask(address, "token", &format!("grant_type=refresh_token&refresh_token={token}")).expect("an answer")
}

/// Posts a form as `shop`; `None` if the gateway died before it had answered in full.
fn ask(address: SocketAddr, endpoint: &str, form: &str) -> Option<String> {
    // shop:shop-secret
    let head = format!(
        "POST /oauth2/{endpoint} HTTP/1.1\r\nHost: issuer.example\r\nConnection: close\r\n\
         Authorization: Basic c2hvcDpzaG9wLXNlY3JldA==\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {}\r\n\r\n{form}",
        form.len()
    );
    exchange(address, &head)
}

fn get(address: SocketAddr, token: &str) -> String {
    let head = format!(
        "GET /things/1 HTTP/1.1\r\nHost: issuer.example\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n\r\n"
    );
    exchange(address, &head).expect("an answer")
}

/// One request on a connection of its own. An answer counts only if it is whole: that
/// is what a client could have acted on.
fn exchange(address: SocketAddr, request: &str) -> Option<String> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(30))).ok()?;
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    (length.is_none_or(|length| body.len() == length)).then_some(answer)
}

/// A text member of the answer's JSON body.
fn member(answer: &str, name: &str) -> String {
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    let json: serde_json::Value = serde_json::from_str(body).unwrap_or_else(|e| panic!("no JSON ({e}): {answer}"));
    json[name].as_str().unwrap_or_else(|| panic!("no {name}: {answer}")).to_owned()
}

/// Numbers that differ from run to run and can be repeated from the seed.
struct Chance(AtomicU64);

impl Chance {
    fn below(&self, bound: u64) -> u64 {
        let mut z = self.0.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::Relaxed);
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        (z ^ (z >> 27)) % bound
    }
}
