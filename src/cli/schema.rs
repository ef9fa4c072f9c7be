//! `tollgate schema`: the JSON Schema of the language, for editors. The published copy
//! is this command's output.

use std::io::{self, Write};

use crate::config::schema::schema;

/// Writes the schema (draft-07).
pub fn run(out: &mut dyn Write) -> io::Result<()> {
    out.write_all(schema().as_bytes())
}
