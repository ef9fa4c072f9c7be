//! A request for authorization whose client and redirect URI are good, free of
//! spelling. Everything in it was checked once and is never read from the browser
//! again: pages carry only the number under which it is kept.

use crate::clock::Seconds;
use crate::oauth::pkce::Challenge;
use crate::token::id::ClientId;

/// What an application asks of a person (RFC 6749 §4.1.1).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Request {
    /// Which application.
    pub client: ClientId,
    /// Where the answer goes.
    pub back: Back,
    /// The words of `scope`; `None`: it was left out.
    pub scope: Option<Vec<String>>,
    /// What the code will ask proof of.
    pub challenge: Option<Challenge>,
    /// `nonce`, for the ID token.
    pub nonce: Option<String>,
    /// What the person has to be asked whatever is remembered.
    pub prompt: Prompt,
    /// Whom the application thinks it is.
    pub login_hint: Option<String>,
    /// The longest ago that the person may have signed in.
    pub max_age: Option<Seconds>,
}

/// Where and how the answer goes back.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Back {
    /// The URI, as it was presented, or the registered one.
    pub uri: String,
    /// Whether the request named it: then the token request has to, too (§4.1.3).
    pub said: Said,
    /// How.
    pub mode: ResponseMode,
    /// Given back as it came.
    pub state: Option<String>,
}

/// Whether a request named its redirect URI.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Said {
    /// It did.
    Yes,
    /// It did not, and there was one only.
    No,
}

/// How an answer goes back (OAuth 2.0 Multiple Response Types §2.1, Form Post §2).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum ResponseMode {
    /// In the query of the redirect.
    #[default]
    Query,
    /// In a form that the person's browser posts.
    FormPost,
}

impl ResponseMode {
    /// All of them.
    pub const ALL: [ResponseMode; 2] = [ResponseMode::Query, ResponseMode::FormPost];

    /// The word on the wire and in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            ResponseMode::Query => "query",
            ResponseMode::FormPost => "form_post",
        }
    }

    /// The mode of that word.
    pub fn parse(word: &str) -> Option<ResponseMode> {
        ResponseMode::ALL.into_iter().find(|mode| mode.as_str() == word)
    }
}

/// `prompt` (OpenID Connect Core §3.1.2.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Prompt {
    /// `none`: no page may be shown.
    pub silent: bool,
    /// `login`, or `select_account`: sign in anew.
    pub sign_in: bool,
    /// `consent`: ask, whatever is remembered.
    pub consent: bool,
}

impl Prompt {
    /// The values that are served, for metadata.
    pub const WORDS: [&str; 4] = ["none", "login", "consent", "select_account"];

    /// Reads the words; `None` if one is unknown, or `none` does not stand alone.
    pub fn parse(text: &str) -> Option<Prompt> {
        let mut out = Prompt::default();
        for word in text.split(' ').filter(|word| !word.is_empty()) {
            match word {
                "none" => out.silent = true,
                "login" | "select_account" => out.sign_in = true,
                "consent" => out.consent = true,
                _ => return None,
            }
        }
        (!out.silent || !(out.sign_in || out.consent)).then_some(out)
    }

    /// As words, for the store.
    pub fn to_words(self) -> String {
        let words = [(self.silent, "none"), (self.sign_in, "login"), (self.consent, "consent")];
        words.into_iter().filter(|(said, _)| *said).map(|(_, word)| word).collect::<Vec<_>>().join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::Prompt;

    #[test]
    fn none_stands_alone() {
        for (text, words) in
            [("", ""), ("none", "none"), ("login consent", "login consent"), ("select_account", "login")]
        {
            assert_eq!(Prompt::parse(text).map(Prompt::to_words).as_deref(), Some(words), "{text}");
        }
        for refused in ["none login", "consent none", "maybe", "LOGIN", "create"] {
            assert_eq!(Prompt::parse(refused), None, "{refused}");
        }
    }
}
