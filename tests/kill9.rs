//! Killing the gateway in the middle of things. A crowd issues, refreshes and revokes
//! and keeps a journal outside of what was acknowledged; at a moment nobody
//! chose the process is killed (KILL, so nothing can be tidied up), started again on the
//! same folder, and asked. Nothing acknowledged may be lost, no refresh token may
//! work twice, no revoked one may work again. The seed of a run is printed.

mod support;

#[path = "kill9/codes.rs"]
mod codes;
#[path = "kill9/crowd.rs"]
mod crowd;

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::Duration;

use crowd::{CYCLES, Chance, Faults, Sentences, Use, storm};
use support::gateway::{Folder, Gateway};
use support::yaml::standard;

/// What one member of the crowd, with its own chain of refresh tokens, was told, and what
/// it asked without an answer.
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
    /// Access tokens that were given and not called back.
    live: Vec<String>,
    /// Answers that came and were wrong.
    faults: Vec<String>,
}

impl Journal {
    /// Whether an answer is the one expected; notes it down if not.
    fn is_well(&mut self, what: &str, answer: &str) -> bool {
        let well = answer.starts_with("HTTP/1.1 200");
        if !well {
            self.faults.push(format!("{what} was refused: {answer}"));
        }
        well
    }
}

#[test]
fn nothing_acknowledged_is_lost_and_nothing_works_twice() {
    storms("jwt");
}

#[test]
fn the_same_with_tokens_that_only_the_store_knows() {
    storms("opaque");
}

/// The judges below see no fault in all those runs; that they can see one is shown by
/// doing what a lost write would: the database is put back to a moment before the last
/// answers.
#[test]
fn a_lost_write_does_not_go_unnoticed() {
    let mut gateway = Gateway::start("kill9-lost", &yaml("opaque"));
    let mut journals: Vec<Journal> = (0..4).map(|_| Journal::default()).collect();
    let advance = |journals: &mut [Journal], steps: usize, address| {
        for journal in journals {
            (0..steps).for_each(|_| assert!(step(address, journal), "{:?}", journal.faults));
        }
    };
    advance(&mut journals, 2, gateway.address("clear"));
    gateway = Gateway::start_in(gateway.kill());
    let before = gateway.address("clear");
    assert_eq!(faults_of(&journals[..1], before), Vec::<String>::new(), "nothing is lost yet");

    let (folder, kept) = (gateway.kill(), Folder::new("kill9-kept"));
    copy_files(&folder.path().join("state"), kept.path());
    gateway = Gateway::start_in(folder);
    advance(&mut journals[1..3], 8, gateway.address("clear"));
    // One rotation alone: what it used up is what was the newest in the older image.
    advance(&mut journals[3..], 1, gateway.address("clear"));
    let called_back = journals[1].live.remove(0);
    let answer = ask(gateway.address("clear"), "revoke", &format!("token={called_back}")).expect("an answer");
    assert!(journals[1].is_well("a revocation", &answer));
    journals[1].revoked.push(called_back);
    let folder = gateway.kill();
    copy_files(kept.path(), &folder.path().join("state"));
    gateway = Gateway::start_in(folder);

    let address = gateway.address("clear");
    // The first journal was judged, which took its chain's life.
    let mut found = Vec::new();
    for (index, journal) in journals.iter().enumerate().skip(1) {
        found.extend(judge_access(journal, address));
        found.extend(if index % 2 == 0 { judge_leaf(journal, address) } else { judge_spent(journal, address) });
    }
    for fault in [LOST, REUSED, FORGOTTEN, REVIVED] {
        assert!(found.iter().any(|f| f.starts_with(fault)), "{fault}: not noticed; noticed: {found:#?}");
    }
    drop(gateway);
}

const LOST: &str = "an acknowledged refresh token was lost";
const REUSED: &str = "a used refresh token worked again";
const FORGOTTEN: &str = "an acknowledged access token was lost";
const REVIVED: &str = "a revoked token works again";

fn yaml(format: &str) -> String {
    // Without a grace every second use is a theft: the strictest reading.
    standard("builtin:echo").replace(
        "    token: { lifetime: 10m }",
        &format!("    token: {{ format: {format}, lifetime: 10m }}\n    refresh: {{ grace: 0s }}"),
    )
}

/// Storm, kill and judgement, again and again.
fn storms(format: &str) {
    let chance = Chance::new();
    let mut gateway = Gateway::start("kill9", &yaml(format));
    let (mut uses, mut revoked) = (0, Journal::default());
    for _ in 0..CYCLES {
        let journals = storm(&gateway, &chance, step);
        gateway = Gateway::start_in(gateway.kill());
        let address = gateway.address("clear");
        uses += journals.iter().map(|journal| journal.spent.len()).sum::<usize>();
        assert_eq!(faults_of(&journals, address), Vec::<String>::new());
        revoked.revoked.extend(journals.into_iter().flat_map(|journal| journal.revoked));
        // Those of earlier cycles too: they have been through every kill since.
        assert_eq!(judge_access(&revoked, address), Vec::<String>::new());
    }
    let count = revoked.revoked.len();
    println!("{uses} acknowledged rotations and {count} revocations over {CYCLES} kills");
    assert!(uses > CYCLES && count > 0, "the storm did something between the kills");
}

/// What the journals say and the restarted gateway does not.
fn faults_of(journals: &[Journal], address: SocketAddr) -> Vec<String> {
    let mut faults: Vec<String> = journals.iter().flat_map(|journal| journal.faults.clone()).collect();
    for (index, journal) in journals.iter().enumerate() {
        // First what must still be there: the judges of chains end them by theft.
        faults.extend(judge_access(journal, address));
        faults.extend(if index % 2 == 0 { judge_leaf(journal, address) } else { judge_spent(journal, address) });
    }
    faults
}

/// One operation of one member; `false` when no answer came, or a wrong one.
fn step(address: SocketAddr, journal: &mut Journal) -> bool {
    let Some(leaf) = journal.leaf.clone() else {
        let form = "grant_type=password&username=ana&password=p4ssw0rd&scope=read";
        let Some(answer) = ask(address, "token", form) else { return false };
        if !journal.is_well("a sign-in", &answer) {
            return false;
        }
        journal.leaf = Some(member(&answer, "refresh_token"));
        journal.live.push(member(&answer, "access_token"));
        return true;
    };
    journal.open = Some(leaf.clone());
    let Some(answer) = ask(address, "token", &format!("grant_type=refresh_token&refresh_token={leaf}")) else {
        return false;
    };
    if !journal.is_well("the newest token of a chain", &answer) {
        return false;
    }
    journal.open = None;
    journal.leaf = Some(member(&answer, "refresh_token"));
    journal.spent.push(leaf);
    let access = member(&answer, "access_token");
    // Every fourth access token is called back.
    if !journal.spent.len().is_multiple_of(4) {
        journal.live.push(access);
        return true;
    }
    let Some(answer) = ask(address, "revoke", &format!("token={access}")) else { return false };
    if !journal.is_well("a revocation", &answer) {
        return false;
    }
    journal.revoked.push(access);
    true
}

/// Asks the restarted gateway about access tokens: those given work, those called back
/// do not.
fn judge_access(journal: &Journal, address: SocketAddr) -> Vec<String> {
    let mut faults = Faults::default();
    journal.live.iter().for_each(|token| faults.expect(&get(address, token), "HTTP/1.1 200", FORGOTTEN));
    journal.revoked.iter().for_each(|token| faults.expect(&get(address, token), "HTTP/1.1 401", REVIVED));
    faults.0
}

/// Asks it about the newest token of a chain, and ends the chain with its second use.
fn judge_leaf(journal: &Journal, address: SocketAddr) -> Vec<String> {
    let mut faults = Faults::default();
    let Some(leaf) = &journal.leaf else { return Vec::new() };
    let used = if journal.open.is_none() { Use::Untouched } else { Use::Unanswered };
    let try_access = |first: &str| get(address, &member(first, "access_token"));
    let say =
        Sentences { lost: LOST, twice: "a refresh token worked twice", outlived: "the family outlived its theft" };
    faults.judge_once(used, || refresh(address, leaf), try_access, &say);
    faults.0
}

/// Asks it about a token that was used up: refused, and the chain ends with it.
fn judge_spent(journal: &Journal, address: SocketAddr) -> Vec<String> {
    let (Some(spent), Some(leaf)) = (journal.spent.last(), &journal.leaf) else { return Vec::new() };
    let mut faults = Faults::default();
    faults.expect(&refresh(address, spent), "HTTP/1.1 400", REUSED);
    faults.expect(&refresh(address, leaf), "HTTP/1.1 400", "the chain outlived the theft of its parent");
    faults.0
}

/// Copies the files of one folder over those of another, which loses the rest: a
/// database is its main file and its journal together.
fn copy_files(from: &Path, to: &Path) {
    for old in fs::read_dir(to).expect("a folder").flatten() {
        fs::remove_file(old.path()).expect("an old file");
    }
    for entry in fs::read_dir(from).expect("a folder").flatten() {
        fs::copy(entry.path(), to.join(entry.file_name())).expect("a copy");
    }
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
