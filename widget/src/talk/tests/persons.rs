//! Visitors whom the page names.

use super::*;

#[test]
fn a_person_is_connected_before_they_say_anything_and_what_they_said_elsewhere_is_no_news() {
    let shelf = Shared::default();
    let mut talk = tab(&shelf);
    talk.sign();
    talk.begin();
    assert_eq!(talk.deeds(), [Deed::Connect]);
    talk.receive(welcome(Some("new"), 7), 0);
    talk.receive(entries((1..=7).map(|seq| answer(seq, "a")).collect()), 0);
    assert_eq!((talk.unread(), talk.hello().session.as_deref()), (0, Some("new")));
    // Words of before have joined: the same session opens another dialogue.
    talk.receive(welcome(Some("new"), 9), 0);
    assert!(!talk.deeds().contains(&Deed::Anew));
    talk.receive(entries(vec![answer(8, "b"), answer(9, "c"), answer(10, "d")]), 0);
    assert_eq!(talk.unread(), 1);
}

#[test]
fn a_person_who_is_not_believed_is_told_of_and_nothing_more_is_tried() {
    let mut talk = tab(&Shared::default());
    talk.sign();
    talk.receive(ToWidget::Refused { id: None, code: Refusal::Identity, retry_after: None }, 0);
    assert_eq!(talk.deeds(), [Deed::Tell(News::Unproven), Deed::Leave]);
    talk.say(Pending::new(id(1), "раз".to_owned(), 0), 0);
    assert_eq!(talk.deeds(), []);
}
