//! What the header says: who answers, whether somebody is there, how soon. What is not known is not said.

use super::Talk;
use crate::dialogue::{Act, Message, Moment, What};
use shared::{Attendance, Author, Millis};

/// Up to here an answer comes in a couple of minutes: 2.5 minutes, in seconds.
const FAST: u32 = 150;
/// Up to here minutes are counted: 50.
const MINUTES: u32 = 50 * 60;
const HOUR: u32 = 60 * 60;
const DAY: u32 = 24 * HOUR;

#[derive(Clone, Debug, PartialEq)]
pub struct Header {
    /// The operator's name; `None` for the site's.
    pub name: Option<String>,
    /// The operator's; initials where there is none.
    pub photo: Option<String>,
    pub sub: Sub,
    /// `on`, `away`, `off` or `none`.
    pub dot: &'static str,
}

/// The line below the title, by its word's key.
#[derive(Clone, Debug, PartialEq)]
pub enum Sub {
    None,
    Word(&'static str),
    Count(&'static str, u32),
    /// Closed, until then where that is known.
    Closed(Option<Millis>),
}

impl Talk {
    pub fn header(&self) -> Header {
        let operator = self.operator();
        let name = operator.and_then(|message| message.name.clone());
        let photo = operator.and_then(|message| message.face.photo.clone());
        let (sub, dot) = match self.presence.state {
            _ if self.link.is_broken() => (Sub::Word("no_link"), "off"),
            _ if self.is_finished() => (Sub::Word("finished"), "off"),
            Some(Attendance::Closed) => {
                return Header { name: None, photo: None, sub: Sub::Closed(self.presence.opens_at), dot: "off" };
            }
            Some(Attendance::Away) => (Sub::Word("away"), "away"),
            Some(Attendance::Online) => (self.online(operator.is_some()), "on"),
            None => (self.usually(), "none"),
        };
        Header { name, photo, sub, dot }
    }

    /// Who answers: the operator who spoke last in this conversation; between two, in the one before.
    fn operator(&self) -> Option<&Message> {
        let moments = self.conversation().unwrap_or(self.history.moments());
        moments.iter().rev().find_map(operators)
    }

    /// What was said since the conversation began: with the visitor's first word, or the portal's, since the last one ended.
    /// None while none has.
    fn conversation(&self) -> Option<&[Moment]> {
        let moments = self.history.moments();
        let is_end = |moment: &Moment| moment.what == What::Finished && self.history.unheard(moment.seq).is_none();
        let is_start = |moment: &Moment| moment.what == What::Started;
        let is_own = |moment: &Moment| matches!(&moment.what, What::Said(message) if message.from == Author::Visitor);
        let end = moments.iter().rposition(is_end);
        let since = &moments[end.map_or(0, |end| end + 1)..];
        let begun = match since.iter().filter(|moment| is_start(moment)).count() {
            // The end of the one before was not told.
            2.. => since.iter().rposition(is_start),
            _ if end.is_none() => Some(0),
            // The beginning may be told late. A word after the end begins nothing.
            _ => since.iter().position(|moment| is_start(moment) || is_own(moment)),
        };
        begun.map(|begun| &since[begun..])
    }

    fn online(&self, answered: bool) -> Sub {
        let last = self.history.messages().rev().find(|(_, message)| message.calls());
        match (last, self.presence.answer_seconds) {
            (Some((_, message)), _) if message.from == Author::Bot => Sub::Word("bot_first"),
            (_, Some(0..=FAST)) => Sub::Word("online_fast"),
            (_, Some(_)) if !answered => match self.usually() {
                Sub::None => Sub::Word("online"),
                usually => usually,
            },
            _ => Sub::Word("online"),
        }
    }

    /// How long visitors wait for an answer; a day and more is not worth a word.
    fn usually(&self) -> Sub {
        match self.presence.answer_seconds {
            Some(seconds @ 0..=MINUTES) => Sub::Count("usually_min", seconds.div_ceil(60).max(1)),
            Some(0..=HOUR) => Sub::Word("usually_hour"),
            Some(0..=DAY) => Sub::Word("usually_day"),
            _ => Sub::None,
        }
    }

    fn is_finished(&self) -> bool {
        let last = self.history.moments().iter().rev().find_map(|moment| match &moment.what {
            What::Finished if self.history.unheard(moment.seq).is_some() => None,
            What::Finished => Some(true),
            What::Started => Some(false),
            What::Said(message) => (message.calls() || message.from == Author::Visitor).then_some(false),
            What::Rated(_) => None,
        });
        last.unwrap_or_default()
    }

    /// Whether an operator leads the conversation: only then the visitor can end it.
    pub fn is_led(&self) -> bool {
        let is_led =
            self.conversation().is_some_and(|moments| moments.iter().any(|moment| operators(moment).is_some()));
        is_led && !self.queue.list().iter().any(|pending| pending.act == Act::Finish)
    }
}

/// What an operator says, if it is that.
fn operators(moment: &Moment) -> Option<&Message> {
    match &moment.what {
        What::Said(message) if message.from == Author::Operator => Some(message),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::Storage;
    use shared::{Entry, Happening, MessageId, Presence, SiteKey, ToWidget};

    fn talk(state: Option<Attendance>, answer_seconds: Option<u32>) -> Talk {
        let mut talk = Talk::new(SiteKey::try_from("k3v9x".to_owned()).unwrap(), Storage::new(None, "k3v9x"));
        talk.receive(ToWidget::Presence(Presence { state, answer_seconds, ..Presence::default() }), 0);
        talk
    }

    fn hear(talk: &mut Talk, seq: u64, from: Author, name: &str) {
        let (id, body) = (MessageId::try_from(format!("0000000{seq}")).unwrap(), Vec::new());
        let name = Some(name.to_owned());
        let what = Happening::Said {
            id,
            from,
            name,
            body,
            reply_to: None,
            rating: false,
            files: Vec::new(),
            face: shared::Face::default(),
            before: None,
        };
        talk.receive(ToWidget::Entries { list: vec![Entry { seq, at: seq, what }] }, 0);
    }

    fn sub(state: Option<Attendance>, answer_seconds: Option<u32>) -> (Sub, &'static str) {
        let Header { sub, dot, .. } = talk(state, answer_seconds).header();
        (sub, dot)
    }

    #[test]
    fn what_is_not_known_is_not_said() {
        assert_eq!(sub(None, None), (Sub::None, "none"));
        assert_eq!(sub(Some(Attendance::Online), None), (Sub::Word("online"), "on"));
        assert_eq!(sub(Some(Attendance::Away), Some(60)), (Sub::Word("away"), "away"));
        let mut unknown = talk(None, None);
        hear(&mut unknown, 1, Author::Operator, "Анна");
        assert_eq!(
            unknown.header(),
            Header { name: Some("Анна".to_owned()), photo: None, sub: Sub::None, dot: "none" }
        );
    }

    #[test]
    fn the_answer_time_is_said_in_round_words() {
        let online = |seconds| sub(Some(Attendance::Online), Some(seconds)).0;
        assert_eq!(online(150), Sub::Word("online_fast"));
        assert_eq!(online(151), Sub::Count("usually_min", 3));
        assert_eq!(online(3_001), Sub::Word("usually_hour"));
        assert_eq!(online(3_601), Sub::Word("usually_day"));
        assert_eq!(online(90_000), Sub::Word("online"), "longer than a day is not worth a word");
        assert_eq!(sub(None, Some(20)), (Sub::Count("usually_min", 1), "none"), "nobody knows who is there");
    }

    #[test]
    fn a_closed_line_is_the_companys_and_tells_when_it_opens() {
        let mut closed = talk(Some(Attendance::Closed), Some(60));
        hear(&mut closed, 1, Author::Operator, "Анна");
        assert_eq!(closed.header(), Header { name: None, photo: None, sub: Sub::Closed(None), dot: "off" });
    }

    #[test]
    fn a_bot_is_not_taken_for_a_person() {
        let mut talk = talk(Some(Attendance::Online), Some(20));
        hear(&mut talk, 1, Author::Bot, "Помощник");
        assert_eq!(talk.header(), Header { name: None, photo: None, sub: Sub::Word("bot_first"), dot: "on" });
        hear(&mut talk, 2, Author::Operator, "Анна");
        let header =
            Header { name: Some("Анна".to_owned()), photo: None, sub: Sub::Word("online_fast"), dot: "on" };
        assert_eq!(talk.header(), header);
        talk.receive(ToWidget::Entries { list: vec![Entry { seq: 3, at: 3, what: Happening::Finished }] }, 0);
        assert_eq!(talk.header().sub, Sub::Word("finished"));
    }
}
