//! What operators are told of a visitor in a message of its own, because the portal has no field for it: composed of
//! what is new since they were told last. Pure.

use super::{Consent, Profile};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use shared::{Millis, Tracked};

/// Before each attribute, whose name is the page's own: no line of ours begins so, and none can be imitated.
const ATTRIBUTE: &str = "• ";

/// What operators were told already.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Noted {
    /// Of everything but the events: its digest.
    facts: String,
    /// The moment of the last event.
    until: Millis,
}

/// A message for operators.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    pub text: String,
    /// What they have been told once it is there.
    pub noted: Noted,
}

impl Note {
    /// What there is to tell of a visitor; none where that was told. All of it are claims, and it says so: whom the site
    /// vouches for stands in the chat's title, which no page writes. `word` gives the words of the portal's language by
    /// key.
    pub fn of(profile: &Profile, noted: &Noted, word: impl Fn(&str) -> String) -> Option<Self> {
        let mut lines = Vec::new();
        let mut say = |key: &str, value: Option<String>| {
            if let Some(value) = value {
                lines.push(format!("{}: {value}", word(key)));
            }
        };
        say("note_source", profile.source());
        say("note_from", profile.referrer.clone().filter(|_| !profile.utm.is_empty()));
        say("note_language", profile.language.clone());
        say("note_consent", profile.consent.map(|consent| word(consent_word(consent))));
        lines.extend(profile.attributes.iter().map(|(name, value)| format!("{ATTRIBUTE}{name}: {value}")));
        let facts = hex::encode(&Sha256::digest(lines.join("\n"))[..16]);
        let events: Vec<_> = profile.events.iter().filter(|event| event.at > noted.until).collect();
        if lines.is_empty() && events.is_empty() || facts == noted.facts && events.is_empty() {
            return None;
        }
        let page = profile.page.as_ref().map(|page| match &profile.title {
            Some(title) => format!("{}: {title}, {page}", word("note_page")),
            None => format!("{}: {page}", word("note_page")),
        });
        if facts == noted.facts {
            lines.clear();
        }
        let done = (!events.is_empty()).then(|| {
            let list: Vec<_> = events.iter().map(|event| told(event)).collect();
            format!("{}: {}", word("note_events"), list.join("; "))
        });
        let until = events.iter().map(|event| event.at).fold(noted.until, Millis::max);
        let text = std::iter::once(word("note_mark")).chain(page).chain(lines).chain(done).collect::<Vec<_>>();
        Some(Self { text: text.join("\n"), noted: Noted { facts, until } })
    }
}

fn consent_word(consent: Consent) -> &'static str {
    match consent {
        Consent::Granted => "note_granted",
        Consent::Denied => "note_denied",
    }
}

fn told(event: &Tracked) -> String {
    match &event.data {
        Some(data) => format!("{} ({data})", event.name),
        None => event.name.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(key: &str) -> String {
        key.trim_start_matches("note_").to_owned()
    }

    fn event(name: &str, at: Millis) -> Tracked {
        Tracked { name: name.to_owned(), data: (at > 5).then(|| "2".to_owned()), at }
    }

    #[test]
    fn operators_are_told_what_is_new_and_that_once() {
        let mut profile = Profile { page: Some("https://shop.example/".to_owned()), ..Profile::default() };
        profile.title = Some("Lamps".to_owned());
        let noted = Noted::default();
        assert_eq!(Note::of(&profile, &noted, words), None, "the page alone stands in its own field");
        profile.attributes.insert("plan".to_owned(), "pro".to_owned());
        profile.events.push(event("cart", 5));
        let first = Note::of(&profile, &noted, words).unwrap();
        assert_eq!(first.text, "mark\npage: Lamps, https://shop.example/\n• plan: pro\nevents: cart");
        profile.page = Some("https://shop.example/2".to_owned());
        assert_eq!(Note::of(&profile, &first.noted, words), None, "going on is no news");
        profile.events.push(event("pay", 9));
        let second = Note::of(&profile, &first.noted, words).unwrap();
        assert_eq!(second.text, "mark\npage: Lamps, https://shop.example/2\nevents: pay (2)");
        assert_eq!(Note::of(&profile, &second.noted, words), None);
        profile.consent = Some(Consent::Denied);
        let third = Note::of(&profile, &second.noted, words).unwrap();
        assert_eq!(third.text, "mark\npage: Lamps, https://shop.example/2\nconsent: denied\n• plan: pro");
    }

    #[test]
    fn no_line_of_ours_can_be_imitated() {
        let mut profile = Profile { language: Some("ru".to_owned()), ..Profile::default() };
        for name in ["language", "consent", "source", "mark", "• plan"] {
            profile.attributes.insert(name.to_owned(), "forged".to_owned());
        }
        let note = Note::of(&profile, &Noted::default(), words).unwrap();
        let forged = note.text.lines().filter(|line| line.ends_with("forged"));
        assert!(forged.clone().all(|line| line.starts_with("• ")) && forged.count() == 5, "{}", note.text);
    }
}
