//! The trailers of a request (RFC 9110 §6.5) on their way to a backend. They come when
//! all has been decided, so they may add nothing to what was judged: no name that the
//! gateway or the route's rules speak of, none that frames, routes or authenticates.
//! Must never: be merged into the head.

use std::sync::Arc;

use http::HeaderMap;
use http::header::{self, HeaderName, HeaderValue};

use crate::edge::forward::headers::Screen;
use crate::edge::head::scanner::{HeadLimits, words};
use crate::edge::upstream::error::ForwardError;
use crate::traffic::header::{HeaderRules, alike};

/// What of a request's trailers goes on.
#[derive(Debug)]
pub struct Trailers {
    screen: Arc<Screen>,
    limits: HeadLimits,
    /// What the route's rules do to the names in front of the body would not reach here.
    ruled: Vec<HeaderName>,
}

impl Trailers {
    /// Those that `screen` passes and `rules` say nothing of, within the bounds of a head.
    pub fn of(screen: &Arc<Screen>, limits: HeadLimits, rules: Option<&HeaderRules>) -> Trailers {
        let ruled = rules.map(|rules| rules.names().cloned().collect()).unwrap_or_default();
        Trailers { screen: Arc::clone(screen), limits, ruled }
    }

    /// What goes on of the section that came, perhaps nothing.
    ///
    /// # Errors
    /// It is larger than a head may be.
    pub fn pass(&self, came: HeaderMap) -> Result<HeaderMap, ForwardError> {
        let bytes: usize = came.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
        if came.len() > self.limits.fields || bytes > self.limits.bytes {
            return Err(ForwardError::BodyBroken);
        }
        let mut out = HeaderMap::new();
        for (name, value) in came.iter().filter(|(name, _)| self.passes(name)) {
            out.append(name.clone(), value.clone());
        }
        Ok(out)
    }

    /// `Trailer` as a backend gets it: the names that the caller announces and that pass.
    pub fn announced(&self, head: &HeaderMap) -> Option<HeaderValue> {
        let lines = head.get_all(header::TRAILER).into_iter();
        let named = lines.flat_map(|line| words(line.as_bytes()));
        let named = named.filter_map(|word| HeaderName::from_bytes(word).ok());
        let passing: Vec<HeaderName> = named.filter(|name| self.passes(name)).collect();
        let text = passing.iter().map(HeaderName::as_str).collect::<Vec<_>>().join(", ");
        HeaderValue::try_from(text).ok().filter(|text| !text.is_empty())
    }

    fn passes(&self, name: &HeaderName) -> bool {
        self.screen.passes_behind(name) && !self.ruled.iter().any(|ruled| alike(name, ruled))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use http::HeaderMap;
    use http::header::{HeaderName, HeaderValue};

    use super::Trailers;
    use crate::edge::forward::headers::Screen;
    use crate::edge::head::scanner::HeadLimits;
    use crate::traffic::header::HeaderRules;

    fn map(names: &[&str]) -> HeaderMap {
        let name = |name: &&str| HeaderName::from_bytes(name.as_bytes()).expect("a name");
        names.iter().map(|text| (name(text), HeaderValue::from_static("1"))).collect()
    }

    fn trailers() -> Trailers {
        let rules = HeaderRules { remove: vec![HeaderName::from_static("x-debug")], ..HeaderRules::default() };
        Trailers::of(
            &Arc::new(Screen::of(&[], &[HeaderName::from_static("x-session")])),
            HeadLimits { bytes: 200, fields: 30 },
            Some(&rules),
        )
    }

    #[test]
    fn only_what_says_nothing_about_the_message_goes_on() {
        let came = map(&[
            "x-sum",
            "digest",
            "grpc-status",
            "authorization",
            "content_type",
            "cookie",
            "host",
            "te",
            "x-forwarded-for",
            "x_debug",
            "x-session",
            "if-match",
            "range",
            "expect",
        ]);
        let passed = trailers().pass(came).expect("within bounds");
        let mut names: Vec<&str> = passed.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["digest", "grpc-status", "x-sum"]);
        let head = HeaderMap::from_iter([(
            http::header::TRAILER,
            HeaderValue::from_static("X-Sum, Authorization, x-debug,, no name, Digest"),
        )]);
        assert_eq!(trailers().announced(&head).expect("names"), "x-sum, digest");
        assert_eq!(trailers().announced(&map(&[])), None);
    }

    #[test]
    fn a_section_larger_than_a_head_is_refused() {
        let many: Vec<String> = (0..31).map(|n| format!("x{n}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert!(trailers().pass(map(&many)).is_err());
        assert!(trailers().pass(map(&[&"x".repeat(200)])).is_err());
        assert!(trailers().pass(map(&[&"x".repeat(199)])).is_ok());
    }
}
