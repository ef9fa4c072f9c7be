//! The same storm over codes (RFC 6749 §4.1): a crowd that is signed in is sent back with
//! codes and redeems them. A code that was given still works once after the kill, one that
//! was redeemed never again, and one whose answer did not come at most once.

use std::net::SocketAddr;

use crate::crowd::{CYCLES, Chance, Faults, Sentences, Use, storm};
use crate::support::browser::Browser;
use crate::support::gateway::{Folder, Gateway};
use crate::{ask, copy_files, exchange, get, member, yaml};

/// RFC 7636 appendix B.
const CHALLENGE: &str = "code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

const CALLBACK: &str = "https://shop.example/cb";

const LOST: &str = "an acknowledged code was lost";
const REUSED: &str = "a redeemed code worked again";
const FORGOTTEN: &str = "what a code became was lost";

/// What one member of the crowd was told, and what it asked without an answer.
#[derive(Default)]
struct Journal {
    /// A code that was given and not presented.
    fresh: Option<String>,
    /// A code that was presented, if no answer came.
    open: Option<String>,
    /// Codes that were redeemed, with the access token each became.
    redeemed: Vec<(String, String)>,
    /// Answers that came and were wrong.
    faults: Vec<String>,
}

fn with_codes() -> String {
    let text = yaml("opaque");
    let grants = "grants: [client_credentials, password, refresh_token], scopes: [read, write] }";
    let codes = format!(
        "grants: [client_credentials, password, refresh_token, authorization_code], redirect_uris: [{CALLBACK}], \
         consent: skip, scopes: [read, write] }}"
    );
    assert!(text.contains(grants), "{text}");
    text.replace(grants, &codes)
}

#[test]
fn codes_that_were_given_work_once_whenever_it_is_killed() {
    let chance = Chance::new();
    let mut gateway = Gateway::start("kill9-codes", &with_codes());
    let session = signed_in(&gateway);
    let mut redeemed = 0;
    for _ in 0..CYCLES {
        let journals = storm(&gateway, &chance, |address, journal| step(address, &session, journal));
        gateway = Gateway::start_in(gateway.kill());
        let address = gateway.address("clear");
        redeemed += journals.iter().map(|journal| journal.redeemed.len()).sum::<usize>();
        let faults: Vec<String> = journals.iter().flat_map(|journal| judge(journal, address)).collect();
        assert_eq!(faults, Vec::<String>::new());
    }
    println!("{redeemed} acknowledged redemptions over {CYCLES} kills");
    assert!(redeemed > CYCLES, "the storm did something between the kills");
}

/// That the judge can see a fault is shown by putting the database back.
#[test]
fn a_lost_code_does_not_go_unnoticed() {
    let mut gateway = Gateway::start("kill9-codes-lost", &with_codes());
    let session = signed_in(&gateway);
    let mut journals = [Journal::default(), Journal::default()];
    // Given before the image, redeemed after it.
    assert!(step(gateway.address("clear"), &session, &mut journals[0]), "{:?}", journals[0].faults);
    let (folder, kept) = (gateway.kill(), Folder::new("kill9-codes-kept"));
    copy_files(&folder.path().join("state"), kept.path());
    gateway = Gateway::start_in(folder);
    for journal in &mut journals {
        assert!(step(gateway.address("clear"), &session, journal), "{:?}", journal.faults);
    }
    let folder = gateway.kill();
    copy_files(kept.path(), &folder.path().join("state"));
    gateway = Gateway::start_in(folder);
    let found: Vec<String> = journals.iter().flat_map(|journal| judge(journal, gateway.address("clear"))).collect();
    for fault in [LOST, REUSED, FORGOTTEN] {
        assert!(found.iter().any(|found| found.starts_with(fault)), "{fault}: not noticed; noticed: {found:#?}");
    }
}

/// The cookies of somebody who signed in; they outlive every kill.
fn signed_in(gateway: &Gateway) -> String {
    let mut browser = Browser::new(&gateway.https("public"));
    browser.open(&request());
    browser.sign_in("ana", "p4ssw0rd");
    assert!(browser.told("code").is_some(), "{}\n{}", browser.place, browser.page.body);
    let cookies: Vec<String> = browser.jar.iter().map(|(name, value)| format!("{name}={value}")).collect();
    cookies.join("; ")
}

fn request() -> String {
    format!(
        "/oauth2/authorize?response_type=code&client_id=shop&redirect_uri={CALLBACK}&scope=read&state=s&{CHALLENGE}"
    )
}

/// Gets a code, or redeems the one it has; `false` when no answer came, or a wrong one.
fn step(address: SocketAddr, session: &str, journal: &mut Journal) -> bool {
    match journal.fresh.take() {
        None => {
            let Some(answer) = authorize(address, session) else { return false };
            journal.fresh = code_in(&answer);
            if journal.fresh.is_none() {
                journal.faults.push(format!("no code came: {answer}"));
            }
            journal.fresh.is_some()
        }
        Some(code) => {
            journal.open = Some(code.clone());
            let Some(answer) = ask(address, "token", &form(&code)) else { return false };
            journal.open = None;
            if !answer.starts_with("HTTP/1.1 200") {
                journal.faults.push(format!("a fresh code was refused: {answer}"));
                return false;
            }
            journal.redeemed.push((code, member(&answer, "access_token")));
            true
        }
    }
}

/// What the journal says and the restarted gateway does not.
fn judge(journal: &Journal, address: SocketAddr) -> Vec<String> {
    let outlived = "what a code became outlived its second use";
    let say = Sentences { lost: LOST, twice: "a code worked twice", outlived };
    let mut faults = Faults(journal.faults.clone());
    for (_, access) in &journal.redeemed {
        faults.expect(&get(address, access), "HTTP/1.1 200", FORGOTTEN);
    }
    let fresh = journal.fresh.iter().map(|code| (code, Use::Untouched));
    for (code, used) in fresh.chain(journal.open.iter().map(|code| (code, Use::Unanswered))) {
        let try_access = |first: &str| get(address, &member(first, "access_token"));
        faults.judge_once(used, || redeem(address, code), try_access, &say);
    }
    if let Some((code, access)) = journal.redeemed.last() {
        faults.expect(&redeem(address, code), "HTTP/1.1 400", REUSED);
        faults.expect(&get(address, access), "HTTP/1.1 401", outlived);
    }
    faults.0
}

fn form(code: &str) -> String {
    format!("grant_type=authorization_code&code={code}&redirect_uri={CALLBACK}&code_verifier={VERIFIER}")
}

fn redeem(address: SocketAddr, code: &str) -> String {
    ask(address, "token", &form(code)).expect("an answer")
}

fn authorize(address: SocketAddr, session: &str) -> Option<String> {
    let target = request();
    exchange(
        address,
        &format!("GET {target} HTTP/1.1\r\nHost: issuer.example\r\nConnection: close\r\nCookie: {session}\r\n\r\n"),
    )
}

/// The code in the address that an answer sends the person to.
fn code_in(answer: &str) -> Option<String> {
    let place = answer.lines().find_map(|line| line.strip_prefix("location: ").or(line.strip_prefix("Location: ")))?;
    let query = place.strip_prefix(CALLBACK)?.strip_prefix('?')?;
    query.split('&').find_map(|pair| pair.strip_prefix("code=")).map(str::to_owned)
}
