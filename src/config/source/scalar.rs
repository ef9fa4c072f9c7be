//! What a scalar means: `serde_yaml` decides what is a number, a boolean or null, so
//! this language and every other YAML reader agree. Must never: see a secret's text
//! in an error, since none is kept.

use serde_yaml::Value;

use crate::config::source::tree::{Scalar, Style};

/// The scalar as a typed value.
pub fn typed(scalar: &Scalar) -> Value {
    match scalar.style {
        Style::Quoted => Value::String(scalar.text.clone()),
        Style::Plain => by_looks(&scalar.text),
        // An empty variable is an empty text, not null: nobody wrote "nothing" there.
        Style::Filled if scalar.text.is_empty() => Value::String(String::new()),
        Style::Filled => by_looks(&scalar.text),
    }
}

fn by_looks(text: &str) -> Value {
    // Longer texts are no numbers, and what is filled in may be of any size.
    const LONGEST_NUMBER: usize = 40;
    let could_be_typed = text.len() <= LONGEST_NUMBER
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.' | b'_' | b'~'));
    if !could_be_typed {
        return Value::String(text.to_owned());
    }
    match serde_yaml::from_str::<Value>(text) {
        Ok(value @ (Value::Null | Value::Bool(_) | Value::Number(_))) => value,
        Ok(_) | Err(_) => Value::String(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use serde_yaml::Value;

    use super::typed;
    use crate::config::source::tree::{Scalar, Style};

    fn meaning(text: &str, style: Style) -> Value {
        typed(&Scalar { text: text.to_owned(), style })
    }

    #[test]
    fn types_follow_looks_unless_quoted() {
        assert_eq!(meaning("12", Style::Plain), Value::from(12));
        assert_eq!(meaning("12", Style::Quoted), Value::from("12"));
        assert_eq!(meaning("true", Style::Filled), Value::from(true));
        assert_eq!(meaning("no", Style::Plain), Value::from("no"));
        assert_eq!(meaning("", Style::Plain), Value::Null);
        assert_eq!(meaning("", Style::Filled), Value::from(""));
        assert_eq!(meaning("*alias", Style::Filled), Value::from("*alias"));
    }
}
