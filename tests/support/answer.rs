//! An answer of HTTP/1.1, taken apart by hand, so that nothing between a test and the
//! gateway repairs anything.

/// An answer in pieces, chunks taken apart.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

impl Answer {
    /// The values of a header, in order.
    pub fn all(&self, name: &str) -> Vec<&str> {
        let lines = self.head.lines().skip(1).filter_map(|line| line.split_once(": "));
        lines.filter(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value).collect()
    }

    /// The only value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        let all = self.all(name);
        assert!(all.len() <= 1, "{name} more than once: {self:?}");
        all.first().copied()
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// Takes an answer apart, chunks and all; panics where it is cut off. Interim answers in
/// front of it are passed over.
pub fn parse(mut said: &[u8]) -> Answer {
    while said.starts_with(b"HTTP/1.1 10") && !said.starts_with(b"HTTP/1.1 101") {
        let end = said.windows(4).position(|w| w == b"\r\n\r\n").expect("an interim answer's end");
        said = &said[end + 4..];
    }
    let cut = said.windows(4).position(|w| w == b"\r\n\r\n");
    let cut = cut.unwrap_or_else(|| panic!("no head: {:?}", String::from_utf8_lossy(said)));
    let head = String::from_utf8(said[..cut].to_vec()).expect("a head is text");
    let status = head.split(' ').nth(1).and_then(|s| s.parse().ok()).expect("a status");
    let mut answer = Answer { status, head, body: said[cut + 4..].to_vec() };
    if answer.all("transfer-encoding") == ["chunked"] {
        answer.body = dechunk(&answer.body);
    }
    answer
}

fn dechunk(mut rest: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    loop {
        let line = rest.windows(2).position(|w| w == b"\r\n").expect("a chunk's size");
        let size = std::str::from_utf8(&rest[..line]).expect("a size is text");
        let size = usize::from_str_radix(size, 16).expect("a size is a number");
        rest = &rest[line + 2..];
        if size == 0 {
            return out;
        }
        out.extend_from_slice(&rest[..size]);
        rest = &rest[size + 2..];
    }
}
