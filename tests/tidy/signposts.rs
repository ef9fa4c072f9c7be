//! Files and folders that the documents name. A sentence outlives the file it points to,
//! and a newcomer who follows it finds nothing.

/// What a text names between back quotes and none of the files is, with its line.
pub fn astray(text: &str, files: &[String]) -> Vec<(usize, String)> {
    let mut out = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let quoted = line.split('`').skip(1).step_by(2);
        let named = quoted.filter(|word| is_path(word)).flat_map(spelled_out);
        out.extend(named.filter(|path| !exists(path, files)).map(|path| (index + 1, path)));
    }
    out
}

/// A Rust file, or a folder; addresses that a gateway serves begin with `/`.
fn is_path(word: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_./{},".contains(c);
    let folder = word.len() > 1 && word.ends_with('/');
    word.chars().all(plain) && (word.ends_with(".rs") || folder) && !word.starts_with(['/', '.'])
}

/// `a/{b,c}.rs` is two files.
fn spelled_out(word: &str) -> Vec<String> {
    match word.split_once('{').and_then(|(front, rest)| Some((front, rest.split_once('}')?))) {
        Some((front, (inner, back))) => inner.split(',').map(|each| format!("{front}{}{back}", each.trim())).collect(),
        None => vec![word.to_owned()],
    }
}

/// Whether a file has this name, or lies in this folder, by the end of its path.
fn exists(named: &str, files: &[String]) -> bool {
    let within = format!("/{named}");
    files.iter().map(|path| format!("/{path}")).any(|path| match named.ends_with('/') {
        true => path.contains(&within),
        false => path.ends_with(&within),
    })
}
