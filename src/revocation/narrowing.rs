//! What a person left to an application when he took part of a grant back. Tokens of
//! that grant go on, with no more than this. Adding one twice, or several in another
//! order, changes nothing, because each only takes away; after `until` it may be
//! forgotten, since later tokens are made with less from the start.

use std::collections::HashMap;

use crate::clock::UnixTime;
use crate::token::handle::Handle;
use crate::token::id::IssuerName;
use crate::token::scope::Scopes;

/// One grant that was narrowed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Narrowing {
    /// Whose tokens; part of the handle already, kept for people who read the list.
    pub issuer: IssuerName,
    /// The family, by its handle.
    pub family: Handle,
    /// What is left, with what the scopes that are left hold.
    pub left: Scopes,
    /// When the last token with more has expired by itself.
    pub until: UnixTime,
}

/// All narrowed families. There are few: one for each edit whose tokens still live.
#[derive(Debug, Default)]
pub(in crate::revocation) struct Narrowed(HashMap<Handle, (Scopes, UnixTime)>);

impl Narrowed {
    /// Adds one; `true` if it takes something away.
    pub fn add(&mut self, narrowing: &Narrowing) -> bool {
        let Some((left, until)) = self.0.get_mut(&narrowing.family) else {
            self.0.insert(narrowing.family, (narrowing.left.clone(), narrowing.until));
            return true;
        };
        *until = narrowing.until.max(*until);
        let less = left.intersection(&narrowing.left);
        let changes = less.len() < left.len();
        *left = less;
        changes
    }

    /// What is left to a family; `None`: all of it.
    pub fn left(&self, family: Handle) -> Option<&Scopes> {
        self.0.get(&family).map(|(left, _)| left)
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Drops those that ended.
    pub fn forget(&mut self, now: UnixTime) -> usize {
        let before = self.0.len();
        self.0.retain(|_, (_, until)| *until > now);
        before - self.0.len()
    }
}

#[cfg(test)]
mod tests {
    use super::{Narrowed, Narrowing};
    use crate::clock::UnixTime;
    use crate::token::handle::Handle;
    use crate::token::id::IssuerName;
    use crate::token::scope::Scopes;

    #[test]
    fn order_and_repetition_do_not_matter() {
        let scopes = |text: &str| Scopes::parse(text).unwrap();
        let to = |text: &str, until| Narrowing {
            issuer: IssuerName::new("main"),
            family: Handle(7),
            left: scopes(text),
            until: UnixTime(until),
        };
        for order in [[0, 1, 2], [2, 1, 0], [1, 1, 0]] {
            let all = [to("a b c", 10), to("b c d", 30), to("c b", 20)];
            let mut narrowed = Narrowed::default();
            for at in order {
                narrowed.add(&all[at]);
            }
            assert_eq!(
                narrowed.left(Handle(7)).map(|left| left.contains(scopes("b").iter().next().unwrap())),
                Some(true)
            );
            assert_eq!(narrowed.left(Handle(7)).map(Scopes::len), Some(2));
            assert_eq!((narrowed.forget(UnixTime(29)), narrowed.forget(UnixTime(30))), (0, 1));
            assert_eq!(narrowed.left(Handle(7)), None);
        }
    }
}
