//! The languages of the chat and their words, `assets/words/`.

use crate::assets::text;
use serde_json::{Map, Value};
use std::sync::LazyLock;

/// A language the chat speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lang {
    Ru,
    En,
}

impl Lang {
    /// By the beginning of a language tag: `ru`, `ru-RU`.
    pub fn named(tag: &str) -> Option<Self> {
        match tag.get(..2)?.to_ascii_lowercase().as_str() {
            "ru" => Some(Self::Ru),
            "en" => Some(Self::En),
            _ => None,
        }
    }

    /// The first that a browser's `Accept-Language` names and the chat speaks; else English.
    pub fn understood(accepted: &str) -> Self {
        accepted.split(',').find_map(|tag| Self::named(tag.trim())).unwrap_or(Self::En)
    }

    pub fn code(self) -> &'static str {
        match self {
            Self::Ru => "ru",
            Self::En => "en",
        }
    }

    /// Which way it is written, as the `dir` attribute wants it.
    pub fn direction(self) -> &'static str {
        match self {
            Self::Ru | Self::En => "ltr",
        }
    }

    /// The word `key`, which has no plural.
    pub fn word(self, key: &str) -> &'static str {
        self.sections().values().find_map(|words| words.get(key)?.as_str()).unwrap_or_default()
    }

    /// The words of `section`: each a text, or a list of the forms of a plural.
    pub fn words(self, section: &str) -> impl Iterator<Item = (&'static String, &'static Value)> {
        self.sections().get(section).and_then(Value::as_object).into_iter().flatten()
    }

    /// Every word, by who needs it: the document itself, the chat in it, scripts that are loaded when they are used,
    /// the settings page's preview.
    fn sections(self) -> &'static Map<String, Value> {
        static RU: LazyLock<Map<String, Value>> = LazyLock::new(|| parse(text::WORDS_RU_JSON));
        static EN: LazyLock<Map<String, Value>> = LazyLock::new(|| parse(text::WORDS_EN_JSON));
        match self {
            Self::Ru => &RU,
            Self::En => &EN,
        }
    }
}

fn parse(json: &str) -> Map<String, Value> {
    serde_json::from_str(json).expect("the tests parse every list of words")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_language_has_every_word() {
        let mut keys = BTreeSet::new();
        for section in Lang::Ru.sections().keys() {
            let english: Map<_, _> = Lang::En.words(section).map(|(key, word)| (key.clone(), word.clone())).collect();
            for (key, ru) in Lang::Ru.words(section) {
                let en = english.get(key).unwrap_or_else(|| panic!("no English {key}"));
                for (word, forms) in [(ru, 3), (en, 2)] {
                    let is_plural = word.as_array().is_some_and(|list| list.len() == forms);
                    assert!(word.is_string() || is_plural, "{key}: {word}");
                }
                assert_eq!(places(ru), places(en), "{key} has the same places in both languages");
                assert!(keys.insert(key), "{key} stands in one section alone");
            }
            assert_eq!(Lang::Ru.words(section).count(), english.len());
        }
        assert_eq!(Lang::Ru.sections().len(), Lang::En.sections().len());
    }

    fn places(word: &Value) -> Vec<String> {
        let text = word.as_str().or_else(|| word.get(0).and_then(Value::as_str)).unwrap();
        let mut places: Vec<_> =
            text.split('{').skip(1).map(|part| part.split('}').next().unwrap().to_owned()).collect();
        places.sort();
        places
    }

    #[test]
    fn a_browser_is_answered_in_a_language_it_understands() {
        assert_eq!(Lang::understood("de-DE,de;q=0.9,ru;q=0.8,en;q=0.7"), Lang::Ru);
        assert_eq!(Lang::understood("tr"), Lang::En);
        assert_eq!(Lang::understood(""), Lang::En);
        assert_eq!(Lang::named("ру"), None);
        assert_eq!(Lang::named("RU-ru"), Some(Lang::Ru));
    }
}
