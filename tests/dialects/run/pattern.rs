//! Texts with volatile places. In what is sent, `<$name>` stands for what was captured
//! before, `<$name+5>` for a number and five (or less: `-5`), `<!name>` for a JWT with its signature
//! spoilt, `<base64:text>` for the text so written. In what is expected there are also
//! shapes: `<jwt>` `<hex:n>` `<base62:n>` `<b64:n>` `<b64hex:n>`
//! `<digits:n>` `<int>` `<text>` `<any>` `<botjti>`
//! `<date+00:00>` `<date+0000>`, each with `=name` to capture, and `<time:name>`, the
//! captured date as a number. Everything else stands for itself, byte for byte.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

/// What was captured so far, by name.
pub type Captured = BTreeMap<String, String>;

/// One place of a pattern.
#[derive(Clone, Debug, PartialEq)]
enum Piece {
    Literal(String),
    Shape(Shape, Option<String>),
    Reference(String),
}

/// What may stand at a volatile place.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Shape {
    Jwt,
    Hex(usize),
    Base62(usize),
    UrlSafe(usize),
    Digits(usize),
    HexInBase64(usize),
    Integer,
    Text,
    Any,
    BotId,
    Date(&'static str),
}

impl Shape {
    fn read(word: &str) -> Option<Shape> {
        let sized = |prefix: &str| word.strip_prefix(prefix)?.parse().ok();
        Some(match word {
            "jwt" => Shape::Jwt,
            "int" => Shape::Integer,
            "text" => Shape::Text,
            "any" => Shape::Any,
            "botjti" => Shape::BotId,
            "date+00:00" => Shape::Date("+00:00"),
            "date+0000" => Shape::Date("+0000"),
            _ => sized("hex:")
                .map(Shape::Hex)
                .or_else(|| sized("base62:").map(Shape::Base62))
                .or_else(|| sized("b64:").map(Shape::UrlSafe))
                .or_else(|| sized("digits:").map(Shape::Digits))
                .or_else(|| sized("b64hex:").map(Shape::HexInBase64))?,
        })
    }

    /// The lengths that could stand at the beginning of `input`, the likeliest first.
    fn lengths(self, input: &str) -> Vec<usize> {
        let run = |fits: &dyn Fn(char) -> bool| input.find(|c| !fits(c)).unwrap_or(input.len());
        let url_safe = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        let exactly = |length: usize, fits: bool| if fits { vec![length] } else { Vec::new() };
        match self {
            Shape::Any => input.char_indices().map(|(at, _)| at).chain([input.len()]).collect(),
            Shape::Text => {
                // Escaped quotes belong to it; the shortest text has one letter.
                let end = run(&|c| c != '"' && c != '\n');
                (1..=end).rev().filter(|at| input.is_char_boundary(*at)).collect()
            }
            Shape::Integer => {
                let end = run(&|c| c.is_ascii_digit());
                exactly(end, end > 0 && (end == 1 || !input.starts_with('0')))
            }
            Shape::Hex(n) => {
                let end = run(&|c| c.is_ascii_digit() || ('a'..='f').contains(&c));
                exactly(n, end == n)
            }
            Shape::Base62(n) => {
                let end = run(&|c| c.is_ascii_alphanumeric());
                exactly(n, end == n)
            }
            Shape::Digits(n) => {
                let end = run(&|c| c.is_ascii_digit());
                exactly(n, end == n)
            }
            Shape::UrlSafe(n) => {
                let end = run(&url_safe);
                exactly(n, end == n)
            }
            Shape::HexInBase64(n) => {
                let end = run(&url_safe);
                let inner = URL_SAFE_NO_PAD.decode(&input[..end]).unwrap_or_default();
                let hex = inner.iter().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(b));
                exactly(end, hex && inner.len() == n)
            }
            Shape::Jwt => {
                let end = run(&|c| url_safe(c) || c == '.');
                let parts: Vec<&str> = input[..end].split('.').collect();
                exactly(end, parts.len() == 3 && parts.iter().all(|part| !part.is_empty()))
            }
            Shape::BotId => {
                let end = run(&|c| c.is_ascii_digit() || c == '-');
                let parts: Vec<&str> = input[..end].split('-').collect();
                exactly(end, parts.len() == 4 && parts.iter().all(|p| !p.is_empty()) && parts[3].len() == 29)
            }
            Shape::Date(zone) => {
                let end = "2020-04-30T06:02:45".len() + zone.len();
                exactly(end, input.get(..end).is_some_and(|text| text.ends_with(zone) && unix(text).is_some()))
            }
        }
    }
}

/// The moment that a date stands for.
fn unix(date: &str) -> Option<i64> {
    let local = date.get(.."2020-04-30T06:02:45".len())?;
    Some(format!("{local}Z").parse::<jiff::Timestamp>().ok()?.as_second())
}

/// The text with every reference filled in; shapes are a mistake here.
pub fn fill(text: &str, captured: &Captured) -> Result<String, String> {
    let mut out = String::new();
    for piece in pieces(text) {
        match piece {
            Piece::Literal(literal) => out.push_str(&literal),
            Piece::Reference(reference) => out.push_str(&resolve(&reference, captured)?),
            Piece::Shape(shape, _) => return Err(format!("{shape:?} in something that is sent: {text}")),
        }
    }
    Ok(out)
}

/// Whether `input` is what the pattern says; captures what it names.
pub fn fits(pattern: &str, input: &str, captured: &mut Captured) -> Result<bool, String> {
    let pieces = pieces(pattern);
    let known: Vec<&str> = pieces
        .iter()
        .filter_map(|piece| match piece {
            Piece::Shape(_, name) => name.as_deref(),
            _ => None,
        })
        .collect();
    for piece in &pieces {
        if let Piece::Reference(reference) = piece
            && let Err(error) = resolve(reference, captured)
            && !known.iter().any(|name| reference.contains(name))
        {
            return Err(error);
        }
    }
    Ok(fits_from(&pieces, input, captured))
}

fn fits_from(pieces: &[Piece], input: &str, captured: &mut Captured) -> bool {
    let Some((first, rest)) = pieces.split_first() else { return input.is_empty() };
    match first {
        Piece::Literal(text) => input.strip_prefix(text.as_str()).is_some_and(|left| fits_from(rest, left, captured)),
        Piece::Reference(reference) => resolve(reference, captured)
            .ok()
            .and_then(|text| input.strip_prefix(text.as_str()))
            .is_some_and(|left| fits_from(rest, left, captured)),
        Piece::Shape(shape, name) => shape.lengths(input).into_iter().any(|length| {
            let before = captured.clone();
            if let Some(name) = name {
                captured.insert(name.clone(), input[..length].to_owned());
            }
            let fits = fits_from(rest, &input[length..], captured);
            if !fits {
                *captured = before;
            }
            fits
        }),
    }
}

/// What a reference stands for.
fn resolve(reference: &str, captured: &Captured) -> Result<String, String> {
    let get = |name: &str| captured.get(name).ok_or_else(|| format!("nothing was captured as `{name}`"));
    if let Some(text) = reference.strip_prefix("base64:") {
        return Ok(STANDARD.encode(text));
    }
    if let Some(name) = reference.strip_prefix("time:") {
        let date = get(name)?;
        return unix(date).map(|time| time.to_string()).ok_or_else(|| format!("`{date}` is no date"));
    }
    if let Some(name) = reference.strip_prefix('!') {
        return Ok(spoilt(get(name)?));
    }
    let name = reference.trim_start_matches('$');
    match name.find(['+', '-']) {
        None => get(name).cloned(),
        Some(sign) => {
            let number = |text: &str| text.parse::<i64>().map_err(|error| format!("`{text}`: {error}"));
            Ok((number(get(&name[..sign])?)? + number(&name[sign..])?).to_string())
        }
    }
}

/// The token with one letter in the middle of its last part changed.
fn spoilt(token: &str) -> String {
    let start = token.rfind('.').map_or(0, |dot| dot + 1);
    let at = start + (token.len() - start) / 2;
    let other = if token.as_bytes().get(at) == Some(&b'A') { "B" } else { "A" };
    format!("{}{other}{}", &token[..at], token.get(at + 1..).unwrap_or_default())
}

fn pieces(text: &str) -> Vec<Piece> {
    let mut out = Vec::new();
    let mut literal = String::new();
    let mut rest = text;
    while let Some(open) = rest.find('<') {
        literal.push_str(&rest[..open]);
        rest = &rest[open..];
        match rest.find('>').and_then(|close| Some((piece(&rest[1..close])?, close))) {
            Some((piece, close)) => {
                out.extend((!literal.is_empty()).then(|| Piece::Literal(std::mem::take(&mut literal))));
                out.push(piece);
                rest = &rest[close + 1..];
            }
            None => {
                literal.push('<');
                rest = &rest[1..];
            }
        }
    }
    literal.push_str(rest);
    out.extend((!literal.is_empty()).then_some(Piece::Literal(literal)));
    out
}

/// What stands between `<` and `>`, if it is a piece of ours.
fn piece(inside: &str) -> Option<Piece> {
    let reference = ["$", "!", "base64:", "time:"].iter().any(|mark| inside.starts_with(mark));
    if reference {
        return Some(Piece::Reference(inside.to_owned()));
    }
    let (word, name) = inside.split_once('=').map_or((inside, None), |(word, name)| (word, Some(name.to_owned())));
    Some(Piece::Shape(Shape::read(word)?, name))
}

#[test]
fn shapes_fit_what_they_say_and_nothing_else() {
    for (pattern, input, expected) in [
        ("a<int>b", "a12b", true),
        ("a<int>b", "a012b", false),
        ("a<int>b", "ab", false),
        ("<hex:4>", "0a9f", true),
        ("<hex:4>", "0a9F", false),
        ("<hex:4>", "0a9f0", false),
        ("<base62:3>", "aZ9", true),
        ("<base62:3>", "a_9", false),
        ("<digits:4>", "0123", true),
        ("<digits:4>", "012a", false),
        ("<b64:4>", "a_-Z", true),
        ("<b64:4>", "a_-Z0", false),
        ("<b64hex:3>", "YWJj", true),
        ("<b64hex:3>", "QUJD", false),
        ("<jwt>", "a.b.c", true),
        ("<jwt>", "a.b.", false),
        ("\"<text>\"", "\"x\"", true),
        ("\"<text>\"", "\"\"", false),
        ("x<any>y<any>z", "x1y2z", true),
        ("<date+00:00>", "2020-04-30T06:02:45+00:00", true),
        ("<date+00:00>", "2020-04-30T06:02:45+0000", false),
        ("<date+0000>", "2020-04-31T06:02:45+0000", false),
        ("<OAuth>", "<OAuth>", true),
        ("<int=a> <$a+3>", "4 7", true),
        ("<int=a> <$a+3>", "4 8", false),
        ("<int=a> <$a-3>", "4 1", true),
        ("<date+00:00=d> <time:d>", "1970-01-01T00:01:00+00:00 60", true),
    ] {
        assert_eq!(fits(pattern, input, &mut Captured::new()), Ok(expected), "{pattern} and {input}");
    }
}

#[test]
fn references_need_something_to_refer_to() {
    let captured = Captured::from([("a".to_owned(), "h.p.sig".to_owned())]);
    assert_eq!(fill("x<$a> <base64:a:b>", &captured).as_deref(), Ok("xh.p.sig YTpi"));
    assert_eq!(fill("<!a>", &captured).as_deref(), Ok("h.p.sAg"));
    assert!(fill("<$b>", &captured).is_err());
    assert!(fill("<jwt>", &captured).is_err());
    assert!(fits("<$b>", "", &mut Captured::new()).is_err());
}
