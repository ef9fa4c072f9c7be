//! What was probably meant: ours for another program's word, or the known word with the
//! fewest edits to the one that was written. Far-off words are not offered, since a wrong
//! hint costs more than none.

use crate::config::problem::peers::ours;

/// The closest of `known` to `word`, if one is close enough.
pub fn closest<'a>(word: &str, known: impl Iterator<Item = &'a str> + Clone) -> Option<&'a str> {
    if let Some(meant) = ours(word, known.clone()) {
        return Some(meant);
    }
    let allowed = (word.chars().count() / 3).max(1);
    known.map(|name| (distance(word, name), name)).filter(|(d, _)| *d <= allowed).min().map(|(_, name)| name)
}

/// Edits (insert, delete, replace, swap of neighbours) from one word to the other.
pub fn distance(from: &str, to: &str) -> usize {
    let (from, to): (Vec<char>, Vec<char>) = (from.chars().collect(), to.chars().collect());
    let width = to.len() + 1;
    let mut rows = vec![0; (from.len() + 1) * width];
    for i in 0..=from.len() {
        for j in 0..=to.len() {
            rows[i * width + j] = if i == 0 || j == 0 {
                i + j
            } else {
                let replace = rows[(i - 1) * width + j - 1] + usize::from(from[i - 1] != to[j - 1]);
                let mut best = replace.min(rows[(i - 1) * width + j] + 1).min(rows[i * width + j - 1] + 1);
                if i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1] {
                    best = best.min(rows[(i - 2) * width + j - 2] + 1);
                }
                best
            };
        }
    }
    rows[rows.len() - 1]
}

#[cfg(test)]
mod tests {
    use super::{closest, distance};

    #[test]
    fn a_swap_is_one_edit() {
        assert_eq!(distance("methdos", "methods"), 1);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("same", "same"), 0);
    }

    #[test]
    fn only_near_words_are_offered() {
        let known = ["methods", "scopes", "public"];
        assert_eq!(closest("scope", known.into_iter()), Some("scopes"));
        assert_eq!(closest("upstream", known.into_iter()), None);
    }
}
