//! What people see, with a real Chromium: they sign in, agree, register an application
//! that a real OAuth client uses, and take access back. Every page is photographed on a
//! phone and on a desk (`target/tmp/pictures`), and passes axe without one violation.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::house::{PASSWORD, yaml};
use crate::support::gateway::{Gateway, finish};

/// Who may register, so that every page is there.
const RULES: &str = "      applications: { register: everyone, admins: admins }\n";

/// The packages of `tests/node`; `None`, and loudly so, where there can be none.
fn packages() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("node");
    let prepare = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/node/prepare");
    let made = Command::new(prepare).arg(&folder).stdin(Stdio::null()).status();
    let chromium = Command::new("chromium").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    let all = made.is_ok_and(|status| status.success()) && chromium.is_ok();
    if !all {
        eprintln!("NOT CHECKED: the pages in a real browser (needs chromium, node and npm; tests/run installs them)");
    }
    all.then_some(folder)
}

/// Runs a script of `tests/people/browser` against a gateway; it says what it has seen.
fn seen(script: &str, gateway: &Gateway, more: &[&str]) {
    let Some(packages) = packages() else { return };
    let pictures = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pictures");
    std::fs::create_dir_all(&pictures).expect("a folder for pictures");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/people/browser").join(script);
    let mut node = Command::new("node");
    node.arg(script).arg(gateway.https("public")).arg(&pictures).arg(PASSWORD).args(more);
    // The certificate is self-signed, and this is about what is said.
    node.env("TOLLGATE_NODE", packages).env("NODE_TLS_REJECT_UNAUTHORIZED", "0").env("NODE_NO_WARNINGS", "1");
    let (code, out, err) = finish(&mut node);
    assert!(code == 0 && out.trim_end().ends_with("pages seen"), "{code}\n{out}\n{err}\n{}", gateway.stderr());
}

#[test]
fn people_get_along_with_every_page() {
    seen("people.mjs", &Gateway::start("chromium", &yaml(RULES)), &[]);
}

#[test]
fn a_colour_that_is_hard_to_read_is_made_legible() {
    for (name, colour) in [("pale", "#ffe680"), ("middle", "#8a8a8a")] {
        let text = yaml(RULES).replace("#1f5fbf", colour);
        seen("colour.mjs", &Gateway::start(name, &text), &[name]);
    }
}
