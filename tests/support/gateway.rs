//! One running gateway: the built program, its state folder, and what its banner
//! said. Stops with TERM and is killed if it does not; the folder goes with it.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use crate::support::http::until;

/// How long a start or a stop may take before a test fails instead of hanging.
const PATIENCE: Duration = Duration::from_secs(60);

/// A folder that is removed when dropped.
pub struct Folder(PathBuf);

impl Folder {
    /// A fresh folder under the system's temporary one.
    pub fn new(name: &str) -> Folder {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let path = std::env::temp_dir().join(format!(
            "tollgate-{name}-{}-{}",
            std::process::id(),
            NEXT.fetch_add(1, Ordering::Relaxed)
        ));
        fs::create_dir_all(&path).expect("a folder for the test");
        Folder(path)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The program with a command line, in `folder`, its state in `folder/state`.
pub fn tollgate(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tollgate"));
    command.args(args).current_dir(folder).env("TOLLGATE_STATE", folder.join("state")).env_remove("TOLLGATE_CONFIG");
    command
}

/// A gateway that said `ready`.
pub struct Gateway {
    /// Where configuration and state are.
    pub folder: Folder,
    /// Every line of the banner.
    pub banner: Vec<String>,
    child: Child,
    lines: Mutex<Receiver<String>>,
}

impl Gateway {
    /// Writes `yaml` to a fresh folder and starts it.
    pub fn start(name: &str, yaml: &str) -> Gateway {
        let folder = Folder::new(name);
        fs::write(folder.path().join("gateway.yaml"), yaml).expect("the configuration");
        Gateway::start_in(folder)
    }

    /// Starts what stands in `folder/gateway.yaml`.
    pub fn start_in(folder: Folder) -> Gateway {
        let mut command = tollgate(folder.path(), &["run"]);
        command.stdin(Stdio::null());
        Gateway::start_by(folder, command)
    }

    /// Starts it by a command of the test's own.
    pub fn start_by(folder: Folder, mut command: Command) -> Gateway {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(fs::File::create(folder.path().join("stderr")).expect("a file for standard error"))
            .spawn()
            .expect("the program");
        let stdout = child.stdout.take().expect("piped");
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        match read_banner(&lines) {
            Ok(banner) => Gateway { folder, banner, child, lines: Mutex::new(lines) },
            Err(banner) => {
                let _ = child.kill();
                let log = fs::read_to_string(folder.path().join("stderr")).unwrap_or_default();
                panic!("the gateway did not get ready; banner {banner:#?}; standard error:\n{log}");
            }
        }
    }

    /// Waits for the banner of a successor, which writes where this one did.
    pub fn next_banner(&self) -> Vec<String> {
        read_banner(&self.lines.lock().expect("not poisoned"))
            .unwrap_or_else(|banner| panic!("no successor got ready; {banner:#?}; {}", self.stderr()))
    }

    /// The address behind `listening … NAME` in the banner.
    pub fn address(&self, listener: &str) -> SocketAddr {
        let line = self
            .banner
            .iter()
            .find(|l| l.starts_with("listening") && l.split_whitespace().nth(2) == Some(listener))
            .unwrap_or_else(|| panic!("no listener {listener} in {:#?}", self.banner));
        let url = line.split_whitespace().nth(1).expect("an address");
        url.split("//").nth(1).expect("a scheme").parse().expect("host and port")
    }

    /// `https://127.0.0.1:PORT` of a listener.
    pub fn https(&self, listener: &str) -> String {
        format!("https://{}", self.address(listener))
    }

    /// The client that this start generated: id and secret.
    pub fn generated_client(&self) -> (String, String) {
        let line = self.banner.iter().find(|l| l.contains("CLIENT ID=")).expect("a generated client");
        let rest = line.split("CLIENT ID=").nth(1).expect("the id");
        let (id, secret) = rest.split_once(", CLIENT SECRET=").expect("id and secret");
        (id.to_owned(), secret.trim().to_owned())
    }

    /// Runs another command of the program beside this gateway.
    pub fn cli(&self, args: &[&str]) -> Output {
        tollgate(self.folder.path(), args).stdin(Stdio::null()).output().expect("the command line")
    }

    /// The next line of standard output, such as an access-log line.
    pub fn line(&self) -> Option<String> {
        self.lines.lock().expect("not poisoned").recv_timeout(PATIENCE).ok()
    }

    /// What standard error holds so far.
    pub fn stderr(&self) -> String {
        fs::read_to_string(self.folder.path().join("stderr")).unwrap_or_default()
    }

    /// Waits until standard error holds this text: lines are written beside the work.
    pub fn says(&self, text: &str) {
        until(&format!("`{text}` in {}", self.folder.path().join("stderr").display()), || self.stderr().contains(text));
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal by name, such as `TERM`.
    pub fn signal(&self, name: &str) {
        assert!(send_signal(self.pid(), name), "kill -{name}");
    }

    /// Waits for the end and gives the folder back, for a second start.
    pub fn wait(mut self) -> (Option<i32>, Folder) {
        let status = self.child.wait().expect("the end");
        let folder = std::mem::replace(&mut self.folder, Folder::new("spent"));
        (status.code(), folder)
    }

    /// Waits for the end; its folder stays.
    pub fn wait_for_end(&mut self) -> Option<i32> {
        self.child.wait().expect("the end").code()
    }

    /// TERM, then the end.
    pub fn stop(self) -> (Option<i32>, Folder) {
        self.signal("TERM");
        self.wait()
    }

    /// KILL, then the end.
    pub fn kill(self) -> Folder {
        self.signal("KILL");
        self.wait().1
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends a signal by name to a process; whether it was there. The shell's own `kill`: not
/// every machine has a program of that name.
pub fn send_signal(pid: u32, name: &str) -> bool {
    let status = Command::new("sh").args(["-c", &format!("kill -{name} {pid}")]).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

/// Lines up to `ready`, without what is no line of a banner; `Err`: there was no such line.
fn read_banner(lines: &Receiver<String>) -> Result<Vec<String>, Vec<String>> {
    let mut banner = Vec::new();
    loop {
        match lines.recv_timeout(PATIENCE) {
            Ok(line) if line.starts_with("ready") => return Ok(banner),
            Ok(line) if line.starts_with('{') => {}
            Ok(line) => banner.push(line),
            Err(_) => return Err(banner),
        }
    }
}

/// Runs a command that is expected to end by itself, and gives code, stdout, stderr.
pub fn finish(command: &mut Command) -> (i32, String, String) {
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program");
    let (mut out, mut err) = (String::new(), String::new());
    let mut stderr = child.stderr.take().expect("piped");
    let reader = std::thread::spawn(move || {
        let _ = stderr.read_to_string(&mut err);
        err
    });
    let _ = child.stdout.take().expect("piped").read_to_string(&mut out);
    let code = child.wait().expect("the end").code().unwrap_or(-1);
    (code, out, reader.join().expect("the reader"))
}
