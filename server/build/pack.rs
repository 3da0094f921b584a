//! What happens to every file on its way into the relay: a name from its content, and two compressed forms.

use crate::Failure;
use sha2::{Digest, Sha256};
use std::io::Write;

/// How hard to compress: a release is compressed once and downloaded for ever, a development build is neither.
#[derive(Clone, Copy)]
pub enum Effort {
    Best,
    Quick,
}

/// `source` without the indentation of its lines and without empty lines.
pub fn trim_lines(source: &str) -> String {
    let lines = source.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join("\n")
}

/// Twelve hex digits (48 bits) of the content's SHA-256: enough to tell the few files of all releases apart.
pub fn hash(body: &[u8]) -> String {
    hex::encode(&Sha256::digest(body)[..6])
}

/// `body` as brotli.
pub fn brotli(body: &[u8], effort: Effort) -> Result<Vec<u8>, Failure> {
    let quality = match effort {
        Effort::Best => 11,
        Effort::Quick => 5,
    };
    let params = brotli::enc::BrotliEncoderParams { quality, lgwin: 22, size_hint: body.len(), ..Default::default() };
    let mut out = Vec::new();
    brotli::BrotliCompress(&mut &*body, &mut out, &params)?;
    Ok(out)
}

/// `body` as gzip.
pub fn gzip(body: &[u8], effort: Effort) -> Result<Vec<u8>, Failure> {
    let level = match effort {
        Effort::Best => 9,
        Effort::Quick => 5,
    };
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(level));
    encoder.write_all(body)?;
    Ok(encoder.finish()?)
}
