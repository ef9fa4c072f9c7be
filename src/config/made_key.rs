//! Key files that a first start makes: where `keys` says `generate: true`, a file that
//! `${file:…}` names and that is not there. What is there is never written over. Must
//! never: leave a key readable by others.

use std::fs::{DirBuilder, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

use zeroize::Zeroizing;

use crate::random::{Random, bytes};
use crate::token::key::{Algorithm, KeyMaterial};

/// The text of a fresh key: PEM, or for HS256 32 random bytes in hexadecimal digits.
pub fn text(algorithm: Algorithm, random: &dyn Random) -> Result<Zeroizing<String>, String> {
    if algorithm == Algorithm::Hs256 {
        let drawn = Zeroizing::new(bytes::<32>(random));
        return Ok(Zeroizing::new(drawn.iter().map(|byte| format!("{byte:02x}")).collect()));
    }
    let made = KeyMaterial::generate(algorithm, random).map_err(|error| error.to_string())?;
    Ok(made.to_text())
}

/// Writes it where nothing is yet, readable by the owner alone, and its folder too.
pub fn keep(path: &Path, text: &str) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("cannot make `{}`: {error}", path.display());
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(failed)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::{keep, text};
    use crate::random::OsRandom;
    use crate::token::key::{Algorithm, KeyMaterial};

    #[test]
    fn every_kind_can_be_read_again() {
        for algorithm in Algorithm::ALL {
            let made = text(algorithm, &OsRandom::default()).unwrap();
            let read = match algorithm {
                Algorithm::Hs256 => KeyMaterial::from_hs_secret(made.as_bytes()),
                _ => KeyMaterial::from_pem(algorithm, made.as_bytes()),
            };
            assert!(read.is_ok(), "{algorithm:?}: {read:?}");
        }
    }

    #[test]
    fn what_is_there_stays_and_nobody_else_reads_it() {
        let folder = std::env::temp_dir().join(format!("tollgate-made-key-{}", std::process::id()));
        let path = folder.join("deep/key");
        keep(&path, "one").unwrap();
        assert!(keep(&path, "two").unwrap_err().contains("cannot make"));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "one");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::metadata(folder.join("deep")).unwrap().permissions().mode() & 0o777, 0o700);
        std::fs::remove_dir_all(folder).unwrap();
    }
}
