//! Certificates that the gateway gets by itself: for whom, from whom and how the names are
//! proven. Whatever an authority would refuse after the start is looked for here, since a
//! refusal there costs one of few attempts an hour.

use rustls::RootCertStore;
use rustls_pki_types::CertificateDer;

use crate::acme::account::hmac_key;
use crate::acme::wanted::{Challenge, ExternalAccount, Wanted};
use crate::config::compile::compiler::Compiler;
use crate::config::compile::listener::is_dns_name;
use crate::config::compile::url::{Scheme, Url};
use crate::config::document::acme::{AcmeDocument, ChallengeName, ExternalAccountDocument};
use crate::config::document::blocks::Blocks;
use crate::config::document::gateway::GatewayDocument;
use crate::config::document::listener::{ClientAuthMode, TlsDocument};
use crate::config::document::word::OrBlock;
use crate::config::problem::code::Code;
use crate::config::problem::fact::Problem;
use crate::config::source::at::At;
use crate::config::source::place::Place;

/// The authority that is asked unless another one is named.
const LETS_ENCRYPT: &str = "https://acme-v02.api.letsencrypt.org/directory";

/// Names of one certificate; Let's Encrypt's own bound.
const MAX_NAMES: usize = 100;

impl Compiler<'_> {
    /// The certificates of a listener that are to be got.
    pub fn managed(&mut self, written: &At<Blocks<AcmeDocument>>) -> Vec<Wanted> {
        if written.value.0.is_empty() && !self.damaged(written.place) {
            self.wrong(Code::WrongValue, written.place, "`acme` is empty", "expected at least one block");
        }
        let mut taken: Vec<(String, Place)> = Vec::new();
        let blocks = written.value.0.iter();
        blocks.filter_map(|block| self.wanted(&block.value, block.place, &mut taken)).collect()
    }

    fn wanted(&mut self, written: &AcmeDocument, place: Place, taken: &mut Vec<(String, Place)>) -> Option<Wanted> {
        self.terms_are_agreed(written, place);
        let directory = self.directory(written.directory.as_ref());
        let names = self.managed_names(&written.names.value.0, written, taken);
        if written.names.value.is_empty() || written.names.value.0.len() > MAX_NAMES {
            let label = format!("expected 1 to {MAX_NAMES} names");
            self.wrong(Code::WrongValue, written.names.place, "a certificate is for host names", label);
        }
        let contact = written.contact.iter().flat_map(|list| list.value.iter()).filter_map(|at| self.contact(at));
        let contact = contact.collect();
        let external = written.external_account.as_ref().and_then(|account| self.external_account(&account.value));
        let roots = match &written.ca {
            Some(file) => Some(self.directory_roots(file)?),
            None => None,
        };
        let challenge = challenge(written);
        (!names.is_empty()).then_some(Wanted { names, directory, contact, challenge, roots, external })
    }

    fn terms_are_agreed(&mut self, written: &AcmeDocument, place: Place) {
        if written.terms_agreed.as_ref().is_some_and(|agreed| agreed.value) {
            return;
        }
        let place = written.terms_agreed.as_ref().map_or(place, |agreed| agreed.place);
        let message = "the terms of service of the authority are not agreed to";
        let help = "read them at the authority, then write `terms_agreed: true`";
        self.wrong_with_help(Code::MissingKey, place, message, "not agreed", help);
    }

    fn directory(&mut self, written: Option<&At<String>>) -> String {
        let Some(directory) = written else { return LETS_ENCRYPT.to_owned() };
        let why = match Url::parse(&directory.value) {
            Ok(Url { scheme: Scheme::Https, .. }) => return directory.value.clone(),
            Ok(Url { scheme: Scheme::Http, .. }) => "it is not https",
            Err(why) => why,
        };
        let message = format!("`{directory}` is not the URL of a directory: {why}");
        self.wrong(Code::WrongValue, directory.place, message, format!("expected such as {LETS_ENCRYPT}"));
        directory.value.clone()
    }

    /// The names that can be proven, in lower case, each once on its listener.
    fn managed_names(
        &mut self,
        listed: &[At<String>],
        written: &AcmeDocument,
        taken: &mut Vec<(String, Place)>,
    ) -> Vec<String> {
        let mut names = Vec::new();
        for name in listed {
            let lower = name.value.to_ascii_lowercase();
            let fault = if lower.starts_with('*') {
                Some(("a wildcard is proven by DNS-01, which is not offered", "list the names, or name files"))
            } else if lower.parse::<std::net::IpAddr>().is_ok() {
                Some(("an address cannot be proven here", "use a host name"))
            } else if !is_dns_name(&lower) {
                Some(("it is not a host name", "use letters, digits, `-` and dots, such as shop.example.com"))
            } else if written.directory.is_none() && !lower.contains('.') {
                Some(("a public authority signs no name without a dot", "give the whole name"))
            } else {
                None
            };
            if let Some((why, help)) = fault {
                let message = format!("no certificate can be got for `{name}`");
                self.wrong_with_help(Code::WrongValue, name.place, message, why, help);
            } else if let Some((_, first)) = taken.iter().find(|(known, _)| *known == lower) {
                let problem = Problem::new(Code::Twice, format!("a certificate for `{name}` is asked for twice"))
                    .at(self.places(), name.place, "again here")
                    .and(self.places(), *first, "first here");
                self.report(problem);
            } else {
                taken.push((lower.clone(), name.place));
                names.push(lower);
            }
        }
        names
    }

    fn contact(&mut self, written: &At<String>) -> Option<String> {
        let address = written.value.strip_prefix("mailto:").unwrap_or(&written.value);
        let fits = address.split_once('@').is_some_and(|(user, host)| !user.is_empty() && is_dns_name(host));
        if !fits || address.contains([',', '?', ' ']) {
            let message = format!("`{written}` is not an e-mail address");
            self.wrong(Code::WrongValue, written.place, message, "expected such as ops@example.com");
            return None;
        }
        Some(format!("mailto:{address}"))
    }

    fn external_account(&mut self, written: &ExternalAccountDocument) -> Option<ExternalAccount> {
        let ExternalAccountDocument { key_id, hmac_key: key } = written;
        self.plain_secret(key);
        if key_id.value.is_empty() {
            self.wrong(Code::WrongValue, key_id.place, "the key has no name", "expected what the authority calls it");
        }
        if hmac_key(key.value.0.expose()).is_none() {
            let message = "the HMAC key is malformed";
            self.wrong(Code::WrongValue, key.place, message, "expected base64url, as the authority gives it");
            return None;
        }
        Some(ExternalAccount { key_id: key_id.value.clone(), key: key.value.0.clone() })
    }

    fn directory_roots(&mut self, file: &At<String>) -> Option<Vec<CertificateDer<'static>>> {
        let chain = self.chain(file)?;
        let (good, _) = RootCertStore::empty().add_parsable_certificates(chain.iter().cloned());
        if good == 0 {
            let message = format!("no certificate in `{file}` can be an authority");
            self.wrong(Code::BadCertificate, file.place, message, "expected CA certificates");
            return None;
        }
        Some(chain)
    }

    /// Every challenge needs a listener where the authority can meet it.
    pub fn challenges_are_met(&mut self, document: &GatewayDocument) {
        let clear = document.listeners.iter().any(|(_, listener)| listener.value.tls.is_none());
        for (_, listener) in document.listeners.iter() {
            let Some(OrBlock::Block(tls)) = listener.value.tls.as_ref().map(|tls| &tls.value) else { continue };
            for block in tls.acme.iter().flat_map(|acme| &acme.value.0) {
                let place = block.value.challenge.as_ref().map_or(block.place, |challenge| challenge.place);
                match challenge(&block.value) {
                    Challenge::Http01 if !clear => {
                        let message = "nobody answers the challenge http-01: no listener is in clear text";
                        let help = "add one, such as `plain: { address: \"[::]:80\", redirect: https }`";
                        self.wrong_with_help(Code::Combination, place, message, "asked for on port 80", help);
                    }
                    Challenge::TlsAlpn01 if shows_certificates(tls) => {
                        let message = "the challenge tls-alpn-01 cannot be met where callers have to show certificates";
                        let help = "use `challenge: http-01` and a listener in clear text";
                        self.wrong_with_help(Code::Combination, place, message, "the authority shows none", help);
                    }
                    Challenge::Http01 | Challenge::TlsAlpn01 => {}
                }
            }
        }
    }
}

fn shows_certificates(tls: &TlsDocument) -> bool {
    tls.client_auth.as_ref().is_some_and(|auth| auth.value.mode.value == ClientAuthMode::Required)
}

fn challenge(written: &AcmeDocument) -> Challenge {
    match written.challenge.as_ref().map(|challenge| challenge.value) {
        Some(ChallengeName::Http01) => Challenge::Http01,
        Some(ChallengeName::TlsAlpn01) | None => Challenge::TlsAlpn01,
    }
}
