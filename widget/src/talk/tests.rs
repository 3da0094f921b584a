//! A talk over connections that break, refuse and come back.

mod acts;
mod held;
mod persons;
mod refusals;

use super::*;
use crate::dialogue::{Line, Pending, Shown};
use crate::storage::Shelf;
use crate::storage::tests::Shared;
use shared::{Entry, Happening, MessageState, Piece, Refusal, ToServer, ToWidget};

const SECOND: Millis = 1_000;

fn id(n: u64) -> MessageId {
    MessageId::try_from(format!("0000000{n}")).unwrap()
}

fn tab(shelf: &Shared) -> Talk {
    let site = SiteKey::try_from("k3v9x".to_owned()).unwrap();
    Talk::new(site, Storage::new(Some(Box::new(shelf.clone())), "k3v9x"))
}

fn welcome(session: Option<&str>, last: Seq) -> ToWidget {
    ToWidget::Welcome { session: session.map(str::to_owned), last, reset: false, text_chars: 10_000, visitor: None }
}

/// A tab that is connected as the one with `session`, with nothing said yet.
fn connected(shelf: &Shared, session: &str) -> Talk {
    let mut talk = tab(shelf);
    talk.connecting(0);
    talk.receive(welcome((talk.session.is_none()).then_some(session), 0), 0);
    talk.deeds();
    talk
}

fn answer(seq: Seq, text: &str) -> Entry {
    let body = vec![Piece::Text(text.to_owned())];
    let name = Some("Анна".to_owned());
    Entry {
        seq,
        at: seq * SECOND,
        what: Happening::Said {
            id: id(seq),
            from: Author::Operator,
            name,
            body,
            reply_to: None,
            rating: false,
            files: vec![],
            before: None,
            face: shared::Face::default(),
        },
    }
}

fn entries(list: Vec<Entry>) -> ToWidget {
    ToWidget::Entries { list }
}

fn say(n: u64, text: &str) -> Deed {
    Deed::Send(ToServer::Say { id: id(n), text: text.to_owned(), reply_to: None, files: vec![] })
}

/// The visitor's messages as shown: their words and states.
fn own(talk: &Talk, now: Millis) -> Vec<(String, State)> {
    let own = |line: Line| match line.shown {
        Shown::Message(bubble) => Some((bubble.body.iter().find_map(words)?, bubble.state?)),
        _ => None,
    };
    talk.lines(now, &|_| 0).into_iter().filter_map(own).collect()
}

fn notes(talk: &Talk, now: Millis) -> Vec<&'static str> {
    let note = |line: Line| match line.shown {
        Shown::Note(word) => Some(word),
        _ => None,
    };
    talk.lines(now, &|_| 0).into_iter().filter_map(note).collect()
}

#[test]
fn who_only_looks_is_not_connected() {
    let mut talk = tab(&Shared::default());
    talk.begin();
    talk.show(true);
    assert_eq!(talk.deeds(), [], "the document told who is there");
    talk.show(false);
    talk.show(true);
    let look = Deed::Look(ToServer::Look { site: talk.site.clone() });
    assert_eq!(talk.deeds(), [look], "only who is there is asked");
    talk.say(Pending::new(id(1), "Есть?".to_owned(), 0), 0);
    assert_eq!(talk.deeds(), [Deed::Connect]);
    talk.show(false);
    talk.show(true);
    assert_eq!(talk.deeds(), [], "the connection tells");
}

#[test]
fn the_first_words_begin_a_session_and_go_once_the_relay_has_greeted() {
    let shelf = Shared::default();
    let mut talk = tab(&shelf);
    talk.say(Pending::new(id(1), "раз".to_owned(), 0), 0);
    talk.say(Pending::new(id(2), "два".to_owned(), 0), 0);
    talk.connecting(0);
    talk.deeds();
    assert_eq!(talk.hello().session, None);
    talk.receive(welcome(Some("token"), 0), SECOND);
    assert_eq!(talk.deeds(), [Deed::Limit { chars: 10_000 }, say(1, "раз")]);
    talk.receive(ToWidget::Accepted { id: id(1), seq: 1, at: 5 }, SECOND);
    assert_eq!(talk.deeds(), [Deed::Tell(News::Sent { first: true }), say(2, "два")]);
    assert_eq!(own(&talk, SECOND), [("раз".to_owned(), State::Sent), ("два".to_owned(), State::Queued)]);
    talk.receive(ToWidget::Accepted { id: id(2), seq: 2, at: 6 }, SECOND);
    assert_eq!(talk.deeds(), [Deed::Tell(News::Sent { first: false })]);
    assert_eq!(tab(&shelf).hello().session, Some("token".to_owned()));
    assert_eq!(tab(&shelf).waiting(), 0, "what was taken is not kept for another attempt");
}

#[test]
fn words_written_without_a_connection_outlive_the_page() {
    let shelf = Shared::default();
    tab(&shelf).say(Pending::new(id(1), "Есть?".to_owned(), 0), 0);
    let mut reloaded = tab(&shelf);
    reloaded.begin();
    assert_eq!(reloaded.deeds(), [Deed::Connect]);
    assert_eq!(own(&reloaded, 0), [("Есть?".to_owned(), State::Queued)]);
}

#[test]
fn a_lost_acknowledgement_is_asked_for_again_under_the_same_name() {
    let shelf = Shared::default();
    let mut talk = connected(&shelf, "token");
    talk.say(Pending::new(id(1), "раз".to_owned(), 0), 0);
    talk.deeds();
    talk.disconnected(false, SECOND);
    talk.connecting(SECOND);
    talk.receive(welcome(None, 0), 2 * SECOND);
    assert!(talk.deeds().contains(&say(1, "раз")));
    talk.disconnected(false, 3 * SECOND);
    let said = Happening::Said {
        id: id(1),
        from: Author::Visitor,
        name: None,
        body: vec![Piece::Text("раз".to_owned())],
        reply_to: None,
        rating: false,
        files: vec![],
        before: None,
        face: shared::Face::default(),
    };
    talk.receive(welcome(None, 1), 4 * SECOND);
    talk.deeds();
    talk.receive(entries(vec![Entry { seq: 1, at: 1, what: said }]), 4 * SECOND);
    assert_eq!((talk.deeds(), talk.waiting()), (vec![], 0), "its entry says as much as the acknowledgement");
    assert_eq!(own(&talk, 4 * SECOND), [("раз".to_owned(), State::Sent)]);
}

#[test]
fn haste_is_no_failure() {
    let mut talk = connected(&Shared::default(), "token");
    talk.say(Pending::new(id(1), "раз".to_owned(), 0), 0);
    talk.deeds();
    talk.receive(ToWidget::Refused { id: Some(id(1)), code: Refusal::TooFast, retry_after: Some(12) }, SECOND);
    assert_eq!((talk.deeds(), talk.wait(SECOND)), (vec![], Some(12)));
    assert_eq!(talk.due(SECOND), Some(2 * SECOND), "the hint counts down");
    assert_eq!(own(&talk, SECOND)[0].1, State::Queued);
    talk.tick(13 * SECOND);
    assert_eq!(talk.deeds(), [say(1, "раз")]);
}

#[test]
fn a_refused_message_waits_for_the_visitor_who_may_try_again_or_give_it_up() {
    let shelf = Shared::default();
    let mut talk = connected(&shelf, "token");
    for n in 1..=2 {
        talk.say(Pending::new(id(n), n.to_string(), 0), 0);
        talk.deeds();
        talk.receive(ToWidget::Refused { id: Some(id(n)), code: Refusal::TooLong, retry_after: None }, 0);
        assert_eq!(talk.deeds(), [Deed::Failed(Refusal::TooLong), Deed::Tell(News::Failed)]);
    }
    assert_eq!(own(&tab(&shelf), 0)[0].1, State::Failed, "also after a reload");
    talk.discard(&id(1));
    talk.repeat(&id(2), id(9), 0);
    assert_eq!(talk.deeds(), [Deed::Connect, say(2, "2")]);
    assert_eq!(tab(&shelf).waiting(), 1);
}

#[test]
fn what_the_portal_refused_is_sent_anew_under_another_name() {
    let shelf = Shared::default();
    let mut talk = connected(&shelf, "token");
    talk.say(Pending::new(id(1), "раз".to_owned(), 0), 0);
    talk.receive(ToWidget::Accepted { id: id(1), seq: 1, at: 0 }, 0);
    let state = Happening::State { id: id(1), state: MessageState::Failed };
    talk.deeds();
    talk.receive(entries(vec![Entry { seq: 2, at: 0, what: state }]), 0);
    assert_eq!(talk.deeds(), [Deed::Failed(Refusal::Unknown), Deed::Tell(News::Failed)]);
    talk.repeat(&id(1), id(9), 0);
    assert_eq!(own(&talk, 0), [("раз".to_owned(), State::Queued)]);
    assert!(talk.deeds().contains(&say(9, "раз")));
    assert_eq!(tab(&shelf).settled, [id(1)], "the failed one does not come back with the history");
}

#[test]
fn what_is_sent_anew_answers_what_it_answered() {
    let mut talk = connected(&Shared::default(), "token");
    talk.receive(entries(vec![answer(1, "Синий?")]), 0);
    let reply_to = Some(id(1));
    talk.say(Pending { act: Act::Say { reply_to: reply_to.clone() }, ..Pending::new(id(2), "Да".to_owned(), 0) }, 0);
    talk.receive(ToWidget::Accepted { id: id(2), seq: 2, at: 0 }, 0);
    let state = Happening::State { id: id(2), state: MessageState::Unconfirmed };
    talk.receive(entries(vec![Entry { seq: 3, at: 0, what: state }]), 0);
    talk.deeds();
    talk.repeat(&id(2), id(9), 0);
    let again = ToServer::Say { id: id(9), text: "Да".to_owned(), reply_to, files: vec![] };
    assert!(talk.deeds().contains(&Deed::Send(again)));
}

#[test]
fn a_session_that_the_relay_forgot_begins_anew_with_what_was_not_sent() {
    let shelf = Shared::default();
    connected(&shelf, "old");
    let mut talk = tab(&shelf);
    talk.say(Pending::new(id(1), "Есть?".to_owned(), 0), 0);
    talk.deeds();
    talk.receive(ToWidget::Refused { id: None, code: Refusal::SessionUnknown, retry_after: None }, 0);
    assert_eq!((talk.deeds(), talk.hello().session), (vec![Deed::Anew], None));
    talk.receive(welcome(Some("new"), 0), 0);
    assert!(talk.deeds().contains(&say(1, "Есть?")));
    assert_eq!(notes(&talk, 0), ["visitor_lost"]);
    let mut idle = connected(&Shared::default(), "new");
    idle.receive(ToWidget::Refused { id: None, code: Refusal::SessionUnknown, retry_after: None }, 0);
    assert_eq!(idle.deeds(), [Deed::Leave], "who has nothing to say begins no session");
}

#[test]
fn two_tabs_that_begin_at_once_end_as_one_visitor() {
    let shelf = Shared::default();
    let (mut one, mut two) = (tab(&shelf), tab(&shelf));
    one.say(Pending::new(id(1), "раз".to_owned(), 0), 0);
    two.stored(0);
    two.say(Pending::new(id(2), "два".to_owned(), 0), 0);
    two.deeds();
    one.receive(welcome(Some("first"), 0), 0);
    two.receive(welcome(Some("second"), 0), 0);
    assert_eq!(two.deeds().last(), Some(&Deed::Anew));
    assert_eq!((one.hello().session, two.hello().session), (Some("first".to_owned()), Some("first".to_owned())));
}

#[test]
fn another_tabs_new_session_is_taken_over() {
    let shelf = Shared::default();
    let mut idle = tab(&shelf);
    let mut talking = connected(&shelf, "token");
    talking.say(Pending::new(id(1), "раз".to_owned(), 0), 0);
    idle.stored(0);
    assert_eq!(idle.deeds().first(), Some(&Deed::Anew));
    assert_eq!(own(&idle, 0), [("раз".to_owned(), State::Queued)], "its words show here too");
}

#[test]
fn an_entry_that_overtakes_its_tabs_own_word_shows_once() {
    let shelf = Shared::default();
    let (mut there, mut here) = (connected(&shelf, "token"), connected(&shelf, "token"));
    there.say(Pending::new(id(1), "раз".to_owned(), 0), 0);
    let body = vec![Piece::Text("раз".to_owned())];
    let what = Happening::Said {
        id: id(1),
        from: Author::Visitor,
        name: None,
        body,
        reply_to: None,
        rating: false,
        files: vec![],
        before: None,
        face: shared::Face::default(),
    };
    here.receive(entries(vec![Entry { seq: 1, at: 1, what }]), 0);
    here.stored(0);
    there.receive(ToWidget::Accepted { id: id(1), seq: 1, at: 1 }, 0);
    here.stored(0);
    assert_eq!(own(&here, 0), [("раз".to_owned(), State::Sent)]);
}

#[test]
fn words_that_another_tab_wrote_over_are_kept_anew_and_sent() {
    let (shelf, queue) = (Shared::default(), "otklik:k3v9x:queue");
    let (mut here, mut there) = (connected(&shelf, "token"), connected(&shelf, "token"));
    here.say(Pending::new(id(1), "раз".to_owned(), 0), 0);
    here.say(Pending::new(id(2), "два".to_owned(), 0), 0);
    there.stored(0);
    let stale = shelf.get(queue).unwrap();
    here.say(Pending::new(id(3), "три".to_owned(), 0), 0);
    shelf.set(queue, &stale); // the other tab read before the third word and wrote after it
    here.stored(0);
    let queued = ["раз", "два", "три"].map(|text| (text.to_owned(), State::Queued));
    assert_eq!((own(&here, 0), own(&tab(&shelf), 0)), (queued.to_vec(), queued.to_vec()));
    here.deeds();
    for n in 1..=3 {
        here.receive(ToWidget::Accepted { id: id(n), seq: n, at: 0 }, 0);
        there.stored(0);
    }
    assert!(here.deeds().contains(&say(3, "три")));
    assert_eq!((tab(&shelf).waiting(), there.waiting()), (0, 0), "and nobody brings them back");
}

#[test]
fn answers_after_a_restore_count_in_a_page_opened_since() {
    let shelf = Shared::default();
    let mut talk = connected(&shelf, "token");
    talk.show(true);
    talk.receive(entries((1..=5).map(|seq| answer(seq, "a")).collect()), 0);
    let mut reloaded = tab(&shelf);
    reloaded.receive(welcome(None, 2), 0);
    reloaded.receive(entries((1..=3).map(|seq| answer(seq, "a")).collect()), 0);
    reloaded.stored(0);
    assert_eq!(reloaded.unread(), 1);
}

#[test]
fn history_is_no_news_and_answers_count_until_they_are_seen() {
    let shelf = Shared::default();
    connected(&shelf, "token");
    let mut talk = tab(&shelf);
    talk.receive(welcome(None, 2), 0);
    assert!(talk.is_loading());
    talk.deeds();
    talk.receive(entries(vec![answer(1, "a"), answer(2, "b")]), 0);
    assert_eq!((talk.deeds(), talk.unread(), talk.is_loading()), (vec![], 2, false));
    talk.receive(entries(vec![answer(3, "c")]), 0);
    assert_eq!((talk.deeds(), talk.unread()), (vec![Deed::Tell(News::Received)], 3));
    let mut new = connected(&Shared::default(), "token");
    new.receive(entries(vec![answer(1, "a"), answer(2, "b")]), 0);
    let told = [News::Operator, News::Received, News::Received].map(Deed::Tell);
    assert_eq!(new.deeds(), told, "an operator is told of once");
    talk.show(true);
    assert_eq!(talk.unread(), 0);
    let divided = |talk: &Talk| talk.lines(0, &|_| 0).iter().any(|line| line.shown == Shown::New);
    assert!(divided(&talk));
    talk.show(false);
    assert!(!divided(&talk));
    assert_eq!(talk.unread(), 0);
    let mut other = tab(&shelf);
    other.receive(welcome(None, 3), 0);
    other.receive(entries(vec![answer(3, "c"), answer(4, "d")]), 0);
    assert_eq!(other.unread(), 1, "reading in one tab counts in the other");
}

#[test]
fn what_stays_at_the_relay_for_long_is_explained() {
    let mut talk = connected(&Shared::default(), "token");
    talk.say(Pending::new(id(1), "раз".to_owned(), 0), 0);
    talk.receive(ToWidget::Accepted { id: id(1), seq: 1, at: 0 }, SECOND);
    assert_eq!(talk.due(SECOND), Some(11 * SECOND));
    talk.tick(11 * SECOND);
    assert_eq!(notes(&talk, 11 * SECOND), ["sent_long"]);
    let state = Happening::State { id: id(1), state: MessageState::Delivered };
    talk.receive(entries(vec![Entry { seq: 2, at: 0, what: state }]), 12 * SECOND);
    assert_eq!(notes(&talk, 12 * SECOND), [""; 0]);
}

#[test]
fn an_outage_is_mentioned_after_a_second_and_its_end_for_three() {
    let mut talk = connected(&Shared::default(), "token");
    let strip = |talk: &Talk, now| talk.link().strip(now);
    talk.disconnected(false, 10 * SECOND);
    assert_eq!((strip(&talk, 10 * SECOND), talk.due(10 * SECOND)), (Strip::None, Some(11 * SECOND)));
    assert_eq!(strip(&talk, 11 * SECOND), Strip::Connecting);
    talk.disconnected(false, 12 * SECOND);
    assert_eq!(strip(&talk, 12 * SECOND), Strip::Offline);
    talk.say(Pending::new(id(1), "раз".to_owned(), 12 * SECOND), 12 * SECOND);
    talk.receive(welcome(None, 0), 20 * SECOND);
    assert_eq!((strip(&talk, 20 * SECOND), strip(&talk, 23 * SECOND)), (Strip::Back, Strip::None));
    assert!(talk.deeds().contains(&say(1, "раз")));
    talk.disconnected(true, 30 * SECOND);
    assert_eq!(strip(&talk, 30 * SECOND), Strip::Offline, "the browser itself says so");
}
