//! The floors of the house as data. A module may speak of lower floors and of itself;
//! neighbours on one floor are strangers, and some lower ones are kept from it too.
//! The core may not speak of sockets, clocks, files or logs at all.

use crate::paths::{self, Spoken};

/// A top-level module and its place.
struct Floor {
    module: &'static str,
    level: u8,
    /// Lower modules it must not speak of all the same.
    strangers: &'static [&'static str],
}

const fn floor(level: u8, module: &'static str, strangers: &'static [&'static str]) -> Floor {
    Floor { module, level, strangers }
}

/// From the ground up. The core learns of nothing but values, so telemetry, which
/// counts and writes, is no acquaintance of it.
const FLOORS: &[Floor] = &[
    floor(0, "clock", &[]),
    floor(0, "random", &[]),
    floor(1, "token", &[]),
    floor(1, "telemetry", &["random"]),
    floor(2, "acme", &["telemetry"]),
    floor(2, "balance", &["telemetry", "token"]),
    floor(2, "revocation", &["telemetry"]),
    floor(3, "dialect", &["telemetry", "revocation", "random"]),
    floor(4, "access", &["telemetry"]),
    floor(4, "oauth", &["telemetry"]),
    floor(4, "traffic", &["telemetry"]),
    floor(5, "pages", &["telemetry"]),
    floor(5, "snapshot", &[]),
    floor(5, "store", &[]),
    floor(5, "users", &[]),
    floor(6, "edge", &[]),
    floor(6, "config", &["store", "users"]),
    floor(7, "reload", &[]),
    floor(7, "follower", &[]),
    floor(8, "gateway", &[]),
    floor(9, "cli", &[]),
    floor(10, "main", &[]),
];

/// The modules that must stay pure.
const CORE: [&str; 9] = ["clock", "random", "token", "balance", "revocation", "dialect", "access", "oauth", "traffic"];

/// What the core may not speak of: the end or the beginning of a path.
const FORBIDDEN: &[&[&str]] = &[
    &["tokio"],
    &["hyper"],
    &["hyper_util"],
    &["tracing"],
    &["prometheus"],
    &["std", "fs"],
    &["std", "env"],
    &["std", "net", "TcpStream"],
    &["std", "net", "TcpListener"],
    &["std", "thread"],
    &["SystemTime", "now"],
    &["Instant", "now"],
    &["Timestamp", "now"],
    &["Zoned", "now"],
];

/// What telemetry, which writes but never waits for a socket, may not speak of.
const FORBIDDEN_TO_TELEMETRY: &[&[&str]] =
    &[&["tokio"], &["hyper"], &["hyper_util"], &["SystemTime", "now"], &["Instant", "now"], &["Timestamp", "now"]];

/// The one place of each thing that is forbidden around it.
const EXCEPTIONS: &[(&str, &[&str])] = &[("src/clock.rs", &["SystemTime", "now"])];

/// Modules of the core whose traits are asked over a network, so that they may wait.
const MAY_AWAIT: [&str; 1] = ["oauth"];

/// The top-level module a production file of `src` belongs to; `None` for others and
/// for `lib.rs`, which only lists modules.
pub fn module_of(path: &str) -> Option<&str> {
    let inside = path.strip_prefix("src/")?;
    let test = inside.ends_with("/tests.rs") || inside.contains("/tests/");
    let module = inside.split('/').next()?.trim_end_matches(".rs");
    (!test && module != "lib").then_some(module)
}

/// What is wrong about the paths of one file, by line.
pub fn check(path: &str, module: &str, text: &str) -> Vec<(usize, String)> {
    let Some(own) = FLOORS.iter().find(|floor| floor.module == module) else {
        return vec![(1, format!("module `{module}` has no floor in tests/tidy/floors.rs"))];
    };
    let mut out = Vec::new();
    for spoken in paths::of(text) {
        if let Some(target) = target(path, &spoken) {
            out.extend(arrow(own, target).map(|what| (spoken.line, what)));
        }
        out.extend(word(path, module, &spoken).map(|what| (spoken.line, what)));
    }
    out
}

/// The top-level module a path leads to, if it leads through the crate's root.
fn target<'a>(path: &str, spoken: &'a Spoken) -> Option<&'a str> {
    let first = spoken.parts.first()?;
    if first == "crate" || first == "tollgate" {
        return spoken.parts.get(1).map(String::as_str);
    }
    let up = spoken.parts.iter().take_while(|part| *part == "super").count();
    let own_depth = path.trim_start_matches("src/").trim_end_matches("/mod.rs").split('/').count() + spoken.depth;
    (up > 0 && up == own_depth).then(|| spoken.parts.get(up).map(String::as_str)).flatten()
}

fn arrow(own: &Floor, target: &str) -> Option<String> {
    let Some(other) = FLOORS.iter().find(|floor| floor.module == target) else {
        // A macro or a re-export at the root, or the root's own path in a visibility.
        return None;
    };
    let from = own.module;
    if other.module == from {
        None
    } else if other.level > own.level {
        Some(format!("`{from}` looks up to `{target}`"))
    } else if other.level == own.level {
        Some(format!("`{from}` looks sideways at `{target}`"))
    } else if own.strangers.contains(&target) {
        Some(format!("`{from}` must not know `{target}`"))
    } else {
        None
    }
}

fn word(path: &str, module: &str, spoken: &Spoken) -> Option<String> {
    let core = CORE.contains(&module);
    let waits = spoken.parts.iter().any(|part| part == "await" || part == "async");
    if core && waits && !MAY_AWAIT.contains(&module) {
        return Some(format!("`{module}` waits"));
    }
    let list = match module {
        "telemetry" => FORBIDDEN_TO_TELEMETRY,
        _ if core => FORBIDDEN,
        _ => return None,
    };
    let named = list.iter().find(|words| speaks(&spoken.parts, words))?;
    let excused = EXCEPTIONS.iter().any(|(file, words)| *file == path && words == named);
    (!excused).then(|| format!("`{module}` speaks of `{}`", named.join("::")))
}

/// A crate's name counts only in front, two words of a path wherever they stand.
fn speaks(parts: &[String], words: &[&str]) -> bool {
    match words {
        [name] => parts.len() > 1 && parts[0] == *name,
        _ => parts.windows(words.len()).any(|window| window.iter().zip(words).all(|(part, word)| part == word)),
    }
}
