//! `dialect:` of an issuer: a name, a preset with changes, or a file of one's own. Before
//! documents are read, `graft` has put the whole dialect in place of the choice, so what
//! is read here is a dialect; only the published schema knows the choice.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer};

use crate::config::document::dialect::DialectDocument;
use crate::dialect::presets;

/// The dialect that was chosen.
#[derive(Debug, Default)]
pub struct DialectChoice(pub DialectDocument);

impl<'de> Deserialize<'de> for DialectChoice {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<DialectChoice, D::Error> {
        DialectDocument::deserialize(deserializer).map(DialectChoice)
    }
}

impl JsonSchema for DialectChoice {
    fn schema_name() -> Cow<'static, str> {
        "DialectChoice".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let names: Vec<&str> = presets::ALL.iter().map(|(name, _)| *name).collect();
        let set = generator.subschema_for::<DialectDocument>();
        json_schema!({
            "description": "how requests and answers are spelt: a name, a preset with changes, or a file",
            "anyOf": [
                { "type": "string", "enum": names },
                {
                    "type": "object",
                    "additionalProperties": false,
                    "properties": {
                        "preset": { "type": "string", "enum": names },
                        "file": { "type": "string", "description": "a dialect of one's own" },
                        "variant": { "type": "string", "description": "an overlay of the dialect, such as deployed" },
                        "set": set,
                    },
                },
            ],
        })
    }
}
