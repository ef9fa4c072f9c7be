//! A request that waits for its person: kept for ten minutes under a number of chance,
//! bound to the browser that brought it. The number is all that pages carry.

use crate::clock::{Seconds, UnixTime};
use crate::oauth::authorize::request::Request;
use crate::random::Random;
use crate::token::id::IssuerName;
use crate::token::opaque::mint;
use crate::token::secret::{Secret, SecretDigest};

/// How long a person may take to sign in and to agree.
pub const PATIENCE: Seconds = Seconds(600);

/// Requests that wait at once; with more the oldest are forgotten.
pub const MOST_WAITING: u64 = 50_000;

/// Begins every number.
const PREFIX: &str = "tgp_";

/// A request that waits.
#[derive(Clone, Debug)]
pub struct Pending {
    /// What is kept of its number.
    pub number: SecretDigest,
    /// Whose endpoint it came to.
    pub issuer: IssuerName,
    /// The browser that brought it, as `Visitor::browser`.
    pub browser: SecretDigest,
    /// What was asked.
    pub request: Request,
    /// A session that will not do: the request wants a sign-in after its own beginning.
    pub stale: Option<SecretDigest>,
    /// When it is forgotten.
    pub expires: UnixTime,
}

impl Pending {
    /// A request that begins to wait, with the number that its pages carry.
    pub fn begin(
        issuer: &IssuerName,
        browser: SecretDigest,
        request: Request,
        stale: Option<SecretDigest>,
        (random, now): (&dyn Random, UnixTime),
    ) -> (Pending, Secret) {
        let number = mint(PREFIX, random);
        let pending = Pending {
            number: number.digest(),
            issuer: issuer.clone(),
            browser,
            request,
            stale,
            expires: now.after(PATIENCE),
        };
        (pending, number)
    }
}
