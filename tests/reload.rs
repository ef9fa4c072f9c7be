//! A reload is one swap or none: by signal and by file change, under requests.

mod support;

use std::fs;
use std::time::{Duration, Instant};

use support::gateway::Gateway;
use support::http::curl;
use support::token::{call, client_credentials};
use support::yaml::standard;

/// How long a reload may take to be seen.
const SOON: Duration = Duration::from_secs(10);

fn until(what: &str, done: impl Fn() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < SOON, "{what}");
    }
}

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
    assert_eq!(metric(&gateway, "tollgate_config_last_reload_successful"), Some(1.0));

    write(&gateway, &yaml.replace("scopes: [read] }", "scoopes: [read] }"));
    gateway.signal("HUP");
    until("the refusal", || metric(&gateway, "tollgate_config_last_reload_successful") == Some(0.0));
    assert_eq!(call(&gateway, "GET", &token).status, 403, "the old rules stand");
    let log = gateway.stderr();
    assert!(log.contains("scoopes") && log.contains("gateway.yaml"), "{log}");

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
    until("the reason", || gateway.stderr().contains("cannot change while the gateway runs"));
}
