//! `tollgate hash-password`: a line from standard input becomes the value of a
//! `password_hash:`. The password is never an argument, where `ps` would show it.

use std::io::{self, BufRead, Write};

use zeroize::Zeroizing;

use crate::random::Random;
use crate::token::secret::Secret;

/// Longest password, in bytes; a longer line is refused.
const MAX_PASSWORD_BYTES: usize = 1_024;

/// Reads one line and writes its Argon2id hash in PHC form.
pub fn run(
    input: &mut dyn BufRead,
    out: &mut dyn Write,
    random: &dyn Random,
    hash: &dyn Fn(&Secret, &dyn Random) -> String,
) -> io::Result<()> {
    let mut line = Zeroizing::new(String::new());
    io::Read::take(input, MAX_PASSWORD_BYTES as u64 + 2).read_line(&mut line)?;
    let password = line.strip_suffix('\n').unwrap_or(&line);
    let password = password.strip_suffix('\r').unwrap_or(password);
    if password.is_empty() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "there is no password on standard input"));
    }
    if password.len() > MAX_PASSWORD_BYTES {
        let message = format!("the password is longer than {MAX_PASSWORD_BYTES} bytes");
        return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
    }
    writeln!(out, "{}", hash(&Secret::new(password.to_owned()), random))
}

#[cfg(test)]
mod tests {
    use super::run;
    use crate::random::SeededRandom;

    fn hashed(input: &str) -> Result<String, std::io::Error> {
        let mut out = Vec::new();
        let hash =
            |secret: &crate::token::secret::Secret, _: &dyn crate::random::Random| format!("<{}>", secret.expose());
        run(&mut input.as_bytes(), &mut out, &SeededRandom::new(1), &hash)?;
        Ok(String::from_utf8_lossy(&out).into_owned())
    }

    #[test]
    fn one_line_without_its_end_is_the_password() {
        assert_eq!(hashed(" a b \r\nnext\n").ok().as_deref(), Some("< a b >\n"));
        assert_eq!(hashed("no end").ok().as_deref(), Some("<no end>\n"));
    }

    #[test]
    fn nothing_and_too_much_are_refused() {
        assert!(hashed("\n").is_err());
        assert!(hashed(&"x".repeat(2_000)).is_err());
    }
}
