//! What a scope of OpenID Connect tells of a person (Core §5.4): the fields that the
//! operator gave him, under the claims' own names. What is not there is not told.

use serde_json::{Map, Value};

use crate::oauth::user::User;
use crate::token::scope::Scopes;

/// What `profile` tells, in the order of the specification.
const PROFILE: [&str; 12] = [
    "name",
    "family_name",
    "given_name",
    "middle_name",
    "nickname",
    "profile",
    "picture",
    "website",
    "gender",
    "birthdate",
    "zoneinfo",
    "locale",
];

/// Every claim that may be told, for discovery.
pub(in crate::oauth) fn all() -> Vec<&'static str> {
    let mut out = vec!["sub", "preferred_username", "email", "email_verified", "phone_number", "phone_number_verified"];
    out.extend(PROFILE);
    out
}

/// What these scopes tell of the person.
pub(in crate::oauth) fn of(user: &User, scopes: &Scopes) -> Map<String, Value> {
    let mut out = Map::new();
    out.insert("sub".to_owned(), user.subject.as_str().into());
    let has = |name: &str| scopes.iter().any(|scope| scope.as_str() == name);
    let mut tell = |names: &[&str]| {
        for name in names {
            if let Some(value) = user.fields.get(*name) {
                let flag = name.ends_with("_verified");
                out.insert((*name).to_owned(), if flag { Value::from(value == "true") } else { value.as_str().into() });
            }
        }
    };
    if has("profile") {
        tell(&PROFILE);
    }
    if has("email") {
        tell(&["email", "email_verified"]);
    }
    if has("phone") {
        tell(&["phone_number", "phone_number_verified"]);
    }
    if has("profile") {
        let name = user.fields.get("preferred_username").map_or_else(|| user.name.as_str(), String::as_str);
        out.insert("preferred_username".to_owned(), name.into());
    }
    out
}
