//! The files beside the pages: one style sheet in the operator's colour and one script of
//! one line. Their names hold a digest of what is in them, so a browser may keep them for
//! ever and never has the wrong one.

use std::fmt::Write as _;

use aws_lc_rs::digest;

use crate::oauth::person::branding::Branding;
use crate::pages::palette;

/// The rules, in terms of the palette's properties.
const STYLE: &str = include_str!("style.css");

/// What spares people the last button on their way back to an application. The page
/// works without it.
const SEND_BACK: &str = include_str!("send_back.js");

/// One file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Asset {
    /// Its `Content-Type`.
    pub media: &'static str,
    /// What is in it.
    pub text: String,
}

/// The file of that name; `None` if there is none, or it was another one once.
pub fn find(name: &str, branding: &Branding) -> Option<Asset> {
    let style = style(branding);
    if name == named("style", &style, "css") {
        return Some(Asset { media: "text/css; charset=utf-8", text: style });
    }
    (name == named("send_back", SEND_BACK, "js"))
        .then(|| Asset { media: "text/javascript; charset=utf-8", text: SEND_BACK.to_owned() })
}

/// Where the style sheet is, below the path of the assets.
pub(super) fn style_path(below: &str, branding: &Branding) -> String {
    format!("{below}/{}", named("style", &style(branding), "css"))
}

/// Where the script is.
pub(super) fn script_path(below: &str) -> String {
    format!("{below}/{}", named("send_back", SEND_BACK, "js"))
}

fn style(branding: &Branding) -> String {
    palette::properties(branding.colour) + STYLE
}

fn named(name: &str, text: &str, extension: &str) -> String {
    let mut out = format!("{name}-");
    for byte in &digest::digest(&digest::SHA256, text.as_bytes()).as_ref()[..8] {
        // Writing to a `String` cannot fail.
        let _ = write!(out, "{byte:02x}");
    }
    out + "." + extension
}

#[cfg(test)]
mod tests {
    use super::{find, script_path, style_path};
    use crate::oauth::person::branding::{Branding, Colour};

    fn branding(colour: &str) -> Branding {
        let colour = Colour::parse(colour).expect("a colour");
        Branding { colour, ..Branding::default() }
    }

    #[test]
    fn what_a_page_names_is_there_and_another_colour_has_another_name() {
        let (red, blue) = (branding("#c00000"), branding("#0000c0"));
        let name = style_path("", &red);
        let sheet = find(&name[1..], &red).expect("the style sheet");
        assert!(sheet.text.contains("--accent:#c00000;"), "{}", &sheet.text[..400]);
        assert!(find(&name[1..], &blue).is_none());
        assert_eq!(find(&script_path("")[1..], &red).expect("the script").media, "text/javascript; charset=utf-8");
        assert!(find("style.css", &red).is_none() && find("", &red).is_none());
    }
}
