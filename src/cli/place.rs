//! What a command works on: the store, the compiled configuration, who is asking and
//! when. Also which issuer is meant, and until when a revocation of its tokens has to
//! be remembered.

use std::os::unix::fs::MetadataExt as _;

use crate::cli::failure::Failure;
use crate::clock::{Seconds, UnixTime};
use crate::oauth::issuer::Issuer;
use crate::random::Random;
use crate::revocation::notice::Notice;
use crate::snapshot::Snapshot;
use crate::store::Store;
use crate::store::change::By;
use crate::token::handle::{Handle, HandleKind};
use crate::token::id::IssuerName;

/// Added to the life of tokens: how far other clocks may be off.
const SKEW: Seconds = Seconds(60);

/// How long a revocation of somebody else's tokens is remembered, if nothing says
/// when they end.
const FOREIGN: Seconds = Seconds(24 * 3600);

/// What a command works on.
pub struct Place<'a> {
    /// The state.
    pub store: &'a Store,
    /// The configuration.
    pub snapshot: &'a Snapshot,
    /// For ids, secrets, keys and salts.
    pub random: &'a dyn Random,
    /// The present moment.
    pub now: UnixTime,
}

impl Place<'_> {
    /// Who is asking, for the log of changes.
    pub fn by(&self) -> By {
        // The owner of our own entry in /proc is the user the process runs as.
        let user = std::fs::metadata("/proc/self").map(|facts| facts.uid());
        let actor = user.map_or_else(|_| "cli".to_owned(), |uid| format!("cli (uid {uid})"));
        By { actor, now: self.now }
    }

    /// The issuer of ours that is meant: the named one, or the only one.
    pub fn issuer(&self, name: Option<&str>) -> Result<&Issuer, Failure> {
        let issuers = &self.snapshot.issuers;
        let names = || issuers.iter().map(|i| i.name.as_str()).collect::<Vec<_>>().join(", ");
        match (name, issuers.as_slice()) {
            (Some(name), all) => all
                .iter()
                .find(|i| i.name.as_str() == name)
                .ok_or_else(|| Failure::usage(format!("no issuer of ours is named `{name}`; there are: {}", names()))),
            (None, [only]) => Ok(only),
            (None, []) => Err(Failure::usage("the configuration has no issuer of ours")),
            (None, _) => Err(Failure::usage(format!("say which issuer with --issuer; there are: {}", names()))),
        }
    }

    /// The name of any issuer, ours or a foreign one.
    pub fn any_issuer(&self, name: Option<&str>) -> Result<IssuerName, Failure> {
        let profiles = &self.snapshot.policy.profiles;
        let names = || profiles.iter().map(|p| p.name.as_str()).collect::<Vec<_>>().join(", ");
        match (name, profiles.as_slice()) {
            (Some(name), all) => all
                .iter()
                .find(|p| p.name.as_str() == name)
                .map(|p| p.name.clone())
                .ok_or_else(|| Failure::usage(format!("no issuer is named `{name}`; there are: {}", names()))),
            (None, [only]) => Ok(only.name.clone()),
            (None, []) => Err(Failure::usage("the configuration has no issuer")),
            (None, _) => Err(Failure::usage(format!("say which issuer with --issuer; there are: {}", names()))),
        }
    }

    /// The settings of an issuer, if it is one of ours.
    pub fn ours(&self, name: &IssuerName) -> Option<&Issuer> {
        self.snapshot.issuers.iter().find(|issuer| issuer.name == *name)
    }

    /// When the last access token that this issuer has given out so far will have
    /// ended; for a foreign one a guess.
    pub fn last_end(&self, name: &IssuerName) -> UnixTime {
        let life = self.ours(name).map_or(FOREIGN, |issuer| issuer.token.lifetime.unwrap_or(FOREIGN));
        self.now.after(life).after(SKEW)
    }

    /// Calls back all tokens that the issuer has given out so far under a handle.
    pub fn everything_of(&self, issuer: &IssuerName, kind: HandleKind, handle: Handle) -> Notice {
        let until = self.last_end(issuer);
        Notice { kind, issuer: issuer.clone(), handle, issued_before: Some(self.now), until }
    }
}
