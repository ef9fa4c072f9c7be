//! Identity headers: who passed, as a backend may trust it. Text from a token is
//! never written raw: control characters, everything beyond ASCII, `%` itself and a
//! blank at either end are percent-encoded, so two different subjects are two
//! different values and no value can end a header line.

use http::header::{HeaderMap, HeaderValue};

use crate::snapshot::{Part, Plan, Template};
use crate::token::claims::Claims;

/// Sets the plan's headers: first those that name the caller, then the fixed ones.
/// A template that speaks of something the permit does not have (no token on a
/// public line, an absent claim) sets nothing.
pub fn set(plan: &Plan, claims: Option<&Claims>, out: &mut HeaderMap) {
    for (name, template) in &plan.identity {
        match value(template, claims) {
            Some(value) => drop(out.insert(name.clone(), value)),
            // An ordinary header that the plan sets may have been copied from the caller.
            None => drop(out.remove(name)),
        }
    }
    for (name, value) in &plan.set {
        out.insert(name.clone(), value.clone());
    }
}

/// Sets the backend's own token of who passes, if he has one.
pub fn set_user_token(plan: &Plan, claims: Option<&Claims>, out: &mut HeaderMap) {
    let (Some(tokens), Some(claims)) = (&plan.user_tokens, claims) else { return };
    if let Some(value) = tokens.values.get(&(claims.issuer, claims.subject.clone())) {
        out.insert(tokens.header.clone(), value.clone());
    }
}

/// The header value a template gives for these claims.
fn value(template: &Template, claims: Option<&Claims>) -> Option<HeaderValue> {
    if let [part] = template.0.as_slice() {
        let text = resolve(part, claims)?;
        if text.bytes().all(is_plain) && !text.starts_with(' ') && !text.ends_with(' ') {
            return HeaderValue::from_str(text).ok();
        }
    }
    let mut out = String::new();
    for part in &template.0 {
        let text = resolve(part, claims)?;
        match part {
            Part::Text(_) => out.push_str(text),
            Part::Subject | Part::Client | Part::Scope | Part::Kept(_) => encode(text, &mut out),
        }
    }
    HeaderValue::from_str(&out).ok()
}

fn resolve<'a>(part: &'a Part, claims: Option<&'a Claims>) -> Option<&'a str> {
    match part {
        Part::Text(text) => Some(text),
        Part::Subject => claims.map(|c| &*c.subject),
        Part::Client => claims.and_then(|c| c.client.as_deref()),
        Part::Scope => claims.map(|c| &*c.scope_text),
        Part::Kept(index) => claims.and_then(|c| c.kept.get(*index)?.as_deref()),
    }
}

/// Visible ASCII and the blank, but for the sign that begins an encoded byte.
fn is_plain(byte: u8) -> bool {
    matches!(byte, b' '..=b'~') && byte != b'%'
}

fn encode(text: &str, out: &mut String) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let last = text.len().saturating_sub(1);
    for (i, byte) in text.bytes().enumerate() {
        if is_plain(byte) && !(byte == b' ' && (i == 0 || i == last)) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push(char::from(HEX[usize::from(byte >> 4)]));
            out.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
}

#[cfg(test)]
mod tests {
    use http::header::HeaderMap;

    use super::value;
    use crate::snapshot::{Part, Plan, Template};
    use crate::token::claims::Claims;
    use crate::token::handle::{Handle, Handles};
    use crate::token::scope::ScopeSet;

    fn claims(subject: &str) -> Claims {
        let handles =
            Handles { token: Handle(1), family: None, user: None, client: None, key: None, issuer: Handle(2) };
        Claims {
            issuer: 0,
            subject: subject.into(),
            client: Some("app".into()),
            scope_text: "a:read a:write".into(),
            scopes: ScopeSet::default(),
            audience: Box::default(),
            issued_at: None,
            not_before: None,
            expires: None,
            handles,
            kept: Box::new([Some("Zoë\r\nX-Admin: 1".into()), None]),
        }
    }

    fn shown(parts: &[Part], claims: Option<&Claims>) -> Option<String> {
        value(&Template(parts.to_vec()), claims).map(|v| v.to_str().expect("text").to_owned())
    }

    #[test]
    fn ordinary_values_stand_as_they_are() {
        let c = claims("u-17");
        assert_eq!(shown(&[Part::Subject], Some(&c)).as_deref(), Some("u-17"));
        assert_eq!(shown(&[Part::Scope], Some(&c)).as_deref(), Some("a:read a:write"));
        let both = [Part::Text("user=".into()), Part::Subject, Part::Text("; app=".into()), Part::Client];
        assert_eq!(shown(&both, Some(&c)).as_deref(), Some("user=u-17; app=app"));
    }

    #[test]
    fn nothing_from_a_token_is_raw_and_nothing_meets() {
        let c = claims("x");
        assert_eq!(shown(&[Part::Kept(0)], Some(&c)).as_deref(), Some("Zo%C3%AB%0D%0AX-Admin: 1"));
        let subjects = ["a\nb", "a%0Ab", " a", "a", "a ", "a%20", "\u{0}", "\u{7f}", ""];
        let mut seen: Vec<_> = subjects.iter().map(|s| shown(&[Part::Subject], Some(&claims(s)))).collect();
        assert!(seen.iter().all(Option::is_some));
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), subjects.len());
    }

    #[test]
    fn what_is_not_there_sets_nothing_and_leaves_nothing_of_the_caller() {
        let c = claims("x");
        assert_eq!(shown(&[Part::Kept(1)], Some(&c)), None);
        assert_eq!(shown(&[Part::Kept(9)], Some(&c)), None);
        assert_eq!(shown(&[Part::Text("u:".into()), Part::Subject], None), None);
        let name = http::header::COOKIE;
        let plan = Plan {
            upstream: 0,
            strip_prefix: None,
            identity: vec![(name.clone(), Template(vec![Part::Subject]))],
            set: Vec::new(),
            keep_authorization: false,
            mint: None,
            user_tokens: None,
            max_body: 0,
            first_byte_timeout: std::time::Duration::ZERO,
            idle_timeout: std::time::Duration::ZERO,
        };
        let mut out = HeaderMap::from_iter([(name, "evil".parse().expect("a value"))]);
        super::set(&plan, None, &mut out);
        assert!(out.is_empty());
    }
}
