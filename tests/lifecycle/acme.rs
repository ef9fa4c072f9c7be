//! Certificates that the gateway gets by itself, the built program against an authority of
//! the tests' own: proven by a text and by a handshake, in force without a restart, kept
//! over one, undisturbed by a reload and by a new program.

use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, Instant};

use crate::acme_authority::{AcmeAuthority, Script, connect, handshake};
use crate::authority::{Authority, put};
use crate::support::gateway::{Folder, Gateway};
use crate::support::http::curl;
use crate::support::yaml::standard;

fn until(what: &str, gateway: &Gateway, done: impl Fn() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < Duration::from_secs(60), "in vain: {what}; {}", gateway.stderr());
        std::thread::park_timeout(Duration::from_millis(1));
    }
}

/// A folder with a configuration that gets its certificate from `authority`.
fn configured(authority: &AcmeAuthority, web: &Authority, challenge: &str, more: &str) -> Folder {
    let folder = Folder::new("acme");
    put(&folder.path().join("web.pem"), &web.pem());
    let acme = format!(
        "tls: {{ acme: {{ names: [Shop.Example, www.shop.example], contact: ops@shop.example, directory: \"{}\", \
         challenge: {challenge}, ca: web.pem, terms_agreed: true }} }}",
        authority.directory()
    );
    let yaml = standard("builtin:echo")
        .replace("tls: self-signed", &acme)
        .replace("  clear:", "  plain: { address: \"127.0.0.1:0\", redirect: https }\n  clear:")
        + more;
    fs::write(folder.path().join("gateway.yaml"), yaml).expect("the configuration");
    folder
}

fn start(authority: &AcmeAuthority, folder: Folder) -> Gateway {
    let gateway = Gateway::start_in(folder);
    authority.lead_to(gateway.address("plain"), gateway.address("public"));
    gateway
}

/// Whether callers are shown the newest certificate of the authority.
fn is_served(gateway: &Gateway, authority: &AcmeAuthority) -> bool {
    let seen = handshake(gateway.address("public"), "shop.example", &["http/1.1"]).expect("a handshake");
    authority.issued().last() == Some(&seen.certificate)
}

fn metric(gateway: &Gateway, name: &str) -> Option<f64> {
    let page = curl(&[&format!("http://{}/metrics", gateway.address("metrics"))]).body;
    page.lines().find(|line| line.starts_with(name))?.rsplit(' ').next()?.parse().ok()
}

fn ready(gateway: &Gateway) -> String {
    let answer = curl(&[&format!("http://{}/readyz?verbose", gateway.address("metrics"))]);
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.body
}

/// The long lines of every key in the state folder.
fn secrets(folder: &Folder) -> Vec<String> {
    let mut out = Vec::new();
    for entry in fs::read_dir(folder.path().join("state/acme")).expect("the folder") {
        let entry = entry.expect("an entry");
        let mode = entry.metadata().expect("its facts").permissions().mode();
        assert_eq!(mode & 0o077, 0, "{:?} is open to others", entry.path());
        let text = fs::read_to_string(entry.path()).expect("text");
        if let Some((_, key)) = text.split_once("-----BEGIN PRIVATE KEY-----") {
            out.extend(key.lines().filter(|line| line.len() > 40).map(str::to_owned));
        }
        if let Ok(account) = serde_json::from_str::<serde_json::Value>(&text) {
            out.extend(account["credentials"]["key_pkcs8"].as_str().map(str::to_owned));
        }
    }
    assert!(out.len() >= 3, "the keys of a certificate and of an account");
    out
}

fn proven_by(challenge: &'static str) {
    let web = Authority::new("web of the test");
    let authority = AcmeAuthority::start(&web, Script { challenge, bad_nonces: 2, ..Script::default() });
    let gateway = start(&authority, configured(&authority, &web, challenge, ""));
    until("the certificate", &gateway, || !authority.issued().is_empty() && is_served(&gateway, &authority));
    authority.assert_content();
    assert_eq!(authority.ask(|books| (books.looks, books.orders.len(), books.accounts.len())), (2, 1, 1));
    assert_eq!(authority.ask(|books| books.contacts.clone()), [serde_json::json!(["mailto:ops@shop.example"])]);
    let label = "{certificate=\"shop.example\"";
    assert_eq!(metric(&gateway, &format!("tollgate_acme_orders_total{label},result=\"ok\"}}")), Some(1.0));
    let end =
        metric(&gateway, &format!("tollgate_acme_certificate_expiry_timestamp_seconds{label}}}")).expect("an end");
    let due = metric(&gateway, &format!("tollgate_acme_certificate_renewal_timestamp_seconds{label}}}")).expect("due");
    assert!((30.0..=33.1).contains(&((end - due) / 86_400.0)), "{} days before", (end - due) / 86_400.0);
    assert!(ready(&gateway).contains("[+] certificate: shop.example ends "), "{}", ready(&gateway));

    // Nothing hangs there any more: such paths go their usual way.
    let token = authority.ask(|books| books.orders[0].names[0].token.clone());
    for (listener, status) in [("plain", 308), ("clear", 404)] {
        let url = format!("http://{}/.well-known/acme-challenge/{token}", gateway.address(listener));
        assert_eq!(curl(&[&url]).status, status);
    }
    let refused = handshake(gateway.address("public"), "shop.example", &["acme-tls/1"]);
    assert!(refused.is_err(), "no proof, no handshake: {refused:?}");

    // After a restart it is there from the first handshake on, and nothing is ordered.
    let log = gateway.stderr();
    let (code, folder) = gateway.stop();
    assert_eq!(code, Some(0));
    let gateway = start(&authority, folder);
    assert!(is_served(&gateway, &authority));
    assert_eq!(metric(&gateway, &format!("tollgate_acme_orders_total{label},result=\"ok\"}}")), Some(0.0));
    assert_eq!(authority.ask(|books| (books.orders.len(), books.accounts.len())), (1, 1));
    assert!(log.contains("a certificate was issued") && log.contains("ordering"), "{log}");
    let log = log + &gateway.stderr();
    for secret in secrets(&gateway.folder) {
        assert!(!log.contains(&secret), "a key is in the log");
    }
    authority.assert_content();
}

#[test]
fn a_text_proves_a_name() {
    proven_by("http-01");
}

#[test]
fn a_handshake_proves_a_name() {
    proven_by("tls-alpn-01");
}

#[test]
fn a_proof_is_shown_to_whoever_asks_for_nothing_else() {
    let web = Authority::new("web of the test");
    let script = Script { challenge: "tls-alpn-01", hold: true, ..Script::default() };
    let authority = AcmeAuthority::start(&web, script);
    let gateway = start(&authority, configured(&authority, &web, "tls-alpn-01", "runtime: { workers: 3 }\n"));
    let public = gateway.address("public");
    let shown = |name: &str, protocols: &[&str]| handshake(public, name, protocols).map(|seen| seen.proof().is_some());
    until("the proofs", &gateway, || shown("www.shop.example", &["acme-tls/1"]) == Ok(true));
    // Connections are spread over workers by their ports, so some of each come to each.
    for _ in 0..16 {
        assert_eq!(shown("shop.example", &["acme-tls/1"]), Ok(true));
        for other in [&["h2"][..], &["http/1.1"], &[], &["acme-tls/1", "h2"], &["h2", "acme-tls/1"]] {
            assert_eq!(shown("shop.example", other), Ok(false), "{other:?}");
        }
    }
    assert!(shown("other.example", &["acme-tls/1"]).is_err(), "nothing is proven of this name");
    let both = handshake(public, "shop.example", &["acme-tls/1", "h2"]).expect("a handshake");
    assert_eq!(both.protocol.as_deref(), Some("h2"));
    assert!(ready(&gateway).contains("shop.example is a stand-in"), "{}", ready(&gateway));
    authority.change(|books| books.script.hold = false);
    until("the certificate", &gateway, || is_served_if_any(&gateway, &authority));
    authority.assert_content();
}

fn is_served_if_any(gateway: &Gateway, authority: &AcmeAuthority) -> bool {
    !authority.issued().is_empty() && is_served(gateway, authority)
}

#[test]
fn a_name_more_takes_the_certificate_from_nobody() {
    let web = Authority::new("web of the test");
    let authority = AcmeAuthority::start(&web, Script { challenge: "http-01", ..Script::default() });
    let gateway = start(&authority, configured(&authority, &web, "http-01", ""));
    until("the certificate", &gateway, || is_served_if_any(&gateway, &authority));
    authority.change(|books| books.script.hold = true);
    let file = gateway.folder.path().join("gateway.yaml");
    let yaml = fs::read_to_string(&file).expect("the configuration");
    put(&file, &yaml.replace("www.shop.example]", "www.shop.example, new.shop.example]"));
    authority.wait("the second order", |books| books.orders.len() == 2);
    assert!(is_served(&gateway, &authority), "the one before, while the next is ordered");
    assert!(ready(&gateway).contains("is a stand-in"), "{}", ready(&gateway));
    authority.change(|books| books.script.hold = false);
    authority.wait("the second one", |books| books.issued.len() == 2);
    until("the second one", &gateway, || is_served(&gateway, &authority));
    let seen = handshake(gateway.address("public"), "new.shop.example", &["h2"]).expect("a handshake");
    assert_eq!(seen.names(), ["shop.example", "www.shop.example", "new.shop.example"]);
    authority.assert_content();
}

#[test]
fn an_order_goes_on_over_a_reload_and_no_connection_is_dropped() {
    let web = Authority::new("web of the test");
    let script = Script { challenge: "http-01", hold: true, ..Script::default() };
    let authority = AcmeAuthority::start(&web, script);
    let gateway = start(&authority, configured(&authority, &web, "http-01", ""));
    let mut before = connect(gateway.address("public"), "shop.example", &["http/1.1"]).expect("a connection");
    let mut ask = |what: &str| {
        before.write_all(b"GET /open/x HTTP/1.1\r\nHost: shop.example\r\n\r\n").expect("it is still there");
        let mut space = [0; 4096];
        let read = before.read(&mut space).expect("an answer");
        assert!(space[..read].starts_with(b"HTTP/1.1 200"), "{what}: {}", String::from_utf8_lossy(&space[..read]));
    };
    ask("under the stand-in");
    authority.wait("both challenges", |books| {
        books.orders.first().is_some_and(|order| order.names.iter().all(|name| name.state.word() == "processing"))
    });

    let file = gateway.folder.path().join("gateway.yaml");
    let yaml = fs::read_to_string(&file).expect("the configuration");
    let route = "routes:\n  - { path: /new/**, upstream: backend, access: public }\n";
    put(&file, &yaml.replace("routes:\n", route));
    until("the reload", &gateway, || metric(&gateway, "tollgate_config_reloads_total{result=\"ok\"}") == Some(1.0));
    // A file that is broken when the certificate comes is in nobody's way.
    put(&file, &yaml.replace("routes:\n", "rutes:\n"));
    until("the refusal", &gateway, || metric(&gateway, "tollgate_config_last_reload_successful") == Some(0.0));
    assert!(!is_served_if_any(&gateway, &authority));
    authority.change(|books| books.script.hold = false);
    until("the certificate", &gateway, || is_served_if_any(&gateway, &authority));
    ask("after the swap");
    assert_eq!(authority.ask(|books| books.orders.len()), 1, "the same order");
    assert_eq!(metric(&gateway, "tollgate_config_last_reload_successful"), Some(0.0), "no reload was needed");
    authority.assert_content();
}

#[test]
fn a_new_program_finds_what_is_kept_and_two_never_order_at_once() {
    let web = Authority::new("web of the test");
    let script = Script { challenge: "http-01", hold: true, ..Script::default() };
    let authority = AcmeAuthority::start(&web, script);
    let mut gateway = start(&authority, configured(&authority, &web, "http-01", ""));
    let processing = |order: usize| {
        authority.wait("the challenges of an order", |books| {
            books
                .orders
                .get(order)
                .is_some_and(|order| order.names.iter().all(|name| name.state.word() == "processing"))
        });
    };
    processing(0);
    gateway.signal("USR2");
    gateway.next_banner();
    let successor = crate::succession::Orphan::owner_of(gateway.folder.path(), gateway.pid());
    assert_eq!(gateway.wait_for_end(), Some(0), "the order under way is given up with its process");
    processing(1);
    authority.change(|books| books.script.hold = false);
    authority.wait("the certificate", |books| books.issued.len() == 1);
    until("the certificate", &gateway, || is_served(&gateway, &authority));
    assert_eq!(authority.ask(|books| (books.orders.len(), books.accounts.len())), (2, 1), "one each, one account");

    // The next one has it from its first handshake on.
    successor.signal("USR2");
    gateway.next_banner();
    let third = crate::succession::Orphan::owner_of(gateway.folder.path(), successor.id());
    successor.wait();
    assert!(is_served(&gateway, &authority));
    assert_eq!(authority.ask(|books| books.orders.len()), 2);
    authority.assert_content();
    third.end();
}
