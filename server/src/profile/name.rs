//! A visitor's name as the portal takes it: letters, spaces, hyphens and apostrophes, at most 25 characters each for the
//! first and the last name (`imconnector-send-messages.md`). What is left has no power to be markup.

use serde::{Deserialize, Serialize};

/// The longest first, or last, name in characters.
const MOST: usize = 25;

/// How much of a claim is looked at, in characters.
const LOOKED_AT: usize = 200;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Name {
    pub first: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<String>,
}

impl Name {
    /// The first word is the first name, the rest the last. None where no letter is in it.
    pub fn read(text: &str) -> Option<Self> {
        let clean: String = text.chars().take(LOOKED_AT).map(letter).collect();
        let mut words = clean.split_whitespace().filter(|word| word.chars().any(char::is_alphabetic));
        let first = cut(words.next()?);
        let last = cut(&words.collect::<Vec<_>>().join(" "));
        Some(Self { first, last: (!last.is_empty()).then_some(last) })
    }

    pub fn full(&self) -> String {
        match &self.last {
            Some(last) => format!("{} {last}", self.first),
            None => self.first.clone(),
        }
    }
}

/// What stands in a name for `c`: accents that follow their letter stay, whatever else it is parts words.
fn letter(c: char) -> char {
    match c {
        '\u{2018}' | '\u{2019}' | '\u{2bc}' | '`' => '\'',
        '\u{2010}'..='\u{2015}' => '-',
        '-' | '\'' | '\u{300}'..='\u{36f}' => c,
        c if c.is_alphabetic() => c,
        _ => ' ',
    }
}

fn cut(text: &str) -> String {
    let cut: String = text.chars().take(MOST).collect();
    cut.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<(String, Option<String>)> {
        Name::read(text).map(|name| (name.first, name.last))
    }

    fn name(first: &str, last: &str) -> Option<(String, Option<String>)> {
        Some((first.to_owned(), Some(last.to_owned()).filter(|last| !last.is_empty())))
    }

    #[test]
    fn names_are_letters_spaces_hyphens_and_apostrophes() {
        assert_eq!(read("  Анна-Мария   О’Нил  "), name("Анна-Мария", "О'Нил"));
        assert_eq!(read("Jean Le Rond d'Alembert"), name("Jean", "Le Rond d'Alembert"));
        assert_eq!(read("Иван"), name("Иван", ""));
        assert_eq!(read("李 小龙"), name("李", "小龙"));
        assert_eq!(read("[USER=1]Ольга[/USER] ✓ u42"), name("USER", "Ольга USER u"), "no tag, no digit, no sign");
        for empty in ["", "42", " - ' ", "\u{0}\n", "🙂"] {
            assert_eq!(read(empty), None, "{empty:?}");
        }
        let (first, last) = read(&format!("{} {}", "а".repeat(60), "b".repeat(60))).unwrap();
        assert_eq!((first.chars().count(), last.map(|last| last.len())), (25, Some(25)));
    }
}
