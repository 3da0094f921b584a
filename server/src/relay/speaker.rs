//! Who a visitor is to see behind a message: a person or a bot, under which name, with which face, and whether the text
//! began with that name because the portal signed it. What the line hides stays hidden. Pure.

use crate::bitrix::methods::settings::Names;
use crate::store::{InboxAct, Own, Setting, Signature};
use shared::{Author, Face};

/// What is known of somebody who speaks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Person {
    /// The names of the profile, any of which a signature may show.
    pub names: Vec<String>,
    pub first_name: Option<String>,
    pub position: Option<String>,
    pub is_bot: bool,
    /// What our copy of the photo is called.
    pub photo: Option<String>,
}

/// What decides, besides the message itself.
#[derive(Clone, Debug, Default)]
pub struct Speaker {
    pub person: Option<Person>,
    /// Whose names the line shows.
    pub names: Names,
    /// The portal was asked to put no names before words.
    pub is_unsigned: bool,
}

impl Speaker {
    pub fn author(&self) -> Author {
        if self.person.as_ref().is_some_and(|person| person.is_bot) { Author::Bot } else { Author::Operator }
    }

    /// The name and the words of a text that begins with `signed` as with a signature, `rest` being what follows, or
    /// with nothing like one. A signature is added unless the line hides names or the connector asks for none
    /// (`api-reference/imopenlines/imconnector/events/on-im-connector-message-add.md`).
    pub fn split(&self, signed: Option<String>, rest: String, whole: String) -> (Option<String>, String, Signature) {
        let Some(signed) = signed else {
            let missing = self.setting().map_or(Signature::Sure, Signature::Missing);
            return (self.name(None), rest, missing);
        };
        let is_known = self.person.as_ref().is_some_and(|person| person.names.contains(&signed));
        match (&self.names, self.setting()) {
            _ if is_known => (Some(signed), rest, Signature::Known),
            (Names::Hidden(Some(name)), _) if *name == signed => (Some(signed), rest, Signature::Sure),
            (_, None) => (self.name(None), whole, Signature::Sure),
            (_, Some(setting)) => {
                let own = Own { name: self.name(None), text: whole };
                (Some(signed), rest, Signature::Perhaps(own, setting))
            }
        }
    }

    /// What the line says of names, if it signs.
    fn setting(&self) -> Option<Setting> {
        match self.names {
            _ if self.is_unsigned => None,
            Names::Hidden(_) => None,
            Names::Profile => Some(Setting::Profile),
            Names::Queue => Some(Setting::Queue),
            Names::Unknown => Some(Setting::Unknown),
        }
    }

    /// The name to show: as the portal signs, else as the line would have it shown. A line that shows profiles signs with
    /// them: where it did not, the conversation is another line's by now, or the line says otherwise since.
    fn name(&self, signed: Option<&str>) -> Option<String> {
        let of_line = || match &self.names {
            Names::Profile if !self.is_unsigned => None,
            Names::Profile => {
                let person = self.person.as_ref()?;
                person.first_name.clone().or_else(|| person.names.first().cloned())
            }
            Names::Hidden(name) => name.clone(),
            Names::Queue | Names::Unknown => None,
        };
        signed.map(str::to_owned).or_else(of_line)
    }

    /// Photo and position, where the profile is what the line shows. A line whose settings are not known shows it if it
    /// signs with the profile's name.
    pub fn face(&self, signed: Option<&str>) -> Face {
        let Some(person) = self.person.as_ref().filter(|person| !person.is_bot) else { return Face::default() };
        let is_shown = match self.names {
            Names::Profile => signed.is_some() || self.is_unsigned,
            Names::Queue | Names::Hidden(_) => false,
            Names::Unknown => signed.is_some_and(|signed| person.names.iter().any(|name| name == signed)),
        };
        if !is_shown {
            return Face::default();
        }
        Face { photo: person.photo.clone(), position: person.position.clone() }
    }
}

/// Whether a person, or a bot, says something.
pub fn is_somebodys(act: &InboxAct) -> bool {
    matches!(act, InboxAct::Said { author: Author::Operator | Author::Bot, .. })
}

/// The history names people by their profiles: that is shown where the line is known to show it, and nowhere else.
pub fn conceal(act: &mut InboxAct, names: &Names) {
    if let InboxAct::Said { author: Author::Operator | Author::Bot, name, .. } = act {
        match names {
            Names::Hidden(other) => name.clone_from(other),
            Names::Queue | Names::Unknown => *name = None,
            Names::Profile => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIGNED: Option<&str> = Some("Анна Петрова");

    fn speaker(names: Names) -> Speaker {
        let person = Person {
            names: vec!["Анна Петрова".to_owned(), "Анна".to_owned()],
            first_name: Some("Анна".to_owned()),
            position: Some("Менеджер".to_owned()),
            is_bot: false,
            photo: Some("0a1b".to_owned()),
        };
        Speaker { person: Some(person), names, is_unsigned: false }
    }

    fn shows(names: Names, signed: Option<&str>) -> (Option<String>, bool) {
        let speaker = speaker(names);
        (speaker.name(signed), speaker.face(signed) != Face::default())
    }

    #[test]
    fn a_line_that_hides_its_operators_shows_no_face() {
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(shows(Names::Profile, SIGNED), (text("Анна Петрова"), true));
        assert_eq!(shows(Names::Profile, None), (None, false), "another line, which hides her, has the talk by now");
        let unsigned = Speaker { is_unsigned: true, ..speaker(Names::Profile) };
        let shown = (unsigned.name(None), unsigned.face(None) != Face::default());
        assert_eq!(shown, (text("Анна"), true), "the connector asks for no signatures");
        assert_eq!(shows(Names::Queue, Some("Поддержка")), (text("Поддержка"), false));
        assert_eq!(shows(Names::Queue, SIGNED), (text("Анна Петрова"), false), "named so in the queue");
        assert_eq!(shows(Names::Queue, None), (None, false));
        assert_eq!(shows(Names::Hidden(text("Мы")), None), (text("Мы"), false));
        assert_eq!(shows(Names::Hidden(None), None), (None, false));
        assert_eq!(shows(Names::Unknown, SIGNED), (text("Анна Петрова"), true), "the portal shows the profile itself");
        assert_eq!(shows(Names::Unknown, Some("Поддержка")), (text("Поддержка"), false));
        assert_eq!(shows(Names::Unknown, None), (None, false));
    }

    #[test]
    fn a_profiles_name_is_told_of_the_past_where_the_line_is_known_to_show_it() {
        let told = |names: &Names| {
            let (dialogue, im) = (crate::ids::DialogueId::random(), crate::ids::ImId { chat: 1, message: 1 });
            let (name, text, line) = (SIGNED.map(str::to_owned), "сто".to_owned(), crate::ids::LineId(1));
            let (author, looks, files) = (Author::Operator, crate::store::Looks::default(), Vec::new());
            let mut act = InboxAct::Said { dialogue, im, line, author, name, text, looks, files, vote: None, at: 1 };
            conceal(&mut act, names);
            let InboxAct::Said { name, .. } = act else { panic!("{act:?}") };
            name
        };
        assert_eq!(told(&Names::Profile).as_deref(), SIGNED);
        assert_eq!(told(&Names::Hidden(Some("Мы".to_owned()))).as_deref(), Some("Мы"));
        for names in [Names::Hidden(None), Names::Queue, Names::Unknown] {
            assert_eq!(told(&names), None, "{names:?}");
        }
    }

    #[test]
    fn a_known_name_is_a_signature_and_another_may_be_the_operators_own_words() {
        let text = |text: &str| text.to_owned();
        let split = |speaker: &Speaker, signed: Option<&str>| {
            speaker.split(signed.map(str::to_owned), text("сто"), text("[b]Цена:[/b] сто"))
        };
        let hidden = speaker(Names::Hidden(Some(text("Мы"))));
        assert_eq!(split(&hidden, Some("Мы")), (Some(text("Мы")), text("сто"), Signature::Sure));
        assert_eq!(split(&hidden, None), (Some(text("Мы")), text("сто"), Signature::Sure));
        let own = (Some(text("Мы")), text("[b]Цена:[/b] сто"), Signature::Sure);
        assert_eq!(split(&hidden, Some("Цена")), own, "nothing is signed on this line");
        assert_eq!(split(&speaker(Names::Unknown), SIGNED).2, Signature::Known);
        assert_eq!(split(&speaker(Names::Queue), None).2, Signature::Missing(Setting::Queue));
        let doubtful = split(&speaker(Names::Queue), Some("Поддержка"));
        let own = Own { name: None, text: text("[b]Цена:[/b] сто") };
        assert_eq!(doubtful, (Some(text("Поддержка")), text("сто"), Signature::Perhaps(own, Setting::Queue)));
        let unsigned = Speaker { is_unsigned: true, ..speaker(Names::Queue) };
        assert_eq!(split(&unsigned, None).2, Signature::Sure, "nothing is asked for, so nothing is missing");
    }

    #[test]
    fn a_bot_is_a_bot_without_a_face() {
        let mut bot = speaker(Names::Profile);
        assert_eq!(bot.author(), Author::Operator);
        bot.person.as_mut().unwrap().is_bot = true;
        assert_eq!((bot.author(), bot.face(SIGNED)), (Author::Bot, Face::default()));
        assert_eq!(Speaker::default().author(), Author::Operator);
    }
}
