//! Which scopes a grant carries (RFC 6749 §3.3): never more than the catalogue, the
//! client and, where there is one, the user allow. Asking for more is refused rather
//! than cut, so that a client learns of it here and not at the API.

use crate::dialect::condition::Condition;
use crate::oauth::client::Client;
use crate::oauth::issuer::Issuer;
use crate::oauth::user::User;
use crate::token::scope::{Scope, Scopes};

/// The most this client may get now, for this user.
pub(in crate::oauth) fn ceiling(issuer: &Issuer, client: &Client, user: Option<&User>) -> Scopes {
    let offered = |scope: &&Scope| issuer.catalogue.iter().any(|(known, _)| known == *scope);
    let gives = |scope: &&Scope| user.and_then(|user| user.may_grant.as_ref()).is_none_or(|most| most.contains(scope));
    client.scopes.iter().filter(offered).filter(gives).cloned().collect()
}

/// What was asked for, or without a wish the default cut to `most`.
///
/// # Errors
/// `ScopeBad` when a wish is no scope, or more than `most`.
pub(in crate::oauth) fn choose(
    asked: Option<&[String]>,
    default: Option<&Scopes>,
    most: &Scopes,
) -> Result<Scopes, Condition> {
    match asked.filter(|words| !words.is_empty()) {
        None => Ok(default.map_or_else(|| most.clone(), |default| default.intersection(most))),
        Some(words) => {
            let wish: Option<Scopes> = words.iter().map(|word| Scope::parse(word)).collect();
            wish.filter(|wish| most.covers(wish)).ok_or(Condition::ScopeBad)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::choose;
    use crate::dialect::condition::Condition;
    use crate::token::scope::Scopes;

    fn scopes(text: &str) -> Scopes {
        Scopes::parse(text).unwrap()
    }

    fn asked(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn a_wish_is_granted_whole_or_not_at_all() {
        let most = scopes("a b c");
        assert_eq!(choose(Some(&asked(&["c", "a", "c"])), None, &most), Ok(scopes("c a")));
        for more in [&["a", "d"][..], &["A"], &["a\""], &["a\u{a0}"], &["a,b"]] {
            assert_eq!(choose(Some(&asked(more)), None, &most), Err(Condition::ScopeBad), "{more:?}");
        }
    }

    #[test]
    fn no_wish_is_the_default_cut_to_what_may_be() {
        let most = scopes("a b");
        assert_eq!(choose(None, None, &most), Ok(scopes("a b")));
        assert_eq!(choose(Some(&[]), Some(&scopes("b z")), &most), Ok(scopes("b")));
    }
}
