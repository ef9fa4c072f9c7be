//! The servers of an upstream: where each is, how much it takes, how it is spoken to.
//! Must never: look a name up; a backend that is down does not stop a start.

use std::path::Path;

use rustls_pki_types::ServerName;

use crate::config::compile::compiler::Compiler;
use crate::config::compile::url::{Scheme, Url};
use crate::config::document::server::ServerDocument;
use crate::config::document::upstream::UpstreamDocument;
use crate::config::problem::code::Code;
use crate::config::problem::fact::Problem;
use crate::config::source::at::At;
use crate::snapshot::{ClientTls, Server, Site, UNIX};

/// The backend that comes with the gateway.
const ECHO: &str = "builtin:echo";
/// Most servers of one upstream.
const MAX_SERVERS: usize = 256;
/// The largest weight.
const MAX_WEIGHT: u64 = 1_000;
/// The longest path of a Unix socket, in bytes (`sun_path` less its end).
const MAX_SOCKET_PATH: usize = 107;

/// A server's address before it is known how TLS is spoken to it.
enum Address {
    Clear(Site),
    Secure(Box<str>, u16),
}

impl Compiler<'_> {
    /// The servers of the upstream `name`.
    pub fn servers(&mut self, name: &At<String>, written: &At<UpstreamDocument>) -> Vec<Server> {
        let document = &written.value;
        let list = &document.servers.value;
        if list.is_empty() && !self.damaged(document.servers.place) {
            let message = format!("upstream `{name}` has no server");
            self.wrong(Code::WrongValue, written.place, message, "expected at least one under `servers`");
        }
        if list.len() > MAX_SERVERS {
            let message = format!("upstream `{name}` has more than {MAX_SERVERS} servers");
            self.wrong(Code::WrongValue, written.place, message, "too many");
        }
        let parsed: Vec<_> = list.iter().filter_map(|server| self.one_server(server)).collect();
        let secure = parsed.iter().any(|(_, address, _)| matches!(address, Address::Secure(..)));
        let tls = if secure {
            self.client_tls(&document.tls, written.place)
        } else {
            self.tls_for_nobody(&document.tls);
            None
        };
        let mut servers: Vec<Server> = Vec::new();
        for (url, address, weight) in parsed {
            let server = match address {
                Address::Clear(site) => Some(Server { site, weight, tls: None }),
                Address::Secure(host, port) => {
                    let server_name = document.tls.server_name.as_ref();
                    let name = server_name.map_or(&*host, |name| &name.value);
                    match (ServerName::try_from(name.to_owned()), &tls) {
                        (Ok(name), Some((config, identity))) => {
                            let tls = ClientTls { config: config.clone(), name, identity: *identity };
                            Some(Server { site: Site::Network { host, port }, weight, tls: Some(tls) })
                        }
                        (Err(_), _) => {
                            let (at, what) = server_name.map_or((&url, "server"), |name| (name, "name"));
                            let message = format!("`{at}` is no {what} that a certificate could have");
                            self.wrong(Code::WrongValue, at.place, message, "expected a DNS name or an address");
                            None
                        }
                        (Ok(_), None) => None,
                    }
                }
            };
            let Some(server) = server else { continue };
            if servers.iter().any(|other| other.site == server.site) {
                self.wrong(Code::Twice, url.place, format!("the server `{url}` is there twice"), "again here");
            }
            servers.push(server);
        }
        servers
    }

    fn weight(&mut self, written: Option<&At<u64>>) -> u64 {
        match written {
            // What other balancers take for "nothing new".
            Some(none) if none.value == 0 => {
                let help = "to drain a server, take it out of the list: what it has goes on to its end";
                let label = format!("expected 1 to {MAX_WEIGHT}");
                self.wrong_with_help(Code::WrongValue, none.place, "a weight of 0 is no share", label, help);
                1
            }
            written => self.number(written, 1, 1..=MAX_WEIGHT),
        }
    }

    /// One server's address as it was written and as it is meant, and its weight.
    fn one_server(&mut self, written: &At<ServerDocument>) -> Option<(At<String>, Address, u32)> {
        let (url, weight) = match &written.value {
            ServerDocument::Url(text) => {
                (At { value: text.clone(), place: written.place, secrecy: written.secrecy }, 1)
            }
            ServerDocument::Block(block) => (block.url.clone(), self.weight(block.weight.as_ref())),
        };
        let weight = u32::try_from(weight).unwrap_or(1);
        match address(&url.value) {
            Ok(address) => Some((url, address, weight)),
            Err(why) => {
                let problem = Problem::new(Code::WrongValue, format!("`{url}` is not a server: {why}"))
                    .at(self.places(), url.place, "not a server")
                    .help("write http://HOST:PORT, https://HOST:PORT, unix:/PATH, or builtin:echo");
                self.report(problem);
                None
            }
        }
    }
}

fn address(text: &str) -> Result<Address, &'static str> {
    if text == ECHO {
        return Ok(Address::Clear(Site::Echo));
    }
    if let Some(path) = text.strip_prefix(UNIX) {
        return match path {
            _ if !path.starts_with('/') => Err("the path of a socket begins with /"),
            _ if path.len() > MAX_SOCKET_PATH || path.contains('\0') => Err("the path is longer than sockets can have"),
            _ => Ok(Address::Clear(Site::Unix(Path::new(path).into()))),
        };
    }
    let url = Url::parse(text)?;
    if !url.path.is_empty() && url.path != "/" {
        return Err("it has a path; routes have `strip_prefix`");
    }
    let bare = url.host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(&url.host);
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b':');
    let port = url.port.unwrap_or(if url.scheme == Scheme::Https { 443 } else { 80 });
    if port == 0 || !bare.bytes().all(fits) {
        return Err("its host or port cannot be used");
    }
    let host: Box<str> = bare.into();
    Ok(match url.scheme {
        Scheme::Http => Address::Clear(Site::Network { host, port }),
        Scheme::Https => Address::Secure(host, port),
    })
}

#[cfg(test)]
mod tests {
    use super::{Address, address};

    fn shown(text: &str) -> Option<String> {
        match address(text).ok()? {
            Address::Clear(site) => Some(site.to_string()),
            Address::Secure(host, port) => Some(format!("tls {host} {port}")),
        }
    }

    #[test]
    fn every_kind_of_address_is_understood() {
        for (text, meant) in [
            ("http://b.internal", "b.internal:80"),
            ("http://[::1]:8080/", "[::1]:8080"),
            ("https://b.internal", "tls b.internal 443"),
            ("https://10.0.0.1:8443", "tls 10.0.0.1 8443"),
            ("unix:/run/b.sock", "unix:/run/b.sock"),
            ("builtin:echo", "builtin:echo"),
        ] {
            assert_eq!(shown(text).as_deref(), Some(meant));
        }
    }

    #[test]
    fn what_cannot_be_connected_to_is_refused() {
        let long = format!("unix:/{}", "x".repeat(120));
        for text in
            ["b:80", "http://b:0", "http://b/x", "http://u@b", "unix:run/x", "unix:", "ftp://b", "http://b%20", &long]
        {
            assert_eq!(shown(text), None, "{text}");
        }
    }
}
