//! Scopes in two forms: `Scopes`, the ordered names a grant speaks of (RFC 6749
//! §3.3), and `ScopeSet`, the bits a request is checked with. A `ScopeTable` turns
//! one into the other; it belongs to one snapshot, and bits of two tables must
//! never be compared.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

/// One scope token: 1*( %x21 / %x23-5B / %x5D-7E ) (RFC 6749 §3.3).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scope(Arc<str>);

impl Scope {
    /// `None` if the text is empty or has a character the RFC does not allow.
    pub fn parse(text: &str) -> Option<Scope> {
        let fits = |b: u8| matches!(b, 0x21 | 0x23..=0x5B | 0x5D..=0x7E);
        (!text.is_empty() && text.bytes().all(fits)).then(|| Scope(text.into()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", &*self.0)
    }
}

/// Scopes in the order they were named, each once.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Scopes(Vec<Scope>);

impl Scopes {
    /// Reads a space-separated list; `None` if a member is not a scope. The empty
    /// text is the empty list.
    pub fn parse(text: &str) -> Option<Scopes> {
        text.split(' ').filter(|s| !s.is_empty()).map(Scope::parse).collect()
    }

    /// The names, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Scope> {
        self.0.iter()
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// True when no scope is named.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// True when `scope` is named.
    pub fn contains(&self, scope: &Scope) -> bool {
        self.0.contains(scope)
    }

    /// True when every scope of `other` is named here.
    pub fn covers(&self, other: &Scopes) -> bool {
        other.iter().all(|s| self.contains(s))
    }

    /// What both name, in this list's order.
    pub fn intersection(&self, other: &Scopes) -> Scopes {
        self.iter().filter(|s| other.contains(s)).cloned().collect()
    }
}

impl FromIterator<Scope> for Scopes {
    /// Keeps the first of equal names.
    fn from_iter<I: IntoIterator<Item = Scope>>(names: I) -> Scopes {
        let mut out = Scopes::default();
        for name in names {
            if !out.contains(&name) {
                out.0.push(name);
            }
        }
        out
    }
}

impl fmt::Display for Scopes {
    /// Space-separated, as RFC 6749 spells them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, scope) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str(" ")?;
            }
            f.write_str(scope.as_str())?;
        }
        Ok(())
    }
}

/// The scopes that rules of one snapshot speak of, each with its bit.
#[derive(Clone, Debug, Default)]
pub struct ScopeTable(HashMap<Arc<str>, u16>);

impl ScopeTable {
    /// The bit of `name`, given out at first sight. At most 65,536 names.
    pub fn intern(&mut self, name: &Scope) -> u16 {
        let next = u16::try_from(self.0.len()).unwrap_or(u16::MAX);
        *self.0.entry(name.0.clone()).or_insert(next)
    }

    /// How many names have a bit.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// True when no name has a bit.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The bits of those names that some rule speaks of; the others cannot matter.
    pub fn known<'a>(&self, names: impl Iterator<Item = &'a str>) -> ScopeSet {
        let mut set = ScopeSet::default();
        names.filter_map(|n| self.0.get(n)).for_each(|bit| set.insert(*bit));
        set
    }
}

/// A set of scope bits: 64 inline, more on the heap.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ScopeSet {
    first: u64,
    rest: Vec<u64>,
}

impl ScopeSet {
    /// Adds one bit.
    pub fn insert(&mut self, bit: u16) {
        let (word, bit) = (usize::from(bit / 64), 1u64 << (bit % 64));
        if word == 0 {
            self.first |= bit;
        } else {
            if self.rest.len() < word {
                self.rest.resize(word, 0);
            }
            self.rest[word - 1] |= bit;
        }
    }

    /// True when every bit of `needed` is set here.
    pub fn covers(&self, needed: &ScopeSet) -> bool {
        let mine = |i: usize| self.rest.get(i).copied().unwrap_or(0);
        needed.first & !self.first == 0 && needed.rest.iter().enumerate().all(|(i, word)| word & !mine(i) == 0)
    }
}

#[cfg(test)]
mod tests;
