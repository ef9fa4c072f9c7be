//! Content codings and what a caller thinks of them (RFC 9110 §12.5.3). Of those a route
//! offers, the one with the highest quality wins, and of equals the one the route names
//! first; `identity` is always possible, also where a caller says it is not.

use http::{HeaderMap, header::ACCEPT_ENCODING};

/// A way to make a body smaller.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Coding {
    /// RFC 1952.
    Gzip,
    /// RFC 7932.
    Brotli,
    /// RFC 8878.
    Zstd,
}

impl Coding {
    /// All of them, in the order in which a route offers them unless it says otherwise.
    pub const ALL: [Coding; 3] = [Coding::Zstd, Coding::Brotli, Coding::Gzip];

    /// Its name in `Content-Encoding` and in the file.
    pub fn as_str(self) -> &'static str {
        match self {
            Coding::Gzip => "gzip",
            Coding::Brotli => "br",
            Coding::Zstd => "zstd",
        }
    }
}

/// The best of what is offered that a caller takes; `None`: the body as it is.
pub fn choose(asked: &HeaderMap, offered: &[Coding]) -> Option<Coding> {
    let lines: Vec<&str> = asked.get_all(ACCEPT_ENCODING).iter().filter_map(|line| line.to_str().ok()).collect();
    let wishes = || lines.iter().flat_map(|line| line.split(',')).filter_map(wish);
    let quality = |name: &str| {
        let named = wishes().find(|(coding, _)| coding.eq_ignore_ascii_case(name));
        named.or_else(|| wishes().find(|(coding, _)| *coding == "*")).map(|(_, quality)| quality)
    };
    let mut best: Option<(Coding, u16)> = None;
    for coding in offered {
        let wanted = quality(coding.as_str()).unwrap_or(0);
        if wanted > best.map_or(0, |(_, quality)| quality) {
            best = Some((*coding, wanted));
        }
    }
    // Who would rather have it as it is gets it so.
    let plain = wishes().find(|(coding, _)| coding.eq_ignore_ascii_case("identity")).map_or(0, |(_, quality)| quality);
    best.filter(|(_, quality)| *quality >= plain).map(|(coding, _)| coding)
}

/// One member of the list, its quality in thousandths; `None` for one that is none.
fn wish(member: &str) -> Option<(&str, u16)> {
    let mut parts = member.split(';').map(str::trim);
    let coding = parts.next().filter(|coding| !coding.is_empty())?;
    let mut quality = 1000;
    for parameter in parts {
        let (name, value) = parameter.split_once('=')?;
        if name.trim().eq_ignore_ascii_case("q") {
            quality = thousandths(value.trim())?;
        }
    }
    Some((coding, quality))
}

/// `0`, `0.5`, `1.000` (RFC 9110 §12.4.2).
fn thousandths(text: &str) -> Option<u16> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    if part.len() > 3 || !part.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let part: u16 = format!("{part:0<3}").parse().ok()?;
    match (whole, part) {
        ("0", part) => Some(part),
        ("1", 0) => Some(1000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;
    use http::header::ACCEPT_ENCODING;

    use super::{Coding, choose};

    fn chosen(lines: &[&str]) -> Option<&'static str> {
        let mut asked = HeaderMap::new();
        asked.extend(lines.iter().map(|line| (ACCEPT_ENCODING, line.parse().unwrap())));
        choose(&asked, &Coding::ALL).map(Coding::as_str)
    }

    #[test]
    fn quality_decides_then_the_order_of_the_route() {
        for (line, coding) in [
            ("gzip, deflate, br, zstd", Some("zstd")),
            ("gzip;q=1.0, br;q=0.9", Some("gzip")),
            ("GZIP", Some("gzip")),
            ("*", Some("zstd")),
            ("*, zstd;q=0", Some("br")),
            ("gzip;q=0", None),
            ("gzip;q=0.000, *;q=0", None),
            ("identity, gzip;q=0.5", None),
            ("identity;q=0.5, gzip;q=0.5", Some("gzip")),
            ("identity;q=0", None),
            ("deflate", None),
            ("", None),
            ("gzip;q=2", None),
            ("gzip;q=0.5000", None),
            ("gzip;q", None),
            ("br;q=0.2;x=1 , gzip ; q=0.1", Some("br")),
        ] {
            assert_eq!(chosen(&[line]), coding, "{line}");
        }
        assert_eq!(chosen(&[]), None);
        assert_eq!(chosen(&["br;q=0.1", "gzip;q=0.2"]), Some("gzip"));
    }
}
