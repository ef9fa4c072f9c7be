//! Warnings: what works but should be looked at. None of them stands in the way.
//! They are looked for only in a file that is otherwise right, so that none of them
//! follows from a mistake.

use crate::config::compile::compiler::Compiler;
use crate::config::compile::issuer::{Authority, Kind};
use crate::config::compile::parts::Growing;
use crate::config::compile::route::Way;
use crate::config::compile::table::catches_everything;
use crate::config::compile::upstream::Backend;
use crate::config::compile::url::is_loopback;
use crate::config::document::access::AccessDocument;
use crate::config::document::gateway::GatewayDocument;
use crate::config::problem::code::Code;
use crate::config::source::place::{Origin, Place};
use crate::snapshot::{Server, Site};

/// Scopes that are for the userinfo endpoint, and not for a route.
const IDENTITY: [&str; 4] = ["openid", "profile", "email", "phone"];

impl Compiler<'_> {
    /// Every warning that needs more than one value to be seen.
    pub fn lint(&mut self, document: &GatewayDocument, issuers: &[Authority], ways: &[Way], growing: &Growing) {
        self.lint_listeners(document);
        self.lint_public(document, ways);
        for (index, (name, _)) in document.upstreams.iter().enumerate() {
            if !growing.used_upstreams.contains(&index) {
                let message = format!("no route leads to upstream `{name}`");
                self.wrong(Code::Unused, name.place, message, "unused");
            }
        }
        for (index, (name, _)) in document.limits.iter().enumerate() {
            if !growing.used_limits.contains(&index) {
                self.wrong(Code::Unused, name.place, format!("no route is under limit `{name}`"), "unused");
            }
        }
        for ((_, written), authority) in document.issuers.iter().zip(issuers) {
            let (Kind::Ours(own), Some(scopes)) = (&authority.kind, &written.value.scopes) else { continue };
            for (name, _) in scopes.value.iter() {
                // What came with a dialect was not written here, and cannot be taken out.
                if self.places().spot(name.place).is_some_and(|spot| spot.origin == Origin::Filled) {
                    continue;
                }
                // Userinfo asks for these (OpenID Connect Core §5.4).
                if own.issuer.serves_openid() && IDENTITY.contains(&name.value.as_str()) {
                    continue;
                }
                let asked = growing.asked.iter().any(|scope| scope.as_str() == name.value);
                if !asked && !ways.is_empty() {
                    let message = format!("no route asks for scope `{name}` of issuer `{}`", own.issuer.name);
                    self.wrong(Code::UnusedScope, name.place, message, "unused");
                }
            }
        }
    }

    fn lint_listeners(&mut self, document: &GatewayDocument) {
        for (name, written) in document.listeners.iter() {
            let listener = &written.value;
            let address: Option<std::net::SocketAddr> = listener.address.value.parse().ok();
            // A path is no address, and is on this machine.
            let public = address.is_some_and(|address| !address.ip().is_loopback());
            if public && listener.tls.is_none() && listener.redirect.is_none() {
                let message = format!("listener `{name}` carries tokens in clear text");
                let help = "add `tls:`, or see that only a TLS terminator gets there";
                self.wrong_with_help(Code::ClearText, listener.address.place, message, "no TLS", help);
            }
            for network in &listener.trusted_proxies {
                let parsed: Option<ipnet::IpNet> = network.value.parse().ok();
                if parsed.is_some_and(|network| network.prefix_len() == 0) {
                    let message = format!("`{network}` lets everybody say who he is");
                    self.wrong(Code::TrustedEverybody, network.place, message, "name your proxies only");
                }
            }
        }
    }

    fn lint_public(&mut self, document: &GatewayDocument, ways: &[Way]) {
        for (written, way) in document.routes.iter().zip(ways) {
            let everything = catches_everything(&way.host, &written.value.path.value);
            if everything && matches!(written.value.access.value, AccessDocument::Public) {
                let message = format!("route {} is public and catches everything", way.shown);
                let help = "whatever no other route takes goes to the backend without a token";
                self.wrong_with_help(Code::PublicCatchAll, written.value.access.place, message, "public", help);
            }
        }
    }

    /// The caller's token on its way to a backend on another machine, in clear text.
    pub fn lint_kept_authorization(&mut self, place: Place, backend: &Backend) {
        let away = |server: &Server| match &server.site {
            Site::Network { host, .. } => server.tls.is_none() && !is_loopback(host),
            Site::Unix(_) | Site::Echo => false,
        };
        if backend.upstream.servers.iter().any(away) {
            let message = format!("the caller's token goes to upstream `{}` in clear text", backend.upstream.name);
            let help = "a backend that is read along hands out tokens; strip it and use identity headers";
            self.wrong_with_help(Code::KeptAuthorization, place, message, "kept", help);
        }
    }
}
