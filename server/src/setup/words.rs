//! The words of the settings page and of installation, in the portal's language. Knows nothing of requests.

use crate::assets::text;
use serde_json::{Map, Value};
use std::sync::LazyLock;

/// The languages there are words in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lang {
    Ru,
    En,
}

static RU: LazyLock<Words> = LazyLock::new(|| Words::read(text::SETTINGS_RU_JSON));
static EN: LazyLock<Words> = LazyLock::new(|| Words::read(text::SETTINGS_EN_JSON));

impl Lang {
    /// By the portal's `LANG`: Russian where it says `ru`, English everywhere else.
    pub fn of(portal: Option<&str>) -> Self {
        if portal.is_some_and(|lang| lang.eq_ignore_ascii_case("ru")) { Self::Ru } else { Self::En }
    }

    pub fn code(self) -> &'static str {
        match self {
            Self::Ru => "ru",
            Self::En => "en",
        }
    }

    pub fn words(self) -> &'static Words {
        match self {
            Self::Ru => &RU,
            Self::En => &EN,
        }
    }
}

/// Words by key.
#[derive(Debug, serde::Serialize)]
#[serde(transparent)]
pub struct Words(Map<String, Value>);

impl Words {
    fn read(json: &str) -> Self {
        Self(serde_json::from_str(json).expect("the embedded words are one JSON object: a test reads them"))
    }

    /// The word `key`; nothing where there is none, or where it is a list.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.as_str()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn gaps(words: &Words, key: &str) -> BTreeSet<String> {
        let text = words.0[key].to_string();
        let opened = text.split('{').skip(1).filter_map(|rest| rest.split_once('}'));
        opened.map(|(name, _)| name.to_owned()).collect()
    }

    #[test]
    fn both_languages_say_the_same_things() {
        let (ru, en) = (Lang::Ru.words(), Lang::En.words());
        assert_eq!(ru.0.keys().collect::<BTreeSet<_>>(), en.0.keys().collect::<BTreeSet<_>>());
        for key in ru.0.keys() {
            assert_eq!(gaps(ru, key), gaps(en, key), "{key}");
        }
        assert_eq!(ru.0["colors"].as_array().map(Vec::len), en.0["colors"].as_array().map(Vec::len));
    }

    #[test]
    fn the_portals_language_chooses() {
        assert_eq!(Lang::of(Some("ru")), Lang::Ru);
        assert_eq!(Lang::of(Some("de")), Lang::En);
        assert_eq!(Lang::of(None), Lang::En);
    }
}
