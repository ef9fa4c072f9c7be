//! Under a supervisor: sockets that systemd has opened, and what it is told. The test
//! plays systemd, down to the numbers of the handles.

use std::fs;
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixDatagram;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::gateway::{Folder, Gateway};
use crate::support::http::curl;
use crate::support::port;
use crate::support::yaml::standard;

/// How long a word may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// Starts the program as systemd would, with `socket` as its first passed socket.
fn activated(folder: Folder, name: &str, socket: TcpListener, more: &[(&str, &str)]) -> Gateway {
    let line = "exec 3<&0 </dev/null; LISTEN_PID=$$ exec \"$0\" run";
    let mut command = Command::new("sh");
    command.args(["-c", line, env!("CARGO_BIN_EXE_tollgate")]);
    command.current_dir(folder.path()).env("TOLLGATE_STATE", folder.path().join("state"));
    command.env("LISTEN_FDS", "1").env("LISTEN_FDNAMES", name).envs(more.iter().copied());
    command.stdin(Stdio::from(OwnedFd::from(socket)));
    Gateway::start_by(folder, command)
}

#[test]
fn a_socket_of_systemd_is_served_by_its_name_and_outlives_the_gateway() {
    let socket = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = socket.local_addr().expect("bound");
    let url = format!("http://{address}/open/x");
    for round in 0..2 {
        let folder = Folder::new("activation");
        let yaml = standard("builtin:echo").replace("store:", "runtime: { workers: 3 }\nstore:");
        fs::write(folder.path().join("gateway.yaml"), yaml).expect("the configuration");
        let gateway = activated(folder, "clear", socket.try_clone().expect("a handle"), &[]);
        assert_eq!(gateway.address("clear"), address, "round {round}");
        assert_eq!(curl(&[&url]).status, 200);
        // What comes while nobody serves waits in the queue that systemd holds.
        assert_eq!(gateway.stop().0, Some(0));
        std::net::TcpStream::connect(address).expect("it waits");
    }
}

#[test]
fn a_socket_nobody_asks_for_is_said() {
    let socket = TcpListener::bind("127.0.0.1:0").expect("a port");
    let folder = Folder::new("unasked");
    fs::write(folder.path().join("gateway.yaml"), standard("builtin:echo")).expect("the configuration");
    let gateway = activated(folder, "other.socket", socket, &[]);
    gateway.says("other.socket");
}

/// The next word that is not about being alive.
fn word(ear: &UnixDatagram) -> String {
    loop {
        let mut heard = [0; 512];
        let count = ear.recv(&mut heard).expect("a word");
        let text = String::from_utf8_lossy(&heard[..count]).into_owned();
        if text != "WATCHDOG=1" {
            return text;
        }
    }
}

#[test]
fn the_supervisor_is_told_of_readiness_reloads_life_and_the_end() {
    let folder = Folder::new("notify");
    let path = folder.path().join("notify");
    let ear = UnixDatagram::bind(&path).expect("a socket");
    ear.set_read_timeout(Some(PATIENCE)).expect("a deadline");
    let socket = TcpListener::bind("127.0.0.1:0").expect("a port");
    fs::write(folder.path().join("gateway.yaml"), standard("builtin:echo")).expect("the configuration");
    let name = path.to_str().expect("UTF-8").to_owned();
    let gateway = activated(folder, "clear", socket, &[("NOTIFY_SOCKET", &name), ("WATCHDOG_USEC", "400000")]);
    assert_eq!(word(&ear), "READY=1");
    let begun = Instant::now();
    let mut alive = 0;
    while alive < 3 {
        assert!(begun.elapsed() < PATIENCE, "{alive} signs of life");
        let mut heard = [0; 64];
        let count = ear.recv(&mut heard).expect("a word");
        alive += usize::from(&heard[..count] == b"WATCHDOG=1");
    }
    gateway.signal("HUP");
    assert!(word(&ear).starts_with("RELOADING=1\nMONOTONIC_USEC="));
    assert_eq!(word(&ear), "READY=1");
    gateway.signal("TERM");
    assert_eq!(word(&ear), "STOPPING=1");
    assert_eq!(gateway.wait().0, Some(0));
}

#[test]
fn the_real_activator_hands_its_socket_over() {
    let folder = Folder::new("activator");
    fs::write(folder.path().join("gateway.yaml"), standard("builtin:echo")).expect("the configuration");
    let free = port::own();
    let state = format!("TOLLGATE_STATE={}", folder.path().join("state").display());
    let mut command = Command::new("systemd-socket-activate");
    command.args(["-l", &free.to_string(), "--fdname=clear", "-E", &state, env!("CARGO_BIN_EXE_tollgate"), "run"]);
    command.current_dir(folder.path()).stdin(Stdio::null());
    if Command::new("systemd-socket-activate").arg("--version").output().is_err() {
        return println!("NOT CHECKED: systemd-socket-activate is not installed (`tests/run` installs it)");
    }
    // It starts the gateway when the first caller comes, who is answered by it.
    let caller = std::thread::spawn(move || {
        let url = format!("http://{free}/open/x");
        curl(&["--retry", "20", "--retry-connrefused", "--retry-delay", "1", &url]).status
    });
    let gateway = Gateway::start_by(folder, command);
    assert_eq!(caller.join().expect("no panic"), 200);
    assert_eq!(gateway.address("clear"), free);
    assert_eq!(gateway.stop().0, Some(0));
}

#[test]
fn systemd_finds_nothing_wrong_with_the_units() {
    let folder = Folder::new("units");
    let from = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/systemd");
    let units = ["tollgate.service", "tollgate.socket"].map(|name| {
        let text = fs::read_to_string(from.join(name)).expect("a unit");
        let to = folder.path().join(name);
        fs::write(&to, text.replace("/usr/bin/tollgate", env!("CARGO_BIN_EXE_tollgate"))).expect("a unit");
        to
    });
    match Command::new("systemd-analyze").args(["verify", "--man=no"]).args(&units).output() {
        Ok(said) => {
            let text = String::from_utf8_lossy(&said.stderr);
            assert!(said.status.success() && !text.contains("tollgate."), "{text}");
        }
        Err(error) => println!("NOT CHECKED: systemd-analyze cannot be run here: {error}"),
    }
}
