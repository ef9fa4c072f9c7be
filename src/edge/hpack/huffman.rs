//! The Huffman code of RFC 7541 appendix B. The code is canonical: codes of one length
//! are consecutive numbers, in the order of their symbols, so the lengths are all there is
//! to know of it, and the tables are made of them when this is compiled. Codes of up to
//! eight bits, which is most of any header, are read by one look each.
//! Must never: take padding that is not the beginning of EOS (§5.2).

use crate::edge::hpack::malformed::Malformed;

/// Symbols: the octets, and EOS.
const SYMBOLS: usize = 257;

/// EOS, which no string may hold.
const EOS: u16 = 256;

/// Bits of the longest code.
const LONGEST: usize = 30;

/// The shortest code has so many bits: a packed octet stands for 8/5 octets at most.
const SHORTEST: usize = 5;

/// Codes of up to so many bits are found by one look.
const QUICK_BITS: u32 = 8;

/// Strings that are read without looking how many bits are left, in symbols: so many quick
/// codes are in 56 bits.
const STRIDE: usize = 7;

/// Bits of each symbol's code.
#[rustfmt::skip]
const LENGTHS: [u8; SYMBOLS] = [
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28,
    28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
    6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6,
    5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
    13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
    7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
    15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5,
    6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
    20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23,
    24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
    22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23,
    21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
    26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
    19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
    20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,
    26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
    30,
];

/// The codes of one length.
#[derive(Clone, Copy)]
struct Group {
    /// The first of them.
    first: u32,
    /// Where it stands in the order of all codes.
    at: u16,
    /// What is behind the last of them, as if it had 32 bits.
    end: u64,
}

/// All codes, in their order.
struct Code {
    groups: [Group; LONGEST + 1],
    symbols: [u16; SYMBOLS],
}

const CODE: Code = {
    let mut code = Code { groups: [Group { first: 0, at: 0, end: 0 }; LONGEST + 1], symbols: [0; SYMBOLS] };
    let (mut next, mut at, mut length) = (0_u32, 0_usize, 1);
    while length <= LONGEST {
        next <<= 1;
        let (first, start) = (next, at as u16);
        let mut symbol = 0;
        while symbol < SYMBOLS {
            if LENGTHS[symbol] as usize == length {
                code.symbols[at] = symbol as u16;
                at += 1;
                next += 1;
            }
            symbol += 1;
        }
        code.groups[length] = Group { first, at: start, end: (next as u64) << (32 - length) };
        length += 1;
    }
    code
};

/// What eight bits begin with: a symbol, and above it the bits of its code; 0 where the
/// code is longer.
static QUICK: [u16; 1 << QUICK_BITS] = {
    let mut table = [0; 1 << QUICK_BITS];
    let mut length = SHORTEST;
    while length <= QUICK_BITS as usize {
        let (group, end) = (CODE.groups[length], CODE.groups[length + 1].at as usize);
        let mut at = group.at as usize;
        while at < end {
            let spare = QUICK_BITS as usize - length;
            let from = (group.first as usize + at - group.at as usize) << spare;
            let mut index = from;
            while index < from + (1 << spare) {
                table[index] = CODE.symbols[at] | (length as u16) << 8;
                index += 1;
            }
            at += 1;
        }
        length += 1;
    }
    table
};

/// Appends what `packed` stands for.
pub fn decode(mut packed: &[u8], out: &mut Vec<u8>) -> Result<(), Malformed> {
    let start = out.len();
    out.resize(start + packed.len() * 8 / SHORTEST, 0);
    let room = &mut out[start..];
    let mut at = 0;
    let mut bits = Bits { word: 0, have: 0 };
    loop {
        bits.refill(&mut packed);
        if bits.have >= QUICK_BITS * STRIDE as u32
            && let Some(next) = room[at..].first_chunk_mut::<STRIDE>()
        {
            for place in next {
                let quick = QUICK[(bits.word >> (64 - QUICK_BITS)) as usize];
                if quick == 0 {
                    break;
                }
                *place = quick as u8;
                bits.skip(u32::from(quick >> 8));
                at += 1;
            }
            if bits.have >= LONGEST as u32 && QUICK[(bits.word >> (64 - QUICK_BITS)) as usize] != 0 {
                continue;
            }
        }
        if bits.have < LONGEST as u32 && !packed.is_empty() {
            continue;
        }
        let (symbol, length) = next(bits.word);
        if length > bits.have {
            break;
        }
        *room.get_mut(at).filter(|_| symbol != EOS).ok_or(Malformed)? = symbol as u8;
        bits.skip(length);
        at += 1;
    }
    out.truncate(start + at);
    // What is left must be the beginning of EOS, which is all ones.
    if bits.have < 8 && (!bits.word).leading_zeros() >= bits.have { Ok(()) } else { Err(Malformed) }
}

/// Bits that were taken from a string, the next of them on top.
struct Bits {
    word: u64,
    have: u32,
}

impl Bits {
    /// Takes as many octets as there is room for, at least up to 56 bits.
    fn refill(&mut self, packed: &mut &[u8]) {
        if let Some(eight) = packed.first_chunk::<8>() {
            // Bits of an octet that is not whole come again with it.
            self.word |= u64::from_be_bytes(*eight) >> self.have;
            *packed = &packed[((63 - self.have) >> 3) as usize..];
            self.have |= 56;
            return;
        }
        self.word &= !(u64::MAX >> self.have);
        while self.have <= 56
            && let Some((octet, rest)) = packed.split_first()
        {
            self.word |= u64::from(*octet) << (56 - self.have);
            self.have += 8;
            *packed = rest;
        }
    }

    fn skip(&mut self, count: u32) {
        self.word <<= count;
        self.have -= count;
    }
}

/// The symbol that `word` begins with, and the bits of its code.
fn next(word: u64) -> (u16, u32) {
    let top = word >> 32;
    let length = (SHORTEST..LONGEST).find(|length| top < CODE.groups[*length].end).unwrap_or(LONGEST);
    let group = CODE.groups[length];
    let offset = (top >> (32 - length)) as usize - group.first as usize;
    (CODE.symbols[group.at as usize + offset], length as u32)
}

/// Appends `text` packed.
#[cfg(test)]
pub fn encode(text: &[u8], out: &mut Vec<u8>) {
    let (mut word, mut have) = (0_u64, 0);
    for octet in text {
        let length = LENGTHS[usize::from(*octet)] as usize;
        let group = CODE.groups[length];
        let from = group.at as usize;
        let place = CODE.symbols[from..]
            .iter()
            .position(|symbol| *symbol == u16::from(*octet))
            .expect("every octet has a code");
        word = (word << length) | (u64::from(group.first) + place as u64);
        have += length;
        while have >= 8 {
            have -= 8;
            out.push((word >> have) as u8);
        }
    }
    if have > 0 {
        out.push((word << (8 - have)) as u8 | (0xFF >> have));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert_eq, proptest};

    use super::{decode, encode};
    use crate::edge::hpack::malformed::Malformed;

    fn unpacked(packed: &[u8]) -> Result<Vec<u8>, Malformed> {
        let mut out = b"before".to_vec();
        decode(packed, &mut out).map(|()| out.split_off(6))
    }

    #[test]
    fn strings_of_appendix_c() {
        let examples: [(&str, &[u8]); 3] = [
            ("www.example.com", &[0xf1, 0xe3, 0xc2, 0xe5, 0xf2, 0x3a, 0x6b, 0xa0, 0xab, 0x90, 0xf4, 0xff]),
            ("no-cache", &[0xa8, 0xeb, 0x10, 0x64, 0x9c, 0xbf]),
            ("custom-value", &[0x25, 0xa8, 0x49, 0xe9, 0x5b, 0xb8, 0xe8, 0xb4, 0xbf]),
        ];
        for (text, packed) in examples {
            assert_eq!(unpacked(packed).as_deref(), Ok(text.as_bytes()));
            let mut out = Vec::new();
            encode(text.as_bytes(), &mut out);
            assert_eq!(out, packed);
        }
        assert_eq!(unpacked(b""), Ok(Vec::new()));
    }

    #[test]
    fn only_the_beginning_of_eos_may_fill_up() {
        // Eight ones, a padding of zeros, EOS itself, EOS in front of something.
        for bad in
            [&[0xFF][..], &[0x07, 0xFF], &[0x00], &[0x49, 0x50, 0x90], &[0xFF; 4], &[0xFF, 0xFF, 0xFF, 0xFC, 0x07]]
        {
            assert_eq!(unpacked(bad), Err(Malformed), "{bad:x?}");
        }
        assert_eq!(unpacked(&[0x07]).as_deref(), Ok(&b"0"[..]), "three ones are padding");
    }

    proptest! {
        #[test]
        fn what_was_packed_comes_out(text in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut packed = Vec::new();
            encode(&text, &mut packed);
            prop_assert_eq!(unpacked(&packed), Ok(text));
        }

        #[test]
        fn whatever_is_read_is_the_only_thing_that_packs_to_it(packed in proptest::collection::vec(any::<u8>(), 0..60)) {
            if let Ok(text) = unpacked(&packed) {
                let mut again = Vec::new();
                encode(&text, &mut again);
                prop_assert_eq!(again, packed);
            }
        }
    }
}
