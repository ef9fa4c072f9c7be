//! Secrets that an operator brings along come from files, never from the command line,
//! where other users of the machine could read them. Must never: show what it read.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use zeroize::Zeroizing;

use crate::cli::failure::Failure;
use crate::token::secret::Secret;

/// Longest secret, in bytes.
const MAX_BYTES: u64 = 2_048;

/// The secret in a file, without the line's end. It has to fit into a header line.
pub fn read(path: &Path) -> Result<Secret, Failure> {
    let unreadable = |error: std::io::Error| Failure::new(format!("cannot read `{}`: {error}", path.display()));
    let mut text = Zeroizing::new(String::new());
    let file = File::open(path).map_err(unreadable)?;
    file.take(MAX_BYTES + 2).read_to_string(&mut text).map_err(unreadable)?;
    let secret = text.strip_suffix('\n').unwrap_or(&text);
    let secret = secret.strip_suffix('\r').unwrap_or(secret);
    let fits = !secret.is_empty() && secret.len() as u64 <= MAX_BYTES;
    if !fits || !secret.bytes().all(|b| (0x21..=0x7E).contains(&b)) {
        let expected = format!("expected one line of 1 to {MAX_BYTES} visible ASCII characters");
        return Err(Failure::new(format!("`{}` does not hold a secret: {expected}", path.display())));
    }
    Ok(Secret::new(secret.to_owned()))
}
