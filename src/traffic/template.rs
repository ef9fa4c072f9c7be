//! Values with references to one request: `{sub}`, `{claims.tenant}`, `{path.id}`,
//! `{remote_addr}`. Text from a token is never written raw, so no value can end a header
//! line or begin another path segment, and two different subjects are two different
//! values. What is not there makes no value at all, never half of one.

use std::borrow::Cow;
use std::net::IpAddr;

use bytes::Bytes;
use http::HeaderValue;

use crate::dialect::braces;
use crate::token::claims::Claims;

/// Text and references, nothing more.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Template(pub Vec<Part>);

/// A piece of a template.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Part {
    /// As it stands.
    Text(Box<str>),
    /// `{sub}`.
    Subject,
    /// `{client_id}`.
    Client,
    /// `{scope}`.
    Scope,
    /// `{claims.NAME}`: index in the policy's list of kept claims.
    Kept(usize),
    /// `{path.NAME}`: index of the segment that the route's pattern calls so.
    Segment(usize),
    /// `{path.rest}`: what `**` stands for, from this segment on.
    Rest(usize),
    /// `{path}`: all of it.
    Path,
    /// `{host}`.
    Host,
    /// `{method}`.
    Method,
    /// `{remote_addr}`: the caller's address, as far as trusted proxies say.
    RemoteAddress,
    /// `{request_id}`.
    RequestId,
    /// `{certificate.subject}`.
    CertificateSubject,
    /// `{certificate.san}`: its alternative names.
    CertificateNames,
    /// `{certificate.fingerprint}`.
    CertificateFingerprint,
}

/// The certificate that a caller has shown, and that was verified.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Certificate {
    /// Its subject, such as `CN=partner, O=Example`; `None`: too long, or unreadable.
    pub subject: Option<Box<str>>,
    /// Its alternative names with their kinds, such as `DNS:a.example, URI:spiffe://x/y`.
    pub names: Option<Box<str>>,
    /// SHA-256 of the certificate, in lower-case hexadecimal digits.
    pub fingerprint: Box<str>,
}

/// One request as templates see it.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// Who passes; `None` for nobody known.
    pub claims: Option<&'a Claims>,
    /// The canonical path.
    pub path: &'a str,
    /// The canonical host.
    pub host: &'a str,
    /// The method.
    pub method: &'a str,
    /// The caller's address.
    pub address: IpAddr,
    /// The request's id, where the route has one.
    pub request_id: Option<&'a str>,
    /// The caller's certificate, if he has shown one.
    pub certificate: Option<&'a Certificate>,
}

impl Template {
    /// Reads a template; `name` says what each reference means.
    ///
    /// # Errors
    /// The first thing that is wrong, in the operator's words.
    pub fn read(text: &str, mut name: impl FnMut(&str) -> Result<Part, String>) -> Result<Template, String> {
        let pieces = braces::pieces(text)?;
        let parts = pieces.into_iter().map(|piece| match piece {
            braces::Piece::Text(text) => Ok(Part::Text(text)),
            braces::Piece::Reference(inside) => name(inside),
        });
        parts.collect::<Result<_, String>>().map(Template)
    }

    /// Its value in a header line: control characters, everything beyond ASCII, `%` and a
    /// blank at either end of a claim are percent-encoded.
    pub fn header(&self, facts: &Facts<'_>) -> Option<HeaderValue> {
        if let [part] = self.0.as_slice() {
            let text = part.resolve(facts)?;
            let as_it_is =
                !part.is_claim() || text.bytes().all(is_plain) && !text.starts_with(' ') && !text.ends_with(' ');
            if as_it_is {
                return HeaderValue::from_str(&text).ok();
            }
        }
        let mut out = String::new();
        for part in &self.0 {
            let text = part.resolve(facts)?;
            if part.is_claim() {
                let last = text.len().saturating_sub(1);
                escape(&text, &mut out, |at, byte| is_plain(byte) && !(byte == b' ' && (at == 0 || at == last)));
            } else {
                out.push_str(&text);
            }
        }
        HeaderValue::from_maybe_shared(Bytes::from(out)).ok()
    }

    /// Its value as a path: a claim is one segment or a part of one, and an empty one is
    /// none, since two slashes in a row are one. What comes out is not yet judged.
    pub fn path(&self, facts: &Facts<'_>) -> Option<String> {
        let mut out = String::new();
        for part in &self.0 {
            let text = part.resolve(facts)?;
            if part.is_claim() {
                if text.is_empty() {
                    return None;
                }
                escape(&text, &mut out, |_, byte| is_unreserved(byte));
            } else {
                out.push_str(&text);
            }
        }
        Some(out)
    }
}

impl Part {
    /// Text that somebody put into a token or a certificate: everything else has one safe
    /// form already.
    fn is_claim(&self) -> bool {
        match self {
            Part::Subject | Part::Client | Part::Scope | Part::Kept(_) => true,
            Part::CertificateSubject | Part::CertificateNames => true,
            Part::Text(_)
            | Part::Segment(_)
            | Part::Rest(_)
            | Part::Path
            | Part::Host
            | Part::Method
            | Part::RemoteAddress
            | Part::RequestId
            | Part::CertificateFingerprint => false,
        }
    }

    fn resolve<'a>(&'a self, facts: &Facts<'a>) -> Option<Cow<'a, str>> {
        let claims = facts.claims;
        let text = match self {
            Part::Text(text) => Some(&**text),
            Part::Subject => claims.map(|claims| &*claims.subject),
            Part::Client => claims.and_then(|claims| claims.client.as_deref()),
            Part::Scope => claims.map(|claims| &*claims.scope_text),
            Part::Kept(index) => claims.and_then(|claims| claims.kept.get(*index)?.as_deref()),
            Part::Segment(index) => facts.path.get(1..)?.split('/').nth(*index).filter(|text| !text.is_empty()),
            Part::Rest(index) => Some(rest(facts.path, *index)),
            Part::Path => Some(facts.path),
            Part::Host => Some(facts.host),
            Part::Method => Some(facts.method),
            Part::RequestId => facts.request_id,
            Part::CertificateSubject => facts.certificate.and_then(|certificate| certificate.subject.as_deref()),
            Part::CertificateNames => facts.certificate.and_then(|certificate| certificate.names.as_deref()),
            Part::CertificateFingerprint => facts.certificate.map(|certificate| &*certificate.fingerprint),
            Part::RemoteAddress => return Some(Cow::Owned(facts.address.to_string())),
        };
        text.map(Cow::Borrowed)
    }
}

/// What follows the first `count` segments of a path, without the slash before it.
fn rest(path: &str, count: usize) -> &str {
    let mut rest = path.get(1..).unwrap_or_default();
    for _ in 0..count {
        rest = rest.split_once('/').map_or("", |(_, behind)| behind);
    }
    rest
}

/// Visible ASCII and the blank, but for the sign that begins an encoded byte.
fn is_plain(byte: u8) -> bool {
    matches!(byte, b' '..=b'~') && byte != b'%'
}

/// RFC 3986 §2.3.
fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

fn escape(text: &str, out: &mut String, stays: impl Fn(usize, u8) -> bool) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for (at, byte) in text.bytes().enumerate() {
        if stays(at, byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push(char::from(HEX[usize::from(byte >> 4)]));
            out.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
}

#[cfg(test)]
mod tests;
