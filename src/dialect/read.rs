//! From bytes to what a client asked for. From here on nobody knows which dialect
//! spoke. Every refusal is a `Condition`; none of them holds what the caller sent. What
//! is asked first is the dialect's to say, since it shows in what is refused first.

use crate::dialect::condition::Condition;
use crate::dialect::credential;
use crate::dialect::knobs::{Dialect, NamedBy, Reading, Seat};
use crate::dialect::params::{Params, SecretsInUrl, secrets_in_url};
use crate::dialect::request::{
    ClientCredential, CodeRequest, GrantRequest, JWT_BEARER, Revocation, Revoked, TokenQuestion,
};
use crate::dialect::wire::RawRequest;
use crate::token::id::UserName;

/// Grants that have a name in an RFC, whether or not they are served.
const KNOWN_GRANTS: [&str; 4] = ["authorization_code", "implicit", "device_code", "client_credentials"];

/// Whether codes are given out, and so taken, by the issuer that is asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Codes {
    /// People sign in to it.
    Served,
    /// They do not, so `authorization_code` is a grant it does not serve.
    Absent,
}

/// A token request whose parameters are read and not yet judged.
#[derive(Debug)]
pub struct Asked<'a> {
    reading: &'a Reading,
    seat: &'a Seat,
    params: Params,
    codes: Codes,
    /// Who asks, if that is well-formed.
    pub credential: Result<ClientCredential, Condition>,
    /// Whether a secret stands in the URL.
    pub in_url: SecretsInUrl,
}

impl Dialect {
    /// How requests to a seat are read.
    pub fn reading<'a>(&'a self, seat: &'a Seat) -> &'a Reading {
        seat.reading.as_ref().unwrap_or(&self.reading)
    }

    /// Reads a request to the token endpoint (RFC 6749 §3.2).
    ///
    /// # Errors
    /// What is wrong with its form: method, query, type, body, repeated names.
    pub fn read_token<'a>(&'a self, seat: &'a Seat, raw: &RawRequest, codes: Codes) -> Result<Asked<'a>, Condition> {
        let (reading, params) = self.params(seat, raw)?;
        let credential = credential::read(reading, raw, &params);
        Ok(Asked { reading, seat, params, codes, credential, in_url: secrets_in_url(raw, reading) })
    }

    /// Reads a request to the revocation endpoint.
    ///
    /// # Errors
    /// As `read_token`; what is to be called back is not named, or is named twice.
    pub fn read_revocation(&self, seat: &Seat, raw: &RawRequest) -> Result<Revocation, Condition> {
        let (reading, params) = self.params(seat, raw)?;
        let client = credential::read(reading, raw, &params);
        let (names, by) = (&reading.names, |way| seat.named_by.contains(&way));
        let token = params.value(&names.token).filter(|_| by(NamedBy::Token));
        let person = params.value(&names.username).filter(|_| by(NamedBy::Username));
        let what = match (token, person) {
            (Some(token), None) => Revoked::Token(token.clone()),
            (None, Some(name)) => Revoked::Sessions(UserName::new(name.expose())),
            // Whoever names two would believe that both ended.
            (Some(_), Some(_)) => {
                return Err(Condition::BadParameter(names.username.first().cloned().unwrap_or_default()));
            }
            (None, None) if by(NamedBy::Token) => Revoked::Token(params.need(&names.token)?.clone()),
            (None, None) => Revoked::Sessions(UserName::new(params.need(&names.username)?.expose())),
        };
        Ok(Revocation { client, what })
    }

    /// Reads a request to the introspection endpoint.
    ///
    /// # Errors
    /// As `read_token`, and a missing token.
    pub fn read_question(&self, seat: &Seat, raw: &RawRequest) -> Result<TokenQuestion, Condition> {
        let (reading, params) = self.params(seat, raw)?;
        let client = credential::read(reading, raw, &params);
        Ok(TokenQuestion { client, token: params.need(&reading.names.token)?.clone() })
    }

    fn params<'a>(&'a self, seat: &'a Seat, raw: &RawRequest) -> Result<(&'a Reading, Params), Condition> {
        let reading = self.reading(seat);
        seat.answers(raw)?;
        Ok((reading, Params::read(raw, reading, seat.bots.as_deref())?))
    }
}

impl Seat {
    /// Refuses a method that this seat does not answer.
    ///
    /// # Errors
    /// `WrongMethod`, with those it does.
    pub fn answers(&self, raw: &RawRequest) -> Result<(), Condition> {
        if self.methods.contains(&raw.method) { Ok(()) } else { Err(Condition::WrongMethod(self.allow().into())) }
    }

    /// Its methods, as `Allow` names them.
    pub fn allow(&self) -> String {
        let names: Vec<&str> = self.methods.iter().map(|method| method.as_str()).collect();
        names.join(", ")
    }
}

impl Asked<'_> {
    /// The grant that is named, or that no name means here.
    ///
    /// # Errors
    /// `MissingGrant`.
    pub fn word(&self) -> Result<&str, Condition> {
        let said = self.params.value(&self.reading.names.grant_type).map(|word| word.expose());
        said.or(self.seat.default_grant.as_deref()).ok_or(Condition::MissingGrant)
    }

    /// Whether the grant that is named is served here. What kind of word it is
    /// otherwise matters to some old systems.
    ///
    /// # Errors
    /// `MissingGrant`, `UnsupportedGrant`, `UnknownGrant`, `ExtensionGrant`.
    pub fn served(&self) -> Result<(), Condition> {
        let word = self.word()?;
        let grants = &self.seat.grants;
        let named = |list: &[Box<str>]| list.iter().any(|known| **known == *word);
        let spoken = match word {
            "client_credentials" | "password" | "refresh_token" => true,
            "authorization_code" => self.codes == Codes::Served,
            _ => false,
        };
        if named(&self.seat.unheld) || named(&self.seat.extensions) {
            return Ok(());
        }
        if spoken && (grants.is_empty() || grants.iter().any(|grant| **grant == *word)) {
            Ok(())
        } else if word.starts_with("urn:") || word.contains("://") {
            Err(Condition::ExtensionGrant)
        } else if spoken || KNOWN_GRANTS.contains(&word) {
            Err(Condition::UnsupportedGrant)
        } else {
            Err(Condition::UnknownGrant)
        }
    }

    /// The grant with its parameters.
    ///
    /// # Errors
    /// As `served`, `GrantNotAllowed` for one that nobody has, and missing or bad
    /// parameters.
    pub fn grant(&self) -> Result<GrantRequest, Condition> {
        self.served()?;
        if self.word().is_ok_and(|word| self.seat.unheld.iter().any(|known| **known == *word)) {
            return Err(Condition::GrantNotAllowed);
        }
        let word = self.word()?;
        for (_, wanted) in self.seat.required.iter().filter(|(grant, _)| **grant == *word) {
            wanted.iter().try_for_each(|name| self.params.need(self.reading.spelt(name)).map(drop))?;
        }
        let (names, params) = (&self.reading.names, &self.params);
        match (word, &self.seat.bots) {
            ("client_credentials", Some(list)) => match params.list(list) {
                [] => Err(Condition::MissingParameter(list.clone())),
                bots => Ok(GrantRequest::Bots { bots: bots.to_vec() }),
            },
            ("client_credentials", None) => Ok(GrantRequest::ClientCredentials),
            ("password", _) => Ok(GrantRequest::Password {
                username: params.need(&names.username)?.expose().to_owned(),
                password: params.need(&names.password)?.clone(),
            }),
            ("refresh_token", _) => {
                Ok(GrantRequest::RefreshToken { token: params.need(&names.refresh_token)?.clone() })
            }
            (JWT_BEARER, _) => Ok(GrantRequest::JwtBearer { assertion: params.need(&names.assertion)?.clone() }),
            ("authorization_code", _) => Ok(GrantRequest::AuthorizationCode(CodeRequest {
                code: params.need(&names.code)?.clone(),
                redirect_uri: params.value(&names.redirect_uri).map(|uri| uri.expose().to_owned()),
                verifier: params.value(&names.code_verifier).cloned(),
            })),
            _ => Err(Condition::UnsupportedGrant),
        }
    }

    /// `scope` as it is asked for; `None` when absent.
    pub fn scope(&self) -> Option<Vec<String>> {
        let text = self.params.value(&self.reading.names.scope)?.expose();
        let words = text.split(&self.reading.scope_separators[..]);
        Some(words.filter(|word| !word.is_empty()).map(str::to_owned).collect())
    }

    /// In which order it is judged.
    pub fn order(&self) -> &[crate::dialect::knobs::Step] {
        &self.reading.order
    }
}
