//! What tokens look like, how refresh tokens live and how scopes are named, compiled.
//! Chance below 128 bits, and claims of a type that readers refuse, are mistakes here.

use crate::config::compile::compiler::Compiler;
use crate::config::compile::scope::Catalogue;
use crate::config::document::one_or_many::OneOrMany;
use crate::config::document::shape::ShapeDocument;
use crate::config::document::token::{ClaimNamesDocument, JwtDocument, MakeupDocument, ScopeRulesDocument};
use crate::config::problem::code::Code;
use crate::config::source::at::At;
use crate::dialect::fact::Kind;
use crate::dialect::shape::Shape;
use crate::dialect::template::Template;
use crate::dialect::vocabulary::CLAIMS;
use crate::oauth::issuer::ScopeRules;
use crate::oauth::spelling::{Alphabet, JwtForm, Makeup};
use crate::token::claim_names::{ClaimNames, IssuerClaim};

/// Fewest bits of chance in a token.
const MIN_BITS: usize = 128;
/// Longest random text, in the units of its key.
const MAX_LENGTH: u64 = 256;

impl Compiler<'_> {
    /// What one kind of token looks like.
    pub fn makeup(&mut self, written: Option<&At<MakeupDocument>>) -> Makeup {
        let Some(at) = written else { return Makeup::Standard };
        let document = &at.value;
        let count = |number: &At<u64>| usize::try_from(number.value.min(MAX_LENGTH)).unwrap_or(0);
        let said = [
            document.hex.as_ref().map(|n| (Makeup::Opaque(Alphabet::Hex(count(n))), n.place)),
            document.base62.as_ref().map(|n| (Makeup::Opaque(Alphabet::Base62(count(n))), n.place)),
            document.base64_of_hex.as_ref().map(|n| (Makeup::Opaque(Alphabet::Base64OfHex(count(n))), n.place)),
            document.jwt.as_ref().map(|jwt| (Makeup::Jwt(Box::new(self.jwt(&jwt.value))), jwt.place)),
        ];
        let said: Vec<_> = said.into_iter().flatten().collect();
        let [(makeup, place)] = &said[..] else {
            if !self.damaged(at.place) {
                let label = "expected one of: hex, base62, base64_of_hex, jwt";
                self.wrong(Code::Combination, at.place, "a token looks one way", label);
            }
            return Makeup::Standard;
        };
        if let Makeup::Opaque(alphabet) = makeup
            && alphabet.bits() < MIN_BITS
        {
            let message = format!("{} bits of chance can be guessed", alphabet.bits());
            self.wrong(Code::WrongValue, *place, message, format!("expected {MIN_BITS} bits or more"));
        }
        makeup.clone()
    }

    fn jwt(&mut self, written: &JwtDocument) -> JwtForm {
        if let ShapeDocument::Members(members) = &written.claims.value {
            members.iter().for_each(|(name, value)| self.claim_kind(name, value));
        } else {
            self.wrong(Code::WrongValue, written.claims.place, "claims are a block", "expected NAME: VALUE");
        }
        let none = || Shape::Members(Vec::new());
        JwtForm {
            typ: written.typ.as_ref().map_or("JWT", |typ| typ.value.as_str()).into(),
            header: written.header.as_ref().map_or_else(none, |header| self.shape(header, CLAIMS)),
            id: written.id.as_ref().map(|id| self.line(id, CLAIMS)),
            claims: self.shape(&written.claims, CLAIMS),
        }
    }

    /// Claims that have a meaning everywhere have their type (RFC 7519 §4.1).
    fn claim_kind(&mut self, name: &At<String>, value: &At<ShapeDocument>) {
        let kind = match &value.value {
            ShapeDocument::Text(text) => match Template::parse(text, CLAIMS) {
                Ok(template) => template.kind(CLAIMS),
                Err(_) => return,
            },
            ShapeDocument::Number(_) => Kind::Number,
            ShapeDocument::List(_) => Kind::List,
            ShapeDocument::Null | ShapeDocument::Bool(_) | ShapeDocument::Members(_) => Kind::Either,
        };
        let (fits, label) = match name.value.as_str() {
            "exp" | "iat" | "nbf" => (matches!(kind, Kind::Time | Kind::Number), "expected a moment or a number"),
            "iss" | "sub" | "jti" | "client_id" => (kind == Kind::Text, "expected text"),
            "aud" => (matches!(kind, Kind::Text | Kind::List), "expected text or a list"),
            _ => return,
        };
        if !fits {
            self.wrong(Code::WrongValue, value.place, format!("the claim `{name}` is of the wrong type"), label);
        }
    }

    /// Where JWTs say whose they are.
    pub fn claim_names(&mut self, written: Option<&At<ClaimNamesDocument>>) -> ClaimNames {
        let standard = ClaimNames::default();
        let Some(at) = written else { return standard };
        let document = &at.value;
        let or =
            |said: &Option<At<String>>, else_: Box<str>| said.as_ref().map_or(else_, |name| name.value.as_str().into());
        ClaimNames {
            subject: or(&document.subject, standard.subject),
            client: or(&document.client, standard.client),
            scope: or(&document.scope, standard.scope),
            scope_separators: match &document.scope_separators {
                Some(text) => text.value.chars().collect(),
                None => standard.scope_separators,
            },
            issuer: match document.issuer.as_ref().map(|list| texts(&list.value)) {
                None => IssuerClaim::Url,
                Some(list) if list.iter().any(|word| &**word == "any") => IssuerClaim::Unchecked,
                Some(list) => IssuerClaim::OneOf(list),
            },
        }
    }

    /// How names of scopes are understood.
    pub fn scope_rules(&mut self, written: Option<&At<ScopeRulesDocument>>, known: &Catalogue<'_>) -> ScopeRules {
        let mut out = ScopeRules::default();
        let Some(at) = written else { return out };
        let document = &at.value;
        for (alias, name) in document.aliases.iter() {
            let scope = self.scope(name, known, "this issuer");
            out.aliases.extend(scope.map(|scope| (alias.value.as_str().into(), scope)));
        }
        out.wildcards = document.wildcards.as_ref().map_or_else(Vec::new, |list| texts(&list.value));
        out.unknown = document.unknown.as_ref().map_or(out.unknown, |word| word.value);
        out.nothing_left = document.nothing_left.as_ref().map_or(out.nothing_left, |word| word.value);
        out.order = document.order.as_ref().map_or(out.order, |word| word.value);
        for (holder, within) in document.implies.iter() {
            let scope = self.scope(holder, known, "this issuer");
            let within = self.scopes(within.value.iter(), known, "this issuer");
            out.implies.extend(scope.map(|scope| (scope, within)));
        }
        out
    }
}

/// The members as they are.
pub(super) fn texts(list: &OneOrMany) -> Vec<Box<str>> {
    list.iter().map(|text| text.value.as_str().into()).collect()
}
