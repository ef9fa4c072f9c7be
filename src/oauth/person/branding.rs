//! What the operator may say on the pages: his name, one colour and a few texts. There is
//! no template of his own, because a consent page that can be rewritten is a phishing kit.

/// How the pages look and what stands on all of them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Branding {
    /// The operator's name, at the head of every page.
    pub name: String,
    /// His colour; texts on it and in it are made legible by `pages`.
    pub colour: Colour,
    /// A line under the sign-in form, such as whom the service is for.
    pub notice: Option<String>,
    /// Terms of service.
    pub terms: Option<String>,
    /// Privacy statement.
    pub privacy: Option<String>,
    /// Where to get help.
    pub support: Option<String>,
}

impl Default for Branding {
    /// A page that says nothing of anybody's own.
    fn default() -> Branding {
        let name = "tollgate".to_owned();
        Branding { name, colour: Colour::DEFAULT, notice: None, terms: None, privacy: None, support: None }
    }
}

/// A colour of the screen (sRGB, 8 bits each).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Colour {
    /// Red.
    pub red: u8,
    /// Green.
    pub green: u8,
    /// Blue.
    pub blue: u8,
}

impl Colour {
    /// A blue that every sight can tell from the text around it.
    pub const DEFAULT: Colour = Colour { red: 0x1F, green: 0x5F, blue: 0xBF };

    /// Reads `#rrggbb`.
    pub fn parse(text: &str) -> Option<Colour> {
        let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6 && digits.is_ascii())?;
        let part = |at: usize| digits.get(at..at + 2).and_then(|two| u8::from_str_radix(two, 16).ok());
        let signless = !digits.contains('+');
        signless.then_some(())?;
        Some(Colour { red: part(0)?, green: part(2)?, blue: part(4)? })
    }
}

#[cfg(test)]
mod tests {
    use super::Colour;

    #[test]
    fn a_colour_is_six_digits() {
        assert_eq!(Colour::parse("#0a1BfF"), Some(Colour { red: 10, green: 27, blue: 255 }));
        for broken in ["", "#", "0a1bff", "#0a1bf", "#0a1bfff", "#0g1bff", "#+a1bff", "#é12bf", "red"] {
            assert_eq!(Colour::parse(broken), None, "{broken}");
        }
    }
}
