//! The static table (RFC 7541 appendix A), and where a name stands in it. Names are looked
//! up by their length first: few have the same.

/// Lines that everybody knows; the first has index 1.
#[rustfmt::skip]
pub const LINES: [(&str, &str); 61] = [
    (":authority", ""), (":method", "GET"), (":method", "POST"), (":path", "/"), (":path", "/index.html"),
    (":scheme", "http"), (":scheme", "https"), (":status", "200"), (":status", "204"), (":status", "206"),
    (":status", "304"), (":status", "400"), (":status", "404"), (":status", "500"), ("accept-charset", ""),
    ("accept-encoding", "gzip, deflate"), ("accept-language", ""), ("accept-ranges", ""), ("accept", ""),
    ("access-control-allow-origin", ""), ("age", ""), ("allow", ""), ("authorization", ""), ("cache-control", ""),
    ("content-disposition", ""), ("content-encoding", ""), ("content-language", ""), ("content-length", ""),
    ("content-location", ""), ("content-range", ""), ("content-type", ""), ("cookie", ""), ("date", ""), ("etag", ""),
    ("expect", ""), ("expires", ""), ("from", ""), ("host", ""), ("if-match", ""), ("if-modified-since", ""),
    ("if-none-match", ""), ("if-range", ""), ("if-unmodified-since", ""), ("last-modified", ""), ("link", ""),
    ("location", ""), ("max-forwards", ""), ("proxy-authenticate", ""), ("proxy-authorization", ""), ("range", ""),
    ("referer", ""), ("refresh", ""), ("retry-after", ""), ("server", ""), ("set-cookie", ""),
    ("strict-transport-security", ""), ("transfer-encoding", ""), ("user-agent", ""), ("vary", ""), ("via", ""),
    ("www-authenticate", ""),
];

/// The index of the first line that is a regular field; those before are pseudo-headers.
const REGULAR: usize = 15;

/// The longest name's length.
const LONGEST: usize = 27;

/// Indices of the regular lines by the length of their names, and where each length begins.
const BY_LENGTH: ([u8; LINES.len() - REGULAR + 1], [u8; LONGEST + 2]) = {
    let mut order = [0; LINES.len() - REGULAR + 1];
    let mut starts = [0; LONGEST + 2];
    let (mut at, mut length) = (0, 0);
    while length <= LONGEST {
        starts[length] = at as u8;
        let mut index = REGULAR;
        while index <= LINES.len() {
            if LINES[index - 1].0.len() == length {
                order[at] = index as u8;
                at += 1;
            }
            index += 1;
        }
        length += 1;
    }
    starts[length] = at as u8;
    (order, starts)
};

/// The index of a regular field's name; `None`: it has none.
pub fn index_of(name: &str) -> Option<u8> {
    let length = name.len();
    let (start, end) = (*BY_LENGTH.1.get(length)?, *BY_LENGTH.1.get(length + 1)?);
    let found = |index: &&u8| LINES[usize::from(**index) - 1].0 == name;
    BY_LENGTH.0[usize::from(start)..usize::from(end)].iter().find(found).copied()
}

#[cfg(test)]
mod tests {
    use super::{LINES, REGULAR, index_of};

    #[test]
    fn every_regular_name_is_found_and_no_other() {
        for (at, (name, _)) in LINES.iter().enumerate() {
            let expected = (at + 1 >= REGULAR).then(|| u8::try_from(at + 1).expect("few"));
            assert_eq!(index_of(name), expected, "{name}");
        }
        for name in ["", "x", "dates", &"x".repeat(27), &"x".repeat(28), &"x".repeat(1000)] {
            assert_eq!(index_of(name), None);
        }
    }
}
