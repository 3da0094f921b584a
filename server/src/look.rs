//! From one colour of the site's owner to every colour of the chat, in both themes. Pure arithmetic: knows nothing of
//! sites, documents or requests.
//!
//! The rules: a colour fills only what the visitor says or presses; text on it, and it as text, always reads (WCAG 2
//! contrast, the least values stand in the tests); all else is neutral with a trace of its hue.

mod oklch;

use oklch::Lch;
pub use oklch::{Rgb, contrast};

/// Which of the two sets of colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Theme {
    Light,
    Dark,
}

/// Pine: the colour of a site whose owner has chosen none.
pub const DEFAULT_COLOR: Rgb = Rgb([0x1e, 0x6b, 0x58]);

const WHITE: Rgb = Rgb([0xff; 3]);
const NEAR_BLACK: Rgb = Rgb([0x0b, 0x0d, 0x0c]);

macro_rules! roles {
    ($($(#[$doc:meta])* $role:ident $name:literal),+ $(,)?) => {
        /// What each colour is for.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct Roles {
            $($(#[$doc])* pub $role: Rgb,)+
        }

        impl Roles {
            /// The roles as CSS custom properties, `--canvas:#f3f7f6;…`, without a semicolon at the end.
            pub fn css(&self) -> String {
                [$(format!(concat!("--", $name, ":{}"), self.$role)),+].join(";")
            }
        }
    };
}

roles! {
    /// Under the messages.
    canvas "canvas",
    /// Header, operator's bubble, composer.
    surface "surface",
    /// Hover, disabled, skeleton, code.
    well "well",
    /// Hairlines; never the only sign of a control.
    line "line",
    /// Borders of fields.
    edge "edge",
    /// Second text, icons, time.
    mute "mute",
    /// Text.
    ink "ink",
    /// Failed, destructive.
    danger "danger",
    danger_soft "danger-soft",
    /// No connection.
    warn "warn",
    warn_soft "warn-soft",
    /// What holds.
    good "good",
    good_dot "good-dot",
    /// Own bubbles, send, the main button.
    accent "accent",
    on_accent "on-accent",
    /// The launcher and the mark: the owner's very colour wherever it can be told from the page.
    launcher "launcher",
    on_launcher "on-launcher",
    accent_hover "accent-hover",
    /// A wash of the accent: waiting bubble, chosen, hover of chips.
    soft "soft",
    /// The accent as text: links, rings, active icons.
    accent_text "accent-text",
}

/// Lightness and share of the owner's hue of canvas, surface, well, line, edge, mute and ink.
const NEUTRAL_LIGHT: [(f64, f64); 7] =
    [(0.974, 1.0), (1.0, 0.0), (0.945, 1.2), (0.905, 1.3), (0.645, 1.6), (0.488, 1.8), (0.235, 1.6)];
const NEUTRAL_DARK: [(f64, f64); 7] =
    [(0.19, 1.2), (0.256, 1.3), (0.305, 1.4), (0.352, 1.5), (0.6, 1.5), (0.745, 1.2), (0.948, 0.5)];

/// Fixed hues, so that “failed” looks the same on every site: danger, warn, each with its wash, good and its dot.
const SIGNAL_LIGHT: [u32; 6] = [0xb3261e, 0xfdecea, 0x7a4d00, 0xfdf1d8, 0x16734a, 0x22a565];
const SIGNAL_DARK: [u32; 6] = [0xffa79e, 0x43211f, 0xf3c567, 0x3a2e14, 0x72d3a3, 0x3ecb85];

/// Below this chroma a colour counts as colourless.
const COLOURLESS: f64 = 0.03;

/// Every role for a site whose owner chose `owner`.
pub fn derive(owner: Rgb, theme: Theme) -> Roles {
    let own = owner.to_lch();
    let dark = theme == Theme::Dark;
    let tint = (own.c * 0.06).min(0.0048);
    let neutral = if dark { NEUTRAL_DARK } else { NEUTRAL_LIGHT };
    let [canvas, surface, well, line, edge, mute, ink] =
        neutral.map(|(l, share)| Lch { l, c: tint * share, h: own.h }.to_rgb());
    let [danger, danger_soft, warn, warn_soft, good, good_dot] =
        (if dark { SIGNAL_DARK } else { SIGNAL_LIGHT }).map(Rgb::from_number);

    let accent = accent(own, dark);
    let on_accent = if contrast(WHITE, accent) >= 4.5 { WHITE } else { NEAR_BLACK };
    let launcher = if melts(own, dark) { accent } else { owner };
    let on_launcher = mark_on(launcher);
    let fill = accent.to_lch();
    let hover = fill.l + if on_accent == WHITE { -0.035 } else { 0.025 };
    let soft = if dark {
        Lch { l: 0.315, c: (fill.c * 0.4).min(0.045), h: fill.h }
    } else {
        Lch { l: 0.955, c: (fill.c * 0.3).min(0.028), h: fill.h }
    }
    .to_rgb();
    let reads = |text| [canvas, surface, well, soft].iter().all(|ground| contrast(text, *ground) >= 4.6);
    Roles {
        canvas,
        surface,
        well,
        line,
        edge,
        mute,
        ink,
        danger,
        danger_soft,
        warn,
        warn_soft,
        good,
        good_dot,
        accent,
        on_accent,
        launcher,
        on_launcher,
        accent_hover: Lch { l: hover, ..fill }.to_rgb(),
        soft,
        accent_text: walk(fill, if dark { 1.0 } else { -1.0 }, reads).to_rgb(),
    }
}

/// White or near-black, whichever a mark on `ground` is to be drawn in: a mark needs 3:1.
pub fn mark_on(ground: Rgb) -> Rgb {
    if contrast(WHITE, ground) >= 3.0 { WHITE } else { NEAR_BLACK }
}

/// Whether a colourless owner colour could not be told from the theme's own ground: white on light, black on dark.
fn melts(own: Lch, dark: bool) -> bool {
    own.c < COLOURLESS && if dark { own.l < 0.4 } else { own.l > 0.8 }
}

/// The owner's colour as a fill with text on it.
fn accent(own: Lch, dark: bool) -> Rgb {
    let mut fill = own;
    if melts(own, dark) {
        fill.l = if dark { 0.92 } else { 0.27 };
    }
    if dark {
        fill.l = fill.l.max(0.44); // or navy would sink into the canvas
    }
    let shown = fill.to_rgb();
    if !(3.0..4.5).contains(&contrast(WHITE, shown)) {
        return shown; // white reads on it, or near-black does by far
    }
    walk(fill, -1.0, |deeper| contrast(WHITE, deeper) >= 4.55).to_rgb()
}

/// Moves the lightness of `from` by small steps, down (-1) or up (1), until its colour is `enough`.
fn walk(from: Lch, direction: f64, enough: impl Fn(Rgb) -> bool) -> Lch {
    let mut at = from;
    for _ in 0..200 {
        if enough(at.to_rgb()) {
            break;
        }
        at.l = (at.l + direction * 0.005).clamp(0.0, 1.0);
    }
    at
}

#[cfg(test)]
mod tests;
