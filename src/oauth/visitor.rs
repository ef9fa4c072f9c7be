//! Who sits at a browser, as far as its cookies tell. What is begun in one browser is
//! ended there and in no other: a request for authorization is kept with the digest of
//! a secret that only this browser has, so that nobody can be made to finish what
//! somebody else began (login CSRF).

use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};

use crate::clock::UnixTime;
use crate::dialect::wire::RawRequest;
use crate::random::Random;
use crate::token::id::{Subject, UserName};
use crate::token::opaque::{has_shape, mint};
use crate::token::secret::SecretDigest;

/// The browser and, where one has signed in, the person.
#[derive(Clone, Debug)]
pub struct Visitor {
    /// A digest of what this browser alone holds. Law: the same before and after its
    /// person signs in.
    pub browser: SecretDigest,
    /// Who has signed in.
    pub person: Option<Person>,
    /// Cookies that the answer has to set, such as that of a browser that is new.
    pub cookies: Vec<HeaderValue>,
}

/// A person who has signed in at this browser.
#[derive(Clone, Debug)]
pub struct Person {
    /// What tokens call him.
    pub subject: Subject,
    /// The name he signed in with.
    pub user: UserName,
    /// What is kept of his session's id.
    pub session: SecretDigest,
    /// When he proved who he is (`auth_time`).
    pub signed_in: UnixTime,
}

/// The cookie that tells one browser from another (RFC 6265bis §4.1.3.2: `__Host-` ties
/// it to this host, to TLS and to the whole site).
const BROWSER: &str = "__Host-tollgate-browser";

/// Begins its value.
const BROWSER_PREFIX: &str = "tgb_";

/// Who sent the request.
pub(in crate::oauth) fn of(raw: &RawRequest, random: &dyn Random) -> Visitor {
    let known = cookie(&raw.headers, BROWSER).filter(|value| has_shape(BROWSER_PREFIX, value));
    if let Some(value) = known {
        let browser = SecretDigest::of(value.as_bytes());
        return Visitor { browser, person: None, cookies: Vec::new() };
    }
    let fresh = mint(BROWSER_PREFIX, random);
    let set = format!("{BROWSER}={}; Path=/; Secure; HttpOnly; SameSite=Lax", fresh.expose());
    let cookies = HeaderValue::from_str(&set).into_iter().collect();
    Visitor { browser: fresh.digest(), person: None, cookies }
}

/// The value of a cookie; `None` where it is absent or there are two of that name.
pub(in crate::oauth) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let lines = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
    let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let mut found = pairs.filter(|(known, _)| *known == name).map(|(_, value)| value);
    let value = found.next()?;
    found.next().is_none().then_some(value)
}
