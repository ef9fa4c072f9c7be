//! `balance:` of an upstream: a word, or `hash(…)` with what the key is. A claim that a
//! key speaks of is kept with every verified token, as those of templates are.

use http::HeaderName;

use crate::config::compile::compiler::Compiler;
use crate::config::compile::template::KeptClaims;
use crate::config::problem::code::Code;
use crate::config::problem::suggest::closest;
use crate::config::source::at::At;
use crate::snapshot::upstream::{Balancing, KeySource};

impl Compiler<'_> {
    /// Which server is asked.
    pub fn balancing(&mut self, written: Option<&At<String>>, kept: &mut KeptClaims) -> Balancing {
        let Some(word) = written else { return Balancing::LeastRequests };
        match parse(&word.value, kept) {
            Some(balancing) => balancing,
            None => {
                let message = format!("`{word}` is no way to choose a server");
                let known = ["least-requests", "round-robin", "hash(address)", "hash(sub)", "hash(client_id)"];
                let help = "write least-requests, round-robin, hash(sub), hash(client_id), hash(claims.NAME), \
                            hash(header NAME), hash(cookie NAME) or hash(address)";
                let meant = closest(&word.value, known.into_iter()).map(|meant| format!("did you mean `{meant}`?"));
                let help = meant.unwrap_or_else(|| help.to_owned());
                self.wrong_with_help(Code::UnknownWord, word.place, message, "not known", help);
                Balancing::LeastRequests
            }
        }
    }
}

fn parse(text: &str, kept: &mut KeptClaims) -> Option<Balancing> {
    match text {
        "least-requests" => return Some(Balancing::LeastRequests),
        "round-robin" => return Some(Balancing::RoundRobin),
        _ => {}
    }
    let key = text.strip_prefix("hash(")?.strip_suffix(')')?;
    let source = match (key, key.split_once(' '), key.strip_prefix("claims.")) {
        ("sub", _, _) => KeySource::Subject,
        ("client_id", _, _) => KeySource::Client,
        ("address", _, _) => KeySource::Address,
        (_, Some(("header", name)), _) => KeySource::Header(HeaderName::from_bytes(name.as_bytes()).ok()?),
        (_, Some(("cookie", name)), _) if is_cookie(name) => KeySource::Cookie(name.into()),
        (_, None, Some(claim)) if !claim.is_empty() => KeySource::Claim(kept.index(claim)),
        _ => return None,
    };
    Some(Balancing::Hash(source))
}

/// A cookie's name is a token (RFC 6265, 4.1.1), as a header's is.
fn is_cookie(name: &str) -> bool {
    HeaderName::from_bytes(name.as_bytes()).is_ok()
}

#[cfg(test)]
mod tests {
    use super::parse;
    use crate::config::compile::template::KeptClaims;
    use crate::snapshot::upstream::{Balancing, KeySource};

    #[test]
    fn every_way_to_choose_has_its_words() {
        let mut kept = KeptClaims(vec!["tenant".into()]);
        let mut read = |text: &str| parse(text, &mut kept);
        assert_eq!(read("round-robin"), Some(Balancing::RoundRobin));
        assert_eq!(read("least-requests"), Some(Balancing::LeastRequests));
        for (text, source) in [
            ("hash(sub)", KeySource::Subject),
            ("hash(client_id)", KeySource::Client),
            ("hash(claims.tenant)", KeySource::Claim(0)),
            ("hash(claims.org)", KeySource::Claim(1)),
            ("hash(header X-Session)", KeySource::Header(http::HeaderName::from_static("x-session"))),
            ("hash(cookie sid)", KeySource::Cookie("sid".into())),
            ("hash(address)", KeySource::Address),
        ] {
            assert_eq!(read(text), Some(Balancing::Hash(source)), "{text}");
        }
        for wrong in
            ["", "random", "hash", "hash()", "hash(user)", "hash(header )", "hash(cookie a b)", "hash(claims.)"]
        {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
