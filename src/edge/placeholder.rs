//! Stand-in for a type that another part of the house brings: it is replaced by the
//! real one when that part arrives, and then this file goes.
//! Must never: reach the main branch.

/// `edge::upstream`'s pools.
#[derive(Debug, Default)]
pub struct Pools;
