//! Certificates that vouch for themselves, for trying things out. `check` uses one it
//! throws away; `run` keeps its own in the state folder, so that a browser's exception
//! or a pinned fingerprint survives a restart. Must never: leave the key readable by
//! others, or be used where the file names real certificates.

use std::collections::BTreeSet;
use std::fs::{DirBuilder, OpenOptions};
use std::io::Write as _;
use std::net::IpAddr;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

use rcgen::{CertificateParams, DnType, KeyPair, date_time_ymd};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer as _, X509Certificate};
use zeroize::Zeroizing;

use crate::clock::{Seconds, UnixTime};
use crate::config::made_key;
use crate::random::Random;
use crate::token::key::Algorithm;

/// The file in the state folder that holds certificate and key.
pub const FILE: &str = "self-signed.pem";

/// How long a certificate is valid.
const VALID: Seconds = Seconds(365 * 86_400);
/// One that ends within this time is made anew at the next start.
const RENEW_BEFORE: Seconds = Seconds(30 * 86_400);

/// A chain with its key.
#[derive(Debug)]
pub struct Pair {
    /// The server's certificate first.
    pub chain: Vec<CertificateDer<'static>>,
    /// Its private key.
    pub key: PrivateKeyDer<'static>,
}

/// Where self-signed certificates come from.
pub trait SelfSigned {
    /// A certificate for these names (host names or addresses), valid at `now`. The
    /// error is for the operator.
    fn pair(&self, state: &Path, names: &[String], now: UnixTime) -> Result<Pair, String>;

    /// The text of a key file that is missing and may be made. The error is for the
    /// operator.
    fn key(&self, path: &Path, algorithm: Algorithm, random: &dyn Random) -> Result<Zeroizing<String>, String>;
}

/// Makes one in memory and forgets it.
#[derive(Clone, Copy, Debug, Default)]
pub struct ThrowAway;

impl SelfSigned for ThrowAway {
    fn pair(&self, _state: &Path, names: &[String], now: UnixTime) -> Result<Pair, String> {
        read(make(names, now)?.as_bytes())
    }

    fn key(&self, _path: &Path, algorithm: Algorithm, random: &dyn Random) -> Result<Zeroizing<String>, String> {
        made_key::text(algorithm, random)
    }
}

/// Keeps one in the state folder, and makes a new one when it ends soon or lacks a name.
#[derive(Clone, Copy, Debug, Default)]
pub struct Kept;

impl SelfSigned for Kept {
    fn pair(&self, state: &Path, names: &[String], now: UnixTime) -> Result<Pair, String> {
        let file = state.join(FILE);
        if let Ok(bytes) = std::fs::read(&file)
            && let Ok(pair) = read(&bytes)
            && fits(&pair, names, now)
        {
            return Ok(pair);
        }
        let pem = make(names, now)?;
        keep(state, &file, &pem).map_err(|error| format!("cannot write {}: {error}", file.display()))?;
        read(pem.as_bytes())
    }

    fn key(&self, path: &Path, algorithm: Algorithm, random: &dyn Random) -> Result<Zeroizing<String>, String> {
        let text = made_key::text(algorithm, random)?;
        made_key::keep(path, &text)?;
        Ok(text)
    }
}

fn keep(state: &Path, file: &Path, pem: &str) -> std::io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(state)?;
    // Written beside and renamed, so that a crash leaves the old one or the new one.
    let fresh = file.with_extension("pem.new");
    let mut out = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&fresh)?;
    out.write_all(pem.as_bytes())?;
    out.sync_all()?;
    std::fs::rename(&fresh, file)
}

fn make(names: &[String], now: UnixTime) -> Result<String, String> {
    let failed = |error: rcgen::Error| format!("cannot make a self-signed certificate: {error}");
    let key = KeyPair::generate().map_err(failed)?;
    let mut params = CertificateParams::new(names.to_vec()).map_err(failed)?;
    params.distinguished_name.push(DnType::CommonName, "tollgate self-signed");
    // A day back, since callers' clocks are never quite right.
    let (year, month, day) = date(UnixTime(now.0.saturating_sub(86_400)))?;
    params.not_before = date_time_ymd(year, month, day);
    let (year, month, day) = date(now.after(VALID))?;
    params.not_after = date_time_ymd(year, month, day);
    let certificate = params.self_signed(&key).map_err(failed)?;
    Ok(certificate.pem() + &key.serialize_pem())
}

/// Year, month and day (UTC).
fn date(at: UnixTime) -> Result<(i32, u8, u8), String> {
    let second = i64::try_from(at.0).map_err(|_| "the clock is beyond the calendar".to_owned())?;
    let stamp = jiff::Timestamp::from_second(second).map_err(|error| error.to_string())?;
    let date = stamp.to_zoned(jiff::tz::TimeZone::UTC).date();
    Ok((i32::from(date.year()), date.month().unsigned_abs(), date.day().unsigned_abs()))
}

fn read(pem: &[u8]) -> Result<Pair, String> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let chain = chain.map_err(|error| error.to_string())?;
    let key = PrivateKeyDer::from_pem_slice(pem).map_err(|error| error.to_string())?;
    Ok(Pair { chain, key })
}

fn fits(pair: &Pair, names: &[String], now: UnixTime) -> bool {
    let Some((_, certificate)) = pair.chain.first().and_then(|der| X509Certificate::from_der(der).ok()) else {
        return false;
    };
    let second = |at: x509_parser::time::ASN1Time| u64::try_from(at.timestamp()).unwrap_or(0);
    let validity = certificate.validity();
    let has: BTreeSet<String> = alternative_names(&certificate).collect();
    second(validity.not_before) <= now.0
        && second(validity.not_after) > now.after(RENEW_BEFORE).0
        && names.iter().all(|name| has.contains(name))
}

/// Host names and addresses that a certificate is for.
pub(crate) fn alternative_names<'a>(certificate: &'a X509Certificate<'a>) -> impl Iterator<Item = String> + 'a {
    let extension = certificate.subject_alternative_name().ok().flatten();
    extension.into_iter().flat_map(|names| &names.value.general_names).filter_map(|name| match name {
        GeneralName::DNSName(name) => Some(name.to_ascii_lowercase()),
        GeneralName::IPAddress(bytes) => match bytes.len() {
            4 => <[u8; 4]>::try_from(*bytes).ok().map(|b| IpAddr::from(b).to_string()),
            _ => <[u8; 16]>::try_from(*bytes).ok().map(|b| IpAddr::from(b).to_string()),
        },
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::{FILE, Kept, SelfSigned as _};
    use crate::clock::{Seconds, UnixTime};

    const NOW: UnixTime = UnixTime(1_795_000_000);

    #[test]
    fn the_kept_one_stays_until_it_ends_or_lacks_a_name() -> Result<(), Box<dyn std::error::Error>> {
        let state = std::env::temp_dir().join(format!("tollgate-self-signed-{}", std::process::id()));
        let one = ["localhost".to_owned()];
        let two = ["localhost".to_owned(), "::1".to_owned()];
        let first = Kept.pair(&state, &one, NOW)?;
        assert_eq!(Kept.pair(&state, &one, NOW.after(Seconds(86_400)))?.chain, first.chain);
        let mode =
            |path: &std::path::Path| Ok::<_, std::io::Error>(std::fs::metadata(path)?.permissions().mode() & 0o777);
        assert_eq!((mode(&state)?, mode(&state.join(FILE))?), (0o700, 0o600));

        let wider = Kept.pair(&state, &two, NOW)?;
        assert_ne!(wider.chain, first.chain);
        let later = Kept.pair(&state, &two, NOW.after(Seconds(350 * 86_400)))?;
        assert_ne!(later.chain, wider.chain);
        std::fs::write(state.join(FILE), "broken")?;
        assert_ne!(Kept.pair(&state, &two, NOW)?.chain, later.chain);
        std::fs::remove_dir_all(&state)?;
        Ok(())
    }
}
