//! A value as bytes: JSON in the habits of several old stacks, a form, or XML. Which
//! one an answer has is the dialect's to say, perhaps by what the client accepts.

use schemars::JsonSchema;
use serde::Deserialize;
use std::fmt::Write as _;

use serde_json::Value;

/// How a body is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// JSON.
    Json,
    /// `application/x-www-form-urlencoded`.
    Form,
    /// XML with one element for each member.
    Xml,
}

/// Habits of a stack that writes JSON. All of them give the same value.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct JsonHabits {
    /// What stands between two members.
    pub spacing: Spacing,
    /// What is escaped beyond need.
    pub escapes: Escapes,
}

/// What stands between two members.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Spacing {
    /// `,` and `:`.
    #[default]
    Compact,
    /// `, ` and `: `.
    Spaced,
}

/// What is escaped beyond need.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Escapes {
    /// Nothing.
    #[default]
    None,
    /// What is not ASCII.
    Ascii,
    /// What is not ASCII, and `/`.
    SlashesAndAscii,
    /// `<`, `>` and `&`.
    Html,
}

/// Answers are seldom longer: more than that and the text grows as it is written.
const USUAL_BYTES: usize = 1024;

/// The body in that format; `root` is the outermost element of XML.
pub fn spell(value: &Value, format: Format, habits: JsonHabits, root: &str) -> String {
    let mut out = String::with_capacity(USUAL_BYTES);
    match format {
        Format::Json => json(value, habits, &mut out),
        Format::Form => form(value, &mut out),
        Format::Xml => xml(root, value, &mut out),
    }
    out
}

fn json(value: &Value, habits: JsonHabits, out: &mut String) {
    let (comma, colon) = match habits.spacing {
        Spacing::Compact => (",", ":"),
        Spacing::Spaced => (", ", ": "),
    };
    match value {
        Value::Object(members) => {
            out.push('{');
            for (i, (name, value)) in members.iter().enumerate() {
                out.push_str(if i > 0 { comma } else { "" });
                quoted(name, habits.escapes, out);
                out.push_str(colon);
                json(value, habits, out);
            }
            out.push('}');
        }
        Value::Array(values) => {
            out.push('[');
            for (i, value) in values.iter().enumerate() {
                out.push_str(if i > 0 { comma } else { "" });
                json(value, habits, out);
            }
            out.push(']');
        }
        Value::String(text) => quoted(text, habits.escapes, out),
        Value::Null | Value::Bool(_) | Value::Number(_) => out.push_str(&value.to_string()),
    }
}

fn quoted(text: &str, escapes: Escapes, out: &mut String) {
    // Most texts have nothing that any habit escapes.
    let simple = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\' | b'/' | b'<' | b'>' | b'&');
    if text.bytes().all(|byte| simple(byte) || byte == b' ') {
        out.push('"');
        out.push_str(text);
        out.push('"');
        return;
    }
    let plain = Value::String(text.to_owned()).to_string();
    for c in plain.chars() {
        let escaped = match escapes {
            Escapes::None => false,
            Escapes::Ascii => !c.is_ascii(),
            Escapes::SlashesAndAscii => {
                if c == '/' {
                    out.push('\\');
                }
                !c.is_ascii()
            }
            Escapes::Html => matches!(c, '<' | '>' | '&'),
        };
        if escaped {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                // Writing to a string cannot fail.
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(c);
        }
    }
}

fn form(value: &Value, out: &mut String) {
    let Value::Object(members) = value else { return };
    for (name, value) in members {
        if !out.is_empty() {
            out.push('&');
        }
        escaped(name, out);
        out.push('=');
        escaped(&plain(value), out);
    }
}

fn escaped(text: &str, out: &mut String) {
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'*' => out.push(char::from(byte)),
            b' ' => out.push('+'),
            other => {
                let _ = write!(out, "%{other:02X}");
            }
        }
    }
}

fn xml(name: &str, value: &Value, out: &mut String) {
    let _ = write!(out, "<{name}>");
    match value {
        Value::Object(members) => members.iter().for_each(|(name, value)| xml(name, value, out)),
        Value::Array(values) => values.iter().for_each(|value| xml("item", value, out)),
        other => {
            for c in plain(other).chars() {
                match c {
                    '<' => out.push_str("&lt;"),
                    '>' => out.push_str("&gt;"),
                    '&' => out.push_str("&amp;"),
                    '"' => out.push_str("&quot;"),
                    other => out.push(other),
                }
            }
        }
    }
    let _ = write!(out, "</{name}>");
}

fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Escapes, Format, JsonHabits, Spacing, spell};

    #[test]
    fn stacks_write_json_in_their_own_way() {
        let value = json!({ "a": "x/\u{e9}<", "b": [1, null], "c": "\u{1f600}" });
        let told = |spacing, escapes| spell(&value, Format::Json, JsonHabits { spacing, escapes }, "");
        assert_eq!(told(Spacing::Compact, Escapes::None), value.to_string());
        assert_eq!(told(Spacing::Spaced, Escapes::Ascii), r#"{"a": "x/\u00e9<", "b": [1, null], "c": "\ud83d\ude00"}"#);
        let php = told(Spacing::Compact, Escapes::SlashesAndAscii);
        assert!(php.starts_with(r#"{"a":"x\/\u00e9<""#), "{php}");
        assert!(told(Spacing::Compact, Escapes::Html).starts_with("{\"a\":\"x/\u{e9}\\u003c\""));
        assert_eq!(serde_json::from_str::<serde_json::Value>(&php).unwrap(), value);
    }

    #[test]
    fn forms_and_xml_are_escaped() {
        let value = json!({ "scope": "a,b c", "n": 1 });
        assert_eq!(spell(&value, Format::Form, JsonHabits::default(), ""), "scope=a%2Cb+c&n=1");
        let value = json!({ "scope": "a&<b>" });
        let told = spell(&value, Format::Xml, JsonHabits::default(), "OAuth");
        assert_eq!(told, "<OAuth><scope>a&amp;&lt;b&gt;</scope></OAuth>");
    }
}
