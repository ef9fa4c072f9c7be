//! People and their applications, compiled: what a person could not finish, or what
//! would send him to a place nobody registered, is a mistake here.

use crate::clock::Seconds;
use crate::config::compile::compiler::Compiler;
use crate::config::compile::scope::Catalogue;
use crate::config::document::client::ClientDocument;
use crate::config::document::issuer::IssuerDocument;
use crate::config::document::one_or_many::OneOrMany;
use crate::config::document::people::{
    ApplicationsDocument, CodeDocument, PeopleDocument, RegisterName, RegistrationDocument,
};
use crate::config::problem::code::Code;
use crate::config::source::at::At;
use crate::config::source::place::Place;
use crate::oauth::client::{Application, GrantKind};
use crate::oauth::issuer::{Issuer, OPENID};
use crate::oauth::people::{ApplicationRules, CodeSettings, People, Registration, WhoRegisters};
use crate::oauth::redirect::{Kind, MAX_URIS, RedirectUri};
use crate::oauth::spelling::Makeup;
use crate::token::key::Algorithm;
use crate::token::scope::Scopes;

/// How long a code lives where nothing is said (FAPI 2.0 §5.3.2.1).
const CODE_LIFETIME: Seconds = Seconds(60);

/// The longest a code may live (RFC 6749 §4.1.2).
const CODE_LIFETIME_MOST: Seconds = Seconds(600);

impl Compiler<'_> {
    /// How people use the issuer; `None` where neither it nor any client speaks of them.
    pub fn people(&mut self, written: &IssuerDocument, implied: bool) -> Option<People> {
        let none = PeopleDocument::default();
        let document = match &written.people {
            Some(at) => &at.value,
            None if implied => &none,
            None => return None,
        };
        let applications = document.applications.as_ref().map(|at| self.application_rules(&at.value, at.place));
        let none = CodeDocument::default();
        let code = self.code_settings(document.code.as_ref().map_or(&none, |at| &at.value));
        let session = self.session_settings(document.session.as_ref());
        let branding = self.branding(document.branding.as_ref(), &written.url.value);
        Some(People { code, applications: applications.unwrap_or_default(), session, branding })
    }

    fn code_settings(&mut self, written: &CodeDocument) -> CodeSettings {
        let lifetime = written.lifetime.as_ref().map_or(CODE_LIFETIME, |span| span.value.seconds());
        if let Some(span) = &written.lifetime
            && !(1..=CODE_LIFETIME_MOST.0).contains(&lifetime.0)
        {
            self.wrong(Code::WrongValue, span.place, "a code lives a short while", "expected 1s to 10m");
        }
        let makeup = self.makeup(written.spelling.as_ref());
        if let (Makeup::Jwt(_), Some(at)) = (&makeup, &written.spelling) {
            self.wrong(Code::WrongValue, at.place, "a code is a random text", "expected hex, base62 or base64_of_hex");
        }
        CodeSettings {
            makeup,
            lifetime,
            pkce: written.pkce.as_ref().map_or_else(Default::default, |word| word.value),
            plain: written.plain.as_ref().map_or_else(Default::default, |word| word.value),
            redirect_uri: written.redirect_uri.as_ref().map_or_else(Default::default, |word| word.value),
        }
    }

    fn application_rules(&mut self, written: &ApplicationsDocument, place: Place) -> ApplicationRules {
        let who = written.register.as_ref().map_or(RegisterName::Nobody, |word| word.value);
        let register = match (who, &written.group) {
            (RegisterName::Group, Some(group)) => WhoRegisters::Group(group.value.clone()),
            (RegisterName::Group, None) => {
                if !self.damaged(place) {
                    let label = "add `group:` with its name";
                    self.wrong(Code::MissingKey, place, "a group may register applications, but which?", label);
                }
                WhoRegisters::Nobody
            }
            (RegisterName::Everyone | RegisterName::Nobody, Some(group)) => {
                let message = format!("the group `{group}` has no say here");
                self.wrong(Code::Combination, group.place, message, "say `register: group`, or remove it");
                WhoRegisters::Nobody
            }
            (RegisterName::Everyone, None) => WhoRegisters::Everyone,
            (RegisterName::Nobody, None) => WhoRegisters::Nobody,
        };
        ApplicationRules {
            register,
            approval: written.approval.as_ref().map_or_else(Default::default, |word| word.value),
            admins: written.admins.as_ref().map(|group| group.value.clone()),
        }
    }

    /// How applications register themselves.
    pub fn registration(
        &mut self,
        written: &At<RegistrationDocument>,
        catalogue: &Catalogue<'_>,
        all: &Scopes,
    ) -> Registration {
        let document = &written.value;
        let tokens = document.initial_access_tokens.as_ref().map_or(&[][..], |list| &list.value);
        let open = document.open.as_ref().is_some_and(|flag| flag.value);
        if tokens.is_empty() && !open && !self.damaged(written.place) {
            let help = "give `initial_access_tokens`, or say `open: true`: then anybody can register applications";
            let message = "nobody can register an application";
            self.wrong_with_help(Code::MissingKey, written.place, message, "there is no way in", help);
        }
        if let (false, Some(flag)) = (tokens.is_empty(), document.open.as_ref().filter(|flag| flag.value)) {
            let message = "the door stands open, and there are tokens for it";
            self.wrong(Code::Combination, flag.place, message, "keep one of the two");
        }
        for token in tokens {
            self.plain_secret(token);
        }
        let grants = match &document.grants {
            Some(_) => self.grants(document.grants.as_ref(), "an application that registers itself", written.place),
            None => vec![GrantKind::AuthorizationCode, GrantKind::RefreshToken],
        };
        if let (true, Some(at)) = (grants.contains(&GrantKind::Password), &document.grants) {
            let message = "applications that register themselves would see people's passwords";
            self.wrong(Code::WrongValue, at.place, message, "remove `password`");
        }
        let hosts = document.redirect_hosts.iter().flat_map(|list| list.value.iter());
        Registration {
            initial_access_tokens: tokens.iter().map(|token| token.value.0.digest()).collect(),
            grants,
            scopes: match &document.scopes {
                Some(names) => self.scopes(names.value.iter(), catalogue, "this issuer"),
                None => all.clone(),
            },
            redirect_hosts: hosts.map(|host| host.value.to_ascii_lowercase()).collect(),
            approval: document.approval.as_ref().map_or_else(Default::default, |word| word.value),
        }
    }

    /// What only matters for a client that sends people here.
    pub fn application(&mut self, written: &ClientDocument, grants: &[GrantKind], place: Place) -> Application {
        let id = &written.id;
        let sends = grants.contains(&GrantKind::AuthorizationCode);
        match &written.redirect_uris {
            None if sends && !self.damaged(place) => {
                let help = "list where people may be sent back to, such as https://app.example.com/callback";
                let message = format!("client `{id}` has no redirect URIs");
                self.wrong_with_help(Code::MissingKey, id.place, message, "nobody could come back to it", help);
            }
            Some(list) if !sends && !self.damaged(place) => {
                let message = format!("client `{id}` has redirect URIs, but not the grant authorization_code");
                self.wrong(Code::Unused, list.place, message, "nobody is ever sent there");
            }
            Some(_) | None => {}
        }
        Application {
            description: written.description.clone(),
            redirect_uris: self.redirect_uris(written.redirect_uris.as_ref()),
            post_logout_redirect_uris: self
                .redirect_uris(written.post_logout_redirect_uris.as_ref())
                .iter()
                .map(|uri| uri.as_str().to_owned())
                .collect(),
            pkce: written.pkce.as_ref().map(|word| word.value),
            consent: written.consent.as_ref().map_or_else(Default::default, |word| word.value),
            owner: None,
            approval: Default::default(),
        }
    }

    fn redirect_uris(&mut self, written: Option<&At<OneOrMany>>) -> Vec<RedirectUri> {
        let mut out: Vec<RedirectUri> = Vec::new();
        for text in written.iter().flat_map(|list| list.value.iter()) {
            match RedirectUri::parse(&text.value) {
                Ok(uri) if out.contains(&uri) => {
                    self.wrong(Code::Twice, text.place, format!("`{text}` is there twice"), "again here");
                }
                Ok(uri) => {
                    if uri.kind() == Kind::Http {
                        let message = format!("codes go to `{text}` in clear text");
                        self.wrong(Code::ClearText, text.place, message, "not https, and not this machine");
                    }
                    out.push(uri);
                }
                Err(why) => {
                    let message = format!("`{text}` cannot be a redirect URI: {why}");
                    self.wrong(
                        Code::WrongValue,
                        text.place,
                        message,
                        "expected such as https://app.example.com/callback",
                    );
                }
            }
        }
        if let (true, Some(list)) = (out.len() > MAX_URIS, written) {
            self.wrong(Code::WrongValue, list.place, "too many redirect URIs", format!("expected at most {MAX_URIS}"));
        }
        out
    }

    /// ID tokens can be checked by whoever gets them, and never pass for access tokens.
    pub fn openid(&mut self, issuer: &Issuer, written: &IssuerDocument) {
        if !issuer.serves_openid() {
            return;
        }
        let named = written.scopes.iter().flat_map(|list| list.value.iter()).map(|(name, _)| name);
        let Some(at) = named.into_iter().find(|name| name.value == OPENID) else { return };
        if issuer.keys.algorithm == Algorithm::Hs256 {
            let message = "`openid` needs a key that can be published, and HS256 has none";
            self.wrong(Code::Combination, at.place, message, "sign with ES256, RS256, PS256 or EdDSA");
        }
        if matches!(issuer.token.spelling.access, Makeup::Jwt(_)) {
            let message = "`openid` beside access tokens that are JWTs of their own make-up";
            self.wrong(Code::Combination, at.place, message, "an ID token could pass for one of them");
        }
    }
}

/// Whether a list of grants speaks of people.
pub(super) fn sends_people(grants: &[GrantKind]) -> bool {
    grants.contains(&GrantKind::AuthorizationCode)
}
