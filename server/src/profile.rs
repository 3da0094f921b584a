//! What a page tells of its visitor, checked and bounded at the door, and what operators get to see of it. Pure: knows
//! nothing of requests, disk or the portal's calls.
//!
//! `name` makes of a claim what the portal takes for a name, `fields` bounds the rest, `note` puts into words what the
//! portal has no field for.

mod fields;
mod name;
pub mod note;

pub use name::Name;

use fields::{address, email, line, phone};
use serde::{Deserialize, Serialize};
use shared::{About, Tracked};
use std::collections::BTreeMap;

/// The longest title of a page, in characters.
const TITLE: usize = 200;
/// The longest value of a mark of an advertisement (`utm_source` and its kin), in characters.
const UTM: usize = 100;
/// The marks that are kept, in the order in which they are told.
const UTMS: [&str; 5] = ["source", "medium", "campaign", "term", "content"];
/// The longest name of a language, in characters (RFC 5646, 4.4.1).
const LANGUAGE: usize = 35;
/// How many attributes are kept, and how long their names and values are, in characters.
const ATTRIBUTES: usize = 20;
const ATTRIBUTE_NAME: usize = 40;
const ATTRIBUTE: usize = 200;
/// How many of the last things a visitor did are kept; their names and details are as long as attributes.
const EVENTS: usize = 10;

/// What the visitor answered when the site asked whether their data may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Consent {
    Granted,
    Denied,
}

impl Consent {
    fn read(word: &str) -> Option<Self> {
        match word {
            "granted" => Some(Self::Granted),
            "denied" => Some(Self::Denied),
            _ => None,
        }
    }
}

/// What is known of a visitor. All of it are claims.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Profile {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<Name>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub referrer: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub utm: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consent: Option<Consent>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<Tracked>,
}

impl Profile {
    /// What is told after `self` was known. What cannot be understood is left out, what is too long is cut. Where a
    /// visitor came from stands in the address of their first page alone, so it stays until another is told.
    pub fn followed_by(&self, told: &About) -> Self {
        let (referrer, utm) = (told.referrer.as_deref().and_then(address), utm(&told.utm));
        let comes_anew = referrer.is_some() || !utm.is_empty();
        Self {
            name: told.name.as_deref().and_then(Name::read),
            email: told.email.as_deref().and_then(email),
            phone: told.phone.as_deref().and_then(phone),
            page: told.page.as_deref().and_then(address),
            title: told.title.as_deref().and_then(|title| line(title, TITLE)),
            referrer: if comes_anew { referrer } else { self.referrer.clone() },
            utm: if comes_anew { utm } else { self.utm.clone() },
            language: told.language.as_deref().and_then(|language| line(language, LANGUAGE)),
            consent: told.consent.as_deref().and_then(Consent::read),
            attributes: attributes(&told.attributes),
            events: events(&told.events),
        }
    }

    /// As it is told by a chat that may stand on `origins` alone: a page elsewhere is left out.
    pub fn on(self, origins: &[String]) -> Self {
        let is_known = |page: &String| {
            let origin = url::Url::parse(page).map(|url| url.origin().ascii_serialization());
            origin.is_ok_and(|origin| origins.contains(&origin))
        };
        Self { page: self.page.filter(is_known), ..self }
    }

    /// The same visitor, who came from where `known` says, unless this says it: another page of theirs may know.
    pub fn with_source_of(self, known: &Self) -> Self {
        match self.source() {
            Some(_) => self,
            None => Self { utm: known.utm.clone(), referrer: known.referrer.clone(), ..self },
        }
    }

    /// Where the visitor came from, in one line: the marks of an advertisement as an address has them, else the page.
    pub fn source(&self) -> Option<String> {
        let marks = UTMS.iter().filter_map(|name| Some(format!("utm_{name}={}", self.utm.get(*name)?)));
        let marks = marks.collect::<Vec<_>>().join("&");
        if marks.is_empty() { self.referrer.clone() } else { Some(marks) }
    }

    /// The site that the visitor is on: its address without a page.
    pub fn site(&self) -> Option<String> {
        let page = url::Url::parse(self.page.as_deref()?).ok()?;
        Some(format!("{}/", page.origin().ascii_serialization()))
    }
}

fn utm(told: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let kept = UTMS.iter().filter_map(|name| Some(((*name).to_owned(), line(told.get(*name)?, UTM)?)));
    kept.collect()
}

fn attributes(told: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let kept = told.iter().filter_map(|(name, value)| Some((line(name, ATTRIBUTE_NAME)?, line(value, ATTRIBUTE)?)));
    kept.take(ATTRIBUTES).collect()
}

fn events(told: &[Tracked]) -> Vec<Tracked> {
    let kept = told.iter().skip(told.len().saturating_sub(EVENTS)).filter_map(|event| {
        let data = event.data.as_deref().and_then(|data| line(data, ATTRIBUTE));
        Some(Tracked { name: line(&event.name, ATTRIBUTE_NAME)?, data, at: event.at })
    });
    kept.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(json: serde_json::Value) -> Profile {
        Profile::default().followed_by(&serde_json::from_value(json).unwrap())
    }

    #[test]
    fn what_is_told_is_bounded_and_what_is_nonsense_is_left_out() {
        let names: BTreeMap<_, _> = (0..50).map(|n| (format!("attribute {n:02}"), "x".repeat(1_000))).collect();
        let events: Vec<_> = (0..50).map(|n| Tracked { name: format!("{n}"), data: None, at: n }).collect();
        let profile = read(serde_json::json!({
            "name": "42", "email": "nobody", "phone": "none", "page": "javascript:alert(1)", "title": "a\n\u{7}b",
            "utm": {"source": "ya", "evil": "x"}, "attributes": names, "events": events, "newer": true, "consent": "maybe",
        }));
        assert_eq!(profile.consent, None);
        assert_eq!((&profile.name, &profile.email, &profile.phone, &profile.page), (&None, &None, &None, &None));
        assert_eq!(profile.title.as_deref(), Some("a b"));
        assert_eq!(profile.utm.keys().collect::<Vec<_>>(), ["source"]);
        assert_eq!(profile.attributes.len(), ATTRIBUTES);
        assert!(profile.attributes.values().all(|value| value.chars().count() == ATTRIBUTE));
        assert_eq!((profile.events.len(), profile.events[0].at), (EVENTS, 40), "the last ones");
    }

    #[test]
    fn a_visitors_source_outlives_the_first_page() {
        let first = read(serde_json::json!({
            "page": "https://shop.example/?utm_source=ya", "utm": {"source": "ya", "campaign": "весна"}, "name": "Анна",
        }));
        assert_eq!(first.source().as_deref(), Some("utm_source=ya&utm_campaign=весна"));
        let later: About = serde_json::from_value(serde_json::json!({"page": "https://shop.example/lamps"})).unwrap();
        let second = first.followed_by(&later);
        assert_eq!((second.source(), second.name.clone()), (first.source(), None), "all else is as told last");
        assert_eq!(second.site().as_deref(), Some("https://shop.example/"));
        let from: About = serde_json::from_value(serde_json::json!({"referrer": "https://blog.example/p"})).unwrap();
        assert_eq!(second.followed_by(&from).source().as_deref(), Some("https://blog.example/p"));
    }

    #[test]
    fn a_page_of_another_site_is_left_out() {
        let origins = ["https://shop.example".to_owned(), "http://127.0.0.1:8000".to_owned()];
        let page = |page: &str| read(serde_json::json!({"page": page, "name": "Анна"})).on(&origins).page;
        for known in ["https://shop.example/lamps", "https://shop.example:443/", "http://127.0.0.1:8000/a?b"] {
            assert!(page(known).is_some(), "{known}");
        }
        for other in ["https://evil.example/", "http://shop.example/", "https://shop.example.evil.example/"] {
            assert_eq!(page(other), None, "{other}");
        }
    }

    fn about() -> impl Strategy<Value = About> {
        let text = || prop::option::of(".{0,3000}");
        let map = || prop::collection::btree_map(".{0,300}", ".{0,300}", 0..40);
        let event = (".{0,300}", text(), any::<u64>()).prop_map(|(name, data, at)| Tracked { name, data, at });
        let texts = (text(), text(), text(), text(), text(), text(), text(), text());
        (texts, map(), map(), prop::collection::vec(event, 0..20)).prop_map(|(texts, utm, attributes, events)| {
            let (name, email, phone, page, title, referrer, language, consent) = texts;
            About { name, email, phone, page, title, referrer, utm, language, consent, attributes, events }
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// A record of it stays small, no line breaks out of its own, and telling the same again changes nothing.
        #[test]
        fn whatever_is_told_is_bounded(about in about()) {
            let profile = Profile::default().followed_by(&about);
            prop_assert!(serde_json::to_vec(&profile).unwrap().len() < 64 * 1024);
            let texts = profile.attributes.iter().flat_map(|(name, value)| [name, value]).chain(&profile.title);
            prop_assert!(texts.into_iter().all(|text| !text.contains(char::is_control)));
            prop_assert_eq!(profile.followed_by(&about), profile);
        }
    }
}
