//! While the relay cannot deliver.

use super::*;

#[test]
fn words_that_cannot_be_delivered_are_spoken_of_until_they_can() {
    let mut talk = connected(&Shared::default(), "token");
    let held = |held| ToWidget::Presence(shared::Presence { held, ..Default::default() });
    talk.receive(held(true), 0);
    assert_eq!(notes(&talk, 0), ["held"], "whoever is about to write knows");
    talk.say(Pending::new(id(1), "Есть?".to_owned(), 0), 0);
    talk.receive(ToWidget::Accepted { id: id(1), seq: 1, at: 0 }, 0);
    assert_eq!(notes(&talk, 0), ["sent_long"], "without waiting for ten seconds");
    talk.receive(held(false), 1);
    assert!(notes(&talk, 1).is_empty());
}

#[test]
fn where_nothing_can_be_written_nothing_is_promised() {
    let mut talk = connected(&Shared::default(), "token");
    talk.close();
    talk.receive(ToWidget::Presence(shared::Presence { held: true, ..Default::default() }), 0);
    assert!(notes(&talk, 0).is_empty());
}
