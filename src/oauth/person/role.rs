//! What a person may do about applications, by the groups he is in: the words of his
//! field `groups`, whatever source of users he comes from.

use crate::oauth::people::{ApplicationRules, WhoRegisters};
use crate::oauth::user::User;

/// The field that lists groups, separated by spaces or commas.
const GROUPS: &str = "groups";

/// What a person may do about applications.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Role {
    /// Nothing.
    User,
    /// Register his own.
    Developer,
    /// Approve those of others, and register his own.
    Admin,
}

impl Role {
    /// What that person may do.
    pub(super) fn of(user: &User, rules: &ApplicationRules) -> Role {
        let list = user.fields.get(GROUPS).map_or("", String::as_str);
        let within = |group: &str| list.split([' ', ',']).any(|word| word == group);
        if rules.admins.as_deref().is_some_and(within) {
            return Role::Admin;
        }
        match &rules.register {
            WhoRegisters::Nobody => Role::User,
            WhoRegisters::Everyone => Role::Developer,
            WhoRegisters::Group(group) if within(group) => Role::Developer,
            WhoRegisters::Group(_) => Role::User,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::Role;
    use crate::oauth::client::Origin;
    use crate::oauth::people::{ApplicationRules, ApprovalRule, WhoRegisters};
    use crate::oauth::user::User;
    use crate::token::id::{Subject, UserName};

    fn user(groups: &str) -> User {
        User {
            name: UserName::new("ana"),
            subject: Subject::new("1"),
            password_hash: String::new(),
            disabled: false,
            may_grant: None,
            fields: BTreeMap::from([("groups".to_owned(), groups.to_owned())]),
            origin: Origin::File,
        }
    }

    #[test]
    fn groups_say_who_may_register_and_who_approves() {
        let rules = |register| ApplicationRules { register, approval: ApprovalRule::Admin, admins: Some("ops".into()) };
        let role = |register, groups| Role::of(&user(groups), &rules(register));
        let group = || WhoRegisters::Group("dev".into());
        assert_eq!(role(WhoRegisters::Everyone, ""), Role::Developer);
        assert_eq!(role(WhoRegisters::Nobody, "dev"), Role::User);
        assert_eq!(role(group(), "sales, dev"), Role::Developer);
        assert_eq!(role(group(), "developers"), Role::User);
        assert_eq!(role(WhoRegisters::Nobody, "dev ops"), Role::Admin);
        let without = ApplicationRules { admins: None, ..rules(WhoRegisters::Nobody) };
        assert_eq!(Role::of(&user("ops"), &without), Role::User);
    }
}
