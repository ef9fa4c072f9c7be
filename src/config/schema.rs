//! The JSON Schema of the language, for editors: draft-07, which the YAML language
//! server reads, made from the very types that read the file. A test holds the
//! published copy equal to it.

use schemars::generate::SchemaSettings;
use schemars::transform::{RecursiveTransform, Transform};
use schemars::{JsonSchema, Schema};
use serde_json::{Value, json};

use crate::config::document::gateway::GatewayDocument;

/// The schema as pretty-printed JSON with a final line end.
pub fn schema() -> String {
    let generator = SchemaSettings::draft07().into_generator();
    let mut schema = generator.into_root_schema_for::<Titled>();
    RecursiveTransform(references_fit).transform(&mut schema);
    format!("{:#}\n", schema.to_value())
}

/// Lets `${…}` stand where a number, a boolean or a word of a closed list is asked for.
fn references_fit(schema: &mut Schema) {
    let reference = json!({ "type": "string", "pattern": r"\$\{" });
    let closed = matches!(schema.get("type").and_then(Value::as_str), Some("integer" | "number" | "boolean"))
        || schema.get("enum").is_some();
    if !closed {
        return;
    }
    let described = schema.remove("description");
    let inner = std::mem::take(schema);
    let mut outer = json!({ "anyOf": [inner.to_value(), reference] });
    if let (Some(text), Some(object)) = (described, outer.as_object_mut()) {
        object.insert("description".to_owned(), text);
    }
    if let Ok(outer) = Schema::try_from(outer) {
        *schema = outer;
    }
}

/// The document under the name that editors show.
#[derive(JsonSchema)]
#[schemars(transparent, rename = "tollgate")]
struct Titled(#[expect(dead_code, reason = "only its schema is asked for")] GatewayDocument);

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
