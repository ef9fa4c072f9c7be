//! Rules about header lines, of a request to a backend or of an answer to a caller:
//! removed, set, added, in this order. Which names may stand in them is decided when the
//! file is read; what the gateway itself guarantees is written after the rules of a
//! request ran, and none of their names.

use http::{HeaderMap, HeaderName};

use crate::traffic::template::{Facts, Template};

/// What becomes of header lines.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct HeaderRules {
    /// Removed, in every spelling that a careless server takes for it.
    pub remove: Vec<HeaderName>,
    /// Set in place of what is there; a template without a value removes it.
    pub set: Vec<(HeaderName, Template)>,
    /// Set beside what is there; a template without a value adds nothing.
    pub add: Vec<(HeaderName, Template)>,
}

impl HeaderRules {
    /// True when nothing is asked for.
    pub fn is_empty(&self) -> bool {
        self.remove.is_empty() && self.set.is_empty() && self.add.is_empty()
    }

    /// Every name it speaks of.
    pub fn names(&self) -> impl Iterator<Item = &HeaderName> {
        self.remove.iter().chain(self.set.iter().chain(&self.add).map(|(name, _)| name))
    }

    /// Changes `headers` as asked.
    pub fn apply(&self, facts: &Facts<'_>, headers: &mut HeaderMap) {
        self.strip(headers);
        for (name, template) in &self.set {
            match template.header(facts) {
                Some(value) => drop(headers.insert(name.clone(), value)),
                None => drop(headers.remove(name)),
            }
        }
        self.append(facts, headers);
    }

    /// The removals alone.
    pub fn strip(&self, headers: &mut HeaderMap) {
        if self.remove.is_empty() {
            return;
        }
        let meant = |name: &HeaderName| self.remove.iter().any(|gone| alike(name, gone));
        let gone: Vec<HeaderName> = headers.keys().filter(|name| meant(name)).cloned().collect();
        gone.iter().for_each(|name| drop(headers.remove(name)));
    }

    /// The additions alone.
    pub fn append(&self, facts: &Facts<'_>, headers: &mut HeaderMap) {
        for (name, template) in &self.add {
            if let Some(value) = template.header(facts) {
                headers.append(name.clone(), value);
            }
        }
    }
}

/// Whether a CGI-like server takes one name for the other (`X_User`, `x.user`).
pub fn alike(one: &HeaderName, other: &HeaderName) -> bool {
    let (one, other) = (one.as_str(), other.as_str());
    let fold = |byte: u8| if byte.is_ascii_alphanumeric() { byte.to_ascii_lowercase() } else { b'-' };
    one.len() == other.len() && one.bytes().zip(other.bytes()).all(|(a, b)| fold(a) == fold(b))
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use http::{HeaderMap, HeaderName, HeaderValue};

    use super::HeaderRules;
    use crate::traffic::template::{Facts, Part, Template};

    #[test]
    fn removed_set_added() {
        let name = |text: &'static str| HeaderName::from_static(text);
        let text = |text: &str| Template(vec![Part::Text(text.into())]);
        let rules = HeaderRules {
            remove: vec![name("server"), name("x-debug")],
            set: vec![(name("x-frame-options"), text("DENY")), (name("x-user"), Template(vec![Part::Subject]))],
            add: vec![(name("x-frame-options"), text("again")), (name("x-id"), Template(vec![Part::RequestId]))],
        };
        let lines =
            [("server", "nginx"), ("x_debug", "1"), ("x-frame-options", "ALLOW"), ("x-user", "evil"), ("x-kept", "1")];
        let lines = lines.map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        let mut headers = HeaderMap::from_iter(lines);
        let address = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let facts =
            Facts { claims: None, path: "/", host: "a", method: "GET", address, request_id: None, certificate: None };
        rules.apply(&facts, &mut headers);
        let mut left: Vec<String> = headers.iter().map(|(n, v)| format!("{n}: {}", v.to_str().unwrap())).collect();
        left.sort();
        assert_eq!(left, ["x-frame-options: DENY", "x-frame-options: again", "x-kept: 1"]);
    }
}
