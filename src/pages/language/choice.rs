//! Which of our languages a page is in. Closed: a new one is a variant here, and one file
//! with its texts, in which the compiler misses every text that is not there.

use crate::pages::language::texts::Texts;
use crate::pages::language::{english, german};

/// A language the pages are written in.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Language {
    /// The one that is used when nobody asks for another.
    #[default]
    English,
    /// German.
    German,
}

/// Entries of an `Accept-Language` that are looked at.
const MAX_RANGES: usize = 32;

impl Language {
    /// Every language there is.
    pub const ALL: [Language; 2] = [Language::English, Language::German];

    /// The best of ours for an `Accept-Language` (RFC 9110 §12.5.4): the highest weight
    /// wins, and the first of equals.
    pub fn choose(accepted: &str) -> Language {
        let mut best = (0, Language::default());
        for range in accepted.split(',').take(MAX_RANGES) {
            let mut parts = range.split(';');
            let tag = parts.next().unwrap_or("").trim();
            let weight = parts.find_map(|part| part.trim().strip_prefix("q=")).map_or(Some(1000), thousandths);
            let primary = tag.split('-').next().unwrap_or("");
            let ours = Language::ALL.into_iter().find(|language| primary.eq_ignore_ascii_case(language.tag()));
            if let (Some(language), Some(weight)) = (ours, weight)
                && weight > best.0
            {
                best = (weight, language);
            }
        }
        best.1
    }

    /// The value of `lang` (BCP 47).
    pub fn tag(self) -> &'static str {
        match self {
            Language::English => "en",
            Language::German => "de",
        }
    }

    /// Everything the pages say in it.
    pub fn texts(self) -> &'static Texts {
        match self {
            Language::English => &english::TEXTS,
            Language::German => &german::TEXTS,
        }
    }
}

/// A weight such as `0.8` in thousandths.
fn thousandths(weight: &str) -> Option<u32> {
    let weight: f32 = weight.trim().parse().ok()?;
    (0.0..=1.0).contains(&weight).then_some((weight * 1000.0) as u32)
}

#[cfg(test)]
mod tests {
    use super::Language;

    #[test]
    fn the_heaviest_of_ours_wins() {
        for (accepted, language) in [
            ("", Language::English),
            ("fr, ja", Language::English),
            ("de", Language::German),
            ("de-AT,de;q=0.9,en;q=0.8", Language::German),
            ("fr;q=0.9, en;q=0.5, DE;q=0.6", Language::German),
            ("en-GB,en;q=0.9,de;q=0.8", Language::English),
            ("de;q=0", Language::English),
            ("de;q=x, en;q=0.1", Language::English),
            ("dex", Language::English),
            ("*", Language::English),
        ] {
            assert_eq!(Language::choose(accepted), language, "{accepted}");
        }
    }
}
