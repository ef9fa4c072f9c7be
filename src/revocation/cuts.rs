//! Cuts: notices that call back only what was issued up to a moment, so that the
//! same user, client or issuer can go on afterwards. There are few (one per sign-out
//! of a whole user), so a map under one lock serves them.

use std::collections::HashMap;

use crate::clock::UnixTime;
use crate::token::handle::{Handle, HandleKind};

/// What one handle is cut at.
#[derive(Clone, Copy, Debug)]
pub(in crate::revocation) struct Cut {
    /// Of what kind the handle is.
    pub kind: HandleKind,
    /// Tokens issued then or before are called back.
    pub issued_before: UnixTime,
    /// When nothing it names can be live any more.
    pub until: UnixTime,
}

/// All cuts, by handle.
#[derive(Debug, Default)]
pub(in crate::revocation) struct Cuts(HashMap<Handle, Cut>);

/// What an added cut changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::revocation) enum Cutting {
    /// The handle had none.
    First,
    /// The handle is cut at a later moment than before.
    Later,
    /// Nothing that a check could see.
    Nothing,
}

impl Cuts {
    /// Adds a cut; the later moment and the later end stay.
    pub fn add(&mut self, handle: Handle, cut: Cut) -> Cutting {
        let Some(known) = self.0.get_mut(&handle) else {
            self.0.insert(handle, cut);
            return Cutting::First;
        };
        known.until = known.until.max(cut.until);
        if cut.issued_before <= known.issued_before {
            return Cutting::Nothing;
        }
        known.issued_before = cut.issued_before;
        Cutting::Later
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The moment a handle is cut at.
    pub fn moment(&self, handle: Handle) -> Option<UnixTime> {
        self.0.get(&handle).map(|cut| cut.issued_before)
    }

    /// Drops those that ended, calling `gone` for each.
    pub fn forget(&mut self, now: UnixTime, mut gone: impl FnMut(HandleKind)) -> usize {
        let before = self.0.len();
        self.0.retain(|_, cut| {
            let stays = cut.until > now;
            if !stays {
                gone(cut.kind);
            }
            stays
        });
        if self.0.capacity() > 4 * (self.0.len() + 16) {
            self.0.shrink_to_fit();
        }
        before - self.0.len()
    }

    /// Bytes on the heap, about.
    pub fn memory_bytes(&self) -> usize {
        self.0.capacity() * (size_of::<(Handle, Cut)>() + 1)
    }
}
