//! A certificate that the gateway is to get and renew by itself, as the file asks for it.
//! Two that ask the same authority for the same names are one.

use aws_lc_rs::digest;
use rustls_pki_types::CertificateDer;

use crate::token::secret::Secret;

/// Bytes of a digest that tell files apart.
const SHORT: usize = 4;

/// A certificate that is wanted.
#[derive(Clone, PartialEq, Debug)]
pub struct Wanted {
    /// Host names in lower case, at least one; the first one names it in logs and metrics.
    pub names: Vec<String>,
    /// URL of the authority's directory (RFC 8555 §7.1.1).
    pub directory: String,
    /// Where the authority may write to, such as `mailto:ops@example.com`.
    pub contact: Vec<String>,
    /// How the names are proven.
    pub challenge: Challenge,
    /// Whom the authority's own TLS is believed by; `None`: the public authorities.
    pub roots: Option<Vec<CertificateDer<'static>>>,
    /// The account that the operator has at the authority already, if it asks for one.
    pub external: Option<ExternalAccount>,
}

/// How a name is proven to be ours.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Challenge {
    /// A text under `/.well-known/acme-challenge/` (RFC 8555 §8.3), asked for on port 80.
    Http01,
    /// A certificate in a handshake of its own kind (RFC 8737), on port 443.
    TlsAlpn01,
}

/// An account elsewhere that the ACME account is bound to (RFC 8555 §7.3.4).
#[derive(Clone, Debug)]
pub struct ExternalAccount {
    /// What the authority calls its key.
    pub key_id: String,
    /// The key of an HMAC, in base64url.
    pub key: Secret,
}

impl PartialEq for ExternalAccount {
    fn eq(&self, other: &ExternalAccount) -> bool {
        self.key_id == other.key_id && self.key.digest() == other.key.digest()
    }
}

impl Wanted {
    /// What names it in logs and metrics.
    pub fn name(&self) -> &str {
        self.names.first().map_or("", String::as_str)
    }

    /// The name of its files: the same for the same names of the same authority, in
    /// whatever order they are written.
    pub fn id(&self) -> String {
        let mut sorted: Vec<&str> = self.names.iter().map(String::as_str).collect();
        sorted.sort_unstable();
        let first = sorted.first().copied().unwrap_or_default();
        format!("{first}-{}", short(&[&[self.directory.as_str()], &sorted[..]].concat()))
    }

    /// The name of its account's file.
    pub fn account_id(&self) -> String {
        let key = self.external.as_ref().map_or("", |external| external.key_id.as_str());
        format!("account-{}", short(&[&self.directory, key]))
    }
}

fn short(parts: &[&str]) -> String {
    let digest = digest::digest(&digest::SHA256, parts.join("\n").as_bytes());
    digest.as_ref().iter().take(SHORT).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::{Challenge, Wanted};

    #[test]
    fn the_same_names_of_the_same_authority_are_one_certificate() {
        let of = |names: &[&str], directory: &str| Wanted {
            names: names.iter().map(|name| (*name).to_owned()).collect(),
            directory: directory.to_owned(),
            contact: Vec::new(),
            challenge: Challenge::Http01,
            roots: None,
            external: None,
        };
        let one = of(&["b.example", "a.example"], "https://ca.example/dir");
        assert_eq!(one.name(), "b.example");
        assert!(one.id().starts_with("a.example-"));
        assert_eq!(one.id(), of(&["a.example", "b.example"], "https://ca.example/dir").id());
        assert_ne!(one.id(), of(&["a.example", "b.example"], "https://ca.example/staging").id());
        assert_ne!(one.id(), of(&["a.example"], "https://ca.example/dir").id());
        assert_eq!(one.account_id(), of(&["c.example"], "https://ca.example/dir").account_id());
    }
}
