//! Who a caller's certificate says he is, read once in his handshake, after TLS has
//! verified it. Backends are told in headers that no caller can set.
//! Must never: be made of a certificate that was not verified.

use std::fmt::Write as _;

use aws_lc_rs::digest;
use rustls_pki_types::CertificateDer;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use crate::traffic::template::Certificate;

/// Bytes of a subject or a list of names that are told; a longer one is not told at
/// all, since a part of a name is another name.
const MAX_TEXT: usize = 2048;

/// Reads a certificate that TLS has verified.
pub(in crate::edge) fn read(der: &CertificateDer<'_>) -> Certificate {
    let parsed = X509Certificate::from_der(der).ok().map(|(_, certificate)| certificate);
    let bounded = |text: String| (!text.is_empty() && text.len() <= MAX_TEXT).then(|| text.into_boxed_str());
    Certificate {
        subject: parsed.as_ref().and_then(|certificate| bounded(certificate.subject().to_string())),
        names: parsed.as_ref().and_then(names).and_then(bounded),
        fingerprint: hexadecimal(digest::digest(&digest::SHA256, der).as_ref()),
    }
}

/// The alternative names that are text; one that could be taken for two is no name.
fn names(certificate: &X509Certificate<'_>) -> Option<String> {
    let extension = certificate.subject_alternative_name().ok().flatten()?;
    let mut out = String::new();
    for name in &extension.value.general_names {
        let (kind, text) = match name {
            GeneralName::DNSName(text) => ("DNS", (*text).to_owned()),
            GeneralName::URI(text) => ("URI", (*text).to_owned()),
            GeneralName::RFC822Name(text) => ("email", (*text).to_owned()),
            GeneralName::IPAddress(bytes) => ("IP", address(bytes)?),
            _ => continue,
        };
        if text.contains(',') {
            return None;
        }
        let comma = if out.is_empty() { "" } else { ", " };
        // Writing to a `String` cannot fail.
        let _ = write!(out, "{comma}{kind}:{text}");
    }
    Some(out)
}

fn address(bytes: &[u8]) -> Option<String> {
    if let Ok(four) = <[u8; 4]>::try_from(bytes) {
        return Some(std::net::Ipv4Addr::from(four).to_string());
    }
    <[u8; 16]>::try_from(bytes).ok().map(|sixteen| std::net::Ipv6Addr::from(sixteen).to_string())
}

fn hexadecimal(bytes: &[u8]) -> Box<str> {
    let mut out = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        let _ = write!(out, "{byte:02x}");
    }
    out.into_boxed_str()
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, DnType, KeyPair, SanType};
    use rustls_pki_types::CertificateDer;

    use super::{MAX_TEXT, read};

    fn certificate(common: &str, names: Vec<SanType>) -> CertificateDer<'static> {
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, common);
        params.distinguished_name.push(DnType::OrganizationName, "Example");
        params.subject_alt_names = names;
        let key = KeyPair::generate().expect("a key");
        params.self_signed(&key).expect("a certificate").der().clone()
    }

    #[test]
    fn subject_names_and_fingerprint() {
        let text = |text: &str| text.try_into().expect("ASCII");
        let names = vec![
            SanType::DnsName(text("partner.example")),
            SanType::URI(text("spiffe://example/partner")),
            SanType::IpAddress("2001:db8::1".parse().expect("an address")),
        ];
        let read = read(&certificate("partner", names));
        assert_eq!(read.subject.as_deref(), Some("CN=partner, O=Example"));
        assert_eq!(read.names.as_deref(), Some("DNS:partner.example, URI:spiffe://example/partner, IP:2001:db8::1"));
        assert_eq!(read.fingerprint.len(), 64);
    }

    #[test]
    fn what_could_mislead_is_not_told() {
        let text = |text: String| text.try_into().expect("ASCII");
        let two_in_one = vec![SanType::URI(text("spiffe://a, DNS:admin.example".to_owned()))];
        assert_eq!(read(&certificate("a", two_in_one)).names, None);
        let long = vec![SanType::URI(text(format!("spiffe://{}", "a".repeat(MAX_TEXT))))];
        assert_eq!(read(&certificate("a", long)).names, None);
        assert_eq!(read(&certificate("a", Vec::new())).names, None);
    }
}
