//! Which scopes a grant carries (RFC 6749 §3.3): never more than the catalogue, the
//! client and, where there is one, the user allow. Asking for more is refused rather
//! than cut, so that a client learns of it here and not at the API; an issuer may say
//! otherwise for the clients of an old system.

use crate::dialect::condition::Condition;
use crate::oauth::client::Client;
use crate::oauth::issuer::{Issuer, NothingLeft, ScopeOrder, ScopeRules, UnknownScope};
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
/// `ScopeBad` when a wish is no scope, or more than `most`; `ScopeEmpty` when nothing
/// is left of it.
pub(in crate::oauth) fn choose(
    issuer: &Issuer,
    asked: Option<&[String]>,
    default: Option<&Scopes>,
    most: &Scopes,
) -> Result<Scopes, Condition> {
    let rules = &issuer.scope_rules;
    match asked.filter(|words| !words.is_empty()) {
        None => Ok(default.map_or_else(|| most.clone(), |default| default.intersection(most))),
        Some(words) if words.iter().any(|word| rules.wildcards.iter().any(|all| **all == **word)) => Ok(most.clone()),
        Some(words) => wished(rules, words, most),
    }
}

fn wished(rules: &ScopeRules, words: &[String], most: &Scopes) -> Result<Scopes, Condition> {
    let may = |scope: &Scope| most.iter().any(|held| rules.holds(held, scope));
    let mut wish: Vec<Scope> = Vec::new();
    for word in words {
        let alias = rules.aliases.iter().find(|(alias, _)| **alias == **word).map(|(_, scope)| scope.clone());
        match alias.or_else(|| Scope::parse(word)).filter(may) {
            Some(scope) => wish.push(scope),
            None if rules.unknown == UnknownScope::Drop => {}
            None => return Err(Condition::ScopeBad),
        }
    }
    let within = |scope: &Scope| wish.iter().any(|other| other != scope && rules.holds(other, scope));
    let mut chosen: Scopes = wish.iter().filter(|scope| !within(scope)).cloned().collect();
    if rules.order == ScopeOrder::Catalogue {
        chosen = most.intersection(&chosen).iter().chain(chosen.iter()).cloned().collect();
    }
    if chosen.is_empty() && rules.nothing_left == NothingLeft::Refuse {
        return Err(Condition::ScopeEmpty);
    }
    Ok(chosen)
}

#[cfg(test)]
mod tests {
    use super::wished;
    use crate::dialect::condition::Condition;
    use crate::oauth::issuer::{NothingLeft, ScopeOrder, ScopeRules, UnknownScope};
    use crate::token::scope::{Scope, Scopes};

    fn scopes(text: &str) -> Scopes {
        Scopes::parse(text).unwrap()
    }

    fn asked(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn a_wish_is_granted_whole_or_not_at_all() {
        let (most, rules) = (scopes("a b c"), ScopeRules::default());
        assert_eq!(wished(&rules, &asked(&["c", "a", "c"]), &most), Ok(scopes("c a")));
        for more in [&["a", "d"][..], &["A"], &["a\""], &["a\u{a0}"], &["a,b"]] {
            assert_eq!(wished(&rules, &asked(more), &most), Err(Condition::ScopeBad), "{more:?}");
        }
    }

    #[test]
    fn an_issuer_may_cut_order_and_rename() {
        let scope = |text| Scope::parse(text).unwrap();
        let rules = ScopeRules {
            aliases: vec![("posts".into(), scope("post"))],
            unknown: UnknownScope::Drop,
            order: ScopeOrder::Catalogue,
            ..ScopeRules::default()
        };
        let most = scopes("feed profile post");
        assert_eq!(wished(&rules, &asked(&["posts", "nope", "feed"]), &most), Ok(scopes("feed post")));
        assert_eq!(wished(&rules, &asked(&["nope"]), &most), Err(Condition::ScopeEmpty));
        let rules = ScopeRules { nothing_left: NothingLeft::Grant, ..rules };
        assert_eq!(wished(&rules, &asked(&["nope"]), &most), Ok(Scopes::default()));
    }

    #[test]
    fn what_another_scope_holds_is_not_granted_beside_it() {
        let implies = vec![(Scope::parse("user").unwrap(), scopes("user:email user:follow"))];
        let rules = ScopeRules { implies, ..ScopeRules::default() };
        let most = scopes("user gist");
        assert_eq!(wished(&rules, &asked(&["user", "gist", "user:email"]), &most), Ok(scopes("user gist")));
        assert_eq!(wished(&rules, &asked(&["user:email"]), &most), Ok(scopes("user:email")));
    }
}
