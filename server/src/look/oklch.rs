//! Colours as screens show them (sRGB) and as eyes compare them (OKLCH), and the contrast between two.
//! Matrices: Björn Ottosson, “A perceptual color space for image processing”; contrast: WCAG 2.2, relative luminance.

use std::fmt;

/// A colour of eight bits a channel: red, green, blue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rgb(pub [u8; 3]);

/// What is wrong with a colour.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a colour like #1e6b58")]
pub struct NotAColor;

/// Lightness 0 to 1, chroma from 0 (grey) to about 0.32, hue in radians.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lch {
    pub l: f64,
    pub c: f64,
    pub h: f64,
}

impl Rgb {
    /// From `0xrrggbb`.
    pub(super) fn from_number(number: u32) -> Self {
        let [_, red, green, blue] = number.to_be_bytes();
        Self([red, green, blue])
    }

    pub(super) fn to_lch(self) -> Lch {
        let [r, g, b] = self.linear();
        let l = (0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b).cbrt();
        let m = (0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b).cbrt();
        let s = (0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b).cbrt();
        let green_red = 1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s;
        let blue_yellow = 0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s;
        Lch {
            l: 0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
            c: green_red.hypot(blue_yellow),
            h: blue_yellow.atan2(green_red),
        }
    }

    fn linear(self) -> [f64; 3] {
        self.0.map(|channel| {
            let value = f64::from(channel) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        })
    }

    fn luminance(self) -> f64 {
        let [r, g, b] = self.linear();
        0.2126 * r + 0.7152 * g + 0.0722 * b
    }

    fn from_linear(channels: [f64; 3]) -> Self {
        Self(channels.map(|value| {
            let value = value.clamp(0.0, 1.0);
            let shown = if value <= 0.0031308 { value * 12.92 } else { 1.055 * value.powf(1.0 / 2.4) - 0.055 };
            (shown * 255.0).round() as u8 // within 0 to 255 by the clamp above
        }))
    }
}

impl TryFrom<&str> for Rgb {
    type Error = NotAColor;

    /// Reads `#rrggbb`, in either case.
    fn try_from(text: &str) -> Result<Self, NotAColor> {
        let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6).ok_or(NotAColor)?;
        if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(NotAColor); // `from_str_radix` would take a sign
        }
        u32::from_str_radix(digits, 16).map(Self::from_number).map_err(|_| NotAColor)
    }
}

impl fmt::Display for Rgb {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [red, green, blue] = self.0;
        write!(to, "#{red:02x}{green:02x}{blue:02x}")
    }
}

impl Lch {
    /// The nearest colour a screen can show with this lightness and hue: chroma gives way.
    pub(super) fn to_rgb(self) -> Rgb {
        let mut chroma = self.c;
        for _ in 0..60 {
            let channels = Self { c: chroma, ..self }.to_linear();
            if channels.iter().all(|value| (-0.0005..=1.0005).contains(value)) {
                return Rgb::from_linear(channels);
            }
            chroma *= 0.94;
        }
        Rgb::from_linear(Self { c: 0.0, ..self }.to_linear())
    }

    fn to_linear(self) -> [f64; 3] {
        let (a, b) = (self.c * self.h.cos(), self.c * self.h.sin());
        let l = (self.l + 0.3963377774 * a + 0.2158037573 * b).powi(3);
        let m = (self.l - 0.1055613458 * a - 0.0638541728 * b).powi(3);
        let s = (self.l - 0.0894841775 * a - 1.291485548 * b).powi(3);
        [
            4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
            -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
            -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
        ]
    }
}

/// How far apart two colours are in brightness: 1 (equal) to 21 (black and white).
pub fn contrast(one: Rgb, other: Rgb) -> f64 {
    let (a, b) = (one.luminance(), other.luminance());
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}
