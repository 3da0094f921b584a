//! What a file is by its bytes, whatever its name says: one of the four kinds of image that a page may show, with its
//! size, or something else. Reads a file's beginning only and decodes nothing.

use super::Image;

/// Larger images are files like any other, in pixels: a small file may hold one that fills a browser's memory.
const MOST_PIXELS: u64 = 64_000_000;

/// The image that begins with `head`; none where it is no image, or where its size cannot be told.
pub fn image(head: &[u8]) -> Option<Image> {
    let (mime, size) = if head.starts_with(b"\x89PNG\r\n\x1a\n") {
        ("image/png", png(head))
    } else if head.starts_with(b"GIF87a") || head.starts_with(b"GIF89a") {
        ("image/gif", gif(head))
    } else if head.starts_with(b"RIFF") && head.get(8..12) == Some(b"WEBP") {
        ("image/webp", webp(head))
    } else if head.starts_with(b"\xff\xd8\xff") {
        ("image/jpeg", jpeg(head))
    } else {
        return None;
    };
    let (width, height) = size?;
    let pixels = u64::from(width) * u64::from(height);
    (1..=MOST_PIXELS).contains(&pixels).then_some(Image { mime, width, height })
}

fn png(head: &[u8]) -> Option<(u32, u32)> {
    (head.get(12..16)? == b"IHDR").then_some((u32_be(head, 16)?, u32_be(head, 20)?))
}

fn gif(head: &[u8]) -> Option<(u32, u32)> {
    Some((u16_le(head, 6)?, u16_le(head, 8)?))
}

/// Three ways to begin: lossy, lossless, and one with more than a picture.
fn webp(head: &[u8]) -> Option<(u32, u32)> {
    match head.get(12..16)? {
        b"VP8 " => Some((u16_le(head, 26)? & 0x3fff, u16_le(head, 28)? & 0x3fff)),
        b"VP8L" => {
            let bits = u16_le(head, 21)? | u16_le(head, 23)? << 16;
            Some(((bits & 0x3fff) + 1, (bits >> 14 & 0x3fff) + 1))
        }
        b"VP8X" => {
            let at = |at: usize| Some(u16_le(head, at)? | u32::from(*head.get(at + 2)?) << 16);
            Some((at(24)? + 1, at(27)? + 1))
        }
        _ => None,
    }
}

/// Walks the segments up to the picture's own, and minds how the camera was held.
fn jpeg(head: &[u8]) -> Option<(u32, u32)> {
    let (mut at, mut is_turned) = (2, false);
    loop {
        let (0xff, marker) = (*head.get(at)?, *head.get(at + 1)?) else { return None };
        let length = u16_be(head, at + 2)? as usize;
        match marker {
            0xff => {
                at += 1; // a filling byte
                continue;
            }
            0xc0..=0xcf if !matches!(marker, 0xc4 | 0xc8 | 0xcc) => {
                let (height, width) = (u16_be(head, at + 5)?, u16_be(head, at + 7)?);
                return Some(if is_turned { (height, width) } else { (width, height) });
            }
            0xe1 => is_turned |= head.get(at + 4..at + 2 + length).and_then(orientation).is_some_and(|way| way > 4),
            _ => {}
        }
        at += 2 + length;
    }
}

/// The tag 0x0112 of an Exif segment: 5 to 8 are pictures that lie on their side.
fn orientation(segment: &[u8]) -> Option<u32> {
    let tiff = segment.strip_prefix(b"Exif\0\0")?;
    let is_little = match tiff.get(..2)? {
        b"II" => true,
        b"MM" => false,
        _ => return None,
    };
    let short = |at: usize| if is_little { u16_le(tiff, at) } else { u16_be(tiff, at) };
    let long = |at: usize| if is_little { u32_le(tiff, at) } else { u32_be(tiff, at) };
    let first = long(4)? as usize;
    let count = short(first)? as usize;
    let tag = (0..count).map(|nth| first + 2 + nth * 12).find(|&at| short(at) == Some(0x0112))?;
    short(tag + 8)
}

fn bytes<const N: usize>(head: &[u8], at: usize) -> Option<[u8; N]> {
    head.get(at..at.checked_add(N)?)?.try_into().ok()
}

fn u16_be(head: &[u8], at: usize) -> Option<u32> {
    Some(u16::from_be_bytes(bytes(head, at)?).into())
}

fn u16_le(head: &[u8], at: usize) -> Option<u32> {
    Some(u16::from_le_bytes(bytes(head, at)?).into())
}

fn u32_be(head: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes(head, at)?))
}

fn u32_le(head: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes(head, at)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size(head: &[u8]) -> Option<(&'static str, u32, u32)> {
        image(head).map(|image| (image.mime, image.width, image.height))
    }

    /// A JPEG's beginning, 640 wide and 480 high, with this orientation.
    fn photo(way: u8) -> Vec<u8> {
        let exif = [b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".as_slice(), &[way], b"\0\0"].concat();
        let length = u16::try_from(exif.len() + 2).unwrap().to_be_bytes();
        let frame = b"\xff\xc0\0\x11\x08\x01\xe0\x02\x80\x03".as_slice();
        [b"\xff\xd8\xff\xe1".as_slice(), &length, &exif, frame].concat()
    }

    #[test]
    fn images_are_told_by_their_bytes_with_their_size() {
        let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x05\0\0\0\x03\xc0";
        assert_eq!(size(png), Some(("image/png", 1280, 960)));
        assert_eq!(size(b"GIF89a\x20\x03\x58\x02"), Some(("image/gif", 800, 600)));
        assert_eq!(size(b"RIFF....WEBPVP8 ....\0\0\0\x9d\x01\x2a\x40\x01\xf0\0"), Some(("image/webp", 320, 240)));
        assert_eq!(size(b"RIFF....WEBPVP8X....\0\0\0\0\x3f\x01\0\xef\0\0"), Some(("image/webp", 320, 240)));
        assert_eq!(size(b"RIFF....WEBPVP8L....\x2f\x3f\xc1\x3b\0"), Some(("image/webp", 320, 240)));
        assert_eq!(size(&photo(1)), Some(("image/jpeg", 640, 480)));
        assert_eq!(size(&photo(6)), Some(("image/jpeg", 480, 640)), "held upright");
    }

    #[test]
    fn what_only_looks_like_an_image_is_none() {
        let huge = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\x01\0\0\0\x01\0\0";
        let empty = b"GIF89a\0\0\0\0";
        let page = b"<html><script>alert(1)</script>";
        let drawing = b"<svg xmlns=\"http://www.w3.org/2000/svg\" onload=\"alert(1)\"/>";
        let cut = b"\xff\xd8\xff\xe1\xff\xff";
        for head in [huge.as_slice(), empty, page, drawing, cut, b"\xff\xd8\xff", b"BM", b""] {
            assert_eq!(size(head), None);
        }
    }
}
