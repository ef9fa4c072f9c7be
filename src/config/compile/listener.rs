//! Listeners: addresses, doors, bounds, and whose word about the caller is taken. No socket is
//! touched: a taken port is found by the start, not here.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use crate::config::compile::compiler::Compiler;
use crate::config::compile::url::Url;
use crate::config::document::gateway::GatewayDocument;
use crate::config::document::listener::{ListenerDocument, ProxyProtocolName, Serves};
use crate::config::document::word::{OrBlock, OrNumber};
use crate::config::problem::code::Code;
use crate::config::problem::fact::Problem;
use crate::config::source::at::At;
use crate::snapshot::{Address, Door, Listener, ProxyProtocol};

/// Where https answers unless it is said.
const HTTPS_PORT: u16 = 443;

/// The longest name in `Via`.
const MAX_VIA: usize = 64;

/// A listener and what stands behind it.
pub(super) struct Front {
    pub listener: Listener,
    pub serves: Serves,
}

impl Compiler<'_> {
    /// Every listener of the file.
    pub fn listeners(&mut self, document: &GatewayDocument, state: &Path) -> Vec<Front> {
        let names = self_signed_names(document);
        let mut out: Vec<Front> = Vec::new();
        let mut taken: Vec<(Address, &At<String>)> = Vec::new();
        for (name, written) in document.listeners.iter() {
            self.name(name);
            let Some(address) = self.listening_address(&written.value) else { continue };
            match taken.iter().find(|(other, _)| other.collides(&address)) {
                Some((_, first)) => {
                    let problem = Problem::new(Code::Twice, format!("two listeners on {}", written.value.address))
                        .at(self.places(), written.value.address.place, "again here")
                        .and(self.places(), first.place, "first here");
                    self.report(problem);
                }
                None => taken.push((address.clone(), &written.value.address)),
            }
            out.extend(self.listener(name, written, address, state, &names));
        }
        self.challenges_are_met(document);
        if self.tree.root.child("listeners").is_none_or(|node| node.entries().is_empty()) {
            self.report(Problem::new(Code::MissingKey, "there is no listener").help("define one under `listeners:`"));
        }
        out
    }

    fn listener(
        &mut self,
        name: &At<String>,
        written: &At<ListenerDocument>,
        address: Address,
        state: &Path,
        self_signed_names: &[String],
    ) -> Option<Front> {
        let document = &written.value;
        let limits = self.door_limits(&document.limits);
        let trusted_proxies = document.trusted_proxies.iter().filter_map(|network| self.network(network)).collect();
        let proxy_protocol = self.proxy_protocol(document);
        let via = document.via.as_ref().and_then(|via| self.via(via));
        let door = match (&document.tls, &document.redirect) {
            (Some(tls), Some(redirect)) => {
                let problem = Problem::new(Code::Combination, format!("listener `{name}` has both tls and redirect"))
                    .at(self.places(), redirect.place, "redirects from clear text")
                    .and(self.places(), tls.place, "speaks TLS")
                    .help("make it two listeners");
                self.report(problem);
                None
            }
            (Some(tls), None) => match &tls.value {
                OrBlock::Word(_) => self.self_signed(state, self_signed_names, tls.place),
                OrBlock::Block(block) => self.tls(block, tls.place),
            }
            .map(|side| (Door::Tls(side.config), side.certificate_end, side.managed)),
            (None, Some(redirect)) => {
                if let Some(serves) = &document.serves {
                    let message = format!("listener `{name}` only redirects");
                    self.wrong(Code::Combination, serves.place, message, "serves nothing");
                }
                self.port(redirect).map(|port| (Door::Redirect(port), None, Vec::new()))
            }
            (None, None) => Some((Door::Clear, None, Vec::new())),
        };
        let serves = document.serves.as_ref().map_or(Serves::All, |serves| serves.value);
        let name = Arc::from(name.value.as_str());
        door.map(|(door, certificate_end, managed)| Front {
            listener: Listener {
                name,
                address,
                door,
                certificate_end,
                managed,
                limits,
                trusted_proxies,
                proxy_protocol,
                via,
            },
            serves,
        })
    }

    fn proxy_protocol(&mut self, document: &ListenerDocument) -> ProxyProtocol {
        let Some(written) = &document.proxy_protocol else { return ProxyProtocol::Off };
        let meant = match written.value {
            ProxyProtocolName::Off => ProxyProtocol::Off,
            ProxyProtocolName::Accept => ProxyProtocol::Accept,
            ProxyProtocolName::Require => ProxyProtocol::Require,
        };
        if meant != ProxyProtocol::Off && document.trusted_proxies.is_empty() {
            let message = "the PROXY protocol is taken from trusted proxies only, and there are none";
            let help = "name their networks under `trusted_proxies`";
            self.wrong_with_help(Code::Combination, written.place, message, "from nobody", help);
        }
        meant
    }

    /// A pseudonym of `Via`: a host's name, perhaps with a port, or one word.
    fn via(&mut self, written: &At<String>) -> Option<Arc<str>> {
        let good = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b':');
        if (1..=MAX_VIA).contains(&written.value.len()) && written.value.bytes().all(good) {
            return Some(Arc::from(written.value.as_str()));
        }
        let message = format!("`{written}` is not a name for `via`");
        let help = format!("one word of letters, digits and `- . _ :`, at most {MAX_VIA} bytes, such as edge-1");
        self.wrong_with_help(Code::WrongValue, written.place, message, "not one word", help);
        None
    }

    fn port<W>(&mut self, written: &At<OrNumber<W>>) -> Option<u16> {
        match &written.value {
            OrNumber::Word => Some(HTTPS_PORT),
            OrNumber::Number(number, _) => {
                let port = u16::try_from(*number).ok().filter(|port| *port != 0);
                if port.is_none() {
                    self.wrong(
                        Code::WrongValue,
                        written.place,
                        format!("{number} is not a port"),
                        "expected 1 to 65535",
                    );
                }
                port
            }
        }
    }

    /// A network, or one address.
    pub fn network(&mut self, written: &At<String>) -> Option<ipnet::IpNet> {
        let host = |address: std::net::IpAddr| ipnet::IpNet::from(address);
        let parsed: Option<ipnet::IpNet> =
            written.value.parse().ok().or_else(|| written.value.parse::<std::net::IpAddr>().ok().map(host));
        if parsed.is_none() {
            let message = format!("`{written}` is not a network");
            self.wrong(Code::WrongValue, written.place, message, "expected such as 10.0.0.0/8 or fd00::/8");
        }
        parsed
    }
}

/// The names a self-signed certificate is made for: this machine, and whatever host
/// the file speaks of.
fn self_signed_names(document: &GatewayDocument) -> Vec<String> {
    let mut names: BTreeSet<String> = ["localhost", "127.0.0.1", "::1"].map(str::to_owned).into();
    let bare = |host: String| host.trim_start_matches('[').trim_end_matches(']').to_owned();
    names.extend(
        document
            .issuers
            .iter()
            .filter(|(_, issuer)| issuer.value.jwks.is_none())
            .filter_map(|(_, issuer)| Url::parse(&issuer.value.url.value).ok().map(|url| bare(url.host))),
    );
    let hosts = document.routes.iter().filter_map(|route| route.value.host.as_ref());
    names.extend(hosts.map(|host| host.value.to_ascii_lowercase()).filter(|host| is_dns_name(host)));
    names.into_iter().collect()
}

/// Whether a certificate can name it: DNS labels, a wildcard in front at most.
pub(super) fn is_dns_name(host: &str) -> bool {
    let label = |part: &str| {
        !part.is_empty() && part.len() <= 63 && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    host != "any" && host.len() <= 253 && host.trim_start_matches("*.").split('.').all(label)
}
