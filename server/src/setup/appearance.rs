//! What the settings page says of a chat's looks and first words, checked, and what comes of a colour in words' terms.
//! Pure: knows nothing of requests or of where looks are kept.

use super::origins;
use crate::look::{self, Rgb, Theme, contrast};
use crate::store::{Launcher, Look, Side};
use serde::{Deserialize, Serialize};

/// The longest name, in characters: a header of 380 px shows about half of it.
const NAME: usize = 60;
/// The longest label on the launcher, in characters.
const LABEL: usize = 24;
/// The longest greeting, in characters: it travels with the launcher.
const GREETING: usize = 160;

/// The fields as the page sends them.
#[derive(Clone, Debug, Deserialize)]
pub struct LookForm {
    name: String,
    color: String,
    theme: crate::store::Theme,
    corner: Side,
    launcher: Launcher,
    label: String,
    greeting: String,
}

/// The same fields as the page fills them in. An empty one shows our own text as its placeholder.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ShownLook {
    name: String,
    default_name: String,
    color: String,
    theme: crate::store::Theme,
    corner: Side,
    launcher: Launcher,
    label: String,
    greeting: String,
}

/// What is wrong with one field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LookFault {
    /// The field is longer than this many characters.
    TooLong(&'static str, usize),
    /// No colour of the form `#rrggbb`.
    Color,
}

impl LookForm {
    /// The look, for a site at `origins`.
    ///
    /// # Errors
    /// Every fault there is.
    pub fn read(&self, origins: &[String]) -> Result<Look, Vec<LookFault>> {
        let (name, label, greeting) = (one_line(&self.name), one_line(&self.label), one_line(&self.greeting));
        let mut faults = Vec::new();
        for (field, text, most) in [("name", &name, NAME), ("label", &label, LABEL), ("greeting", &greeting, GREETING)]
        {
            if text.chars().count() > most {
                faults.push(LookFault::TooLong(field, most));
            }
        }
        let color = Rgb::try_from(self.color.as_str());
        match color {
            Ok(color) if faults.is_empty() => Ok(Look {
                name: if name.is_empty() { default_name(origins) } else { name },
                color: color.to_string(),
                position: self.corner,
                theme: self.theme,
                launcher: self.launcher,
                label: Some(label).filter(|text| !text.is_empty()),
                greeting: Some(greeting).filter(|text| !text.is_empty()),
            }),
            Ok(_) => Err(faults),
            Err(_) => {
                faults.insert(0, LookFault::Color);
                Err(faults)
            }
        }
    }
}

impl ShownLook {
    pub fn of(look: &Look, origins: &[String]) -> Self {
        let default_name = default_name(origins);
        Self {
            name: if look.name == default_name { String::new() } else { look.name.clone() },
            default_name,
            color: look.color.clone(),
            theme: look.theme,
            corner: look.position,
            launcher: look.launcher,
            label: look.label.clone().unwrap_or_default(),
            greeting: look.greeting.clone().unwrap_or_default(),
        }
    }
}

/// What a chat is called whose owner gave it no name: its first site.
pub fn default_name(origins: &[String]) -> String {
    origins.first().map(|origin| origins::shown_host(origin)).unwrap_or_default()
}

fn one_line(text: &str) -> String {
    let clean: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    clean.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What the rules make of an owner's colour, for the line under the field and for the preview.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ColorFacts {
    light: Shades,
    dark: Shades,
    /// The colour would melt into this theme's page and is replaced there.
    swap: Option<Swap>,
    /// Own bubbles are this much deeper, so that white text reads on them.
    deeper: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Shades {
    accent: String,
    on_accent: String,
    launcher: String,
    on_launcher: String,
    /// `white` or `dark`: the text on the accent.
    text: &'static str,
    /// The contrast of that text, to 1.
    ratio: f64,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Swap {
    theme: &'static str,
    hex: String,
}

/// The text colour that counts as white.
const WHITE: Rgb = Rgb([0xff; 3]);
/// The least contrast of text on its ground (WCAG 2.2, 1.4.3).
const READABLE: f64 = 4.5;

/// What comes of `owner`.
pub fn color_facts(owner: Rgb) -> ColorFacts {
    let [light, dark] = [Theme::Light, Theme::Dark].map(|theme| look::derive(owner, theme));
    let swapped = [("light", &light), ("dark", &dark)].into_iter().find(|(_, roles)| roles.launcher != owner);
    let swap = swapped.map(|(theme, roles)| Swap { theme, hex: roles.accent.to_string() });
    let is_deeper = swap.is_none() && light.on_accent == WHITE && contrast(WHITE, owner) < READABLE;
    ColorFacts {
        deeper: is_deeper.then(|| light.accent.to_string()),
        light: Shades::of(&light),
        dark: Shades::of(&dark),
        swap,
    }
}

impl Shades {
    fn of(roles: &look::Roles) -> Self {
        Self {
            accent: roles.accent.to_string(),
            on_accent: roles.on_accent.to_string(),
            launcher: roles.launcher.to_string(),
            on_launcher: roles.on_launcher.to_string(),
            text: if roles.on_accent == WHITE { "white" } else { "dark" },
            ratio: (contrast(roles.on_accent, roles.accent) * 10.0).round() / 10.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(name: &str, color: &str, greeting: &str) -> LookForm {
        serde_json::from_value(serde_json::json!({
            "name": name, "color": color, "theme": "dark", "corner": "left", "launcher": "label", "label": " Ask \n us ",
            "greeting": greeting,
        }))
        .unwrap()
    }

    #[test]
    fn fields_become_a_look_and_come_back() {
        let origins = ["https://xn--80afpll.xn--p1ai".to_owned()];
        let look = form("", "#FF6B00", "").read(&origins).unwrap();
        assert_eq!((look.name.as_str(), look.color.as_str()), ("глина.рф", "#ff6b00"));
        assert_eq!((look.label.as_deref(), look.greeting), (Some("Ask us"), None));
        let shown = ShownLook::of(&form("", "#FF6B00", "").read(&origins).unwrap(), &origins);
        assert_eq!((shown.name.as_str(), shown.default_name.as_str()), ("", "глина.рф"));
        assert_eq!(ShownLook::of(&form("Shop", "#ff6b00", "").read(&origins).unwrap(), &origins).name, "Shop");
    }

    #[test]
    fn every_fault_is_told_at_once() {
        let long = form(&"n".repeat(61), "red", &"я".repeat(161)).read(&[]).unwrap_err();
        assert_eq!(long, [LookFault::Color, LookFault::TooLong("name", 60), LookFault::TooLong("greeting", 160)]);
        assert!(form(&"n".repeat(60), "#ffffff", &"я".repeat(160)).read(&[]).is_ok());
    }

    #[test]
    fn a_colour_is_explained() {
        let facts = |hex: &str| color_facts(hex.try_into().unwrap());
        let pine = facts("#1e6b58");
        assert_eq!((pine.swap, pine.deeper), (None, None));
        assert_eq!((pine.light.text, pine.light.ratio), ("white", 6.4));
        assert_eq!(facts("#808080").deeper.as_deref(), Some("#747474"));
        let black = Swap { theme: "dark", hex: "#e4e4e4".to_owned() };
        assert_eq!(facts("#000000").swap, Some(black));
        assert_eq!(facts("#ffffff").swap.map(|swap| swap.theme), Some("light"));
        assert_eq!(facts("#ffdd2d").light.text, "dark");
    }
}
