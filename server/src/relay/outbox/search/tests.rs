//! What a history tells of a message in doubt.

use super::super::doubts::Doubts;
use super::*;
use crate::bitrix::methods::history::Past;
use crate::ids::{DialogueId, LineId};
use crate::profile::Profile;
use crate::store::{Errand, OutboxItem, Position};
use shared::{MessageId, SiteKey};

const ID: &str = "0192b6a1-7c1f-7d2e-8000-1234567890ab";
const SENT: Millis = 1_000_000_000;

fn doubt() -> Doubt {
    let item = OutboxItem {
        position: Position::default(),
        dialogue: DialogueId::random(),
        site: SiteKey::try_from("site".to_owned()).unwrap(),
        line: LineId(1),
        number: 1,
        id: MessageId::try_from(ID.to_owned()).unwrap(),
        what: Errand::Say { text: "[b]hi[/b]".to_owned(), reply: None, guarded: false },
        at: 1,
        sending: Some(SENT),
        attempts: 1,
        at_portal: AtPortal::default(),
        profile: Profile::default(),
        person: None,
    };
    let mut doubts = Doubts::default();
    doubts.add(item, SENT);
    doubts.due(Millis::MAX, 1).remove(0)
}

fn history(external: &[&str], text: &str, at: Millis) -> Option<Result<History, PortalError>> {
    let external = external.iter().map(|id| (*id).to_owned()).collect();
    let past = Past { id: 1, from_visitor: true, text: text.to_owned(), at: Some(at), external };
    Some(Ok(History { session: Some(7), chat: Some(9), messages: vec![past] }))
}

fn refused(code: &str) -> PortalError {
    PortalError::Refused { status: 400, code: code.to_owned(), description: String::new() }
}

const HERE: Found = Found::Here(AtPortal { chat: Some(9), session: Some(7), user: None });

#[test]
fn a_message_is_found_by_its_id_in_either_session() {
    assert_eq!(judge(&doubt(), "", &[history(&[ID], "", 0), None], None), HERE);
    assert_eq!(judge(&doubt(), "", &[history(&["other"], "x", 0), history(&[ID], "", 0)], None), HERE);
}

#[test]
fn a_message_is_found_by_its_words_as_they_were_sent() {
    assert_eq!(judge(&doubt(), "", &[history(&[], &wording(&doubt().item.what, ""), SENT), None], None), HERE);
    assert_eq!(judge(&doubt(), "", &[history(&[], &wording(&doubt().item.what, ""), 0), None], None), Found::Nowhere);
    assert_eq!(judge(&doubt(), "", &[history(&[], "bye", SENT), None], None), Found::Nowhere);
}

#[test]
fn what_is_found_counts_though_the_rest_is_refused() {
    let denied = refused("ACCESS_DENIED");
    assert_eq!(judge(&doubt(), "", &[history(&[ID], "", 0), Some(Err(denied.clone()))], Some(&denied)), HERE);
}

#[test]
fn without_a_look_into_both_sessions_nothing_is_known() {
    let denied = refused("ACCESS_DENIED");
    assert_eq!(judge(&doubt(), "", &[Some(Err(denied.clone())), None], None), Found::Refused);
    assert_eq!(judge(&doubt(), "", &[history(&[], "bye", SENT), None], Some(&denied)), Found::Refused);
    let busy = refused("QUERY_LIMIT_EXCEEDED");
    assert_eq!(judge(&doubt(), "", &[history(&[], "bye", SENT), Some(Err(busy))], Some(&denied)), Found::NotNow);
    assert_eq!(judge(&doubt(), "", &[None, None], None), Found::NoPlace);
    let large = PortalError::Unanswered(crate::bitrix::guard::GuardError::TooLarge);
    assert_eq!(judge(&doubt(), "", &[Some(Err(large)), None], None), Found::TooMuch);
}
