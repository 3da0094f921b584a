//! What a history tells of a message in doubt.

use super::*;
use crate::bitrix::error::PortalError;
use crate::bitrix::methods::history::{History, Past, Sender};
use crate::relay::outbox::doubts::tests::item;
use shared::MessageId;

const ID: &str = "0192b6a1-7c1f-7d2e-8000-1234567890ab";
const OTHER: &str = "0192b6a1-7c1f-7d2e-8000-1234567890ac";
const SENT: Millis = 100 * 86_400_000;

fn sought() -> OutboxItem {
    OutboxItem { sending: Some(SENT), ..item() }
}

/// A visitor's message.
fn past(id: u64, external: &[&str], text: &str, at: Millis) -> Past {
    let external = external.iter().map(|id| (*id).to_owned()).collect();
    Past { id, sender: Sender::Visitor, text: text.to_owned(), at: Some(at), external, ..Past::default() }
}

fn history(messages: Vec<Past>) -> Result<History, PortalError> {
    Ok(History { session: Some(7), chat: Some(9), messages, ..History::default() })
}

fn one(external: &[&str], text: &str, at: Millis) -> Result<History, PortalError> {
    history(vec![past(1, external, text, at)])
}

fn shown(histories: Vec<Result<History, PortalError>>, refused: Option<PortalError>) -> Shown {
    Shown { histories, refused, ..Shown::default() }
}

fn refused(status: u16, code: &str) -> PortalError {
    PortalError::Refused { status, code: code.to_owned(), description: String::new() }
}

/// The number of what is found in `shown`, where these arrived earlier.
fn find(shown: &Shown, earlier: &[Arrived]) -> Option<u64> {
    let item = sought();
    let says = |what: &Errand, past: &Past| matches!(what, Errand::Say { text, .. } if *text == past.text);
    let found = named(&item, shown).or_else(|| {
        let found = unnamed(&item, shown, |past| says(&item.what, past));
        beyond(found, earlier, shown, says)
    });
    found.map(|sighting| sighting.past.id)
}

fn arrived(id: &str, text: &str, session: Option<u64>) -> Arrived {
    let what = Errand::Say { text: text.to_owned(), reply: None, guarded: false, files: Vec::new() };
    Arrived { id: MessageId::try_from(id.to_owned()).unwrap(), what, session }
}

#[test]
fn a_message_is_found_by_its_id_in_either_session() {
    assert_eq!(find(&shown(vec![one(&[ID], "", 0)], None), &[]), Some(1));
    let both = shown(vec![one(&["other"], "x", 0), one(&[ID], "", 0)], None);
    let found = named(&sought(), &both).unwrap();
    assert_eq!(found.at_portal(), AtPortal { chat: Some(9), session: Some(7), user: None });
    let denied = refused(400, "ACCESS_DENIED");
    let half = shown(vec![one(&[ID], "", 0), Err(denied.clone())], Some(denied));
    assert_eq!(find(&half, &[]), Some(1), "though the rest is refused");
}

#[test]
fn a_message_without_an_id_is_found_by_its_words_whatever_the_clocks_say() {
    const HOUR: Millis = 3_600_000;
    for at in [SENT, SENT - HOUR, SENT + HOUR] {
        assert_eq!(find(&shown(vec![one(&[], "hi", at)], None), &[]), Some(1));
    }
    assert_eq!(find(&shown(vec![one(&[], "hi", SENT - 25 * HOUR)], None), &[]), None, "that was yesterday");
    assert_eq!(find(&shown(vec![one(&[], "bye", SENT)], None), &[]), None);
    assert_eq!(find(&shown(vec![one(&["other"], "hi", SENT)], None), &[]), None, "that one has another id");
}

#[test]
fn of_messages_that_say_the_same_each_is_one() {
    let once = shown(vec![one(&[], "hi", SENT)], None);
    let twice = shown(vec![history(vec![past(1, &[], "hi", SENT), past(2, &[], "hi", SENT)])], None);
    for session in [Some(7), None] {
        let before = [arrived(OTHER, "hi", session)];
        assert_eq!(find(&once, &before), None, "that is the one before, which arrived");
        assert_eq!(find(&twice, &before), Some(2));
    }
    assert_eq!(find(&once, &[arrived(OTHER, "bye", None)]), Some(1), "which said something else");
    assert_eq!(find(&once, &[arrived(OTHER, "hi", Some(6))]), Some(1), "which is in a session that was not read");
    let named = shown(vec![history(vec![past(1, &[OTHER], "hi", SENT), past(2, &[], "hi", SENT)])], None);
    assert_eq!(find(&named, &[arrived(OTHER, "hi", Some(7))]), Some(2), "which has its id");
}

#[test]
fn without_a_look_into_both_sessions_nothing_is_known() {
    let missing = |histories, refused| missing(&sought(), &shown(histories, refused));
    let denied = refused(400, "ACCESS_DENIED");
    assert_eq!(missing(vec![Err(denied.clone())], None), Found::Refused);
    assert_eq!(missing(vec![one(&[], "bye", SENT)], Some(denied.clone())), Found::Refused);
    let busy = refused(503, "QUERY_LIMIT_EXCEEDED");
    assert_eq!(missing(vec![one(&[], "bye", SENT), Err(busy)], Some(denied)), Found::NotNow);
    assert_eq!(missing(vec![one(&[], "bye", SENT)], None), Found::Nowhere);
    assert_eq!(missing(Vec::new(), None), Found::NoPlace);
    let vague = Shown { is_vague: true, ..shown(vec![one(&[], "bye", SENT)], None) };
    assert_eq!(super::missing(&sought(), &vague), Found::Odd, "another may be open");
    let large = PortalError::Unanswered(crate::bitrix::guard::GuardError::TooLarge);
    assert_eq!(missing(vec![Err(large)], None), Found::TooMuch);
}

#[test]
fn a_portal_that_answers_all_but_one_question_is_not_away() {
    let missing = |error| missing(&sought(), &shown(vec![Err(error)], None));
    assert_eq!(missing(PortalError::Shape { method: "imopenlines.session.history.get" }), Found::Odd);
    assert_eq!(missing(refused(200, "INTERNAL_SERVER_ERROR")), Found::Odd, "inside a batch that was answered");
    assert_eq!(missing(refused(500, "INTERNAL_SERVER_ERROR")), Found::NotNow);
    assert_eq!(missing(PortalError::Shape { method: "batch" }), Found::NotNow);
    assert_eq!(missing(refused(200, "OPERATION_TIME_LIMIT")), Found::NotNow, "later it will");
}

#[test]
fn what_html_shows_otherwise_is_not_missed_in_it() {
    let html =
        |external: &[&str]| shown(vec![history(vec![Past { is_undone: true, ..past(1, external, "hi", SENT) }])], None);
    let rating = OutboxItem { what: Errand::Rate { like: true }, ..sought() };
    assert_eq!(missing(&rating, &html(&[])), Found::Refused);
    assert_eq!(missing(&rating, &html(&[OTHER])), Found::Nowhere, "that one is another");
    assert_eq!(missing(&sought(), &html(&[])), Found::Nowhere);
}
