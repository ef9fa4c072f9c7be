//! Live keys of one issuer: which one signs, which ones verify, what is published.

/// The keys of one issuer, parsed and ready.
#[derive(Debug, Default)]
pub struct KeyRing {}
