//! References, filters, types, and what is refused.

use serde_json::{Value, json};

use super::{Rendered, Template};
use crate::clock::UnixTime;
use crate::dialect::fact::{Fact, Facts, Kind};
use crate::dialect::vocabulary::ANSWER;

struct Some7;

impl Facts for Some7 {
    fn fact(&self, name: &str) -> Fact {
        match name {
            "scopes" => Fact::List(vec!["a".into(), "b".into()]),
            "expires_in" => Fact::Number(600),
            "expires_at" => Fact::Time(UnixTime(1_588_226_565)),
            "client.id" => Fact::Text("7".into()),
            _ => Fact::Nothing,
        }
    }

    fn now(&self) -> UnixTime {
        UnixTime(1_588_226_500)
    }
}

fn shown(text: &str) -> Option<Value> {
    match Template::parse(text, ANSWER).unwrap().render(&Some7) {
        Rendered::Value(value) => Some(value),
        Rendered::Omitted => None,
    }
}

#[test]
fn one_reference_keeps_its_type() {
    assert_eq!(shown("{expires_in}"), Some(json!(600)));
    assert_eq!(shown("{expires_in|ms}"), Some(json!(600_000)));
    assert_eq!(shown("in {expires_in}s"), Some(json!("in 600s")));
    assert_eq!(shown("{scopes}"), Some(json!(["a", "b"])));
    assert_eq!(shown("{scopes|join(\"|\")|omit_if_empty}"), Some(json!("a|b")));
    assert_eq!(shown("{client.id|number}"), Some(json!(7)));
    assert_eq!(shown("{user.name}"), Some(Value::Null));
    assert_eq!(shown("{{x}}"), Some(json!("{x}")));
}

#[test]
fn filters_follow_one_another() {
    assert_eq!(shown("{scopes|each_suffix(;)}"), Some(json!("a;b;")));
    assert_eq!(shown("{scopes|join(\", \")}"), Some(json!("a, b")));
    assert_eq!(shown("{expires_at|rfc3339}"), Some(json!("2020-04-30T06:02:45+00:00")));
    assert_eq!(shown("{expires_at|iso8601}"), Some(json!("2020-04-30T06:02:45+0000")));
    assert_eq!(shown("{expires_at|remaining}"), Some(json!(65)));
    assert_eq!(shown("{refresh_token|omit_if_empty}"), None);
    assert_eq!(Template::parse("{expires_at|unix}", ANSWER).unwrap().kind(ANSWER), Kind::Number);
}

#[test]
fn what_cannot_be_meant_is_refused() {
    let refused = [
        "{nobody}",
        "{scopes|unix}",
        "{scopes|shout}",
        "{expires_in|join(,)}",
        "{scope",
        "scope}",
        "{user.}",
        "{user.a-b}",
    ];
    for text in refused {
        assert!(Template::parse(text, ANSWER).is_err(), "{text}");
    }
}
