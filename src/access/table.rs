//! Which route, or which endpoint of ours, a request belongs to. The most specific
//! pattern wins whatever the order of the file: first the host (exact, then the
//! longest suffix, then any), then segment by segment (literal, then one wildcard,
//! then `**`). Two that are equally specific are a conflict, found when the table is
//! built and never at a request. A look-up costs the same for ten routes and for ten
//! thousand. Must never: allocate for a path without escapes.

use std::collections::HashMap;
use std::sync::Arc;

use crate::access::host::HostPattern;
use crate::access::path::{CanonicalPath, meaning};
use crate::access::pattern::{End, PathPattern, Segment};
use crate::access::route::Route;
use crate::dialect::endpoint::EndpointRef;

/// Where a request goes.
#[derive(Clone, Debug)]
pub enum Target {
    /// To a backend, if admitted.
    Route(Arc<Route>),
    /// To an endpoint of ours.
    Endpoint(EndpointRef),
}

/// One line of a table.
#[derive(Clone, Debug)]
pub struct Entry {
    /// For which hosts.
    pub host: HostPattern,
    /// For which paths.
    pub path: PathPattern,
    /// Where it leads.
    pub target: Target,
}

/// Two entries that fit exactly the same requests, by their places in the list.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Conflict {
    /// The one that came first.
    pub first: usize,
    /// The one that says the same again.
    pub second: usize,
}

/// Host and path patterns with their targets.
#[derive(Debug, Default)]
pub struct Table {
    targets: Vec<Target>,
    exact: HashMap<Box<str>, Tree>,
    suffix: HashMap<Box<str>, Tree>,
    any: Tree,
}

impl Table {
    /// Builds a table, or names every pair of entries that are in each other's way.
    pub fn build(entries: Vec<Entry>) -> Result<Table, Vec<Conflict>> {
        let mut table = Table::default();
        let mut conflicts = Vec::new();
        for (index, entry) in entries.into_iter().enumerate() {
            let tree = match entry.host {
                HostPattern::Exact(name) => table.exact.entry(name).or_default(),
                HostPattern::Suffix(name) => table.suffix.entry(name).or_default(),
                HostPattern::Any => &mut table.any,
            };
            conflicts.extend(tree.insert(&entry.path, index).map(|first| Conflict { first, second: index }));
            table.targets.push(entry.target);
        }
        if conflicts.is_empty() { Ok(table) } else { Err(conflicts) }
    }

    /// The target of a request; `host` in canonical form.
    pub fn find(&self, host: &str, path: &CanonicalPath<'_>) -> Option<&Target> {
        let exact = || self.exact.get(host).and_then(|tree| tree.find(path));
        let suffix = || {
            let mut rest = host;
            while let Some((_, shorter)) = rest.split_once('.') {
                rest = shorter;
                let found = self.suffix.get(rest).and_then(|tree| tree.find(path));
                if found.is_some() {
                    return found;
                }
            }
            None
        };
        let mut found = if self.exact.is_empty() { None } else { exact() };
        if found.is_none() && !self.suffix.is_empty() {
            found = suffix();
        }
        self.targets.get(found.or_else(|| self.any.find(path))?)
    }

    /// Whether some entry is for one of two different hosts and not for the other.
    pub fn tells_apart(&self, one: &str, other: &str) -> bool {
        self.exact.contains_key(one) || self.exact.contains_key(other) || !self.suffixes(one).eq(self.suffixes(other))
    }

    /// The suffixes that entries are for and that this host has.
    fn suffixes<'h>(&self, host: &'h str) -> impl Iterator<Item = &'h str> {
        host.match_indices('.').map(|(at, _)| &host[at + 1..]).filter(|suffix| self.suffix.contains_key(*suffix))
    }

    /// Every target, in the order of the entries.
    pub fn targets(&self) -> &[Target] {
        &self.targets
    }
}

/// The paths of one host pattern, as a tree of segments.
#[derive(Debug)]
struct Tree {
    nodes: Vec<Node>,
}

#[derive(Debug, Default)]
struct Node {
    literal: HashMap<Box<str>, usize>,
    one: Option<usize>,
    exact: Option<usize>,
    rest: Option<usize>,
}

impl Default for Tree {
    fn default() -> Tree {
        Tree { nodes: vec![Node::default()] }
    }
}

impl Tree {
    /// Puts a pattern in; returns the entry that was there before.
    fn insert(&mut self, pattern: &PathPattern, entry: usize) -> Option<usize> {
        let mut at = 0;
        for segment in &pattern.segments {
            let fresh = self.nodes.len();
            let next = match segment {
                Segment::Literal(text) => *self.nodes[at].literal.entry(text.clone()).or_insert(fresh),
                Segment::One => *self.nodes[at].one.get_or_insert(fresh),
            };
            if next == fresh {
                self.nodes.push(Node::default());
            }
            at = next;
        }
        let place = match pattern.end {
            End::Exact => &mut self.nodes[at].exact,
            End::Rest => &mut self.nodes[at].rest,
        };
        match *place {
            Some(first) => Some(first),
            None => {
                *place = Some(entry);
                None
            }
        }
    }

    fn find(&self, path: &CanonicalPath<'_>) -> Option<usize> {
        self.descend(0, path.segments())
    }

    /// The best entry below a node. Wildcards are tried after literals, so the first
    /// that fits is the most specific; each node is visited at most once per look-up.
    fn descend<'p>(&self, at: usize, mut segments: impl Iterator<Item = &'p str> + Clone) -> Option<usize> {
        let node = self.nodes.get(at)?;
        let Some(segment) = segments.next() else {
            return node.exact.or(node.rest);
        };
        let literal = || node.literal.get(&*meaning(segment)).and_then(|next| self.descend(*next, segments.clone()));
        let one = || {
            let next = node.one.filter(|_| !segment.is_empty())?;
            self.descend(next, segments.clone())
        };
        let mut found = if node.literal.is_empty() { None } else { literal() };
        if found.is_none() {
            found = one();
        }
        found.or(node.rest)
    }
}

#[cfg(test)]
mod tests;
