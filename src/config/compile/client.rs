//! Clients of the file: secrets become digests at once, grants and scopes are checked
//! for meaning. Must never: keep a secret longer than it takes to digest it.

use std::collections::HashMap;
use std::sync::Arc;

use crate::config::compile::compiler::Compiler;
use crate::config::compile::scope::Catalogue;
use crate::config::document::client::ClientDocument;
use crate::config::document::named::Named;
use crate::config::document::one_or_many::OneOrMany;
use crate::config::document::secret::SecretText;
use crate::config::problem::code::Code;
use crate::config::problem::fact::Problem;
use crate::config::problem::suggest::closest;
use crate::config::source::at::At;
use crate::config::source::place::Place;
use crate::oauth::client::{Bot, Client, ClientSecret, GrantKind, LIVE_SECRETS, Origin};
use crate::oauth::issuer::Issuer;
use crate::oauth::issuer::MachineRefresh;
use crate::token::id::{ClientId, Subject};
use crate::token::scope::Scopes;
use crate::token::secret::SecretDigest;

/// Longest client id, in bytes.
const MAX_ID: usize = 255;

impl Compiler<'_> {
    /// The clients of one issuer.
    pub fn clients(
        &mut self,
        written: &[At<ClientDocument>],
        catalogue: &Catalogue<'_>,
        all: &Scopes,
    ) -> HashMap<ClientId, Arc<Client>> {
        let mut out = HashMap::new();
        let mut first: HashMap<&str, Place> = HashMap::new();
        self.bots_once(written);
        for client in written {
            let id = &client.value.id;
            if let Some(place) = first.insert(&id.value, id.place) {
                let problem = Problem::new(Code::Twice, format!("client `{id}` is there twice"))
                    .at(self.places(), id.place, "again here")
                    .and(self.places(), place, "first here");
                self.report(problem);
            }
            let compiled = self.client(&client.value, client.place, catalogue, all);
            out.insert(compiled.id.clone(), Arc::new(compiled));
        }
        out
    }

    /// A bot is one client's, and its id can stand in tokens and texts.
    fn bots_once(&mut self, written: &[At<ClientDocument>]) {
        let mut first: HashMap<&str, Place> = HashMap::new();
        let bots = written.iter().flat_map(|client| client.value.bots.iter().flat_map(|list| &list.value));
        for id in bots.map(|bot| &bot.value.id) {
            if id.value.is_empty() || id.value.len() > MAX_ID || !id.value.bytes().all(|b| (0x21..=0x7e).contains(&b)) {
                let label = format!("expected 1 to {MAX_ID} visible ASCII characters");
                self.wrong(Code::WrongValue, id.place, format!("`{id}` cannot be a bot's id"), label);
            }
            if let Some(place) = first.insert(&id.value, id.place) {
                let problem = Problem::new(Code::Twice, format!("bot `{id}` is there twice"))
                    .at(self.places(), id.place, "again here")
                    .and(self.places(), place, "first here");
                self.report(problem);
            }
        }
    }

    fn client(&mut self, written: &ClientDocument, place: Place, catalogue: &Catalogue<'_>, all: &Scopes) -> Client {
        let id = &written.id;
        // RFC 6749 appendix A.1: visible characters and blanks.
        if id.value.is_empty() || id.value.len() > MAX_ID || !id.value.bytes().all(|b| (0x20..=0x7e).contains(&b)) {
            let label = format!("expected 1 to {MAX_ID} visible ASCII characters");
            self.wrong(Code::WrongValue, id.place, format!("`{id}` cannot be a client id"), label);
        }
        let secrets = self.client_secrets(written, place);
        let keys = written.jwks.as_ref().and_then(|jwks| self.key_set(jwks));
        let public = written.public.as_ref().is_some_and(|flag| flag.value);
        let grants = match &written.grants {
            None if self.damaged(place) => Vec::new(),
            list => self.grants(list.as_ref(), &format!("client `{id}`"), id.place),
        };
        if let (true, Some(list)) = (public, &written.grants)
            && let Some(at) = list.value.iter().find(|name| name.value == GrantKind::ClientCredentials.as_str())
        {
            let message = format!("public client `{id}` cannot use client_credentials");
            self.wrong(Code::Combination, at.place, message, "needs a secret (RFC 6749, 4.4)");
        }
        let scopes = match &written.scopes {
            Some(names) => self.scopes(names.value.iter(), catalogue, "this issuer"),
            None => all.clone(),
        };
        let fields =
            |named: &Named<String>| named.iter().map(|(key, value)| (key.value.clone(), value.clone())).collect();
        let written_bots = written.bots.as_ref().map_or(&[][..], |list| &list.value);
        let bots = written_bots.iter().map(|bot| Bot {
            id: Subject::new(bot.value.id.value.as_str()),
            scopes: match &bot.value.scopes {
                Some(names) => self.scopes(names.value.iter(), catalogue, "this issuer"),
                None => scopes.clone(),
            },
            fields: fields(&bot.value.fields),
        });
        let bots = bots.collect();
        let application = self.application(written, &grants, place);
        Client {
            bots,
            fields: fields(&written.fields),
            secrets_in_url: written.secrets_in_url.as_ref().map_or_else(Default::default, |word| word.value),
            application,
            id: ClientId::new(id.value.as_str()),
            display_name: written.name.clone(),
            secrets,
            keys,
            grants,
            scopes,
            disabled: written.disabled.as_ref().is_some_and(|flag| flag.value),
            origin: Origin::File,
        }
    }

    /// Keys of clients whose assertions nobody reads.
    pub fn keys_without_use(&mut self, written: &[At<ClientDocument>], issuer: &Issuer) {
        for client in written.iter().filter(|_| issuer.assertions.is_none()) {
            let Some(jwks) = &client.value.jwks else { continue };
            let (message, label) = ("this issuer reads no assertions", "these keys prove nothing here");
            self.wrong_with_help(Code::Combination, jwks.place, message, label, "add `assertions: {}` to the issuer");
        }
    }

    fn client_secrets(&mut self, written: &ClientDocument, place: Place) -> Vec<ClientSecret> {
        let id = &written.id;
        let public = written.public.as_ref().is_some_and(|flag| flag.value);
        let said: Vec<Place> = [
            written.secret.as_ref().map(|at| at.place),
            written.secrets.as_ref().map(|at| at.place),
            written.secret_hash.as_ref().map(|at| at.place),
            written.public.as_ref().filter(|flag| flag.value).map(|at| at.place),
        ]
        .into_iter()
        .flatten()
        .collect();
        if let [first, second, ..] = said[..] {
            let problem = Problem::new(Code::Combination, format!("client `{id}` says twice what it signs in with"))
                .at(self.places(), second, "and here")
                .and(self.places(), first, "once here")
                .help("one of: secret, secrets, secret_hash, public: true");
            self.report(problem);
        } else if said.is_empty() && written.jwks.is_none() && !self.damaged(place) {
            let help = "give it a `secret`, or `jwks`, or say `public: true`";
            let message = format!("client `{id}` has no secret");
            self.wrong_with_help(Code::MissingKey, place, message, "this client", help);
        }
        if public {
            return Vec::new();
        }
        let many = written.secrets.iter().flat_map(|list| &list.value);
        let mut digests: Vec<SecretDigest> = Vec::new();
        for secret in written.secret.iter().chain(many) {
            digests.extend(self.secret_digest(secret));
        }
        digests.extend(written.secret_hash.as_ref().and_then(|hash| self.hash_digits(hash)));
        if let (true, Some(list)) = (digests.len() > LIVE_SECRETS, &written.secrets) {
            let message = format!("client `{id}` has more than {LIVE_SECRETS} secrets");
            self.wrong(Code::WrongValue, list.place, message, "the old one and the new one");
        }
        let numbered = digests.into_iter().zip(0u8..);
        numbered.map(|(digest, slot)| ClientSecret { digest, slot }).collect()
    }

    fn secret_digest(&mut self, secret: &At<SecretText>) -> Option<SecretDigest> {
        if secret.value.0.expose().is_empty() {
            self.wrong(Code::WrongValue, secret.place, "an empty secret", "expected a long random text");
            return None;
        }
        self.plain_secret(secret);
        Some(secret.value.0.digest())
    }

    /// Warns when a secret stands in the file itself.
    pub fn plain_secret(&mut self, secret: &At<SecretText>) {
        if !self.places().filled(secret.place) {
            let help = "use ${file:…}, ${env:…} or ${cred:…}, or keep its hash only";
            self.wrong_with_help(Code::PlainSecret, secret.place, "a secret in plain text", "stands in the file", help);
        }
    }

    fn hash_digits(&mut self, hash: &At<SecretText>) -> Option<SecretDigest> {
        let digest = hex_32(hash.value.0.expose());
        if digest.is_none() {
            let label = "expected the SHA-256 in 64 hexadecimal digits";
            self.wrong(Code::WrongValue, hash.place, "the hash of the secret is malformed", label);
        }
        digest.map(SecretDigest)
    }

    /// Grants that are known and mean something together.
    pub fn grants(&mut self, written: Option<&At<OneOrMany>>, whose: &str, place: Place) -> Vec<GrantKind> {
        let Some(list) = written else {
            let message = format!("{whose} has no grants");
            let label = format!("expected `grants:` of: {}", GrantKind::ALL.map(GrantKind::as_str).join(", "));
            self.wrong(Code::MissingKey, place, message, label);
            return Vec::new();
        };
        let mut out = Vec::new();
        for name in list.value.iter() {
            match GrantKind::parse(&name.value) {
                Some(grant) if out.contains(&grant) => {
                    self.wrong(Code::Twice, name.place, format!("the grant `{name}` is there twice"), "again here");
                }
                Some(grant) => out.push(grant),
                None => self.unknown_grant(name),
            }
        }
        if let Some(name) = list.value.iter().find(|name| name.value == GrantKind::Password.as_str()) {
            let message = format!("{whose} uses the password grant");
            let help = "OAuth 2.1 drops it, since the application sees the password; keep it for old clients only";
            self.wrong_with_help(Code::PasswordGrant, name.place, message, "sees people's passwords", help);
        }
        out
    }

    /// Warns of a grant that nothing leads to.
    pub fn nothing_to_refresh(&mut self, list: Option<&At<OneOrMany>>, whose: &str, machines: MachineRefresh) {
        let find = |kind: GrantKind| list.and_then(|list| list.value.iter().find(|name| name.value == kind.as_str()));
        let has = |kind| find(kind).is_some();
        let alone = machines == MachineRefresh::Issued && has(GrantKind::ClientCredentials);
        let gives = alone || has(GrantKind::Password) || has(GrantKind::AuthorizationCode);
        if let (false, Some(name)) = (gives, find(GrantKind::RefreshToken)) {
            let message = format!("{whose} has nothing to refresh");
            self.wrong(Code::Unused, name.place, message, "no grant of it gives refresh tokens");
        }
    }

    fn unknown_grant(&mut self, name: &At<String>) {
        let known = GrantKind::ALL.map(GrantKind::as_str);
        let help = closest(&name.value, known.into_iter()).map(|meant| format!("did you mean `{meant}`?"));
        let label = format!("expected one of: {}", known.join(", "));
        let problem = Problem::new(Code::UnknownWord, format!("`{name}` is not a grant"));
        let problem = problem.at(self.places(), name.place, label).maybe_help(help);
        self.report(problem);
    }
}

/// 32 bytes from 64 hexadecimal digits.
pub(super) fn hex_32(text: &str) -> Option<[u8; 32]> {
    if text.len() != 64 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let mut out = [0; 32];
    for (i, byte) in out.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * i..2 * i + 2)?, 16).ok()?;
    }
    Some(out)
}
