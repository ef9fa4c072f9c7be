//! Sessions: a fresh secret at every sign-in, a list, ending one or all others.

use std::process::Command;

use crate::house::{PASSWORD, browser, start, yaml};
use crate::support::browser::Browser;
use crate::support::gateway::Gateway;

const COOKIE: &str = "__Host-session-main";

fn signed_in(gateway: &Gateway, name: &str) -> Browser {
    let mut browser = browser(gateway);
    browser.open("/oauth2/sign_in");
    browser.sign_in(name, PASSWORD);
    assert_eq!(browser.place, "/oauth2/account");
    browser
}

#[test]
fn a_sign_in_never_takes_a_secret_that_was_there_before() {
    let gateway = start("fixation");
    let planted = format!("tgn_{}", "A".repeat(43));
    let mut victim = browser(&gateway);
    victim.jar.insert(COOKIE.to_owned(), planted.clone());
    victim.open("/oauth2/sign_in");
    victim.sign_in("ana", PASSWORD);
    let first = victim.jar[COOKIE].clone();
    assert_ne!(first, planted);
    let mut attacker = browser(&gateway);
    attacker.jar.insert(COOKIE.to_owned(), planted);
    attacker.open("/oauth2/account");
    assert!(attacker.place.starts_with("/oauth2/sign_in"), "{}", attacker.place);
    // Signing in anew in the same browser ends the session before.
    victim.open(&crate::house::shop("&scope=orders:read&prompt=login"));
    victim.sign_in("ana", PASSWORD);
    assert_ne!(victim.jar[COOKIE], first);
    let mut old = browser(&gateway);
    old.jar.insert(COOKIE.to_owned(), first);
    old.open("/oauth2/account");
    assert!(old.place.starts_with("/oauth2/sign_in"), "{}", old.place);
}

#[test]
fn sessions_are_listed_and_ended() {
    let gateway = start("ended");
    let (mut one, mut two, mut three) =
        (signed_in(&gateway, "ana"), signed_in(&gateway, "ana"), signed_in(&gateway, "ana"));
    let mut olga = signed_in(&gateway, "olga");
    one.open("/oauth2/sessions");
    assert_eq!(one.page.body.matches("Sign out there</button>").count(), 2, "{}", one.page.body);
    assert_eq!(one.page.body.matches("This browser").count(), 1);
    let last = one.page.body.split("name=\"session\" value=\"").nth(1).and_then(|rest| rest.split('"').next());
    let last = last.expect("another session").to_owned();
    one.send("/oauth2/sessions", &[("session", &last), ("action", "end")]);
    assert!(one.page.body.contains("Signed out there."), "{}", one.page.body);
    let alive = |browser: &mut Browser| browser.open("/oauth2/account").body.contains("Signed in as");
    assert!(alive(&mut one) && alive(&mut two) != alive(&mut three), "one of the two others was ended");
    one.open("/oauth2/sessions");
    one.send("/oauth2/sessions", &[("action", "end_others")]);
    assert!(alive(&mut one) && !alive(&mut two) && !alive(&mut three));
    assert!(alive(&mut olga), "nobody else's");
    // Knowing the number of her session lets nobody else end it.
    let (_, folder) = gateway.stop();
    let query = "SELECT lower(hex(name)) FROM session WHERE user = 'olga'";
    let found = Command::new("sqlite3").arg(folder.path().join("state/tollgate.db")).arg(query).output();
    let number = String::from_utf8(found.expect("sqlite3 is installed by tests/run").stdout).expect("text");
    let gateway = Gateway::start_in(folder);
    for browser in [&mut one, &mut olga] {
        browser.base = gateway.https("public");
    }
    one.open("/oauth2/sessions");
    let token = one.hidden("/oauth2/sign_out")[0].1.clone();
    let fields = [("form_token", token.as_str()), ("session", number.trim()), ("action", "end")];
    one.post("/oauth2/sessions", &fields.map(|(name, value)| (name.to_owned(), value.to_owned())), &[]);
    assert_eq!((one.page.status, one.place.as_str()), (200, "/oauth2/sessions?done=ended"), "it is not told either");
    assert!(alive(&mut olga));
}

#[test]
fn sessions_survive_a_restart_and_end_when_they_are_idle() {
    let gateway = start("restart");
    let browser = signed_in(&gateway, "ana");
    let (jar, folder) = (browser.jar, gateway.kill());
    let database = folder.path().join("state/tollgate.db");
    let kept = std::fs::read(&database).expect("the store");
    let secret = jar[COOKIE].as_bytes();
    assert!(!kept.windows(secret.len()).any(|window| window == secret), "only a digest is kept");
    let gateway = Gateway::start_in(folder);
    let mut again = crate::house::browser(&gateway);
    again.jar = jar;
    assert!(again.open("/oauth2/account").body.contains("Signed in as ana"));
    let status = Command::new("sqlite3")
        .arg(gateway.folder.path().join("state/tollgate.db"))
        .arg("UPDATE session SET ends = unixepoch() - 1")
        .status();
    assert!(status.is_ok_and(|status| status.success()), "sqlite3 is installed by tests/run");
    again.open("/oauth2/account");
    assert!(again.place.starts_with("/oauth2/sign_in"), "{}", again.place);
}

#[test]
fn a_user_who_is_disabled_is_signed_out() {
    let gateway = Gateway::start("disabled", &yaml(""));
    let mut add = crate::support::gateway::tollgate(gateway.folder.path(), &["user", "add", "carl"]);
    add.env("TOLLGATE_PASSWORD", PASSWORD);
    let added = piped(&mut add, PASSWORD);
    assert!(added.status.success(), "{added:?}");
    let mut browser = signed_in(&gateway, "carl");
    let disabled = gateway.cli(&["user", "disable", "carl"]);
    assert!(disabled.status.success(), "{disabled:?}");
    browser.open("/oauth2/account");
    assert!(browser.place.starts_with("/oauth2/sign_in"), "{}", browser.place);
}

fn piped(command: &mut Command, text: &str) -> std::process::Output {
    use std::io::Write as _;
    use std::process::Stdio;
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program");
    let mut stdin = child.stdin.take().expect("piped");
    writeln!(stdin, "{text}").expect("it reads");
    drop(stdin);
    child.wait_with_output().expect("the end")
}
