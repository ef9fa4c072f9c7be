//! What is wrong with a block that cannot be read: nothing more is known of it, and nothing
//! that follows on its connection could be believed.

/// A block that cannot be read. The connection's two tables are no longer the same
/// (RFC 9113 §4.3).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Malformed;
