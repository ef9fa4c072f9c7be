//! A reload is one swap or none: by signal and by file change, under requests.

mod support;

use std::fs;
use std::path::Path;
use std::process::Command;

use support::gateway::{Folder, Gateway};
use support::http::{curl, until};
use support::token::{call, client_credentials};
use support::yaml::standard;

fn metric(gateway: &Gateway, name: &str) -> Option<f64> {
    let page = curl(&[&format!("http://{}/metrics", gateway.address("metrics"))]).body;
    page.lines().find(|l| l.starts_with(name))?.rsplit(' ').next()?.parse().ok()
}

fn write(gateway: &Gateway, yaml: &str) {
    let path = gateway.folder.path().join("gateway.yaml");
    let next = gateway.folder.path().join("next.yaml");
    fs::write(&next, yaml).expect("the new file");
    fs::rename(next, path).expect("moved into place");
}

#[test]
fn a_good_file_takes_effect_and_a_bad_one_changes_nothing() {
    let yaml = standard("builtin:echo");
    let gateway = Gateway::start("reload", &yaml);
    let token = client_credentials(&gateway, "shop:shop-secret", "read");
    assert_eq!(call(&gateway, "GET", &token).status, 200);

    let stricter =
        yaml.replace("{ methods: [GET, HEAD], scopes: [read] }", "{ methods: [GET, HEAD], scopes: [admin] }");
    assert_ne!(stricter, yaml);
    write(&gateway, &stricter);
    gateway.signal("HUP");
    until("the stricter rule", || call(&gateway, "GET", &token).status == 403);
    until("it is said", || metric(&gateway, "tollgate_config_last_reload_successful") == Some(1.0));

    write(&gateway, &yaml.replace("scopes: [read] }", "scoopes: [read] }"));
    gateway.signal("HUP");
    until("the refusal", || metric(&gateway, "tollgate_config_last_reload_successful") == Some(0.0));
    assert_eq!(call(&gateway, "GET", &token).status, 403, "the old rules stand");
    gateway.says("scoopes");
    gateway.says("gateway.yaml");

    write(&gateway, &yaml);
    until("the file is watched: no signal this time", || call(&gateway, "GET", &token).status == 200);
}

#[test]
fn what_needs_a_restart_is_said_and_not_half_done() {
    let yaml = standard("builtin:echo");
    let gateway = Gateway::start("restart", &yaml);
    let other = yaml.replace("clear: { address: \"127.0.0.1:0\" }", "clear: { address: \"127.0.0.2:0\" }");
    assert_ne!(other, yaml);
    write(&gateway, &other);
    gateway.signal("HUP");
    until("the refusal", || metric(&gateway, "tollgate_config_last_reload_successful") == Some(0.0));
    gateway.says("cannot change while the gateway runs");
}

/// A certificate for `localhost` and its key, good for so many days.
fn certify(folder: &Path, days: &str) {
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"])
        .args(["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"])
        .args(["-days", days, "-keyout", "next.key", "-out", "next.crt"])
        .current_dir(folder)
        .output()
        .expect("openssl is installed by tests/run");
    assert!(made.status.success(), "{made:?}");
    for (from, to) in [("next.key", "tls.key"), ("next.crt", "tls.crt")] {
        fs::rename(folder.join(from), folder.join(to)).expect("moved into place");
    }
}

#[test]
fn a_certificate_is_replaced_under_load_and_its_end_is_shown() {
    let folder = Folder::new("certificate");
    certify(folder.path(), "30");
    let files = "tls: { certificates: [{ cert: tls.crt, key: tls.key }] }";
    let yaml = standard("builtin:echo").replace("tls: self-signed", files);
    fs::write(folder.path().join("gateway.yaml"), yaml).expect("the configuration");
    let gateway = Gateway::start_in(folder);
    let end = || metric(&gateway, "tollgate_certificate_expiry_timestamp_seconds{name=\"public\"}");
    let first = end().expect("the end of the certificate is exported");

    certify(gateway.folder.path(), "60");
    let url = format!("{}/open/x", gateway.https("public"));
    let authority = gateway.folder.path().join("tls.crt");
    let authority = authority.to_str().expect("a name in UTF-8");
    until("the new end", || {
        assert_eq!(curl(&["-k", &url]).status, 200, "no handshake fails meanwhile");
        end() > Some(first)
    });
    let later = end().expect("exported") - first;
    assert!((later - 30.0 * 86_400.0).abs() < 3_600.0, "thirty days more, not {later} s");
    assert_eq!(
        curl(&["--no-insecure", "--cacert", authority, &url]).status,
        200,
        "the new certificate is the one that is served"
    );
}
