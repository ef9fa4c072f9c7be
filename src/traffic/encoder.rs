//! Bytes in, fewer bytes out, piece by piece. One encoder serves one answer; what it
//! keeps in memory is bounded by the windows chosen here, which are small on purpose:
//! thousands of answers may be on their way at once.

use std::io::{self, Write};

use bytes::Bytes;

use crate::traffic::coding::Coding;

/// Deflate effort, of 9: what nginx and Envoy users settle on.
const GZIP_LEVEL: u32 = 5;
/// Brotli effort, of 11; beyond 5 it is for files, not for answers.
const BROTLI_QUALITY: u32 = 4;
/// Brotli window, as a power of two: 256 KiB.
const BROTLI_WINDOW: u32 = 18;
/// Bytes that brotli takes at once.
const BROTLI_INPUT: usize = 16 * 1024;
/// Zstandard effort; negative ones are faster.
const ZSTD_LEVEL: i32 = 3;
/// Zstandard window, as a power of two: 512 KiB, of the 8 MiB that every client has
/// (RFC 8878 §3.1.1.1.2).
const ZSTD_WINDOW: u32 = 19;

/// Makes one body smaller.
pub struct Encoder(Inner);

enum Inner {
    Gzip(flate2::write::GzEncoder<Vec<u8>>),
    Brotli(Box<brotli::CompressorWriter<Vec<u8>>>),
    Zstd(zstd::stream::write::Encoder<'static, Vec<u8>>),
}

impl Encoder {
    /// An encoder of one body.
    ///
    /// # Errors
    /// There is no memory for it.
    pub fn new(coding: Coding) -> io::Result<Encoder> {
        Ok(Encoder(match coding {
            Coding::Gzip => {
                Inner::Gzip(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(GZIP_LEVEL)))
            }
            Coding::Brotli => {
                let writer = brotli::CompressorWriter::new(Vec::new(), BROTLI_INPUT, BROTLI_QUALITY, BROTLI_WINDOW);
                Inner::Brotli(Box::new(writer))
            }
            Coding::Zstd => {
                let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), ZSTD_LEVEL)?;
                encoder.window_log(ZSTD_WINDOW)?;
                Inner::Zstd(encoder)
            }
        }))
    }

    /// Takes a piece; what comes out may be nothing yet.
    ///
    /// # Errors
    /// The encoder failed: the body is broken.
    pub fn push(&mut self, piece: &[u8]) -> io::Result<Bytes> {
        match &mut self.0 {
            Inner::Gzip(encoder) => encoder.write_all(piece)?,
            Inner::Brotli(encoder) => encoder.write_all(piece)?,
            Inner::Zstd(encoder) => encoder.write_all(piece)?,
        }
        Ok(self.take())
    }

    /// Everything that was taken comes out, so that a reader who waits has it all.
    ///
    /// # Errors
    /// The encoder failed: the body is broken.
    pub fn flush(&mut self) -> io::Result<Bytes> {
        match &mut self.0 {
            Inner::Gzip(encoder) => encoder.flush()?,
            Inner::Brotli(encoder) => encoder.flush()?,
            Inner::Zstd(encoder) => encoder.flush()?,
        }
        Ok(self.take())
    }

    /// The rest, and the end.
    ///
    /// # Errors
    /// The encoder failed: the body is broken.
    pub fn finish(self) -> io::Result<Bytes> {
        Ok(Bytes::from(match self.0 {
            Inner::Gzip(encoder) => encoder.finish()?,
            Inner::Brotli(encoder) => encoder.into_inner(),
            Inner::Zstd(encoder) => encoder.finish()?,
        }))
    }

    /// A whole body at once.
    ///
    /// # Errors
    /// The encoder failed.
    pub fn whole(mut self, bytes: &[u8]) -> io::Result<Bytes> {
        let mut out = Vec::from(self.push(bytes)?);
        out.extend_from_slice(&self.finish()?);
        Ok(Bytes::from(out))
    }

    fn take(&mut self) -> Bytes {
        let out = match &mut self.0 {
            Inner::Gzip(encoder) => encoder.get_mut(),
            Inner::Brotli(encoder) => encoder.get_mut(),
            Inner::Zstd(encoder) => encoder.get_mut(),
        };
        Bytes::from(std::mem::take(out))
    }
}

impl std::fmt::Debug for Encoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Encoder")
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use proptest::prelude::{any, proptest};
    use proptest::prop_assert_eq;

    use super::Encoder;
    use crate::traffic::coding::Coding;

    fn decoded(coding: Coding, bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        match coding {
            Coding::Gzip => drop(flate2::read::GzDecoder::new(bytes).read_to_end(&mut out).unwrap()),
            Coding::Brotli => drop(brotli::Decompressor::new(bytes, 4096).read_to_end(&mut out).unwrap()),
            Coding::Zstd => out = zstd::decode_all(bytes).unwrap(),
        }
        out
    }

    #[test]
    fn what_was_flushed_can_be_read_before_the_end() {
        for coding in Coding::ALL {
            let mut encoder = Encoder::new(coding).unwrap();
            let mut sent = encoder.push(b"first event\n").unwrap().to_vec();
            sent.extend_from_slice(&encoder.flush().unwrap());
            let mut read = vec![0; 12];
            match coding {
                Coding::Gzip => flate2::read::GzDecoder::new(&sent[..]).read_exact(&mut read).unwrap(),
                Coding::Brotli => brotli::Decompressor::new(&sent[..], 4096).read_exact(&mut read).unwrap(),
                Coding::Zstd => zstd::Decoder::new(&sent[..]).unwrap().read_exact(&mut read).unwrap(),
            }
            assert_eq!(read, b"first event\n", "{coding:?}");
        }
    }

    #[test]
    fn an_empty_body_has_an_end() {
        for coding in Coding::ALL {
            assert_eq!(decoded(coding, &Encoder::new(coding).unwrap().finish().unwrap()), b"");
        }
    }

    proptest! {
        #[test]
        fn what_goes_in_comes_out(pieces in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..2000), 0..8)) {
            for coding in Coding::ALL {
                let mut encoder = Encoder::new(coding).unwrap();
                let mut sent = Vec::new();
                for piece in &pieces {
                    sent.extend_from_slice(&encoder.push(piece).unwrap());
                }
                sent.extend_from_slice(&encoder.finish().unwrap());
                prop_assert_eq!(decoded(coding, &sent), pieces.concat());
                let whole = Encoder::new(coding).unwrap().whole(&pieces.concat()).unwrap();
                prop_assert_eq!(decoded(coding, &whole), pieces.concat());
            }
        }
    }
}
