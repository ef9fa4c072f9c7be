//! Where to listen: an address with a port, or a path with its permissions. Names of
//! users and groups are looked up in the system's own files, so that a wrong one is
//! found by `check` and not by the start.

use std::net::SocketAddr;
use std::path::Path;

use crate::config::compile::compiler::Compiler;
use crate::config::document::listener::{ListenerDocument, PermissionsDocument};
use crate::config::problem::code::Code;
use crate::config::problem::fact::Problem;
use crate::config::source::at::At;
use crate::snapshot::{Address, UNIX, UnixPlace};

/// Bytes of a path that a socket can have (`sockaddr_un`), its closing zero not counted.
const MAX_PATH: usize = 107;
/// Who may connect unless it is said: whoever shares the group.
const DEFAULT_MODE: u32 = 0o660;
/// Largest list of users or groups that is looked through, in bytes.
const MAX_NAMES: usize = 4 << 20;

impl Compiler<'_> {
    /// The address of a listener.
    pub fn listening_address(&mut self, written: &ListenerDocument) -> Option<Address> {
        let Some(path) = written.address.value.strip_prefix(UNIX) else {
            if let Some(permissions) = &written.permissions {
                let message = "only a listener at a path has permissions";
                let problem = Problem::new(Code::Combination, message)
                    .at(self.places(), permissions.place, "of what?")
                    .and(self.places(), written.address.place, "this is no path")
                    .help("write `address: unix:/run/tollgate/public.sock`");
                self.report(problem);
            }
            return self.address(&written.address).map(Address::Tcp);
        };
        let path = self.path(path);
        let length = path.as_os_str().len();
        if written.address.value.len() == UNIX.len() || length > MAX_PATH {
            let message = format!("`{}` is not the path of a socket", written.address);
            let label = format!("expected 1 to {MAX_PATH} bytes");
            self.wrong(Code::WrongValue, written.address.place, message, label);
            return None;
        }
        let permissions = written.permissions.as_ref().map(|permissions| &permissions.value);
        let said = |of: fn(&PermissionsDocument) -> &Option<At<String>>| permissions.and_then(|p| of(p).as_ref());
        let (mode, owner, group) = (said(|s| &s.mode), said(|s| &s.owner), said(|s| &s.group));
        Some(Address::Unix(UnixPlace {
            path,
            mode: mode.map_or(DEFAULT_MODE, |mode| self.mode(mode)),
            owner: owner.and_then(|name| self.number_of(name, "user", "/etc/passwd")),
            group: group.and_then(|name| self.number_of(name, "group", "/etc/group")),
        }))
    }

    /// `ADDRESS:PORT`.
    pub fn address(&mut self, written: &At<String>) -> Option<SocketAddr> {
        let parsed = written.value.parse().ok();
        if parsed.is_none() {
            let message = format!("`{written}` is not an address with a port");
            let problem = Problem::new(Code::WrongValue, message).at(self.places(), written.place, "not an address");
            self.report(problem.help("write such as 127.0.0.1:8443, 0.0.0.0:8443 or [::]:8443"));
        }
        parsed
    }

    fn mode(&mut self, written: &At<String>) -> u32 {
        let octal = written.value.bytes().all(|byte| (b'0'..=b'7').contains(&byte));
        let bits = u32::from_str_radix(&written.value, 8).ok().filter(|bits| octal && *bits <= 0o777);
        if bits.is_none() {
            let message = format!("`{written}` is not a set of permissions");
            self.wrong(Code::WrongValue, written.place, message, "expected octal digits, such as \"0660\"");
        }
        bits.unwrap_or(DEFAULT_MODE)
    }

    /// The number of a user or a group: as it is written, or from the system's list.
    fn number_of(&mut self, written: &At<String>, kind: &str, list: &str) -> Option<u32> {
        if let Ok(number) = written.value.parse() {
            return Some(number);
        }
        let bytes = self.outside.files.read(Path::new(list), MAX_NAMES).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        // NAME:PASSWORD:NUMBER:…, in both lists.
        let number = text.lines().find_map(|line| {
            let mut fields = line.split(':');
            (fields.next() == Some(written.value.as_str())).then(|| fields.nth(1)?.parse().ok())?
        });
        if number.is_none() {
            let label = format!("not in {list}");
            self.wrong(Code::Undefined, written.place, format!("there is no {kind} `{written}`"), label);
        }
        number
    }
}
