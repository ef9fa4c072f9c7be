//! Where people may be sent back to. A presented URI is compared with a registered one
//! byte by byte (RFC 9700 §2.1); the one exception is the port of a loopback address,
//! which an app on a person's own machine cannot know beforehand (RFC 8252 §7.3).
//! Must never: normalise, decode or complete what is compared.

use std::fmt;

/// Longest redirect URI, in bytes.
pub const MAX_URI_BYTES: usize = 2048;

/// Most redirect URIs of one client.
pub const MAX_URIS: usize = 20;

/// Schemes that run something or show what is inside them, instead of leading anywhere.
const REFUSED_SCHEMES: [&str; 7] = ["javascript", "data", "vbscript", "file", "blob", "about", "urn"];

/// A redirect URI that is well-formed and safe to register.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RedirectUri {
    text: Box<str>,
    kind: Kind,
}

/// Where a redirect URI leads.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// To a site, under TLS.
    Https,
    /// To a site, in clear text.
    Http,
    /// To an address of the person's own machine: after so many bytes comes a port, or
    /// the path.
    Loopback(usize),
    /// To `localhost`, whose port counts like any other byte.
    Localhost,
    /// To an app, by a scheme of its own (RFC 8252 §7.1).
    Private,
}

impl RedirectUri {
    /// Reads a URI that somebody wants to register.
    ///
    /// # Errors
    /// Why it cannot be, in a few words.
    pub fn parse(text: &str) -> Result<RedirectUri, &'static str> {
        if text.is_empty() || text.len() > MAX_URI_BYTES {
            return Err("it is empty or too long");
        }
        if text.contains('#') {
            return Err("it has a fragment");
        }
        if !text.bytes().all(may_stand) || !escapes_are_whole(text) {
            return Err("it holds bytes that no URI has");
        }
        if text.contains('*') {
            return Err("it has a wildcard");
        }
        let (scheme, rest) = text.split_once(':').ok_or("it has no scheme")?;
        if !scheme.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'+')) {
            return Err("its scheme is not written in lower case");
        }
        let kind = match scheme {
            "https" | "http" => web(scheme, rest)?,
            _ if REFUSED_SCHEMES.contains(&scheme) => return Err("its scheme leads nowhere"),
            _ if !scheme.contains('.') || !scheme.starts_with(|first: char| first.is_ascii_lowercase()) => {
                return Err("a scheme of your own is a domain in reverse, such as com.example.app");
            }
            _ => Kind::Private,
        };
        Ok(RedirectUri { text: text.into(), kind })
    }

    /// As it was registered.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Where it leads.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Whether `presented` is this one.
    pub fn fits(&self, presented: &str) -> bool {
        match self.kind {
            Kind::Loopback(end) => match (self.text.get(..end), presented.get(..end)) {
                (Some(own), Some(start)) if own == start => {
                    let after = |text: &'_ str| without_port(&text[end..]).map(str::to_owned);
                    let both = (after(&self.text), after(presented));
                    matches!(both, (Some(own), Some(theirs)) if own == theirs)
                }
                _ => false,
            },
            Kind::Https | Kind::Http | Kind::Localhost | Kind::Private => *self.text == *presented,
        }
    }
}

impl fmt::Display for RedirectUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// What a page's policy calls the place a URI leads to: its origin, or its scheme.
pub fn origin(uri: &str) -> &str {
    let Some((scheme, rest)) = uri.split_once("://") else {
        return uri.find(':').map_or(uri, |colon| &uri[..=colon]);
    };
    if !matches!(scheme, "http" | "https") {
        return &uri[..=scheme.len()];
    }
    let authority = rest.find(['/', '?']).unwrap_or(rest.len());
    &uri[..scheme.len() + 3 + authority]
}

/// The host of a web URI, in lower case.
pub fn host(uri: &str) -> Option<String> {
    let rest = uri.strip_prefix("https://").or_else(|| uri.strip_prefix("http://"))?;
    let authority = &rest[..rest.find(['/', '?']).unwrap_or(rest.len())];
    let end = if authority.starts_with('[') {
        authority.find(']')? + 1
    } else {
        authority.find(':').unwrap_or(authority.len())
    };
    Some(authority[..end].to_ascii_lowercase())
}

fn web(scheme: &str, rest: &str) -> Result<Kind, &'static str> {
    let rest = rest.strip_prefix("//").ok_or("it names no host")?;
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    if authority.contains('@') {
        return Err("it names a user");
    }
    let path = path.split('?').next().unwrap_or("");
    if path.split('/').any(|segment| matches!(segment, "." | "..")) {
        return Err("its path goes up");
    }
    let name_end = if authority.starts_with('[') {
        authority.find(']').ok_or("it names no host")? + 1
    } else {
        authority.find(':').unwrap_or(authority.len())
    };
    let (name, port) = authority.split_at(name_end);
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
    let bracketed = name.starts_with('[') && name[1..name.len() - 1].parse::<std::net::Ipv6Addr>().is_ok();
    if name.is_empty() || !(bracketed || name.bytes().all(plain)) {
        return Err("it names no host");
    }
    if !port.is_empty() && without_port(port) != Some("") {
        return Err("its port is not a number from 1 to 65535");
    }
    Ok(match (scheme, name) {
        ("https", _) => Kind::Https,
        (_, "127.0.0.1" | "[::1]") => Kind::Loopback(scheme.len() + 3 + name.len()),
        (_, "localhost") => Kind::Localhost,
        _ => Kind::Http,
    })
}

/// What follows a port, if there is one; `None` for a colon without a number.
fn without_port(text: &str) -> Option<&str> {
    let Some(rest) = text.strip_prefix(':') else {
        return (text.is_empty() || text.starts_with(['/', '?'])).then_some(text);
    };
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let number = &rest[..end];
    let good = !number.starts_with('0') && number.parse::<u16>().is_ok();
    let after = &rest[end..];
    (good && (after.is_empty() || after.starts_with(['/', '?']))).then_some(after)
}

/// The characters of RFC 3986 §2, but for the fragment's.
fn may_stand(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~:/?[]@!$&'()*+,;=%".contains(&byte)
}

fn escapes_are_whole(text: &str) -> bool {
    text.split('%').skip(1).all(|after| after.as_bytes().iter().take(2).filter(|b| b.is_ascii_hexdigit()).count() == 2)
}

#[cfg(test)]
mod tests;
