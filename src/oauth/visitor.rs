//! Who sits at a browser, as far as its two cookies tell. One tells this browser from
//! others: what is begun in it is ended there and nowhere else, so that nobody can be
//! made to finish what somebody else began (login CSRF). The other is a session's secret.
//! Must never: take a secret for a session that no sign-in here has made.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};
use subtle::ConstantTimeEq as _;

use crate::clock::UnixTime;
use crate::dialect::wire::RawRequest;
use crate::oauth::issuer::Issuer;
use crate::oauth::people::People;
use crate::oauth::session::{NOTED_EVERY, Session, SessionId, SessionStore};
use crate::oauth::sign_in::find;
use crate::oauth::store::{Directory, StoreError};
use crate::random::Random;
use crate::token::id::{IssuerName, Subject, UserName};
use crate::token::opaque::{has_shape, mint};
use crate::token::secret::{Secret, SecretDigest};

/// The browser and, where one has signed in, the person.
#[derive(Clone, Debug)]
pub struct Visitor {
    /// A digest of what this browser alone holds. Law: the same before and after its
    /// person signs in.
    pub browser: SecretDigest,
    /// Proof that a form was made for this browser.
    pub form_token: String,
    /// Who has signed in.
    pub person: Option<Person>,
    /// Cookies that the answer has to set, such as that of a browser that is new.
    pub cookies: Vec<HeaderValue>,
}

/// A person who has signed in at this browser.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Person {
    /// What tokens call him.
    pub subject: Subject,
    /// The name he signed in with.
    pub user: UserName,
    /// The number of his session.
    pub id: SessionId,
    /// What is kept of his session's secret.
    pub session: SecretDigest,
    /// When he proved who he is (`auth_time`).
    pub signed_in: UnixTime,
    /// Proof that a form was made for this session.
    pub form_token: String,
}

/// What a form says about where it came from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Origin {
    /// A page made for this browser, or this session.
    Ours,
    /// A page made for an older one.
    Stale,
    /// No page of ours.
    Unknown,
}

/// Begins the secret of a browser.
const BROWSER_PREFIX: &str = "tgb_";

/// Begins the secret of a session.
const SESSION_PREFIX: &str = "tgn_";

/// What form tokens are derived for, so that the key serves nothing else.
const FORM_PURPOSE: &[u8] = b"tollgate form";

/// Characters of a form token: 32 bytes in base64url.
const FORM_TOKEN_CHARACTERS: usize = 43;

/// Who sent the request. A session is kept alive by this; one whose user is gone,
/// disabled or somebody else by now is none.
///
/// # Errors
/// The store could not be asked.
pub(in crate::oauth) async fn of<S: Directory + SessionStore>(
    store: &S,
    (issuer, people): (&Issuer, &People),
    raw: &RawRequest,
    (random, now): (&dyn Random, UnixTime),
) -> Result<Visitor, StoreError> {
    let mut visitor = browser(&issuer.name, &raw.headers, random);
    let name = session_cookie(&issuer.name);
    let Some(secret) = cookie(&raw.headers, &name).filter(|value| has_shape(SESSION_PREFIX, value)) else {
        return Ok(visitor);
    };
    let secret = Secret::new(secret.to_owned());
    if let Some(session) = store.find_session(&issuer.name, secret.digest(), now).await? {
        let user = find(store, issuer, &session.user).await?;
        if user.is_some_and(|user| !user.disabled && user.subject == session.subject) {
            if now.since(session.seen) >= NOTED_EVERY {
                store.keep_session(session.id, now, people.session.ends(now, session.expires)).await?;
            }
            visitor.person = Some(Person::of(&session, &secret));
        }
    }
    Ok(visitor)
}

/// A secret for a session that begins.
pub(in crate::oauth) fn session_secret(random: &dyn Random) -> Secret {
    mint(SESSION_PREFIX, random)
}

/// The cookie that gives a browser its session.
pub(in crate::oauth) fn give_session(issuer: &IssuerName, secret: &Secret) -> HeaderValue {
    set_cookie(&session_cookie(issuer), secret.expose())
}

/// The cookie that takes it away.
pub(in crate::oauth) fn take_session(issuer: &IssuerName) -> HeaderValue {
    let line = format!("{}=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Lax", session_cookie(issuer));
    HeaderValue::from_str(&line).unwrap_or(HeaderValue::from_static(""))
}

impl Visitor {
    /// Where a form came from whose page needed nobody to be signed in.
    pub fn origin(&self, presented: &str) -> Origin {
        origin(presented, &self.form_token)
    }
}

impl Person {
    /// The person behind a session.
    pub(in crate::oauth) fn of(session: &Session, secret: &Secret) -> Person {
        Person {
            subject: session.subject.clone(),
            user: session.user.clone(),
            id: session.id,
            session: session.digest,
            signed_in: session.began,
            form_token: form_token(secret),
        }
    }

    /// Where a form came from whose page was this person's.
    pub fn origin(&self, presented: &str) -> Origin {
        origin(presented, &self.form_token)
    }
}

fn browser(issuer: &IssuerName, headers: &HeaderMap, random: &dyn Random) -> Visitor {
    let name = browser_cookie(issuer);
    let known = cookie(headers, &name).filter(|value| has_shape(BROWSER_PREFIX, value));
    let (secret, cookies) = match known {
        Some(value) => (Secret::new(value.to_owned()), Vec::new()),
        None => {
            let fresh = mint(BROWSER_PREFIX, random);
            let cookie = set_cookie(&name, fresh.expose());
            (fresh, vec![cookie])
        }
    };
    Visitor { browser: secret.digest(), form_token: form_token(&secret), person: None, cookies }
}

fn form_token(secret: &Secret) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes());
    URL_SAFE_NO_PAD.encode(hmac::sign(&key, FORM_PURPOSE))
}

fn origin(presented: &str, ours: &str) -> Origin {
    if presented.as_bytes().ct_eq(ours.as_bytes()).into() {
        Origin::Ours
    } else if presented.len() == FORM_TOKEN_CHARACTERS {
        Origin::Stale
    } else {
        Origin::Unknown
    }
}

/// `__Host-`: only this host over TLS can have set it, for all of its paths
/// (RFC 6265bis §4.1.3.2). Issuers behind one host have cookies of their own.
fn browser_cookie(issuer: &IssuerName) -> String {
    format!("__Host-browser-{issuer}")
}

fn session_cookie(issuer: &IssuerName) -> String {
    format!("__Host-session-{issuer}")
}

/// Without an age it ends with the browser's own session, or when the store says so.
fn set_cookie(name: &str, value: &str) -> HeaderValue {
    let line = format!("{name}={value}; Path=/; Secure; HttpOnly; SameSite=Lax");
    let mut line = HeaderValue::from_str(&line).unwrap_or(HeaderValue::from_static(""));
    line.set_sensitive(true);
    line
}

/// The value of a cookie; `None` where it is absent or there are two of that name.
fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let lines = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
    let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let mut found = pairs.filter(|(known, _)| *known == name).map(|(_, value)| value);
    let value = found.next()?;
    found.next().is_none().then_some(value)
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue};

    use super::{Origin, browser, cookie, form_token, origin};
    use crate::random::SeededRandom;
    use crate::token::id::IssuerName;
    use crate::token::secret::Secret;

    fn headers(lines: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append("cookie", HeaderValue::from_str(line).unwrap());
        }
        headers
    }

    #[test]
    fn one_cookie_of_a_name_counts_and_two_do_not() {
        assert_eq!(cookie(&headers(&["a=1; b=2"]), "b"), Some("2"));
        assert_eq!(cookie(&headers(&["a=1", "b=2;c=3"]), "c"), Some("3"));
        assert_eq!(cookie(&headers(&["b=1; b=2"]), "b"), None);
        assert_eq!(cookie(&headers(&["b=1", "b=1"]), "b"), None);
        assert_eq!(cookie(&headers(&["xb=1; b"]), "b"), None);
    }

    #[test]
    fn a_new_browser_gets_a_cookie_and_a_known_one_keeps_its_own() {
        let (issuer, random) = (IssuerName::new("main"), SeededRandom::new(1));
        let first = browser(&issuer, &HeaderMap::new(), &random);
        let line = first.cookies[0].to_str().unwrap();
        let (pair, rest) = line.split_once("; ").unwrap();
        assert!(pair.starts_with("__Host-browser-main=tgb_"), "{line}");
        assert_eq!(rest, "Path=/; Secure; HttpOnly; SameSite=Lax");
        let again = browser(&issuer, &headers(&[pair]), &random);
        assert_eq!((again.browser, again.form_token, again.cookies.len()), (first.browser, first.form_token, 0));
        let planted = browser(&issuer, &headers(&["__Host-browser-main=short"]), &random);
        assert_eq!(planted.cookies.len(), 1, "what nobody here has made is replaced");
    }

    #[test]
    fn a_form_token_is_of_one_secret() {
        let (one, two) = (Secret::new("one".into()), Secret::new("two".into()));
        let (ours, other) = (form_token(&one), form_token(&two));
        assert_eq!(origin(&ours, &ours), Origin::Ours);
        assert_eq!(origin(&other, &ours), Origin::Stale);
        assert_eq!(origin("", &ours), Origin::Unknown);
        assert_eq!(origin("x", &ours), Origin::Unknown);
        assert!(!ours.contains("one"));
    }
}
