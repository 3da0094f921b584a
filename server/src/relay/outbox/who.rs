//! How a visitor is introduced to the portal. Pure.

use crate::bitrix::bbcode::neutralise;
use crate::bitrix::methods::visitor::Who;
use crate::identity::PersonId;
use crate::profile::Name;
use crate::store::OutboxItem;

/// The visitor that an errand is of; `visitor` is what operators call one without a name. The number stands in the title
/// alone: the portal's names have no digits, and it splits one of two words in two (`imconnector-send-messages.md`).
pub fn who(item: &OutboxItem, visitor: &str) -> Who {
    let profile = &item.profile;
    let (name, called) = match &profile.name {
        Some(name) => (name.clone(), name.full()),
        None => (Name { first: visitor.to_owned(), last: None }, format!("{visitor} {}", item.number)),
    };
    Who {
        id: item.dialogue.to_string(),
        title: neutralise(&title(called, item.person.as_ref())),
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
fn title(called: String, person: Option<&PersonId>) -> String {
    match person {
        Some(person) => format!("{called} ✓ {}", person.as_str()),
        None => called,
    }
}

#[cfg(test)]
mod tests {
    use super::super::doubts::tests::item;
    use super::*;

    #[test]
    fn a_visitor_without_a_name_has_a_number_in_the_title_alone() {
        let unnamed = who(&item(), "Visitor");
        assert_eq!((unnamed.name.as_str(), unnamed.title.as_str(), unnamed.last_name), ("Visitor", "Visitor 1", None));
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
