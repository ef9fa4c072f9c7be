//! The few kinds of URL the file holds, taken apart strictly: the `iss` of an issuer,
//! the server of an upstream, the origin of a web page.

use http::Uri;

/// An absolute http(s) URL in its parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Url {
    pub scheme: Scheme,
    /// Lower case, IPv6 in brackets.
    pub host: String,
    pub port: Option<u16>,
    /// As it was written; empty when there is none.
    pub path: String,
}

/// The scheme.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scheme {
    Http,
    Https,
}

impl Url {
    /// Reads a URL without user, query and fragment; the error says what it is not.
    pub fn parse(text: &str) -> Result<Url, &'static str> {
        let Some((scheme, rest)) = text.split_once("://") else {
            return Err("it has no scheme such as https://");
        };
        let scheme = match scheme {
            "https" => Scheme::Https,
            "http" => Scheme::Http,
            _ => return Err("its scheme is neither https nor http"),
        };
        if text.contains('#') {
            return Err("it has a fragment");
        }
        let uri: Uri = text.parse().map_err(|_| "it is not well formed")?;
        if uri.query().is_some() {
            return Err("it has a query");
        }
        let authority = uri.authority().ok_or("it names no host")?;
        if authority.as_str().contains('@') {
            return Err("it names a user");
        }
        let host = authority.host().to_ascii_lowercase();
        if host.is_empty() {
            return Err("it names no host");
        }
        // The library takes `host:` and `host:99999` for a host without a port.
        if authority.port_u16().is_none() && authority.as_str().len() != host.len() {
            return Err("its port is not a number from 0 to 65535");
        }
        let path = rest.find('/').and_then(|at| rest.get(at..)).unwrap_or("").to_owned();
        Ok(Url { scheme, host, port: authority.port_u16(), path })
    }

    /// True when the host is this machine.
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.host)
    }
}

/// True for a host name or address that means this machine.
pub(super) fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::{Scheme, Url};

    #[test]
    fn takes_urls_apart() {
        let url = Url::parse("https://Login.Example:8443/a/b/");
        assert_eq!(
            url,
            Ok(Url {
                scheme: Scheme::Https,
                host: "login.example".to_owned(),
                port: Some(8443),
                path: "/a/b/".to_owned()
            })
        );
        assert!(Url::parse("http://[::1]:80").is_ok_and(|url| url.is_loopback()));
    }

    #[test]
    fn refuses_what_is_no_plain_url() {
        for text in
            ["login.example", "ftp://a", "https://", "https://u:p@a", "https://a?b", "https://a#b", "http://a:99999"]
        {
            assert!(Url::parse(text).is_err(), "{text}");
        }
    }
}
