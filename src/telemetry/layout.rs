//! The names a snapshot gives to its parts, in the order of their indexes. An
//! `Exchange` speaks in indexes, a series in names: this is the dictionary between
//! the two. Must never hold a name a caller can choose.

use std::sync::Arc;

/// The names of one snapshot's parts. Two parts of one name share their series.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Layout {
    /// By `Exchange::route`.
    pub routes: Vec<Arc<str>>,
    /// By `Exchange::upstream`.
    pub upstreams: Vec<Arc<str>>,
    /// By `Exchange::listener`.
    pub listeners: Vec<Arc<str>>,
}

impl Layout {
    /// The name at `index`, or `-` where there is none.
    pub fn name(names: &[Arc<str>], index: Option<usize>) -> &str {
        index.and_then(|i| names.get(i)).map_or("-", |name| name)
    }
}
