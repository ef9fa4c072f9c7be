//! Handles: what a revocation may name a token by. Each is 128 bits of a SHA-256
//! over kind, issuer and value, so that equal values of two issuers or of two kinds
//! never meet, and so that a caller cannot choose where it lands in a table.
//! Must never: depend on how a token was spelled, only on what it says.

use aws_lc_rs::digest;

use crate::token::id::{ClientId, FamilyId, IssuerName, KeyId, Subject};

/// What a handle is of, kind and issuer included, is seldom longer.
const USUAL_BYTES: usize = 256;

/// By what a token can be called back.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum HandleKind {
    /// One token: its `jti`, else a digest of its decoded claims.
    Token,
    /// Every token that descends from one grant.
    Family,
    /// Every token of one subject.
    User,
    /// Every token of one client.
    Client,
    /// Every token signed with one key.
    Key,
    /// Every token of the issuer (with `issued_before`).
    Issuer,
}

impl HandleKind {
    /// All kinds, in the order of their precision.
    pub const ALL: [HandleKind; 6] = [
        HandleKind::Token,
        HandleKind::Family,
        HandleKind::User,
        HandleKind::Client,
        HandleKind::Key,
        HandleKind::Issuer,
    ];

    /// The word used in files, logs, metrics and the store.
    pub fn as_str(self) -> &'static str {
        match self {
            HandleKind::Token => "token",
            HandleKind::Family => "family",
            HandleKind::User => "user",
            HandleKind::Client => "client",
            HandleKind::Key => "key",
            HandleKind::Issuer => "issuer",
        }
    }

    /// The kind that `as_str` names so.
    pub fn parse(word: &str) -> Option<HandleKind> {
        HandleKind::ALL.into_iter().find(|k| k.as_str() == word)
    }
}

/// One name a token answers to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Handle(pub u128);

impl Handle {
    /// The handle of `value` among all `kind`s of `issuer`.
    pub fn of(kind: HandleKind, issuer: &IssuerName, value: &[u8]) -> Handle {
        let parts = [kind.as_str().as_bytes(), &[0], issuer.as_str().as_bytes(), &[0], value];
        Handle(u128::from_be_bytes(half_digest(&parts)))
    }

    /// The handle of one token: of its `jti`, else of its decoded claims.
    pub fn of_token(issuer: &IssuerName, jti: Option<&str>, payload: &[u8]) -> Handle {
        match jti {
            Some(jti) => Handle::of(HandleKind::Token, issuer, jti.as_bytes()),
            None => {
                let claims = digest::digest(&digest::SHA256, payload);
                Handle::of(HandleKind::Token, issuer, &[b"\0claims\0", claims.as_ref()].concat())
            }
        }
    }

    /// The handle of a family: of its sixteen bytes, not of their digits.
    pub fn of_family(issuer: &IssuerName, family: &FamilyId) -> Handle {
        Handle::of(HandleKind::Family, issuer, &family.0)
    }

    /// The handle of a subject (`sub`).
    pub fn of_user(issuer: &IssuerName, subject: &Subject) -> Handle {
        Handle::of(HandleKind::User, issuer, subject.as_str().as_bytes())
    }

    /// The handle of a client.
    pub fn of_client(issuer: &IssuerName, client: &ClientId) -> Handle {
        Handle::of(HandleKind::Client, issuer, client.as_str().as_bytes())
    }

    /// The handle of a signing key.
    pub fn of_key(issuer: &IssuerName, kid: &KeyId) -> Handle {
        Handle::of(HandleKind::Key, issuer, kid.as_str().as_bytes())
    }

    /// The handle of everything an issuer issued.
    pub fn of_issuer(issuer: &IssuerName) -> Handle {
        Handle::of(HandleKind::Issuer, issuer, b"")
    }
}

/// The first half of the SHA-256 of these parts, one behind the other. They are digested in
/// one piece: the library's digest of several pieces costs three times as much.
pub fn half_digest(parts: &[&[u8]]) -> [u8; 16] {
    let (mut room, mut end) = ([0; USUAL_BYTES], 0);
    let digest = if parts.iter().map(|part| part.len()).sum::<usize>() <= USUAL_BYTES {
        for part in parts {
            room[end..end + part.len()].copy_from_slice(part);
            end += part.len();
        }
        digest::digest(&digest::SHA256, &room[..end])
    } else {
        digest::digest(&digest::SHA256, &parts.concat())
    };
    let mut half = [0; 16];
    half.copy_from_slice(&digest.as_ref()[..16]);
    half
}

/// Every handle of one token.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Handles {
    /// The token itself.
    pub token: Handle,
    /// Its family, when it has one.
    pub family: Option<Handle>,
    /// Its subject.
    pub user: Option<Handle>,
    /// The client it was issued to.
    pub client: Option<Handle>,
    /// The key that signed it.
    pub key: Option<Handle>,
    /// Its issuer.
    pub issuer: Handle,
}

impl Handles {
    /// Those that are there, each with its kind.
    pub fn iter(&self) -> impl Iterator<Item = (HandleKind, Handle)> {
        let all = [
            (HandleKind::Token, Some(self.token)),
            (HandleKind::Family, self.family),
            (HandleKind::User, self.user),
            (HandleKind::Client, self.client),
            (HandleKind::Key, self.key),
            (HandleKind::Issuer, Some(self.issuer)),
        ];
        all.into_iter().filter_map(|(kind, handle)| handle.map(|handle| (kind, handle)))
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::digest;

    use super::{Handle, HandleKind, USUAL_BYTES};
    use crate::token::id::IssuerName;

    #[test]
    fn a_handle_is_half_of_the_digest_of_its_parts_however_long() {
        for length in [0, 1, USUAL_BYTES - 12, USUAL_BYTES - 11, USUAL_BYTES - 10, USUAL_BYTES, 5 * USUAL_BYTES] {
            let value = vec![b'v'; length];
            let whole = digest::digest(&digest::SHA256, &[b"token\0main\0", &value[..]].concat());
            let handle = Handle::of(HandleKind::Token, &IssuerName::new("main"), &value);
            assert_eq!(handle.0.to_be_bytes(), whole.as_ref()[..16], "{length}");
        }
    }
}
