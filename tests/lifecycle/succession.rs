//! A new program in place of the running one: nobody is refused, nothing is cut, the
//! state folder has an owner at every moment, and a new program that does not start
//! changes nothing.

use std::fs;
use std::net::TcpStream;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::process::Command;

use crate::authority::{Authority, put};
use crate::crowd::{Crowd, Manner};
use crate::support::backend::Backend;
use crate::support::gateway::{Folder, Gateway, finish, send_signal, tollgate};
use crate::support::http::{curl, until};
use crate::support::token::{call, client_credentials, post};
use crate::support::yaml::standard;

/// The process that holds the state folder.
fn owner(folder: &Path) -> u32 {
    owner_after(folder, 0)
}

/// Whoever holds it once it is another process than this one.
fn owner_after(folder: &Path, before: u32) -> u32 {
    // A file that is being written is no number for a moment.
    let read = || fs::read_to_string(folder.join("state/lock")).ok()?.trim().parse::<u32>().ok();
    let mut owner = before;
    until("another owner", || {
        owner = read().unwrap_or(before);
        owner != before
    });
    owner
}

/// Whether a process is there.
fn lives(pid: u32) -> bool {
    let state = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // One that has ended waits as a zombie for whoever started it.
    state.rsplit(')').next().is_some_and(|rest| !rest.trim_start().starts_with(['Z', 'X'])) && !state.is_empty()
}

/// Ends a process that is nobody's child any more.
pub struct Orphan(u32);

impl Orphan {
    /// Whoever holds a state folder, once it is another process than this one.
    pub fn owner_of(folder: &std::path::Path, before: u32) -> Orphan {
        Orphan(owner_after(folder, before))
    }

    /// The process of this number.
    pub fn of(pid: u32) -> Orphan {
        Orphan(pid)
    }

    /// Its number.
    pub fn id(&self) -> u32 {
        self.0
    }

    /// Sends a signal by name.
    pub fn signal(&self, name: &str) {
        assert!(send_signal(self.0, name));
    }

    /// Waits for its end.
    pub fn wait(&self) {
        until("the end of a process", || !lives(self.0));
    }

    /// Ends it.
    pub fn end(&self) {
        self.signal("TERM");
        self.wait();
    }
}

impl Drop for Orphan {
    fn drop(&mut self) {
        if lives(self.0) {
            send_signal(self.0, "KILL");
        }
    }
}

#[test]
fn a_new_program_takes_over_under_load_and_nobody_is_refused() {
    let backend = Backend::ok();
    let authority = Authority::new("roots of the test");
    let folder = Folder::new("succession");
    authority.issue("localhost", &["localhost"]).write(folder.path());
    let path = folder.path().join("beside.sock");
    let yaml = standard(&backend.url())
        .replace("tls: self-signed", "tls: { certificates: [{ cert: tls.crt, key: tls.key }] }")
        .replace("  clear:", &format!("  beside: {{ address: \"unix:{}\" }}\n  clear:", path.display()))
        .replace("store:", "runtime: { workers: 2 }\nstore:");
    fs::write(folder.path().join("gateway.yaml"), yaml).expect("the configuration");
    let mut gateway = Gateway::start_in(folder);
    let (clear, public, metrics) = (gateway.address("clear"), gateway.address("public"), gateway.address("metrics"));
    let token = client_credentials(&gateway, "shop:shop-secret", "read");
    let revoked = client_credentials(&gateway, "shop:shop-secret", "read");
    let first = gateway.pid();
    assert_eq!(owner(gateway.folder.path()), first);
    let crowds = [
        Crowd::gather(4, &Manner::Faithful, clear, "/open/x"),
        Crowd::gather(4, &Manner::Fleeting, clear, "/open/x"),
        Crowd::gather(4, &Manner::Secure(authority.client(None)), public, "/open/x"),
    ];
    crowds.iter().for_each(|crowd| crowd.wait_for(100));

    let mut last = first;
    for _ in 0..2 {
        assert!(send_signal(last, "USR2"));
        let banner = gateway.next_banner();
        assert!(banner.iter().any(|line| line.contains(&clear.to_string())), "the same address: {banner:#?}");
        crowds.iter().for_each(|crowd| crowd.wait_for(100));
        until("the end of the one before", || !lives(last));
        last = owner_after(gateway.folder.path(), last);
        crowds.iter().for_each(|crowd| crowd.wait_for(100));
    }
    let successor = Orphan(last);
    for crowd in crowds {
        let answered = crowd.answered();
        let faults = crowd.disperse();
        assert!(faults.is_empty(), "after {answered} answers: {faults:#?}");
    }

    // The same state, the same tokens, the same metrics address and socket.
    assert_eq!(call(&gateway, "GET", &token).status, 200);
    assert_eq!(post(&gateway, "revoke", "shop:shop-secret", &[("token", &revoked)]).status, 200);
    assert_eq!(call(&gateway, "GET", &revoked).status, 401);
    assert_eq!(curl(&[&format!("http://{metrics}/readyz")]).status, 200);
    let socket = path.to_str().expect("UTF-8");
    assert_eq!(curl(&["--unix-socket", socket, "http://localhost/open/x"]).status, 200);
    let (code, _, refusal) = finish(&mut tollgate(gateway.folder.path(), &["run"]));
    assert_eq!(code, 1, "a third one is kept out");
    assert!(refusal.contains("in use by another running gateway"), "{refusal}");
    assert_eq!(gateway.wait_for_end(), Some(0), "the first one ended well");
    successor.end();
    assert!(!path.exists(), "the last one removes the socket");
    assert!(TcpStream::connect(clear).is_err());
}

#[test]
fn a_successor_that_does_not_start_changes_nothing() {
    let gateway = Gateway::start("no-succession", &standard("builtin:echo"));
    let crowd = Crowd::gather(4, &Manner::Fleeting, gateway.address("clear"), "/open/x");
    crowd.wait_for(50);
    let yaml = fs::read_to_string(gateway.folder.path().join("gateway.yaml")).expect("the configuration");
    put(&gateway.folder.path().join("gateway.yaml"), &yaml.replace("routes:", "rutes:"));
    gateway.signal("USR2");
    gateway.says("no successor");
    crowd.wait_for(50);
    assert_eq!(owner(gateway.folder.path()), gateway.pid());
    put(&gateway.folder.path().join("gateway.yaml"), &yaml);
    crowd.wait_for(50);
    let faults = crowd.disperse();
    assert!(faults.is_empty(), "{faults:#?}");
    assert_eq!(gateway.stop().0, Some(0));
}

/// Puts another program at a path, as `mv` does: a new file under the old name.
fn replace(program: &Path, make: impl FnOnce(&Path)) {
    let fresh = program.with_file_name("fresh");
    make(&fresh);
    fs::set_permissions(&fresh, fs::Permissions::from_mode(0o755)).expect("permissions");
    fs::rename(&fresh, program).expect("a new program");
}

/// Which file a path, or a running program, is.
fn file(path: impl AsRef<Path>) -> (u64, u64) {
    let file = fs::metadata(path).expect("a file");
    (file.dev(), file.ino())
}

#[test]
fn the_program_at_the_path_takes_over_and_one_that_cannot_run_does_not() {
    let folder = Folder::new("replaced");
    let program = folder.path().join("tollgate");
    let copy = |to: &Path| {
        fs::copy(env!("CARGO_BIN_EXE_tollgate"), to).expect("a copy");
    };
    replace(&program, copy);
    fs::write(folder.path().join("gateway.yaml"), standard("builtin:echo")).expect("the configuration");
    let mut command = Command::new(&program);
    command.arg("run").current_dir(folder.path()).env("TOLLGATE_STATE", folder.path().join("state"));
    let mut gateway = Gateway::start_by(folder, command);
    let crowd = Crowd::gather(4, &Manner::Fleeting, gateway.address("clear"), "/open/x");
    crowd.wait_for(50);

    replace(&program, |to| fs::write(to, "#!/bin/sh\nexit 3\n").expect("a program that ends"));
    gateway.signal("USR2");
    gateway.says("no successor");
    crowd.wait_for(50);
    assert_eq!(owner(gateway.folder.path()), gateway.pid(), "nothing has changed");

    replace(&program, copy);
    gateway.signal("USR2");
    gateway.next_banner();
    assert_eq!(gateway.wait_for_end(), Some(0), "the first one ended well");
    crowd.wait_for(50);
    let successor = Orphan(owner_after(gateway.folder.path(), gateway.pid()));
    assert_eq!(file(format!("/proc/{}/exe", successor.0)), file(&program), "the new file runs");
    let faults = crowd.disperse();
    assert!(faults.is_empty(), "{faults:#?}");
    successor.end();
}
