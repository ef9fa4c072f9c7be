//! The JSON Schema of the language, for editors: draft-07, which the YAML language
//! server reads, made from the very types that read the file. A test holds the
//! published copy equal to it.

use schemars::Schema;
use schemars::generate::SchemaSettings;
use schemars::transform::{Transform, transform_subschemas};
use serde_json::{Value, json};

use crate::config::document::gateway::GatewayDocument;

/// The schema as pretty-printed JSON with a final line end.
pub fn schema() -> String {
    let generator = SchemaSettings::draft07().into_generator();
    let mut schema = generator.into_root_schema_for::<GatewayDocument>();
    References.transform(&mut schema);
    format!("{:#}\n", schema.to_value())
}

/// Lets `${…}` stand where a number, a boolean or a word of a closed list is asked for.
#[derive(Clone)]
struct References;

impl Transform for References {
    fn transform(&mut self, schema: &mut Schema) {
        // From the inside out, so that what is added is not visited again.
        transform_subschemas(self, schema);
        let kind = schema.get("type").and_then(Value::as_str);
        let number = matches!(kind, Some("integer" | "number" | "boolean"));
        let word = kind == Some("string") && schema.get("enum").is_some();
        let words = kind.is_none() && schema.get("oneOf").is_some();
        if !(number || word || words) {
            return;
        }
        let described = schema.remove("description");
        let inner = std::mem::take(schema);
        let mut outer = json!({ "anyOf": [inner.to_value(), { "type": "string", "pattern": r"\$\{" }] });
        if let (Some(text), Some(object)) = (described, outer.as_object_mut()) {
            object.insert("description".to_owned(), text);
        }
        if let Ok(outer) = Schema::try_from(outer) {
            *schema = outer;
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::schema;

    #[test]
    fn it_is_draft_07_and_closed() -> Result<(), serde_json::Error> {
        let schema: Value = serde_json::from_str(&schema())?;
        assert_eq!(schema["$schema"], "http://json-schema.org/draft-07/schema#");
        assert_eq!(schema["additionalProperties"], false);
        assert!(schema["properties"]["routes"].is_object());
        Ok(())
    }
}
