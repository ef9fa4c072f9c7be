//! The audit log, read back: shape, file mode, and what happens to lost lines.

use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::Ordering;

use serde::Serialize;

use super::{AuditLog, Target};
use crate::clock::UnixTime;

#[derive(Serialize)]
struct Event {
    event: &'static str,
    client: Option<String>,
}

fn scratch(name: &str) -> std::path::PathBuf {
    std::env::temp_dir().join(format!("tollgate-audit-{}-{name}", std::process::id()))
}

#[test]
fn a_file_is_private_and_appended_to() {
    let path = scratch("append");
    let _ = std::fs::remove_file(&path);
    for client in ["one", "two"] {
        let log = AuditLog::start(Target::File(path.clone()).open().expect("a file")).expect("a thread");
        let event = Event { event: "token_issued", client: Some(client.to_owned()) };
        log.write(UnixTime(1_700_000_000), Some(std::net::IpAddr::from([192, 0, 2, 1])), &event);
        log.close();
    }
    let mode = std::fs::metadata(&path).expect("the file").permissions().mode() & 0o777;
    let text = std::fs::read_to_string(&path).expect("text");
    let _ = std::fs::remove_file(&path);
    assert_eq!(mode, 0o600);
    let line = |client: &str| {
        format!(
            "{{\"time\":\"2023-11-14T22:13:20Z\",\"log\":\"audit\",\"peer\":\"192.0.2.1\",\"event\":\"token_issued\",\
             \"client\":\"{client}\"}}\n"
        )
    };
    assert_eq!(text, line("one") + &line("two"));
}

#[test]
fn lost_lines_are_named_in_the_next_one() {
    let path = scratch("lost");
    let _ = std::fs::remove_file(&path);
    let log = AuditLog::start(Target::File(path.clone()).open().expect("a file")).expect("a thread");
    // Not a record: there is no place for the time, so the line cannot be written.
    log.write(UnixTime(1), None, &"just a word");
    assert_eq!(log.dropped().load(Ordering::Relaxed), 1);
    log.write(UnixTime(2), None, &Event { event: "revoked", client: None });
    log.close();
    let text = std::fs::read_to_string(&path).expect("text");
    let _ = std::fs::remove_file(&path);
    let lines: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).expect("one JSON object a line")).collect();
    assert_eq!(lines.len(), 2);
    assert_eq!((&lines[0]["event"], &lines[0]["lines"]), (&"audit_lines_lost".into(), &1.into()));
    assert_eq!(lines[1]["event"], "revoked");
}

#[test]
fn a_file_that_cannot_be_made_is_an_error() {
    let nowhere = Target::File(scratch("no-such-folder").join("audit.log"));
    assert!(nowhere.open().is_err());
}
