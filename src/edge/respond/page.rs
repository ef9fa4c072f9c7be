//! A page on its way out: HTML in the person's language, under headers that forbid
//! frames, caches, referrers, and every style, script and address that is not ours.
//! Must never: be sent without them.

use bytes::Bytes;
use http::header::{
    ACCEPT_LANGUAGE, CACHE_CONTROL, CONTENT_LANGUAGE, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, PRAGMA,
    REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode};

use crate::dialect::endpoint::Endpoint;
use crate::dialect::wire::{RawRequest, Reply};
use crate::oauth::endpoints::path_of;
use crate::oauth::issuer::Issuer;
use crate::oauth::view::{Page, View};
use crate::pages::assets;
use crate::pages::language::Language;

/// A digest in their names says what is in them, so they never change.
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// A page that was written, or could not be.
pub struct Written {
    /// To be sent: the page, or a bare 500.
    pub reply: Reply,
    /// What failed, for the operator's log.
    pub fault: Option<String>,
}

/// Writes the page into the reply.
pub fn reply(page: &Page, reply: Reply, issuer: &Issuer, asked: &HeaderMap) -> Written {
    let Reply { status, mut headers, .. } = reply;
    protect(&mut headers);
    headers.insert(CONTENT_SECURITY_POLICY, policy(&page.view));
    let language = language(asked);
    let html = match &issuer.people {
        Some(people) => crate::pages::render(page, &people.branding, language),
        None => Err("an issuer without people has pages".to_owned()),
    };
    match html {
        Ok(html) => {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(crate::pages::MEDIA));
            headers.insert(CONTENT_LANGUAGE, HeaderValue::from_static(language.tag()));
            Written { reply: Reply { status, headers, body: Bytes::from(html) }, fault: None }
        }
        Err(fault) => {
            let status = StatusCode::INTERNAL_SERVER_ERROR;
            Written { reply: Reply { status, headers, body: Bytes::new() }, fault: Some(fault) }
        }
    }
}

/// A style sheet or script of the pages.
pub fn asset(issuer: &Issuer, raw: &RawRequest) -> Reply {
    let mut headers = HeaderMap::with_capacity(6);
    protect(&mut headers);
    let below = path_of(issuer, Endpoint::Assets).unwrap_or_default();
    let name = raw.path.strip_prefix(&*below).unwrap_or("").trim_start_matches('/');
    let found = issuer.people.as_ref().and_then(|people| assets::find(name, &people.branding));
    let (status, body) = match found {
        _ if !matches!(raw.method, Method::GET | Method::HEAD) => (StatusCode::METHOD_NOT_ALLOWED, Bytes::new()),
        None => (StatusCode::NOT_FOUND, Bytes::new()),
        Some(asset) => {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(asset.media));
            headers.insert(CACHE_CONTROL, FOR_EVER);
            headers.remove(PRAGMA);
            (StatusCode::OK, Bytes::from(asset.text))
        }
    };
    if status == StatusCode::METHOD_NOT_ALLOWED {
        headers.insert(http::header::ALLOW, HeaderValue::from_static("GET, HEAD"));
    }
    Reply { status, headers, body }
}

/// What holds for everything that belongs to the pages.
fn protect(headers: &mut HeaderMap) {
    let all: [(HeaderName, &'static str); 6] = [
        (CACHE_CONTROL, "no-store"),
        (PRAGMA, "no-cache"),
        (REFERRER_POLICY, "no-referrer"),
        (X_FRAME_OPTIONS, "DENY"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (RESOURCE_POLICY, "same-origin"),
    ];
    for (name, value) in all {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

/// Nothing but our own style sheet, and nobody may frame it. A script there is only on
/// the one page that hands a form on.
fn policy(view: &View) -> HeaderValue {
    let script = if matches!(view, View::FormPost(_)) { " script-src 'self';" } else { "" };
    let on = view.goes_to().and_then(scheme).map_or_else(String::new, |scheme| format!(" {scheme}"));
    let policy = format!(
        "default-src 'none'; style-src 'self';{script} form-action 'self'{on}; base-uri 'none'; frame-ancestors 'none'"
    );
    HeaderValue::from_str(&policy)
        .unwrap_or(HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'; form-action 'self'"))
}

/// Browsers hold every redirect that follows a form against `form-action`, those of the
/// application's own server too, which nobody here knows: so its scheme is what can be
/// allowed, and not more.
fn scheme(uri: &str) -> Option<&str> {
    let end = uri.find(':')?;
    let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.');
    (end > 0 && uri[..end].bytes().all(fits)).then(|| &uri[..=end])
}

fn language(asked: &HeaderMap) -> Language {
    let lines: Vec<&str> = asked.get_all(ACCEPT_LANGUAGE).iter().filter_map(|line| line.to_str().ok()).collect();
    Language::choose(&lines.join(","))
}

#[cfg(test)]
mod tests {
    use super::{policy, scheme};
    use crate::oauth::view::{FormPost, SignIn, View};

    #[test]
    fn the_policy_allows_the_way_back_and_nothing_else() {
        let sign_in =
            |goes_to: Option<&str>| View::SignIn(SignIn { goes_to: goes_to.map(str::to_owned), ..SignIn::default() });
        let plain = "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
        assert_eq!(policy(&sign_in(None)), plain);
        assert_eq!(
            policy(&sign_in(Some("https://a.example"))),
            plain.replace("form-action 'self'", "form-action 'self' https:")
        );
        let post = View::FormPost(FormPost { action: "https://a.example/cb".into(), fields: Vec::new() });
        assert!(policy(&post).to_str().unwrap().contains("script-src 'self'; form-action 'self' https:;"));
    }

    #[test]
    fn only_a_scheme_goes_into_the_policy() {
        assert_eq!(scheme("com.example.app:/cb"), Some("com.example.app:"));
        assert_eq!(scheme("http://[::1]:80"), Some("http:"));
        for odd in ["", ":", "a b:c", "x;script-src *:y", "none"] {
            assert_eq!(scheme(odd), None, "{odd}");
        }
    }
}
