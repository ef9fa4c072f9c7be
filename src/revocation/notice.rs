//! The unit of revocation news. Adding a notice twice, or in another order, changes
//! nothing; after `until` it may be forgotten, because nothing it names can be live.

use crate::clock::UnixTime;
use crate::token::handle::{Handle, HandleKind};
use crate::token::id::IssuerName;

/// One thing that was called back.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Notice {
    /// By what the tokens are named.
    pub kind: HandleKind,
    /// Whose tokens; part of the handle already, kept for people who read the list.
    pub issuer: IssuerName,
    /// The name itself.
    pub handle: Handle,
    /// `None`: whatever bears the handle. `Some(t)`: only what was issued at `t` or
    /// before, so that a user can sign in again after all his tokens were revoked.
    pub issued_before: Option<UnixTime>,
    /// When the last token it can name has expired by itself.
    pub until: UnixTime,
}
