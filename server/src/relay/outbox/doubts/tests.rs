//! When a message in doubt is looked for, sent again or given up.

use super::*;
use crate::ids::{DialogueId, LineId};
use crate::profile::Profile;
use crate::store::{AtPortal, Errand};
use shared::{MessageId, SiteKey};

const DAY: Millis = 86_400_000;

pub fn item() -> OutboxItem {
    OutboxItem {
        position: Position::default(),
        dialogue: DialogueId::random(),
        site: SiteKey::try_from("site".to_owned()).unwrap(),
        line: LineId(1),
        number: 1,
        id: MessageId::try_from("0192b6a1-7c1f-7d2e-8000-1234567890ab".to_owned()).unwrap(),
        what: Errand::Say { text: "hi".to_owned(), reply: None, guarded: false, files: Vec::new() },
        at: 1_000,
        sending: Some(1_000_000),
        attempts: 1,
        at_portal: AtPortal::default(),
        profile: Profile::default(),
        person: None,
        unnamed_since: None,
        until: None,
    }
}

/// The moments at which the message is looked for, in seconds after the call.
fn looks(doubts: &mut Doubts, count: usize) -> Vec<Millis> {
    (0..count)
        .map(|_| {
            let due = doubts.next().unwrap();
            assert!(doubts.due(due - 1, 50).is_empty());
            let position = doubts.due(due, 50)[0].item.position;
            doubts.postpone(position, due);
            (due - 1_000_000) / 1000
        })
        .collect()
}

#[test]
fn a_message_is_looked_for_early_and_then_regularly() {
    let mut doubts = Doubts::default();
    doubts.add(item(), 1_000_000, Ending::Lost);
    assert_eq!(looks(&mut doubts, 6), [1, 5, 20, 60, 70, 80]);
}

#[test]
fn a_late_look_does_not_bring_all_missed_ones() {
    let mut doubts = Doubts::default();
    doubts.add(item(), 1_000_000, Ending::Lost);
    doubts.postpone(Position::default(), 1_100_000);
    assert_eq!(doubts.next(), Some(1_110_000));
}

#[test]
fn absence_counts_only_when_the_call_can_have_no_effect_any_more() {
    let mut doubts = Doubts::default();
    doubts.add(item(), 1_000_000, Ending::Lost);
    let doubt = doubts.due(1_001_000, 50).remove(0);
    assert_eq!(doubts.absent(&doubt, 1_059_999), Absent::NotYet);
    assert_eq!(doubts.absent(&doubt, 1_060_000), Absent::SendAgain);
    doubts.end(doubt.item.position);
    assert_eq!(doubts.next(), None);
}

#[test]
fn a_portal_that_tells_nothing_is_asked_for_a_day() {
    let mut doubts = Doubts::default();
    doubts.add(item(), 1_000_000, Ending::Lost);
    let doubt = doubts.due(1_001_000, 50).remove(0);
    assert_eq!(doubts.untold(&doubt, 999_999 + DAY), Absent::NotYet);
    assert_eq!(doubts.untold(&doubt, 1_000_000 + DAY), Absent::GiveUp);
}

/// What is done after each of `calls` that left the message absent; before each, so many others were taken.
fn after(calls: &[(Ending, u64)]) -> Vec<Absent> {
    let (mut doubts, mut now) = (Doubts::default(), 1_000_000);
    let each = calls.iter().map(|(ending, others)| {
        doubts.add(item(), now, *ending);
        doubts.taken += others;
        let doubt = doubts.due(now + 1_000, 50).remove(0);
        now += 60_000;
        doubts.absent(&doubt, now)
    });
    each.collect()
}

#[test]
fn words_that_spoil_their_calls_are_refused() {
    let mut expected = vec![Absent::SendAgain; 4];
    expected.push(Absent::Refused);
    assert_eq!(after(&[(Ending::Lost, 1); 5]), expected, "others get through");
    assert!(!after(&[(Ending::Shared, 1); 50]).contains(&Absent::Refused), "perhaps another spoils them");
}

#[test]
fn in_an_outage_messages_wait_for_a_day() {
    let outage = after(&[(Ending::Lost, 0); 24 * 60 + 1]);
    assert_eq!(outage.iter().position(|next| *next != Absent::SendAgain), Some(24 * 60 - 1));
    assert_eq!(outage[24 * 60 - 1], Absent::Refused);
}

#[test]
fn what_is_not_shown_waits_for_a_witness() {
    let mut doubts = Doubts::default();
    for (ending, last) in [(Ending::Lost, Absent::GiveUp), (Ending::SaidYes(None), Absent::Believe)] {
        doubts.add(item(), 1_000_000, ending);
        let doubt = doubts.due(1_001_000, 50).remove(0);
        assert_eq!(doubts.unseen(&doubt, 1_089_999, None), Absent::NotYet);
        assert_eq!(doubts.unseen(&doubt, 1_090_000, None), last);
    }
}

#[test]
fn a_witness_may_still_be_in_the_queue_and_nothing_else_waits_for_it() {
    let mut doubts = Doubts::default();
    doubts.add(item(), 1_000_000, Ending::Lost);
    let doubt = doubts.due(1_001_000, 50).remove(0);
    let at = |now, read| doubts.unseen(&doubt, now, Some(read));
    assert_eq!(at(1_089_999, 1_060_000), Absent::NotYet);
    assert_eq!(at(1_120_000, 1_059_999), Absent::Aside, "the call may have worked since it was read");
    assert_eq!(at(1_120_000, 1_090_001), Absent::Aside, "what it held is not worked off yet");
    assert_eq!(at(1_090_000, 1_060_000), Absent::GiveUp);
    assert_eq!(at(1_599_999, 0), Absent::Aside);
    assert_eq!(at(1_600_000, 0), Absent::GiveUp, "it is never read");
    doubts.await_witness(doubt.item.position, 1_001_000);
    assert_eq!(doubts.next(), Some(1_090_000), "no look before could tell anything");
    doubts.aside(doubt.item.position, 1_090_000);
    assert_eq!(doubts.next(), Some(1_120_000), "nothing waits for what that look brings");
}

#[test]
fn the_first_reading_of_the_queue_that_can_tell_counts() {
    let mut doubts = Doubts::default();
    doubts.add(item(), 1_000_000, Ending::Lost);
    let doubt = doubts.due(1_001_000, 50).remove(0);
    let read = [(1_010_000, 1_061_000), (1_060_000, 1_071_000), (1_120_000, 1_131_000)];
    let read = read.map(|(read, now)| doubts.queue_read(&doubt, read, now));
    assert_eq!(read, [1_010_000, 1_071_000, 1_071_000]);
}

#[test]
fn a_portal_that_never_answers_one_question_does_not_show_it() {
    let mut doubts = Doubts::default();
    doubts.add(item(), 1_000_000, Ending::Lost);
    let mut told = Vec::new();
    while !matches!(told.last(), Some((_, Absent::GiveUp))) {
        let now = doubts.next().unwrap();
        let doubt = doubts.due(now, 50).remove(0);
        told.push(((now - 1_000_000) / 1_000, doubts.baffled(&doubt, now)));
        doubts.postpone(doubt.item.position, now);
    }
    let before = [1, 5, 20, 60, 70, 80].map(|seconds| (seconds, Absent::NotYet));
    assert_eq!(told, [&before[..], &[(90, Absent::GiveUp)]].concat());
    doubts.add(item(), 1_000_000, Ending::Lost);
    let doubt = doubts.due(1_001_000, 50).remove(0);
    assert_eq!(doubts.baffled(&doubt, 2_000_000), Absent::NotYet, "once may be a mishap");
}

#[test]
fn a_first_message_is_sent_blindly_once() {
    let mut doubts = Doubts::default();
    doubts.add(item(), 1_000_000, Ending::Lost);
    let doubt = doubts.due(1_001_000, 50).remove(0);
    assert_eq!(doubts.unheard(&doubt, 1_149_999, None), Absent::NotYet);
    assert_eq!(doubts.unheard(&doubt, 1_150_000, None), Absent::SendAgain);
    doubts.add(OutboxItem { attempts: 2, ..item() }, 1_000_000, Ending::Lost);
    let doubt = doubts.due(1_001_000, 50).remove(0);
    assert_eq!(doubts.unheard(&doubt, 1_150_000, None), Absent::GiveUp);
    doubts.add(OutboxItem { attempts: 2, ..item() }, 1_000_000, Ending::Shared);
    let doubt = doubts.due(1_001_000, 50).remove(0);
    assert_eq!(doubts.unheard(&doubt, 1_150_000, None), Absent::SendAgain, "its last call is its own");
    doubts.add(OutboxItem { attempts: 6, ..item() }, 1_000_000, Ending::Shared);
    let doubt = doubts.due(1_001_000, 50).remove(0);
    assert_eq!(doubts.unheard(&doubt, 1_150_000, None), Absent::GiveUp, "not for ever");
}

#[test]
fn a_rating_is_never_sent_blindly() {
    let mut doubts = Doubts::default();
    doubts.add(OutboxItem { what: Errand::Rate { like: true }, ..item() }, 1_000_000, Ending::Lost);
    let doubt = doubts.due(1_001_000, 50).remove(0);
    assert_eq!(doubts.unheard(&doubt, 1_150_000, None), Absent::GiveUp);
}

#[test]
fn a_portal_that_was_away_is_waited_for_and_that_call_does_not_count() {
    let mut doubts = Doubts::default();
    doubts.add(item(), 1_000_000, Ending::Lost);
    let doubt = doubts.due(1_001_000, 50).remove(0);
    assert_eq!(doubts.away(&doubt, 1_150_000), Absent::NotYet);
    assert_eq!(doubts.away(&doubt, 1_000_000 + DAY), Absent::GiveUp);
    assert!(!doubt.was_away() && doubts.due(Millis::MAX, 1).remove(0).was_away());
}

#[test]
fn nothing_is_kept_of_what_is_over() {
    let mut doubts = Doubts::default();
    doubts.add(item(), 1_000_000, Ending::Lost);
    doubts.end(Position::default());
    assert_eq!((doubts.next(), doubts.faults.len()), (None, 1), "there may be another call");
    doubts.over(Position::default());
    assert_eq!(doubts.faults.len(), 0);
}

#[test]
fn silence_counts_once_the_queue_was_read_after_the_call_can_have_worked() {
    let mut doubts = Doubts::default();
    doubts.add(item(), 1_000_000, Ending::Lost);
    let doubt = doubts.due(1_001_000, 50).remove(0);
    let at = |now, read| doubts.unheard(&doubt, now, Some(read));
    assert_eq!(at(1_200_000, 0), Absent::NotYet, "never read");
    assert_eq!(at(1_200_000, 1_059_999), Absent::NotYet, "the call may have worked since");
    assert_eq!(at(1_200_000, 1_170_001), Absent::NotYet, "what it held is not worked off yet");
    assert_eq!(at(1_149_999, 1_060_000), Absent::NotYet);
    assert_eq!(at(1_150_000, 1_060_000), Absent::SendAgain);
    assert_eq!(at(1_000_000 + DAY, 0), Absent::SendAgain, "somebody waits for the first word");
}
