//! The visitor changes words, rates and leaves.

use super::*;
use crate::dialogue::{Act, Bubble, Rating};

fn act(n: u64, act: Act, text: &str) -> Pending {
    Pending { act, ..Pending::new(id(n), text.to_owned(), 0) }
}

fn accepted(n: u64, seq: Seq) -> ToWidget {
    ToWidget::Accepted { id: id(n), seq, at: 0 }
}

fn refused(n: u64, code: Refusal) -> ToWidget {
    ToWidget::Refused { id: Some(id(n)), code, retry_after: None }
}

/// What became of act `n`, which is entry `of`: as the next entry.
fn done(n: u64, of: Seq, state: MessageState) -> Entry {
    Entry { seq: of + 1, at: 0, what: Happening::Done { id: id(n), state, entry: Some(of) } }
}

fn bubbles(talk: &Talk) -> Vec<Bubble> {
    let bubble = |line: Line| if let Shown::Message(bubble) = line.shown { Some(bubble) } else { None };
    talk.lines(0, &|_| 0).into_iter().filter_map(bubble).collect()
}

fn shown(talk: &Talk) -> Vec<(String, bool, bool)> {
    let words =
        |bubble: Bubble| (bubble.body.iter().find_map(words).unwrap_or_default(), bubble.edited, bubble.deleted);
    bubbles(talk).into_iter().map(words).collect()
}

fn request(seq: Seq) -> Entry {
    let mut entry = answer(seq, "Получилось?");
    if let Happening::Said { from, rating, .. } = &mut entry.what {
        (*from, *rating) = (Author::System, true);
    }
    entry
}

#[test]
fn a_change_shows_at_once_and_goes_behind_the_message() {
    let shelf = Shared::default();
    let mut talk = connected(&shelf, "s");
    talk.say(act(1, Act::Say { reply_to: None }, "раз"), 0);
    talk.say(act(2, Act::Edit(id(1)), "два"), 0);
    let frames = |deeds: Vec<Deed>| deeds.into_iter().filter(|deed| *deed != Deed::Connect).collect::<Vec<_>>();
    assert_eq!(frames(talk.deeds()), [say(1, "раз")], "one at a time");
    assert_eq!(shown(&talk), [("два".to_owned(), true, false)]);
    talk.receive(accepted(1, 1), 0);
    assert!(talk.deeds().contains(&Deed::Send(ToServer::Edit { id: id(2), of: id(1), text: "два".to_owned() })));
    talk.receive(accepted(2, 2), 0);
    assert_eq!(shown(&talk), [("два".to_owned(), true, false)]);
    talk.say(act(3, Act::Delete(id(1)), ""), 0);
    assert_eq!(shown(&talk), [(String::new(), false, true)]);
    let again = tab(&shelf);
    assert_eq!(again.queue.list(), [act(3, Act::Delete(id(1)), "")], "kept until it is taken");
}

#[test]
fn a_change_that_is_refused_is_undone() {
    let mut talk = connected(&Shared::default(), "s");
    talk.say(act(1, Act::Say { reply_to: None }, "раз"), 0);
    talk.receive(accepted(1, 1), 0);
    talk.say(act(2, Act::Edit(id(1)), "два"), 0);
    talk.deeds();
    talk.receive(refused(2, Refusal::TooLate), 0);
    assert_eq!(talk.deeds(), [Deed::Unheard("edit_failed")], "to the ear, for the eye sees it");
    assert_eq!(shown(&talk), [("раз".to_owned(), false, false)]);
    assert!(talk.queue.list().is_empty());
}

#[test]
fn what_did_not_get_to_the_operator_says_so_until_another_act_does() {
    let mut talk = connected(&Shared::default(), "s");
    let unheard = |talk: &Talk| bubbles(talk).last().and_then(|bubble| bubble.unheard);
    talk.say(act(1, Act::Say { reply_to: None }, "раз"), 0);
    talk.receive(accepted(1, 1), 0);
    talk.say(act(2, Act::Edit(id(1)), "два"), 0);
    talk.receive(accepted(2, 2), 0);
    talk.receive(entries(vec![done(2, 2, MessageState::Delivered)]), 0);
    assert_eq!(unheard(&talk), None);
    talk.say(act(4, Act::Edit(id(1)), "три"), 0);
    talk.receive(accepted(4, 4), 0);
    talk.deeds();
    talk.receive(entries(vec![done(4, 4, MessageState::Failed)]), 0);
    assert_eq!(talk.deeds(), [Deed::Unheard("edit_failed")]);
    assert_eq!((unheard(&talk), shown(&talk)), (Some(State::Failed), vec![("три".to_owned(), true, false)]));
    talk.say(act(6, Act::Delete(id(1)), ""), 0);
    assert_eq!(unheard(&talk), None, "another is under way");
    talk.receive(accepted(6, 6), 0);
    talk.deeds();
    talk.receive(entries(vec![done(6, 6, MessageState::Unconfirmed)]), 0);
    assert_eq!(talk.deeds(), [Deed::Unheard("unconfirmed")]);
    assert_eq!((unheard(&talk), shown(&talk)), (Some(State::Unconfirmed), vec![(String::new(), false, true)]));
}

#[test]
fn a_rating_that_was_not_taken_is_not_shown_as_given() {
    let mut talk = connected(&Shared::default(), "s");
    talk.receive(entries(vec![request(1)]), 0);
    talk.say(act(2, Act::Rate(true), ""), 0);
    talk.deeds();
    talk.receive(accepted(2, 2), 0);
    assert_eq!(talk.deeds(), [Deed::Tell(News::Rated { like: true })]);
    talk.receive(entries(vec![done(2, 2, MessageState::Failed)]), 0);
    assert_eq!(bubbles(&talk)[0].rating, Some(Rating::Unheard(State::Failed)));
}

#[test]
fn a_rating_is_given_once_and_shows_what_it_was() {
    let mut talk = connected(&Shared::default(), "s");
    let rating = |talk: &Talk| bubbles(talk).iter().map(|bubble| bubble.rating).collect::<Vec<_>>();
    talk.receive(entries(vec![answer(1, "Вот"), request(2)]), 0);
    assert_eq!(rating(&talk), [None, Some(Rating::Open)]);
    talk.say(act(3, Act::Rate(true), ""), 0);
    assert_eq!(rating(&talk), [None, Some(Rating::Given(true))]);
    talk.receive(refused(3, Refusal::NotOpen), 0);
    assert_eq!(rating(&talk), [None, Some(Rating::Late)]);
    talk.receive(entries(vec![request(3)]), 0);
    assert_eq!(rating(&talk), [None, None, Some(Rating::Open)], "another request is another chance");
    let rated = |seq| Entry { seq, at: 0, what: Happening::Rated { like: false } };
    talk.receive(entries(vec![rated(4)]), 0);
    assert_eq!(rating(&talk), [None, None, Some(Rating::Given(false))]);
    talk.receive(entries(vec![Entry { seq: 5, at: 0, what: Happening::Started }]), 0);
    assert_eq!(rating(&talk), [None, None, Some(Rating::Given(false))]);
}

#[test]
fn a_reply_shows_what_it_answers_as_it_is_now() {
    let mut talk = connected(&Shared::default(), "s");
    talk.receive(entries(vec![answer(1, "Синий?")]), 0);
    talk.say(act(3, Act::Say { reply_to: Some(id(1)) }, "Да"), 0);
    let quoted = |talk: &Talk| bubbles(talk).last().and_then(|bubble| bubble.reply.as_ref()?.text.clone().into());
    assert_eq!(quoted(&talk), Some("Синий?".to_owned()));
    talk.receive(entries(vec![Entry { seq: 2, at: 0, what: Happening::Deleted { id: id(1) } }]), 0);
    assert_eq!(quoted(&talk), Some(String::new()));
}

#[test]
fn a_quotation_names_its_author_as_they_were_shown_here() {
    let mut talk = connected(&Shared::default(), "s");
    let mut quoting = answer(2, "Уже");
    if let Happening::Said { body, .. } = &mut quoting.what {
        let of = |n| shared::Quote { name: None, body: vec![], of: Some(id(n)) };
        body.extend([Piece::Quote(of(1)), Piece::Quote(of(9))]);
    }
    talk.receive(entries(vec![answer(1, "В пути"), quoting]), 0);
    let names = |piece: &Piece| if let Piece::Quote(quote) = piece { Some(quote.name.clone()) } else { None };
    let shown: Vec<_> = bubbles(&talk)[1].body.iter().filter_map(names).collect();
    assert_eq!(shown, [Some("Анна".to_owned()), None], "of what is not here nobody is named");
}

#[test]
fn the_end_is_offered_while_an_operator_leads() {
    let mut talk = connected(&Shared::default(), "s");
    assert!(!talk.is_led());
    talk.receive(entries(vec![answer(1, "Слушаю")]), 0);
    assert!(talk.is_led());
    talk.say(act(3, Act::Finish, ""), 0);
    assert!(!talk.is_led(), "once");
    talk.receive(accepted(3, 2), 0);
    assert!(!talk.is_led());
    talk.receive(entries(vec![answer(3, "Ещё одно")]), 0);
    assert!(!talk.is_led(), "a word after the end begins nothing");
    talk.say(act(4, Act::Say { reply_to: None }, "Да?"), 0);
    talk.receive(accepted(4, 4), 0);
    assert!(!talk.is_led(), "nobody has answered yet");
    talk.receive(entries(vec![answer(5, "Слушаю")]), 0);
    assert!(talk.is_led());
    let start = |seq| Entry { seq, at: 0, what: Happening::Started };
    talk.receive(entries(vec![start(6)]), 0);
    assert!(talk.is_led(), "its beginning is told late");
    talk.receive(entries(vec![start(7)]), 0);
    assert!(!talk.is_led(), "another has begun, and nobody told of the end");
}

#[test]
fn an_end_that_did_not_get_to_the_operator_is_none() {
    let mut talk = connected(&Shared::default(), "s");
    talk.receive(entries(vec![answer(1, "Слушаю")]), 0);
    talk.say(act(3, Act::Finish, ""), 0);
    talk.receive(accepted(3, 2), 0);
    let ends =
        |talk: &Talk| talk.lines(0, &|_| 0).iter().filter(|line| matches!(line.shown, Shown::Finished(_))).count();
    assert_eq!((ends(&talk), talk.header().sub), (1, Sub::Word("finished")));
    talk.receive(entries(vec![done(3, 2, MessageState::Failed)]), 0);
    assert_eq!((ends(&talk), talk.header().sub, talk.is_led()), (0, Sub::None, true));
}

#[test]
fn in_a_new_conversation_nobody_answers_yet() {
    let mut talk = connected(&Shared::default(), "s");
    let at = |seq, what| Entry { seq, at: 0, what };
    talk.receive(entries(vec![answer(1, "Слушаю"), at(2, Happening::Finished)]), 0);
    assert_eq!(talk.header().name, Some("Анна".to_owned()), "who answered last stands there after the end");
    talk.receive(entries(vec![at(3, Happening::Started)]), 0);
    assert_eq!(talk.header().name, None);
}
