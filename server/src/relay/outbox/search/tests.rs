//! What a history tells of a message in doubt.

use super::super::doubts::{Doubts, Ending};
use super::*;
use crate::bitrix::error::PortalError;
use crate::bitrix::methods::history::{History, Past, Sender};
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
        what: Errand::Say { text: "[b]hi[/b]".to_owned(), reply: None, guarded: false, files: Vec::new() },
        at: 1,
        sending: Some(SENT),
        attempts: 1,
        at_portal: AtPortal::default(),
        profile: Profile::default(),
        person: None,
    };
    let mut doubts = Doubts::default();
    doubts.add(item, SENT, Ending::Lost);
    doubts.due(Millis::MAX, 1).remove(0)
}

fn history(external: &[&str], text: &str, at: Millis) -> Option<Result<History, PortalError>> {
    let external = external.iter().map(|id| (*id).to_owned()).collect();
    let (sender, text) = (Sender::Visitor, text.to_owned());
    let past = Past { id: 1, sender, text, at: Some(at), external, ..Past::default() };
    Some(Ok(History { session: Some(7), chat: Some(9), messages: vec![past], ..History::default() }))
}

fn refused(code: &str) -> PortalError {
    PortalError::Refused { status: 400, code: code.to_owned(), description: String::new() }
}

const HERE: Found = Found::Here(1, AtPortal { chat: Some(9), session: Some(7), user: None });

/// What is found of `doubt()` in `histories`; `refused`: why its open session is not known.
fn judge(histories: &[Option<Result<History, PortalError>>], refused: Option<&PortalError>) -> Found {
    let shown = Shown { histories: histories.iter().flatten().cloned().collect(), refused: refused.cloned() };
    super::judge(&doubt(), "", &shown, &HashSet::new())
}

#[test]
fn a_message_is_found_by_its_id_in_either_session() {
    assert_eq!(judge(&[history(&[ID], "", 0), None], None), HERE);
    assert_eq!(judge(&[history(&["other"], "x", 0), history(&[ID], "", 0)], None), HERE);
}

#[test]
fn a_message_is_found_by_its_words_as_they_were_sent() {
    assert_eq!(judge(&[history(&[], &wording(&doubt().item.what, ""), SENT), None], None), HERE);
    assert_eq!(judge(&[history(&[], &wording(&doubt().item.what, ""), 0), None], None), Found::Nowhere);
    assert_eq!(judge(&[history(&[], "bye", SENT), None], None), Found::Nowhere);
}

#[test]
fn what_is_found_counts_though_the_rest_is_refused() {
    let denied = refused("ACCESS_DENIED");
    assert_eq!(judge(&[history(&[ID], "", 0), Some(Err(denied.clone()))], Some(&denied)), HERE);
}

#[test]
fn without_a_look_into_both_sessions_nothing_is_known() {
    let denied = refused("ACCESS_DENIED");
    assert_eq!(judge(&[Some(Err(denied.clone())), None], None), Found::Refused);
    assert_eq!(judge(&[history(&[], "bye", SENT), None], Some(&denied)), Found::Refused);
    let busy = refused("QUERY_LIMIT_EXCEEDED");
    assert_eq!(judge(&[history(&[], "bye", SENT), Some(Err(busy))], Some(&denied)), Found::NotNow);
    assert_eq!(judge(&[None, None], None), Found::NoPlace);
    let large = PortalError::Unanswered(crate::bitrix::guard::GuardError::TooLarge);
    assert_eq!(judge(&[Some(Err(large)), None], None), Found::TooMuch);
}

#[test]
fn what_was_found_to_be_another_message_is_not_this_one() {
    let histories = vec![history(&[], &wording(&doubt().item.what, ""), SENT).unwrap()];
    let shown = Shown { histories, refused: None };
    assert_eq!(super::judge(&doubt(), "", &shown, &HashSet::from([1])), Found::Nowhere);
}
