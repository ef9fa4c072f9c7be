//! The page that follows a sign-in which no application asked for. A word of a closed
//! list, never an address: so nobody can be sent anywhere else by a link to the form.

use crate::dialect::endpoint::Endpoint;

/// A page to go on to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Next {
    Account,
    Applications,
    Authorized,
    Sessions,
}

impl Next {
    const ALL: [Next; 4] = [Next::Account, Next::Applications, Next::Authorized, Next::Sessions];

    /// The word in the form.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Next::Account => "account",
            Next::Applications => "applications",
            Next::Authorized => "authorized",
            Next::Sessions => "sessions",
        }
    }

    /// The page of that word, or the first one.
    pub(super) fn parse(word: &str) -> Next {
        Next::ALL.into_iter().find(|next| next.as_str() == word).unwrap_or(Next::Account)
    }

    /// Where that page is.
    pub(super) fn endpoint(self) -> Endpoint {
        match self {
            Next::Account => Endpoint::Account,
            Next::Applications => Endpoint::Applications,
            Next::Authorized => Endpoint::Authorized,
            Next::Sessions => Endpoint::Sessions,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Next;

    #[test]
    fn only_our_own_words_lead_anywhere() {
        for next in Next::ALL {
            assert_eq!(Next::parse(next.as_str()), next);
        }
        for other in ["", "https://evil.example", "//evil.example", "/applications", "sign_out"] {
            assert_eq!(Next::parse(other), Next::Account, "{other}");
        }
    }
}
