//! The dialects that come with the gateway, as documents: what an operator may choose by
//! name, print with `tollgate dialect show`, and copy to begin his own. They are read by
//! the same code as a file; a test sees to it that each is right.

/// Names and documents.
pub const ALL: &[(&str, &str)] = &[
    ("standard", include_str!("presets/standard.yaml")),
    ("comic-clan", include_str!("presets/comic-clan.yaml")),
    ("social-translator", include_str!("presets/social-translator.yaml")),
    ("musement", include_str!("presets/musement.yaml")),
    ("intra42", include_str!("presets/intra42.yaml")),
    ("bonfire", include_str!("presets/bonfire.yaml")),
];

/// The document of that name.
pub fn find(name: &str) -> Option<&'static str> {
    ALL.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}
