//! A code: what a person's agreement is carried in, for a minute and one use. Bound to
//! the client, the redirect URI and the challenge of the request it answers.

use crate::clock::UnixTime;
use crate::oauth::authorize::request::Back;
use crate::oauth::pkce::Challenge;
use crate::token::id::{ClientId, FamilyId, IssuerName, Subject, UserName};
use crate::token::scope::Scopes;
use crate::token::secret::SecretDigest;

/// Begins every code of the standard's spelling.
pub const CODE_PREFIX: &str = "tgc_";

/// A code as it is kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Code {
    /// What is kept of it.
    pub digest: SecretDigest,
    /// Whose.
    pub issuer: IssuerName,
    /// To which client it was sent.
    pub client: ClientId,
    /// Where to, and whether the request had said so.
    pub back: Back,
    /// Who agreed.
    pub subject: Subject,
    /// The name he signed in with.
    pub user: UserName,
    /// To what.
    pub scopes: Scopes,
    /// What its bearer has to prove.
    pub challenge: Option<Challenge>,
    /// For the ID token.
    pub nonce: Option<String>,
    /// When the person signed in.
    pub signed_in: UnixTime,
    /// When it was sent.
    pub issued: UnixTime,
    /// When it ends.
    pub expires: UnixTime,
}

impl Code {
    /// The family of the tokens that this code becomes. It follows from the code, so
    /// that whoever presents it a second time can name what the first use made, even
    /// if both uses run at once.
    pub fn family(&self) -> FamilyId {
        let named = SecretDigest::of(&[b"tollgate family of a code\0", &self.digest.0[..]].concat());
        let mut out = [0; 16];
        out.copy_from_slice(&named.0[..16]);
        FamilyId(out)
    }
}
