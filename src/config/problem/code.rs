//! The kinds of problems, each with a number that documentation and scripts can rely
//! on: TG0 the text, TG1 keys and values, TG2 references, TG3 lint, TG4 surroundings.
//! A number is never given to another kind.

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $number:literal, $severity:ident;)*) => {
        /// What kind of problem it is.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        pub enum Code {
            $($(#[$doc])* $name,)*
        }

        impl Code {
            /// Every kind.
            pub const ALL: &'static [Code] = &[$(Code::$name),*];

            /// Its number, such as `TG1002`.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Code::$name => $number,)*
                }
            }

            /// Whether the configuration can be used all the same.
            pub fn severity(self) -> Severity {
                match self {
                    $(Code::$name => Severity::$severity,)*
                }
            }
        }
    };
}

/// Whether the configuration can be used all the same.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Severity {
    /// No.
    Error,
    /// Yes, but somebody should look.
    Warning,
}

impl Severity {
    /// The word in every output.
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
        }
    }
}

codes! {
    /// The configuration file cannot be read, is too large or is not UTF-8.
    Unreadable = "TG0001", Error;
    /// Not YAML.
    Syntax = "TG0002", Error;
    /// The same key twice in one block.
    DuplicateKey = "TG0003", Error;
    /// Nested too deep, too many values or too many aliases.
    TooLarge = "TG0004", Error;
    /// `${…}` that cannot be filled in.
    Interpolation = "TG0005", Error;
    /// YAML that this language leaves out: tags, several documents, keys that are no text.
    NotInLanguage = "TG0006", Error;
    /// A value that does not fit its key.
    WrongValue = "TG1001", Error;
    /// A key that nobody knows.
    UnknownKey = "TG1002", Error;
    /// A key that has to be there.
    MissingKey = "TG1003", Error;
    /// A word that is not one of the choices.
    UnknownWord = "TG1004", Error;
    /// Keys that exclude each other, or one without the other.
    Combination = "TG1005", Error;
    /// A reference to something that is not defined.
    Undefined = "TG2001", Error;
    /// The same name, address or id twice.
    Twice = "TG2002", Error;
    /// Two routes or endpoints for the same requests.
    Conflict = "TG2003", Error;
    /// A rule that can never apply.
    Unreachable = "TG2004", Error;
    /// A scope that no accepted issuer defines.
    UndefinedScope = "TG2005", Error;
    /// A setting that cannot change while the process runs.
    NeedsRestart = "TG2006", Error;
    /// A secret in plain text.
    PlainSecret = "TG3001", Warning;
    /// A public rule that catches everything.
    PublicCatchAll = "TG3002", Warning;
    /// Bearer tokens that live long.
    LongLifetime = "TG3003", Warning;
    /// The password grant.
    PasswordGrant = "TG3004", Warning;
    /// The caller's token is given to a backend in clear text.
    KeptAuthorization = "TG3005", Warning;
    /// Anybody may speak for anybody.
    TrustedEverybody = "TG3006", Warning;
    /// A scope that no route asks for.
    UnusedScope = "TG3007", Warning;
    /// Metrics that everybody can read.
    PublicMetrics = "TG3008", Warning;
    /// A certificate that ends soon.
    EndsSoon = "TG3009", Warning;
    /// Something that nothing refers to.
    Unused = "TG3010", Warning;
    /// Tokens in clear text on the network.
    ClearText = "TG3011", Warning;
    /// Refresh tokens that stay the same for ever.
    NoRotation = "TG3012", Warning;
    /// TLS towards servers that believes every certificate.
    Unverified = "TG3013", Warning;
    /// A signing key that everybody has.
    PublishedKey = "TG3014", Warning;
    /// A file that the configuration names cannot be read.
    MissingFile = "TG4001", Error;
    /// A certificate or its key that cannot be used.
    BadCertificate = "TG4002", Error;
    /// A certificate outside its time.
    Expired = "TG4003", Error;
    /// A signing key or key set that cannot be used.
    BadKey = "TG4004", Error;
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::Code;

    #[test]
    fn no_number_is_given_twice() {
        let numbers: HashSet<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(numbers.len(), Code::ALL.len());
    }
}
