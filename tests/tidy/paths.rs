//! Every path a file speaks, `crate::a::{b, c::*}` written out, with its line: from
//! `use` lines, types, expressions and the insides of macros alike, since it reads
//! tokens and not syntax. Items under `#[cfg(test)]` are left out.

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// A path, with the inline modules around it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Spoken {
    /// `["crate", "token", "id"]`; a glob ends in `*`.
    pub parts: Vec<String>,
    /// Where it begins.
    pub line: usize,
    /// How many inline modules it stands in.
    pub depth: usize,
}

/// All paths of a file's production code, single words included.
pub fn of(text: &str) -> Vec<Spoken> {
    let mut out = Vec::new();
    // What does not parse is reported where the syntax is read.
    tokens(text.parse().unwrap_or_default(), 0, &mut out);
    out
}

fn tokens(stream: TokenStream, depth: usize, out: &mut Vec<Spoken>) {
    let list: Vec<TokenTree> = stream.into_iter().collect();
    let mut at = 0;
    while at < list.len() {
        if for_tests(&list[at..]) {
            at = item_end(&list, at + 2);
            continue;
        }
        match &list[at] {
            TokenTree::Ident(word) => {
                let start = Spoken { parts: vec![word.to_string()], line: word.span().start().line, depth };
                at = path(&list, at + 1, start, out);
            }
            TokenTree::Group(group) => {
                tokens(group.stream(), depth + module_opens(&list, at), out);
                at += 1;
            }
            TokenTree::Punct(_) | TokenTree::Literal(_) => at += 1,
        }
    }
}

/// Whether `#[cfg(test)]` stands here.
fn for_tests(list: &[TokenTree]) -> bool {
    match list {
        [TokenTree::Punct(hash), TokenTree::Group(group), ..] => {
            hash.as_char() == '#' && group.stream().to_string().replace(' ', "") == "cfg(test)"
        }
        _ => false,
    }
}

/// The place behind the item that begins here: its `;` or its braces.
fn item_end(list: &[TokenTree], from: usize) -> usize {
    let ends = |token: &TokenTree| match token {
        TokenTree::Punct(punct) => punct.as_char() == ';',
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        TokenTree::Ident(_) | TokenTree::Literal(_) => false,
    };
    list[from..].iter().position(ends).map_or(list.len(), |found| from + found + 1)
}

/// 1 if the braces at `at` are those of an inline module.
fn module_opens(list: &[TokenTree], at: usize) -> usize {
    let word = |back: usize| at.checked_sub(back).map(|place| list[place].to_string());
    usize::from(word(2).as_deref() == Some("mod"))
}

/// Follows a path from behind one of its words; gives the place behind it.
fn path(list: &[TokenTree], at: usize, mut so_far: Spoken, out: &mut Vec<Spoken>) -> usize {
    if !(is_colon(list.get(at)) && is_colon(list.get(at + 1))) {
        out.push(so_far);
        return at;
    }
    match list.get(at + 2) {
        Some(TokenTree::Ident(word)) => {
            so_far.parts.push(word.to_string());
            path(list, at + 3, so_far, out)
        }
        Some(TokenTree::Punct(star)) if star.as_char() == '*' => {
            so_far.parts.push("*".to_owned());
            out.push(so_far);
            at + 3
        }
        Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
            branches(group.stream(), &so_far, out);
            at + 3
        }
        _ => {
            out.push(so_far);
            at + 2
        }
    }
}

/// The inside of `a::{ … }`: each branch continues the path before the brace.
fn branches(stream: TokenStream, stem: &Spoken, out: &mut Vec<Spoken>) {
    let list: Vec<TokenTree> = stream.into_iter().collect();
    let mut at = 0;
    while at < list.len() {
        let mut branch = stem.clone();
        match &list[at] {
            TokenTree::Ident(word) => {
                branch.parts.push(word.to_string());
                branch.line = word.span().start().line;
                at = path(&list, at + 1, branch, out);
            }
            TokenTree::Punct(star) if star.as_char() == '*' => {
                branch.parts.push("*".to_owned());
                out.push(branch);
                at += 1;
            }
            _ => at += 1,
        }
    }
}

fn is_colon(token: Option<&TokenTree>) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == ':')
}
