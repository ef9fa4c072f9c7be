//! Certificates that change while callers shake hands: files that are replaced, links
//! that are turned (as Kubernetes does), and a pair that does not fit, which changes
//! nothing. Not one handshake may fail.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use crate::authority::{Authority, Issued, put};
use crate::crowd::{Crowd, Manner};
use crate::support::gateway::{Folder, Gateway};
use crate::support::http::{curl, until};
use crate::support::yaml::standard;

fn metric(gateway: &Gateway, name: &str) -> Option<f64> {
    let page = curl(&[&format!("http://{}/metrics", gateway.address("metrics"))]).body;
    page.lines().find(|line| line.starts_with(name))?.rsplit(' ').next()?.parse().ok()
}

/// The serial number of the certificate that is served now.
fn served(gateway: &Gateway) -> String {
    let at = gateway.address("public").to_string();
    let seen = std::process::Command::new("openssl")
        .args(["s_client", "-connect", &at, "-servername", "localhost"])
        .stdin(std::process::Stdio::null())
        .output()
        .expect("openssl is installed by tests/run");
    let text = String::from_utf8_lossy(&seen.stdout).into_owned();
    let from = text.find("-----BEGIN CERTIFICATE").expect("a certificate");
    let to = text.find("-----END CERTIFICATE").expect("its end");
    text[from..to].trim().to_owned()
}

fn is_served(gateway: &Gateway, issued: &Issued) -> bool {
    issued.certificate.replace("\r\n", "\n").starts_with(&served(gateway))
}

fn start(folder: Folder) -> Gateway {
    let files = "tls: { certificates: [{ cert: tls.crt, key: tls.key }] }";
    let yaml = standard("builtin:echo").replace("tls: self-signed", files);
    fs::write(folder.path().join("gateway.yaml"), yaml).expect("the configuration");
    Gateway::start_in(folder)
}

#[test]
fn files_are_replaced_under_load_and_no_handshake_fails() {
    let authority = Authority::new("roots of the test");
    let folder = Folder::new("swap");
    let first = authority.issue("localhost", &["localhost"]);
    first.write(folder.path());
    let gateway = start(folder);
    let folder = gateway.folder.path();
    assert!(is_served(&gateway, &first));
    let crowd = Crowd::gather(6, &Manner::Secure(authority.client(None)), gateway.address("public"), "/open/x");
    for _ in 0..4 {
        crowd.wait_for(50);
        let next = authority.issue("localhost", &["localhost"]);
        next.write(folder);
        until("the new certificate", || is_served(&gateway, &next));
    }
    crowd.wait_for(50);

    // A key of another certificate: refused, said, and the pair before stays.
    let last = authority.issue("localhost", &["localhost"]);
    last.write(folder);
    until("the last certificate", || is_served(&gateway, &last));
    put(&folder.join("tls.key"), &first.key);
    until("the refusal", || metric(&gateway, "tollgate_config_last_reload_successful") == Some(0.0));
    assert!(is_served(&gateway, &last), "the old pair stays");
    gateway.says("does not belong to the certificate");
    crowd.wait_for(50);
    for broken in ["", "-----BEGIN CERTIFICATE-----\nAAAA"] {
        put(&folder.join("tls.crt"), broken);
        crowd.wait_for(50);
    }
    assert!(is_served(&gateway, &last), "still");
    first.write(folder);
    until("the way back", || is_served(&gateway, &first));
    let faults = crowd.disperse();
    assert!(faults.is_empty(), "{faults:#?}");
    let failed = metric(&gateway, "tollgate_tls_handshakes_total{listener=\"public\",result=\"failed\"");
    assert_eq!(failed.unwrap_or_default(), 0.0, "no handshake failed on this side either");
}

/// A link that is replaced by another in one step.
fn turn(link: &Path, target: &str) {
    let fresh = link.with_file_name("turned");
    symlink(target, &fresh).and_then(|()| fs::rename(&fresh, link)).expect("a link");
}

#[test]
fn links_are_turned_under_load_and_no_handshake_fails() {
    let authority = Authority::new("roots of the test");
    let folder = Folder::new("links");
    let issue = |version: &str| {
        let issued = authority.issue("localhost", &["localhost"]);
        let inside = folder.path().join(version);
        fs::create_dir_all(&inside).expect("a folder");
        issued.write(&inside);
        issued
    };
    let versions = ["..1", "..2", "..3"].map(|version| (version, issue(version)));
    turn(&folder.path().join("..data"), versions[0].0);
    for name in ["tls.crt", "tls.key"] {
        symlink(format!("..data/{name}"), folder.path().join(name)).expect("a link");
    }
    let gateway = start(folder);
    let crowd = Crowd::gather(4, &Manner::Secure(authority.client(None)), gateway.address("public"), "/open/x");
    for (version, issued) in versions.iter().chain(&versions) {
        crowd.wait_for(30);
        turn(&gateway.folder.path().join("..data"), version);
        until("the turned certificate", || is_served(&gateway, issued));
    }
    let faults = crowd.disperse();
    assert!(faults.is_empty(), "{faults:#?}");
}
