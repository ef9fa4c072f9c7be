//! From a decision to tokens: claims by RFC 9068, or a random reference with a row.
//! Makes, but stores nothing: each grant hands the rows to the one store call that
//! makes its own step atomic. Must never: put into a token what was not granted.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;

use crate::clock::{Seconds, UnixTime};
use crate::dialect::condition::Condition;
use crate::dialect::fact::Fact;
use crate::dialect::issued::{Issued, Making, Party};
use crate::dialect::wire::Reply;
use crate::oauth::answer::{IssuedCount, Refused};
use crate::oauth::audit::AuditEvent;
use crate::oauth::client::GrantKind;
use crate::oauth::issuer::{Issuer, TokenFormat};
use crate::oauth::service::{Case, RETRY};
use crate::oauth::sign::{Times, sign};
use crate::oauth::spelling::Makeup;
use crate::oauth::store::{Access, Family, FamilyHandles, NewRefresh};
use crate::random::bytes;
use crate::token::handle::{Handle, HandleKind};
use crate::token::id::{ClientId, FamilyId, IssuerName, Subject, UserName};
use crate::token::opaque;
use crate::token::place::Place;
use crate::token::scope::Scopes;
use crate::token::secret::{Secret, SecretDigest};

/// The `exp` of a standard token whose issuer sets no end: the standard asks for one.
const LONGEST: Seconds = Seconds(365 * 86_400);

/// RFC 9068 §2.1: the `typ` of an access token.
pub(in crate::oauth) const ACCESS_TYPE: &str = "at+jwt";

/// Whom a token is for and what it allows.
#[derive(Clone, Copy, Debug)]
pub(in crate::oauth) struct Bearer<'a> {
    pub(in crate::oauth) subject: &'a Subject,
    pub(in crate::oauth) client: &'a ClientId,
    pub(in crate::oauth) scopes: &'a Scopes,
    pub(in crate::oauth) family: Option<FamilyId>,
    pub(in crate::oauth) party: &'a Party,
}

/// An access token that nobody has seen yet.
#[derive(Debug)]
pub(in crate::oauth) struct Minted {
    pub(in crate::oauth) token: Secret,
    /// Its `iat`.
    pub(in crate::oauth) issued: UnixTime,
    /// Its number, for dialects that tell one.
    pub(in crate::oauth) number: u64,
    /// What the store must know before it is given out, if it is opaque.
    pub(in crate::oauth) row: Option<Access>,
}

/// A refresh token that nobody has seen yet.
#[derive(Debug)]
pub(in crate::oauth) struct RefreshPart {
    pub(in crate::oauth) token: Secret,
    pub(in crate::oauth) row: NewRefresh,
}

/// What a grant gives: an answer that is stored and may be sent.
#[derive(Debug)]
pub(in crate::oauth) struct Granted {
    pub(in crate::oauth) reply: Reply,
    pub(in crate::oauth) audit: Vec<AuditEvent>,
    pub(in crate::oauth) issued: IssuedCount,
}

/// The claims of RFC 9068 §2.2, and the family for revocation.
#[derive(Serialize)]
struct AccessClaims<'a> {
    iss: &'a str,
    exp: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    aud: Option<Audience<'a>>,
    sub: &'a str,
    client_id: &'a str,
    iat: u64,
    jti: &'a str,
    scope: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    fam: Option<String>,
}

/// One audience is a string, several are a list (RFC 7519 §4.1.3).
#[derive(Serialize)]
#[serde(untagged)]
enum Audience<'a> {
    One(&'a str),
    Several(&'a [String]),
}

/// Makes an access token in the issuer's format. Its `iat` is the present, or the
/// second after the latest notice that would cover it, so that it is live at once.
pub(in crate::oauth) fn mint<S, P>(case: &Case<'_, S, P>, bearer: &Bearer<'_>) -> Result<Minted, Refused> {
    let issuer = case.desk.issuer;
    let signer = case.desk.ring.signer();
    let name = &issuer.name;
    let handles = || {
        let all = [
            Some(Handle::of_user(name, bearer.subject)),
            Some(Handle::of_client(name, bearer.client)),
            Some(Handle::of_issuer(name)),
            bearer.family.map(|family| Handle::of_family(name, &family)),
            signer.map(|signer| Handle::of_key(name, signer.kid())),
        ];
        all.into_iter().flatten()
    };
    let issued = case.service.list.earliest_issue(handles, case.now);
    match (issuer.token.format, &issuer.token.spelling.access) {
        (TokenFormat::Opaque, makeup) => {
            let end = issuer.token.lifetime.map(|span| issued.after(span));
            let place = Place::new(end, issued, case.desk.millisecond);
            let token = makeup.mint_at(opaque::ACCESS_PREFIX, place, &*case.service.random);
            let digest = token.digest();
            let row = row(issuer, bearer, issued, digest, opaque_handle(name, &digest));
            // As good as drawn, and the end of the digest names no row.
            let number = number_of(&digest.0[26..]);
            Ok(Minted { token, issued, number, row: Some(row) })
        }
        (TokenFormat::Jwt, Makeup::Jwt(form)) => {
            let expires = issuer.token.lifetime.map(|span| issued.after(span));
            let number = number(case);
            let (token, id) = sign(case, signer, form, bearer, Times { issued, expires }, number)?;
            // Without an end only a row can tell that it was not called back.
            let handle = Handle::of_token(name, Some(&id), b"");
            let row = expires.is_none().then(|| row(issuer, bearer, issued, token.digest(), handle));
            Ok(Minted { token, issued, number, row })
        }
        (TokenFormat::Jwt, _) => {
            let signer = signer.ok_or_else(no_key)?;
            let drawn = bytes::<16>(&*case.service.random);
            let (id, number) = (URL_SAFE_NO_PAD.encode(drawn), number_of(&drawn[10..]));
            let claims = claims(issuer, bearer, &id, issued);
            let payload = serde_json::to_vec(&claims).map_err(|error| Refused::internal(error.to_string()))?;
            let token = signer.sign(ACCESS_TYPE, &payload).map_err(|error| Refused::internal(error.to_string()))?;
            Ok(Minted { token: Secret::new(token), issued, number, row: None })
        }
    }
}

fn no_key() -> Refused {
    let fault = Some("no key of the issuer may sign yet".to_owned());
    Refused { fault, ..Refused::from(Condition::Unavailable(RETRY)) }
}

/// A number for a token: 48 random bits, exact in every JSON reader.
fn number<S, P>(case: &Case<'_, S, P>) -> u64 {
    number_of(&bytes::<6>(&*case.service.random))
}

fn number_of(drawn: &[u8]) -> u64 {
    drawn.iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

fn claims<'a>(issuer: &'a Issuer, bearer: &Bearer<'a>, id: &'a str, issued: UnixTime) -> AccessClaims<'a> {
    AccessClaims {
        iss: &issuer.url,
        exp: issued.after(issuer.token.lifetime.unwrap_or(LONGEST)).0,
        aud: match &issuer.token.audience[..] {
            [] => None,
            [one] => Some(Audience::One(one)),
            several => Some(Audience::Several(several)),
        },
        sub: bearer.subject.as_str(),
        client_id: bearer.client.as_str(),
        iat: issued.0,
        jti: id,
        scope: bearer.scopes.to_string(),
        fam: bearer.family.map(|family| family.to_string()),
    }
}

fn row(issuer: &Issuer, bearer: &Bearer<'_>, issued: UnixTime, digest: SecretDigest, token: Handle) -> Access {
    Access {
        digest,
        issuer: issuer.name.clone(),
        token,
        family: bearer.family,
        client: bearer.client.clone(),
        subject: bearer.subject.clone(),
        scopes: bearer.scopes.clone(),
        issued,
        expires: issuer.token.lifetime.map(|span| issued.after(span)),
    }
}

/// The `jti` of an opaque token: the first half of its digest in hexadecimal digits.
/// It names the token, for revocation lists and introspection, and gives nothing of
/// it away.
pub fn opaque_id(digest: &SecretDigest) -> String {
    let digit = |half: u8| char::from(b"0123456789abcdef"[usize::from(half)]);
    digest.0[..16].iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// The revocation handle of an opaque token, of its `jti` like that of any other.
pub fn opaque_handle(issuer: &IssuerName, digest: &SecretDigest) -> Handle {
    Handle::of(HandleKind::Token, issuer, opaque_id(digest).as_bytes())
}

impl Bearer<'_> {
    /// The family that begins with this token.
    pub(in crate::oauth) fn opened_family(
        &self,
        issuer: &Issuer,
        id: FamilyId,
        user: &UserName,
        opened: UnixTime,
    ) -> Family {
        let name = &issuer.name;
        Family {
            id,
            issuer: name.clone(),
            client: self.client.clone(),
            subject: self.subject.clone(),
            user: user.clone(),
            scopes: self.scopes.clone(),
            handles: FamilyHandles {
                family: Handle::of_family(name, &id),
                user: Handle::of_user(name, self.subject),
                client: Handle::of_client(name, self.client),
                issuer: Handle::of_issuer(name),
            },
            opened,
            expires: issuer.refresh.lifetime.map(|span| opened.after(span)),
        }
    }

    /// The line that says that this token was issued.
    pub(in crate::oauth) fn issued_event<S, P>(&self, case: &Case<'_, S, P>, grant: GrantKind) -> AuditEvent {
        self.event(case, "token_issued", grant)
    }

    /// A line about this token.
    pub(in crate::oauth) fn event<S, P>(
        &self,
        case: &Case<'_, S, P>,
        word: &'static str,
        grant: GrantKind,
    ) -> AuditEvent {
        let event = AuditEvent::new(word, &case.desk.issuer.name).client(self.client).grant(grant);
        let event = event.user(self.subject.as_str()).detail(self.scopes.to_string());
        match self.family {
            Some(family) => event.family(family),
            None => event,
        }
    }
}

impl RefreshPart {
    /// A refresh token that ends with its idle time or its family, whichever is first.
    pub(in crate::oauth) fn mint<S, P>(
        case: &Case<'_, S, P>,
        bearer: &Bearer<'_>,
        family_end: Option<UnixTime>,
    ) -> Result<RefreshPart, Refused> {
        let issuer = case.desk.issuer;
        let idle_end = issuer.refresh.idle.map(|span| case.now.after(span));
        let expires = [idle_end, family_end].into_iter().flatten().min();
        let token = match &issuer.token.spelling.refresh {
            Makeup::Jwt(form) => {
                let times = Times { issued: case.now, expires };
                sign(case, case.desk.refresh_ring.signer(), form, bearer, times, number(case))?.0
            }
            makeup => {
                let place = Place::new(expires, case.now, case.desk.millisecond);
                makeup.mint_at(opaque::REFRESH_PREFIX, place, &*case.service.random)
            }
        };
        Ok(RefreshPart { row: NewRefresh { digest: token.digest(), expires }, token })
    }
}

impl Minted {
    /// The tokens as they are told to the client.
    pub(in crate::oauth) fn issued<S, P>(
        self,
        case: &Case<'_, S, P>,
        bearer: &Bearer<'_>,
        refresh: Option<Secret>,
    ) -> Issued {
        let mut party = bearer.party.clone();
        party.add("token_number", Fact::Number(self.number));
        let (issued, expires_in) = (self.issued, case.desk.issuer.token.lifetime);
        let (told, making, scope) = (case.now.max(issued), Making::New, bearer.scopes.clone());
        Issued { access: self.token, issued, told, making, expires_in, refresh, id_token: None, scope, party }
    }
}

impl Granted {
    /// An answer given for the first time.
    pub(in crate::oauth) fn first(reply: Reply, event: AuditEvent, issued: &Issued) -> Granted {
        let (access, refresh) = (u32::from(issued.making == Making::New), u32::from(issued.refresh.is_some()));
        Granted { reply, audit: vec![event], issued: IssuedCount { access, refresh } }
    }

    /// An answer that was given, counted and noted before.
    pub(in crate::oauth) fn again(reply: Reply) -> Granted {
        Granted { reply, audit: Vec::new(), issued: IssuedCount::default() }
    }
}
