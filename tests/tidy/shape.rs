//! Rules about one file by itself: how it opens, how long it and its functions are,
//! what it may be called, and what must not be left lying in it.

use syn::visit::Visit;

/// Lines of a file, tests inside included.
const MAX_FILE: usize = 400;

/// Lines of a function, from `fn` to its last brace.
const MAX_FUNCTION: usize = 70;

/// Comment lines in a row, the file's own head not counted.
const MAX_COMMENT: usize = 12;

/// Names that say nothing, of files, folders and, capitalised, at the end of types.
const EMPTY_NAMES: [&str; 8] = ["utils", "util", "common", "helpers", "helper", "manager", "misc", "handy"];

/// Marks of unfinished work, written apart so that this file is not one.
const MARKS: [&str; 3] = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X")];

/// What the text alone shows: line and finding.
pub fn of_text(path: &str, text: &str) -> Vec<(usize, String)> {
    let mut out = Vec::new();
    let lines: Vec<&str> = text.lines().collect();
    if lines.len() > MAX_FILE {
        out.push((lines.len(), format!("{} lines, more than {MAX_FILE}", lines.len())));
    }
    let head = lines.iter().take_while(|line| line.starts_with("//!")).count();
    // Tests may say in one line what they test; everything else has to say why it is.
    let tests = path.ends_with("/tests.rs") || !path.starts_with("src/") || path.contains("/tests/");
    let wanted = if tests { 1 } else { 2 };
    if head < wanted {
        out.push((1, format!("opens with {head} lines of `//!`, fewer than {wanted}")));
    }
    for name in path.trim_end_matches(".rs").split('/').filter(|name| EMPTY_NAMES.contains(name)) {
        out.push((1, format!("the name `{name}` says nothing")));
    }
    let mut wall = 0;
    for (at, line) in lines.iter().enumerate() {
        if let Some(mark) = MARKS.iter().find(|mark| words(line).any(|word| word == **mark)) {
            out.push((at + 1, format!("`{mark}` left behind")));
        }
        let comment = line.trim_start().starts_with("//") && !line.starts_with("//!");
        wall = if comment { wall + 1 } else { 0 };
        if wall == MAX_COMMENT + 1 {
            out.push((at + 1, format!("a wall of more than {MAX_COMMENT} comment lines")));
        }
    }
    out
}

fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
}

/// What its syntax shows: line and finding.
pub fn of_syntax(path: &str, file: &syn::File) -> Vec<(usize, String)> {
    let mut eye = Eye::default();
    eye.visit_file(file);
    if path.ends_with("/mod.rs") && path.starts_with("src/") {
        let listing =
            |item: &syn::Item| matches!(item, syn::Item::Use(_) | syn::Item::Mod(syn::ItemMod { content: None, .. }));
        let others = file.items.iter().filter(|item| !listing(item)).count();
        if others > 0 {
            eye.found.push((1, format!("a `mod.rs` defines something: {others} items")));
        }
    }
    eye.found
}

#[derive(Default)]
struct Eye {
    found: Vec<(usize, String)>,
}

impl Eye {
    fn function(&mut self, signature: &syn::Signature, block: &syn::Block) {
        let start = signature.fn_token.span.start().line;
        let lines = block.brace_token.span.close().end().line + 1 - start;
        if lines > MAX_FUNCTION {
            self.found.push((start, format!("`{}` has {lines} lines, more than {MAX_FUNCTION}", signature.ident)));
        }
    }

    fn name(&mut self, name: &syn::Ident) {
        let lower = name.to_string().to_lowercase();
        if let Some(empty) = EMPTY_NAMES.iter().find(|empty| lower.ends_with(**empty)) {
            self.found.push((name.span().start().line, format!("the name `{name}` says nothing: `{empty}`")));
        }
    }
}

impl<'ast> Visit<'ast> for Eye {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.function(&item.sig, &item.block);
        syn::visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.function(&item.sig, &item.block);
        syn::visit::visit_impl_item_fn(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        if let Some(block) = &item.default {
            self.function(&item.sig, block);
        }
        syn::visit::visit_trait_item_fn(self, item);
    }

    fn visit_item_struct(&mut self, item: &'ast syn::ItemStruct) {
        self.name(&item.ident);
    }

    fn visit_item_enum(&mut self, item: &'ast syn::ItemEnum) {
        self.name(&item.ident);
    }

    fn visit_item_trait(&mut self, item: &'ast syn::ItemTrait) {
        self.name(&item.ident);
        syn::visit::visit_item_trait(self, item);
    }

    fn visit_use_glob(&mut self, glob: &'ast syn::UseGlob) {
        self.found.push((glob.star_token.span.start().line, "a glob import hides what is meant".to_owned()));
    }
}
