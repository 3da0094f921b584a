//! The words that go to the portal: the visitor's own, without the power to be markup, and a quotation of what they
//! answer. Pure.

use crate::bitrix::bbcode::{neutralise, plain};
use crate::store::{Errand, Reply};
use shared::Millis;

/// What stands around a quotation: 54 hyphens, as the portal itself writes it.
const FENCE: &str = "------------------------------------------------------";

/// A word joiner: invisible, and enough that a digit is not the first letter.
pub(super) const JOINER: char = '\u{2060}';

/// What is sent for an errand; nothing where it has no words. `visitor` is what operators call this one.
pub fn wording(what: &Errand, visitor: &str) -> String {
    let quote = |reply: &Option<Reply>| reply.as_ref().map(|reply| quotation(reply, visitor)).unwrap_or_default();
    match what {
        Errand::Say { text, reply, guarded, .. } => {
            let words = neutralise(text);
            [quote(reply), if *guarded { no_vote(words) } else { words }].concat()
        }
        Errand::Edit { text, reply, .. } => [quote(reply), neutralise(text)].concat(),
        Errand::Note { text } => neutralise(text),
        Errand::Rate { like } => if *like { "1" } else { "0" }.to_owned(),
        Errand::Delete { .. } | Errand::Finish { .. } | Errand::Resend { .. } => String::new(),
    }
}

/// `1` or `0`, alone or before a space: what the portal takes for a mark of its service while it waits for one
/// (`imconnector.send.messages`, rating of the line).
pub fn is_a_vote(text: &str) -> bool {
    let mut characters = text.chars();
    matches!(characters.next(), Some('0' | '1')) && characters.next().is_none_or(|next| next == ' ')
}

/// `words` so that they are no mark. More is guarded than the portal is known to take for one: that harms nothing.
pub fn no_vote(words: String) -> String {
    let mut characters = words.trim_start().chars();
    let is_like_one = matches!(characters.next(), Some('0' | '1')) && characters.next().is_none_or(char::is_whitespace);
    if is_like_one { format!("{JOINER}{words}") } else { words }
}

/// As the portal quotes: whose words and when, then the words, and the way to them where that is known.
fn quotation(reply: &Reply, visitor: &str) -> String {
    let name = if reply.own { visitor } else { reply.name.as_deref().unwrap_or("-") };
    let words = if reply.own { reply.text.clone() } else { plain(&reply.text) };
    let way = reply.im.map(|im| format!(" #chat{}/{}", im.chat, im.message)).unwrap_or_default();
    let (name, words, at) = (neutralise(name), neutralise(&words), moment(reply.at));
    let lines: String = words.lines().filter(|line| !is_fence(line)).map(|line| [line, "\n"].concat()).collect();
    format!("{FENCE}\n{name} [{at}]{way}\n{lines}{FENCE}\n")
}

/// A row of hyphens among the words would end the quotation.
fn is_fence(line: &str) -> bool {
    let line = line.trim();
    line.len() >= 20 && line.bytes().all(|byte| byte == b'-')
}

/// `2026-03-17 14:52 UTC`: in whose zone the operator reads is not known here.
fn moment(at: Millis) -> String {
    let minutes = at / 60_000;
    let (days, minute) = (minutes / 1_440, minutes % 1_440);
    // Howard Hinnant's `civil_from_days`, for days since 1970.
    let days = days + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, past) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    let year = year + era * 400 + past;
    format!("{year}-{month:02}-{day:02} {:02}:{:02} UTC", minute / 60, minute % 60)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bitrix::bbcode;
    use crate::ids::ImId;
    use shared::{MessageId, Piece};

    fn say(text: &str, guarded: bool) -> String {
        let (reply, files) = (None, Vec::new());
        wording(&Errand::Say { text: text.to_owned(), reply, guarded, files }, "Visitor 7")
    }

    #[test]
    fn a_digit_is_no_rating_while_one_is_waited_for() {
        for text in ["1", "0", "1 спасибо", "0\nнет", "  1"] {
            assert_ne!(say(text, true).trim_start().chars().next(), text.trim_start().chars().next(), "{text}");
            assert_eq!(say(text, true).replace(JOINER, ""), text);
            assert_eq!(say(text, false), text, "a bare digit is for a bot");
        }
        for text in ["10", "1.", "2", "да 1", ""] {
            assert_eq!(say(text, true), text);
        }
        assert_eq!(wording(&Errand::Rate { like: true }, ""), "1");
        assert_eq!(wording(&Errand::Rate { like: false }, ""), "0");
    }

    #[test]
    fn a_reply_quotes_as_the_portal_does() {
        let reply = Reply {
            to: MessageId::try_from("0192b6a1-7c1f-7d2e-8000-1234567890ab".to_owned()).unwrap(),
            own: false,
            name: Some("Анна".to_owned()),
            text: format!("Есть, [b]две[/b]\n{FENCE}\nштуки"),
            at: 1_773_759_161_000,
            im: Some(ImId { chat: 1807, message: 86_497 }),
        };
        let say = |reply| {
            let (text, files) = ("Беру".to_owned(), Vec::new());
            wording(&Errand::Say { text, reply: Some(reply), guarded: true, files }, "Visitor 7")
        };
        let sent = say(reply.clone());
        assert_eq!(
            sent,
            format!("{FENCE}\nАнна [2026-03-17 14:52 UTC] #chat1807/86497\nЕсть, две\nштуки\n{FENCE}\nБеру")
        );
        let [Piece::Quote(quote), Piece::Text(words)] = &bbcode::parse(&sent)[..] else { panic!("{sent}") };
        assert_eq!((quote.name.as_deref(), words.as_str()), (Some("Анна"), "Беру"));
        let (of, text) = (reply.to.clone(), "Беру две".to_owned());
        let edited = wording(&Errand::Edit { of, text, reply: Some(reply.clone()) }, "Visitor 7");
        assert_eq!(edited, sent.replace("Беру", "Беру две"), "an edit takes no quotation away");
        let own = say(Reply { own: true, name: None, im: None, text: "[b]раз[/b]".to_owned(), ..reply });
        assert!(own.contains("\nVisitor 7 [2026-03-17 14:52 UTC]\n[\u{2060}b]раз[\u{2060}/b]\n"), "{own}");
    }
}
