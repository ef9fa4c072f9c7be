//! What a token of an issuer must carry: RFC 9068 for ours, what the file says for a
//! foreign one.

use std::sync::Arc;

use crate::access::profile::{ApplicationKey, Endless, KeyUse, Looks, TokenProfile};
use crate::clock::Seconds;
use crate::config::compile::compiler::Compiler;
use crate::config::compile::token::texts;
use crate::config::document::issuer::IssuerDocument;
use crate::config::document::one_or_many::OneOrMany;
use crate::config::document::token::ClaimNamesDocument;
use crate::config::problem::code::Code;
use crate::config::source::at::At;
use crate::dialect::Dialect;
use crate::dialect::knobs::ClientAuth;
use crate::oauth::client::{Client, ClientSecret};
use crate::oauth::issuer::{Issuer, TokenFormat};
use crate::oauth::spelling::Makeup;
use crate::token::claim_names::{ClaimNames, Subjects};
use crate::token::id::IssuerName;
use crate::token::opaque::ACCESS_PREFIX;

/// The `typ` of an access token (RFC 9068 §2.1).
const ACCESS_TOKEN_TYPE: &str = "at+jwt";
/// What RFC 9068 §2.2 demands.
const RFC_9068_CLAIMS: [&str; 7] = ["iss", "exp", "aud", "sub", "client_id", "iat", "jti"];
/// Farthest that a foreign clock may be off.
const MAX_LEEWAY: Seconds = Seconds(600);

/// What the applications of the file prove themselves by.
fn application_keys(issuer: &Issuer) -> Vec<ApplicationKey> {
    let ways = &issuer.dialect.reading.client_auth;
    let by = match (ways.contains(&ClientAuth::Key), ways.contains(&ClientAuth::Basic)) {
        (true, _) => KeyUse::Bearer,
        (false, true) => KeyUse::Basic,
        (false, false) => return Vec::new(),
    };
    let clients = issuer.clients.values().filter(|client| !client.disabled);
    let keys = clients.flat_map(|client| client.secrets.iter().map(move |secret| (client, secret)));
    let key = |(client, secret): (&Arc<Client>, &ClientSecret)| ApplicationKey {
        client: client.id.as_str().into(),
        digest: secret.digest,
        by,
    };
    keys.map(key).collect()
}

impl Compiler<'_> {
    /// The profile of an issuer of ours.
    pub fn own_profile(&self, name: &At<String>, issuer: &Issuer, said: Option<&ClaimNamesDocument>) -> TokenProfile {
        let token = &issuer.token;
        let list = |list: Option<&At<OneOrMany>>, standard: &[&str]| match list {
            Some(list) => texts(&list.value),
            None => standard.iter().map(|text| Box::from(*text)).collect(),
        };
        TokenProfile {
            name: IssuerName::new(name.value.as_str()),
            issuer_url: issuer.url.as_str().into(),
            audience: token.audience.iter().map(|text| text.as_str().into()).collect(),
            types: list(said.and_then(|said| said.types.as_ref()), &[ACCESS_TOKEN_TYPE]),
            require: list(said.and_then(|said| said.require.as_ref()), &RFC_9068_CLAIMS),
            dialect: issuer.dialect.clone(),
            claims: token.claims.clone(),
            implies: issuer.scope_rules.implies.clone(),
            leeway: Seconds(0),
            opaque: token.format == TokenFormat::Opaque,
            endless: Endless::Rows,
            subjects: token.subjects,
            looks: match &token.spelling.access {
                Makeup::Opaque(alphabet) => Looks::Characters(alphabet.characters()),
                Makeup::Standard | Makeup::Jwt(_) => Looks::Prefix(ACCESS_PREFIX.into()),
            },
            application_keys: application_keys(issuer),
        }
    }

    /// The profile of a foreign issuer.
    pub fn foreign_profile(&mut self, name: &At<String>, written: &IssuerDocument) -> TokenProfile {
        let texts = |list: &Option<At<OneOrMany>>| -> Option<Vec<Box<str>>> {
            list.as_ref().map(|list| list.value.iter().map(|text| text.value.as_str().into()).collect())
        };
        let audience = texts(&written.audience).unwrap_or_default();
        let mut require = texts(&written.require).unwrap_or_else(|| ["iss", "exp", "aud"].map(Box::from).to_vec());
        if audience.is_empty() && written.audience.is_none() {
            let asks = require.iter().any(|claim| &**claim == "aud");
            if asks && written.require.is_none() {
                let message = format!("foreign issuer `{name}` says no `audience`");
                let help = "name what must stand in `aud`; without it, tokens for others are accepted here. \
                            To do without, write `require: [iss, exp]`";
                self.wrong_with_help(Code::MissingKey, name.place, message, "add `audience:`", help);
            }
        }
        if !require.iter().any(|claim| &**claim == "iss") {
            // The issuer of a token is found by it.
            require.insert(0, "iss".into());
        }
        let leeway = written.leeway.as_ref().map_or(Seconds(30), |span| span.value.seconds());
        if let (true, Some(span)) = (leeway > MAX_LEEWAY, &written.leeway) {
            let message = "a clock that far off would keep expired tokens alive";
            self.wrong(Code::WrongValue, span.place, message, "expected at most 10m");
        }
        let plain = |text: &str| -> Box<str> {
            let lower = text.to_ascii_lowercase();
            lower.strip_prefix("application/").unwrap_or(&lower).into()
        };
        let types = texts(&written.types).unwrap_or_else(|| vec![ACCESS_TOKEN_TYPE.into()]);
        TokenProfile {
            name: IssuerName::new(name.value.as_str()),
            issuer_url: written.url.value.as_str().into(),
            audience,
            types: types.iter().map(|text| plain(text)).collect(),
            require,
            leeway,
            dialect: Arc::new(Dialect::standard()),
            claims: ClaimNames::default(),
            implies: Vec::new(),
            opaque: false,
            endless: Endless::Believed,
            subjects: Subjects::People,
            looks: Looks::Prefix("".into()),
            application_keys: Vec::new(),
        }
    }
}
