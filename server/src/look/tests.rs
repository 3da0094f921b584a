//! The roles against the reference's printed values, and the least contrast of every pair over a sweep of colours.

use super::*;

/// Owner colour, theme and the custom properties that the look's reference arithmetic gives for them.
const REFERENCE: &str = include_str!("reference.txt");

#[test]
fn colours_are_those_of_the_reference() {
    for line in REFERENCE.lines() {
        let mut parts = line.splitn(3, ' ');
        let (owner, theme, expected) = (parts.next().unwrap(), parts.next().unwrap(), parts.next().unwrap());
        let theme = if theme == "dark" { Theme::Dark } else { Theme::Light };
        assert_eq!(derive(Rgb::try_from(owner).unwrap(), theme).css(), expected, "{owner} {theme:?}");
    }
    assert_eq!(REFERENCE.lines().count(), 24);
}

/// Name, text, ground and least contrast of every pair that may meet.
fn pairs(t: &Roles) -> Vec<(&'static str, Rgb, Rgb, f64)> {
    let mut pairs = vec![
        ("on accent", t.on_accent, t.accent, 4.5),
        ("on accent, hover", t.on_accent, t.accent_hover, 4.5),
        ("on launcher", t.on_launcher, t.launcher, 3.0),
        ("edge on surface", t.edge, t.surface, 3.0),
        ("edge on canvas", t.edge, t.canvas, 3.0),
        ("danger on surface", t.danger, t.surface, 4.5),
        ("danger on canvas", t.danger, t.canvas, 4.5),
        ("danger on its wash", t.danger, t.danger_soft, 4.5),
        ("warn on its wash", t.warn, t.warn_soft, 4.5),
        ("good on surface", t.good, t.surface, 4.5),
        ("good on canvas", t.good, t.canvas, 4.5),
        ("ink on danger's wash", t.ink, t.danger_soft, 7.0),
        ("ink on warn's wash", t.ink, t.warn_soft, 7.0),
    ];
    for ground in [t.canvas, t.surface, t.well, t.soft] {
        pairs.push(("ink", t.ink, ground, 7.0));
        pairs.push(("mute", t.mute, ground, 4.5));
        pairs.push(("accent as text", t.accent_text, ground, 4.5));
    }
    pairs
}

#[test]
fn everything_reads_whatever_colour_the_owner_takes() {
    let steps = || (0..=255).step_by(17);
    for red in steps() {
        for green in steps() {
            for blue in steps() {
                for theme in [Theme::Light, Theme::Dark] {
                    let owner = Rgb([red, green, blue]);
                    for (name, text, ground, least) in pairs(&derive(owner, theme)) {
                        let found = contrast(text, ground);
                        assert!(found >= least, "{owner} {theme:?}: {name}, {text} on {ground}, is {found:.2}");
                    }
                }
            }
        }
    }
}

#[test]
fn a_colour_is_a_hash_and_six_digits() {
    assert_eq!(Rgb::try_from("#1E6b58"), Ok(DEFAULT_COLOR));
    assert_eq!(DEFAULT_COLOR.to_string(), "#1e6b58");
    for wrong in ["1e6b58", "#1e6b5", "#1e6b588", "#1e6b5g", "#+e6b58", "", "#дом"] {
        assert!(Rgb::try_from(wrong).is_err(), "{wrong}");
    }
}
