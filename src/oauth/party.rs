//! Whom a token is about, as facts that a dialect's templates may name: the client, its
//! bot or the person, each with the fields that the operator gave them. Must never:
//! hold a hash or a secret.

use std::collections::BTreeMap;

use crate::dialect::fact::Fact;
use crate::dialect::issued::Party;
use crate::oauth::client::{Bot, Client};
use crate::oauth::user::User;

/// A client with whom it acts for.
pub(in crate::oauth) fn of(client: &Client, user: Option<&User>, bot: Option<&Bot>) -> Party {
    let mut party = Party::default();
    party.add("client.id", Fact::Text(client.id.as_str().to_owned()));
    fields(&mut party, "client", &client.fields);
    if let Some(user) = user {
        party.add("user.id", Fact::Text(user.subject.as_str().to_owned()));
        party.add("user.name", Fact::Text(user.name.as_str().to_owned()));
        fields(&mut party, "user", &user.fields);
    }
    if let Some(bot) = bot {
        party.add("bot.id", Fact::Text(bot.id.as_str().to_owned()));
        fields(&mut party, "bot", &bot.fields);
    }
    party
}

fn fields(party: &mut Party, group: &str, fields: &BTreeMap<String, String>) {
    for (name, value) in fields {
        party.add(format!("{group}.{name}"), Fact::Text(value.clone()));
    }
}
