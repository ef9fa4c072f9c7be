//! The decoder against the RFC's examples, against an encoder of its own and against
//! somebody else's decoder, and with what nobody may send.

use proptest::prelude::{any, proptest};
use proptest::{prop_assert, prop_assert_eq};

use crate::edge::hpack::decoder::Decoder;
use crate::edge::hpack::encoder::{self, Encoder};
use crate::edge::hpack::list::List;
use crate::edge::hpack::malformed::Malformed;
use crate::edge::hpack::{fixed, huffman, integer};

type Text = Vec<(String, String)>;

fn read(decoder: &mut Decoder, block: &[u8]) -> Result<Text, Malformed> {
    let mut list = List::within(1 << 20);
    decoder.read(block, &mut list)?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ok(list.lines.iter().map(|line| (text(list.name(line)), text(list.value(line)))).collect())
}

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits.chunks(2).map(|two| u8::from_str_radix(std::str::from_utf8(two).expect("hex"), 16).expect("hex")).collect()
}

/// Three requests of one connection, plain (C.3) and packed (C.4).
#[test]
fn the_requests_of_appendix_c() {
    let plain = [
        "828684410f7777772e6578616d706c652e636f6d",
        "828684be58086e6f2d6361636865",
        "828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565",
    ];
    let packed = [
        "828684418cf1e3c2e5f23a6ba0ab90f4ff",
        "828684be5886a8eb10649cbf",
        "828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf",
    ];
    for blocks in [plain, packed] {
        let mut decoder = Decoder::default();
        let heads = blocks.map(|block| read(&mut decoder, &hex(block)).expect("a block"));
        let expected = [
            "GET http / www.example.com",
            "GET http / www.example.com no-cache",
            "GET https /index.html www.example.com custom-value",
        ];
        for (head, expected) in heads.iter().zip(expected) {
            assert_eq!(head.iter().map(|(_, value)| value.as_str()).collect::<Vec<_>>().join(" "), expected);
        }
        assert_eq!(heads[2][4].0, "custom-key");
    }
}

/// Three answers through a table of 256 bytes, which drive each other out (C.5, C.6).
#[test]
fn the_answers_of_appendix_c() {
    let blocks = [
        "3fe101 4803333032580770726976617465611d4d6f6e2c203231204f637420323031332032303a31333a323120474d54\
         6e1768747470733a2f2f7777772e6578616d706c652e636f6d",
        "4803333037c1c0bf",
        "88c1611d4d6f6e2c203231204f637420323031332032303a31333a323220474d54c05a04677a69707738666f6f3d4153444a4b48514b42\
         5a584f5157454f50495541585157454f49553b206d61782d6167653d333630303b2076657273696f6e3d31",
    ];
    let mut decoder = Decoder::default();
    let heads = blocks.map(|block| read(&mut decoder, &hex(block)).expect("a block"));
    let status = |head: &Text| head[0].1.clone();
    assert_eq!(heads.each_ref().map(status), ["302", "307", "200"]);
    assert_eq!(heads[1][1..], heads[0][1..]);
    assert_eq!(heads[2][3], ("location".to_owned(), "https://www.example.com".to_owned()));
    assert_eq!(heads[2][5].1, "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1");
}

#[test]
fn mistakes_are_refused() {
    for bad in [
        "80",
        "be",
        "ff80808080808080",
        "c0",
        "7f07",
        "00047465",
        "400a",
        "82 20",
        "3fe21f",
        "20 20 20",
        "0084ffffffff",
        "00",
        "01",
        "ffffffffff7f",
    ] {
        assert_eq!(read(&mut Decoder::default(), &hex(bad)), Err(Malformed), "{bad}");
    }
    assert_eq!(read(&mut Decoder::default(), &hex("20 3fe11f 82")), Ok(vec![(":method".into(), "GET".into())]));
}

#[test]
fn what_is_over_the_bound_is_counted_and_read_but_not_kept() {
    let mut decoder = Decoder::default();
    let line = [&b"\x40\x01x\x7f\x81\x1e"[..], &[b'y'; 3968]].concat();
    let mut list = List::within(5000);
    let bomb = [&[0x82][..], &line, &[0xBE; 3], &[0x84]].concat();
    decoder.read(&bomb, &mut list).expect("a block");
    assert!(list.is_cut() && list.size() > 4 * 4000 && !list.is_hopeless(), "{}", list.size());
    assert_eq!(list.lines.len(), 2, "nothing behind it is kept, or what was refused would have a gap");
    assert!(list.bytes.len() < 5000);
    // The table is as the other side believes.
    let head = read(&mut decoder, &[0xBE]).expect("a block");
    assert_eq!(head[0].1.len(), 3968);
}

#[test]
fn what_is_hopelessly_over_the_bound_is_not_read_to_its_end() {
    let line = [&b"\x40\x01x\x7f\x81\x1e"[..], &[b'y'; 3968]].concat();
    // Four thousand octets that stand for 16 MiB, by their whole lines or by their names alone.
    let named = [&b"\x40\x7f\x81\x1e"[..], &[b'n'; 3968], b"\x00"].concat();
    for bomb in [[line, vec![0xBE; 4000]].concat(), [named, [0x7E, 0].repeat(2000)].concat()] {
        let mut list = List::within(1000);
        assert_eq!(Decoder::default().read(&bomb, &mut list), Err(Malformed));
        assert!(list.is_hopeless() && list.size() < 4 * 1000 + 4 * 4001, "{}", list.size());
    }
}

#[test]
fn a_smaller_table_is_acknowledged_once() {
    let mut encoder = Encoder::default();
    let begun = |encoder: &mut Encoder| {
        let mut out = Vec::new();
        encoder.begin(&mut out);
        out
    };
    encoder.limit(65_536);
    assert!(begun(&mut encoder).is_empty());
    encoder.limit(100);
    assert_eq!((begun(&mut encoder), begun(&mut encoder)), (vec![0x20], vec![]));
    encoder.limit(4096);
    encoder.limit(0);
    assert!(begun(&mut encoder).is_empty());
}

/// A block as other clients pack it: each line in one of the ways there are.
fn pack(lines: &[(String, String, u8)]) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, value, way) in lines {
        out.push([0x00, 0x10, 0x40][usize::from(way % 3)]);
        string(name, way & 64 != 0, &mut out);
        string(value, way & 128 != 0, &mut out);
    }
    out
}

/// A packer with a table of its own, which uses every way there is: lines and names of both
/// tables, packed and plain, new sizes of the table.
struct Packer {
    table: Vec<(String, String)>,
    most: usize,
}

impl Packer {
    fn shrink(&mut self) {
        let size = |table: &[(String, String)]| table.iter().map(|(n, v)| n.len() + v.len() + 32).sum::<usize>();
        while size(&self.table) > self.most {
            self.table.pop();
        }
    }

    fn resize(&mut self, most: usize, out: &mut Vec<u8>) {
        self.most = most;
        self.shrink();
        integer::write(0x20, 5, most, out);
    }

    fn line(&mut self, name: &str, value: &str, way: u8, out: &mut Vec<u8>) {
        let both = || fixed::LINES.iter().copied().chain(self.table.iter().map(|(n, v)| (&**n, &**v)));
        if way & 32 == 0
            && let Some(at) = both().position(|line| line == (name, value))
        {
            return integer::write(0x80, 7, at + 1, out);
        }
        let known = both().position(|(n, _)| n == name && way & 16 == 0).map_or(0, |at| at + 1);
        let (first, bits) = [(0x00, 4), (0x10, 4), (0x40, 6)][usize::from(way % 3)];
        integer::write(first, bits, known, out);
        if known == 0 {
            string(name, way & 64 != 0, out);
        }
        string(value, way & 128 != 0, out);
        if bits == 6 {
            self.table.insert(0, (name.to_owned(), value.to_owned()));
            self.shrink();
        }
    }
}

fn string(text: &str, packed: bool, out: &mut Vec<u8>) {
    let mut bytes = text.as_bytes().to_vec();
    if packed {
        bytes.clear();
        huffman::encode(text.as_bytes(), &mut bytes);
    }
    integer::write(if packed { 0x80 } else { 0 }, 7, bytes.len(), out);
    out.extend_from_slice(&bytes);
}

proptest! {
    /// Names and values out of small sets, so that tables are used, overflow and forget.
    #[test]
    fn whatever_tables_are_used_for_is_read_as_it_was_meant(
        blocks in proptest::collection::vec(
            (0..9_usize, proptest::collection::vec(("x-[ab]|date|:path|cookie|[a-z]{30}", "[ab]|/|[a-z]{0,4}|BIG", any::<u8>()), 0..14)),
            1..8,
        )
    ) {
        let (mut decoder, mut judge) = (Decoder::default(), hpack::Decoder::new());
        let mut packer = Packer { table: Vec::new(), most: 4096 };
        for (size, lines) in blocks {
            let mut block = Vec::new();
            if size < 5 {
                packer.resize([0, 31, 100, 2000, 4096][size], &mut block);
            }
            // Some are large, so that the table overflows.
            let sized = |(name, value, way): (String, String, u8)| (name, value.replace("BIG", &"y".repeat(900)), way);
            let lines: Vec<_> = lines.into_iter().map(sized).collect();
            lines.iter().for_each(|(name, value, way)| packer.line(name, value, *way, &mut block));
            let expected: Text = lines.into_iter().map(|(name, value, _)| (name, value)).collect();
            prop_assert_eq!(read(&mut decoder, &block), Ok(expected));
            prop_assert!(judge.decode(&block).is_ok());
        }
    }

    /// Blocks that were good but for a few octets: they end somehow, and the next one as well.
    #[test]
    fn good_blocks_gone_bad_stay_within_bounds(
        lines in proptest::collection::vec(("[a-z-]{1,20}", "[ -~]{0,60}", any::<u8>()), 1..12),
        turned in proptest::collection::vec((any::<usize>(), any::<u8>()), 1..6),
    ) {
        let mut block = pack(&lines);
        for (at, bits) in turned {
            let at = at % block.len();
            block[at] ^= bits;
        }
        let mut decoder = Decoder::default();
        for _ in 0..2 {
            let mut list = List::within(500);
            let _ = decoder.read(&block, &mut list);
            prop_assert!(list.bytes.len() <= 500 + 2 * block.len());
            prop_assert!(list.lines.iter().all(|line| list.name(line).len() + list.value(line).len() <= 500));
        }
    }

    #[test]
    fn what_was_packed_is_read(
        blocks in proptest::collection::vec(proptest::collection::vec(("[a-z-]{1,20}", "[ -~]{0,60}", any::<u8>()), 0..12), 1..6)
    ) {
        let (mut decoder, mut judge) = (Decoder::default(), hpack::Decoder::new());
        for lines in blocks {
            let block = pack(&lines);
            let expected: Text = lines.into_iter().map(|(name, value, _)| (name, value)).collect();
            prop_assert_eq!(read(&mut decoder, &block), Ok(expected));
            prop_assert!(judge.decode(&block).is_ok());
        }
    }

    #[test]
    fn what_is_written_somebody_else_reads(lines in proptest::collection::vec(("[a-z-]{1,20}|date|set-cookie|server", "[ -~]{0,300}"), 0..12)) {
        let mut block = Vec::new();
        encoder::status(418, &mut block);
        lines.iter().for_each(|(name, value)| encoder::line(name, value.as_bytes(), &mut block));
        let expected: Text = [(":status".to_owned(), "418".to_owned())].into_iter().chain(lines).collect();
        prop_assert_eq!(read(&mut Decoder::default(), &block), Ok(expected.clone()));
        let judged = hpack::Decoder::new().decode(&block).expect("a block");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
        prop_assert_eq!(judged.into_iter().map(|(name, value)| (text(name), text(value))).collect::<Text>(), expected);
    }

    #[test]
    fn any_bytes_end_somehow_and_within_bounds(block in proptest::collection::vec(any::<u8>(), 0..400)) {
        let mut list = List::within(500);
        let _ = Decoder::default().read(&block, &mut list);
        prop_assert!(list.bytes.len() < 500 + 400 * 2);
    }
}
