//! Notices as JSON lines, the form in which they are imported and exported. A line
//! names what it calls back either by its value (`jti`, `sub`, client id …) or by the
//! handle itself, which is all that an export can say. Unknown members are errors: a
//! misspelt `issued_before` would call back more than was meant.

use std::fmt;

use serde_json::{Map, Value, json};

use crate::clock::UnixTime;
use crate::revocation::notice::Notice;
use crate::token::handle::{Handle, HandleKind};
use crate::token::id::{FamilyId, IssuerName};
use crate::token::json;

/// Longest line that is read, in bytes.
pub const MAX_LINE_BYTES: usize = 16 * 1024;

/// What is wrong with a line, for the operator.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LineError {
    /// Which line, from 1.
    pub line: usize,
    /// The fact.
    pub what: String,
    /// What would be right.
    pub help: &'static str,
}

impl fmt::Display for LineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {} ({})", self.line, self.what, self.help)
    }
}

impl std::error::Error for LineError {}

/// Reads one line; `number` counts from 1 and goes into the error.
pub fn parse(number: usize, text: &str) -> Result<Notice, LineError> {
    read(text).map_err(|(what, help)| LineError { line: number, what, help })
}

/// Writes the line that `parse` reads back as the same notice.
pub fn write(notice: &Notice) -> String {
    let mut line = Map::new();
    line.insert("kind".into(), json!(notice.kind.as_str()));
    line.insert("issuer".into(), json!(notice.issuer.as_str()));
    line.insert("handle".into(), json!(format!("{:032x}", notice.handle.0)));
    if let Some(moment) = notice.issued_before {
        line.insert("issued_before".into(), json!(moment.0));
    }
    line.insert("until".into(), json!(notice.until.0));
    Value::Object(line).to_string()
}

type Fault = (String, &'static str);

fn read(text: &str) -> Result<Notice, Fault> {
    if text.len() > MAX_LINE_BYTES {
        return Err((format!("the line is longer than {MAX_LINE_BYTES} bytes"), SHAPE));
    }
    let line = json::object(text.as_bytes()).map_err(|_| ("not one JSON object".to_owned(), SHAPE))?;
    let unknown = line.keys().find(|name| !MEMBERS.contains(&name.as_str()));
    if let Some(name) = unknown {
        return Err((
            format!("unknown member `{}`", name.escape_debug()),
            "members are kind, issuer, value or handle, issued_before, until",
        ));
    }
    let kind = text_of(&line, "kind", KINDS)?;
    let kind = HandleKind::parse(kind).ok_or_else(|| (format!("unknown kind `{}`", kind.escape_debug()), KINDS))?;
    let issuer = text_of(&line, "issuer", "the name of the issuer in the configuration")?;
    if issuer.is_empty() {
        return Err(("`issuer` is empty".to_owned(), "the name of the issuer in the configuration"));
    }
    let issuer = IssuerName::new(issuer);
    let handle = handle(&line, kind, &issuer)?;
    let issued_before = line.get("issued_before").map(|value| time("issued_before", value)).transpose()?;
    if kind == HandleKind::Issuer && issued_before.is_none() {
        return Err((
            "kind `issuer` without `issued_before`".to_owned(),
            "an issuer's tokens are called back up to a moment",
        ));
    }
    let until = line.get("until").ok_or_else(|| ("`until` is missing".to_owned(), TIMES))?;
    Ok(Notice { kind, handle, issued_before, until: time("until", until)?, issuer })
}

fn handle(line: &Map<String, Value>, kind: HandleKind, issuer: &IssuerName) -> Result<Handle, Fault> {
    match (line.contains_key("value"), line.contains_key("handle")) {
        (true, true) => Err(("both `value` and `handle`".to_owned(), "one of the two names what is called back")),
        (false, false) if kind == HandleKind::Issuer => Ok(Handle::of_issuer(issuer)),
        (false, false) => Err(("neither `value` nor `handle`".to_owned(), "one of the two names what is called back")),
        (false, true) => {
            let digits = text_of(line, "handle", HANDLE)?;
            let fits = digits.len() == 32 && digits.bytes().all(|b| b.is_ascii_hexdigit());
            let number = u128::from_str_radix(digits, 16).ok().filter(|_| fits);
            number.map(Handle).ok_or_else(|| ("`handle` is not a handle".to_owned(), HANDLE))
        }
        (true, false) => {
            let value = text_of(line, "value", "the `jti`, `sub`, client id, `kid` or family number")?;
            match kind {
                HandleKind::Issuer => {
                    Err(("`value` at kind `issuer`".to_owned(), "the issuer itself is meant; leave it out"))
                }
                HandleKind::Family => FamilyId::parse(value)
                    .map(|family| Handle::of_family(issuer, &family))
                    .ok_or_else(|| ("`value` is not a family number".to_owned(), "32 hexadecimal digits")),
                HandleKind::Token | HandleKind::User | HandleKind::Client | HandleKind::Key if value.is_empty() => {
                    Err(("`value` is empty".to_owned(), "the `jti`, `sub`, client id or `kid`"))
                }
                HandleKind::Token | HandleKind::User | HandleKind::Client | HandleKind::Key => {
                    Ok(Handle::of(kind, issuer, value.as_bytes()))
                }
            }
        }
    }
}

fn text_of<'a>(line: &'a Map<String, Value>, name: &str, help: &'static str) -> Result<&'a str, Fault> {
    match line.get(name) {
        Some(Value::String(text)) => Ok(text),
        Some(_) => Err((format!("`{name}` is not a text"), help)),
        None => Err((format!("`{name}` is missing"), help)),
    }
}

fn time(name: &str, value: &Value) -> Result<UnixTime, Fault> {
    let moment = match value {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.parse().ok().and_then(|t: jiff::Timestamp| u64::try_from(t.as_second()).ok()),
        _ => None,
    };
    moment.map(UnixTime).ok_or_else(|| (format!("`{name}` is not a time"), TIMES))
}

const MEMBERS: [&str; 6] = ["kind", "issuer", "value", "handle", "issued_before", "until"];
const SHAPE: &str =
    "a line looks like {\"kind\":\"token\",\"issuer\":\"main\",\"value\":\"<jti>\",\"until\":1790000000}";
const KINDS: &str = "kinds are token, family, user, client, key, issuer";
const HANDLE: &str = "32 hexadecimal digits, as an export writes them";
const TIMES: &str = "seconds since 1970, or RFC 3339 such as \"2026-12-31T23:59:59Z\"";

#[cfg(test)]
mod tests {
    use super::{parse, write};
    use crate::clock::UnixTime;
    use crate::token::handle::{Handle, HandleKind};
    use crate::token::id::{FamilyId, IssuerName};

    #[test]
    fn values_become_the_handles_that_tokens_have() {
        let main = IssuerName::new("main");
        let token = parse(1, r#"{"kind":"token","issuer":"main","value":"j1","until":1790000000}"#).unwrap();
        assert_eq!(token.handle, Handle::of_token(&main, Some("j1"), b""));
        assert_eq!((token.until, token.issued_before), (UnixTime(1_790_000_000), None));
        let family = FamilyId([0xab; 16]);
        let line = format!(r#"{{"kind":"family","issuer":"main","value":"{family}","until":"2026-01-01T00:00:00Z"}}"#);
        let notice = parse(1, &line).unwrap();
        assert_eq!((notice.handle, notice.until), (Handle::of_family(&main, &family), UnixTime(1_767_225_600)));
        let all = parse(1, r#"{"kind":"issuer","issuer":"main","issued_before":5,"until":9}"#).unwrap();
        assert_eq!((all.kind, all.handle), (HandleKind::Issuer, Handle::of_issuer(&main)));
    }

    #[test]
    fn what_is_written_is_read_back() {
        for line in [
            r#"{"kind":"user","issuer":"a \"b\"","value":"u","issued_before":7,"until":8}"#,
            r#"{"kind":"key","issuer":"main","handle":"000000000000000000000000000000ff","until":8}"#,
        ] {
            let notice = parse(1, line).unwrap();
            assert_eq!(parse(2, &write(&notice)).unwrap(), notice);
        }
    }

    #[test]
    fn faults_are_named_with_their_line() {
        let cases = [
            ("", "not one JSON object"),
            (r#"{"kind":"token","kind":"user"}"#, "not one JSON object"),
            (r#"{"issued_bfore":1}"#, "unknown member `issued_bfore`"),
            (r#"{"issuer":"main"}"#, "`kind` is missing"),
            (r#"{"kind":"tokens"}"#, "unknown kind `tokens`"),
            (r#"{"kind":"token","issuer":7}"#, "`issuer` is not a text"),
            (r#"{"kind":"token","issuer":""}"#, "`issuer` is empty"),
            (r#"{"kind":"token","issuer":"m","until":1}"#, "neither `value` nor `handle`"),
            (r#"{"kind":"token","issuer":"m","value":"a","handle":"b"}"#, "both `value` and `handle`"),
            (
                r#"{"kind":"token","issuer":"m","handle":"+0000000000000000000000000000000"}"#,
                "`handle` is not a handle",
            ),
            (r#"{"kind":"family","issuer":"m","value":"x"}"#, "`value` is not a family number"),
            (r#"{"kind":"token","issuer":"m","value":""}"#, "`value` is empty"),
            (r#"{"kind":"token","issuer":"m","value":"a"}"#, "`until` is missing"),
            (r#"{"kind":"token","issuer":"m","value":"a","until":-1}"#, "`until` is not a time"),
            (r#"{"kind":"token","issuer":"m","value":"a","until":"soon"}"#, "`until` is not a time"),
            (r#"{"kind":"issuer","issuer":"m","until":1}"#, "kind `issuer` without `issued_before`"),
        ];
        for (line, what) in cases {
            let error = parse(41, line).unwrap_err();
            assert_eq!(error.what, what, "{line}");
            assert!(error.to_string().starts_with("line 41: "));
        }
    }
}
