//! How a visitor is introduced to the portal. Pure.

use crate::bitrix::bbcode::neutralise;
use crate::bitrix::methods::visitor::Who;
use crate::identity::PersonId;
use crate::profile::Name;
use crate::store::OutboxItem;

/// The visitor that an errand is of; `visitor` is what operators call one without a name, before the number.
pub fn who(item: &OutboxItem, visitor: &str) -> Who {
    let (profile, unnamed) = (&item.profile, format!("{visitor} {}", item.number));
    let name = profile.name.clone().unwrap_or_else(|| Name { first: unnamed.clone(), last: None });
    Who {
        id: item.dialogue.to_string(),
        title: neutralise(&title(&name, item.person.as_ref())),
        name: name.first,
        last_name: name.last,
        email: profile.email.clone(),
        phone: profile.phone.clone(),
        site: profile.site(),
        page: profile.page.clone(),
        source: profile.source().map(|source| neutralise(&source)),
    }
}

/// What the chat is called. A name has no sign and no digit, so nobody can call themselves proven.
fn title(name: &Name, person: Option<&PersonId>) -> String {
    match person {
        Some(person) => format!("{} ✓ {}", name.full(), person.as_str()),
        None => name.full(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::doubts::tests::item;
    use super::*;

    #[test]
    fn a_visitor_without_a_name_has_a_number() {
        let unnamed = who(&item(), "Visitor");
        assert_eq!(
            (unnamed.name.as_str(), unnamed.title.as_str(), unnamed.last_name),
            ("Visitor 1", "Visitor 1", None)
        );
        let mut item = item();
        item.profile.name = Name::read("Анна Смирнова");
        let named = who(&item, "Visitor");
        assert_eq!((named.name.as_str(), named.last_name.as_deref()), ("Анна", Some("Смирнова")));
        assert_eq!(named.title, "Анна Смирнова");
        item.person = PersonId::try_from("[b]u42[/b]".to_owned()).ok();
        let proven = who(&item, "Visitor");
        assert_eq!(proven.title, "Анна Смирнова ✓ [\u{2060}b]u42[\u{2060}/b]");
        assert_eq!((proven.name.as_str(), proven.last_name.as_deref()), ("Анна", Some("Смирнова")));
    }
}
