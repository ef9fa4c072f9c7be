//! The colours of the pages, worked out from the one that the operator chose. Whatever
//! he chose, text on it and text in it can be read (WCAG 2.2, 1.4.3: a contrast of 4.5).

use std::fmt::Write as _;

use crate::oauth::person::branding::Colour;

/// The least contrast of text.
const LEGIBLE: f64 = 4.5;

/// The least contrast of the edge of a control (WCAG 2.2, 1.4.11).
const VISIBLE: f64 = 3.0;

const WHITE: Colour = Colour { red: 255, green: 255, blue: 255 };
const INK: Colour = Colour { red: 0x1A, green: 0x1F, blue: 0x2B };
const GROUND: Colour = Colour { red: 0xF5, green: 0xF6, blue: 0xF8 };

/// Colours that do not depend on the operator's; each pair was tested for contrast.
const FIXED: &str = "--paper:#fff;--ink:#1a1f2b;--ground:#f5f6f8;--soft:#525b6b;--line:#dfe3e8;--edge:#7b8494;\
--bad:#b3261e;--bad-ink:#8c1d18;--bad-ground:#fdf0ef;--good:#2e7d4f;--good-ink:#1b5e38;--good-ground:#eef7f1;\
--wait:#8a6100;--wait-ink:#6b4c00;--wait-ground:#fdf6e3;";

/// The custom properties of the style sheet.
pub fn properties(accent: Colour) -> String {
    let (on_accent, link) = (text_on(accent), text_in(accent));
    // A pale button needs an edge to be seen on the page.
    let edge = if contrast(accent, WHITE) >= VISIBLE { accent } else { INK };
    let mut out = format!(":root{{{FIXED}");
    for (name, colour) in [("accent", accent), ("on-accent", on_accent), ("link", link), ("accent-edge", edge)] {
        // Writing to a `String` cannot fail.
        let _ = write!(out, "--{name}:{};", hex(colour));
    }
    out.push_str("}\n");
    out
}

/// Black or white, whichever is better read on the colour. One of them always has a
/// contrast of at least 4.58.
fn text_on(colour: Colour) -> Colour {
    let black = Colour { red: 0, green: 0, blue: 0 };
    match contrast(colour, WHITE) >= LEGIBLE {
        true => WHITE,
        false if contrast(colour, INK) >= LEGIBLE => INK,
        false if contrast(colour, black) >= contrast(colour, WHITE) => black,
        false => WHITE,
    }
}

/// The colour, darkened until links in it can be read on paper and on the ground.
fn text_in(colour: Colour) -> Colour {
    let mut share = 255_u32;
    loop {
        let scale = |part: u8| u8::try_from(u32::from(part) * share / 255).unwrap_or(u8::MAX);
        let darker = Colour { red: scale(colour.red), green: scale(colour.green), blue: scale(colour.blue) };
        if contrast(darker, GROUND) >= LEGIBLE || share < 8 {
            return darker;
        }
        share -= 8;
    }
}

/// The contrast of two colours, from 1 to 21 (WCAG 2.2, "contrast ratio").
fn contrast(one: Colour, other: Colour) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

/// How light a colour is, from 0 to 1 (WCAG 2.2, "relative luminance").
fn luminance(colour: Colour) -> f64 {
    let linear = |part: u8| {
        let part = f64::from(part) / 255.0;
        if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * linear(colour.red) + 0.7152 * linear(colour.green) + 0.0722 * linear(colour.blue)
}

fn hex(colour: Colour) -> String {
    format!("#{:02x}{:02x}{:02x}", colour.red, colour.green, colour.blue)
}

#[cfg(test)]
mod tests {
    use super::{FIXED, GROUND, LEGIBLE, VISIBLE, WHITE, contrast, text_in, text_on};
    use crate::oauth::person::branding::Colour;

    fn fixed(name: &str) -> Colour {
        let value = FIXED.split(';').find_map(|pair| pair.strip_prefix(&format!("--{name}:"))).expect(name);
        Colour::parse(if value == "#fff" { "#ffffff" } else { value }).expect("a colour")
    }

    #[test]
    fn every_colour_leaves_text_legible() {
        for step in 0..16_u16.pow(3) {
            let part = |shift: u16| u8::try_from((step >> shift & 15) * 17).expect("below 256");
            let colour = Colour { red: part(8), green: part(4), blue: part(0) };
            assert!(contrast(colour, text_on(colour)) >= LEGIBLE, "text on {colour:?}");
            assert!(contrast(text_in(colour), WHITE) >= LEGIBLE, "links of {colour:?} on paper");
            assert!(contrast(text_in(colour), GROUND) >= LEGIBLE, "links of {colour:?} on the ground");
        }
    }

    #[test]
    fn the_fixed_colours_are_legible_too() {
        let pairs = [
            ("ink", "paper"),
            ("ink", "ground"),
            ("soft", "paper"),
            ("soft", "ground"),
            ("bad", "paper"),
            ("bad-ink", "bad-ground"),
            ("bad-ink", "paper"),
            ("good-ink", "good-ground"),
            ("wait-ink", "wait-ground"),
        ];
        for (text, ground) in pairs {
            assert!(contrast(fixed(text), fixed(ground)) >= LEGIBLE, "{text} on {ground}");
        }
        for edge in ["edge", "bad", "good", "wait"] {
            assert!(contrast(fixed(edge), fixed("paper")) >= VISIBLE, "{edge}");
        }
    }

    #[test]
    fn known_contrasts_are_met() {
        let black = Colour { red: 0, green: 0, blue: 0 };
        assert!((contrast(black, WHITE) - 21.0).abs() < 0.01);
        let grey = Colour { red: 0x77, green: 0x77, blue: 0x77 };
        assert!((contrast(grey, WHITE) - 4.48).abs() < 0.01);
    }
}
