//! Integers (RFC 7541 §5.1): what does not fit behind the bits of a first octet follows,
//! seven bits an octet. Must never: read on for ever, or wrap around.

use crate::edge::hpack::malformed::Malformed;

/// Octets that may follow the first. Four hold 2^28, more than any block has.
const MOST_OCTETS: u32 = 4;

/// Reads the integer in the low `bits` of the first octet and those behind it.
pub fn read(bytes: &mut &[u8], bits: u32) -> Result<usize, Malformed> {
    let (first, mut rest) = bytes.split_first().ok_or(Malformed)?;
    let most = (1_usize << bits) - 1;
    let mut value = usize::from(*first) & most;
    if value == most {
        let mut shift = 0;
        loop {
            let (octet, behind) = rest.split_first().ok_or(Malformed)?;
            rest = behind;
            value += usize::from(octet & 0x7F) << shift;
            if octet & 0x80 == 0 {
                break;
            }
            shift += 7;
            if shift == 7 * MOST_OCTETS {
                return Err(Malformed);
            }
        }
    }
    *bytes = rest;
    Ok(value)
}

/// Writes `value` behind the high bits of `first`, of which the low `bits` are free.
pub fn write(first: u8, bits: u32, value: usize, out: &mut Vec<u8>) {
    let most = (1_usize << bits) - 1;
    if value < most {
        return out.push(first | value as u8);
    }
    out.push(first | most as u8);
    let mut rest = value - most;
    while rest >= 0x80 {
        out.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
}

#[cfg(test)]
mod tests {
    use super::{read, write};
    use crate::edge::hpack::malformed::Malformed;

    #[test]
    fn the_examples_of_appendix_c_1() {
        for (value, bits, expected) in [(10, 5, &[10_u8][..]), (1337, 5, &[31, 154, 10]), (42, 8, &[42])] {
            let mut out = Vec::new();
            write(0, bits, value, &mut out);
            assert_eq!(out, expected);
            let mut bytes = &out[..];
            assert_eq!((read(&mut bytes, bits), bytes), (Ok(value), &[][..]));
        }
    }

    #[test]
    fn what_does_not_end_or_fit_is_refused() {
        for bad in
            [&[][..], &[0x7F], &[0x7F, 0x80], &[0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0x01], &[0x7F, 0x80, 0x80, 0x80, 0x80]]
        {
            assert_eq!(read(&mut &bad[..], 7), Err(Malformed), "{bad:?}");
        }
        assert_eq!(read(&mut &[0x7F, 0xFF, 0xFF, 0xFF, 0x7F][..], 7), Ok(127 + (1 << 28) - 1));
    }
}
