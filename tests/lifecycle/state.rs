//! The state folder and the audit log while somebody else moves them: what the operator
//! is told, and that nothing is lost in silence.

use std::fs;

use crate::support::gateway::{Folder, Gateway};
use crate::support::http::{curl, until};
use crate::support::token::client_credentials;
use crate::support::yaml::standard;

#[test]
fn a_state_folder_that_is_taken_away_is_no_longer_ready() {
    let gateway = Gateway::start("taken-away", &standard("builtin:echo"));
    let ready = format!("http://{}/readyz", gateway.address("metrics"));
    assert_eq!(curl(&[&ready]).status, 200);
    let (state, aside) = (gateway.folder.path().join("state"), gateway.folder.path().join("aside"));
    fs::rename(&state, &aside).expect("moved");
    let answer = curl(&[&format!("{ready}?verbose")]);
    assert_eq!(answer.status, 503, "{answer:?}");
    // Traffic that is there already is served as before.
    let open = format!("{}/open/x", gateway.https("public"));
    assert_eq!(curl(&[&open]).status, 200);
    fs::rename(&aside, &state).expect("moved back");
    assert_eq!(curl(&[&ready]).status, 200);
    fs::remove_dir_all(&state).expect("removed");
    assert_eq!(curl(&[&ready]).status, 503);
    assert_eq!(curl(&[&open]).status, 200);
    assert_eq!(gateway.stop().0, Some(0));
}

#[test]
fn an_audit_log_that_is_rotated_begins_anew_under_its_name() {
    let folder = Folder::new("rotated");
    let yaml = standard("builtin:echo").replace("observability: {", "observability: { audit: audit.log,");
    fs::write(folder.path().join("gateway.yaml"), yaml).expect("the configuration");
    let gateway = Gateway::start_in(folder);
    let (path, old) = (gateway.folder.path().join("audit.log"), gateway.folder.path().join("audit.log.1"));
    let lines = |path: &std::path::Path| fs::read_to_string(path).unwrap_or_default().lines().count();
    client_credentials(&gateway, "shop:shop-secret", "read");
    until("a line", || lines(&path) > 0);
    fs::rename(&path, &old).expect("moved");
    let before = lines(&old);
    client_credentials(&gateway, "shop:shop-secret", "read");
    until("a line in the new file", || lines(&path) > 0);
    assert_eq!(lines(&old), before, "nothing more goes to the old one");
}
