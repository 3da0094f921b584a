//! What of a history a visitor may see. A history also holds what operators say among themselves and the portal's own
//! notes; a mistake here shows them to a stranger, so this is a list of what is allowed, and the first row that fits
//! decides. Pure.

use super::{Past, Sender};

/// What is to be done with a message of a history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Words among colleagues.
    Whisper,
    /// A technical line.
    Technical,
    /// The visitor's own, or one that the relay has.
    Known,
    /// For the visitor: an automatic text of the portal.
    Automatic,
    /// For the visitor: somebody at the portal said it.
    Said,
    /// Nobody can tell. Never shown.
    Unclear,
}

/// The class of automatic texts for the visitor.
const OUTPUT: &str = "bx-messenger-content-item-ol-output";

/// `is_known`: the relay has this message. `is_strict`: this portal was seen to return the mark of what its connector has
/// not confirmed, so that nothing without it may be shown.
pub fn verdict(past: &Past, is_known: bool, is_strict: bool) -> Verdict {
    let is_output = past.classes.iter().any(|class| class == OUTPUT);
    let is_whisper = past.classes.iter().any(|class| class.contains("content-item-system"))
        || past.component.as_deref().is_some_and(|component| component.eq_ignore_ascii_case("HiddenMessage"));
    let is_technical = ["-ol-start", "-ol-end", "-attention"].iter().any(|part| past.is_of(part))
        || past.sender == Sender::Portal && !is_output;
    let shown = if is_output { Verdict::Automatic } else { Verdict::Said };
    match past.sender {
        _ if is_whisper => Verdict::Whisper,
        _ if is_technical => Verdict::Technical,
        Sender::Visitor => Verdict::Known,
        _ if is_known => Verdict::Known,
        _ if past.sending => shown,
        _ if is_strict => Verdict::Unclear,
        _ if is_output => Verdict::Automatic,
        Sender::Colleague { .. } => Verdict::Said,
        _ => Verdict::Unclear,
    }
}

#[cfg(test)]
mod tests {
    use super::super::GetHistory;
    use super::*;
    use crate::bitrix::fixtures::result;
    use crate::bitrix::methods::Method;

    const SYSTEM: &str = "bx-messenger-content-item-system";
    const STRICT: bool = true;

    fn of(sender: Sender, class: &str) -> Past {
        Past { id: 1, sender, classes: class.split_whitespace().map(str::to_owned).collect(), ..Past::default() }
    }

    fn anna() -> Sender {
        Sender::Colleague { name: Some("Анна".to_owned()), first_name: None, bot: false }
    }

    fn news(past: &Past) -> [Verdict; 2] {
        [verdict(past, false, false), verdict(past, false, STRICT)]
    }

    /// By number: what becomes of the recorded messages, one of every class.
    #[test]
    fn the_recorded_history_is_told_apart() {
        let history = GetHistory::reply(result("imopenlines.session.history.get.response.json")).unwrap();
        let seen = |is_strict| -> Vec<(u64, Verdict)> {
            let is_known = |past: &Past| past.id == 86497;
            history.messages.iter().map(|past| (past.id, verdict(past, is_known(past), is_strict))).collect()
        };
        let expected = [
            (86488, Verdict::Technical),
            (86490, Verdict::Known),
            (86497, Verdict::Known),
            (86501, Verdict::Whisper),
            (86503, Verdict::Said),
            (86549, Verdict::Automatic),
        ];
        assert_eq!(seen(true), expected);
        assert_eq!(seen(false), expected);
        assert!(history.marks_sending());
    }

    #[test]
    fn what_colleagues_whisper_stays_among_them() {
        for class in [SYSTEM, "a bx-messenger-content-item-system b"] {
            let whisper = Past { sending: true, ..of(anna(), class) };
            assert_eq!(news(&whisper), [Verdict::Whisper; 2], "whatever else it carries");
        }
        for component in ["HiddenMessage", "hiddenmessage"] {
            let note = Past { component: Some(component.to_owned()), sending: true, ..of(anna(), "") };
            assert_eq!(news(&note), [Verdict::Whisper; 2]);
        }
    }

    #[test]
    fn technical_lines_are_never_shown() {
        for part in ["ol-start", "ol-end", "ol-attention", "attention", "ol-end-auto", "ol-attention-queue"] {
            let line = Past { sending: true, ..of(anna(), &format!("bx-messenger-content-item-{part}")) };
            assert_eq!(news(&line), [Verdict::Technical; 2], "{part}");
        }
        assert_eq!(news(&Past { sending: true, ..of(Sender::Portal, "") }), [Verdict::Technical; 2]);
        let both = format!("{OUTPUT} bx-messenger-content-item-ol-end");
        assert_eq!(news(&of(Sender::Portal, &both)), [Verdict::Technical; 2]);
    }

    #[test]
    fn the_visitors_own_words_and_known_ones_are_passed_over() {
        assert_eq!(news(&Past { sending: true, ..of(Sender::Visitor, "") }), [Verdict::Known; 2]);
        let confirmed = Past { external: vec!["id".to_owned()], ..of(anna(), "") };
        assert_eq!(verdict(&confirmed, true, false), Verdict::Known);
        assert_eq!(verdict(&Past { sending: true, ..confirmed }, true, STRICT), Verdict::Known);
    }

    #[test]
    fn what_the_connector_did_not_confirm_is_shown() {
        let waiting = |sender, class| Past { sending: true, ..of(sender, class) };
        assert_eq!(news(&waiting(anna(), "")), [Verdict::Said; 2]);
        assert_eq!(news(&waiting(Sender::Unknown, "")), [Verdict::Said; 2]);
        assert_eq!(news(&waiting(Sender::Portal, OUTPUT)), [Verdict::Automatic; 2]);
    }

    #[test]
    fn without_that_mark_automatic_texts_are_shown_where_no_portal_gives_it() {
        for sender in [Sender::Portal, anna(), Sender::Unknown] {
            assert_eq!(news(&of(sender, OUTPUT)), [Verdict::Automatic, Verdict::Unclear]);
        }
    }

    #[test]
    fn without_that_mark_colleagues_words_are_shown_where_no_portal_gives_it() {
        assert_eq!(news(&of(anna(), "")), [Verdict::Said, Verdict::Unclear]);
        let bot = Sender::Colleague { name: None, first_name: None, bot: true };
        assert_eq!(news(&of(bot, "some-class")), [Verdict::Said, Verdict::Unclear]);
    }

    #[test]
    fn anything_else_is_not_shown() {
        assert_eq!(news(&of(Sender::Unknown, "")), [Verdict::Unclear; 2]);
    }
}
