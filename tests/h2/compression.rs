//! RFC 7541: header blocks as a caller may pack them, and as he may not.

use crate::case::{Case, Expect, UNPACKED, case};
use crate::wire::{END_HEADERS, END_STREAM, HEADERS, block, frame, get};

const WHOLE: u8 = END_HEADERS | END_STREAM;

/// Strings of appendix C, packed by Huffman's code there.
const CUSTOM_KEY: &[u8] = &[0x88, 0x25, 0xa8, 0x49, 0xe9, 0x5b, 0xa9, 0x7d, 0x7f];
const CUSTOM_VALUE: &[u8] = &[0x89, 0x25, 0xa8, 0x49, 0xe9, 0x5b, 0xb8, 0xe8, 0xb4, 0xbf];
const NO_CACHE: &[u8] = &[0x86, 0xa8, 0xeb, 0x10, 0x64, 0x9c, 0xbf];

/// `GET /hello` with more behind it.
fn ask(stream: u32, more: &[u8]) -> Vec<u8> {
    frame(HEADERS, WHOLE, stream, [&get(&[]), more].concat())
}

fn heard(name: &'static str, more: &[u8], text: &'static str) -> Case {
    case(name, [ask(1, more)], Expect::Answer(1, "200", text))
}

fn refused(name: &'static str, more: &[u8]) -> Case {
    case(name, [ask(1, more)], Expect::Goaway(UNPACKED))
}

/// `custom-key: custom-value` behind a first octet.
fn custom(first: u8) -> Vec<u8> {
    [&[first][..], b"\x0acustom-key\x0ccustom-value"].concat()
}

fn custom_packed(first: u8) -> Vec<u8> {
    [&[first][..], CUSTOM_KEY, CUSTOM_VALUE].concat()
}

/// `cache-control: no-cache` (static index 24) behind a first octet that holds the index.
fn cache(first: &[u8]) -> Vec<u8> {
    [first, b"\x08no-cache"].concat()
}

pub fn cases() -> Vec<Case> {
    [representations(), tables(), mistakes()].concat()
}

/// §6: every representation, plain and packed.
fn representations() -> Vec<Case> {
    const CACHE: &str = "\"cache-control\": \"no-cache\"";
    const CUSTOM: &str = "\"custom-key\": \"custom-value\"";
    let packed = |first: &[u8]| [first, NO_CACHE].concat();
    // `:method GET`, `:scheme https`, `:path` and `:authority`, all by the static table.
    let all_indexed = [&b"\x82\x87\x44\x06/hello\x41\x09localhost"[..]].concat();
    vec![
        case("6.1: indexed fields", [frame(HEADERS, WHOLE, 1, all_indexed)], Expect::Answer(1, "200", "\"/hello\"")),
        heard("6.1: an indexed field", &[0x90], "\"accept-encoding\": \"gzip, deflate\""),
        heard("6.2.1: incremental indexing, indexed name", &cache(&[0x58]), CACHE),
        heard("6.2.1: the same, packed", &packed(&[0x58]), CACHE),
        heard("6.2.1: incremental indexing, new name", &custom(0x40), CUSTOM),
        heard("6.2.1: the same, packed", &custom_packed(0x40), CUSTOM),
        heard("6.2.2: without indexing, indexed name", &cache(&[0x0f, 0x09]), CACHE),
        heard("6.2.2: the same, packed", &packed(&[0x0f, 0x09]), CACHE),
        heard("6.2.2: without indexing, new name", &custom(0x00), CUSTOM),
        heard("6.2.2: the same, packed", &custom_packed(0x00), CUSTOM),
        heard("6.2.3: never indexed, indexed name", &cache(&[0x1f, 0x09]), CACHE),
        heard("6.2.3: the same, packed", &packed(&[0x1f, 0x09]), CACHE),
        heard("6.2.3: never indexed, new name", &custom(0x10), CUSTOM),
        heard("6.2.3: the same, packed", &custom_packed(0x10), CUSTOM),
    ]
}

/// §2.3, §4: the dynamic table of one connection.
fn tables() -> Vec<Case> {
    let sized = |sizes: &[u8], stream| frame(HEADERS, WHOLE, stream, [sizes, &get(&[])].concat());
    vec![
        case(
            "2.3.2: a field of an earlier block",
            [ask(1, &custom(0x40)), ask(3, &[0xBE])],
            Expect::Answer(3, "200", "custom-value"),
        ),
        case("6.3: a table size", [sized(&[0x20], 1)], Expect::Answer(1, "200", "\"/hello\"")),
        case("6.3: two table sizes", [sized(&[0x20, 0x3f, 0xe1, 0x1f], 1)], Expect::Answer(1, "200", "\"/hello\"")),
        case(
            "4.3: a table of size 0 forgets",
            [ask(1, &custom(0x40)), sized(&[0x20], 3), ask(5, &[0xBE])],
            Expect::Goaway(UNPACKED),
        ),
        case(
            "4.4: a field larger than the table empties it",
            [
                ask(1, &custom(0x40)),
                ask(3, &[&[0x40][..], b"\x01x\x7f\x81\x1f", &[b'y'; 4096]].concat()),
                ask(5, &[0xBE]),
            ],
            Expect::Goaway(UNPACKED),
        ),
    ]
}

fn mistakes() -> Vec<Case> {
    let behind = [&get(&[])[..], &[0x20]].concat();
    vec![
        refused("2.3.3: an indexed field with an index beyond both tables", &[0xC6]),
        refused("2.3.3: a literal with an index beyond both tables", b"\x7f\x07\x04test"),
        case("4.2: a table size at a block's end", [frame(HEADERS, WHOLE, 1, behind)], Expect::Goaway(UNPACKED)),
        refused("5.1: an integer without end", &[[0xFF].as_slice(), &[0x80; 12]].concat()),
        refused("5.2: a string longer than its block", b"\x00\x04te"),
        refused("5.2: padding longer than seven bits", &[b"\x00\x04test".as_slice(), &[0x82, 0x1f, 0xff]].concat()),
        refused("5.2: padding of zeros", &[b"\x00\x04test".as_slice(), &[0x83, 0x49, 0x50, 0x90]].concat()),
        refused("5.2: EOS in a string", &[b"\x00\x04test".as_slice(), &[0x84, 0xff, 0xff, 0xff, 0xff]].concat()),
        refused("6.1: index 0", &[0x80]),
        case(
            "6.3: a table size above SETTINGS_HEADER_TABLE_SIZE",
            [frame(HEADERS, WHOLE, 1, [&[0x3f, 0xe2, 0x1f][..], &block(&[(":method", "GET")])].concat())],
            Expect::Goaway(UNPACKED),
        ),
    ]
}
